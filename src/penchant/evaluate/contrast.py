"""From the lists of two bundles to what differs: in pairs, by slice, in the lists, with examples."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.data.dataset import Dataset
from penchant.evaluate.comparison import Contrast, Example, Gap, Part
from penchant.evaluate.protocols import Fold, Task
from penchant.evaluate.statistics import clustered, holm, randomisation, totals
from penchant.metrics import counts, coverage, hit_rate, hits, mrr, ndcg, recall
from penchant.types import Query, Rows

Mask = NDArray[np.bool_]
METRICS = ("NDCG@10", "Recall@20", "HR@10", "MRR@10")
TOP, EXAMPLES = 10, 10
LENGTHS = (
    (0, 0, "no history"),
    (1, 4, "history 1-4"),
    (5, 19, "history 5-19"),
    (20, 99, "history 20-99"),
    (100, 1 << 62, "history 100+"),
)
THIRDS = ("head items", "mid items", "tail items")
"""Each holds a third of all events."""


@dataclass(frozen=True, slots=True)
class Asked:
    """All rows of a table: whose, what was known and taken, how popular (0 to 2, -1 unmet), both lists."""

    users: Rows
    queries: list[Query]
    targets: list[Rows]
    thirds: list[Rows]
    lists: Mapping[str, Rows]

    def values(self, label: str, targets: Sequence[Rows], kept: Mask) -> NDArray[np.float64]:
        """Return the metrics of a bundle's lists on the rows kept, shape (R, len(METRICS))."""
        relevant = [rows for rows, keep in zip(targets, kept, strict=True) if keep]
        hit, n = hits(self.lists[label][kept], relevant), counts(relevant)
        top = hit[:, :TOP]
        return np.stack([ndcg(top, n), recall(hit, n), hit_rate(top, n), mrr(top, n)], axis=1)


def contrast(
    name: str,
    answers: Sequence[tuple[Fold, Task, Mapping[str, Rows]]],
    known: Mapping[str, Mask],
    joint: Dataset,
    rng: Generator,
) -> Contrast:
    """Set two bundles against each other in one table; `known`, (I,) each, are the items that they have."""
    asked = Asked(
        np.concatenate([task.users for _, task, _ in answers]),
        [query for _, task, _ in answers for query in task.queries],
        [rows for _, task, _ in answers for rows in task.targets],
        [third[rows] for fold, task, _ in answers for third in [_thirds(fold)] for rows in task.targets],
        {label: np.concatenate([lists[label] for _, _, lists in answers]) for label in "AB"},
    )
    everyone = np.ones(len(asked.users), dtype=bool)
    parts = {"history length": list(_by_history(asked)), "item popularity": list(_by_popularity(asked))}
    parts["what they know"] = list(_by_knowledge(asked, known))
    shared = jaccard(asked.lists["A"][:, :TOP], asked.lists["B"][:, :TOP])
    return Contrast(
        table=name,
        whole=_part("all", asked, asked.targets, everyone, rng),
        overlap=clustered(shared[:, None], asked.users, rng=rng)[0],
        identical=float((asked.lists["A"][:, :TOP] == asked.lists["B"][:, :TOP]).all(axis=1).mean()),
        coverage={label: coverage(rows[:, :TOP], joint.n_items) for label, rows in asked.lists.items()},
        slices={kind: _corrected(asked, found, rng) for kind, found in parts.items() if len(found) > 1},
        examples=tuple(_examples(asked, shared, joint)),
    )


def jaccard(a: Rows, b: Rows) -> NDArray[np.float64]:
    """Return |A∩B| / |A∪B| of two lists each, shape (Q,); -1 is no item, two empty lists are alike.

    >>> jaccard(np.array([[1, 2, -1]]), np.array([[2, 3, -1]])).round(3).tolist()
    [0.333]
    """
    both = ((a[:, :, None] == b[:, None, :]) & (a[:, :, None] >= 0)).any(axis=2).sum(axis=1)
    either = (a >= 0).sum(axis=1) + (b >= 0).sum(axis=1) - both
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)


def _part(title: str, asked: Asked, targets: Sequence[Rows], kept: Mask, rng: Generator) -> Part:
    a, b = (asked.values(label, targets, kept) for label in "AB")
    users = asked.users[kept]
    found = clustered(np.concatenate([a, b, b - a], axis=1), users, rng=rng)
    sums, _ = totals(b - a, users)
    p = [randomisation(column, np.zeros(len(column)), rng=rng) for column in sums.T]
    n = len(METRICS)
    columns = zip(METRICS, found[:n], found[n : 2 * n], found[2 * n :], p, p, strict=True)
    gaps = [Gap(*column) for column in columns]
    return Part(title, len(users), len(np.unique(users)), tuple(gaps))


