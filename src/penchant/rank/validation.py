"""How well a ranking foretells the last slice of time: what decides which of two is kept."""

from dataclasses import dataclass

import numpy as np

from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.rank.blend import Sources
from penchant.rank.moments import Moments
from penchant.rank.ranking import Ranking
from penchant.rank.rehearsal import Questions, marked, rehearse
from penchant.rank.settings import build
from penchant.types import Rows, Vectors

K, CHUNK = 10, 256
KINDS = {"visit": "warm", "return": "warm", "cold": "cold"}


@dataclass(frozen=True, slots=True)
class Foretold:
    """NDCG@10 of each question of the rehearsal, of those that rank the `cold` items alone apart."""

    warm: Vectors
    cold: Vectors

    @property
    def mean(self) -> float:
        """The mean of all questions, each alike; NaN without any."""
        found = np.concatenate((self.warm, self.cold))
        return float(found.mean()) if len(found) else float("nan")

    def __str__(self) -> str:
        sides = (("warm", self.warm), ("cold", self.cold))
        told = [f"{name} items {marks.mean():.4f} ({len(marks):,})" for name, marks in sides if len(marks)]
        return ", ".join([f"NDCG@{K} {self.mean:.4f}", *told]) if told else "no questions"


def foretold(ranking: Ranking, data: Dataset, knowledge: Knowledge) -> Foretold:
    """Fit a ranking's plan on what came before the last slice of time, and ask what came then.

    The blend was learned on the same questions: this compares rankings with one another, and is no estimate
    of how good either is.
    """
    plan = ranking.plan
    rehearsal = rehearse(data, np.random.default_rng(plan.seed))
    scorers = build(plan.settings, rehearsal.train, knowledge, plan.seed)
    moments = Moments(rehearsal.train, scorers, knowledge)
    names = plan.blends.new.names[:-1]
    asked = [group for group in rehearsal.questions if group.kind in KINDS]
    measured = Sources.measured(
        {name: scorers[name] for name in names}, [query for group in asked for query in group.queries]
    )
    marks: dict[str, list[Vectors]] = {"warm": [], "cold": []}
    for group in asked:
        columns = np.flatnonzero(rehearsal.cold) if group.kind == "cold" else None
        marks[KINDS[group.kind]].append(_marks(group, columns, moments, measured, ranking))
    nothing = np.empty(0, dtype=np.float32)
    return Foretold(*(np.concatenate([nothing, *marks[side]]) for side in ("warm", "cold")))


def _marks(
    group: Questions, columns: Rows | None, moments: Moments, measured: Sources, ranking: Ranking
) -> Vectors:
    """Return NDCG@10 of each question, over the items in `columns` alone where they are given."""
    sources, evidence = moments.as_of(group, measured)
    n, found = len(evidence.counts), []
    for start in range(0, len(group.queries), CHUNK):
        chunk = slice(start, start + CHUNK)
        queries = group.queries[chunk]
        known = evidence.features(queries, np.arange(n))
        scores = ranking.plan.blends.new.score(sources.standard(queries, None, n), known)
        found.append(marked(scores, queries, group.targets[chunk], K, columns))
    return np.concatenate(found)
