"""The exam of the closed forms: questions of the rehearsal, on which their settings are judged."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np

from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.item_to_item import ItemToItem
from penchant.rank.bundle import fingerprint
from penchant.rank.forms import DECAYS, KINDS, WIDE
from penchant.rank.rehearsal import Questions, Rehearsal, marked, sample
from penchant.store.versions import versions
from penchant.tune.coordinates import Settings
from penchant.types import Query, Rows

HEAD, ASKED, PARTS = 2_500, 400, 5


@dataclass(frozen=True, slots=True)
class Exam:
    """What settings are judged by: the events learned from, their texts, questions and answers in parts."""

    data: Dataset
    knowledge: Knowledge
    parts: list[tuple[list[Query], list[Rows]]]
    seed: int

    @classmethod
    def of(cls, rehearsal: Rehearsal, knowledge: Knowledge, seed: int) -> "Exam":
        """Ask about the most frequent items only where there are many."""
        head, queries, targets = _head(rehearsal.train, *_asked(rehearsal, seed))
        pairs = [pair for pair in zip(queries, targets, strict=True) if len(pair[1])]
        return cls(head, knowledge, [([q for q, _ in pairs], [t for _, t in pairs])] if pairs else [], seed)

    def dealt(self) -> "Exam":
        """Deal the questions out into parts, each as mixed as the whole."""
        queries = [query for part, _ in self.parts for query in part]
        targets = [rows for _, part in self.parts for rows in part]
        order = np.random.default_rng(self.seed).permutation(len(queries))
        dealt = np.array_split(order, min(PARTS, len(order)))
        return replace(self, parts=[([queries[i] for i in p], [targets[i] for i in p]) for p in dealt])

    def score(self, name: str, trial: Settings, report: Callable[[float], None] | None = None) -> float:
        """Return the mean NDCG@20 of a closed form with the settings, in the best of its views.

        `report` hears how it stands after each part of the questions.
        """
        kind = KINDS[name]
        model = kind(**trial).fit(self.data, self.knowledge, rng=np.random.default_rng(self.seed))  # type: ignore[attr-defined]
        views = [replace(model, decay=decay) for decay in DECAYS[name].values()]
        gains: list[list[np.ndarray]] = [[] for _ in views]
        for part in self.parts:
            for view, own in zip(views, gains, strict=True):
                own.append(_gains(view, *part))
            top = max(float(np.concatenate(own).mean()) for own in gains)
            if report is not None:
                report(top)
        return top

    def mark(self) -> str:
        """Return a hash of all that the score rests on."""
        digest = sha256(fingerprint(self.data).encode())
        digest.update(np.ascontiguousarray(self.knowledge.raw).data)
        settled = (self.seed, WIDE, KINDS, DECAYS, HEAD, ASKED, versions()["penchant"])
        digest.update(repr(settled).encode())
        return digest.hexdigest()


def _asked(rehearsal: Rehearsal, seed: int) -> tuple[list[Query], list[Rows]]:
    """Return questions with a history, as many of "visit" as of "return" where there are enough."""
    rng, queries, targets = np.random.default_rng(seed), [], []
    for kind in ("visit", "return"):
        groups: list[Questions] = [group for group in rehearsal.questions if group.kind == kind]
        pairs = [pair for group in groups for pair in zip(group.queries, group.targets, strict=True)]
        pairs = [pair for pair in pairs if len(pair[0].rows)]
        for place in sample(len(pairs), ASKED, rng):
            queries.append(pairs[place][0])
            targets.append(pairs[place][1])
    return queries, targets


def _head(
    data: Dataset, queries: list[Query], targets: list[Rows]
) -> tuple[Dataset, list[Query], list[Rows]]:
    """Keep the events of the most frequent items; the rows stay as they are."""
    items = data.item_counts()
    if (items > 0).sum() <= HEAD:
        return data, queries, targets
    rare = np.ones(len(items), dtype=bool)
    rare[np.argsort(-items, kind="stable")[:HEAD]] = False
    kept = data.with_interactions(data.interactions.where(~rare[data.interactions.items]))
    return kept, queries, [rows[~rare[rows]] for rows in targets]


def _gains(model: ItemToItem, queries: list[Query], targets: list[Rows]) -> np.ndarray:
    """Return NDCG@20 of each question; the history is left out of the lists."""
    found = []
    for start in range(0, len(queries), 256):
        chunk = slice(start, start + 256)
        found.append(marked(model.score(queries[chunk]), queries[chunk], targets[chunk], 20))
    return np.concatenate(found)
