"""The real attributes of a catalogue, as requests name them: categories, tags, numbers, years."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from penchant.data.catalogue import Catalogue
from penchant.data.features import AttributeSpace, values_of
from penchant.errors import InputError
from penchant.requests.phrases import MEANINGS, SAME, SIGNS
from penchant.requests.reading import key, singular
from penchant.requests.wanted import Filter

FEW = 100
"""Tokens at most of a column that is a closed list, such as genres: naming one is a condition."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|[_\W]+")
_EMPTY = re.compile(r"^(\d+([.,]\d+)?|.|true|false|yes|no|other|misc|none)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What can be asked of a catalogue besides its words.

    `tokens` maps a phrase to the (column, token) pairs that it names, `closed` are columns of few tokens,
    `holds` has a sparse matrix (n_items, tokens) a column with `names` as its tokens, `values` the numbers of
    a column, (n_items,), NaN where unknown, and `meanings` the column that is the price, the year, and so on.
    """

    tokens: Mapping[str, tuple[tuple[str, str], ...]]
    closed: frozenset[str]
    holds: Mapping[str, sparse.csc_matrix]
    names: Mapping[str, tuple[str, ...]]
    values: Mapping[str, NDArray[np.float64]]
    meanings: Mapping[str, str]

    @classmethod
    def of(cls, items: Catalogue) -> Self:
        """Read a catalogue once."""
        tokens: dict[str, list[tuple[str, str]]] = {}
        holds, names, values = {}, {}, {}
        for part in AttributeSpace.fit(items).parts:
            if not part.tokens:
                values[part.name] = values_of(items.table[part.source], part.role)
                continue
            holds[part.name] = sparse.csc_matrix(part.matrix(items.table))
            names[part.name] = part.tokens
            for token in part.tokens:
                if not _EMPTY.match(token):
                    for phrase in _phrases(token):
                        tokens.setdefault(phrase, []).append((part.name, token))
        closed = frozenset(name for name, known in names.items() if len(known) <= FEW)
        found = {phrase: tuple(dict.fromkeys(pairs)) for phrase, pairs in tokens.items() if phrase}
        return cls(found, closed, holds, names, values, _meanings(values))

    @property
    def columns(self) -> frozenset[str]:
        """Columns that a filter may name."""
        return frozenset(self.names) | frozenset(self.values)

    def meant(self, word: str) -> str:
        """Return what a word or a sign says about a number: the name of a column or a meaning, or ""."""
        if word in self.meanings:
            return word
        return SIGNS.get(word) or MEANINGS.get(word, "")

    def quantile(self, column: str, q: float) -> float:
        """Return a quantile of a column of numbers."""
        known = self.values[column]
        return float(np.quantile(known[np.isfinite(known)], q))

    def passing(self, condition: Filter) -> tuple[NDArray[np.bool_], int]:
        """Return which items meet a condition, (n_items,), and of how many nothing is known.

        An item of which nothing is known meets no condition but a negated one.
        Raises InputError for a column that the catalogue does not have, or a token that it does not know.
        """
        column = condition.column
        if column not in self.columns or bool(condition.tokens) != (column in self.names):
            kinds = sorted(self.names if condition.tokens else self.values)
            raise InputError(
                f"a filter on {column!r}: the catalogue has no such column of "
                f"{'categories' if condition.tokens else 'numbers'}",
                hint=f"one of {', '.join(kinds)}" if kinds else "leave the filter out",
            )
        if condition.tokens:
            told = np.asarray(self.holds[column].sum(axis=1)).ravel() > 0
            within = np.asarray(self.holds[column][:, self._places(condition)].sum(axis=1)).ravel() > 0
        else:
            told = np.isfinite(self.values[column])
            low = -np.inf if condition.low is None else condition.low
            high = np.inf if condition.high is None else condition.high
            within = told & (self.values[column] >= low) & (self.values[column] <= high)
        return (~within if condition.negated else within), int((~told).sum())

    def _places(self, condition: Filter) -> list[int]:
        """Return the places of a filter's tokens, whatever their case."""
        known = {name.casefold(): place for place, name in enumerate(self.names[condition.column])}
        places = []
        for token in condition.tokens:
            if token.casefold() not in known:
                some = ", ".join(self.names[condition.column][:8])
                raise InputError(
                    f"a filter on {condition.column!r}: no item has {token!r}", hint=f"such as {some}"
                )
            places.append(known[token.casefold()])
        return places


def _phrases(token: str) -> set[str]:
    """Return what people may call a token."""
    plain = key(token)
    last = plain.rpartition(" ")
    one = f"{last[0]} {singular(last[2])}".strip()
    found = {plain, one, f"{one}s", f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"}
    for name, others in SAME.items():
        known = {key(name), *map(key, others)}
        if plain in known or one in known:
            found |= known
    return found


def _meanings(values: Mapping[str, NDArray[np.float64]]) -> dict[str, str]:
    """Return the columns of numbers by their names, by the words in them, and by what they mean."""
    found = {column.casefold(): column for column in values}
    for column in values:
        words = [singular(word.casefold()) for word in _CAMEL.split(column) if word]
        for word in [column.casefold(), *words]:
            found.setdefault(word, column)
            if word in MEANINGS:
                found.setdefault(MEANINGS[word], column)
    return found
