"""How well it is foretold what people take: order, likelihood and calibration of probabilities.

Whoever took something new within the span that the probabilities are about is asked for all that they took,
and for a sample of all that they did not; each of the sample counts for as many items as it was drawn from.
Where the log says what was shown, the order within each shown list is judged too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.evaluate.chances import Foreteller
from penchant.evaluate.curve import Judged, Line, judged_line
from penchant.evaluate.results import Difference
from penchant.evaluate.statistics import Interval, clustered, holm, randomisation, totals
from penchant.evaluate.tasks import Fold
from penchant.evaluate.wording import lasting, spelled
from penchant.metrics import auc_by_user, log_losses
from penchant.rank.calibration import Pairs
from penchant.rank.rehearsal import Questions, sample
from penchant.types import NO_ROWS, Rows, Vectors

MOST_USERS = 1_000
"""Users of each fold that are asked, and as many whose shown lists are judged."""
LOSS, ORDER, SHOWN = "log loss", "AUC by user", "AUC within what was shown"
LESS = (LOSS,)
"""Of these metrics, less is better."""
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clicks:
    """All foretellers on the same pairs: `taken` of them came true, and they stand for `whole` pairs.

    `span` is in words; `shown` counts shown lists. Without `lines` the notes say why.
    """

    span: str
    pairs: int
    taken: int
    whole: float
    users: int
    shown: int
    lines: tuple[Line, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]

    def size(self) -> str:
        """Say on what it rests."""
        return (
            f"{self.taken:,} items taken by {self.users:,} users within {self.span}, beside "
            f"{self.pairs - self.taken:,} that stand for the {self.whole - self.taken:,.0f} they did not take"
        )

    def sentences(self) -> Iterator[str]:
        """Say how ours does beside each of the others."""
        for found in self.differences:
            yield (
                f"{found.ours} minus {found.other}: {found.metric} {told(found.interval, sign='+')}, "
                f"p {found.p_holm:.4f}: {verdict(found)}"
            )

    def rows(self, *, brief: bool = False) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows of a table; `brief` leaves out intervals but that of the AUC."""
        columns = ["", "AUC", ORDER, LOSS, "calibration error", "foretold / taken"]
        rows = []
        for line in self.lines:
            cells = [told(given, brief=brief) for given in (line.by_user, line.loss, line.error, line.ratio)]
            rows.append([line.name, spelled(line.auc), *cells])
            if self.shown:
                rows[-1].append("\N{EN DASH}" if line.within is None else told(line.within, brief=brief))
        return [*columns, *([SHOWN] if self.shown else [])], rows


def verdict(found: Difference) -> str:
    """Say "better", "worse" or "unclear", also where less is better."""
    turned = {"better": "worse", "worse": "better"} if found.metric in LESS else {}
    return turned.get(found.verdict, found.verdict)


def told(interval: Interval, *, sign: str = "", brief: bool = False) -> str:
    """Write an interval in four digits each: chances are small.

    >>> told(Interval(0.00123456, 0.001, 0.0015))
    '0.001235 [0.001, 0.0015]'
    """
    mean, low, high = (f"{value:{sign}.4g}" for value in interval)
    return mean if brief else f"{mean} [{low}, {high}]"


@dataclass
class Column:
    """Rows gathered fold by fold: whose, of which list, whether taken, how many each stands for, chances."""

    users: list[Rows] = field(default_factory=list)
    lists: list[Rows] = field(default_factory=list)
    taken: list[NDArray[np.bool_]] = field(default_factory=list)
    weights: list[Values] = field(default_factory=list)
    chances: dict[str, list[Vectors]] = field(default_factory=dict)
    n: int = 0

    def add(self, pairs: Pairs, users: Rows, places: Rows, n: int) -> None:
        """Add pairs; `places` number the lists from 0 to n, `users` are those of the pairs."""
        self.users.append(users)
        self.lists.append(places + self.n)
        self.taken.append(pairs.taken)
        self.weights.append(pairs.weights)
        self.n += n

    def joined(self) -> Judged:
        """Return all rows."""
        return Judged(
            np.concatenate(self.taken),
            np.concatenate(self.users),
            np.concatenate(self.lists),
            np.concatenate(self.weights),
        )


