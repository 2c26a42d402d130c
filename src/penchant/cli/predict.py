"""penchant predict: ratings and probabilities of pairs of a user and an item."""

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.recommend import show
from penchant.cli.terminal import be_quick, checked_output, write
from penchant.data.tables import load
from penchant.errors import TableError
from penchant.recommender import Recommender


def predict(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    pairs: Annotated[Path, typer.Argument(help="A table with the columns user_id and item_id.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A .parquet, .csv or .jsonl file.")
    ] = None,
) -> None:
    """Foretell ratings on the scale of the tables, and how likely each item is taken."""
    be_quick()
    checked_output(output)
    frame = load(pairs).frame
    for name in ("user_id", "item_id"):
        if name not in frame.columns:
            seen = ", ".join(frame.columns)
            raise TableError(f"{pairs}: no column '{name}'; seen: {seen}", hint=f"rename a column to {name}")
    fitted = Recommender.load(model)
    table = fitted.predict(*(frame[name].to_list() for name in ("user_id", "item_id")))
    write(table, output) if output else show(table)
