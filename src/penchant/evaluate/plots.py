"""Plots as SVG text: dots with intervals, bars, lines, scattered points. Pure functions of numbers and names.

Each gives one `<svg>` for a page that has `axes.STYLE`, as every `page` has; colours follow the page's
scheme, names may hold any character, numbers that are not finite are left out.
"""

import math
from collections.abc import Collection, Mapping, Sequence

from penchant.evaluate.axes import (
    COLOURS,
    DASHES,
    FOOT,
    LABEL,
    ROW,
    VALUE,
    WIDTH,
    Scale,
    dot,
    fitted,
    legend,
    legend_height,
    rule,
    short,
    svg,
    text,
    whisker,
    width,
    word,
    x_axis,
    y_axis,
)
from penchant.evaluate.statistics import Interval


def intervals(
    title: str,
    about: str,
    rows: Sequence[tuple[str, Sequence[Interval]]],
    *,
    names: Sequence[str] = (),
    strong: Collection[str] = (),
    axis: str = "",
    zero: bool = False,
    digits: int = 3,
) -> str:
    """Draw a row for each label with a dot and its interval for each series.

    Args:
        title: What the plot is called by a screen reader.
        about: What it shows, in a sentence.
        rows: A label with one interval for each series.
        names: Of the series, for the legend, where there are several.
        strong: Labels to stand out; with one series they take the first colour, all others the second.
        axis: What the numbers are.
        zero: Show 0 as a line of its own.
        digits: Behind the point, in the column of numbers that a plot of one series has.
    """
    series = max((len(given) for _, given in rows), default=1)
    high = ROW if series == 1 else 10.0 + 12.0 * series
    top, height = legend_height(names), len(rows) * high
    right = WIDTH - (VALUE if series == 1 else 12.0)
    scale = Scale.over((v for _, given in rows for i in given for v in i), LABEL + 8, right - 6, zero=zero)
    parts = [legend(names), x_axis(scale, top, top + height, axis)]
    if zero:
        parts.append(rule(scale(0.0), top, scale(0.0), top + height, "zero"))
    for place, (label, given) in enumerate(rows):
        middle = top + (place + 0.5) * high
        bold = " strong" if label in strong else ""
        parts.append(word(LABEL, middle + 4, fitted(label, LABEL - 4), "end", bold, whole=label))
        for number, interval in enumerate(given):
            if not math.isfinite(interval.mean):
                continue
            y = middle + 12.0 * (number - (len(given) - 1) / 2)
            colour = number if series > 1 or label in strong or not strong else 1
            name = f"{label}, {names[number]}" if number < len(names) else label
            parts.append(whisker(scale, y, interval, colour, name, digits))
            if series == 1:
                sign = "+" if zero else ""
                parts.append(word(WIDTH - 2, y + 4, f"{interval.mean:{sign}.{digits}f}", "end", bold))
    return svg(title, about, top + height + FOOT, parts)


def bars(
    title: str, about: str, rows: Sequence[tuple[str, float]], *, strong: Collection[str] = (), axis: str = ""
) -> str:
    """Draw a bar from 0 for each label; `strong` labels stand out."""
    scale = Scale.over((value for _, value in rows), LABEL + 8, WIDTH - VALUE - 6, zero=True)
    height = len(rows) * ROW
    parts = [x_axis(scale, 0.0, height, axis)]
    for place, (label, value) in enumerate(rows):
        y, bold = place * ROW, " strong" if label in strong else ""
        parts.append(word(LABEL, y + ROW / 2 + 4, fitted(label, LABEL - 4), "end", bold, whole=label))
        if not math.isfinite(value):
            continue
        left, right = sorted((scale(0.0), scale(value)))
        colour = 0 if label in strong or not strong else 1
        tip = f"<title>{text(label)}: {value:,.4g}</title>"
        parts.append(
            f'<rect class="c{colour}" x="{left:.1f}" y="{y + 5:.1f}" width="{max(right - left, 0.5):.1f}"'
            f' height="{ROW - 10:.1f}" rx="2">{tip}</rect>'
        )
        parts.append(word(WIDTH - 2, y + ROW / 2 + 4, short(value), "end", bold))
    return svg(title, about, height + FOOT, parts)


