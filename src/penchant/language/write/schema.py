"""The form of an answer: a dataclass whose fields choose one of a list, several of it, or hold free words.

`Literal[...] | None` chooses one, `tuple[Literal[...], ...]` several (the metadata `most` says how many),
`str | None` is free. None and () stand for "unknown", which is always an answer.
"""

import json
import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, make_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

UNKNOWN = "unknown"
"""What a writer says where the text does not tell."""
LONGEST = 300
"""Characters of a free answer; longer ones are no short text."""
NOTHING = frozenset({"", "unknown", "none", "null", "n/a"})


class UnfitError(ValueError):
    """An answer that does not have the form asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a schema: `most` is 0 for free words, 1 for one of `options`, more for several of them."""

    name: str
    options: tuple[str, ...] = ()
    most: int = 0


def schema_of(name: str, options: tuple[str, ...] = (), most: int = 1) -> type[Any]:
    """Return a schema of one field: free words without options, else one or at most `most` of them."""
    literal: Any = Literal
    if not options:
        hint: Any = str | None
    else:
        hint = literal[options] | None if most == 1 else tuple[literal[options], ...]
    default: Any = () if options and most > 1 else None
    return make_dataclass(
        name, [(name, hint, field(default=default, metadata={"most": most}))], frozen=True, slots=True
    )


def fields_of(schema: type[Any]) -> list[Field]:
    """Return the fields of a schema. Raises TypeError for a type that is none of the three forms."""
    hints = get_type_hints(schema)
    return [_field(one.name, hints[one.name], int(one.metadata.get("most", 5))) for one in fields(schema)]


def _field(name: str, hint: Any, most: int) -> Field:
    parts = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(part for part in parts if part is not type(None))
    if hint is str:
        return Field(name)
    if get_origin(hint) is Literal:
        return Field(name, tuple(map(str, get_args(hint))), 1)
    if get_origin(hint) is tuple and get_origin(get_args(hint)[0]) is Literal:
        return Field(name, tuple(map(str, get_args(get_args(hint)[0]))), max(2, most))
    raise TypeError(f"{name}: {hint} is neither words, nor one or several of a list")


def asked(schema: type[Any]) -> str:
    """Say what an answer must look like, for a model that is asked in words."""
    shapes = []
    for one in fields_of(schema):
        choices = json.dumps(list(one.options), ensure_ascii=False)
        if one.most > 1:
            shapes.append(f'"{one.name}": a list of at most {one.most} of {choices}, or []')
        elif one.options:
            shapes.append(f'"{one.name}": one of {choices}, or null')
        else:
            shapes.append(f'"{one.name}": a string of at most {LONGEST} characters, or null')
    return "{" + ", ".join(shapes) + "}"


def parse(said: str, schema: type[T]) -> T:
    """Read an answer, strictly: one JSON object with exactly the fields asked; "unknown" becomes None.

    Raises:
        UnfitError: anything else.
    """
    try:
        content = json.loads(bare(said))
    except ValueError as error:
        raise UnfitError("this is not JSON") from error
    wanted = {one.name: one for one in fields_of(schema)}
    if not isinstance(content, dict) or set(content) != set(wanted):
        raise UnfitError(f"this is no JSON object with the keys {', '.join(wanted)} and no other")
    return schema(**{name: _value(one, content[name]) for name, one in wanted.items()})


def bare(said: str) -> str:
    """Return an answer without the fence that chat models put around it."""
    text = said.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text[3:-3].removeprefix("json")
    return text.strip()


def _value(one: Field, value: object) -> Any:
    if one.most <= 1:
        if value is None or (isinstance(value, str) and value.strip().lower() in NOTHING):
            return None
        if not isinstance(value, str):
            raise UnfitError(f"{one.name} is no string")
        if one.options and value not in one.options:
            raise UnfitError(f"{one.name} {value!r} is none of the list")
        if len(value) > LONGEST:
            raise UnfitError(f"{one.name} has more than {LONGEST} characters")
        return value.strip() if not one.options else value
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise UnfitError(f"{one.name} is no list of strings")
    stray = [part for part in value if part not in one.options and part.lower() not in NOTHING]
    if stray:
        raise UnfitError(f"{one.name}: {stray[0]!r} is none of the list")
    found = tuple(dict.fromkeys(part for part in value if part in one.options))
    if len(found) > one.most:
        raise UnfitError(f"{one.name} has more than {one.most} parts")
    return found


def told(answer: Any) -> str:
    """Return an answer as JSON that `parse` reads."""
    return json.dumps(asdict(answer), ensure_ascii=False)


def nothing(schema: type[T]) -> T:
    """Return the answer that knows nothing."""
    content: Mapping[str, Any] = {one.name: () if one.most > 1 else None for one in fields_of(schema)}
    return schema(**content)
