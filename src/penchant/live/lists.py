"""From a query to a list: score everything once, leave out what must not appear, put in order.

    y'_i = y_i + Σ ln(times) over the boosts that speak of i,

since scores are log odds. Pinned items come first, in the order in which they were pinned.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.errors import UnknownIdError
from penchant.explain.wording import Lang
from penchant.live.asked import RANKED, SAMPLED, Asked, Why, drawn
from penchant.live.candidates import Candidates, foremost
from penchant.live.histories import rows_of
from penchant.live.rules import Rules
from penchant.live.world import World
from penchant.models.scorer import best
from penchant.recommender import Recommender
from penchant.rerank.mmr import POOL, mmr
from penchant.types import Query, Reason, Rows, Scores, Vectors

SPREAD = 200
"""Candidates among which a list is drawn at random."""


@dataclass(frozen=True, slots=True)
class List:
    """A list as it was put in order, with the query that it answers; `reasons`, by language, when asked for.

    `told` and `chances` are scores and propensities as plain numbers; `rendered` is
    what callers made of it, kept as long as the list; `standard`, (K, k), are the standard scores of the
    sources, to be explained from; `candidates` are for learning from what is taken.
    """

    rows: Rows
    ids: tuple[str, ...]
    scores: Scores
    propensities: Vectors
    policy: str
    query: Query
    fallback: str = ""
    unknown: tuple[str, ...] = ()
    reasons: dict[str, tuple[tuple[Reason, ...], ...]] = field(default_factory=dict)
    told: tuple[float, ...] = ()
    chances: tuple[float, ...] = ()
    rendered: dict[Any, Any] = field(default_factory=dict)
    standard: Vectors | None = None
    candidates: Candidates | None = None


def listed(
    world: World,
    query: Query,
    asked: Asked,
    barred: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    rules: Rules,
) -> List:
    """Return the list for a query.

    Raises UnknownIdError where candidates are named and none is known, InputError for a filter that the
    catalogue does not have.
    """
    standard: Vectors | None = None
    if asked.repeat is not False:
        scores = world.model.ranking.score([query], repeat=True)[0]
    else:
        scores, standard = world.single.scored(query)
    open_ = allowed(world, query, asked, barred)
    for boost in asked.boosts:
        there = rows_of(boost.items, world)
        if boost.filter is not None:
            there = np.concatenate((there, np.flatnonzero(world.attributes.passing(boost.filter)[0])))
        scores[np.unique(there)] += np.float32(np.log(boost.times))
    scores[~open_] = -np.inf
    candidates = None
    if standard is not None and asked.plain and (asked.user or asked.session):
        candidates = choices(world, query, scores, standard)
    rows, values, chances, policy = ordered(world, scores, asked)
    pinned = rows_of(rules.items("pin", asked.scenario), world)
    if len(pinned):
        rows, values, chances = first(pinned[open_[pinned]], rows, values, chances, scores, asked.k)
    return List(
        rows,
        tuple(world.model.data.items.vocabulary.texts(rows)),
        values,
        chances,
        policy,
        query,
        fallback(query, world),
        unknown(asked, world),
        told=tuple(values.tolist()),
        chances=tuple(chances.tolist()),
        standard=None if standard is None else standard[:, rows],
        candidates=candidates,
    )


def choices(world: World, query: Query, scores: Scores, standard: Vectors) -> Candidates:
    """Return what stands to choose from; `scores`, (n_items,), are −inf for what does not."""
    rows = foremost(scores)
    added = world.single.added(query, rows, standard[:, rows])
    return Candidates(len(query.rows), rows, scores[rows], added)


def allowed(
    world: World, query: Query, asked: Asked, barred: tuple[NDArray[np.bool_], NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """Return which items may appear, (n_items,)."""
    nowhere, hidden = barred
    open_ = ~hidden
    if asked.candidates is not None:
        named = rows_of(asked.candidates, world)
        if not len(named):
            raise UnknownIdError(f"none of the {len(asked.candidates)} candidates is known")
        open_ = np.zeros(len(hidden), dtype=bool)
        open_[named] = True
        open_ &= ~nowhere
    for condition in asked.filters:
        open_ &= world.attributes.passing(condition)[0]
    seen = query.rows
    if not isinstance(asked.repeat, bool):
        seen = seen[~world.attributes.passing(asked.repeat)[0][seen]]
    elif asked.repeat:
        seen = seen[:0]
    open_[seen] = False
    open_[query.excluded] = False
    return open_


def ordered(world: World, scores: Scores, asked: Asked) -> tuple[Rows, Scores, Vectors, str]:
    """Put the allowed items in order: by rank, made diverse, or drawn at random."""
    wide = max(asked.k, POOL) if asked.diversity else asked.k
    wide = max(wide, SPREAD) if asked.explore else wide
    rows, values = (found[0] for found in best(scores[None], wide))
    rows, values = rows[np.isfinite(values)], values[np.isfinite(values)]
    if asked.explore and len(rows):
        rng = np.random.default_rng(asked.seed)
        order, chances = drawn(values, asked.k, asked.explore, rng)
        return rows[order], values[order], chances, SAMPLED
    if asked.diversity and len(rows):
        order = mmr(values, world.model.knowledge.raw[rows], k=asked.k, diversity=asked.diversity)
        rows, values = rows[order], values[order]
    return rows, values, np.ones(len(rows), dtype=np.float32), RANKED


def first(
    pinned: Rows, rows: Rows, values: Scores, chances: Vectors, scores: Scores, k: int
) -> tuple[Rows, Scores, Vectors]:
    """Put pinned items first."""
    rest = ~np.isin(rows, pinned)
    sure = np.ones(len(pinned), dtype=np.float32)
    return (
        np.concatenate((pinned, rows[rest]))[:k],
        np.concatenate((scores[pinned], values[rest]))[:k],
        np.concatenate((sure, chances[rest]))[:k],
    )


def fallback(query: Query, world: World) -> str:
    """Say what a list rests on where nothing is known of who asks."""
    told = len(query.rows) or len(query.wanted) or query.text is not None or query.heard is not None
    if told or (query.features is not None and query.features.any()):
        return ""
    return "popularity" if len(world.model.data.interactions) else "none"


def unknown(asked: Asked, world: World) -> tuple[str, ...]:
    """Return the ids of a request that no catalogue holds."""
    known = world.model.data.items.vocabulary
    named = (*asked.items, *asked.exclude, *(asked.candidates or ()))
    return tuple(one for one in dict.fromkeys(named) if one not in known)


def explained(
    model: Recommender,
    query: Query,
    rows: Rows,
    repeat: bool,
    exact: bool,
    told: tuple[float, float, int],
    lang: Lang,
) -> Why:
    """Return the reasons and the shares of the sources for one item."""
    slate = model.ranking.slate(query, rows, repeat=repeat)
    sources = {name: float(share[0]) for name, share in slate.shares.items() if share[0]}
    reasons = tuple(model.explain(query, rows, repeat=repeat, lang=lang)[0])
    return Why(reasons, sources, exact, *told, model.data.items.vocabulary)