def lines(
    title: str, about: str, steps: Sequence[str], series: Mapping[str, Sequence[float]], *, axis: str = ""
) -> str:
    """Draw a line for each series over the same steps; the first series stands out."""
    top = legend_height(list(series), lines=True)
    bottom = top + 170.0
    scale = Scale.over((value for values in series.values() for value in values), bottom, top + 8)
    left, right = 46.0, WIDTH - 24.0
    places = [left + 14 + (right - left - 28) * n / max(1, len(steps) - 1) for n in range(len(steps))]
    parts = [legend(list(series), lines=True), y_axis(scale, left, right, axis)]
    every = -(-len(steps) // 6) or 1
    for x, step in list(zip(places, steps, strict=True))[::every]:
        room = (right - left) / max(1, len(steps[::every])) - 4
        parts.append(word(x, bottom + 17, fitted(step, room), "middle", " soft", whole=step))
    for number, (name, values) in reversed(list(enumerate(series.items()))):
        colour = number % COLOURS
        found = [(x, v) for x, v in zip(places, values, strict=True) if math.isfinite(v)]
        path = " ".join(f"{x:.1f},{scale(v):.1f}" for x, v in found)
        dash = f' stroke-dasharray="{DASHES[colour]}"' if DASHES[colour] else ""
        parts.append(f'<polyline class="line c{colour}" points="{path}"{dash}/>')
        parts += [dot(x, scale(v), colour, f"{name}: {v:.4g}", 4.0 if not number else 3.0) for x, v in found]
    return svg(title, about, bottom + 26, parts)


def columns(
    title: str, about: str, rows: Sequence[tuple[str, float]], *, across: str = "", up: str = ""
) -> str:
    """Draw an upright bar from 0 for each label, side by side as in a histogram."""
    left, right, top, bottom = 46.0, WIDTH - 14.0, 26.0, 196.0
    scale = Scale.over((value for _, value in rows), bottom, top, zero=True)
    wide = (right - left) / max(1, len(rows))
    parts = [y_axis(scale, left, right, up)]
    for place, (label, value) in enumerate(rows):
        if math.isfinite(value):
            y, tip = scale(value), f"<title>{text(label)}: {value:,.6g}</title>"
            parts.append(
                f'<rect class="c0" x="{left + place * wide:.1f}" y="{y:.1f}" width="{max(wide - 1, 0.5):.1f}"'
                f' height="{max(bottom - y, 0.0):.1f}" stroke="none">{tip}</rect>'
            )
    every = -(-len(rows) // 4) or 1
    for place, (label, _) in list(enumerate(rows))[::every]:
        shown = fitted(label, wide * every - 4)
        parts.append(word(left + (place + 0.5) * wide, bottom + 15, shown, "middle", " soft", whole=label))
    parts.append(word((left + right) / 2, bottom + 31, across, "middle", " soft") if across else "")
    return svg(title, about, bottom + FOOT, parts)


def curves(
    title: str,
    about: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    *,
    across: str = "",
    up: str = "",
    diagonal: bool = False,
    dots: bool = True,
) -> str:
    """Draw points (x, y) joined by lines on two logarithmic axes; what is not above 0 is left out.

    `diagonal` draws where both are equal, on axes of the same range.
    """
    kept = {name: [(x, y) for x, y in found if x > 0 and y > 0] for name, found in series.items()}
    kept = {
        name: [(x, y) for x, y in found if math.isfinite(x) and math.isfinite(y)]
        for name, found in kept.items()
    }
    names = list(kept) if len(kept) > 1 else []
    top = legend_height(names, lines=True) + (0.0 if names else 22.0)
    left, right, bottom = 46.0, WIDTH - 14.0, top + 200.0
    xs, ys = ([point[side] for found in kept.values() for point in found] for side in (0, 1))
    xs, ys = (xs + ys, xs + ys) if diagonal else (xs, ys)
    x_scale, y_scale = Scale.powers(xs, left, right), Scale.powers(ys, bottom, top)
    parts = [legend(names, lines=True), x_axis(x_scale, top, bottom, across)]
    parts.append(y_axis(y_scale, left, right, up))
    parts.append(rule(left, bottom, right, top, "zero") if diagonal else "")
    for number, (name, found) in reversed(list(enumerate(kept.items()))):
        colour = number % COLOURS
        path = " ".join(f"{x_scale(x):.1f},{y_scale(y):.1f}" for x, y in found)
        dash = f' stroke-dasharray="{DASHES[colour]}"' if DASHES[colour] else ""
        parts.append(f'<polyline class="line c{colour}" points="{path}"{dash}/>')
        tips = [(x, y, f"{name}: {x:.3g}, {y:.3g}") for x, y in found] if dots else []
        parts += [dot(x_scale(x), y_scale(y), colour, tip, 4.0 if not number else 3.0) for x, y, tip in tips]
    return svg(title, about, bottom + FOOT, parts)


def scatter(
    title: str,
    about: str,
    points: Sequence[tuple[str, float, float]],
    *,
    strong: Collection[str] = (),
    across: str = "",
    up: str = "",
) -> str:
    """Draw a point (label, x, y) each, with its label where there is room."""
    points = [point for point in points if math.isfinite(point[1]) and math.isfinite(point[2])]
    left, right, top, bottom = 46.0, WIDTH - 14.0, 26.0, 250.0
    x_scale = Scale.over((x for _, x, _ in points), left, right)
    y_scale = Scale.over((y for _, _, y in points), bottom, top)
    parts = [x_axis(x_scale, top, bottom, across), y_axis(y_scale, left, right, up)]
    places = [(x_scale(x), y_scale(y)) for _, x, y in points]
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    for (label, x, y), (px, py) in zip(points, places, strict=True):
        colour, bold = (0, " strong") if label in strong or not strong else (1, "")
        parts.append(dot(px, py, colour, f"{label}: {x:.4g}, {y:.4g}", 5.0))
        shown = fitted(label, 150.0)
        spot = _free_spot(
            px, py, width(shown) * (1.15 if bold else 1.0), taken, (left, top - 14, right, bottom)
        )
        taken.append(spot)
        parts.append(word(spot[0], spot[3] - 3, shown, "start", bold, whole=label))
    return svg(title, about, bottom + FOOT, parts)


Box = tuple[float, float, float, float]


def _free_spot(x: float, y: float, width: float, taken: Sequence[Box], field: Box) -> Box:
    """Return the box for a label near a point that covers least of what is there."""
    spots = [(x + 8, y - 7), (x - 8 - width, y - 7), (x - width / 2, y - 21), (x - width / 2, y + 8)]
    spots += [(x + 6, y - 19), (x - 6 - width, y - 19), (x + 6, y + 6), (x - 6 - width, y + 6)]
    boxes = [(left, top, left + width, top + 14) for left, top in spots]

    def cost(box: Box) -> float:
        outside = max(0, field[0] - box[0]) + max(0, box[2] - field[2])
        outside += max(0, field[1] - box[1]) + max(0, box[3] - field[3])
        return sum(_shared(box, other) for other in taken) + 1000 * outside

    return min(boxes, key=cost)


def _shared(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
