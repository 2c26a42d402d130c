"""A check-up as one HTML page that needs nothing else: light and dark, for a desk and for a phone."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from penchant.data.cells import spell
from penchant.evaluate.checkup.drawing import bars, by_rank, plain
from penchant.evaluate.checkup.facts import Checkup
from penchant.evaluate.checkup.screen import NAMES, counted, rating_counts
from penchant.evaluate.wording import write_whole

SPANS, BINS = 48, 40
STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --faint: #66707c; --line: #d9dee4;
  --paper: #fff; --mark: #2563a8 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ed; --faint: #9aa4b0; --line: #38414c; --paper: #14181d; --mark: #6fb1f2 }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 84rem; padding: 1rem }
h1 { font-size: 1.5rem; margin: .5rem 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
.plots { display: grid; gap: 1rem 2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)) }
figure { margin: 0 } figcaption { font-weight: 600 }
figcaption small { display: block; font-weight: 400; color: var(--faint) }
svg { width: 100%; height: auto } svg text { font-size: 13px; fill: var(--faint) }
svg line { stroke: var(--line) } svg rect { fill: var(--mark) }
svg polyline { fill: none; stroke: var(--mark); stroke-width: 2 }
ul { padding-left: 1.2rem } li, td { overflow-wrap: anywhere }
table { border-collapse: collapse } td { padding: .2rem .8rem .2rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line) }
td:first-child { white-space: nowrap; color: var(--faint) }
"""


def page(found: Checkup, name: str) -> str:
    """Return the page; every text of the tables is escaped."""
    data = found.data
    size = f"{len(data.interactions):,} events of {data.n_users:,} users on {data.n_items:,} items"
    facts = [(line[:NAMES].strip(), line[NAMES:]) for line in counted(found)]
    allowed = [(one.name, f"no: {one.why_not}" if one.why_not else "yes") for one in found.allowed]
    body = [
        f"<h1>{plain(name)}</h1><p>{size}</p>",
        _table("What it holds", facts),
        f'<h2>Plots</h2><div class="plots">{"".join(plots(found))}</div>',
        _list("What is suspicious", found.suspicious or ["nothing"]),
        _table("Models and protocols that the data allows", allowed),
        _list("What reading and cleaning did", found.report.lines),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{plain(name)}</title><style>{STYLE}</style></head>\n<body>{''.join(body)}</body></html>\n"
    )


def plots(found: Checkup) -> Iterator[str]:
    """Draw what there is to draw."""
    events = found.data.interactions
    if len(events) and events.clock == "time" and events.end > events.start:
        counts, edges = np.histogram(events.times, SPANS)
        labels = [spell(edge) for edge in edges[:-1].tolist()]
        yield bars(labels, counts.tolist(), title="Events over time", above="events", below="time")
    if len(events):
        for name, counts in (("user", found.per_user), ("item", found.per_item)):
            title = f"Events per {name}"
            yield by_rank(
                counts.tolist(), title=title, above="events", below=f"rank of the {name}, both logarithmic"
            )
    if (ratings := rating_counts(found)) is not None:
        labels, n = [f"{value:g}" for value, _ in ratings], [n for _, n in ratings]
        yield bars(labels, n, title="Values of events", above="events", below="rating or quantity")
    if len(found.words.lengths):
        yield _lengths(found.words.lengths)


def _lengths(lengths: NDArray[np.int64]) -> str:
    most = max(1, int(np.quantile(lengths, 0.99)))
    step = -(-most // BINS)
    counts = np.bincount(np.minimum(lengths, most) // step)
    labels = [f"{place * step:,}" for place in range(len(counts))]
    labels[-1] += " or more"
    return bars(
        labels, counts.tolist(), title="Words per item", above="items", below="words of title and prose"
    )


def _list(title: str, lines: Sequence[str]) -> str:
    return f"<h2>{plain(title)}</h2><ul>{''.join(f'<li>{plain(line)}</li>' for line in lines)}</ul>"


def _table(title: str, rows: Sequence[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td>{plain(a)}</td><td>{plain(b)}</td></tr>" for a, b in rows)
    return f"<h2>{plain(title)}</h2><table>{cells}</table>"


def write(found: Checkup, folder: Path, name: str) -> Path:
    """Write `check.html` into a folder, whole or not at all; returns its path.

    Raises:
        InputError: the folder cannot be made, or written to.
    """
    write_whole(folder, {"check.html": page(found, name)})
    return folder / "check.html"
