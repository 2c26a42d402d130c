"""One query at a time, for a service: the scores of `Ranking.score`, without what only batches need.

Views of one closed form share one product, what depends on items alone is computed once, and the trust in
each source is summed before it meets the items:

    y_i = Σ_f φ_f(q, i) Σ_k θ_kf z_k(q, i),   z_k = (s_k − m_k) / d_k.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from penchant.models.content import Content
from penchant.models.factors import Factors
from penchant.models.history import decayed, distinct
from penchant.models.item_to_item import ItemToItem
from penchant.models.popularity import Popularity
from penchant.rank.blend import Scale
from penchant.rank.evidence import NAMES
from penchant.rank.horizons import directions
from penchant.rank.ranking import Ranking
from penchant.types import Query, Rows, Scores, Slate, Vectors

AGE = 3600.0
"""Seconds after which what depends on the age of items is computed again."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Views of one matrix of items; `places`, (n_items,), are rows of the matrix, −1 outside, None: all."""

    weights: Any
    active: Rows
    places: Rows | None
    views: tuple[tuple[int, ItemToItem, Scale], ...]

    def fill(self, found: Vectors, rows: Rows, weights: Vectors) -> None:
        """Put the standard scores of all views into their rows of `found`, (K, I)."""
        inside = slice(None) if self.places is None else self.places[rows] >= 0
        at = rows if self.places is None else self.places[rows][inside]
        x = np.zeros((len(self.views), len(rows)), dtype=np.float32)
        for place, (_, model, scale) in enumerate(self.views):
            own = decayed(rows, weights, model.decay, model.limit)[1]
            x[place, : len(own)] = own * np.float32(1.0 / scale.spread)
        given = self.times(x[:, inside], at)
        for place, (k, _, scale) in enumerate(self.views):
            found[k] = np.float32(-scale.mean / scale.spread)
            if self.places is None:
                found[k] += given[place]
            else:
                found[k, self.active] += given[place]

    def times(self, x: Vectors, at: Rows) -> Vectors:
        """Multiply (V, T) with the rows `at` of the matrix, (V, A)."""
        if sp.issparse(self.weights):
            return np.asarray((sp.csr_matrix(x) @ self.weights[at]).toarray(), dtype=np.float32)
        return np.asarray(x @ self.weights[at], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Folded:
    """Factors, with the algebra that does not depend on who asks."""

    k: int
    model: Factors
    scale: Scale
    gram: NDArray[np.float64]

    def fill(self, found: Vectors, rows: Rows, weights: Vectors) -> None:
        """Put the standard scores into their row of `found`."""
        rows, weights = rows[: self.model.limit], weights[: self.model.limit]
        found[self.k] = np.float32(-self.scale.mean / self.scale.spread)
        if len(rows) and self.model.vectors.shape[1]:
            v, c = self.model.vectors[rows].astype(np.float64), self.model.confidence * weights
            user = np.linalg.solve(self.gram + (v.T * (np.abs(c) - 1.0)) @ v, c @ v) / self.scale.spread
            found[self.k] += self.model.vectors @ user.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Placed:
    """Content: a history in the space of behaviour, times the items."""

    k: int
    model: Content
    scale: Scale
    places: Rows

    def fill(self, found: Vectors, rows: Rows, weights: Vectors) -> None:
        """Put the standard scores into their row of `found`."""
        found[self.k] = np.float32(-self.scale.mean / self.scale.spread)
        rows, x = decayed(rows, weights)
        at = self.places[rows]
        if (at >= 0).any():
            user = x[at >= 0] @ self.model.tastes[at[at >= 0]] / np.float32(self.scale.spread)
            found[self.k] += self.model.vectors @ user


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
    fresh: tuple[float, Vectors] = field(default=(-np.inf, np.empty(0, dtype=np.float32)))

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
                groups.setdefault(id(model.weights), []).append((k, model, scale))
            elif isinstance(model, Factors):
                gram = (model.vectors.T @ model.vectors).astype(np.float64)
                parts.append(Folded(k, model, scale, gram + model.l2 * np.eye(len(gram))))
            elif isinstance(model, Content):
                parts.append(Placed(k, model, scale, _places(model.active, n)))
            else:
                rest[k] = name
        for views in groups.values():
            first = views[0][1]
            whole = len(first.active) == n
            parts.append(
                Shared(first.weights, first.active, None if whole else _places(first.active, n), tuple(views))
            )
        known = ranking.evidence.features([Query(rows=np.zeros(1, dtype=np.int64))], np.arange(n))[:, 0]
        theta = np.ascontiguousarray(blend.theta.T.astype(np.float32))
        at = NAMES.index
        return cls(
            ranking,
            tuple(parts),
            constant,
            rest,
            theta,
            known[at("events")],
            known[at("cold")],
            directions(blend.names),
        )

    def popular(self, ranking: Ranking, scores: Mapping[str, Scores]) -> "Single":
        """Return it with other popularities, by the name of their source; `ranking` has them already."""
        constant, names = self.constant.copy(), ranking.plan.blends.new.names
        for name, own in scores.items():
            if name in names:
                scale = ranking.sources.scales[name]
                constant[names.index(name)] = (own - np.float32(scale.mean)) / np.float32(scale.spread)
        return replace(self, ranking=ranking, constant=constant)

    def score(self, query: Query) -> Scores:
        """Return the scores of all items, (n_items,)."""
        if not (len(query.rows) or len(query.wanted)):
            trust = self.theta[NAMES.index("newcomer")]
            return self._newcomer(query, trust) + self.ranking.words([query]).ravel()
        scores = self._blended(query, self._standard(query))
        words = self.ranking.words([query])
        return np.asarray(scores + words[0] if words.ndim else scores)

    def sides(self, query: Query) -> tuple[Scores, Scores]:
        """Return the scores of a history by itself, and what a balance of 1 adds to them, (n_items,) each."""
        found = self._standard(query)
        return self._blended(query, found), self._blended(query, found * self.directions[:, None])

    def _blended(self, query: Query, standard: Vectors) -> Scores:
        """Return the sum of the standard scores, (K, n_items), each trusted as the evidence says."""
        n, names = self.ranking.n_items, NAMES.index
        mixed = self.theta @ standard  # (F, n_items)
        scores = mixed[names("always")]
        length = np.float32(np.log1p(len(query.rows) + len(query.wanted)) / np.log(21.0) - 1.0)
        scores += length * mixed[names("history")]
        scores += self.events * mixed[names("events")]
        scores += self._fresh(query.at) * mixed[names("fresh")]
        scores += self.cold * mixed[names("cold")]
        seen = query.rows[(query.rows >= 0) & (query.rows < n)]
        seen = np.unique(seen)
        scores[seen] += mixed[names("seen"), seen]
        return np.asarray(scores)

    def slate(self, query: Query, rows: Rows) -> Slate:
        """Return what each source gives to the items in `rows`, as `Ranking.slate`."""
        blend, ranking = self.ranking.plan.blends.new, self.ranking
        standard = np.ascontiguousarray(self._standard(query)[:, rows])
        shares = blend.shares(standard[:, None], ranking.evidence.features([query], rows))[:, 0]
        given = dict(zip(blend.names, shares, strict=True))
        words = ranking.words([query], rows)
        if words.ndim:
            given["words"] = words[0]
        scores = np.asarray(np.sum(list(given.values()), axis=0, dtype=np.float32))
        return Slate(rows, scores, given, np.ones(len(rows), dtype=np.float32))

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


def _places(active: Rows, n_items: int) -> Rows:
    """Return the place of each item among the active ones, −1 for others, (n_items,)."""
    places = np.full(n_items, -1, dtype=np.int64)
    places[active] = np.arange(len(active))
    return places
