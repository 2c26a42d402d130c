"""Why an item is in the list: the evidence behind each part of its score.

The score is a sum over sources. Sources that multiply a history with items are divided further, exactly,
among the items of the history; what a constant of the scale adds is told as part of the source. The shares
of an item's reasons add up to its score.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

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
    return divided(slate, query, *_gathered(spoken, len(slate.rows)), rest, items, lang)


def divided(
    slate: Slate,
    query: Query,
    history: Rows,
    given: np.ndarray,
    rest: Mapping[str, np.ndarray],
    items: Catalogue,
    lang: Lang = "en",
) -> list[list[Reason]]:
    """Return the reasons for each item of the slate, from what each item of a history, (T,), gives to it,
    (T, k), and what of the share of each source is left, (k,) each.
    """
    ranked = np.argsort(-np.abs(given), axis=0, kind="stable")
    named = np.unique(ranked[:NAMED])
    titles = (met(title, lang) for title in items.titles(history[named]))
    words = dict(zip(named.tolist(), titles, strict=True))
    most = _named(words, history, given, ranked[:NAMED])
    others = np.take_along_axis(given, ranked[NAMED:], axis=0).sum(axis=0).tolist()
    unnamed = history[ranked[NAMED:]].T.tolist()
    text = said(lang, "rest", n=len(ranked) - NAMED)
    sources = _by_family(rest, np.isin(slate.rows, query.rows), lang)
    for place, found in enumerate(most):
        if others[place]:
            found.append(Reason("history", text, others[place], tuple(unnamed[place])))
        found += sources[place]
        found.sort(key=lambda reason: -reason.share)
    return most


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


def _named(words: Mapping[int, str], history: Rows, given: np.ndarray, ranked: Rows) -> list[list[Reason]]:
    """Name the items of the history that gave most to each item; `ranked`, (NAMED, k), are their places."""
    shares, rows = np.take_along_axis(given, ranked, axis=0), history[ranked]
    told = zip(ranked.T.tolist(), shares.T.tolist(), rows.T.tolist(), strict=True)
    return [
        [
            Reason("history", words[at], share, (row,))
            for at, share, row in zip(*columns, strict=True)
            if share
        ]
        for columns in told
    ]


def _by_family(rest: Mapping[str, np.ndarray], had: np.ndarray, lang: Lang) -> list[list[Reason]]:
    """Sum up by family what sources give that no item of the history does; `had`, (k,), are items of it."""
    summed: dict[str, np.ndarray] = {}
    for name, share in rest.items():
        family = name.partition(".")[0]
        summed[family] = summed[family] + share if family in summed else share
    found: list[list[Reason]] = [[] for _ in had]
    for family, parts in summed.items():
        again = "had" if family == "novelty" else family
        for own, part, met_before in zip(found, parts.tolist(), had.tolist(), strict=True):
            name = again if met_before else family
            if part:
                own.append(Reason(EVIDENCE[name], source(lang, name), part))
    return found


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
