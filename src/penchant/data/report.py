"""What reading did: which column was taken as what, and a counted line for each thing changed."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Report:
    """Lines for people, in the order of the work; nothing that was dropped or changed is missing here."""

    lines: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    """Those of the lines that count something changed or dropped."""

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(slots=True)
class Journal:
    """The report while it is written."""

    lines: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Add a line."""
        self.lines.append(line)

    def count(self, table: str, n: int, what: str, *, then: str, changed: bool = True) -> None:
        """Add `table: n what: then` if there is anything to count; not `changed`: as the tables have it."""
        if n:
            self.lines.append(f"{table}: {n:,} {what}: {then}")
            self.changes += self.lines[-1:] if changed else []

    def report(self) -> Report:
        """Return the lines so far."""
        return Report(tuple(self.lines), tuple(self.changes))
