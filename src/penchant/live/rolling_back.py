"""Let the version before take over again."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path

from penchant import store
from penchant.errors import BundleError, InputError
from penchant.live.book import Book, Outcome
from penchant.live.journal import Journal
from penchant.store.choosing import choose, others


def roll_back(
    folder: Path,
    journal: Journal | None,
    *,
    by: str = "penchant refresh",
    clock: Callable[[], float] = time.time,
) -> Outcome:
    """Let the version before take over again; returns what was written down.

    Raises:
        BundleError: there is none, or it is damaged.
    """
    book, before = Book.beside(folder), store.current(folder)
    there = others(folder)
    if not there:
        raise BundleError(
            f"{folder}: no version before this one is kept", hint="a refresh keeps the last two"
        )
    version = there[0]
    seen = book.seen(folder, version, journal)
    if book.busy():
        raise InputError(f"{book.folder}: a refresh runs", hint="wait for it")
    choose(folder, version)
    made = Outcome(
        uuid.uuid4().hex,
        clock(),
        "rolled back",
        f"back to {version[:12]} by hand",
        version,
        before,
        seen or 0,
        by=by,
    )
    book.add(made)
    return made
