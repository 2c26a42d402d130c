"""What the report on paper says beyond its first columns: further metrics, finer slices, gains, costs."""

from collections.abc import Iterator, Mapping

from penchant.evaluate.results import BEYOND, Slice, Table

FURTHER = ("Precision@10", "Recall@10", "F1@10", "MAP@10")


def details(source: str, table: Table) -> Iterator[str]:
    """Yield Markdown: further metrics, what lies beyond accuracy, and NDCG@10 in the finer slices.

    `source` says what diversity was measured on.
    """
    head = table.slices[0]
    further = [name for name in FURTHER if all(name in line.metrics for line in head.lines)]
    if further:
        yield from ("", "Further metrics:", "")
        cells = {line.name: [f"{line.metrics[name].mean:.4f}" for name in further] for line in head.lines}
        yield from _grid(["", *further], cells)
    named = [name for name in BEYOND if any(name in line.beyond for line in head.lines)]
    if named:
        yield from ("", f"Beyond accuracy (diversity by {source}):", "")
        cells = {k.name: [f"{k.coverage:.4f}", *(f"{k.beyond[m]:.4f}" for m in named)] for k in head.lines}
        yield from _grid(["", "coverage@10", *named], cells)
    for by, parts in table.finer().items():
        yield from ("", f"NDCG@10 by {by}:", "")
        yield from _grid(["", *(f"{part.title} ({part.lists:,})" for part in parts)], _ndcg(parts))
    lines = list(gained(table))
    if lines:
        yield from ("", *(f"- {line}" for line in lines))


def gained(table: Table) -> Iterator[str]:
    """Say what live histories add to each contender, where that was asked."""
    for gain in table.gains:
        if gain.metric == "NDCG@10":
            mean, low, high = gain.interval
            yield (
                f"live histories over frozen ones, {gain.ours}: NDCG@10 {mean:+.4f} "
                f"[{low:+.3f}, {high:+.3f}], "
                f"p {gain.p_holm:.4f}: {gain.verdict}"
            )


def spent(search: Mapping[str, float] | None) -> str:
    """Say what a search of settings cost.

    >>> spent({"trials": 9, "queries": 2000, "seconds": 3.21})
    ' (9 settings tried on 2,000 lists in 3.2 s)'
    """
    if not search:
        return ""
    return f" ({search['trials']} settings tried on {search['queries']:,} lists in {search['seconds']:.1f} s)"


def _ndcg(parts: list[Slice]) -> dict[str, list[str]]:
    cells: dict[str, list[str]] = {}
    for part in parts:
        for line in part.lines:
            cells.setdefault(line.name, []).append(f"{line.metrics['NDCG@10'].mean:.4f}")
    return cells


def _grid(columns: list[str], rows: Mapping[str, list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |".replace("|  |", "| |")
    yield f"| {' | '.join('---' for _ in columns)} |"
    for name, cells in rows.items():
        yield f"| {' | '.join([name, *cells])} |"
