"""When the items of a catalogue came out."""

import numpy as np
from numpy.typing import NDArray

from penchant.data.cells import moments
from penchant.data.dataset import Dataset
from penchant.data.roles import roles
from penchant.language.describe import YEAR, words


def appeared(data: Dataset) -> tuple[NDArray[np.float64], str]:
    """Return when each item came out, shape (n_items,), NaN where nobody knows, and what told it.

    A column of years (its first day) or of dates says it best; the first event is no earlier.
    """
    when, sources = np.full(data.n_items, np.nan), []
    for name, role in roles(data.items).items():
        if role == "year":
            years = [YEAR.search(cell) for cell in words(data.items.table[name])]
            told = np.array([_first_day(int(year[0])) if year else np.nan for year in years])
        elif role == "date":
            told = moments(data.items.table[name], "items").seconds.cast(float).fill_null(np.nan).to_numpy()
        else:
            continue
        when = np.where(np.isnan(when), told, when)
        sources.append(f"'{name}'")
    events = data.interactions
    if events.clock == "time":
        first = np.full(data.n_items, np.inf)
        np.minimum.at(first, events.items, events.times)
        if (np.isnan(when) & np.isfinite(first)).any():
            sources.append("its first event")
        when = np.where(np.isnan(when) & np.isfinite(first), first, when)
    return when, ", else by ".join(sources) or "nothing"


def _first_day(year: int) -> float:
    return float((np.datetime64(f"{year:04}-01-01") - np.datetime64("1970-01-01")) / np.timedelta64(1, "s"))
