"""What is known of people as text: their attributes, what they had and liked, and wrote, up to a moment."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.liking import DISLIKED_BELOW, LIKED_FROM
from penchant.data.roles import roles
from penchant.data.split import known_before
from penchant.language.describe import describe, usual, words
from penchant.types import Query, Rows

WINDOW = 20
"""Events, the latest ones, that are named."""
NAMED = 3
"""Categories that are named, those that most of the liked items share."""
QUOTED, LONGEST = 3, 200
"""Reviews that are quoted, the latest of the window, and characters of each."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in words: `text` for a reader or an encoder, "" where nothing is known.

    `kinds` are the categories that what they liked shares, `liked` and `disliked` titles, the latest first;
    `evidence` says what all of it was drawn from. `wrote` quotes their own reviews, the latest first.
    """

    text: str
    kinds: tuple[str, ...]
    liked: tuple[str, ...]
    disliked: tuple[str, ...]
    evidence: str
    wrote: tuple[str, ...] = ()


def people(
    data: Dataset, users: Rows | None = None, *, as_of: float | None = None, window: int = WINDOW
) -> list[Person]:
    """Describe users (all of them by default) by what was known before the moment `as_of` (all of the log).

    Where events carry ratings, those from 60 % of the scale on are liked, those below 50 % disliked; without
    ratings everything counts as liked but what counts against. The table of users has no times: what it says
    is taken as known. Reviews are quoted where the data set holds them (`read(…, keep_texts=True)`).
    """
    users = np.arange(data.n_users) if users is None else users
    past = data if as_of is None else known_before(data, as_of)
    names, kinds = _titles(data.items), _kinds(data.items)
    own = describe(data.users)
    columns = ", ".join(usual(data.users).columns)
    written = _written(past, users)
    return [
        _person(query, own[user], columns, names, kinds, _signs(query, data.scale), window, written)
        for user, query in zip(users.tolist(), past.queries(users), strict=True)
    ]


Written: TypeAlias = Mapping[tuple[str, int, float], str]
"""Texts of events by user id, item row and time."""


def _written(past: Dataset, users: Rows) -> Written:
    if past.said.is_empty():
        return {}
    asked = past.users.vocabulary.texts(users)
    said = past.said.filter(pl.col("user").is_in(list(asked)))
    rows = past.items.vocabulary.rows(said["item"].to_list())
    keys = zip(said["user"].to_list(), rows.tolist(), said["time"].to_list(), strict=True)
    return dict(zip(keys, said["text"].to_list(), strict=True))


def _person(
    query: Query,
    own: str,
    columns: str,
    names: Sequence[str],
    kinds: Sequence[Sequence[str]],
    signs: np.ndarray,
    window: int,
    written: Written,
) -> Person:
    said = np.array([bool(names[row]) for row in query.rows.tolist()], dtype=bool)
    liked, disliked = query.rows[signs > 0], query.rows[signs < 0]
    shared = Counter(kind for row in liked.tolist() for kind in kinds[row])
    most = tuple(kind for kind, _ in sorted(shared.items(), key=lambda one: (-one[1], one[0]))[:NAMED])
    good, bad = (_latest(query.rows[said & (signs * way > 0)], names, window) for way in (1, -1))
    lines = [own] if own else []
    lines += [f"Likes: {', '.join(most)}"] if most else []
    lines += [f"Liked: {', '.join(good)}"] if good else []
    lines += [f"Disliked: {', '.join(bad)}"] if bad else []
    wrote = _quoted(query, names, window, written)
    lines += [f"Wrote{about}" for about in wrote]
    sources = [f"columns {columns}"] if own else []
    n = len(liked) + len(disliked)
    sources += [f"{n:,} events, {len(good) + len(bad):,} of them named"] if n else []
    sources += [f"{len(wrote):,} reviews"] if wrote else []
    return Person("\n".join(lines), most, good, bad, "; ".join(sources), wrote)


def _quoted(query: Query, names: Sequence[str], window: int, written: Written) -> tuple[str, ...]:
    """Return the latest reviews among the last `window` events as ` of TITLE: “…”`."""
    found: list[str] = []
    events = list(zip(query.rows.tolist(), query.times.tolist(), strict=True))[-window:] if written else []
    for row, time in reversed(events):
        text = written.get((query.key, row, time))
        if text is not None and len(found) < QUOTED:
            about = f" of {names[row]}" if names[row] else ""
            found.append(f"{about}: “{shortened(' '.join(text.split()))}”")
    return tuple(found)


def shortened(text: str, longest: int = LONGEST) -> str:
    """Return a text cut at the end of a word.

    >>> shortened("one two three", 9)
    'one two…'
    """
    if len(text) <= longest:
        return text
    return (text[:longest].rsplit(" ", 1)[0] if text[longest] != " " else text[:longest]).rstrip() + "…"


def _latest(rows: Rows, names: Sequence[str], window: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names[row] for row in rows[::-1].tolist()))[:window]


def _signs(query: Query, scale: tuple[float, float] | None) -> np.ndarray:
    """Tell what was liked (1), disliked (-1), or neither (0), for each event of a history, (T,)."""
    signs = np.sign(query.weights)
    if scale is None or not len(query.values):
        return signs
    part = (query.values - scale[0]) / (scale[1] - scale[0])
    rated = np.where(part >= LIKED_FROM, 1.0, np.where(part < DISLIKED_BELOW, -1.0, 0.0))
    return np.where(np.isnan(part), signs, rated)


def _titles(items: Catalogue) -> list[str]:
    if items.title is None:
        return [""] * len(items)
    years = [name for name, role in roles(items).items() if role == "year"]
    return describe(items, columns=[items.title, *years])


def _kinds(items: Catalogue) -> list[list[str]]:
    """Return the categories and tags of each item."""
    found: list[list[str]] = [[] for _ in range(len(items))]
    for name, role in roles(items).items():
        if role in ("category", "multi"):
            for row, cell in enumerate(words(items.table[name])):
                found[row] += [part for part in cell.split(", ") if part]
    return found


def plainly(person: Person, titles: int = 3) -> str | None:
    """Say in one sentence what somebody likes, from what is known alone; None where nothing is.

    >>> plainly(Person("…", ("Drama", "War"), ("Heat (1995)",), (), "…"))
    'Likes Drama and War; lately Heat (1995).'
    """
    parts = []
    if person.kinds:
        parts.append(f"likes {joined(person.kinds)}")
    if person.liked:
        parts.append(
            f"lately {joined(person.liked[:titles])}" if parts else f"likes {joined(person.liked[:titles])}"
        )
    if person.disliked:
        parts.append(f"disliked {joined(person.disliked[:1])}")
    line = "; ".join(parts)
    return f"{line[0].upper()}{line[1:]}." if line else None


def joined(parts: Sequence[str]) -> str:
    """Return parts as a list in words: a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
