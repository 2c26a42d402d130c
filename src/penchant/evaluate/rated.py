"""How well ratings are foretold, on the later events of a protocol that have one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from penchant.data.dataset import Dataset
from penchant.evaluate.raters import Rater
from penchant.evaluate.results import Difference
from penchant.evaluate.statistics import Interval, clustered, holm, randomisation, totals
from penchant.evaluate.tasks import Fold
from penchant.evaluate.wording import spelled
from penchant.types import Rows, Vectors

RMSE = "squared error"


@dataclass(frozen=True, slots=True)
class RatingLine:
    """One rater: root of the mean squared error and mean absolute error, on the scale of the data."""

    name: str
    rmse: Interval
    mae: Interval
    rmse_known: float


@dataclass(frozen=True, slots=True)
class Ratings:
    """All raters on the same later ratings; `known` of them are of people with a history."""

    ratings: int
    known: int
    users: int
    lines: tuple[RatingLine, ...]
    differences: tuple[Difference, ...]

    def sentences(self) -> Iterator[str]:
        """Say how ours does beside the best baseline."""
        errors = {line.name: line.rmse.mean for line in self.lines}
        best = min((found for found in self.differences), key=lambda found: errors[found.other], default=None)
        if best is not None:
            mean, low, high = best.interval
            yield (
                f"{best.ours} minus the best baseline, {best.other}: squared error {mean:+.4f} "
                f"[{low:+.3f}, {high:+.3f}], p {best.p_holm:.4f}: {verdict(best)}"
            )

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows of a table."""
        columns = ["", "RMSE", "MAE", "RMSE, known users"]
        return columns, [
            [line.name, spelled(line.rmse), spelled(line.mae), f"{line.rmse_known:.4f}"]
            for line in self.lines
        ]


def verdict(found: Difference) -> str:
    """Say "better", "worse" or "unclear": here less is better."""
    return {"better": "worse", "worse": "better"}.get(found.verdict, found.verdict)


@dataclass
class Answers:
    """What was rated, and what each rater foretold, gathered fold by fold."""

    raters: Sequence[Rater]
    users: list[Rows]
    known: list[Vectors]
    truth: list[Vectors]
    told: dict[str, list[Vectors]]

    @classmethod
    def of(cls, raters: Sequence[Rater]) -> "Answers":
        """Begin with nothing."""
        return cls(raters, [], [], [], {rater.name: [] for rater in raters})

    def add(self, fold: Fold, progress: Callable[[str, int, int], None] | None = None) -> None:
        """Ask every rater about the later ratings of a fold."""
        if fold.later is None or fold.train.scale is None:
            return
        later = fold.later.valued()
        if not len(later) or not len(fold.train.interactions.valued()):
            return
        users, places = np.unique(later.users, return_inverse=True)
        queries = fold.train.queries(users)
        self.users.append(later.users)
        self.known.append(np.array([len(query.rows) > 0 for query in queries])[places])
        self.truth.append(later.values)
        for place, rater in enumerate(self.raters):
            if progress is not None:
                progress(f"{fold.name}: ratings, {rater.name}", place, len(self.raters))
            rater.fit(fold.train, first=fold.first)
            self.told[rater.name].append(rater.rate(queries, places, later.items))

    def judged(self, data: Dataset, rng: Generator) -> Ratings | None:
        """Return errors with intervals, users drawn as a whole; None without ratings or raters."""
        if not self.truth or data.scale is None or not self.raters:
            return None
        users, known = np.concatenate(self.users), np.concatenate(self.known)
        truth = np.concatenate(self.truth).astype(np.float64)
        away = {
            name: np.clip(np.concatenate(told), *data.scale).astype(np.float64) - truth
            for name, told in self.told.items()
        }
        names, squares = list(away), np.stack([gap**2 for gap in away.values()], axis=1)
        absolute = np.abs(np.stack(list(away.values()), axis=1))
        means = clustered(np.concatenate((squares, absolute), axis=1), users, rng=rng)
        lines = []
        for place, name in enumerate(names):
            rmse = Interval(*np.sqrt(means[place]).tolist())
            part = squares[known, place]
            root = float(np.sqrt(part.mean())) if len(part) else float("nan")
            lines.append(RatingLine(name, rmse, means[len(names) + place], root))
        gaps = squares[:, :1] - squares[:, 1:]
        intervals, (sums, _) = clustered(gaps, users, rng=rng), totals(gaps, users)
        p = [randomisation(gap, np.zeros(len(gap)), rng=rng) for gap in sums.T]
        pairs = zip(names[1:], intervals, p, holm(p).tolist(), strict=True)
        found = tuple(Difference(RMSE, names[0], other, *rest) for other, *rest in pairs)
        return Ratings(len(truth), int(known.sum()), len(np.unique(users)), tuple(lines), found)
