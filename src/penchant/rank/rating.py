"""The rating model with the half-life of ratings that foretells the last slice of time best."""

from dataclasses import replace

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.split import Window, at_time, between
from penchant.language.knowledge import Knowledge
from penchant.models.ratings import DAY, Ratings

HALVES = (float("inf"), 300 * DAY, 100 * DAY, 30 * DAY, 10 * DAY)
LAST, FEWEST = 0.1, 20
"""Part of the log on which the half-life is chosen, and how many ratings of known people that takes."""


def fitted_ratings(
    data: Dataset, knowledge: Knowledge, seed: int, half: float | None = None
) -> Ratings | None:
    """Return the model, None where nobody rated; a `half` given is not searched."""
    if data.scale is None:
        return None
    if half is None:
        half = _best_half(data, knowledge, seed)
    return Ratings(half=half).fit(data, knowledge, rng=np.random.default_rng(seed))


def _best_half(data: Dataset, knowledge: Knowledge, seed: int) -> float:
    events = data.interactions
    if events.clock != "time":
        return HALVES[0]
    moment = float(np.quantile(events.times, 1.0 - LAST, method="lower"))
    before, later = at_time(events, moment)[0], between(events, Window(moment, float("inf")))
    known = np.isfinite(later.values) & np.isin(later.users, before.users)
    if known.sum() < FEWEST:
        return HALVES[0]
    later, past = later.where(known), data.with_interactions(before)
    users, places = np.unique(later.users, return_inverse=True)
    queries = past.queries(users, at=moment)
    model = Ratings().fit(past, knowledge, rng=np.random.default_rng(seed))

    def error(half: float) -> float:
        away = replace(model, half=half).predict(queries, places, later.items) - later.values
        return float((away.astype(np.float64) ** 2).mean())

    return min(HALVES, key=error)
