"""Which models and which protocols the data allows, and why not the others."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from penchant.data.catalogues import by_title
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
    rated = bool(np.isfinite(events.values).any())
    yield Allowed("model", "popularity, similarity, factors", behaviour)
    yield Allowed("model", "trend, transitions, habit", ordered)
    yield Allowed("model", "new items by content", "" if described else "no attributes of items")
    yield Allowed("model", "requests in words", told)
    yield Allowed("model", "--target liked", "" if rated or (events.weights < 0).any() else "no ratings")
    yield Allowed("model", "graph", _graph(data))
    for name, protocol in PROTOCOLS.items():
        try:
            check_judgeable(data, protocol)
            yield Allowed("protocol", name)
        except SettingError as error:
            yield Allowed("protocol", name, str(error).splitlines()[0].removeprefix(f"protocol {name}: "))


def _graph(data: Dataset) -> str:
    if data.graph is None:
        return "no table of relations"
    titles = by_title(data.items)
    heads = data.graph["head"].unique().to_list()
    known = any(head in data.items.vocabulary or head.strip().lower() in titles for head in heads)
    return "" if known else "its heads are no items"
