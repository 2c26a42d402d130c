"""How far to trust the words of a request: one number, learned from requests whose answers are known.

    w = argmax Σ_r mean_i log softmax(y(q_r, ·) + w·z(q_r, ·))_i − (w − w₀)² / 2,

i the items that request r is for, y the blend without words, z the score of the words over its spread.
Without such requests, w is w₀.
"""

from collections.abc import Mapping

import numpy as np

from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.scorer import Scorer
from penchant.rank.blend import Blend, Sources
from penchant.rank.evidence import evidence_of
from penchant.types import Query, Rows, Scores

START, HIGHEST = 1.5, 20.0
CELLS = 20_000_000
"""Scores of requests and items that are held at once."""


def learned_request_weight(
    data: Dataset, scorers: Mapping[str, Scorer], blend: Blend, knowledge: Knowledge
) -> tuple[float, int]:
    """Return w and the number of requests that it was learned from, given models fitted on `data`."""
    queries, targets = _asked(data, knowledge)
    if "words" not in scorers or not len(data.interactions) or not queries:
        return START, 0
    sources = Sources.measured(scorers, data.queries())
    taste = Sources({name: sources.scorers[name] for name in blend.names[:-1]}, sources.scales)
    standard = taste.standard(queries, None, data.n_items)
    known = evidence_of(data).features(queries, np.arange(data.n_items))
    words = sources.scorers["words"].score(queries) / np.float32(sources.scales["words"].spread)
    return _most_likely(blend.score(standard, known), words, targets), len(queries)


def _asked(data: Dataset, knowledge: Knowledge) -> tuple[list[Query], list[Rows]]:
    """Return the requests that were read, as they came: with the history that the asker had by then."""
    answered = (data.requests["items"].list.len() > 0).to_numpy()[: len(knowledge.requests)]
    read = np.flatnonzero(knowledge.requests.any(axis=1) & answered)
    read = read[:: -(-len(read) * data.n_items // CELLS) or 1]
    targets = [np.array(items, dtype=np.int64) for items in data.requests["items"].gather(read).to_list()]
    return askers(data, knowledge, read), targets


def askers(data: Dataset, knowledge: Knowledge, read: Rows) -> list[Query]:
    """Return the queries of the requests in the rows `read`, with what the asker had done by then."""
    table, events, bounds = data.requests[read], data.interactions, data.interactions.bounds(data.n_users)
    queries = []
    for place, user, time in zip(
        read.tolist(), table["user"].to_list(), table["time"].to_list(), strict=True
    ):
        at = data.end if time is None else min(time, data.end)
        first, last = (bounds[user], bounds[user + 1]) if user >= 0 else (0, 0)
        own = slice(first, first + int(np.searchsorted(events.times[first:last], at, side="left")))
        queries.append(
            Query(
                events.items[own], events.times[own], events.weights[own],
                text=knowledge.requests[place], at=at,
            )
        )  # fmt: skip
    return queries


def _most_likely(scores: Scores, words: Scores, targets: list[Rows]) -> float:
    from scipy.optimize import minimize_scalar

    at = np.repeat(np.arange(len(targets)), [len(rows) for rows in targets])
    share = 1.0 / np.repeat([len(rows) for rows in targets], [len(rows) for rows in targets])
    wanted = (at, np.concatenate(targets))

    def loss(weight: float) -> float:
        mixed = scores + np.float32(weight) * words
        top = mixed.max(axis=1)
        total = top + np.log(np.exp(mixed - top[:, None]).sum(axis=1))
        return float((share * (total[at] - mixed[wanted])).sum() + (weight - START) ** 2 / 2)

    return float(minimize_scalar(loss, bounds=(0.0, HIGHEST), method="bounded").x)
