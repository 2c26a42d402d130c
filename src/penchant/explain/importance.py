"""Importance: how much worse lists become when an attribute is dealt out anew among items or people.

Permutation importance (Breiman, Machine Learning 2001; Fisher, Rudin and Dominici, JMLR 2019), on the
rehearsal's questions, with the models fitted on its training part: importance(j) = NDCG@20 − NDCG@20 with
attribute j permuted, averaged over permutations. What one attribute loses, another that says the same keeps.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.data.dataset import Dataset
from penchant.errors import SettingError
from penchant.language.knowledge import Knowledge
from penchant.models.content import Content
from penchant.models.description import Parts
from penchant.models.scorer import Scorer
from penchant.rank.blend import Blend, Sources
from penchant.rank.moments import Moments
from penchant.rank.ranking import Plan
from penchant.rank.rehearsal import Questions, marked, rehearse, sample
from penchant.rank.settings import build
from penchant.types import NO_ROWS, Query, Rows, Scores, Vectors

ASKED, K = 400, 20
TEXTS, MEDIA = "(texts)", "(pictures and media)"
KINDS = {"visit": "known items", "return": "known items", "cold": "cold items"}
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions of one kind with all scores, (Q, I): as they are, of one source alone, and its trust in both.

    `columns` are the only items that may be listed, all where it is empty.
    """

    part: str
    queries: list[Query]
    targets: list[Rows]
    scores: Scores
    own: Mapping[str, Scores]
    trust: Mapping[str, Scores]
    columns: Rows

    def quality(self, name: str = "", other: Scores | None = None) -> Vectors:
        """Return NDCG@20 of each question, with other scores of the source `name` where they are given."""
        scores = self.scores.copy()
        if other is not None:
            scores += self.trust[name] * (other - self.own[name])
        return marked(scores, self.queries, self.targets, K, self.columns if len(self.columns) else None)


