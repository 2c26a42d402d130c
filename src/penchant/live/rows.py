"""Records as rows of tables, and back: each is kept exactly as it came, or refused with a reason.

Text in columns of its own (ids, kinds) must be UTF-8 without NUL, which PostgreSQL cannot hold; bodies are
JSON with escapes and hold any text. Scores are kept as the eight bytes of each number.
"""

import json
from array import array
from collections.abc import Mapping
from math import isfinite
from typing import Any, TypeAlias

from penchant.errors import JournalError
from penchant.live.records import Act, Change, Record, Shown

Row: TypeAlias = tuple[Any, ...]
"""The cells of a record in the order of COLUMNS, without its number."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "acts": ("user_id", "session", "item_id", "kind", "time", "value", "recommendation"),
    "shown": (
        "id", "user_id", "session", "time", "items", "scores", "propensities", "version", "policy",
        "request", "scenario", "arm",
    ),
    "changes": ("subject", "id", "action", "time", "body", "made_by"),
}  # fmt: skip
"""The tables of records; each has a column `number` before these."""


def row_of(record: Record) -> tuple[str, Row]:
    """Return the table of a record and its cells.

    Raises:
        JournalError: something in it cannot be kept as it is.
    """
    if isinstance(record, Act):
        value = None if record.value is None else _number(record.value, "the value of an event")
        return "acts", (
            _text(record.user, "user"), _text(record.session, "session"), _text(record.item, "item"),
            _text(record.kind, "kind"), _number(record.time, "time"), value,
            _text(record.recommendation, "recommendation"),
        )  # fmt: skip
    if isinstance(record, Shown):
        if not len(record.items) == len(record.scores) == len(record.propensities):
            raise JournalError(f"the list {record.id!r}: items, scores and propensities differ in number")
        return "shown", (
            _text(record.id, "id"), _text(record.user, "user"), _text(record.session, "session"),
            _number(record.time, "time"), _json(list(record.items), "items"),
            _packed(record.scores, "scores"), _packed(record.propensities, "propensities"),
            _text(record.version, "version"), _text(record.policy, "policy"),
            _json(record.request, "request"), _text(record.scenario, "scenario"), _text(record.arm, "arm"),
        )  # fmt: skip
    return "changes", (
        _text(record.subject, "subject"), _text(record.id, "id"), _text(record.action, "action"),
        _number(record.time, "time"), _json(record.body, "body"), _text(record.by, "by"),
    )  # fmt: skip


def record_of(table: str, row: Row) -> Record:
    """Return the record that a row of a table holds."""
    if table == "acts":
        user, session, item, kind, time, value, recommendation = row
        return Act(user, item, kind, time, value, session, recommendation)
    if table == "shown":
        name, user, session, time, items, scores, propensities, version, policy, request, scenario, arm = row
        return Shown(
            name, user, session, time, tuple(json.loads(items)), _unpacked(scores), _unpacked(propensities),
            version, policy, scenario, arm, json.loads(request),
        )  # fmt: skip
    subject, name, action, time, body, by = row
    return Change(subject, name, action, time, json.loads(body), by)


def answer_of(key: str, answer: tuple[str, str]) -> tuple[str, str, str]:
    """Return the cells of an answer: key, hash of the request, response."""
    asked, said = answer
    return _text(key, "idempotency key"), _text(asked, "hash of a request"), _json(said, "response")


def _text(text: str, what: str) -> str:
    if not isinstance(text, str):
        raise JournalError(f"{what} is no text: {type(text).__name__}")
    if text.isascii():
        if "\0" not in text:
            return text
    else:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise JournalError(f"{what} {text[:40]!r}: holds half a character (a lone surrogate)") from None
        if "\0" not in text:
            return text
    raise JournalError(f"{what} {text[:40]!r}: holds the character NUL")


def _number(number: float, what: str) -> float:
    try:
        made = float(number)
    except (TypeError, ValueError, OverflowError):
        raise JournalError(f"{what} is no number: {type(number).__name__}") from None
    if not isfinite(made):
        raise JournalError(f"{what} is {made}: only finite numbers are kept")
    return made


def _json(value: object, what: str) -> str:
    try:
        return json.dumps(value, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise JournalError(f"{what} cannot be kept as JSON: {error}") from None


def _packed(numbers: tuple[float, ...], what: str) -> bytes:
    try:
        return array("d", numbers).tobytes()
    except (TypeError, OverflowError) as error:
        raise JournalError(f"{what} are no numbers: {error}") from None


def _unpacked(packed: bytes) -> tuple[float, ...]:
    return tuple(array("d", packed))
