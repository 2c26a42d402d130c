"""What the writer of a folder vouches for, so that reading need not doubt it."""

import json
from collections.abc import Collection
from pathlib import Path

from penchant.data.cleaning.settings import STEPS
from penchant.errors import TableError

FILE = "penchant-trust.json"


def trusted(folder: Path) -> frozenset[str]:
    """Return the steps of cleaning that a folder's writer has made needless; none without its file.

    Raises:
        TableError: the file is there and names no steps.
    """
    path = folder / FILE
    if not path.is_file():
        return frozenset()
    try:
        steps = json.loads(path.read_text(encoding="utf-8"))["trusted"]
        if set(steps) <= set(STEPS):
            return frozenset(steps)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TableError(f"{path}: cannot be read: {error}", hint="take the file away") from error
    raise TableError(f"{path}: names what is no step of cleaning: {steps}", hint="take the file away")


def vouch(folder: Path, steps: Collection[str]) -> None:
    """Write down beside tables which steps of cleaning are needless."""
    said = json.dumps({"trusted": sorted(steps)}, indent=1)
    (folder / FILE).write_text(said + "\n", encoding="utf-8")
