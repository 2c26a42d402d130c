"""What somebody wants, as a value: it can be shown, edited as JSON, and carried over to the next turn."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from penchant.errors import InputError
from penchant.requests.phrases import said
from penchant.requests.reading import tongue


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one column: a value from `low` to `high`, or one of `tokens`; `negated` turns it round.

    Both ends belong to the range; None leaves an end open.
    """

    column: str
    low: float | None = None
    high: float | None = None
    tokens: tuple[str, ...] = ()
    negated: bool = False

    def line(self, spoken: str = "en") -> str:
        """Say the condition in a few words of a language.

        >>> Filter("price", high=50.0).line()
        'price ≤ 50'
        """
        if self.tokens:
            tokens = said(spoken, "or").join(self.tokens)
            return said(spoken, "none of" if self.negated else "one of", column=self.column, tokens=tokens)
        low, high = (None if end is None else f"{end:.6g}" for end in (self.low, self.high))
        if low is None or high is None:
            span = f"≤ {high}" if low is None else f"≥ {low}"
        else:
            span = low if low == high else f"{low}–{high}"
        return said(spoken, "not range" if self.negated else "range", column=self.column, range=span)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request in plain language, understood; every field is optional.

    `request` is what was said, word for word; `text` what of it is searched for. `liked`, `disliked` and
    `named` (neither liked nor disliked) are ids of items, as text; `hidden` are items that were shown or
    refused and must not come again. `diversity` goes from 0, by relevance alone, to 1. `without` are words
    that no answer may hold. `unclear` says what was not understood, or understood in one of several ways.
    """

    request: str = ""
    text: str = ""
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    diversity: float = 0.0
    without: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()

    def line(self, titles: Mapping[str, str] | None = None) -> str:
        """Say in one line what was understood, in the request's language; `titles` by id replace the ids.

        >>> Wanted(text="a dress", filters=(Filter("price", high=50.0),), without=("red",)).line()
        'a text like “a dress” · price ≤ 50 · without “red”'
        """
        called, spoken = titles or {}, tongue(self.request)

        def say(what: str, /, **parts: object) -> str:
            return said(spoken, what, **parts)

        parts = [say("text", text=_one_line(self.text))] if self.text else []
        for what, ids in (("like", self.liked), ("unlike", self.disliked), ("naming", self.named)):
            if ids:
                parts.append(say(what, items=", ".join(called.get(one, one) for one in ids)))
        parts += [condition.line(spoken) for condition in self.filters]
        if self.without:
            parts.append(say("without", words=", ".join(f"“{word}”" for word in self.without)))
        if self.hidden:
            parts.append(say("hidden", n=len(self.hidden)))
        if self.diversity:
            parts.append(say("diversity", degree=self.diversity))
        parts += [say("unclear", what=one) for one in self.unclear]
        return " · ".join(parts) or say("nothing")

    def to_json(self) -> str:
        """Return the value as JSON, fields that say nothing left out."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        plain["filters"] = [
            {f.name: getattr(one, f.name) for f in fields(one) if getattr(one, f.name) != f.default}
            for one in self.filters
        ]
        return json.dumps({name: value for name, value in plain.items() if value}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, *, where: str = "--wanted") -> "Wanted":
        """Read the value from JSON.

        Raises:
            InputError: no JSON, an unknown field, or a value of the wrong kind; `where` stands before it.
        """
        try:
            plain = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where}: this is no JSON ({error})", hint=EXAMPLE) from error
        known = _object(plain, cls, where)
        filters = known.pop("filters", [])
        if not isinstance(filters, list):
            raise InputError(f"{where}: filters is no list", hint=EXAMPLE)
        read = tuple(_filter(one, f"{where}: filters[{place}]") for place, one in enumerate(filters))
        diversity = _number(known.pop("diversity", 0.0), f"{where}: diversity") or 0.0
        if not 0 <= diversity <= 1:
            raise InputError(f"{where}: diversity is {diversity:g}", hint="a number from 0 to 1")
        strings: dict[str, Any] = {name: known.pop(name) for name in ("request", "text") if name in known}
        for name, value in strings.items():
            if not isinstance(value, str):
                raise InputError(f"{where}: {name} is no text", hint=EXAMPLE)
        lists: dict[str, Any] = {name: _texts(value, f"{where}: {name}") for name, value in known.items()}
        return cls(**strings, **lists, filters=read, diversity=diversity)

    def also(self, other: "Wanted") -> "Wanted":
        """Return both together, as two turns of one conversation; what is said later replaces what it
        contradicts: a filter of the same column, a liking of the same item, the diversity.
        """
        replaced = {(one.column, one.negated and bool(one.tokens)) for one in other.filters}
        kept = tuple(
            one for one in self.filters if (one.column, one.negated and bool(one.tokens)) not in replaced
        )
        turned = {*other.liked, *other.disliked}
        return replace(
            self,
            request="\n".join(filter(None, (self.request, other.request))),
            text=" ".join(filter(None, (self.text, other.text))),
            liked=_once([one for one in self.liked if one not in turned], other.liked),
            disliked=_once([one for one in self.disliked if one not in turned], other.disliked),
            named=_once(self.named, other.named),
            hidden=_once(self.hidden, other.hidden),
            filters=kept + other.filters,
            diversity=other.diversity or self.diversity,
            without=_once(self.without, other.without),
            unclear=other.unclear,
        )


EXAMPLE = (
    'such as {"text": "a summer dress", "filters": [{"column": "price", "high": 50}], "without": ["red"]}'
)
SHOWN = 120


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"


def _once(*parts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for part in parts for one in part))


def _object(plain: Any, kind: type, where: str) -> dict[str, Any]:
    """Return the fields of a JSON object, those without a value left out."""
    names = [field.name for field in fields(kind)]
    if not isinstance(plain, dict):
        raise InputError(f"{where}: this is no JSON object", hint=EXAMPLE)
    for name in plain:
        if name not in names:
            raise InputError(f"{where}: unknown field {name!r}", hint=f"one of {', '.join(names)}")
    return {name: value for name, value in plain.items() if value is not None}


def _filter(plain: Any, where: str) -> Filter:
    known = _object(plain, Filter, where)
    column, negated = known.get("column"), known.get("negated", False)
    if not isinstance(column, str) or not isinstance(negated, bool):
        raise InputError(f"{where}: needs a column, and negated is true or false", hint=EXAMPLE)
    low, high = (_number(known.get(name), f"{where}: {name}") for name in ("low", "high"))
    tokens = _texts(known.get("tokens", []), f"{where}: tokens")
    if bool(tokens) == (low is not None or high is not None):
        raise InputError(f"{where}: needs tokens, or else low or high", hint=EXAMPLE)
    if low is not None and high is not None and low > high:
        raise InputError(f"{where}: low {low:g} is above high {high:g}", hint="exchange them")
    return Filter(column, low, high, tokens, negated)


def _number(value: Any, where: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{where}: {value!r} is no number", hint=EXAMPLE)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InputError(f"{where}: {str(value)[:20]} is no number to compare with", hint=EXAMPLE)
    return number


def _texts(value: Any, where: str) -> tuple[str, ...]:
    """Return a list of texts; a number among them is an id."""
    if not isinstance(value, list) or any(isinstance(one, bool) for one in value):
        raise InputError(f"{where}: this is no list of texts", hint=EXAMPLE)
    if not all(isinstance(one, str | int) for one in value):
        raise InputError(f"{where}: this is no list of texts", hint=EXAMPLE)
    return tuple(str(one) for one in value)
