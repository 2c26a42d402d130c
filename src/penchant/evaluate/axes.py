"""What plots are made of: scales with round ticks, words, dots, axes and legends, as SVG text."""

import math
import unicodedata
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from html import escape
from typing import NamedTuple

from penchant.evaluate.statistics import Interval

WIDTH, LABEL, VALUE, ROW, FOOT = 400.0, 132.0, 50.0, 24.0, 38.0
COLOURS = 8
"""Classes c0 to c7; c0 is for what the plot is about."""
STYLE = """
svg{display:block;width:100%;max-width:520px;height:auto;font:12px system-ui,sans-serif;fill:var(--ink)}
svg .grid{stroke:var(--line);stroke-width:1}svg .zero{stroke:var(--ink);stroke-width:1.2;stroke-dasharray:3 3}
svg .soft{fill:var(--soft)}svg .strong{font-weight:650}svg .whole{fill:none;stroke-width:2.2}
svg .line{fill:none;stroke-width:1.6}svg .line.c0{stroke-width:3}
""" + "".join(
    f"svg .c{i}{{fill:var(--c{i});stroke:var(--c{i})}}svg .line.c{i}{{fill:none}}" for i in range(8)
)
"""Goes into the page once; it uses the custom properties --ink, --soft, --line and --c0 to --c7."""
DASHES = ("", "", "6 3", "2 3", "8 3 2 3", "", "6 3", "2 3")


