"""penchant similar: items like one item."""

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.recommend import show
from penchant.cli.terminal import be_quick
from penchant.recommender import Recommender


def similar(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    item: Annotated[str, typer.Argument(help="An item's id.")],
    k: Annotated[int, typer.Option("-k", help="Length of the list.", min=1)] = 10,
) -> None:
    """List the items most like one, by behaviour and by text together."""
    be_quick()
    show(Recommender.load(model).similar(item, k))
