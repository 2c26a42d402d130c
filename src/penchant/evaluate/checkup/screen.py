"""A check-up on one screen: forty lines of a hundred characters at most."""

import math
import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from penchant.data.dataset import Reviews
from penchant.evaluate.checkup.facts import LATE, Checkup

WIDTH, LINES, NAMES = 100, 40, 13


def screen(found: Checkup) -> str:
    """Return the check-up as text."""
    facts = [cut(line) for line in counted(found)]
    below = _wrapped(found.suspicious, "? ", 8) if found.suspicious else ["nothing suspicious"]
    below += [line for one in permitted(found) for line in _wrapped([one], "", 2, NAMES)]
    read = [line for line in found.report.lines if "WARNING" not in line]
    return "\n".join([*_wrapped(read, "", LINES - len(facts) - len(below)), *facts, *below])


def _wrapped(lines: Sequence[str], sign: str, room: int, margin: int = 2) -> list[str]:
    """Break lines at the width; where there is no room, each keeps one line, and the rest is counted."""
    indent = " " * (len(sign) + margin)
    whole = [
        textwrap.wrap(line, WIDTH, initial_indent=sign, subsequent_indent=indent, break_on_hyphens=False)
        for line in lines
    ]
    if sum(map(len, whole)) <= room:
        return [part for parts in whole for part in parts]
    short = [cut(sign + line) for line in lines]
    if len(short) > room:
        short = [*short[: room - 1], f"… and {len(short) - room + 1:,} more lines: -o REPORT shows them all"]
    return short


def cut(line: str) -> str:
    """Return a line that fits the width."""
    line = line.replace("\n", " ")
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def counted(found: Checkup) -> Iterator[str]:
    """Say the numbers, a line for each kind."""
    data, events = found.data, found.data.interactions
    if len(events):
        yield row(
            "density", f"{found.density:.3%} of the pairs met; {found.repeats:.1%} of the events are repeats"
        )
        for name, counts in (("user", found.per_user), ("item", found.per_item)):
            middle, once = float(np.median(counts)), float((counts == 1).mean())
            spread = f"{counts.mean():.1f} on average, {counts[0]:,} at most; {once:.0%} have one"
            yield row(f"per {name}", f"{middle:g} events in the middle, {spread}")
        tops = f"{found.head(0.01):.0%} of the events on the top 1 % of the items"
        yield row("long tail", f"{tops}, {found.head(0.2):.0%} on the top 20 %")
        items, users = data.n_items - len(found.per_item), data.n_users - len(found.per_user)
        yield row(
            "cold", f"{items:,} items ({items / data.n_items:.0%}) and {users:,} users without an event"
        )
        if not math.isnan(found.late_users):
            late = f"in the last {LATE:.0%} of the log {found.late_users:.0%} of the events are by new users"
            yield row("newcomers", f"{late}, {found.late_items:.0%} on new items")
        if (ratings := rating_counts(found)) is not None:
            yield row("ratings", ", ".join(f"{value:g}: {n:,}" for value, n in ratings))
        if data.reviews:
            yield row("reviews", _reviews(found, data.reviews))
    yield from _texts(found)


def row(name: str, text: str) -> str:
    """Return a line that begins with a name."""
    return f"{name:{NAMES}}{text}"


def _texts(found: Checkup) -> Iterator[str]:
    told, n = found.words, max(1, found.data.n_items)
    if not len(told.lengths):
        yield row("texts", "none: lists rest on behaviour and attributes")
        return
    spoken = ", ".join(f"{language} {share:.0%}" for language, share in told.languages[:6])
    parts = f"{told.titles / n:.0%} of the items have a title, {told.prose / n:.0%} prose"
    yield row("texts", f"{parts}; {np.median(told.lengths):g} words in the middle")
    yield row("languages", spoken or "too little text to tell")
    if said := [f"{title}: {', '.join(terms)}" for title, terms in found.keywords if terms]:
        yield row("keywords", "; ".join(said))


def _reviews(found: Checkup, told: Reviews) -> str:
    spoken = ", ".join(f"{language} {share:.0%}" for language, share in found.spoken[:4])
    share = told.texts / len(found.data.interactions)
    tone = f"{told.against / told.signed:.0%} negative" if told.signed else "not told for or against"
    return (
        f"{told.texts:,} events ({share:.0%}) have a text; {tone}; {spoken or 'too short to tell language'}"
    )


def rating_counts(found: Checkup, most: int = 20) -> list[tuple[float, int]] | None:
    """Return how often each rating was given, None where values are none or no scale."""
    values = found.data.interactions.values
    different, n = np.unique(values[np.isfinite(values)], return_counts=True)
    return list(zip(different.tolist(), n.tolist(), strict=True)) if 1 < len(different) <= most else None


def permitted(found: Checkup) -> Iterator[str]:
    """Say what the data allows, and why not the rest."""
    for kind in ("model", "protocol"):
        every = [one for one in found.allowed if one.kind == kind]
        reasons: dict[str, list[str]] = {}
        for one in every:
            reasons.setdefault(one.why_not, []).append(one.name)
        yield row(kind + "s", ", ".join(reasons.pop("", ["none"])))
        without = [f"{', '.join(names)} ({why})" for why, names in reasons.items()]
        if without:
            yield row("  not", "; ".join(without))
