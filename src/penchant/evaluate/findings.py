"""What a probe found, as plain values and as parts of a report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from penchant.evaluate import page, plots
from penchant.evaluate.results import Difference
from penchant.evaluate.statistics import Interval
from penchant.evaluate.wording import spelled


@dataclass(frozen=True, slots=True)
class Finding:
    """Some rows of a table: NDCG@10 of each variant, and what ours gains over each of the others.

    `items` are the different targets; `events`, their events before the cut, half have more and half fewer.
    """

    table: str
    part: str
    lists: int
    users: int
    items: int
    events: float
    means: Mapping[str, Interval]
    gains: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """A question, what was found, and what has to be known to read it; without findings the notes say why."""

    title: str
    question: str
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default_factory=tuple)

    @property
    def shown(self) -> bool:
        """Whether there is a table."""
        return bool(self.findings)

    @property
    def caption(self) -> str:
        """What its table shows."""
        return "NDCG@10: mean [interval]"

    def sentences(self) -> Iterator[str]:
        """Say each gain."""
        for found in self.findings:
            for gain in found.gains:
                yield (
                    f"{found.table}, {found.part}: {gain.ours} minus {gain.other}, {gain.metric} "
                    f"{spelled(gain.interval, sign='+')}, p {gain.p_holm:.4f}: {gain.verdict}"
                )

    def grid(self) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows of everything found."""
        names = list(dict.fromkeys(name for found in self.findings for name in found.means))
        columns = ["", "lists", "users", "items", "events of the median item", *names]
        rows = [
            [
                f"{found.table}, {found.part}",
                *(f"{n:,}" for n in (found.lists, found.users, found.items)),
                f"{found.events:g}",
                *(spelled(found.means[name]) for name in names),
            ]
            for found in self.findings
        ]
        return columns, rows

    def card(self) -> str:
        """Return the probe as a card of a page."""
        parts = [page.paragraph(self.question), *(page.paragraph(note, "soft") for note in self.notes)]
        kinds = [gain.verdict for found in self.findings for gain in found.gains]
        said = zip(self.sentences(), kinds, strict=True)
        parts += [page.paragraph(line, f"verdict {kind}") for line, kind in said]
        if self.findings:
            parts.append(page.plots(self._figures()))
            parts.append(page.table(self.caption, *self.grid()))
        return page.section(self.title, parts)

    def markdown(self) -> Iterator[str]:
        """Yield the probe as Markdown."""
        yield from ("", f"## {self.title}", "", self.question)
        for note in self.notes:
            yield from ("", note)
        if self.shown:
            columns, rows = self.grid()
            yield from ("", f"| {' | '.join(columns)} |", f"| {' | '.join('---' for _ in columns)} |")
            yield from (f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)
            yield from ("", *(f"- {line}" for line in self.sentences()))

    def _figures(self) -> Iterator[str]:
        first, several = self.findings[0], len({found.table for found in self.findings}) > 1
        names = list(first.means)
        short = [found.part.removesuffix(" of like popularity") for found in self.findings]
        labels = [
            f"{part}, {found.table}" if several else part
            for part, found in zip(short, self.findings, strict=True)
        ]
        means = [[found.means[name] for name in names] for found in self.findings]
        about = f"NDCG@10 with its interval for {', '.join(names)}."
        rows = list(zip(labels, means, strict=True))
        yield page.figure(plots.intervals(self.title, about, rows, names=names, axis="NDCG@10"), "NDCG@10")
        over = [f"over {gain.other.rpartition(', ')[2]}" for gain in first.gains]
        gains = [[gain.interval for gain in found.gains] for found in self.findings]
        about = "What ours gains over each variant, in pairs; right of 0, the texts as they are do better."
        rows, axis = list(zip(labels, gains, strict=True)), "gain in NDCG@10"
        drawn = plots.intervals(f"{self.title}: gains", about, rows, names=over, zero=True, axis=axis)
        yield page.figure(
            drawn, "Gain over the variants: right of the dashed line the texts as they are help"
        )
