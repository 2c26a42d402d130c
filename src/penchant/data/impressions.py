"""What was shown beside what was chosen: MIND's behaviours and Amazon Personalize's lists as events."""

from dataclasses import replace

import polars as pl

from penchant.data.cells import moments
from penchant.data.columns import plain
from penchant.data.tables import Table

SHOWN, CLICKED = "impression", "click"
"""Kinds of events: the first has weight 0, see `kinds`."""
BEHAVIOURS = ("impression_id", "user_id", "time", "history", "impressions")
NEWS = (
    "news_id", "category", "subcategory", "title", "abstract", "url", "title_entities", "abstract_entities",
)  # fmt: skip


def behaviours(table: Table) -> Table:
    """Make events of MIND's behaviours: a click or an impression for each item that a row shows.

    A user's history has an order but no times; it is what was clicked before the log began. Its clicks are
    laid one second apart, the last of them one second before the first moment of the whole log.
    """
    frame = table.frame
    seconds = moments(frame["time"], table.name).seconds
    shown = (
        frame.select(
            "user_id",
            seconds.alias("timestamp"),
            "time",
            pl.col("impressions").str.strip_chars().str.split(" "),
        )
        .explode("impressions")
        .filter(pl.col("impressions") != "")
        .with_columns(
            pl.col("impressions").str.replace(r"-[01]$", "").alias("item_id"),
            pl.col("impressions").str.extract(r"-([01])$").alias("chosen"),
        )
    )
    unlabelled, undated = shown["chosen"].null_count(), seconds.null_count()
    shown = shown.filter(pl.col("chosen").is_not_null()).with_columns(
        pl.when(pl.col("chosen") == "1").then(pl.lit(CLICKED)).otherwise(pl.lit(SHOWN)).alias("event"),
        pl.coalesce(pl.col("timestamp").cast(pl.String), "time").alias("timestamp"),
    )
    first = seconds.min()
    past = _histories(frame, float(first) if isinstance(first, float) else 0.0)
    columns = ("user_id", "item_id", "timestamp", "event")
    notes = [
        f"{table.name}: {len(frame):,} rows show {len(shown):,} items: clicked ones are {CLICKED}, "
        f"the others {SHOWN}",
    ]
    if len(past):
        notes.append(
            f"{table.name}: {len(past):,} clicks of the histories, which have an order but no time: laid "
            "before the first moment of the log, one second apart"
        )
    if unlabelled:
        notes.append(f"{table.name}: {unlabelled:,} shown items that do not say -0 or -1: left out")
    if undated:
        notes.append(f"{table.name}: {undated:,} rows without a readable time")
    events = pl.concat([past.select(columns), shown.select(columns)])
    return replace(table, frame=events, notes=(*table.notes, *notes))


def _histories(frame: pl.DataFrame, first: float) -> pl.DataFrame:
    """Return the clicks of each user's first history."""
    own = frame.filter(pl.col("history").str.strip_chars() != "")
    own = own.unique(subset="user_id", keep="first", maintain_order=True)
    listed = own.select("user_id", pl.col("history").str.strip_chars().str.split(" ").alias("item_id"))
    listed = listed.with_columns(pl.int_ranges(-pl.col("item_id").list.len().cast(pl.Int64), 0).alias("back"))
    past = listed.explode("item_id", "back").filter(pl.col("item_id") != "")
    return past.with_columns(
        (pl.col("back") + first).cast(pl.Float64).cast(pl.String).alias("timestamp"),
        pl.lit(CLICKED).alias("event"),
    )


def news(table: Table) -> Table:
    """Return MIND's news without links, and with the names of what they speak of instead of its codes."""
    named = [
        pl.col(column)
        .str.extract_all(r'"Label": ?"[^"]+"')
        .list.eval(pl.element().str.extract(r'"Label": ?"([^"]+)"'))
        for column in ("title_entities", "abstract_entities")
    ]
    entities = pl.concat_list(
        pl.col(column).fill_null([]) for column in ("title_entities", "abstract_entities")
    )
    frame = table.frame.with_columns(named).with_columns(
        entities.list.unique(maintain_order=True).alias("entities")
    )
    return replace(table, frame=frame.drop("url", "title_entities", "abstract_entities"))


def personalize(table: Table) -> Table:
    """Add what Amazon Personalize's column IMPRESSION shows beside the chosen item as events of that kind.

    Other tables are returned as they are.
    """
    names = {plain(column): column for column in table.frame.columns}
    if not {"userid", "itemid", "timestamp", "impression"} <= names.keys():
        return table
    user, item, time, list_ = (names[name] for name in ("userid", "itemid", "timestamp", "impression"))
    frame = table.frame
    if frame[list_].dtype != pl.String or not frame[list_].str.contains("|", literal=True).any():
        return table
    event = names.get("eventtype")
    if event is None:
        event = "EVENT_TYPE"
        frame = frame.with_columns(pl.lit(CLICKED).alias(event))
    key = [user, list_, item]
    lists = frame.filter(pl.col(list_).str.strip_chars() != "")
    shown = (
        lists.select(user, time, list_, pl.col(list_).str.split("|").alias(item))
        .explode(item)
        .with_columns(pl.col(item).str.strip_chars())
        .filter(pl.col(item) != "")
        .unique(subset=key, keep="first", maintain_order=True)
        .join(frame.select(key), on=key, how="anti", maintain_order="left")
        .with_columns(pl.lit(SHOWN).alias(event))
    )
    note = f"{table.name}: {len(shown):,} items of '{list_}' that were not chosen: events of the kind {SHOWN}"
    both = pl.concat([frame, shown], how="diagonal").drop(list_)
    return replace(table, frame=both, notes=(*table.notes, note))
