"""One query at a time, for a service: the scores of `Ranking.score`, without what only batches need.

What depends on items alone is computed once, and the trust in each source is summed before it meets items:

    y_i = Σ_f φ_f(q, i) Σ_k θ_kf z_k(q, i),   z_k = (s_k − m_k) / d_k.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from penchant.models.content import Content
from penchant.models.factors import Factors
from penchant.models.history import distinct
from penchant.models.item_to_item import ItemToItem
from penchant.models.popularity import Popularity
from penchant.rank.blend import Scale
from penchant.rank.evidence import NAMES, long
from penchant.rank.horizons import directions
from penchant.rank.ranking import Ranking
from penchant.rank.single_parts import Folded, Placed, Shared, address, places_of
from penchant.types import Query, Rows, Scores, Slate, Vectors

AGE = 3600.0
"""Seconds after which what depends on the age of items is computed again."""
NEVER = (-np.inf, np.empty(0, dtype=np.float32))


@dataclass(slots=True)
class Single:
    """A ranking made ready for single queries; for lists that do not repeat the history."""

    ranking: Ranking
    parts: tuple[Shared | Folded | Placed, ...]
    constant: Vectors
    rest: Mapping[int, str]
    theta: Vectors
    events: Vectors
    cold: Vectors
    directions: Vectors
    fresh: tuple[float, Vectors] = NEVER

    @classmethod
    def of(cls, ranking: Ranking) -> Self:
        """Make it ready: in milliseconds."""
        blend, scales, n = ranking.plan.blends.new, ranking.sources.scales, ranking.n_items
        constant = np.zeros((len(blend.names), n), dtype=np.float32)
        constant[-1] = 1.0
        groups: dict[int, list[tuple[int, ItemToItem, Scale]]] = {}
        parts: list[Shared | Folded | Placed] = []
        rest: dict[int, str] = {}
        for k, name in enumerate(blend.names[:-1]):
            model, scale = ranking.sources.scorers[name], scales[name]
            if isinstance(model, Popularity):
                constant[k] = (model.scores - np.float32(scale.mean)) / np.float32(scale.spread)
            elif isinstance(model, ItemToItem):
                groups.setdefault(address(model.weights), []).append((k, model, scale))
            elif isinstance(model, Factors):
                gram = (model.vectors.T @ model.vectors).astype(np.float64)
                own = np.asfortranarray(
                    model.vectors
                )  # columns lie together: a product reads three times as fast
                parts.append(Folded(k, model, scale, gram + model.l2 * np.eye(len(gram)), own))
            elif isinstance(model, Content):
                own = np.asfortranarray(model.vectors)
                parts.append(Placed(k, model, scale, places_of(model.active, n), own))
            else:
                rest[k] = name
        for views in groups.values():
            first = views[0][1]
            whole = len(first.active) == n
            parts.append(
                Shared(
                    first.weights, first.active, None if whole else places_of(first.active, n), tuple(views)
                )
            )
        theta = np.ascontiguousarray(blend.theta.T.astype(np.float32))
        known = *_known(ranking), directions(blend.names)
        return cls(ranking, tuple(parts), constant, rest, theta, *known)

    def moved(self, ranking: Ranking, scores: Mapping[str, Scores]) -> "Single":
        """Return it with other popularities, by the name of their source; `ranking` has them already, and
        may have other evidence.
        """
        constant, names = self.constant.copy(), ranking.plan.blends.new.names
        for name, own in scores.items():
            if name in names:
                scale = ranking.sources.scales[name]
                constant[names.index(name)] = (own - np.float32(scale.mean)) / np.float32(scale.spread)
        events, cold = _known(ranking)
        return replace(self, ranking=ranking, constant=constant, events=events, cold=cold, fresh=NEVER)

    def score(self, query: Query) -> Scores:
        """Return the scores of all items, (n_items,)."""
        return self.scored(query)[0]

    def scored(self, query: Query) -> tuple[Scores, Vectors | None]:
        """Return the scores of all items, and the standard scores, (K, n_items), where they were needed."""
        if not (len(query.rows) or len(query.wanted)):
            trust = self.theta[NAMES.index("newcomer")]
            return self._newcomer(query, trust) + self.ranking.words([query]).ravel(), None
        standard = self._standard(query)
        scores, words = self._blended(query, standard), self.ranking.words([query])
        return np.asarray(scores + words[0] if words.ndim else scores), standard

    def sides(self, query: Query) -> tuple[Scores, Scores]:
        """Return the scores of a history by itself, and what a balance of 1 adds to them, (n_items,) each."""
        found = self._standard(query)
        return self._blended(query, found), self._blended(query, found * self.directions[:, None])

    def added(self, query: Query, rows: Rows, standard: Vectors) -> Scores:
        """Return what a balance of 1 adds to the scores of some items, (k,), from standard ones, (K, k)."""
        trust = self.ranking.plan.blends.new.trust(self.evidence(query, rows))
        plain = standard / (1.0 + np.float32(query.balance) * self.directions)[:, None]
        return np.asarray(self.directions @ (trust * plain))

    def _blended(self, query: Query, standard: Vectors) -> Scores:
        """Return the sum of the standard scores, (K, n_items), each trusted as the evidence says."""
        names = NAMES.index
        mixed = self.theta @ standard  # (F, n_items)
        scores = mixed[names("always")]
        scores += _length(query) * mixed[names("history")]
        scores += self.events * mixed[names("events")]
        scores += self._fresh(query.at) * mixed[names("fresh")]
        scores += self.cold * mixed[names("cold")]
        seen = np.unique(query.rows[(query.rows >= 0) & (query.rows < len(scores))])
        scores[seen] += mixed[names("seen"), seen]
        return np.asarray(scores)

    def evidence(self, query: Query, rows: Rows) -> Vectors:
        """Return how much is known of a query and of some items, (F, k), in the order of NAMES."""
        found, at = np.zeros((len(NAMES), len(rows)), dtype=np.float32), NAMES.index
        if not (len(query.rows) or len(query.wanted)):
            found[at("newcomer")] = 1.0
            return found
        found[at("always")], found[at("history")] = 1.0, _length(query)
        found[at("events")], found[at("cold")] = self.events[rows], self.cold[rows]
        found[at("fresh")], found[at("seen")] = self._fresh(query.at)[rows], np.isin(rows, query.rows)
        return found

    def divided(
        self, query: Query, rows: Rows, standard: Vectors | None = None
    ) -> tuple[Slate, Rows, Vectors, dict[str, NDArray[np.float64]]]:
        """Return a slate, a history, latest first, (T,), what each of its items gives to those in `rows`,
        (T, k), and what of each source's share is not given by items of the history, (k,) each.

        `standard`, (K, k), are the standard scores of these items where they are known.
        """
        slate, trust = self._told(query, rows, standard)
        had, weights = distinct(query, self.ranking.n_items)
        given = np.zeros((len(had), len(rows)), dtype=np.float32)
        rest = {name: share.astype(np.float64) for name, share in slate.shares.items()}
        names = self.ranking.plan.blends.new.names
        for part in self.parts:
            if not isinstance(part, Folded):
                own, sums = part.divided(had, weights, rows, trust)
                given += own
                for k, total in sums.items():
                    rest[names[k]] -= total
        return slate, had, given, rest

    def _told(self, query: Query, rows: Rows, standard: Vectors | None) -> tuple[Slate, Vectors]:
        """Return a slate, and the trust in each source for each of its items, (K, k)."""
        blend, words = self.ranking.plan.blends.new, self.ranking.words([query], rows)
        standard = self._standard(query)[:, rows] if standard is None else standard
        trust = blend.trust(self.evidence(query, rows))
        given = dict(zip(blend.names, standard * trust, strict=True))
        if words.ndim:
            given["words"] = words[0]
        scores = np.asarray(np.sum(list(given.values()), axis=0, dtype=np.float32))
        if query.balance:
            trust = trust * (1.0 + np.float32(query.balance) * self.directions)[:, None]
        return Slate(rows, scores, given, np.ones(len(rows), dtype=np.float32)), trust

    def _newcomer(self, query: Query, trust: Vectors) -> Scores:
        """Return what newcomers trust: sources without a weight are not asked."""
        scores = trust @ self.constant
        for k, name in self.rest.items():
            if trust[k]:
                scores += trust[k] * self._other(name, query)
        if any(trust[part.k] for part in self.parts if not isinstance(part, Shared)) or any(
            trust[k] for part in self.parts if isinstance(part, Shared) for k, _, _ in part.views
        ):
            return np.asarray(trust @ self._standard(query))
        return np.asarray(scores)

    def _standard(self, query: Query) -> Vectors:
        """Return the standard scores of all sources, (K, n_items)."""
        found = self.constant.copy()
        rows, weights = distinct(query, self.ranking.n_items)
        for part in self.parts:
            part.fill(found, rows, weights)
        for k, name in self.rest.items():
            found[k] = self._other(name, query)
        if query.balance:
            found *= (1.0 + np.float32(query.balance) * self.directions)[:, None]
        return found

    def _other(self, name: str, query: Query) -> Scores:
        scale = self.ranking.sources.scales[name]
        own = self.ranking.sources.scorers[name].score([query])[0]
        return np.asarray((own - np.float32(scale.mean)) / np.float32(scale.spread))

    def _fresh(self, at: float) -> Vectors:
        """Return how fresh items are; what is an hour old will do where the log is far longer."""
        then, fresh = self.fresh
        if not 0 <= at - then <= min(AGE, self.ranking.evidence.span / 5_000):
            fresh = self.ranking.evidence.fresh(at)
            self.fresh = (at, fresh)
        return fresh


def _length(query: Query) -> np.float32:
    """Return the evidence that the length of a history gives."""
    return np.float32(long(len(query.rows) + len(query.wanted)))


def _known(ranking: Ranking) -> tuple[Vectors, Vectors]:
    """Return the evidence that does not depend on who asks nor when: events and cold, (n_items,) each."""
    anybody = Query(rows=np.zeros(1, dtype=np.int64))
    known = ranking.evidence.features([anybody], np.arange(ranking.n_items))[:, 0]
    return known[NAMES.index("events")], known[NAMES.index("cold")]
