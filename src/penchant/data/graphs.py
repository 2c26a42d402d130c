"""Which entities of a graph are items, and whether the graph agrees with what the catalogue says of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.data.assemble import by_title, rows_of
from penchant.data.catalogue import Catalogue
from penchant.data.cells import ids
from penchant.data.features import AttributeSpace
from penchant.data.report import Journal
from penchant.data.tables import Form, Table, load
from penchant.data.vocabulary import Vocabulary
from penchant.errors import TableError
from penchant.types import Vectors

LINKS = {"entity": pl.String, "item": pl.Int64}
"""Columns of a table of links: an entity as the graph writes it, and the row of an item."""
SHUFFLES, DOUBTFUL = 199, 0.05
MOST_ITEMS, MOST_TAILS = 2000, 50
RAREST, COMMONEST = 5, 0.9
"""Items that share an attribute, at least, and which part of them, at most, for it to be compared."""
COVERED = 0.5
"""Part of a relation's items that its shared attributes must reach, for it to be one of categories."""


def linked(table: Table, graph: pl.DataFrame, items: Catalogue, journal: Journal) -> pl.DataFrame:
    """Find the items among a graph's entities: by a table of links beside it, else heads by id or title.

    Tables of links are RecBole's `X.link` (item_id, entity_id) beside `X.kg`, and KGAT's `item_list.txt`
    (org_id, remap_id) beside `kg_final.txt`. Returns the columns of `LINKS`.
    """
    pairs = _beside(table.path)
    if pairs is None:
        return _by_name(graph, items, journal)
    name, columns = pairs
    found = pl.DataFrame({"entity": columns[1], "item": rows_of(items.vocabulary, columns[0])})
    found = found.drop_nulls().unique(maintain_order=True)
    kept = found.filter(pl.col("item") >= 0)
    journal.count(name, len(found) - len(kept), "links to no known item", then="left out")
    journal.say(f"graph: {kept['item'].n_unique():,} of {len(items):,} items have an entity by {name}")
    if not len(kept):
        journal.say("graph: WARNING: it speaks of none of the items; are the ids written alike?")
    return kept


def _beside(path: Path) -> tuple[str, tuple[pl.Series, pl.Series]] | None:
    """Return the name of a table of links, and its columns of items and of entities."""
    recbole, kgat = path.with_suffix(".link"), path.with_name("item_list.txt")
    if path.suffix == ".kg" and recbole.is_file():
        link, names = load(recbole, Form("\t", quoted=False)), ("item_id", "entity_id")
    elif path.name == "kg_final.txt" and kgat.is_file():
        link, names = load(kgat, Form(" ", quoted=False)), ("org_id", "remap_id")
    else:
        return None
    if missing := [name for name in names if name not in link.frame.columns]:
        raise TableError(
            f"{link.path}: no column {missing[0]}; seen: {', '.join(link.frame.columns)}",
            hint=f"a table of links has the columns {' and '.join(names)}",
        )
    item, entity = (ids(link.frame[name], link.name).cast(pl.String) for name in names)
    return link.name, (item, entity)


