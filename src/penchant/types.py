"""The words that every room shares: arrays, queries, slates, reasons, events.

This file knows nothing of tables, files, models or ids: it speaks of row numbers only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Rows: TypeAlias = NDArray[np.int64]
"""Row numbers of items or users inside one bundle; -1 stands for unknown. They never leave it."""
Scores: TypeAlias = NDArray[np.float32]
"""Higher is better; finite, never NaN."""
Times: TypeAlias = NDArray[np.float64]
"""Seconds since 1970 UTC, or the position in the log where it has no clock."""
Weights: TypeAlias = NDArray[np.float32]
"""How much an event counts: 1 for a plain event, below zero for negative feedback."""
Vectors: TypeAlias = NDArray[np.float32]
"""One vector a row, shape (n, dim)."""

Clock: TypeAlias = Literal["time", "order", "none"]
"""What an order of events rests on: timestamps, the order of the file, or nothing at all."""
Evidence: TypeAlias = Literal["history", "taste", "words", "attribute", "popularity", "habit"]

NO_ROWS: Rows = np.empty(0, dtype=np.int64)
NO_TIMES: Times = np.empty(0, dtype=np.float64)
NO_WEIGHTS: Weights = np.empty(0, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Query:
    """What is known at one moment of somebody who asks: the only thing a model scores.

    `rows`, `times` and `weights` are the history, oldest first, shape (T,) each; a fresh user, a
    session and a known user differ in nothing but these. `values` are the ratings or quantities of
    the history as given, shape (T,) or empty, NaN where there is none. `features` are attributes of the user,
    shape (F,). `text` is the vector of a request in words, shape (width,); `heard`, shape (n_items,), is what
    was learned that its words say of each item, None where only their vector tells. `wanted` and `unwanted`
    are items named as liked and disliked, `excluded` must not appear in the answer. `at` is the
    moment asked, in seconds UTC. `key` is opaque: it assigns experiments and breaks ties. `balance`, between
    −1 and 1, trusts recent views of the history more than long-term ones, or less, for new items.
    """

    rows: Rows = field(default_factory=lambda: NO_ROWS)
    times: Times = field(default_factory=lambda: NO_TIMES)
    weights: Weights = field(default_factory=lambda: NO_WEIGHTS)
    values: Vectors = field(default_factory=lambda: NO_WEIGHTS)
    features: Vectors | None = None
    text: Vectors | None = None
    heard: Scores | None = None
    wanted: Rows = field(default_factory=lambda: NO_ROWS)
    unwanted: Rows = field(default_factory=lambda: NO_ROWS)
    excluded: Rows = field(default_factory=lambda: NO_ROWS)
    at: float = 0.0
    key: str = ""
    balance: float = 0.0


@dataclass(frozen=True, slots=True)
class Slate:
    """An answer: items in order with their scores, and what each source gave to each of them.

    `rows` and `scores` have shape (k,); each array in `shares` has shape (k,) and over the sources
    they add up to `scores`. `propensities`, shape (k,), is the chance with which the policy put
    each item at its place: 1 for a deterministic list.
    """

    rows: Rows
    scores: Scores
    shares: Mapping[str, Scores]
    propensities: Scores


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence for one item: what kind, in words, with the part of the score it carries.

    `items` are rows of the history that the evidence rests on. The shares of one item's reasons
    add up to its score.
    """

    evidence: Evidence
    text: str
    share: float
    items: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that somebody did, in the caller's own words: ids as given, `time` in seconds UTC."""

    user: str
    item: str
    kind: str = "interaction"
    value: float | None = None
    time: float | None = None
