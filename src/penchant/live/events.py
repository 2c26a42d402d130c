"""Events of a bundle and of a journal as one table that `penchant fit` reads."""

from collections.abc import Collection, Sequence

import numpy as np
import polars as pl

from penchant.data.columns import plain
from penchant.data.dataset import Dataset
from penchant.live.log import SESSION, Log, who
from penchant.live.records import Act

RATINGS = frozenset({"rate", "rated", "rating", "ratings", "review", "reviewed", "score", "stars", "star"})
"""Kinds of events whose value is a rating; that of any other kind (units, seconds) is not."""
CALENDAR = (-62_135_596_800.0, 253_402_300_799.0)
"""The seconds UTC of the years 1 to 9999."""
COLUMNS = {
    "user_id": pl.String, "item_id": pl.String, "seconds": pl.Float64, "event": pl.String,
    "rated": pl.Float64, "counted": pl.Float64, "event_weight": pl.Float64,
    "recommendation_id": pl.String, "session": pl.String, "record": pl.Int64,
}  # fmt: skip


def moments(seconds: pl.Expr) -> pl.Expr:
    """Return seconds UTC as moments, which need no guess of a unit; null where no calendar has them."""
    known = pl.when(seconds.is_between(*CALENDAR)).then(seconds)
    return (known * 1e6).round().cast(pl.Int64).cast(pl.Datetime("us", "UTC"))


def own(base: Dataset, log: Log, lines: list[str]) -> pl.DataFrame:
    """Return the events of a bundle but for those of the deleted, with what weighs them alike again.

    `event_weight` is empty where it is 1, so that ratings may still say something else; `record` numbers the
    rows, or reading would take two alike for one that was written twice.
    """
    events = base.interactions
    value = pl.Series(events.values, dtype=pl.Float64).fill_nan(None)
    weight = pl.Series(events.weights, dtype=pl.Float64)
    nothing = pl.lit(None, pl.String)
    frame = pl.DataFrame(
        {
            "user_id": base.users.vocabulary.ids.cast(pl.String).gather(events.users),
            "item_id": base.items.vocabulary.ids.cast(pl.String).gather(events.items),
            "seconds": pl.Series(events.times, dtype=pl.Float64),
            "rated": value if base.scale is not None else value.clear(len(value)),
            "counted": value if base.scale is None else value.clear(len(value)),
            "event_weight": weight.set(weight == 1.0, None),
            "record": np.arange(len(events)),
        }
    ).with_columns(event=nothing, recommendation_id=nothing, session=nothing)
    users = sorted(log.deleted("user") | log.refusing("history"))
    items = sorted(log.deleted("item"))
    kept = frame.filter(~pl.col("user_id").is_in(users) & ~pl.col("item_id").is_in(items))
    if len(kept) < len(frame):
        lines.append(
            f"bundle: {len(frame) - len(kept):,} events of the deleted, or without consent: left out"
        )
    if events.clock == "order":
        kept = kept.sort("seconds", maintain_order=True)
    elif events.clock == "none":  # sorted by item, as it was: reading sees by this that rows have no order
        whole = pl.col("item_id").cast(pl.Int64, strict=False)
        if kept.select(whole.is_null().any()).item():
            whole = pl.col("item_id")
        kept = kept.sort(whole, maintain_order=True)
    return kept.select(list(COLUMNS))


def lived(log: Log, scale: tuple[float, float] | None, sessions: bool, lines: list[str]) -> pl.DataFrame:
    """Return the events of a journal that may be learned from; every one left out is counted in `lines`."""
    counts = dict.fromkeys(("nobody", "sessions", "deleted", "unwilling", "beyond"), 0)
    rows, without = [], log.refusing("history")
    for number, act in log.acts:
        user = who(act.user, act.session)
        reason = _reason(log, number, act, user, sessions, without)
        if reason:
            counts[reason] += 1
            continue
        rated = act.value if plain(act.kind) in RATINGS else None
        counted = act.value if plain(act.kind) not in RATINGS else None
        if rated is not None and scale is not None and not scale[0] <= rated <= scale[1]:
            counts["beyond"], rated = counts["beyond"] + 1, None
        rows.append(
            (user, act.item, act.time, act.kind, rated, counted, None, act.recommendation, act.session, None)
        )
    why = {
        "nobody": "without a user or a session: left out",
        "sessions": "of sessions without a user: left out as asked",
        "deleted": "of deleted users and items: left out",
        "unwilling": "of users whose consent does not cover their history: left out",
        "beyond": f"with a rating outside the scale {scale}: taken as unknown",
    }
    lines += [f"journal: {n:,} events {why[reason]}" for reason, n in counts.items() if n]
    anonymous = sum(str(row[0]).startswith(SESSION) for row in rows)
    if anonymous:
        lines.append(f"journal: {anonymous:,} events of sessions: each session stands for a user of its own")
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def _reason(log: Log, number: int, act: Act, user: str, sessions: bool, without: Collection[str]) -> str:
    """Return why an event is left out, "" for one that stays."""
    if not user:
        return "nobody"
    if not act.user and not sessions:
        return "sessions"
    if act.user in without:
        return "unwilling"
    return "deleted" if log.forgotten(act.user, number) or log.gone(act.item) else ""


def joined(parts: Sequence[pl.DataFrame], clock: str, lines: list[str]) -> pl.DataFrame:
    """Put events into one table with the names that reading knows: values are ratings where there are any.

    Where the bundle's events have no times, the order of rows has to stand in for them: times of the journal
    go into a column that is not read as one.
    """
    whole = pl.concat(parts)
    possible = whole.filter(pl.col("seconds").is_between(*CALENDAR))
    if len(possible) < len(whole):
        lines.append(f"events: {len(whole) - len(possible):,} with a time in no calendar: left out")
        whole = possible
    moment = moments(pl.col("seconds"))
    if clock == "time":
        whole = whole.with_columns(moment.alias("timestamp")).drop("seconds")
    else:
        acted = pl.when(pl.col("event").is_not_null()).then(moment)
        whole = whole.with_columns(acted.alias("acted_at")).drop("seconds")
        lines.append("events: the bundle's have no times, so that the order of the rows stands in for them")
    rated = whole["rated"].count() > 0
    whole = whole.rename({"rated": "rating", "counted": "act_value" if rated else "quantity"})
    empty = [name for name in whole.columns[2:] if name != "timestamp" and not whole[name].count()]
    return whole.drop(empty)
