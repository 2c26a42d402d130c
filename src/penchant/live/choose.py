"""Which kind of journal a place names."""

from pathlib import Path

from penchant.live.database import DatabaseJournal
from penchant.live.postgres import SCHEMES, open_postgres
from penchant.live.sqlite import open_sqlite

ENDING = ".journal"


def open_journal(place: str, *, durable: bool = False, read_only: bool = False) -> DatabaseJournal:
    """Open the journal that a path (SQLite) or a URL like postgresql://host/database names.

    Raises:
        JournalError: it cannot be opened, another process writes it, or a newer Penchant wrote it.
    """
    if place.startswith(SCHEMES):
        return open_postgres(place, durable=durable, read_only=read_only)
    return open_sqlite(Path(place), durable=durable, read_only=read_only)


def beside(bundle: Path) -> Path:
    """Return the journal file of a bundle: beside it, never inside, so that a swap leaves it alone."""
    whole = bundle.absolute()
    return whole.with_name(whole.name + ENDING)
