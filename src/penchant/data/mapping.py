"""A mapping of columns, once given, is remembered beside the data."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from penchant.data.columns import check_roles
from penchant.errors import TableError

FILE = "penchant-map.json"


def remembered(folder: Path) -> dict[str, str]:
    """Return the mapping that was given for a folder before; an empty one where there is none.

    Raises:
        TableError: the file is there and holds no mapping.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    hint = "take the file away, or give --map, which replaces it"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TableError(f"{path}: cannot be read: {error}", hint=hint) from error
    if not isinstance(found, dict) or not all(isinstance(column, str) for column in found.values()):
        raise TableError(f"{path}: is no mapping of roles to columns", hint=hint)
    check_roles(found)
    return found


def remember(folder: Path, mapping: Mapping[str, str]) -> bool:
    """Write a mapping beside the data, whole or not at all; False where the folder cannot be written."""
    path = folder / FILE
    half = path.with_name(f".{FILE}.{os.getpid()}")
    try:
        half.write_text(json.dumps(dict(mapping), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        half.replace(path)
    except OSError:
        with suppress(OSError):
            half.unlink(missing_ok=True)
        return False
    return True