@dataclass
class Guesses:
    """What was taken, and what each foreteller gave it, gathered fold by fold."""

    foretellers: Sequence[Foreteller]
    rng: Generator
    span: float | None = None
    all: Column = field(default_factory=Column)
    shown: Column = field(default_factory=Column)
    notes: list[str] = field(default_factory=list)
    came: list[tuple[int, int]] = field(default_factory=list)

    def add(self, data: Dataset, fold: Fold, progress: Callable[[str, int, int], None] | None = None) -> None:
        """Ask every foreteller about what followed a fold."""
        if not self.foretellers or fold.later is None:
            return
        for place, one in enumerate(self.foretellers):
            if progress is not None:
                progress(f"{fold.name}: probabilities, {one.name}", place, len(self.foretellers))
            one.fit(fold.train, first=fold.first)
        self.span = self.foretellers[0].span
        if any(one.span is None for one in self.foretellers):
            self.notes.append(f"{fold.name}: nothing to learn probabilities from")
            return
        later = self._later(data, fold, self.foretellers[0].span or 0.0)
        if later is not None:
            self._add_taken(fold, later)
        self._add_shown(fold, fold.later)

    def _later(self, data: Dataset, fold: Fold, span: float) -> Interactions | None:
        """Return the events that the probabilities speak of, None where this fold cannot tell."""
        assert fold.later is not None
        if not len(fold.later) or not span:
            return fold.later
        start = fold.later.start
        if fold.train.interactions.end >= start:
            self.notes.append(
                f"{fold.name}: its probabilities are about a span of time after one moment, which this "
                "protocol does not have: --protocol time measures them"
            )
            return None
        events = data.interactions
        if start + span > events.end:
            self.notes.append(f"{fold.name}: left out, as the log ends within the span")
            return None
        return events.where((events.times >= start) & (events.times < start + span))

    def _add_taken(self, fold: Fold, later: Interactions) -> None:
        train, start = fold.train, later.start if len(later) else 0.0
        wanted = later.where(later.weights > 0)
        users = np.unique(wanted.users)
        own = np.searchsorted(wanted.users, np.append(users, users[-1:] + 1))
        pairs = zip(train.queries(users, at=start), own[:-1], own[1:], strict=False)
        asked = [(query, np.setdiff1d(wanted.items[a:b], query.rows)) for query, a, b in pairs]
        new = np.array([len(targets) > 0 for _, targets in asked], dtype=bool)
        past = np.unique(train.interactions.users)
        self.came.append((int(np.isin(users[new], past).sum()), len(past)))
        kept = np.flatnonzero(new)
        kept = kept[sample(len(kept), MOST_USERS, self.rng)]
        if not len(kept):
            return
        queries, targets = [asked[i][0] for i in kept], [asked[i][1] for i in kept]
        group = Questions("return", queries, targets, train.interactions)
        found = Pairs.of(group, self.rng, train.n_items)
        self.all.add(found, users[kept][found.places], found.places, len(kept))
        for one in self.foretellers:
            self.all.chances.setdefault(one.name, []).append(one.chances(queries, found.places, found.items))

    def _add_shown(self, fold: Fold, later: Interactions) -> None:
        """Add lists in which something was taken and something was not: events of one user at one moment."""
        if later.clock != "time" or not (later.weights == 0).any():
            return
        events = later.where(later.weights >= 0)
        key = np.stack((events.users.astype(np.float64), events.times), axis=1)
        _, lists = np.unique(key, axis=0, return_inverse=True)
        lists = lists.ravel()
        both = (np.bincount(lists, weights=events.weights) > 0) & (
            np.bincount(lists, weights=events.weights == 0) > 0
        )
        users = np.unique(events.users[both[lists]])
        users = users[sample(len(users), MOST_USERS, self.rng)]
        inside = both[lists] & np.isin(events.users, users)
        if not inside.any():
            return
        triples = np.stack((lists[inside], events.items[inside], events.users[inside]), axis=1)
        unique, place = np.unique(triples, axis=0, return_inverse=True)
        taken = np.bincount(place.ravel(), weights=events.weights[inside]) > 0
        _, number = np.unique(unique[:, 0], return_inverse=True)
        places = np.searchsorted(users, unique[:, 2])
        pairs = Pairs(places, unique[:, 1], taken, np.ones(len(unique)))
        self.shown.add(pairs, unique[:, 2], number, int(number.max()) + 1)
        queries = fold.train.queries(users, at=later.start)
        for one in self.foretellers:
            self.shown.chances.setdefault(one.name, []).append(one.chances(queries, places, unique[:, 1]))

    def judged(self, clock: str) -> Clicks | None:
        """Return what came out, users drawn as a whole; None without foretellers."""
        if not self.foretellers:
            return None
        notes, column = list(dict.fromkeys(self.notes)), self.all
        span = "the events held out" if not self.span else lasting(self.span, clock)
        if not column.users:
            return Clicks(span, 0, 0, 0.0, 0, 0, (), (), tuple(notes or ["nobody took anything new"]))
        told_of = column.joined()
        chances = {name: np.concatenate(part).astype(np.float64) for name, part in column.chances.items()}
        within, whose = self._within()
        lines = tuple(
            judged_line(name, p, told_of, self.rng, within.get(name), whose) for name, p in chances.items()
        )
        came, past = (sum(pair[side] for pair in self.came) for side in (0, 1))
        notes.append(
            f"asked are people who took something new within the span, {came / max(1, past):.1%} of those "
            "with a history; for any of those, the chance is that much smaller"
        )
        differences = (*self._differences(chances, told_of), *_compared(SHOWN, within, whose, None, self.rng))
        return Clicks(
            span,
            len(told_of.taken),
            int(told_of.taken.sum()),
            float(told_of.weights.sum()),
            len(np.unique(told_of.users)),
            self.shown.n,
            lines,
            differences,
            tuple(notes),
        )

    def _within(self) -> tuple[dict[str, Values], Rows]:
        """Return each foreteller's AUC within each shown list, (L,), and whose list it is."""
        column = self.shown
        if not column.users:
            return {}, NO_ROWS
        lists, taken = np.concatenate(column.lists), np.concatenate(column.taken)
        _, first = np.unique(lists, return_index=True)
        found = {
            name: auc_by_user(taken, np.concatenate(part), lists)[1] for name, part in column.chances.items()
        }
        return found, np.concatenate(column.users)[first]

    def _differences(self, chances: dict[str, Values], told_of: Judged) -> Iterator[Difference]:
        """Compare ours with the others in pairs; p values are corrected for their number."""
        taken, users, lists, weights = told_of
        _, first = np.unique(lists, return_index=True)
        areas = {name: auc_by_user(taken, p, lists, weights=weights)[1] for name, p in chances.items()}
        yield from _compared(ORDER, areas, users[first], None, self.rng)
        losses = {name: log_losses(taken, p) for name, p in chances.items()}
        yield from _compared(LOSS, losses, users, weights, self.rng)


def _compared(
    metric: str, values: dict[str, Values], users: Rows, weights: Values | None, rng: Generator
) -> Iterator[Difference]:
    if len(values) < 2:
        return
    ours, *others = values
    gaps = np.stack([values[ours] - values[other] for other in others], axis=1)
    known = np.isfinite(gaps).all(axis=1)
    gaps, users, weights = gaps[known], users[known], None if weights is None else weights[known]
    if len(gaps):
        intervals, (sums, _) = clustered(gaps, users, weights=weights, rng=rng), totals(gaps, users, weights)
        p = [randomisation(gap, np.zeros(len(gap)), rng=rng) for gap in sums.T]
        for other, *rest in zip(others, intervals, p, holm(p).tolist(), strict=True):
            yield Difference(metric, ours, other, *rest)
