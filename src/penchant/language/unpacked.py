"""Copies of packed models, so that a model is unpacked once, and not at each start.

A copy is a folder of safetensors in the cache, named by the hash of the packed file, the class that reads it
and the versions of what unpacked it. It is written whole or not at all, and lists its files by hash:
one that was cut or edited is no copy, and is made anew.
"""

import contextlib
import hashlib
import json
import os
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

LIST = "unpacked.json"
FOLDER = "unpacked"


def place_of(packed: Path, kind: str, store: Path) -> Path:
    """Return where in `store` the copy of a packed file is, or would be, for a class of transformers."""
    made = hashlib.sha256(f"{hash_of(packed)} {kind} {version('transformers')} {version('gguf')}".encode())
    return store / FOLDER / made.hexdigest()[:24]


def hash_of(path: Path) -> str:
    """Return the hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, hashlib.blake2b).hexdigest()


def sound(place: Path) -> bool:
    """Return whether a copy is there, and just as it was written."""
    try:
        told = json.loads((place / LIST).read_text(encoding="utf-8"))
        files = dict(told["files"])
        there = {path.name: hash_of(path) for path in place.iterdir() if path.name != LIST}
        return bool(files) and there == files
    except (OSError, ValueError, KeyError, TypeError):
        return False


def keep(place: Path, model: Any, tokenizer: Any) -> None:
    """Write a copy; where the disk refuses, there is none, and the model is unpacked again next time."""
    half = place.with_name(f".{place.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        try:
            half.mkdir(parents=True)
            model.save_pretrained(half, safe_serialization=True)
            tokenizer.save_pretrained(half)
            files = {path.name: hash_of(path) for path in half.iterdir()}
            (half / LIST).write_text(json.dumps({"files": files}), encoding="utf-8")
            if place.exists():
                shutil.rmtree(place)
            half.rename(place)
        finally:
            shutil.rmtree(half, ignore_errors=True)
