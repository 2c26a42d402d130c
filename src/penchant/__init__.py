"""Penchant: a recommender in which language models transfer what they know.

The names below are brought in when first used (PEP 562), so that `import penchant` and `penchant --help` cost
nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penchant.data.read import read
    from penchant.errors import PenchantError
    from penchant.recommender import Recommender

__all__ = ["PenchantError", "Recommender", "read"]
HOMES = {
    "PenchantError": "penchant.errors",
    "Recommender": "penchant.recommender",
    "read": "penchant.data.read",
}


def __getattr__(name: str) -> object:
    if name not in HOMES:
        raise AttributeError(f"module 'penchant' has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *HOMES})
