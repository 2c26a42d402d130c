"""What was liked: by the rating, without one by what the text says, by neither where the two differ."""

import polars as pl

from penchant.data.columns import Choice, is_dwell, is_quantity
from penchant.data.report import Journal

LIKED_FROM, DISLIKED_BELOW = 0.6, 0.5
"""Parts of a rating scale: of 1..5, 4 and 5 are liked, 1 and 2 disliked, 3 says nothing."""
ENDS = 0.2
"""The part of a rating scale, at either end, that a text can contradict: of 1..5, 1 and 5."""


def rates(choice: Choice) -> bool:
    """Tell whether the value column of a table holds ratings, rather than quantities or time spent."""
    column = choice.get("value")
    return column is not None and not is_quantity(column) and not is_dwell(column)


def rating_scale(values: pl.Series, choice: Choice) -> tuple[float, float] | None:
    """Return the lowest and the highest rating, None where the values are no ratings or all alike."""
    known = values.drop_nulls()
    if not rates(choice) or known.n_unique() < 2:
        return None
    return ends(values)


def ends(values: pl.Series) -> tuple[float, float]:
    """Return the lowest and the highest known value, zeros where none is known."""
    known = values.drop_nulls()
    return (float(str(known.min())), float(str(known.max()))) if len(known) else (0.0, 0.0)


def thresholds(values: pl.Series) -> tuple[float, float]:
    """Return the rating from which on something is liked, and the one below which it is disliked."""
    low, high = ends(values)
    return low + LIKED_FROM * (high - low), low + DISLIKED_BELOW * (high - low)


def by_texts(rated: bool, weight: pl.Expr, frame: pl.DataFrame, journal: Journal) -> pl.Expr:
    """Let texts (columns `__says`, `__torn`) tell what no rating tells, and nobody where the two differ."""
    silent = pl.col("__value").is_null() if rated else pl.lit(True)
    told = pl.col("__says").is_not_null() & silent
    n_for, n_against, n = frame.select(
        (told & (pl.col("__says") > 0)).sum().alias("for"),
        (told & (pl.col("__says") < 0)).sum().alias("against"),
        told.sum().alias("told"),
    ).row(0)
    if n:
        journal.say(
            f"target liked: of {n:,} events without a rating the text tells: {n_for:,} liked, "
            f"{n_against:,} against, {n - n_for - n_against:,} say nothing"
        )
    says = pl.col("__says").cast(pl.Float64)
    return pl.when(pl.col("__torn")).then(0.0).when(told).then(says).otherwise(weight)


def liking(values: pl.Series, column: str, journal: Journal) -> pl.Expr:
    """Weigh ratings: 1 from a threshold on, -1 below the middle of the scale, 0 between; unknown ones 0."""
    known = values.drop_nulls()
    liked, middle = thresholds(values)
    low, high = ends(values)
    n_liked, n_against = int((known >= liked).sum()), int((known < middle).sum())
    journal.say(
        f"target liked: '{column}' runs from {low:g} to {high:g}; {n_liked:,} of {liked:g} "
        f"or more are liked, {n_against:,} below {middle:g} count against, "
        f"{len(values) - n_liked - n_against:,} say nothing"
    )
    value = pl.col("__value")
    return pl.when(value >= liked).then(1.0).when(value < middle).then(-1.0).otherwise(0.0)
