"""penchant check: what the tables hold, what is wrong with them, what they allow."""

from pathlib import Path
from typing import Annotated

import typer

from penchant.data.cleaning.settings import Cleaning
from penchant.data.columns import parse_map
from penchant.data.kinds import parse_weights
from penchant.data.mapping import remember
from penchant.data.read import read

MAP_HELP = "Which column is what: user=COL,item=COL,time=COL,value=COL,event=COL,title=COL,review=COL."
Weights = Annotated[
    str | None, typer.Option(help="How much kinds of events count, 1 without a word: view=1,buy=3.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse tables that cleaning would change.")]
Core = Annotated[int, typer.Option(help="Keep only users and items with so many events each.", min=0)]
Merge = Annotated[bool, typer.Option("--merge-duplicates", help="Make one item of what is there twice.")]


def check(
    folder: Annotated[Path, typer.Argument(help="A folder of tables.")],
    mapping: Annotated[str | None, typer.Option("--map", help=MAP_HELP)] = None,
    weights: Weights = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A folder for check.html.")] = None,
    strict: Strict = False,
    core: Core = 0,
    merge: Merge = False,
) -> None:
    """Say what the tables hold, what cleaning did, what is suspicious, and what can be done with them."""
    from penchant.evaluate.checkup.facts import check_up
    from penchant.evaluate.checkup.page import write
    from penchant.evaluate.checkup.screen import screen

    wanted = Cleaning(strict=strict, core=core, merge=merge)
    chosen = parse_map(mapping) if mapping else None
    counting = parse_weights(weights or "")
    found = check_up(*read(folder, mapping=chosen, weights=counting, cleaning=wanted, texts=True))
    if chosen:
        remember(folder, chosen)
    print(screen(found))
    if output:
        path = write(found, output, folder.resolve().name)
        typer.echo(f"{path}: the same with plots, for a browser", err=True)
