"""Labels that contradict each other: one user, one item, one moment, liked and disliked."""

import numpy as np
import polars as pl

from penchant.data.interactions import Interactions
from penchant.data.report import Journal


def clean_opinions(events: Interactions, journal: Journal) -> Interactions:
    """Let contradictory events say nothing (weight 0): they stay in the history and teach nothing."""
    if not (events.weights < 0).any():
        return events
    frame = pl.DataFrame(
        {"user": events.users, "item": events.items, "time": events.times, "weight": events.weights}
    )
    both = frame.select(
        ((pl.col("weight") > 0).any() & (pl.col("weight") < 0).any()).over("user", "item", "time")
    )
    torn = both.to_series().to_numpy() & (events.weights != 0)
    what = "events that are liked and disliked by one user at one moment"
    journal.count("interactions", int(torn.sum()), what, then="taken as saying nothing", step="opinions")
    return events.weighted(np.where(torn, 0.0, events.weights)) if torn.any() else events
