"""Why an item is in the list: the evidence behind each part of its score.

The score is a sum over sources. Sources that multiply a history with items are divided further, exactly,
among the items of the history; what a constant of the scale adds is told as part of the source. The shares
of an item's reasons add up to its score.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from penchant.data.catalogue import Catalogue
from penchant.explain.wording import Lang, listed, said, source
from penchant.models.scorer import Scorer
from penchant.types import NO_ROWS, Evidence, Query, Reason, Rows, Slate

NAMED = 3
"""Items of the history that are named; the rest of it is told in one line."""
EVIDENCE: Mapping[str, Evidence] = {
    "popularity": "popularity",
    "trend": "popularity",
    "novelty": "popularity",
    "factors": "taste",
    "content": "attribute",
    "features": "attribute",
    "similarity": "taste",
    "transitions": "taste",
    "habit": "habit",
    "had": "habit",  # what the novelty of an item of the history comes to
    "words": "words",
}
"""What each source of the score rests on."""


def reasons(
    slate: Slate,
    query: Query,
    scorers: Mapping[str, Scorer],
    trust: Mapping[str, np.ndarray],
    items: Catalogue,
    lang: Lang = "en",
    whole: Collection[str] = (),
) -> list[list[Reason]]:
    """Return the reasons for each item of the slate, the weightiest first, in a language.

    Sources in `whole` are not divided among the history.

    `trust`, by source, is what one unit of that source's own score gives: its weight over its scale, (k,).
    """
    rest = {name: share.astype(np.float64) for name, share in slate.shares.items()}
    spoken: list[tuple[Rows, np.ndarray]] = []
    for name, scorer in scorers.items():
        if name not in rest or name in whole or not hasattr(scorer, "parts"):
            continue
        rows, parts = scorer.parts(query, slate.rows)
        weighed = parts * trust[name]
        rest[name] = rest[name] - weighed.sum(axis=0)
        spoken.append((rows, weighed))
    history, given = _gathered(spoken, len(slate.rows))
    ranked = np.argsort(-np.abs(given), axis=0, kind="stable")
    named = np.unique(ranked[:NAMED])
    titles = dict(zip(named.tolist(), items.titles(history[named]), strict=True))
    had = np.isin(slate.rows, query.rows).tolist()
    return [
        _for_one(place, rest, History(history, given[:, place], ranked[:, place], titles), had[place], lang)
        for place in range(len(slate.rows))
    ]


class History(NamedTuple):
    """Items of a history, (T,), what each gives to one item, their order by weight, some titles by place."""

    rows: Rows
    given: np.ndarray
    ranked: Rows
    titles: Mapping[int, str]


def _gathered(spoken: Sequence[tuple[Rows, np.ndarray]], k: int) -> tuple[Rows, np.ndarray]:
    """Sum up what several sources say of the items of one history: (T,) and (T, k)."""
    if not spoken:
        return NO_ROWS, np.zeros((0, k))
    every, first, place = np.unique(
        np.concatenate([rows for rows, _ in spoken]), return_index=True, return_inverse=True
    )
    given, start = np.zeros((len(every), k)), 0
    for rows, weighed in spoken:  # a source names each item once
        given[place[start : start + len(rows)]] += weighed
        start += len(rows)
    order = np.argsort(first, kind="stable")  # as the sources name them: of equal ones the first comes first
    return every[order], given[order]


def _for_one(
    place: int, rest: Mapping[str, np.ndarray], history: History, had: bool, lang: Lang
) -> list[Reason]:
    """Name the items of the history that gave most, and sum up the rest by source."""
    ranked, rows = history.ranked, history.rows
    found = [
        Reason("history", met(history.titles[at], lang), float(history.given[at]), (int(rows[at]),))
        for at in ranked[:NAMED].tolist()
        if history.given[at]
    ]
    others = float(history.given[ranked[NAMED:]].sum())
    if others:
        text = said(lang, "rest", n=len(ranked) - NAMED)
        found.append(Reason("history", text, others, tuple(rows[ranked[NAMED:]].tolist())))
    summed: dict[str, float] = {}
    for name, share in rest.items():
        family = name.partition(".")[0]
        summed[family] = summed.get(family, 0.0) + float(share[place])
    for family, part in summed.items():
        if part:
            name = "had" if had and family == "novelty" else family
            found.append(Reason(EVIDENCE[name], source(lang, name), part))
    return sorted(found, key=lambda reason: -reason.share)


def met(title: str, lang: Lang = "en") -> str:
    """Say that something of the history speaks for an item."""
    return said(lang, "met") + said(lang, "title", title=title)


def sentence(told: Sequence[tuple[Evidence, str, float]], most: int = 3, lang: Lang = "en") -> str:
    """Say the weightiest of (evidence, text, share) in one line; items of the history are told together.

    `lang` is the language of the texts.

    >>> sentence([("popularity", "popular lately", 2.0), ("habit", "already had", -100.0)])
    'already had; otherwise: popular lately (100%)'
    """
    had, prefix = source(lang, "had"), said(lang, "met")
    speaking = [one for one in told if one[2] > 0]
    total = sum(share for _, _, share in speaking) or 1.0
    named = [(text, share) for evidence, text, share in speaking if evidence == "history"]
    parts = [(text, share) for evidence, text, share in speaking if evidence != "history"]
    if named:
        named.sort(key=lambda one: not one[0].startswith(prefix))
        texts = [text.removeprefix(prefix) if place else text for place, (text, _) in enumerate(named)]
        parts.append((listed(lang, texts), sum(share for _, share in named)))
    parts.sort(key=lambda part: -part[1])
    told_parts = [(text, share / total) for text, share in parts[:most] if share > 0.01 * total]
    line = said(lang, "stop").join(said(lang, "share", text=text, share=part) for text, part in told_parts)
    if not any(text == had and -share > total for _, text, share in told):
        return line
    return had + said(lang, "stop") + said(lang, "otherwise") + line if line else had


REASONS = pl.List(pl.Struct({"evidence": pl.String, "text": pl.String, "share": pl.Float64}))


def plain(reason: Reason) -> dict[str, Any]:
    """Return a reason as a cell of the column reasons holds it."""
    return {"evidence": reason.evidence, "text": reason.text, "share": reason.share}


def cells_of(
    queries: Sequence[Query],
    rows: Rows,
    tell: Callable[[Query, Rows], list[list[Reason]]],
    name: Callable[[Query, Rows, list[list[Reason]]], list[list[Reason]]] | None,
) -> list[list[dict[str, Any]]]:
    """Return a cell of the column reasons for each item of each list in `rows`, (Q, k), −1 for none.

    `tell` gives the reasons of a list, and `name` puts words into them.
    """
    cells = []
    for query, row in zip(queries, (row[row >= 0] for row in rows), strict=True):
        told = tell(query, row)
        told = name(query, row, told) if name else told
        cells += [[plain(reason) for reason in found] for found in told]
    return cells
