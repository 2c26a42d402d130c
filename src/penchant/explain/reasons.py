"""Why an item is in the list: the evidence behind each part of its score.

The score is a sum over sources. Sources that multiply a history with items are divided further, exactly,
among the items of the history; what a constant of the scale adds is told as part of the source. The shares
of an item's reasons add up to its score.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from penchant.data.catalogue import Catalogue
from penchant.models.scorer import Scorer
from penchant.types import Evidence, Query, Reason, Slate

HAD = "already had"
NAMED = 3
"""Items of the history that are named; the rest of it is told in one line."""
WORDING: Mapping[str, tuple[Evidence, str]] = {
    "popularity": ("popularity", "popular in the long run"),
    "trend": ("popularity", "popular lately"),
    "novelty": ("popularity", "how new it is, and how rarely seen"),
    "factors": ("taste", "the taste that the whole history shows"),
    "content": ("attribute", "what is written about it, against the history"),
    "features": ("attribute", "taken by people with attributes like yours"),
    "similarity": ("taste", "goes with the history as a whole"),
    "transitions": ("taste", "follows the history as a whole"),
    "habit": ("habit", "done before, and often done again"),
    "had": ("habit", HAD),  # what the novelty of an item of the history comes to
    "words": ("words", "near to the words of the request"),
}


def reasons(
    slate: Slate,
    query: Query,
    scorers: Mapping[str, Scorer],
    trust: Mapping[str, np.ndarray],
    items: Catalogue,
) -> list[list[Reason]]:
    """Return the reasons for each item of the slate, the weightiest first.

    `trust`, by source, is what one unit of that source's own score gives: its weight over its scale, (k,).
    """
    k = len(slate.rows)
    rest = {name: share.astype(np.float64) for name, share in slate.shares.items()}
    given: dict[int, np.ndarray] = {}
    for name, scorer in scorers.items():
        if name not in rest or not hasattr(scorer, "parts"):
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
    return [_for_one(place, rest, given, titles, had[place]) for place in range(k)]


def _for_one(
    place: int,
    rest: Mapping[str, np.ndarray],
    given: Mapping[int, np.ndarray],
    titles: Mapping[int, str],
    had: bool,
) -> list[Reason]:
    """Name the items of the history that gave most, and sum up the rest by source."""
    ranked = sorted(given, key=lambda row: -abs(given[row][place]))
    found = [
        Reason("history", f"you had “{titles[row]}”", float(given[row][place]), (row,))
        for row in ranked[:NAMED]
        if given[row][place]
    ]
    others = sum(float(given[row][place]) for row in ranked[NAMED:])
    if others:
        found.append(
            Reason("history", f"{len(ranked) - NAMED} more of the history", others, tuple(ranked[NAMED:]))
        )
    summed: dict[str, float] = {}
    for name, share in rest.items():
        family = name.partition(".")[0]
        summed[family] = summed.get(family, 0.0) + float(share[place])
    for family, part in summed.items():
        if part:
            evidence, text = WORDING["had" if had and family == "novelty" else family]
            found.append(Reason(evidence, text, part))
    return sorted(found, key=lambda reason: -reason.share)


def sentence(told: Sequence[tuple[Evidence, str, float]], most: int = 3) -> str:
    """Say the weightiest of (evidence, text, share) in one line; items of the history are told together.

    >>> sentence([("popularity", "popular lately", 2.0), ("habit", HAD, -100.0)])
    'already had; otherwise: popular lately (100%)'
    """
    speaking = [one for one in told if one[2] > 0]
    total = sum(share for _, _, share in speaking) or 1.0
    named = [(text, share) for evidence, text, share in speaking if evidence == "history"]
    parts = [(text, share) for evidence, text, share in speaking if evidence != "history"]
    if named:
        named.sort(key=lambda one: not one[0].startswith("you had"))
        text = ", ".join(text for text, _ in named).replace(", you had ", ", ")
        parts.append((text, sum(share for _, share in named)))
    parts.sort(key=lambda part: -part[1])
    line = "; ".join(f"{text} ({share / total:.0%})" for text, share in parts[:most] if share > 0.01 * total)
    outweighed = any(text == HAD and -share > total for _, text, share in told)
    return "; otherwise: ".join(filter(None, (HAD, line))) if outweighed else line