def importances(
    data: Dataset,
    knowledge: Knowledge,
    plan: Plan,
    *,
    repeats: int = 5,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Return a table: table, attribute, questions, lists, ndcg, importance, deviation; weightiest first.

    Raises SettingError where nothing can be asked, or nothing is known of items and people.
    """
    rehearsal = rehearse(data, np.random.default_rng(plan.seed))
    scorers = build(plan.settings, rehearsal.train, knowledge, plan.seed)
    groups = [
        _some(group, plan.seed) for group in rehearsal.questions if group.kind in KINDS and not group.again
    ]
    if not groups:
        raise SettingError("there are too few events to ask questions of", hint="fit on more events")
    wanted = [*of_items(rehearsal.train, knowledge, scorers), *of_people(rehearsal.train, scorers)]
    if not wanted:
        raise SettingError(
            "nothing is known of items or people but their events", hint="bring an items or a users table"
        )
    measured = Sources.measured(scorers, [query for group in rehearsal.questions for query in group.queries])
    cold = np.flatnonzero(rehearsal.cold)
    moments = Moments(rehearsal.train, scorers, knowledge)
    asked = [answered(group, moments, measured, plan.blends.new, cold) for group in groups]
    rng, parts = np.random.default_rng(plan.seed), sorted({one.part for one in asked})
    lines: dict[tuple[str, str, str], list[tuple[Vectors, Vectors]]] = {}
    for done, one in enumerate(wanted):
        for _ in range(repeats):
            scorer, people = one.permuted(rng)
            for part in parts:
                own = [group for group in asked if group.part == part]
                before = np.concatenate([group.quality() for group in own])
                after = [group.quality(one.source, scorer.score(people(group.queries))) for group in own]
                pair = before, np.concatenate(after)
                lines.setdefault((one.table, one.name, part), []).append(pair)
        if progress is not None:
            progress(done + 1, len(wanted))
    return _table(lines)


def answered(group: Questions, moments: Moments, measured: Sources, blend: Blend, cold: Rows) -> Asked:
    """Score the questions of a group, as of their moment."""
    sources, evidence = moments.as_of(group, measured)
    chosen = Sources({name: sources.scorers[name] for name in blend.names[:-1]}, sources.scales)
    known = evidence.features(group.queries, np.arange(len(evidence.counts)))
    scores = blend.score(chosen.standard(group.queries, None, len(evidence.counts)), known)
    trusted = blend.trust(known)
    own, trust = {}, {}
    for name in ("content", "features"):
        if name in chosen.scorers:
            own[name] = chosen.scorers[name].score(group.queries)
            trust[name] = trusted[blend.names.index(name)] / np.float32(chosen.scales[name].spread)
    columns = cold if group.kind == "cold" else NO_ROWS
    return Asked(KINDS[group.kind], group.queries, group.targets, scores, own, trust, columns)


People = Callable[[Sequence[Query]], Sequence[Query]]


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something known of items or people; `permuted` gives its source with it dealt out anew.

    The source is a model and, beside it, how those who ask come to it.
    """

    table: str
    name: str
    source: str
    permuted: Callable[[Generator], tuple[Scorer, People]]


def of_items(data: Dataset, knowledge: Knowledge, scorers: Mapping[str, Scorer]) -> Iterator[Attribute]:
    """Yield the attributes of items that the content map reads, their texts and pictures among them."""
    content = scorers["content"]
    assert isinstance(content, Content)
    parts, space = content.parts_of(data.items, knowledge), content.attributes.space
    groups, texts = np.asarray(space.groups), parts.texts.any() or parts.words.nnz

    def dealt(name: str, columns: Rows, rng: Generator) -> tuple[Scorer, People]:
        placed = content.place(content.weigh(_dealt(parts, name, columns, rng)))
        return replace(content, vectors=placed), list

    for place, name in enumerate(space.columns):
        yield Attribute("items", name, "content", partial(dealt, name, np.flatnonzero(groups == place)))
    for name, there in ((TEXTS, texts), (MEDIA, parts.media.any())):
        if there:
            yield Attribute("items", name, "content", partial(dealt, name, NO_ROWS))


def of_people(data: Dataset, scorers: Mapping[str, Scorer]) -> Iterator[Attribute]:
    """Yield the attributes of people that the crosses with items read."""
    features, groups = scorers.get("features"), np.asarray(data.space.groups)
    if features is None or data.traits is None:
        return

    def dealt(mine: NDArray[np.bool_], rng: Generator) -> tuple[Scorer, People]:
        order = rng.permutation(data.n_users)

        def people(queries: Sequence[Query]) -> list[Query]:
            rows = data.users.vocabulary.rows([query.key for query in queries])
            others = data.features(order[rows])
            return [_mixed(query, other, mine) for query, other in zip(queries, others, strict=True)]

        return features, people

    for place, name in enumerate(data.space.columns):
        yield Attribute("users", name, "features", partial(dealt, groups == place))


def _mixed(query: Query, other: Vectors | None, mine: NDArray[np.bool_]) -> Query:
    assert query.features is not None and other is not None
    return replace(query, features=np.where(mine, other, query.features))


def _dealt(parts: Parts, name: str, columns: Rows, rng: Generator) -> Parts:
    """Return the parts of descriptions with one of them dealt out anew among the items."""
    order = rng.permutation(len(parts.texts))
    if name == MEDIA:
        return replace(parts, media=parts.media[order])
    if name == TEXTS:
        return replace(parts, texts=parts.texts[order], words=parts.words[order])
    kept = np.ones(parts.attributes.shape[1], dtype=np.float32)
    kept[columns] = 0.0
    mixed = parts.attributes @ sp.diags(kept) + parts.attributes[order] @ sp.diags(1.0 - kept)
    return replace(parts, attributes=sp.csr_matrix(mixed, dtype=np.float32))


def _some(group: Questions, seed: int) -> Questions:
    kept = sample(len(group.queries), ASKED, np.random.default_rng(seed)).tolist()
    return replace(group, queries=[group.queries[i] for i in kept], targets=[group.targets[i] for i in kept])


def _table(lines: Mapping[tuple[str, str, str], list[tuple[Vectors, Vectors]]]) -> pl.DataFrame:
    rows = []
    for (table, attribute, part), found in lines.items():
        lost = [float((before - after).mean()) for before, after in found]
        rows.append(
            {
                "table": table,
                "attribute": attribute,
                "questions": part,
                "lists": len(found[0][0]),
                "ndcg": float(found[0][0].mean()),
                "importance": float(np.mean(lost)),
                "deviation": float(np.std(lost, ddof=1)) if len(lost) > 1 else 0.0,
            }
        )
    return pl.DataFrame(rows).sort("questions", "importance", descending=[True, True], maintain_order=True)
