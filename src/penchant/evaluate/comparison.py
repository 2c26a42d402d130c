"""What a comparison of two bundles found, as plain values, JSON, a page, and tables for a terminal."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from rich.box import SIMPLE
from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from penchant.data.cells import spell
from penchant.evaluate import page, plots
from penchant.evaluate.axes import fitted
from penchant.evaluate.results import LEVEL
from penchant.evaluate.seal import sentence as opened
from penchant.evaluate.statistics import Interval
from penchant.evaluate.wording import plain, spelled, write_whole
from penchant.store.versions import versions

FOUND = "\N{CHECK MARK} "
IN_TERMINAL = 3
"""Titles of a list that a terminal has room for."""


@dataclass(frozen=True, slots=True)
class Side:
    """One bundle: its folder, version, fingerprint of its data, the moment of its last event, its counts."""

    label: str
    folder: str
    version: str
    fingerprint: str
    end: float
    counts: Mapping[str, int]

    def __str__(self) -> str:
        told = ", ".join(f"{n:,} {what}" for what, n in self.counts.items())
        return f"{self.label}: {self.folder}, version {self.version[:12]}, {told}, until {spell(self.end)}"


class Gap(NamedTuple):
    """One metric of both, and B minus A in pairs; p of random swaps, corrected for all slices."""

    metric: str
    a: Interval
    b: Interval
    difference: Interval
    p: float
    p_holm: float

    @property
    def verdict(self) -> str:
        """Say "B is better", "A is better" or "unclear"."""
        if self.p_holm >= LEVEL or self.difference.low <= 0 <= self.difference.high:
            return "unclear"
        return "B is better" if self.difference.mean > 0 else "A is better"


class Part(NamedTuple):
    """Some of the rows, with the metrics of both."""

    title: str
    lists: int
    users: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """One person at one moment: what they had, what they took, and both lists with what was found in them."""

    user: str
    at: float
    history: int
    latest: tuple[str, ...]
    took: tuple[str, ...]
    n_took: int
    ndcg: Mapping[str, float]
    overlap: float
    lists: Mapping[str, tuple[str, ...]]
    found: Mapping[str, tuple[bool, ...]]

    def marked(self, label: str) -> list[str]:
        """Return a list's titles, those that were taken with a mark."""
        pairs = zip(self.lists[label], self.found[label], strict=True)
        return [f"{FOUND}{title}" if hit else title for title, hit in pairs]


