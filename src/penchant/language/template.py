"""The wording of a row: lines with `{column}` in them, of which those with nothing to say are dropped."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from penchant.errors import SettingError

PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """Lines of text with `{column}` where a value goes."""

    lines: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a template from its text. Raises SettingError where it names no column at all."""
        lines = tuple(line.rstrip() for line in text.splitlines() if line.strip())
        if not any(PLACEHOLDER.search(line) for line in lines):
            raise SettingError("the template names no column", hint='write for instance "{title}" on a line')
        return cls(lines)

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read a template from a file. Raises SettingError."""
        try:
            return cls.parse(Path(path).read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(f"{path}: the template cannot be read ({error})") from error

    @classmethod
    def of(cls, title: str | None, named: Sequence[str], texts: Sequence[str]) -> Self:
        """Write the usual template: the title, then `Name: value` lines, then the long texts."""
        lines = [f"{{{title}}}"] if title else []
        lines += [f"{label(column)}: {{{column}}}" for column in named]
        return cls((*lines, *(f"{{{column}}}" for column in texts)))

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns named, in the order of their first mention."""
        return tuple(dict.fromkeys(name for line in self.lines for name in PLACEHOLDER.findall(line)))

    def check(self, columns: Sequence[str]) -> None:
        """Raise SettingError for a placeholder that is none of `columns`."""
        unknown = [name for name in self.columns if name not in columns]
        if unknown:
            raise SettingError(
                f"the template names {{{unknown[0]}}}, but no column is called so",
                hint=f"the columns are {', '.join(columns) or 'none at all'}",
            )

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text of a row: without the lines whose columns are empty, "" where all of them are."""
        said = False
        kept = []
        for line in self.lines:
            names = PLACEHOLDER.findall(line)
            if all(values.get(name) for name in names):
                kept.append(PLACEHOLDER.sub(lambda found: values[found[1]], line))
                said = said or bool(names)
        return "\n".join(kept) if said else ""


def label(column: str) -> str:
    """Return a column's name as people write it: `release_year` becomes "Release year"."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\s]+", " ", column).strip()
    return words[:1].upper() + words[1:].lower()
