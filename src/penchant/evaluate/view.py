"""An evaluation as parts of a page: what came out in a sentence, plots, and a table for every number.

Whatever metrics and slices a table holds are shown; none but the leading metric is known by name.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from penchant.evaluate import page, plots
from penchant.evaluate.axes import COLOURS
from penchant.evaluate.clicks import Clicks, told, verdict
from penchant.evaluate.details import gained, spent
from penchant.evaluate.rated import Ratings
from penchant.evaluate.results import Difference, Seconds, Slice, Table
from penchant.evaluate.statistics import Interval
from penchant.evaluate.wording import plain, spelled

LEADING = "NDCG@10"
UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))
NUMBERED = re.compile(r"^(?P<name>.*?)\s*(?P<number>\d+)$")
"""Titles of slices that follow each other: window 1, window 2."""
NONE = "\N{EN DASH}"
MOST_SLICES = 24
"""Slices in one plot; the table below has them all."""


def card(table: Table, seconds: Mapping[str, Seconds]) -> str:
    """Return one table as a card: verdicts, plots, numbers."""
    head = table.slices[0]
    lead = leading(head)
    parts = [page.paragraph(f"{head.lists:,} lists of {head.users:,} users.", "soft")]
    parts += [page.paragraph(sentence(found), f"verdict {found.verdict}") for found in _best(table, lead)]
    parts += [page.paragraph(line) for line in gained(table)]
    parts.append(page.plots(_figures(table, lead)))
    columns = ["", *_metrics(head), "coverage@10", *_beyond(head), "seconds"]
    ours = _ours(table)
    parts.append(page.table("All lists: mean [interval]", columns, _rows(head, seconds), strong=ours))
    if table.differences:
        caption = f"Differences: {' or '.join(ours)} minus each baseline, in pairs"
        parts.append(page.table(caption, *differences(table)))
    if len(table.slices) > 1:
        titles = [f"{part.title} ({part.lists:,})" for part in table.slices[1:]]
        rows = _by_slice(table.slices[1:], [line.name for line in head.lines], lead)
        parts.append(page.table(f"{lead} by slice (lists)", ["", *titles], rows, strong=ours))
        parts.append(page.details("Every metric of every slice", _every_slice(table, ours)))
    return page.section(table.name, parts)


def ratings(found: Ratings) -> str:
    """Return how well ratings were foretold, as a card."""
    size = f"{found.ratings:,} later ratings of {found.users:,} users, {found.known:,} by known ones."
    told = [page.paragraph(line, "verdict") for line in found.sentences()]
    errors = page.table("Errors", *found.rows(), strong=[line.name for line in found.lines[:1]])
    return page.section("ratings", [page.paragraph(size, "soft"), *told, errors])


def clicks(found: Clicks) -> str:
    """Return how well it was foretold what people take, as a card."""
    notes = [page.paragraph(note, "soft") for note in found.notes]
    if not found.lines:
        return page.section("probabilities", notes)
    kinds = [f"verdict {verdict(one)}" for one in found.differences]
    parts = [page.paragraph(f"{found.size()}.", "soft"), *notes]
    parts += [page.paragraph(line, kind) for line, kind in zip(found.sentences(), kinds, strict=True)]
    points = {line.name: [(p.foretold, p.taken.mean) for p in line.curve] for line in found.lines}
    about = "To the right: how likely it was said to be. Upwards: how often it came true."
    across, up = "probability foretold", "part that was taken"
    drawn = plots.curves("Reliability", about, points, across=across, up=up, diagonal=True)
    said = "Reliability: on the dashed line what was foretold came true as often"
    parts.append(page.plots([page.figure(drawn, said)]))
    names = [line.name for line in found.lines[:1]]
    parts.append(page.table("Probabilities: mean [interval]", *found.rows(), strong=names))
    for line in found.lines:
        rows = [[f"{p.foretold:.3g}", told(p.taken), f"{p.pairs:,.0f}"] for p in line.curve]
        table = page.table(f"Reliability of {line.name}", ["foretold", "taken", "pairs stood for"], rows)
        parts.append(page.details(f"Reliability of {line.name}, in numbers", [table]))
    return page.section("probabilities", parts)


def settings(
    chosen: Mapping[str, Mapping[str, Any]],
    versions: Mapping[str, str],
    searches: Mapping[str, Mapping[str, float]],
) -> str:
    """Return what the searches chose and cost, and with what it was measured."""
    rows = [
        (name, json.dumps(plain(found), ensure_ascii=False) + spent(searches.get(name)))
        for name, found in chosen.items()
    ]
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    parts = [page.table("Settings chosen", ["", "settings"], rows, words={1}), page.paragraph(told, "soft")]
    return page.section("How it was measured", parts)


def leading(part: Slice) -> str:
    """Return the metric that is shown first: NDCG@10, or else the first there is."""
    names = _metrics(part)
    return LEADING if LEADING in names or not names else names[0]


def sentence(found: Difference) -> str:
    """Say how ours compares with the best baseline."""
    return (
        f"{found.ours} minus the best baseline, {found.other}: {found.metric} "
        f"{spelled(found.interval, sign='+')}, p {found.p_holm:.4f}: {found.verdict}"
    )


def differences(table: Table) -> tuple[list[str], list[list[str]]]:
    """Return columns and rows of all differences."""
    several = len({found.ours for found in table.differences}) > 1
    rows = [
        [
            f"{found.ours} minus {found.other}" if several else found.other,
            found.metric,
            spelled(found.interval, sign="+"),
            f"{found.p:.4f}",
            f"{found.p_holm:.4f}",
            found.verdict,
        ]
        for found in table.differences
    ]
    return ["", "metric", "difference", "p", "p (Holm)", "verdict"], rows


def _figures(table: Table, lead: str) -> Iterator[str]:
    head, ours = table.slices[0], _ours(table)
    order = sorted(head.lines, key=lambda line: -line.metrics.get(lead, UNKNOWN).mean)
    rows = [(line.name, [line.metrics.get(lead, UNKNOWN)]) for line in order]
    about = "The line is the interval in which 95 % of the means of resampled users fall."
    yield page.figure(plots.intervals(f"{lead}, {table.name}", about, rows, strong=ours, axis=lead),
                      f"{lead}: mean and interval")  # fmt: skip
    for name in ours:
        found = [d for d in table.differences if d.ours == name and d.metric == lead]
        gaps = [(d.other, [d.interval]) for d in sorted(found, key=lambda d: d.interval.mean)]
        if gaps:
            about = f"{name} minus each baseline, in pairs; right of 0, {name} is better."
            drawn = plots.intervals(
                f"{name} minus baselines", about, gaps, zero=True, axis=f"{lead}, difference"
            )
            yield page.figure(drawn, f"{name} minus each baseline: right of the dashed line it is better")
    yield from _slice_figures(table, lead)
    points = [(line.name, line.coverage, line.metrics.get(lead, UNKNOWN).mean) for line in head.lines]
    about = "To the right: more of the catalogue is shown. Upwards: more accurate."
    drawn = plots.scatter("Coverage and accuracy", about, points, strong=ours, across="coverage@10", up=lead)
    yield page.figure(drawn, "Coverage against accuracy: the upper right corner is best")


def _slice_figures(table: Table, lead: str) -> Iterator[str]:
    """Draw slices that follow each other as lines, others as rows of dots: ours and the best baseline."""
    runs, single = _runs(table.slices[1:])
    names = [line.name for line in table.slices[0].lines]
    for title, parts in runs.items():
        series = {name: [_mean(part, name, lead).mean for part in parts] for name in names[:COLOURS]}
        about = f"{lead} of each contender over {len(parts)} slices in their order."
        drawn = plots.lines(f"{lead} by {title}", about, [part.title for part in parts], series, axis=lead)
        yield page.figure(drawn, f"{lead} by {title}")
    shown = [*_ours(table), *(found.other for found in _best(table, lead))]
    shown = list(dict.fromkeys(shown))[:COLOURS] or names[:1]
    for kind, parts in _kinds(single).items():
        rows = [(part.title, [_mean(part, name, lead) for name in shown]) for part in parts[:MOST_SLICES]]
        about = f"{lead} with its interval in each slice, for {', '.join(shown)}."
        title = f"{lead} by {kind or 'slice'}"
        drawn = plots.intervals(title, about, rows, names=shown, axis=lead)
        yield page.figure(drawn, title)


def _kinds(slices: Sequence[Slice]) -> dict[str, list[Slice]]:
    """Put slices together by what they divide."""
    found: dict[str, list[Slice]] = {}
    for part in slices:
        found.setdefault(part.by, []).append(part)
    return found


def _runs(slices: Sequence[Slice]) -> tuple[dict[str, list[Slice]], list[Slice]]:
    """Divide slices into runs (title: window 1, window 2, …, of three at least) and all others."""
    found: dict[str, list[Slice]] = {}
    for part in slices:
        match = NUMBERED.match(part.title)
        name = match["name"] if match else ""
        follows = match is not None and int(match["number"]) == len(found.get(name, [])) + 1
        if name and follows:
            found.setdefault(name, []).append(part)
    runs = {name: parts for name, parts in found.items() if len(parts) >= 3}
    inside = [part for parts in runs.values() for part in parts]
    return runs, [part for part in slices if part not in inside]


def _metrics(part: Slice) -> list[str]:
    return list(dict.fromkeys(metric for line in part.lines for metric in line.metrics))


def _beyond(part: Slice) -> list[str]:
    return list(dict.fromkeys(name for line in part.lines for name in line.beyond))


def _ours(table: Table) -> list[str]:
    """Return the names that are compared with others; the first contender where nobody is."""
    names = list(dict.fromkeys(found.ours for found in table.differences))
    return names or [line.name for line in table.slices[0].lines[:1]]


def _best(table: Table, lead: str) -> list[Difference]:
    return table.best(lead) if any(found.metric == lead for found in table.differences) else []


def _mean(part: Slice, name: str, metric: str) -> Interval:
    return next((line.metrics.get(metric, UNKNOWN) for line in part.lines if line.name == name), UNKNOWN)


def _told(interval: Interval) -> str:
    return spelled(interval) if interval.mean == interval.mean else NONE


def _number(value: float | None) -> str:
    return NONE if value is None or value != value else f"{value:.3f}"


def _rows(part: Slice, seconds: Mapping[str, Seconds] | None = None) -> list[list[str]]:
    rows = []
    for line in part.lines:
        cells = [_told(line.metrics.get(metric, UNKNOWN)) for metric in _metrics(part)]
        took = (
            [] if seconds is None else [f"{seconds[line.name].total:.1f}" if line.name in seconds else NONE]
        )
        further = [_number(line.beyond.get(name)) for name in _beyond(part)]
        rows.append([line.name, *cells, f"{line.coverage:.3f}", *further, *took])
    return rows


def _by_slice(parts: Sequence[Slice], names: Sequence[str], metric: str) -> list[list[str]]:
    return [[name, *(_told(_mean(part, name, metric)) for part in parts)] for name in names]


def _every_slice(table: Table, ours: Sequence[str]) -> Iterator[str]:
    for part in table.slices[1:]:
        title = f"{part.title}: {part.lists:,} lists of {part.users:,} users"
        yield page.table(
            title, ["", *_metrics(part), "coverage@10", *_beyond(part)], _rows(part), strong=ours
        )