@dataclass(frozen=True, slots=True)
class Contrast:
    """One table: all rows, how alike the top tens are (Jaccard, and the share that is equal), slices."""

    table: str
    whole: Part
    overlap: Interval
    identical: float
    coverage: Mapping[str, float]
    slices: Mapping[str, tuple[Part, ...]]
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two bundles, the moments they were asked at, and what came out for each table."""

    sides: tuple[Side, Side]
    data: Mapping[str, int]
    moments: tuple[float, ...]
    notes: tuple[str, ...]
    contrasts: tuple[Contrast, ...]
    versions: Mapping[str, str] = field(default_factory=versions)
    opening: Mapping[str, Any] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """Return everything as plain values; NaN becomes None."""
        given = asdict(self)
        for contrast, values in zip(self.contrasts, given["contrasts"], strict=True):
            values["whole"] = _plain_part(contrast.whole)
            values["slices"] = {k: [_plain_part(p) for p in parts] for k, parts in contrast.slices.items()}
        cleaned: dict[str, Any] = plain(given)
        return cleaned

    def html(self) -> str:
        """Return a page of its own: plots, tables, examples; no script, no address."""
        first, *rest = _heading(self)
        parts = [page.paragraph(first), *(page.paragraph(line, "soft") for line in rest)]
        parts += [_card(contrast) for contrast in self.contrasts]
        told = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return page.page("Comparison of two bundles", [*parts, page.paragraph(told, "soft")])

    def write(self, folder: Path) -> None:
        """Write comparison.json and comparison.html, each whole or not at all."""
        text = json.dumps(self.json(), indent=1, ensure_ascii=False, allow_nan=False)
        write_whole(folder, {"comparison.json": text, "comparison.html": self.html()})

    def rendered(self) -> RenderableType:
        """Return the tables for a terminal; the examples are those of the first table."""
        parts: list[RenderableType] = [Text(_safe(line)) for line in _heading(self)]
        for contrast in self.contrasts:
            rows = [_gap_row(gap.metric, gap) for gap in contrast.whole.gaps]
            parts.append(_grid(f"{contrast.table}: {_size(contrast.whole)}", _COLUMNS, rows))
            parts.append(Text(_alike(contrast)))
            for kind, found in contrast.slices.items():
                rows = [_gap_row(f"{p.title} ({p.lists:,})", p.gaps[0]) for p in found]
                parts.append(_grid(f"by {kind}: {found[0].gaps[0].metric}", _COLUMNS, rows))
        for example in self.contrasts[0].examples:
            parts.append(Text(_safe(_about(example)), style="bold"))
            for label in "AB":
                shown = "; ".join(fitted(title, 240) for title in example.marked(label)[:IN_TERMINAL])
                parts.append(Text(f"  {label} (NDCG@10 {example.ndcg[label]:.3f}): {shown}"))
        return Group(*parts)


_COLUMNS = ["", "A", "B", "B minus A", "p (corrected)", ""]


def _heading(comparison: Comparison) -> Iterator[str]:
    size = ", ".join(f"{n:,} {what}" for what, n in comparison.data.items())
    yield (
        f"Both bundles are asked at the same {len(comparison.moments)} moments, from "
        f"{spell(comparison.moments[0])} on, about events later than all that either learned from"
    )
    yield from (str(side) for side in comparison.sides)
    yield f"tables: {size}; in brackets: where 95 % of the means of resampled users fall"
    if comparison.opening:
        yield opened(comparison.opening)
    yield from comparison.notes


def _card(contrast: Contrast) -> str:
    whole = contrast.whole
    lead = whole.gaps[0]
    kind = {"unclear": "", "B is better": "better", "A is better": "worse"}[lead.verdict]
    said = (
        f"B minus A: {lead.metric} {spelled(lead.difference, sign='+')}, p {lead.p_holm:.4f}: {lead.verdict}"
    )
    parts = [page.paragraph(f"{_size(whole)}.", "soft"), page.paragraph(said, f"verdict {kind}")]
    parts.append(page.paragraph(_alike(contrast)))
    figures = []
    for name, found in contrast.slices.items():
        rows = [(part.title, [part.gaps[0].difference]) for part in found]
        about = f"B minus A by {name}, in pairs; right of 0, B is better."
        drawn = plots.intervals(
            f"B minus A by {name}", about, rows, zero=True, axis=f"{lead.metric}, B minus A"
        )
        figures.append(page.figure(drawn, f"By {name}: right of the dashed line B is better"))
    parts.append(page.plots(figures))
    numbers = [_gap_row(gap.metric, gap) for gap in whole.gaps]
    parts.append(page.table("All lists: mean [interval]", _COLUMNS, numbers))
    for name, found in contrast.slices.items():
        numbers = [_gap_row(f"{part.title} ({part.lists:,})", part.gaps[0]) for part in found]
        parts.append(page.table(f"{lead.metric} by {name} (lists)", _COLUMNS, numbers))
    parts.append(page.heading("For whom they differ most"))
    parts += [page.details(_about(example), _lists(example)) for example in contrast.examples]
    return page.section(contrast.table, parts)


def _lists(example: Example) -> Iterator[str]:
    if example.latest:
        yield page.paragraph(f"Latest of {example.history:,} events: {'; '.join(example.latest)}", "soft")
    more = ", …" if example.n_took > len(example.took) else ""
    yield page.paragraph(f"Took: {'; '.join(example.took)}{more}")
    lists = [
        f"<div>{page.ordered(f'{label}: NDCG@10 {example.ndcg[label]:.3f}', example.marked(label))}</div>"
        for label in "AB"
    ]
    yield page.plots(lists)


def _about(example: Example) -> str:
    took = "; ".join(example.took[:IN_TERMINAL]) + ("; …" if example.n_took > IN_TERMINAL else "")
    gain = example.ndcg["B"] - example.ndcg["A"]
    return (
        f"user {example.user}, {spell(example.at)}, {example.history:,} events before, "
        f"B minus A {gain:+.3f}, overlap {example.overlap:.2f}; took {took}"
    )


def _alike(contrast: Contrast) -> str:
    shown = ", ".join(f"{label} {value:.3f}" for label, value in contrast.coverage.items())
    return (
        f"overlap of the top tens (Jaccard) {spelled(contrast.overlap)}; {contrast.identical:.0%} of them "
        f"are equal in order too; part of all items shown: {shown}"
    )


def _size(part: Part) -> str:
    return f"{part.lists:,} lists of {part.users:,} users"


def _gap_row(title: str, gap: Gap) -> list[str]:
    numbers = [f"{gap.a.mean:.4f}", f"{gap.b.mean:.4f}", spelled(gap.difference, sign="+")]
    return [title, *numbers, f"{gap.p:.4f} ({gap.p_holm:.4f})", gap.verdict]


def _plain_part(part: Part) -> dict[str, Any]:
    gaps = [{**gap._asdict(), "verdict": gap.verdict} for gap in part.gaps]
    return {"title": part.title, "lists": part.lists, "users": part.users, "gaps": gaps}


def _grid(title: str, columns: list[str], rows: list[list[str]]) -> Grid:
    grid = Grid(title=Text(title), title_justify="left", box=SIMPLE)
    for place, column in enumerate(columns):
        grid.add_column(column, justify="right" if place else "left", no_wrap=not place)
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    return grid


def _safe(line: str) -> str:
    """Cut a line and take out what would speak to the terminal."""
    return fitted(line, 4000.0)
