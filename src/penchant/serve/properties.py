"""What is shown of items besides their ids, made into JSON once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from penchant.live.engine import Engine
from penchant.live.world import World

MOST = 200_000
"""Items whose JSON is kept."""


@dataclass(slots=True)
class Shelf:
    """The properties of the items of one world, as decided by hand so far."""

    engine: Engine
    world: World
    stamp: int
    whole: dict[str, orjson.Fragment] = field(default_factory=dict)

    def fits(self) -> bool:
        """Tell whether nothing changed since."""
        return self.stamp == self.engine.rules.stamp and self.world.version == self.engine.world.version

    def of(self, name: str, wanted: bool | list[str]) -> orjson.Fragment:
        """Return the properties of an item, all of them or those that are wanted."""
        if isinstance(wanted, list):
            return fragment({one: value for one, value in self.fields(name).items() if one in wanted})
        found = self.whole.get(name)
        if found is None:
            if len(self.whole) >= MOST:
                self.whole.clear()
            found = self.whole[name] = fragment(self.fields(name))
        return found

    def fields(self, name: str) -> Mapping[str, Any]:
        """Return the fields of an item and its title; what has no value or must not be shown is left out."""
        silent = self.engine.rules.silent(name)
        items = self.engine.world.model.data.items
        told = {
            column: value
            for column, value in self.engine.item(name).items()
            if value is not None and value != [] and column not in silent
        }
        title = told.get(items.title) if items.title else None
        return {"title": str(title)} | told if title and "title" not in told else told


def fragment(fields: Mapping[str, Any]) -> orjson.Fragment:
    """Return JSON that is not made again."""
    return orjson.Fragment(orjson.dumps(fields, default=str))
