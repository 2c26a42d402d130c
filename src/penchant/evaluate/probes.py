"""Two probes: is a gain from texts one of meaning, and does it hold for items that the encoder never read of?

The first asks the same questions of models that were fitted with the texts dealt out among the items at
random, and without any. What random texts give as well is no understanding. The second looks at items that
are newer than the language model beside older ones of like popularity: it may have read about the older ones.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.data.cells import spell
from penchant.data.dataset import Dataset
from penchant.data.terms import prose_columns
from penchant.errors import SettingError
from penchant.evaluate.ages import appeared
from penchant.evaluate.contest import Contender, Entrant, Ranker
from penchant.evaluate.findings import Finding, Probe
from penchant.evaluate.protocols import Fold, Task
from penchant.evaluate.results import Difference
from penchant.evaluate.seal import PROBES, Seal
from penchant.evaluate.statistics import clustered, holm, randomisation, totals
from penchant.language.texts import Texts, read_texts
from penchant.metrics import counts, hits, ndcg
from penchant.types import Query, Rows

RELEASED = {"minilm": "2021-08-30"}
"""When a bundled encoder was released: it knows nothing that is newer."""
SHUFFLED, WITHOUT = "texts shuffled", "without texts"
MOST_PAIRS = 2_000
"""Items of a fold that are paired with others of like popularity."""
Make = Callable[[Dataset, Texts], Ranker]
Progress = Callable[[str, int, int], None]
Mask = NDArray[np.bool_]
MEANING = "Probe: do the texts help by what they mean?"
BY_HEART = "Probe: items newer than the language model"


@dataclass
class Recorded:
    """A contender whose lists are kept, so that a probe need not fit it again."""

    inner: Contender
    lists: list[Rows] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.inner.name

    @property
    def settings(self) -> Mapping[str, Any]:
        """What was chosen at the first fit."""
        return self.inner.settings

    @property
    def only_repeats(self) -> bool:
        """Whether it sits out tables of new items."""
        return self.inner.only_repeats

    def fit(self, data: Dataset, *, first: bool) -> Self:
        """Learn."""
        self.inner.fit(data, first=first)
        return self

    def rank(
        self, queries: Sequence[Query], k: int, *, candidates: Rows | None = None, repeat: bool = False
    ) -> Rows:
        """Return the lists, shape (Q, k), and keep them."""
        self.lists.append(self.inner.rank(queries, k, candidates=candidates, repeat=repeat))
        return self.lists[-1]


@dataclass(frozen=True, slots=True)
class Answered:
    """One task of one fold, how much each of its rows counts, and the lists (Q, 20) of each variant."""

    fold: Fold
    task: Task
    weight: float
    lists: Mapping[str, Rows]


def check_probable(texts: Texts) -> None:
    """Raise SettingError where there are no texts to probe."""
    if int(texts.knowledge.known.sum()) < 2:
        raise SettingError(
            "--probes: fewer than two items have a text, so there is nothing to probe",
            hint="bring an items table with titles or texts, and a --language that reads them",
        )


def probes(
    data: Dataset,
    seal: Seal,
    ours: Recorded,
    make: Make,
    texts: Texts,
    *,
    born: float | None,
    rng: Generator,
    progress: Progress | None = None,
) -> tuple[Probe, Probe]:
    """Fit the variants on the folds that `ours` was judged on, and return what both probes found.

    `seal` opened the test part for the lists, and knows of the probes. `born` is the moment of the encoder's
    release; without it the second probe says that it is not known.
    """
    order = shuffle(texts.knowledge.known, rng)
    dealt = shuffled(texts, order)
    silent = read_texts(data, "none", pictures="none")
    silent = replace(silent, knowledge=replace(silent.knowledge, media=texts.knowledge.media))
    variants = {
        f"{ours.name}, {SHUFFLED}": Entrant(SHUFFLED, lambda train: make(with_prose(train, order), dealt)),
        f"{ours.name}, {WITHOUT}": Entrant(WITHOUT, lambda train: make(with_prose(train, None), silent)),
    }
    answers = list(_answers(seal, ours, variants, progress))
    return meaning(answers, int(texts.knowledge.known.sum()), rng), by_heart(answers, data, born, rng)


def shuffle(known: Mask, rng: Generator) -> Rows:
    """Return whose text each item gets, shape (n_items,): no item that has one keeps its own."""
    rows = rng.permutation(np.flatnonzero(known))
    order = np.arange(len(known))
    order[rows] = np.roll(rows, 1)
    return order


def shuffled(texts: Texts, order: Rows) -> Texts:
    """Deal the vectors of texts out among the items by `order`, shape (n_items,)."""
    given = texts.knowledge
    return replace(texts, knowledge=replace(given, vectors=given.vectors[order], raw=given.raw[order]))


def with_prose(data: Dataset, order: Rows | None) -> Dataset:
    """Deal out titles and prose by `order`, shape (n_items,), or take them away (None), words and all."""
    names, items = prose_columns(data.items), data.items
    if order is None:
        return replace(data, items=replace(items, table=items.table.drop(names), title=None))
    moved = [items.table[name].gather(order) for name in names]
    return replace(data, items=replace(items, table=items.table.with_columns(moved)))


def meaning(answers: Sequence[Answered], n_texts: int, rng: Generator) -> Probe:
    """Compare ours with the same model on shuffled texts and on none, over all rows of each table."""
    found = [_finding(kept, table, "all items", None, rng) for table, kept in _tables(answers).items()]
    return Probe(
        MEANING,
        "The same model was fitted with the texts dealt out among the items at random, and without texts. "
        "What ours gains over shuffled texts comes from what the texts say of the item; what shuffled texts "
        "gain over none comes from anything else.",
        (
            f"{n_texts:,} items have a text. Attributes (genres, tags, numbers) stay with their items; "
            "a year in a title goes with the title.",
        ),
        tuple(one for one in found if one is not None),
    )


def by_heart(answers: Sequence[Answered], data: Dataset, born: float | None, rng: Generator) -> Probe:
    """Compare the gain from texts on items newer than the encoder with that on older ones met as often."""
    question = (
        "A language model may have read about the items that it is tested on. It cannot have read about "
        "those that are newer than itself: if texts help there as much as for older items that were met as "
        "often, the gain is not knowledge by heart."
    )
    if born is None:
        said = "when the encoder was released is not known: --language-born DATE tells, like 2021-08-30"
        return Probe(BY_HEART, question, (said,))
    when, source = appeared(data)
    newer, older = when >= born, when < born
    notes = [
        f"{int(newer.sum()):,} items are newer than {spell(born)}, {int(older.sum()):,} older, "
        f"{int(np.isnan(when).sum()):,} of unknown age; an item's age is told by {source}"
    ]
    findings: list[Finding] = []
    for table, kept in _tables(answers).items():
        pairs = [_paired(one, newer, older, rng) for one in kept]
        for part, place in (("newer items", 0), ("older items of like popularity", 1)):
            found = _finding(kept, table, part, [pair[place] for pair in pairs], rng)
            findings += [found] if found is not None else []
    if len({found.part for found in findings}) < 2:
        notes.append("no item that was taken is newer, or none is older: this data cannot tell")
        findings = []
    return Probe(BY_HEART, question, tuple(notes), tuple(findings))


def _answers(
    seal: Seal,
    ours: Recorded,
    variants: Mapping[str, Entrant],
    progress: Progress | None,
) -> Iterator[Answered]:
    kept = iter(ours.lists)
    for fold in seal.folds(PROBES):
        lists: list[dict[str, Rows]] = [{ours.name: next(kept)} for _ in fold.tasks]
        for place, (name, variant) in enumerate(variants.items()):
            if progress is not None:
                progress(f"{fold.name}: {name}", place, len(variants))
            variant.fit(fold.train, first=fold.first)
            for task, found in zip(fold.tasks, lists, strict=True):
                k = found[ours.name].shape[1]
                found[name] = variant.rank(task.queries, k, candidates=task.candidates, repeat=task.repeat)
        for task, found in zip(fold.tasks, lists, strict=True):
            yield Answered(fold, task, 1.0 if seal.protocol.pooled else 1.0 / max(1, len(task)), found)


def _tables(answers: Sequence[Answered]) -> dict[str, list[Answered]]:
    found: dict[str, list[Answered]] = {}
    for one in answers:
        if len(one.task):
            found.setdefault(one.task.table, []).append(one)
    return found


def _paired(one: Answered, newer: Mask, older: Mask, rng: Generator) -> tuple[Mask, Mask]:
    """Choose target items: newer ones, and for each of them the older one with most nearly as many events."""
    chosen: tuple[Mask, Mask] = (np.zeros_like(newer), np.zeros_like(newer))
    targets = np.unique(np.concatenate(one.task.targets))
    met = np.log1p(one.fold.train.item_counts())
    free = rng.permutation(targets[older[targets]])
    for item in rng.permutation(targets[newer[targets]])[:MOST_PAIRS]:
        if not len(free):
            break
        place = int(np.abs(met[free] - met[item]).argmin())
        chosen[0][item] = chosen[1][free[place]] = True
        free = np.delete(free, place)
    return chosen


def _finding(
    answers: Sequence[Answered], table: str, part: str, items: Sequence[Mask] | None, rng: Generator
) -> Finding | None:
    """Judge the rows of a table by some of the targets (None: by all); None where there is no such row."""
    users, weights, values, events, shown = [], [], [], [], []
    for place, one in enumerate(answers):
        targets = one.task.targets if items is None else [t[items[place][t]] for t in one.task.targets]
        kept = np.array([len(rows) > 0 for rows in targets], dtype=bool)
        relevant = [rows for rows in targets if len(rows)]
        if not relevant:
            continue
        n = counts(relevant)
        values.append(
            np.stack([ndcg(hits(rows[kept, :10], relevant), n) for rows in one.lists.values()], axis=1)
        )
        users.append(one.task.users[kept])
        weights.append(np.full(len(relevant), one.weight))
        shown.append(np.unique(np.concatenate(relevant)))
        events.append(one.fold.train.item_counts()[shown[-1]])
    if not values:
        return None
    own, *others = answers[0].lists
    table_of, whose, weight = np.concatenate(values), np.concatenate(users), np.concatenate(weights)
    gaps = table_of[:, :1] - table_of[:, 1:]
    found = clustered(np.concatenate([table_of, gaps], axis=1), whose, rng=rng, weights=weight)
    sums, _ = totals(gaps, whose, weight)
    p = [randomisation(gap, np.zeros(len(gap)), rng=rng) for gap in sums.T]
    columns = zip(others, found[1 + len(others) :], p, holm(p).tolist(), strict=True)
    return Finding(
        table=table,
        part=part,
        lists=len(whose),
        users=len(np.unique(whose)),
        items=len(np.unique(np.concatenate(shown))),
        events=float(np.median(np.concatenate(events))),
        means=dict(zip((own, *others), found, strict=False)),
        gains=tuple(Difference("NDCG@10", own, *column) for column in columns),
    )
