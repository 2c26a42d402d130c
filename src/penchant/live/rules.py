"""What people in charge decided by hand: items blocked, hidden, pinned, or waiting to be approved.

A decision is a change of the journal, so that it counts at once, outlives a restart, and says who made it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from penchant.data.vocabulary import Vocabulary
from penchant.errors import InputError
from penchant.live.records import Change
from penchant.types import Rows

Kind: TypeAlias = Literal["block", "hide", "pin", "approve", "hide-text", "scenario", "hold-new"]
KINDS: tuple[Kind, ...] = ("block", "hide", "pin", "approve", "hide-text", "scenario", "hold-new")
"""block: nowhere at all; hide: in no list unless it is a candidate by name; pin: first in lists (of a
scenario, where one is named); approve: an item that was held; hide-text: a column of an item is not shown;
scenario: defaults of requests that name it; hold-new: items that come in live wait to be approved."""


@dataclass(slots=True)
class Rules:
    """Decisions in force, by the id of the rule; `stamp` grows with every change."""

    known: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    stamp: int = 0

    def take(self, change: Change) -> None:
        """Take a decision in, or back."""
        if change.action == "delete":
            self.known.pop(change.id, None)
        else:
            self.known[change.id] = change.body
            if change.body.get("kind") == "approve":
                self.waiting -= set(change.body.get("items", ()))
        self.stamp += 1

    def hold(self, item: str) -> None:
        """Let an item that came in live wait, where that was decided."""
        if any(body["kind"] == "hold-new" for body in self.known.values()):
            self.waiting.add(item)
            self.stamp += 1

    def items(self, kind: Kind, scenario: str | None = None) -> list[str]:
        """Return the items of the decisions of a kind, in order, each once."""
        found: dict[str, None] = {}
        for body in self.known.values():
            if body["kind"] == kind and (scenario is None or body.get("scenario", "") in ("", scenario)):
                found |= dict.fromkeys(body.get("items", ()))
        return list(found)

    def barred(self, vocabulary: Vocabulary, gone: set[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which items must appear nowhere, and which in no list unasked, (n_items,) each."""
        nowhere, hidden = np.zeros(len(vocabulary), dtype=bool), np.zeros(len(vocabulary), dtype=bool)
        nowhere[known(vocabulary, [*self.items("block"), *self.waiting, *gone])] = True
        hidden[known(vocabulary, self.items("hide"))] = True
        return nowhere, hidden | nowhere

    def scenario(self, name: str) -> Mapping[str, Any]:
        """Return the defaults of a scenario, none for one that nobody defined."""
        for body in self.known.values():
            if name and body["kind"] == "scenario" and body.get("scenario") == name:
                return dict(body.get("defaults", {}))
        return {}

    def silent(self, item: str) -> frozenset[str]:
        """Return the columns of an item that must not be shown."""
        columns: set[str] = set()
        for body in self.known.values():
            if body["kind"] == "hide-text" and item in body.get("items", ()):
                columns |= set(body.get("columns", ()))
        return frozenset(columns)


def known(vocabulary: Vocabulary, ids: list[str]) -> Rows:
    """Return the rows of those ids that the catalogue has."""
    rows = vocabulary.rows(ids)
    return rows[rows >= 0]


def checked(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a decision that can be taken; raises InputError for one that says nothing."""
    kind = body.get("kind")
    if kind not in KINDS:
        raise InputError(f"a rule of the kind {kind!r}", hint=f"one of {', '.join(KINDS)}")
    if kind == "scenario" and not body.get("scenario"):
        raise InputError("a rule for a scenario names none", hint='"scenario": "home"')
    if kind not in ("scenario", "hold-new") and not body.get("items"):
        raise InputError(f"a rule to {kind} names no items", hint='"items": ["ID", …]')
    if kind == "hide-text" and not body.get("columns"):
        raise InputError("a rule to hide texts names no columns", hint='"columns": ["description"]')
    return body