class Scale(NamedTuple):
    """From numbers to places: `low` lies at `start`, `high` at `end`; `ticks` are round numbers between.

    With `log` equal ratios are equally far apart, and numbers not above 0 stand at the start.
    """

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the place of a number."""
        if self.log:
            value = max(value, self.low)
            part = math.log(value / self.low) / math.log(self.high / self.low)
            return self.start + part * (self.end - self.start)
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    @classmethod
    def over(cls, values: Iterable[float], start: float, end: float, *, zero: bool = False) -> "Scale":
        """Cover all finite values (and 0 with `zero`), with round ticks at both ends."""
        known = [value for value in values if math.isfinite(value)] + ([0.0] if zero else [])
        low, high = (min(known), max(known)) if known else (0.0, 1.0)
        if high - low < 1e-12 * max(1.0, abs(high)):
            low, high = low - (abs(low) / 2 or 0.5), high + (abs(high) / 2 or 0.5)
        step = _round_step((high - low) / 4)
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        ticks = tuple(step * n for n in range(first, last + 1))
        return cls(ticks[0], ticks[-1], start, end, ticks)

    @classmethod
    def powers(cls, values: Iterable[float], start: float, end: float) -> "Scale":
        """Cover all finite values above 0 by powers of ten, on a logarithmic scale."""
        known = [value for value in values if math.isfinite(value) and value > 0] or [1.0]
        first = math.floor(math.log10(min(known)) + 1e-9)
        last = max(math.ceil(math.log10(max(known)) - 1e-9), first + 1)
        ticks = tuple(10.0**power for power in range(first, last + 1))
        return cls(ticks[0], ticks[-1], start, end, ticks, log=True)


def _round_step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= raw * (1 - 1e-9))


def text(given: str) -> str:
    """Return text that a page can hold: escaped, and what no page may hold (NUL, half characters) as �."""
    kept = "".join(
        "\ufffd" if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n" else c for c in given
    )
    return escape(kept)


def short(value: float) -> str:
    """Return a number in few characters: 12, 3.4, 0.05, 71k."""
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if sign == 'k' else size):.3g}{sign}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def fitted(label: str, room: float) -> str:
    """Cut a label to a width, with … where something is missing; control characters become spaces."""
    plain = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in label[:400])
    plain = plain.strip() or "(no name)"
    if width(plain) <= room:
        return plain
    while plain and width(plain + "…") > room:
        plain = plain[:-1]
    return plain + "…"


def width(label: str) -> float:
    """Estimate how wide a text of 12 px is; wide scripts and emoji take twice a letter."""
    return sum(
        0.0 if unicodedata.combining(c) else 12.5 if unicodedata.east_asian_width(c) in "WF" else 6.6
        for c in label
    )


def svg(title: str, about: str, height: float, parts: Sequence[str]) -> str:
    """Return a whole plot, with title and description for whom does not see it."""
    body = "".join(parts)
    mark = "p" + blake2b((title + about + body).encode("utf-8", "replace"), digest_size=6).hexdigest()
    return (
        f'<svg viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="img" aria-labelledby="{mark}t {mark}d">'
        f'<title id="{mark}t">{text(title)}</title><desc id="{mark}d">{text(about)}</desc>{body}</svg>'
    )


def word(x: float, y: float, shown: str, anchor: str, kind: str = "", *, whole: str = "") -> str:
    """Write a text; `whole` is shown on pointing where something was cut off."""
    named = f' class="{kind.strip()}"' if kind else ""
    tip = f"<title>{text(whole)}</title>" if whole and whole != shown else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{text(shown)}{tip}</text>'


def rule(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Draw a straight line of a class."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def dot(x: float, y: float, colour: int, tip: str, size: float) -> str:
    """Draw a point that says `tip` on pointing."""
    tip = f"<title>{text(tip)}</title>"
    return f'<circle class="c{colour % COLOURS}" cx="{x:.1f}" cy="{y:.1f}" r="{size:g}">{tip}</circle>'


def whisker(scale: Scale, y: float, interval: Interval, colour: int, name: str, digits: int) -> str:
    """Draw an interval as a line with a dot at its mean."""
    mean, low, high = interval
    tip = f"{name}: {mean:.{digits + 1}f}"
    bounds = ""
    if math.isfinite(low) and math.isfinite(high):
        tip += f" [{low:.{digits + 1}f}, {high:.{digits + 1}f}]"
        bounds = rule(scale(low), y, scale(high), y, f"whole c{colour % COLOURS}")
    return f"<g>{bounds}{dot(scale(mean), y, colour, tip, 4.2)}</g>"


def x_axis(scale: Scale, top: float, bottom: float, name: str) -> str:
    """Draw ticks from top to bottom, with the name of the axis below."""
    parts = [rule(scale(tick), top, scale(tick), bottom, "grid") for tick in scale.ticks]
    every = 2 if len(scale.ticks) > 5 else 1
    for tick in scale.ticks[::every]:
        parts.append(word(scale(tick), bottom + 15, _tick(tick, scale), "middle", " soft"))
    parts.append(word((scale.start + scale.end) / 2, bottom + 31, name, "middle", " soft") if name else "")
    return "".join(parts)


def y_axis(scale: Scale, left: float, right: float, name: str) -> str:
    """Draw ticks from left to right, with the name of the axis above."""
    parts = [rule(left, scale(tick), right, scale(tick), "grid") for tick in scale.ticks]
    parts += [word(left - 6, scale(t) + 4, _tick(t, scale), "end", " soft") for t in scale.ticks]
    parts.append(word(4, scale.end - 12, name, "start", " soft") if name else "")
    return "".join(parts)


def _tick(value: float, scale: Scale) -> str:
    """Write a tick with as many digits as the step between ticks has."""
    step = scale.ticks[1] - scale.ticks[0]
    if scale.log:
        return short(value)
    if max(abs(scale.low), abs(scale.high)) >= 1e4:
        return short(value)
    digits = max(0, math.ceil(-math.log10(step) - 1e-9))
    digits += round(step * 10**digits, 6) % 1 > 1e-6  # steps of 0.025
    return f"{value if abs(value) > step / 1e6 else 0.0:.{digits}f}"


def _legend_places(names: Sequence[str]) -> list[tuple[float, float]]:
    places, x, y = [], 4.0, 12.0
    for name in names:
        wide = 24 + width(fitted(name, 160.0)) + 12
        if x > 4.0 and x + wide > WIDTH:
            x, y = 4.0, y + 17
        places.append((x, y))
        x += wide
    return places


def legend_height(names: Sequence[str], *, lines: bool = False) -> float:
    """Return the room that a legend takes."""
    return _legend_places(names)[-1][1] + (34 if lines else 12) if names else 4.0


def legend(names: Sequence[str], *, lines: bool = False) -> str:
    """Name the colours of several series, in rows that fit."""
    parts = []
    for number, (name, (x, y)) in enumerate(zip(names, _legend_places(names), strict=True)):
        colour = number % COLOURS
        if lines:
            dash = f' stroke-dasharray="{DASHES[colour]}"' if DASHES[colour] else ""
            parts.append(f'<polyline class="line c{colour}" points="{x},{y - 4} {x + 20},{y - 4}"{dash}/>')
        else:
            parts.append(f'<circle class="c{colour}" cx="{x + 12:.1f}" cy="{y - 4:.1f}" r="4.2"/>')
        parts.append(word(x + 24, y, fitted(name, 160.0), "start", whole=name))
    return "".join(parts)
