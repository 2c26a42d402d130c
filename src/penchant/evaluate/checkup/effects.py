"""What each step of cleaning does to accuracy: fitted with it and without it, asked the same questions.

They are about the last tenth of what comes before the test part of protocol `time`; the test part itself is
never looked at. Settings and trust are learned once, on the clean tables; a step is left out, everything is
read and fitted again with them, and the same people are asked for the same items.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penchant.data.cleaning.settings import STEPS, Cleaning
from penchant.data.dataset import Dataset
from penchant.data.report import Report
from penchant.data.split import known_before, windows
from penchant.evaluate.protocols import Fold, Task, over_time
from penchant.evaluate.results import LEVEL
from penchant.evaluate.statistics import Interval, holm, paired_bootstrap, randomisation
from penchant.evaluate.wording import spelled
from penchant.language.texts import Texts
from penchant.metrics import counts, hits, ndcg
from penchant.recommender import Recommender

TOP = 10
UNMEASURED = {
    "": "rows and cells that no model can read: there is nothing to compare with",
    "merge": "lists that name an item twice and lists that name it once have no targets in common",
    "core": "it changes who is asked",
}
REMARKS = {
    "aggregates": "without it, columns are learned from that know what came later: too good to be true"
}
NAMES = {"": "unusable rows and cells"}
Values = NDArray[np.float64]
Progress = Callable[[str, int, int], None]
Read = Callable[[Cleaning], Dataset]


@dataclass(frozen=True, slots=True)
class Effect:
    """One step: how much it changed, and NDCG@10 with it minus without it; or why that was not measured."""

    step: str
    changed: int
    gain: Interval | None = None
    p_holm: float = 1.0
    moved: float = 0.0
    why_not: str = ""

    @property
    def verdict(self) -> str:
        """Say "helps", "hurts", "no list changed" or "cannot be told from noise"."""
        if self.gain is None:
            return f"not measured: {self.why_not}"
        if not self.moved:
            return "no list changed"
        if self.p_holm >= LEVEL or self.gain.low <= 0 <= self.gain.high:
            return "cannot be told from noise"
        return "helps" if self.gain.mean > 0 else "hurts"

    def cells(self) -> list[str]:
        """Return a row of a table."""
        if self.gain is None:
            return [NAMES.get(self.step, self.step), f"{self.changed:,}", "", "", "", self.verdict]
        said = f"{self.verdict}; {REMARKS[self.step]}" if self.step in REMARKS else self.verdict
        numbers = [spelled(self.gain, sign="+"), f"{self.p_holm:.4f}", f"{self.moved:.0%}"]
        return [NAMES.get(self.step, self.step), f"{self.changed:,}", *numbers, said]


@dataclass(frozen=True, slots=True)
class Effects:
    """All steps that changed something, on so many people; `noise` is what another seed alone does."""

    steps: tuple[Effect, ...]
    lists: int = 0
    ndcg: float = float("nan")
    noise: Interval | None = None

    def summary(self) -> str:
        """Say on what it was measured."""
        if not self.steps:
            return "cleaning changed nothing, so there is nothing to measure"
        if not self.lists:
            return "nothing measured"
        return (
            f"{self.lists:,} people, asked for what they took new in the last tenth of the log before its "
            f"test part; NDCG@10 {self.ndcg:.4f} with all steps"
        )

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows of a table."""
        columns = ["step", "changed", "NDCG@10, with minus without", "p (Holm)", "lists changed", ""]
        rows = [one.cells() for one in self.steps]
        if self.noise is not None:
            rows.append(["another seed", "", spelled(self.noise, sign="+"), "", "", "what chance alone does"])
        return columns, rows

    def lines(self) -> Iterator[str]:
        """Yield the table for a terminal."""
        yield f"effect of cleaning: {self.summary()}"
        _, rows = self.rows()
        for name, changed, gain, _, _, said in rows:
            yield f"  {name:24}{changed:>10}  {gain:24}  {said}"


def effects(
    data: Dataset,
    report: Report,
    read: Read,
    texts_of: Callable[[Dataset], Texts],
    cleaning: Cleaning,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Effects:
    """Measure each step that changed something; `read` reads the same tables again with other cleaning."""
    changed = {step: report.steps[step] for step in (*STEPS, "") if step in report.steps}
    steps = [step for step in changed if step not in UNMEASURED]
    why, fold = unmeasurable(data) if steps else ("", None)
    found = {step: Effect(step, n, why_not=UNMEASURED.get(step, why)) for step, n in changed.items()}
    if fold is None:
        return Effects(tuple(found.values()))
    task, total = fold.tasks[0], len(steps) + 2
    show = progress or (lambda what, done, total: None)
    show("as cleaned", 0, total)
    model = Recommender.fit(fold.train, seed=seed, effort="quick", texts=texts_of(data), newcomers=False)
    own, lists = judged(model, fold.train, task)
    rng, p = np.random.default_rng(seed), {}
    for place, step in enumerate(steps, start=1):
        show(f"without {step}", place, total)
        other = read(replace(cleaning, without=(*cleaning.without, step)))
        if not same_ids(data, other):
            found[step] = Effect(step, changed[step], why_not="it changes which items or people there are")
            continue
        train, texts = known_before(other, task.queries[0].at), texts_of(other)
        again = replace(model, knowledge=texts.knowledge, whitening=texts.whitening).refit(train)
        values, rows = judged(again, train, task)
        p[step] = randomisation(own, values, rng=rng)
        gain, moved = paired_bootstrap(own, values, rng=rng), float((rows != lists).any(axis=1).mean())
        found[step] = Effect(step, changed[step], gain, moved=moved)
    for step, value in zip(p, holm(list(p.values())).tolist(), strict=True):
        found[step] = replace(found[step], p_holm=value)
    show("another seed", total - 1, total)
    plan = replace(model.ranking.plan, seed=seed + 1)
    chance = replace(model, ranking=replace(model.ranking, plan=plan)).refit(fold.train)
    noise = paired_bootstrap(own, judged(chance, fold.train, task)[0], rng=rng)
    return Effects(tuple(found.values()), len(task), float(own.mean()), noise)


def unmeasurable(data: Dataset) -> tuple[str, Fold | None]:
    """Return why nothing can be measured, or the fold to measure on."""
    if data.interactions.clock == "none":
        return "the events have neither times nor an order", None
    test = windows(data.interactions)
    past = known_before(data, test[0].start) if test else data
    folds = [fold for fold in over_time(past, n=1) if len(fold.tasks[0])] if test else []
    return ("", folds[0]) if folds else ("nobody took anything new in the validation", None)


def judged(model: Recommender, train: Dataset, task: Task) -> tuple[Values, NDArray[np.int64]]:
    """Return the NDCG@10 of each person asked, (Q,), and the lists, (Q, 10)."""
    queries = train.queries(task.users, at=task.queries[0].at)
    rows = model.rank(queries, TOP)[0]
    return np.asarray(ndcg(hits(rows, task.targets), counts(task.targets))), rows


def same_ids(one: Dataset, other: Dataset) -> bool:
    """Tell whether row numbers mean the same in both."""
    pairs = ((one.items, other.items), (one.users, other.users))
    return all(a.vocabulary.ids.equals(b.vocabulary.ids) for a, b in pairs)
