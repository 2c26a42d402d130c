"""penchant check: what the tables hold."""

from pathlib import Path
from typing import Annotated

import typer

from penchant.data.columns import parse_map
from penchant.data.read import read

MAP_HELP = "Which column is what: user=COL,item=COL,time=COL,value=COL,event=COL,title=COL."


def check(
    folder: Annotated[Path, typer.Argument(help="A folder of tables.")],
    mapping: Annotated[str | None, typer.Option("--map", help=MAP_HELP)] = None,
) -> None:
    """Say what the tables hold, what each column was taken for, and what cleaning did."""
    print(read(folder, mapping=parse_map(mapping) if mapping else None)[1])
