"""What a data set holds, counted; this file knows nothing of how it is shown."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.data.cleaning.outliers import outliers
from penchant.data.cleaning.twins import Twins, twins
from penchant.data.dataset import Dataset
from penchant.data.languages import languages
from penchant.data.report import Report
from penchant.evaluate.checkup.allowed import Allowed, allowed
from penchant.evaluate.checkup.effects import Effects
from penchant.evaluate.checkup.words import Words, keywords, words
from penchant.types import Rows

LATE = 0.2
"""The part of a log, its last, by which newcomers are counted."""
SHOWN = 3
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Checkup:
    """The facts. `per_user` and `per_item` count events, the most first, of those that have any."""

    data: Dataset
    report: Report
    per_user: Counts
    per_item: Counts
    repeats: float
    late_users: float
    late_items: float
    words: Words
    spoken: tuple[tuple[str, float], ...]
    """Languages of the texts of events, with their shares."""
    keywords: tuple[tuple[str, tuple[str, ...]], ...]
    """Titles of a few items that are taken most, and the words that tell most of each."""
    suspicious: tuple[str, ...]
    allowed: tuple[Allowed, ...]
    effects: Effects | None = None

    @property
    def density(self) -> float:
        """Part of all pairs of a user and an item with events that met."""
        pairs = len(self.per_user) * len(self.per_item)
        return (1 - self.repeats) * len(self.data.interactions) / pairs if pairs else 0.0

    def head(self, share: float) -> float:
        """Return which part of the events is on the most popular `share` of the items with events."""
        n = max(1, round(share * len(self.per_item)))
        return float(self.per_item[:n].sum() / max(1, self.per_item.sum()))


def check_up(data: Dataset, report: Report) -> Checkup:
    """Count everything that a check-up says; `report` is what reading said."""
    events = data.interactions
    pairs = np.unique(events.users * data.n_items + events.items)
    late_users, late_items = _newcomers(data)
    found = twins(data.items)
    return Checkup(
        data,
        report,
        _falling(events.users),
        _falling(events.items),
        1 - len(pairs) / len(events) if len(events) else 0.0,
        late_users,
        late_items,
        words(data.items),
        languages(list(data.reviews.sample)) if data.reviews else (),
        keywords(data.items, np.argsort(-data.item_counts(), kind="stable")),
        (*_warnings(report), *_twins(data, found), *_outliers(data)),
        tuple(allowed(data)),
    )


def _falling(rows: Rows) -> Counts:
    counts = np.bincount(rows)
    return np.sort(counts[counts > 0])[::-1]


def _newcomers(data: Dataset) -> tuple[float, float]:
    """Return which parts of the last events are by new users, and on new items; NaN without times."""
    events = data.interactions
    if events.clock == "none" or not len(events):
        return float("nan"), float("nan")
    moment = np.quantile(events.times, 1 - LATE)
    late = events.times > moment
    if not late.any():
        return float("nan"), float("nan")
    shares = [~np.isin(rows[late], rows[~late]) for rows in (events.users, events.items)]
    return float(shares[0].mean()), float(shares[1].mean())


def _warnings(report: Report) -> list[str]:
    return [line.replace("WARNING: ", "") for line in report.lines if "WARNING" in line]


def _twins(data: Dataset, found: Twins) -> list[str]:
    if not found.groups:
        return []
    names = [data.items.titles(np.array(group[:1]))[0] for group in found.groups[:SHOWN]]
    more = " …" if len(found) > SHOWN else ""
    return [
        f"items: {found.spare:,} are there twice, such as {', '.join(names)}{more}; "
        "--merge-duplicates makes one of them"
    ]


def _outliers(data: Dataset) -> list[str]:
    said = []
    columns = [("interactions: the value", data.interactions.values.astype(np.float64))]
    for name, side in (("items", data.items), ("users", data.users)):
        columns += [
            (f"{name}: '{cells.name}'", cells.cast(float).fill_null(float("nan")).to_numpy())
            for cells in side.table.iter_columns()
            if cells.dtype.is_float() or cells.dtype.is_integer()
        ]
    for name, values in columns:
        far = outliers(values)
        if far.any():
            said.append(f"{name} is far out in {far.sum():,} rows (up to {np.abs(values[far]).max():,.6g})")
    return said
