"""The catalogue a page at a time, behind a cursor."""

import base64
import binascii
from typing import Any

import numpy as np

from penchant.live.engine import Engine
from penchant.serve.problems import Problem
from penchant.serve.properties import Shelf

MOST = 500


def paged(engine: Engine, shelf: Shelf, q: str, cursor: str, limit: int) -> dict[str, Any]:
    """Return items from a cursor on, those whose title or id holds `q`, and the cursor of the next page."""
    items, start = engine.world.model.data.items, opened(cursor)
    limit, wanted = min(max(limit, 1), MOST), q.casefold()
    found: list[dict[str, Any]] = []
    ids = items.vocabulary.ids
    n, row = len(ids), start
    while row < n and len(found) < limit:
        stop = min(row + 2_000, n)
        part = range(row, stop)

        rows = np.arange(row, stop)
        names, titles = items.vocabulary.texts(rows), items.titles(rows)
        for at, name, title in zip(part, names, titles, strict=True):
            row = at + 1
            if name in engine.gone or (
                wanted and wanted not in title.casefold() and wanted != name.casefold()
            ):
                continue
            found.append({"id": name, "properties": shelf.of(name, True)})
            if len(found) >= limit:
                break
    return {"items": found, "cursor": closed(row) if row < n else None}


def closed(row: int) -> str:
    """Return a cursor."""
    return base64.urlsafe_b64encode(str(row).encode()).decode().rstrip("=")


def opened(cursor: str) -> int:
    """Return where a cursor points; raises Problem for one that this service never gave."""
    if not cursor:
        return 0
    try:
        row = int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        row = -1
    if not 0 <= row < 2**40:
        raise Problem(422, "cursor: not one that was given here")
    return row
