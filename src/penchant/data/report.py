"""What reading did: which column was taken as what, and a counted line for each thing changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Report:
    """Lines for people, in the order of the work; nothing that was dropped or changed is missing here."""

    lines: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    """Those of the lines that count something changed or dropped."""
    steps: Mapping[str, int] = field(default_factory=dict)
    """How much each step of cleaning changed, by its name (`cleaning.settings.STEPS`); "" is all the rest."""

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(slots=True)
class Journal:
    """The report while it is written."""

    lines: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    steps: dict[str, int] = field(default_factory=dict)

    def say(self, line: str) -> None:
        """Add a line."""
        self.lines.append(line)

    def count(
        self, table: str, n: int, what: str, *, then: str, changed: bool = True, step: str = ""
    ) -> None:
        """Add `table: n what: then` if there is anything to count; not `changed`: as the tables have it.

        `step` is the step of cleaning that did it.
        """
        if n:
            self.lines.append(f"{table}: {n:,} {what}: {then}")
            if changed:
                self.changes += self.lines[-1:]
                self.steps[step] = self.steps.get(step, 0) + n

    def report(self) -> Report:
        """Return the lines so far."""
        return Report(tuple(self.lines), tuple(self.changes), dict(self.steps))
