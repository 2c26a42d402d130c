"""penchant journal: what a journal holds, and forgetting what is old."""

import sys
import time
from typing import Annotated

import polars as pl
import typer

from penchant.cli.tables import moment
from penchant.cli.terminal import say
from penchant.data.cells import spell
from penchant.errors import SettingError
from penchant.live.choose import open_journal
from penchant.live.database import DatabaseJournal

DAY = 86_400.0
COLUMNS = {
    "table": pl.String, "kind": pl.String, "records": pl.Int64, "first": pl.String, "last": pl.String,
}  # fmt: skip


def journal(
    place: Annotated[str, typer.Argument(help="A journal file, or postgresql://…")],
    forget_before: Annotated[
        str | None,
        typer.Option(help="Remove events and lists older than so many days, or than a date: 90, 2026-01-31."),
    ] = None,
) -> None:
    """Print what a journal holds, by table and kind; with --forget-before remove what is old."""
    until = None if forget_before is None else past(forget_before)
    opened = open_journal(place, read_only=until is None)
    try:
        if until is not None:
            forgotten(opened, until)
        counts = opened.summary()
        table = pl.DataFrame(
            [
                (count.table, count.kind, count.records, spell(count.first), spell(count.last))
                for count in counts
            ],
            schema=COLUMNS,
            orient="row",
        )
        sys.stdout.write(table.write_csv())
        total = sum(count.records for count in counts)
        say(f"{opened.place}: {total:,} records, the last has number {opened.last():,}; {mib(opened.size())}")
    finally:
        opened.close()


def forgotten(opened: DatabaseJournal, until: float) -> None:
    """Remove what is older than a moment, and say what that was."""
    before, size = {(count.table, count.kind): count.records for count in opened.summary()}, opened.size()
    gone = opened.forget_before(until)
    after = {(count.table, count.kind): count.records for count in opened.summary()}
    for (table, kind), records in before.items():
        if less := records - after.get((table, kind), 0):
            say(f"{table}: {less:,} of {records:,} '{kind}' before {spell(until)}: removed")
    say(f"{gone:,} records removed; {mib(size)} before")


def past(text: str) -> float:
    """Read days to look back (four digits are a year), or a date."""
    if text.strip().isdigit() and len(text.strip()) < 4:
        return time.time() - float(text) * DAY
    found = moment(text, "--forget-before")
    if found > time.time():
        raise SettingError(f"--forget-before {text}: lies ahead", hint="days to look back, or a date")
    return found


def mib(size: int) -> str:
    """Write a size for people."""
    return f"{size / (1 << 20):,.1f} MiB"
