"""The report of an evaluation: JSON with every number, Markdown, and tables for a terminal."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from penchant.evaluate.details import details, gained, spent
from penchant.evaluate.results import Difference, Seconds, Slice, Table
from penchant.evaluate.seal import sentence as opened
from penchant.evaluate.statistics import Interval
from penchant.store.versions import versions

SHOWN = ("NDCG@10", "Recall@20", "HR@10", "MRR@10")
INTERVALS = "in brackets: where 95 % of the means of resampled users fall"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that an evaluation found; `str` gives the Markdown."""

    protocol: str
    summary: str
    warning: str
    data: Mapping[str, int]
    tables: tuple[Table, ...]
    settings: Mapping[str, Mapping[str, Any]]
    seconds: Mapping[str, Seconds]
    versions: Mapping[str, str] = field(default_factory=versions)
    searches: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    opening: Mapping[str, Any] = field(default_factory=dict)
    diversity: str = ""

    def table(self, name: str) -> Table:
        """Return a table by its name."""
        return next(table for table in self.tables if table.name == name)

    def __str__(self) -> str:
        return "\n".join(_markdown(self))

    def json(self) -> dict[str, Any]:
        """Return all numbers as plain values; NaN becomes None."""
        plain = asdict(self)
        for table, given in zip(self.tables, plain["tables"], strict=True):
            found = (*table.differences, *table.gains)
            for difference, own in zip(found, (*given["differences"], *given["gains"]), strict=True):
                own["verdict"] = difference.verdict
        cleaned: dict[str, Any] = _plain(plain)
        return cleaned

    def write(self, folder: Path) -> None:
        """Write report.json and report.md, each whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.json(), indent=1, ensure_ascii=False, allow_nan=False)
        for name, content in (("report.json", text), ("report.md", str(self))):
            unfinished = folder / f".{name}.{os.getpid()}"
            unfinished.write_text(content + "\n", encoding="utf-8")
            unfinished.replace(folder / name)

    def rendered(self) -> RenderableType:
        """Return the tables for a terminal."""
        parts: list[RenderableType] = [Text(line) for line in _heading(self)]
        for table in self.tables:
            head = table.slices[0]
            parts.append(_grid(f"{table.name}: {_size(head)}", _columns(), _rows(self, head, brief=True)))
            if table.usual():
                parts.append(_grid(f"{table.name}: NDCG@10 by slice", *_by_slice(table, brief=True)))
            parts += [Text(_sentence(difference)) for difference in table.best()]
            parts += [Text(line) for line in gained(table)]
        return Group(*parts)


def _heading(evaluation: Evaluation) -> Iterator[str]:
    yield f"protocol {evaluation.protocol}: {evaluation.summary}"
    if evaluation.warning:
        yield f"WARNING {evaluation.warning}"
    yield ", ".join(f"{n:,} {what}" for what, n in evaluation.data.items()) + f"; {INTERVALS}"
    if evaluation.opening:
        yield opened(evaluation.opening)


def _markdown(evaluation: Evaluation) -> Iterator[str]:
    yield f"# Evaluation: {evaluation.protocol}"
    for line in _heading(evaluation):
        yield from ("", line)
    for table in evaluation.tables:
        head = table.slices[0]
        yield from ("", f"## {table.name}", "", f"{_size(head)}.", "")
        yield from _pipes(_columns(), _rows(evaluation, head))
        yield from ("", *(_sentence(difference) for difference in table.best()))
        if table.differences:
            yield from ("", "NDCG@10 of ours minus that of each baseline:", "")
            yield from _pipes(["ours", "baseline", "difference", "p (Holm)", ""], _against(table))
        if table.usual():
            yield from ("", "NDCG@10 by slice:", "")
            yield from _pipes(*_by_slice(table))
        yield from details(evaluation.diversity, table)
    yield from ("", "## Settings chosen", "")
    for name, settings in evaluation.settings.items():
        chosen = json.dumps(_plain(settings), ensure_ascii=False)
        yield f"- {name}: {chosen}{spent(evaluation.searches.get(name))}"
    yield from ("", "## Versions", "", ", ".join(f"{k} {v}" for k, v in evaluation.versions.items()))


def _columns() -> list[str]:
    return ["", *SHOWN, "coverage@10", "seconds"]


def _rows(evaluation: Evaluation, part: Slice, *, brief: bool = False) -> list[list[str]]:
    """Return a row for each contender; a terminal has no room for more than one interval."""
    return [
        [
            line.name,
            spelled(line.metrics[SHOWN[0]]),
            *(spelled(line.metrics[metric], brief=brief) for metric in SHOWN[1:]),
            f"{line.coverage:.3f}",
            f"{evaluation.seconds[line.name].total:.1f}",
        ]
        for line in part.lines
    ]


def _by_slice(table: Table, *, brief: bool = False) -> tuple[list[str], list[list[str]]]:
    """Return the NDCG@10 of each contender in each slice but the first."""
    parts = table.usual()
    cells: dict[str, list[str]] = {line.name: [] for line in table.slices[0].lines}
    for part in parts:
        for line in part.lines:
            cells[line.name].append(spelled(line.metrics["NDCG@10"], brief=brief))
    return ["", *(f"{part.title} ({part.lists:,})" for part in parts)], [[k, *v] for k, v in cells.items()]


def _against(table: Table) -> list[list[str]]:
    return [
        [d.ours, d.other, spelled(d.interval, sign="+"), f"{d.p:.4f} ({d.p_holm:.4f})", d.verdict]
        for d in table.differences
        if d.metric == "NDCG@10"
    ]


def _sentence(difference: Difference) -> str:
    return (
        f"{difference.ours} minus the best baseline, {difference.other}: {difference.metric} "
        f"{spelled(difference.interval, sign='+')}, p {difference.p_holm:.4f}: {difference.verdict}"
    )


def _size(part: Slice) -> str:
    return f"{part.lists:,} lists of {part.users:,} users"


def spelled(interval: Interval, *, sign: str = "", brief: bool = False) -> str:
    """Write an interval, or its mean alone.

    >>> spelled(Interval(0.27, 0.257, 0.283))
    '0.2700 [0.257, 0.283]'
    """
    if brief:
        return f"{interval.mean:{sign}.4f}"
    return f"{interval.mean:{sign}.4f} [{interval.low:{sign}.3f}, {interval.high:{sign}.3f}]"


def _pipes(columns: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"| {' | '.join('---' for _ in columns)} |"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"


def _grid(title: str, columns: list[str], rows: list[list[str]]) -> Grid:
    grid = Grid(title=title, title_justify="left", box=SIMPLE)
    for place, column in enumerate(columns):
        grid.add_column(column, justify="right" if place else "left", no_wrap=not place)
    for row in rows:
        grid.add_row(*row)
    return grid


def _plain(value: Any) -> Any:
    """Make JSON of nested values: intervals become mappings, numbers that are not finite become None."""
    if isinstance(value, Interval):
        return _plain(value._asdict())
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value
