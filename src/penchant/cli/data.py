"""penchant data: fetch a public data set, or list those that are known."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from penchant.cli.terminal import messages, say
from penchant.data.sources import fetch, listed
from penchant.data.sources.terms import Progress
from penchant.errors import InputError


def data(
    name: Annotated[str | None, typer.Argument(help="Which, see --list; some are NAME:PART.")] = None,
    folder: Annotated[Path | None, typer.Argument(help="Where the tables go.")] = None,
    category: Annotated[
        str | None, typer.Option("--category", help="The part of a set that comes in parts.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="List the known data sets.")] = False,
) -> None:
    """Fetch a public data set, checked by hash."""
    if show or name is None:
        return inventory()
    if folder is None:
        raise InputError("no folder to put the tables in", hint=f"penchant data {name} DIR")
    with downloads() as progress:
        fetched = fetch(name, folder, part=category, announce=say, progress=progress)
    say(fetched)


def inventory() -> None:
    """Print the known data sets."""
    grid = Table("name", "download", "what is inside", "licence", show_lines=True)
    for row in listed():
        grid.add_row(*row)
    Console(highlight=False, width=None if Console().is_terminal else 160).print(grid)


@contextmanager
def downloads() -> Iterator[Progress]:
    """Show progress of downloads; gives a function of (name, done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bars(*columns, console=messages, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)

        yield show
