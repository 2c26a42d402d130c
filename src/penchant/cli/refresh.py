"""penchant refresh: learn from what came in live, and take over if that is no worse."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from penchant.cli.fit import Effort
from penchant.cli.recommend import show
from penchant.cli.terminal import be_quick, behind_url, cache_folder, reader_of, say
from penchant.data.kinds import parse_weights
from penchant.errors import JournalError
from penchant.live.book import Outcome
from penchant.live.choose import beside, open_journal
from penchant.live.refresh import Settings
from penchant.live.refresh import refresh as refreshed
from penchant.live.rolling_back import roll_back
from penchant.store import read

LOW = 10
"""By how much the priority is lowered: a service beside it comes first."""


def refresh(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    journal: Annotated[
        str | None, typer.Option(help="A journal file or postgresql://…; by default MODEL.journal.")
    ] = None,
    effort: Annotated[
        Effort, typer.Option(help="How much is tried to find good settings.")
    ] = Effort.standard,
    seed: Annotated[int, typer.Option(help="The same seed gives the same lists.", min=0)] = 0,
    weights: Annotated[
        str | None, typer.Option(help="How much a kind of event counts: view=1,buy=3.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Text encoder; the model's own unless told.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Take over whatever the exam says, or without one.")
    ] = False,
    back: Annotated[
        bool, typer.Option("--roll-back", help="Let the version before take over again; nothing is learned.")
    ] = False,
) -> None:
    """Learn a new version from a model and its journal; it takes over if it is no worse."""
    place = journal or str(beside(model))
    there = journal is not None or Path(place).exists()
    if not there and not back:
        raise JournalError(f"{place}: no such journal", hint="name one with --journal")
    opened = open_journal(place, read_only=True) if there else None
    try:
        if back or opened is None:
            told(roll_back(model, opened))
            return
        with suppress(OSError):
            os.nice(LOW)
        be_quick()
        name = language or str(read(model, verify=False)[0].scalars.get("language", ""))
        settings = Settings(
            effort.value, seed, behind_url(name) or language, reader_of(name) if name else None,
            cache_folder(), parse_weights(weights) if weights else None, force,
        )  # fmt: skip
        told(refreshed(model, opened, settings, say=say))
    finally:
        if opened is not None:
            opened.close()


def told(outcome: Outcome) -> None:
    """Print an outcome."""
    say(f"{outcome.result}: {outcome.why}")
    show(
        pl.DataFrame(
            {
                "result": [outcome.result], "version": [outcome.version], "before": [outcome.before],
                "seen": [outcome.seen], "seconds": [round(outcome.seconds, 1)], "why": [outcome.why],
            }
        )
    )  # fmt: skip
