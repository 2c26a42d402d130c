"""The report of an evaluation: JSON with every number, Markdown, a page, and tables for a terminal."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from penchant.evaluate import page, view
from penchant.evaluate.clicks import Clicks, verdict
from penchant.evaluate.details import details, gained, spent
from penchant.evaluate.findings import Probe
from penchant.evaluate.rated import Ratings
from penchant.evaluate.results import Difference, Seconds, Slice, Table
from penchant.evaluate.seal import sentence as opened
from penchant.evaluate.wording import plain, spelled, write_whole
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
    ratings: Ratings | None = None
    clicks: Clicks | None = None
    probes: tuple[Probe, ...] = ()

    def table(self, name: str) -> Table:
        """Return a table by its name."""
        return next(table for table in self.tables if table.name == name)

    def __str__(self) -> str:
        return "\n".join(_markdown(self))

    def json(self) -> dict[str, Any]:
        """Return all numbers as plain values; NaN becomes None."""
        given = asdict(self)
        for table, values in zip(self.tables, given["tables"], strict=True):
            _judge(table.differences, values["differences"])
            _judge(table.gains, values["gains"])
        for probe, values in zip(self.probes, given["probes"], strict=True):
            for found, own in zip(probe.findings, values["findings"], strict=True):
                _judge(found.gains, own["gains"])
        if self.clicks is not None:
            for one, own in zip(self.clicks.differences, given["clicks"]["differences"], strict=True):
                own["verdict"] = verdict(one)
        cleaned: dict[str, Any] = plain(given)
        return cleaned

    def html(self) -> str:
        """Return a page of its own: plots and tables, no script, no address."""
        lead, *rest = _heading(self)
        kinds = ("verdict warning" if line.startswith("WARNING") else "soft" for line in rest)
        parts = [page.paragraph(lead), *map(page.paragraph, rest, kinds)]
        parts += [view.card(table, self.seconds) for table in self.tables]
        if self.ratings is not None:
            parts.append(view.ratings(self.ratings))
        if self.clicks is not None:
            parts.append(view.clicks(self.clicks))
        parts += [probe.card() for probe in self.probes]
        parts.append(view.settings(self.settings, self.versions, self.searches))
        return page.page(f"Evaluation: {self.protocol}", parts)

    def write(self, folder: Path) -> None:
        """Write report.json, report.md and report.html, each whole or not at all."""
        text = json.dumps(self.json(), indent=1, ensure_ascii=False, allow_nan=False)
        write_whole(folder, {"report.json": text, "report.md": str(self), "report.html": self.html()})

    def rendered(self) -> RenderableType:
        """Return the tables for a terminal."""
        parts: list[RenderableType] = [Text(line) for line in _heading(self)]
        for table in self.tables:
            head = table.slices[0]
            parts.append(_grid(f"{table.name}: {_size(head)}", _columns(), _rows(self, head, brief=True)))
            if table.usual():
                parts.append(_grid(f"{table.name}: NDCG@10 by slice", *_by_slice(table, brief=True)))
            parts += [Text(view.sentence(difference)) for difference in table.best()]
            parts += [Text(line) for line in gained(table)]
        if self.ratings is not None:
            parts.append(_grid(f"ratings: {_rated(self.ratings)}", *self.ratings.rows()))
            parts += [Text(line) for line in self.ratings.sentences()]
        if self.clicks is not None:
            parts += _probable(self.clicks)
        for probe in self.probes:
            parts.append(Text(probe.title, style="bold"))
            parts += [Text(line) for line in (*probe.notes, *probe.sentences())]
            parts += [_grid(probe.caption, *probe.grid())] if probe.shown else []
        return Group(*parts)


def _judge(differences: Sequence[Difference], values: Sequence[dict[str, Any]]) -> None:
    """Add the verdicts, which are no fields."""
    for difference, own in zip(differences, values, strict=True):
        own["verdict"] = difference.verdict


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
        yield from ("", *(view.sentence(difference) for difference in table.best()))
        if table.differences:
            yield from ("", "NDCG@10 of ours minus that of each baseline:", "")
            yield from _pipes(["ours", "baseline", "difference", "p (Holm)", ""], _against(table))
        if table.usual():
            yield from ("", "NDCG@10 by slice:", "")
            yield from _pipes(*_by_slice(table))
        yield from details(evaluation.diversity, table)
    if evaluation.ratings is not None:
        yield from ("", "## ratings", "", f"{_rated(evaluation.ratings)}.", "")
        yield from _pipes(*evaluation.ratings.rows())
        yield from ("", *evaluation.ratings.sentences())
    if evaluation.clicks is not None:
        yield from ("", "## probabilities", "", *_paragraphs(evaluation.clicks))
    for probe in evaluation.probes:
        yield from probe.markdown()
    yield from ("", "## Settings chosen", "")
    for name, settings in evaluation.settings.items():
        chosen = json.dumps(plain(settings), ensure_ascii=False)
        yield f"- {name}: {chosen}{spent(evaluation.searches.get(name))}"
    yield from ("", "## Versions", "", ", ".join(f"{k} {v}" for k, v in evaluation.versions.items()))


def _rated(found: Ratings) -> str:
    return f"{found.ratings:,} later ratings of {found.users:,} users, {found.known:,} by known ones"


def _paragraphs(found: Clicks) -> Iterator[str]:
    if found.lines:
        yield from (f"{found.size()}.", "")
        yield from _pipes(*found.rows())
        yield from ("", *(f"- {line}" for line in found.sentences()), "")
    yield from (f"- {note}" for note in found.notes)


def _probable(found: Clicks) -> Iterator[RenderableType]:
    if found.lines:
        yield _grid(f"probabilities: {found.size()}", *found.rows(brief=True))
        yield from (Text(line) for line in found.sentences())
    yield from (Text(f"probabilities: {note}") for note in found.notes)


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


def _size(part: Slice) -> str:
    return f"{part.lists:,} lists of {part.users:,} users"


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
