"""penchant data: fetch a public data set."""

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.terminal import say
from penchant.data.sources import SOURCES, fetch


def data(
    name: Annotated[str, typer.Argument(help=f"Which: {', '.join(SOURCES)}.")],
    folder: Annotated[Path, typer.Argument(help="Where the tables go.")],
) -> None:
    """Fetch a public data set, checked by hash."""
    say(fetch(name, folder))
