"""The closed forms whose settings are searched: where each search starts and looks, and their views."""

from collections.abc import Mapping
from typing import Any

from penchant.models.item_to_item import ItemToItem
from penchant.models.similarity import Similarity
from penchant.models.transitions import Transitions
from penchant.tune.coordinates import Settings
from penchant.tune.study import Range, Space

DECAYS = {"similarity": {"": 0.98, ".recent": 0.9, ".all": 1.0}, "transitions": {"": 0.95, ".recent": 0.8}}
SPACES: Mapping[str, Mapping[str, list[Any]]] = {
    "similarity": {
        "l2": [20.0, 60.0, 200.0, 600.0, 2000.0],
        "user_power": [0.0, 0.3, 0.6],
        "prior": [0.0, 30.0, 100.0, 300.0, 1000.0],
        "dropout": [0.0, 0.2, 0.4],
        "item_power": [0.0, 0.2],
    },
    "transitions": {
        "l2": [30.0, 120.0, 500.0, 2000.0],
        "gamma": [0.6, 0.8, 0.9, 0.95],
        "prior": [0.0, 30.0, 100.0, 300.0, 1000.0],
        "user_power": [0.0, 0.5],
        "together": [True, False],
    },
}
STARTS: Mapping[str, Settings] = {
    "similarity": {"l2": 200.0, "user_power": 0.0, "prior": 100.0, "dropout": 0.0, "item_power": 0.0},
    "transitions": {"l2": 500.0, "gamma": 0.9, "prior": 300.0, "user_power": 0.0, "together": True},
}
WIDE: Mapping[str, Space] = {
    "similarity": {
        "l2": Range(5.0, 5000.0, log=True),
        "user_power": Range(0.0, 1.0),
        "prior": Range(1.0, 3000.0, log=True),
        "dropout": Range(0.0, 0.7),
        "item_power": Range(0.0, 0.5),
    },
    "transitions": {
        "l2": Range(5.0, 5000.0, log=True),
        "gamma": Range(0.3, 0.99),
        "prior": Range(1.0, 3000.0, log=True),
        "user_power": Range(0.0, 1.0),
        "together": [True, False],
    },
}
"""Where a search with a budget looks; a prior of 1 is as good as none."""
KINDS: Mapping[str, type[ItemToItem]] = {"similarity": Similarity, "transitions": Transitions}
