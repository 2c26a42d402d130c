"""From a table of interactions to clean events: each row that is dropped or changed is counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import polars as pl

from penchant.data.cells import ids, moments, numbers, spell
from penchant.data.certainty import by_cells
from penchant.data.columns import Choice, is_dwell, is_quantity, plain
from penchant.data.dataset import Reviews
from penchant.data.kinds import DONE, WEIGHTS_FORM, check_weights, weight_of
from penchant.data.liking import by_texts, liking, rates
from penchant.data.report import Journal
from penchant.data.reviews import verdicts
from penchant.data.tables import Table
from penchant.errors import TableError
from penchant.types import Clock

Target: TypeAlias = Literal["next", "liked"]
"""What to learn: what comes next, or what is liked."""

SORTED_SHARE, FEWEST_STEPS = 0.95, 6


@dataclass(frozen=True, slots=True)
class Events:
    """Clean events in the order of the file: columns user, item, time, value (may be null), weight.

    User and item are numbers, or an Enum of text ids. `reviews` counts what the texts of events say; `said`
    are the texts that were to be kept (see `Dataset.said`).
    """

    frame: pl.DataFrame
    clock: Clock
    reviews: Reviews | None = None
    said: pl.DataFrame | None = None


def clean(
    table: Table,
    choice: Choice,
    target: Target,
    journal: Journal,
    weights: Mapping[str, float] = MappingProxyType({}),
    *,
    texts: bool = False,
    keep: bool = False,
    once: bool = True,
) -> Events:
    """Clean a table of interactions; `weights` say what kinds of events count (see `kinds`).

    The texts of events are read where the target asks for them, or the caller does by `texts`; `keep` hands
    them on. Rows that repeat another one are dropped, but where not `once`.

    Raises:
        TableError: no row is left.
        SettingError: a weight of a kind that is not there.
    """
    frame = _identified(table, choice, journal)
    frame, clock, unreadable = _timed(frame, table, choice, journal)
    frame = _once(frame, clock, table, journal) if once else frame
    frame = _valued(frame, table, choice, journal)
    frame = _weighed(frame, table, choice, journal)
    frame, reviews, said = _read_texts(frame, table, choice, target, texts, keep, journal)
    weight = _weight(frame, choice, target, weights, journal)
    frame = frame.select("__user", "__item", "__time", "__value", weight.alias("__weight"))
    frame = frame.rename(lambda name: name.removeprefix("__"))
    journal.lines.extend(by_cells(table.name, choice, len(table.frame), unreadable, frame))
    if frame.is_empty():
        raise TableError(f"{table.path}: no usable row is left", hint="; ".join(journal.lines))
    return Events(frame, clock, reviews, said)


def _identified(table: Table, choice: Choice, journal: Journal) -> pl.DataFrame:
    frame = table.frame.with_columns(
        coded(ids(table.frame[choice["user"]], table.name)).alias("__user"),
        coded(ids(table.frame[choice["item"]], table.name)).alias("__item"),
    ).with_row_index("__row")
    for role in ("user", "item"):
        missing = frame[f"__{role}"].null_count()
        journal.count(table.name, missing, f"rows without {role}", then="dropped")
        if missing:
            frame = frame.filter(pl.col(f"__{role}").is_not_null())
    return frame


def coded(column: pl.Series) -> pl.Series:
    """Return text ids as an Enum of the ids in order: four bytes an event instead of a text."""
    if column.dtype != pl.String:
        return column
    return column.cast(pl.Enum(column.drop_nulls().unique().sort()))


def _timed(
    frame: pl.DataFrame, table: Table, choice: Choice, journal: Journal
) -> tuple[pl.DataFrame, Clock, int]:
    """Add `__time`, and say what it rests on and how many cells were no time."""
    column = choice.get("time")
    if column is not None:
        read = moments(frame[column], table.name)
        empty = read.seconds.null_count() - read.unreadable
        journal.count(table.name, read.unreadable, f"unreadable times in '{column}'", then="dropped")
        journal.count(table.name, empty, f"rows without a time in '{column}'", then="dropped")
        frame = frame.with_columns(read.seconds.alias("__time"))
        if read.seconds.null_count():
            frame = frame.filter(pl.col("__time").is_not_null())
        if not frame.is_empty():
            times = frame["__time"].to_numpy()
            journal.say(
                f"clock: time, {spell(times.min())} to {spell(times.max())} UTC (read as {read.unit})"
            )
        return frame, "time", read.unreadable
    if order_tells(frame["__user"], frame["__item"]):
        journal.say("clock: order, the rows of the file taken as oldest first (there is no column of time)")
        return frame.with_columns(pl.col("__row").cast(pl.Float64).alias("__time")), "order", 0
    journal.say(
        "clock: none (no column of time, and the file is sorted by item): nothing is learned from order"
    )
    return frame.with_columns(pl.lit(0.0).alias("__time")), "none", 0


def order_tells(users: pl.Series, items: pl.Series) -> bool:
    """Tell whether the order of a file can be the order of events: not if it is sorted by item.

    Sorted is a file whose items rise (or fall) throughout, or within nearly all users' events.
    """
    if items.dtype == pl.Enum:
        items = items.cast(pl.String)
    if items.dtype == pl.String and (parsed := items.cast(pl.Int64, strict=False)).null_count() == 0:
        items = parsed
    frame = pl.DataFrame({"user": users, "item": items.rank("dense").cast(pl.Int64)})
    moves = frame["item"].diff().drop_nulls()
    if _one_way(moves):
        return False
    steps = frame.with_columns(pl.col("item").diff().over("user").alias("step")).filter(pl.col("step") != 0)
    if len(steps) < FEWEST_STEPS:
        return True
    ways = steps.group_by("user").agg(
        up=(pl.col("step") > 0).all(), down=(pl.col("step") < 0).all(), n=pl.len()
    )
    told = ways.filter(pl.col("n") > 1)
    if told.is_empty():  # two events a user: half of them would rise by chance
        told = ways if len(ways) >= 10 * FEWEST_STEPS else ways.clear()
    return not any(len(told) and told[way].mean() >= SORTED_SHARE for way in ("up", "down"))  # type: ignore[operator]


def _one_way(moves: pl.Series) -> bool:
    changes = int((moves != 0).sum())
    return changes >= FEWEST_STEPS and (bool((moves >= 0).all()) or bool((moves <= 0).all()))


def _once(frame: pl.DataFrame, clock: Clock, table: Table, journal: Journal) -> pl.DataFrame:
    """Drop rows that are the same in every column; where the order is the clock, a repeat is an event."""
    if clock == "order":
        return frame
    compared = frame.select(table.frame.columns)
    if any(column.dtype.is_nested() for column in compared.iter_columns()):
        kept = frame.unique(subset=table.frame.columns, keep="first", maintain_order=True)
    else:  # hashes of 64 bits: among 20 million rows, one pair in 100,000 such tables is alike by chance
        first = compared.hash_rows().is_first_distinct()
        kept = frame if bool(first.all()) else frame.filter(first)
    what = "rows that repeat another row in every column"
    journal.count(table.name, len(frame) - len(kept), what, then="dropped", step="duplicates")
    return kept


def _valued(frame: pl.DataFrame, table: Table, choice: Choice, journal: Journal) -> pl.DataFrame:
    column = choice.get("value")
    if column is None:
        return frame.with_columns(pl.lit(None, pl.Float64).alias("__value"))
    values, unreadable = numbers(frame[column])
    journal.count(
        table.name, unreadable, f"cells of '{column}' that are no finite number", then="taken as unknown"
    )
    if is_dwell(column):
        below = int((values < 0).sum())
        journal.count(table.name, below, f"cells of '{column}' below zero", then="taken as unknown")
        values = values.set(values < 0, None)
    frame = frame.with_columns(values.alias("__value"))
    if not is_quantity(column):
        return frame
    returned = int((frame["__value"] <= 0).sum())
    what = f"rows with a '{column}' of zero or less (returns, cancellations)"
    journal.count(table.name, returned, what, then="dropped")
    return frame.filter(pl.col("__value").is_null() | (pl.col("__value") > 0))


def _weighed(frame: pl.DataFrame, table: Table, choice: Choice, journal: Journal) -> pl.DataFrame:
    """Add `__own`, the weights that events bring along, where the table has such a column."""
    column = choice.get("weight")
    if column is None:
        return frame
    weights, unreadable = numbers(frame[column])
    what = f"cells of '{column}' that are no finite number"
    journal.count(table.name, unreadable, what, then="taken as unknown")
    return frame.with_columns(weights.alias("__own"))


def _read_texts(
    frame: pl.DataFrame,
    table: Table,
    choice: Choice,
    target: Target,
    texts: bool,
    keep: bool,
    journal: Journal,
) -> tuple[pl.DataFrame, Reviews | None, pl.DataFrame | None]:
    """Add what texts say as `__says` and `__torn` (see `reviews`), where there are texts."""
    liked = target == "liked"
    found = verdicts(frame, table.name, choice, journal, wanted=liked or texts, keep=keep)
    if found is None:
        return frame, None, None
    then = "taken as saying nothing" if liked else "kept; --target liked lets them say nothing"
    what = "events whose rating and text contradict each other"
    journal.count(table.name, int(found.torn.sum()), what, then=then, changed=liked)
    said = None
    if keep:
        told = frame.select(
            pl.col("__user").cast(pl.String).alias("user"),
            pl.col("__item").cast(pl.String).alias("item"),
            pl.col("__time").alias("time"),
            found.texts.alias("text"),
        )
        said = told.filter(pl.col("text").is_not_null())
    told_apart = frame.with_columns(found.says.alias("__says"), found.torn.alias("__torn"))
    return told_apart, found.summary, said


def _weight(
    frame: pl.DataFrame, choice: Choice, target: Target, told: Mapping[str, float], journal: Journal
) -> pl.Series:
    weight = pl.lit(1.0)
    value, event = choice.get("value"), choice.get("event")
    if target == "liked" and value is not None and rates(choice):
        weight = liking(frame["__value"], value, journal)
    if target == "liked" and "__says" in frame.columns:
        weight = by_texts(rates(choice), weight, frame, journal)
    kinds = (
        frame[event].cast(pl.String).fill_null("") if event is not None else pl.Series([], dtype=pl.String)
    )
    counts = kinds.value_counts(sort=True, name="n")
    check_weights(told, counts.to_series().to_list())
    if event is not None:
        weighed = {kind: weight_of(kind, told) for kind in counts.to_series().to_list()}
        # of what was simply done, ratings say whether it was liked
        own = {kind: w for kind, w in weighed.items() if w != DONE or plain(kind) in told}
        if own:
            meant = kinds.replace_strict(own, default=None, return_dtype=pl.Float64)
            weight = pl.coalesce(pl.lit(meant), weight)
        _say_kinds(counts, weighed, journal)
    if "__own" in frame.columns:
        told_so = frame["__own"].count()
        journal.say(f"events: {told_so:,} bring a weight of their own ('{choice['weight']}'), which counts")
        weight = pl.coalesce(pl.col("__own"), weight)
    return frame.with_columns(weight.cast(pl.Float32).alias("__weight"))["__weight"]


def _say_kinds(counts: pl.DataFrame, weighed: Mapping[str, float], journal: Journal) -> None:
    notes = {1.0: "", -1.0: " (against)", 0.0: " (not counted)"}
    parts = [
        f"{kind or 'without kind'} {n:,}{notes.get(weighed[kind], f' (weight {weighed[kind]:g})')}"
        for kind, n in counts.rows()[:12]
    ]
    more = f", {len(counts) - 12:,} more kinds" if len(counts) > 12 else ""
    journal.say(
        f"events: {', '.join(parts)}{more}; weight 1 unless said otherwise ({WEIGHTS_FORM} changes it)"
    )
