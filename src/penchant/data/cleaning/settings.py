"""What the caller asks of cleaning beyond what is always done."""

from collections.abc import Collection
from dataclasses import dataclass

from penchant.errors import SettingError

STEPS = (
    "duplicates",
    "encodings",
    "markup",
    "boilerplate",
    "dates",
    "opinions",
    "aggregates",
    "merge",
    "core",
)
"""The steps of cleaning by name, in their order."""


@dataclass(frozen=True, slots=True)
class Cleaning:
    """Options of cleaning.

    `strict` refuses instead of changing or dropping anything. `core` keeps only users and items with so many
    events each (0: everybody). `merge` makes one item of what is the same item twice. `keep` names columns
    that are kept although they aggregate the whole log. `without` names steps that are left out, so that what
    they do can be measured.
    """

    strict: bool = False
    core: int = 0
    merge: bool = False
    keep: Collection[str] = ()
    without: Collection[str] = ()

    def __post_init__(self) -> None:
        if self.core < 0:
            raise SettingError(f"--core {self.core}", hint="a number of events, 0 or more")
        for step in self.without:
            if step not in STEPS:
                raise SettingError(
                    f"no step of cleaning is called {step!r}", hint=f"one of {', '.join(STEPS)}"
                )
