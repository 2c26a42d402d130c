"""A check-up as one HTML page that needs nothing else: light and dark, for a desk and for a phone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from penchant.data.cells import spell
from penchant.evaluate import page as pages
from penchant.evaluate import plots as drawn
from penchant.evaluate.checkup.effects import Effects
from penchant.evaluate.checkup.facts import Checkup
from penchant.evaluate.checkup.screen import NAMES, counted, rating_counts
from penchant.evaluate.wording import write_whole

SPANS, BINS, MOST_POINTS = 48, 40, 200


def page(found: Checkup, name: str) -> str:
    """Return the page; every text of the tables is escaped."""
    data = found.data
    size = f"{len(data.interactions):,} events of {data.n_users:,} users on {data.n_items:,} items"
    facts = [(line[:NAMES].strip(), line[NAMES:]) for line in counted(found)]
    allowed = [(one.name, f"no: {one.why_not}" if one.why_not else "yes") for one in found.allowed]
    holds = [pages.table("Counted", ["", "what"], facts, words={1}), pages.plots(plots(found))]
    parts = [
        pages.paragraph(size),
        pages.section("What it holds", holds),
        pages.section("What is suspicious", [pages.bullets(found.suspicious or ["nothing"])]),
        *(() if found.effects is None else (_effects(found.effects),)),
        pages.section(
            "Models and protocols that the data allows",
            [pages.table("Allowed", ["", "allowed"], allowed, words={1})],
        ),
        pages.section("What reading and cleaning did", [pages.bullets(found.report.lines)]),
    ]
    return pages.page(name, parts)


def _effects(found: Effects) -> str:
    columns, rows = found.rows()
    parts = [pages.paragraph(f"{found.summary()}.")]
    measured = [(one.step, [one.gain]) for one in found.steps if one.gain is not None]
    if found.noise is not None:
        measured.append(("another seed", [found.noise]))
        about = "NDCG@10 with each step minus without it, in pairs; right of 0, the step helps."
        axis, title = "NDCG@10, with minus without", "What each step of cleaning does"
        plot = drawn.intervals(title, about, measured, zero=True, axis=axis, digits=4)
        said = "With each step minus without it: right of the dashed line it helps"
        parts.append(pages.plots([pages.figure(plot, said)]))
    if rows:
        parts.append(pages.table("Steps of cleaning", columns, rows, words={5}))
    return pages.section("What cleaning does to accuracy", parts)


def plots(found: Checkup) -> Iterator[str]:
    """Draw what there is to draw."""
    events = found.data.interactions
    if len(events) and events.clock == "time" and events.end > events.start:
        counts, edges = np.histogram(events.times, SPANS)
        labels = [spell(edge) for edge in edges[:-1].tolist()]
        yield _histogram("Events over time", labels, counts, "events", "time")
    if len(events):
        for name, counts in (("user", found.per_user), ("item", found.per_item)):
            yield by_rank(f"Events per {name}", counts, f"rank of the {name}")
    if (ratings := rating_counts(found)) is not None:
        labels, n = [f"{value:g}" for value, _ in ratings], np.array([n for _, n in ratings])
        yield _histogram("Values of events", labels, n, "events", "rating or quantity")
    if len(found.words.lengths):
        yield _lengths(found.words.lengths)


def by_rank(title: str, counts: NDArray[np.int64], across: str) -> str:
    """Draw counts, the largest first, against their rank; both axes are logarithmic."""
    n = len(counts)
    ranks = np.unique(np.geomspace(1, max(1, n), min(max(1, n), MOST_POINTS)).round().astype(int))[:n]
    points = [(float(rank), float(counts[rank - 1])) for rank in ranks.tolist()]
    about = "The most active to the left; a straight line is a long tail."
    svg = drawn.curves(title, about, {"events": points}, across=across, up="events", dots=False)
    return pages.figure(svg, title)


def _histogram(title: str, labels: list[str], counts: NDArray[np.int64], up: str, across: str) -> str:
    rows = list(zip(labels, map(float, counts), strict=True))
    return pages.figure(drawn.columns(title, f"{up} by {across}", rows, across=across, up=up), title)


def _lengths(lengths: NDArray[np.int64]) -> str:
    most = max(1, int(np.quantile(lengths, 0.99)))
    step = -(-most // BINS)
    counts = np.bincount(np.minimum(lengths, most) // step)
    labels = [f"{place * step:,}" for place in range(len(counts))]
    labels[-1] += " or more"
    return _histogram("Words per item", labels, counts, "items", "words of title and prose")


def write(found: Checkup, folder: Path, name: str) -> Path:
    """Write `check.html` into a folder, whole or not at all; returns its path.

    Raises:
        InputError: the folder cannot be made, or written to.
    """
    write_whole(folder, {"check.html": page(found, name)})
    return folder / "check.html"