def _by_name(graph: pl.DataFrame, items: Catalogue, journal: Journal) -> pl.DataFrame:
    heads = graph["head"].unique(maintain_order=True)
    titles = by_title(items)
    rows = [
        row if row >= 0 else titles.get(head.strip().lower(), -1)
        for head, row in zip(heads.to_list(), rows_of(items.vocabulary, heads).tolist(), strict=True)
    ]
    found = pl.DataFrame({"entity": heads, "item": rows}, schema=LINKS).filter(pl.col("item") >= 0)
    journal.say(f"graph: {len(found):,} of {len(heads):,} heads are items by id or title")
    if not len(found):
        journal.say("graph: WARNING: it speaks of none of the items; are the ids written alike?")
    return found


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a relation of the graph goes with a column of the catalogue.

    `strength` is the mean squared correlation between the relation's attributes and the column's
    categories over the linked items, `chance` its mean where the links are shuffled, and `p` the share of
    shuffles (of `SHUFFLES`, plus one) in which any relation and column stood out as much as these.
    """

    relation: str
    column: str
    items: int
    strength: float
    chance: float
    p: float

    def __str__(self) -> str:
        return (
            f"'{self.relation}' with the items' '{self.column}' over {self.items:,} items: mean squared "
            f"correlation {self.strength:.4f}, by shuffled links {self.chance:.4f} (p = {self.p:.3f})"
        )


def agreement(graph: pl.DataFrame, links: pl.DataFrame, items: Catalogue, rng: Generator) -> Agreement | None:
    """Test whether what the graph says of items goes with the catalogue's own categories.

    A permutation test: the pair of a relation and a column that stands out most from shuffled links is
    compared with the one that does so in each shuffle, so that many pairs find nothing by their number
    (Westfall and Young 1993). None where there are no categories to compare on either side.
    """
    rows = links["item"].unique().sort().to_numpy()
    if len(rows) > MOST_ITEMS:
        rows = np.sort(rng.choice(rows, MOST_ITEMS, replace=False))
    own = dict(_categories(items, rows))
    theirs = dict(_relations(graph, links, rows)) if own else {}
    if not own or not theirs:
        return None
    pairs = [(relation, column) for relation in theirs for column in own]
    sizes = np.array([theirs[r].shape[1] * own[c].shape[1] for r, c in pairs])
    values = np.empty((SHUFFLES + 1, len(pairs)))
    for turn in range(SHUFFLES + 1):
        order = rng.permutation(len(rows)) if turn else np.arange(len(rows))
        mixed = {name: block[order] for name, block in own.items()}
        values[turn] = [float(((theirs[r].T @ mixed[c]) ** 2).sum()) for r, c in pairs]
    values /= sizes * len(rows) ** 2
    mean, spread = values[1:].mean(axis=0), np.maximum(values[1:].std(axis=0), 1e-12)
    standing = ((values - mean) / spread).max(axis=1)
    best = int(((values[0] - mean) / spread).argmax())
    p = float((1 + (standing[1:] >= standing[0]).sum()) / (SHUFFLES + 1))
    relation, column = pairs[best]
    return Agreement(relation, column, len(rows), float(values[0, best]), float(mean[best]), p)


def compare(graph: pl.DataFrame, links: pl.DataFrame, items: Catalogue, journal: Journal) -> None:
    """Say how far the graph agrees with the catalogue, and warn where it does not."""
    found = agreement(graph, links, items, np.random.default_rng(0)) if len(links) else None
    if found is None:
        return
    if found.p <= DOUBTFUL:
        return journal.say(f"graph: it agrees with the catalogue, most clearly {found}")
    journal.say(
        f"graph: WARNING: its attributes are independent of the catalogue's, at best {found}; "
        "do the links use the ids of another catalogue?"
    )


def _categories(items: Catalogue, rows: NDArray[np.int64]) -> Iterator[tuple[str, Vectors]]:
    """Give the columns of categories over some items, standardised, shape (n, categories) each."""
    table = items.table[rows]
    part = Catalogue(Vocabulary(items.vocabulary.ids.gather(rows)), table, items.title)
    for column in AttributeSpace.fit(part).parts:
        if column.role in ("category", "multi"):
            block = _standardised(column.matrix(table).toarray())
            if block.shape[1] > 1:
                yield column.name, block


def _relations(
    graph: pl.DataFrame, links: pl.DataFrame, rows: NDArray[np.int64]
) -> Iterator[tuple[str, Vectors]]:
    """Give the relations that divide items into categories, standardised, shape (n, tails) each."""
    place = pl.DataFrame({"item": rows, "at": np.arange(len(rows))})
    heads = links.join(place, on="item").join(graph, left_on="entity", right_on="head")
    for (relation,), group in heads.group_by("relation", maintain_order=True):
        shared = group.group_by("tail").agg(pl.col("at").n_unique().alias("n"))
        shared = shared.filter((pl.col("n") >= RAREST) & (pl.col("n") <= COMMONEST * len(rows)))
        shared = shared.sort("n", "tail", descending=[True, False]).head(MOST_TAILS)
        shared = shared.with_columns(pl.int_range(pl.len()).alias("column"))
        reached = group.join(shared, on="tail")
        if len(shared) < 2 or reached["at"].n_unique() < COVERED * group["at"].n_unique():
            continue
        block = np.zeros((len(rows), len(shared)), dtype=np.float32)
        block[reached["at"].to_numpy(), reached["column"].to_numpy()] = 1.0
        yield str(relation), _standardised(block)


def _standardised(block: Vectors) -> Vectors:
    """Return the commonest columns that vary, with mean zero and variance one."""
    counts = block.sum(axis=0)
    kept = np.flatnonzero((counts >= RAREST) & (counts <= COMMONEST * len(block)))
    block = block[:, kept[np.argsort(-counts[kept], kind="stable")[:MOST_TAILS]]]
    centred = block - block.mean(axis=0)
    return np.asarray(centred / np.maximum(centred.std(axis=0), 1e-6), dtype=np.float32)