Cut = tuple[str, Sequence[Rows], Mask]


def _corrected(asked: Asked, cuts: Sequence[Cut], rng: Generator) -> tuple[Part, ...]:
    """Judge slices by their first metric alone; its p values are corrected for the number of slices."""
    parts = [_part(*(cut[0], asked, cut[1], cut[2], rng)) for cut in cuts]
    heads = [part.gaps[0] for part in parts]
    corrected = holm([gap.p for gap in heads]).tolist()
    return tuple(
        Part(part.title, part.lists, part.users, (gap._replace(p_holm=value),))
        for part, gap, value in zip(parts, heads, corrected, strict=True)
    )


def _by_history(asked: Asked) -> Iterator[Cut]:
    lengths = np.array([len(query.rows) for query in asked.queries])
    for low, high, title in LENGTHS:
        kept = (lengths >= low) & (lengths <= high)
        if kept.any():
            yield title, asked.targets, kept


def _by_popularity(asked: Asked) -> Iterator[Cut]:
    for third, title in enumerate(("unmet items", *THIRDS), start=-1):
        yield from _only(asked, title, [third_of == third for third_of in asked.thirds])


def _by_knowledge(asked: Asked, known: Mapping[str, Mask]) -> Iterator[Cut]:
    """Divide targets by which of the two bundles knows them."""
    kinds = {
        "items both know": known["A"] & known["B"],
        "items only A knows": known["A"] & ~known["B"],
        "items only B knows": ~known["A"] & known["B"],
        "items neither knows": ~known["A"] & ~known["B"],
    }
    for title, kind in kinds.items():
        yield from _only(asked, title, [kind[rows] for rows in asked.targets])


def _only(asked: Asked, title: str, chosen: Sequence[Mask]) -> Iterator[Cut]:
    targets = [rows[mask] for rows, mask in zip(asked.targets, chosen, strict=True)]
    kept = np.array([len(rows) > 0 for rows in targets], dtype=bool)
    if kept.any():
        yield title, targets, kept


def _thirds(fold: Fold) -> Rows:
    """Divide items into those that make the first, second and last third of all events; -1 without any."""
    n = fold.train.item_counts()
    order = np.argsort(-n, kind="stable")
    before = np.cumsum(n[order]) - n[order]
    third = np.empty(len(n), dtype=np.int64)
    third[order] = np.minimum(2, (3 * before) // max(1, int(n.sum())))
    third[n == 0] = -1
    return third


def _examples(asked: Asked, shared: NDArray[np.float64], joint: Dataset) -> Iterator[Example]:
    """Choose people for whom most changed: as many who gained as who lost, where there are, one row each."""
    everyone = np.ones(len(asked.users), dtype=bool)
    ndcgs = {label: asked.values(label, asked.targets, everyone)[:, 0] for label in "AB"}
    gain = ndcgs["B"] - ndcgs["A"]
    order = np.lexsort((shared, -np.abs(gain)))
    _, first = np.unique(asked.users[order], return_index=True)
    order = order[np.sort(first)]
    won, lost = order[gain[order] > 0], order[gain[order] < 0]
    half = EXAMPLES // 2
    n_won = min(len(won), max(half, EXAMPLES - len(lost)))
    chosen = [*won[:n_won], *lost[: EXAMPLES - n_won]]
    chosen += [row for row in order if gain[row] == 0][: EXAMPLES - len(chosen)]
    for row in chosen:
        query, targets = asked.queries[row], asked.targets[row]
        lists = {label: rows[row, :TOP][rows[row, :TOP] >= 0] for label, rows in asked.lists.items()}
        yield Example(
            user=query.key,
            at=query.at,
            history=len(query.rows),
            latest=tuple(joint.items.titles(query.rows[::-1][:3])),
            took=tuple(joint.items.titles(targets[:TOP])),
            n_took=len(targets),
            ndcg={label: float(values[row]) for label, values in ndcgs.items()},
            overlap=float(shared[row]),
            lists={label: tuple(joint.items.titles(rows)) for label, rows in lists.items()},
            found={label: tuple(np.isin(rows, targets).tolist()) for label, rows in lists.items()},
        )
