"""Make one item of what is the same item twice."""

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.data.catalogue import Catalogue
from penchant.data.cleaning.twins import Twins
from penchant.data.dataset import Dataset
from penchant.data.report import Journal
from penchant.data.vocabulary import Vocabulary


def merged(data: Dataset, found: Twins, journal: Journal) -> Dataset:
    """Keep of each group the item with the most events; the others' events and requests become its own."""
    if not found.groups:
        return data
    counts, target = data.item_counts(), np.arange(data.n_items)
    for group in found.groups:
        target[list(group)] = max(group, key=lambda row: (counts[row], -row))
    kept = target == np.arange(data.n_items)
    place = (np.cumsum(kept) - 1)[target]
    events = data.interactions
    moved = int((~kept[events.items]).sum())
    what = f"items that are there twice, with {moved:,} events"
    journal.count(
        "items", int((~kept).sum()), what, then="merged into the one with more events", step="merge"
    )
    items = data.items
    catalogue = Catalogue(
        Vocabulary(items.vocabulary.ids.filter(kept)),
        items.table.filter(kept),
        items.title,
        tuple(path for path, own in zip(items.pictures, kept, strict=False) if own),
    )
    asked = [list(dict.fromkeys(place[rows].tolist())) for rows in data.requests["items"].to_list()]
    requests = data.requests.with_columns(pl.Series("items", asked, dtype=pl.List(pl.Int64)))
    return replace(
        data, interactions=replace(events, items=place[events.items]), items=catalogue, requests=requests
    )
