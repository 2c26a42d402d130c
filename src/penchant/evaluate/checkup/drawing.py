"""Small plots as SVG text: bars, and counts by rank on two logarithmic axes. Colours come from the page."""

import math
from collections.abc import Sequence
from html import escape

import numpy as np

WIDTH, HEIGHT, LEFT, BELOW, ABOVE, RIGHT = 640, 260, 64, 34, 12, 14
MOST_LABELS, MOST_POINTS = 6, 200


def bars(labels: Sequence[str], values: Sequence[float], *, title: str, above: str, below: str) -> str:
    """Draw a bar for each label; `above` and `below` name the axes."""
    top = max([*values, 1e-12])
    width = (WIDTH - LEFT - RIGHT) / max(1, len(values))
    parts = []
    for place, (label, value) in enumerate(zip(labels, values, strict=True)):
        height = (HEIGHT - ABOVE - BELOW) * value / top
        x, y = LEFT + place * width, HEIGHT - BELOW - height
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width - 1, 0.5):.1f}" height="{height:.1f}">'
            f"<title>{plain(label)}: {value:,.6g}</title></rect>"
        )
    every = -(-len(labels) // MOST_LABELS) or 1
    ticks = [(LEFT + (place + 0.5) * width, label) for place, label in enumerate(labels)][::every]
    heights = [(HEIGHT - BELOW - (HEIGHT - ABOVE - BELOW) * part, top * part) for part in (0.0, 0.5, 1.0)]
    return _framed("".join(parts), ticks, [(y, short(v)) for y, v in heights], title, above, below)


def by_rank(counts: Sequence[int], *, title: str, above: str, below: str) -> str:
    """Draw counts, the largest first, against their rank; both axes are logarithmic."""
    n = len(counts)
    ranks = np.unique(np.geomspace(1, max(1, n), min(max(1, n), MOST_POINTS)).round().astype(int))[: n or 1]
    wide, high = math.log10(max(2, n)), math.log10(max([2, *counts[:1]]))
    points = [
        (
            LEFT + (WIDTH - LEFT - RIGHT) * math.log10(rank) / wide,
            HEIGHT - BELOW - (HEIGHT - ABOVE - BELOW) * math.log10(max(1, counts[rank - 1])) / high,
        )
        for rank in ranks.tolist()
        if n
    ]
    line = f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'
    ticks = [
        (LEFT + (WIDTH - LEFT - RIGHT) * power / wide, short(10**power))
        for power in range(math.floor(wide) + 1)
    ]
    heights = [
        (HEIGHT - BELOW - (HEIGHT - ABOVE - BELOW) * power / high, short(10**power))
        for power in range(math.floor(high) + 1)
    ]
    return _framed(line, ticks, heights, title, above, below)


def _framed(
    body: str,
    ticks: Sequence[tuple[float, str]],
    heights: Sequence[tuple[float, str]],
    title: str,
    above: str,
    below: str,
) -> str:
    lines = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{plain(label)}</text>'
        for y, label in heights
    )
    under = "".join(
        f'<text x="{x:.1f}" y="{HEIGHT - BELOW + 17}" text-anchor="middle">{plain(label)}</text>'
        for x, label in ticks
    )
    return (
        f"<figure><figcaption>{plain(title)}<small>{plain(above)} by {plain(below)}</small></figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{plain(title)}">'
        f"{lines}{under}{body}</svg></figure>"
    )


def plain(text: str) -> str:
    """Return a text that HTML and XML show as it is, signs that XML does not know replaced."""
    known = "".join(
        sign if sign in "\t\n" or (sign >= " " and not _forbidden(sign)) else "\ufffd" for sign in text
    )
    return escape(known)


def _forbidden(sign: str) -> bool:
    return "\x7f" <= sign <= "\x9f" or "\ud800" <= sign <= "\udfff" or sign in "\ufffe\uffff"


def short(number: float) -> str:
    """Write a number for an axis: 1,200,000 → 1.2M.

    >>> short(1_200_000), short(250), short(0.5)
    ('1.2M', '250', '0.5')
    """
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:.3g}{sign}"
    return f"{number:.3g}"
