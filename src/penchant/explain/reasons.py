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
from penchant.types import Evidence, Query, Reason, Rows, Slate

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
    k = len(slate.rows)
    rest = {name: share.astype(np.float64) for name, share in slate.shares.items()}
    given: dict[int, np.ndarray] = {}
    for name, scorer in scorers.items():
        if name not in rest or name in whole or not hasattr(scorer, "parts"):
            continue
        rows, parts = scorer.parts(query, slate.rows)
        weighed = parts * trust[name]
        rest[name] = rest[name] - weighed.sum(axis=0)
        for place, row in enumerate(rows.tolist()):
            given[row] = given.get(row, np.zeros(k)) + weighed[place]
    titles = (
        dict(zip(given, items.titles(np.array(list(given), dtype=np.int64)), strict=True)) if given else {}
    )
    had = np.isin(slate.rows, query.rows).tolist()
    return [_for_one(place, rest, given, titles, had[place], lang) for place in range(k)]


def _for_one(
    place: int,
    rest: Mapping[str, np.ndarray],
    given: Mapping[int, np.ndarray],
    titles: Mapping[int, str],
    had: bool,
    lang: Lang,
) -> list[Reason]:
    """Name the items of the history that gave most, and sum up the rest by source."""
    ranked = sorted(given, key=lambda row: -abs(given[row][place]))
    found = [
        Reason("history", met(titles[row], lang), float(given[row][place]), (row,))
        for row in ranked[:NAMED]
        if given[row][place]
    ]
    others = sum(float(given[row][place]) for row in ranked[NAMED:])
    if others:
        text = said(lang, "rest", n=len(ranked) - NAMED)
        found.append(Reason("history", text, others, tuple(ranked[NAMED:])))
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
