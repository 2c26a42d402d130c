"""Which models and which protocols the data allows, and why not the others."""

from collections.abc import Iterator
from dataclasses import dataclass

from penchant.data.dataset import Dataset
from penchant.data.roles import roles, says_something
from penchant.errors import SettingError
from penchant.evaluate.protocols import PROTOCOLS
from penchant.evaluate.run import check_judgeable


@dataclass(frozen=True, slots=True)
class Allowed:
    """A model or a protocol, whether it can be used, and why not where it cannot."""

    kind: str
    name: str
    why_not: str = ""


def allowed(data: Dataset) -> Iterator[Allowed]:
    """Say of each model and each protocol whether the data allows it."""
    events = data.interactions
    behaviour = "" if len(events) else "no events"
    ordered = behaviour or ("no times, and no order" if events.clock == "none" else "")
    told = "" if says_something(data.items) else "no titles, texts or categories"
    described = any(role not in ("identifier", "ignored") for role in roles(data.items).values())
    unrated = "" if data.scale else "no ratings"
    yield Allowed("model", "popularity, similarity, factors", behaviour)
    yield Allowed("model", "trend, transitions, habit", ordered)
    yield Allowed("model", "new items by content", "" if described else "no attributes of items")
    yield Allowed("model", "requests in words", told)
    yield Allowed("model", "ratings by predict", unrated)
    yield Allowed("model", "--target liked", "" if (events.weights < 0).any() else unrated)
    for name, protocol in PROTOCOLS.items():
        try:
            check_judgeable(data, protocol)
            yield Allowed("protocol", name)
        except SettingError as error:
            yield Allowed("protocol", name, str(error).splitlines()[0].removeprefix(f"protocol {name}: "))
