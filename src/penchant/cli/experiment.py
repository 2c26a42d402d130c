"""penchant experiment: what an experiment came to, from the journal alone."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from penchant.cli.recommend import show
from penchant.cli.terminal import say
from penchant.data.kinds import parse_weights, weight_of
from penchant.errors import JournalError, UnknownIdError
from penchant.live.choose import open_journal
from penchant.live.postgres import SCHEMES
from penchant.live.results import tallied


def experiment(
    place: Annotated[str, typer.Argument(help="A journal file, or postgresql://…")],
    name: Annotated[str, typer.Argument(help="The experiment's id.")],
    weights: Annotated[
        str | None, typer.Option(help="How much a kind of event counts: view=1,buy=3.")
    ] = None,
) -> None:
    """Print the results of an experiment by arm; they may be looked at at any time."""
    if not place.startswith(SCHEMES) and not Path(place).exists():
        raise JournalError(f"{place}: no such journal")
    counting = parse_weights(weights) if weights else {}
    opened = open_journal(place, read_only=True)
    try:
        found = tallied(opened, name, lambda act: weight_of(act.kind, counting))
    finally:
        opened.close()
    if found is None:
        raise UnknownIdError(f"{place}: no experiment {name!r}", hint="penchant journal shows what there is")
    told = found.told()
    rows = []
    for arm in told["arms"]:
        row = {key: value for key, value in arm.items() if not isinstance(value, list)}
        for key in ("interval", "difference_interval"):
            low, high = arm.get(key) or (None, None)
            row |= {f"{key}_low": low, f"{key}_high": high} if told["kind"] == "split" else {}
        rows.append(row)
    show(pl.DataFrame(rows, infer_schema_length=None))
    if told["kind"] == "interleave":
        prefer = told["prefer"]
        low, high = prefer["interval"] or (float("nan"), float("nan"))
        share = float("nan") if prefer["share"] is None else prefer["share"]
        said = f"{share:.3f} ({low:.3f} to {high:.3f}); p {prefer['p']:.4f}"
        say(f"share of people who prefer {prefer['arm']}: {said}")
    say(told["verdict"])
