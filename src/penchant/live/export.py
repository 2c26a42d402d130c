"""From a journal (and the bundle it belongs to) to a folder of tables that `penchant fit` reads."""

import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl

from penchant.data.catalogue import Catalogue
from penchant.data.columns import choose, plain
from penchant.data.dataset import Dataset
from penchant.data.mapping import remember
from penchant.data.trusted import vouch
from penchant.errors import InputError, TableError
from penchant.live.catalogues import KEY, WHOLE, table
from penchant.live.events import joined, lived, moments, own
from penchant.live.journal import Journal
from penchant.live.log import Log, who

NUMBER = re.compile(r"0|-?[1-9][0-9]*")


def export(
    journal: Journal | None,
    folder: Path,
    base: Dataset | None = None,
    *,
    sessions: bool = True,
) -> list[str]:
    """Write interactions, items, users and impressions as Parquet, whole or not at all; returns a report.

    Events and tables of `base`, a bundle's data set, come first. What was deleted is left out, of a user all
    that came before as well. Ids keep the type they have in `base`, unless the journal brings one of another;
    without `base` they are text. `sessions` without a user stand for users of their own. Of users whose
    consent does not cover it, no events and lists, or no attributes, are written.

    Raises:
        InputError: the folder is there and not empty, cannot be written, or there is nothing to write.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: is there already; it was not touched", hint="name a new folder")
    if not folder.absolute().parent.is_dir():
        raise InputError(f"{folder}: there is no folder {folder.absolute().parent}", hint="make it first")
    lines: list[str] = []
    tables, mapping, joint = _tables(Log.of(journal), base, sessions, lines)
    if tables["interactions"].is_empty() and tables["items"].is_empty():
        raise InputError("there is nothing to export: no events and no items")

    def fill(half: Path) -> None:
        for name, frame in tables.items():
            if not frame.is_empty():
                frame.write_parquet(half / f"{name}.parquet")
        if mapping:
            remember(half, mapping)
        if joint:
            vouch(half, ["dates"])

    _whole(folder, fill)
    return [*lines, *(f"{name}.parquet: {len(frame):,} rows" for name, frame in tables.items() if len(frame))]


def _tables(
    log: Log, base: Dataset | None, sessions: bool, lines: list[str]
) -> tuple[dict[str, pl.DataFrame], dict[str, str], bool]:
    """Return the tables, the mapping of columns that reading needs, and whether events of two clocks met."""
    told = lived(log, base.scale if base else None, sessions, lines)
    parts = [told] if base is None else [own(base, log, lines), told]
    clock = base.interactions.clock if base is not None and len(parts[0]) else "time"
    events = joined(parts, clock, lines)
    items = table(log, "item", base.items if base else None, lines)
    users = table(log, "user", base.users if base else None, lines)
    shown = impressions(log, sessions, lines)
    mapping: dict[str, str] = {}
    items = _named(items, "item", base.items if base else None, mapping, lines)
    users = _named(users, "user", base.users if base else None, mapping, lines)
    tables = {"interactions": events, "items": items, "users": users, "impressions": shown}
    if base is not None:
        _typed(tables, "item_id", base.items, lines)
        _typed(tables, "user_id", base.users, lines)
    return tables, mapping, len(parts) == 2 and bool(len(parts[0])) and bool(len(told))


def impressions(log: Log, sessions: bool, lines: list[str]) -> pl.DataFrame:
    """Return each item of each list that was shown, with its place from 1 on and its propensity."""
    rows, left, without = [], 0, log.refusing("history")
    for number, shown in log.lists:
        if shown.user in without or log.forgotten(shown.user, number) or not (shown.user or sessions):
            left += 1
            continue
        about = (shown.version, shown.policy, shown.scenario, shown.arm, shown.time)
        listed = zip(shown.items, shown.scores, shown.propensities, strict=True)
        user = who(shown.user, shown.session) or None
        rows += [
            (shown.id, user, item, place, score, propensity, *about)
            for place, (item, score, propensity) in enumerate(listed, start=1)
            if not log.gone(item)
        ]
    if left:
        lines.append(f"journal: {left:,} lists of users who are deleted, or do not consent: left out")
    schema = {
        "recommendation_id": pl.String, "user_id": pl.String, "item_id": pl.String, "position": pl.Int64,
        "score": pl.Float64, "propensity": pl.Float64, "model_version": pl.String, "policy": pl.String,
        "scenario": pl.String, "arm": pl.String, "timestamp": pl.Float64,
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(moments(pl.col("timestamp")))


def _named(
    frame: pl.DataFrame, role: str, base: Catalogue | None, mapping: dict[str, str], lines: list[str]
) -> pl.DataFrame:
    """Give the id its usual name, move others that look like it aside, and see that the title is found."""
    taken = {name: f"{name} (attribute)" for name in frame.columns if plain(name) == f"{role}id"}
    for name, aside in taken.items():
        lines.append(f"{role}s: the attribute '{name}' looks like an id: called '{aside}'")
    frame = frame.rename({**taken, KEY: f"{role}_id"})
    if role == "item" and base is not None and base.title is not None:
        try:
            found = choose("items", "items", frame.columns, {}).get("title")
        except TableError:  # two columns look like titles
            found = None
        if found != base.title:
            mapping["title"] = base.title
    return frame


def _typed(tables: dict[str, pl.DataFrame], column: str, base: Catalogue, lines: list[str]) -> None:
    """Make whole numbers of ids that were whole numbers in the bundle, in all tables or in none."""
    if not base.vocabulary.ids.dtype.is_integer() or not len(base):
        return
    having = [name for name, frame in tables.items() if column in frame.columns]
    for name in having:
        strange = _no_number(tables[name][column].drop_nulls().unique())
        if strange is not None:
            lines.append(f"{column}: text from now on, as '{strange}' in {name} is no whole number")
            return
    for name in having:
        tables[name] = tables[name].with_columns(pl.col(column).cast(pl.Int64))


def _no_number(ids: Iterable[str]) -> str | None:
    """Return an id that a whole number would change, None if there is none."""
    return next((name for name in ids if not NUMBER.fullmatch(name) or int(name) not in WHOLE), None)


def _whole(folder: Path, fill: Callable[[Path], None]) -> None:
    """Make a folder under another name, and rename it when all is in it."""
    half = folder.absolute().with_name(f".{folder.absolute().name}.{os.getpid()}")
    try:
        half.mkdir()
        fill(half)
        if folder.exists():
            folder.rmdir()
        half.replace(folder)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{folder}: could not be written: {reason}") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
