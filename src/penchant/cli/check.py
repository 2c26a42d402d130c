"""penchant check: what the tables hold."""

from pathlib import Path
from typing import Annotated

import typer

from penchant.data.columns import parse_map
from penchant.data.kinds import parse_weights
from penchant.data.mapping import remember
from penchant.data.read import read

MAP_HELP = "Which column is what: user=COL,item=COL,time=COL,value=COL,event=COL,title=COL."
Weights = Annotated[
    str | None, typer.Option(help="How much kinds of events count, 1 without a word: view=1,buy=3.")
]


def check(
    folder: Annotated[Path, typer.Argument(help="A folder of tables.")],
    mapping: Annotated[str | None, typer.Option("--map", help=MAP_HELP)] = None,
    weights: Weights = None,
) -> None:
    """Say what the tables hold, what each column was taken for, and what cleaning did."""
    chosen = parse_map(mapping) if mapping else None
    print(read(folder, mapping=chosen, weights=parse_weights(weights or ""))[1])
    if chosen:
        remember(folder, chosen)
