"""Vectors on disk by what made them: the same text is never encoded twice by the same encoder.

One folder an encoder, in it shards: `.npz` files with `keys` (n, 16) bytes and `vectors` (n, dim).
A shard is written whole and renamed, and never changed afterwards, so that a killed run keeps what
it had and several processes may work at once. A shard that cannot be read is as good as missing.
"""

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from penchant.errors import LanguageError
from penchant.language.encode import Encoder
from penchant.types import Vectors

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the number of texts done and of all texts."""
Keys: TypeAlias = NDArray[np.uint8]

CHUNK = 512
"""Texts encoded between two savings."""
MANY = 48
"""Shards above which a folder is compacted."""


def key_of(text: str) -> bytes:
    """Hash a text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class VectorCache:
    """Keeps vectors in `folder` by (encoder name, text)."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def encode(self, encoder: Encoder, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Return one row a text, shape (n, dim), encoding only what is not stored yet.

        What was encoded before an error or a kill stays stored. Raises LanguageError where the
        encoder does.
        """
        place = self.folder / blake2b(encoder.name.encode(), digest_size=8).hexdigest()
        rows = np.full(len(texts), -1, dtype=np.int64)
        unique: dict[str, int] = {}
        for row, text in enumerate(texts):
            if text.strip():
                rows[row] = unique.setdefault(text, len(unique))
        compact(place)
        parts = list(stored(place, {key_of(text): row for text, row in unique.items()}))
        have = np.zeros(len(unique), dtype=bool)
        for positions, _ in parts:
            have[positions] = True
        missing = [text for text, row in unique.items() if not have[row]]
        if missing:
            parts += self._fill(place, encoder, missing, unique, progress)
        dim = parts[0][1].shape[1] if parts else encoder.dim
        if any(part.shape[1] != dim for _, part in parts):
            raise LanguageError(
                f"{encoder.name}: the length of its vectors changed", hint=f"remove {place}, then run again"
            )
        vectors = np.zeros((len(unique) + 1, dim), dtype=np.float32)  # the last row serves rows[...] == -1
        for positions, part in parts:
            vectors[positions] = part
        return np.ascontiguousarray(vectors[rows])

    def _fill(
        self,
        place: Path,
        encoder: Encoder,
        missing: list[str],
        rows: dict[str, int],
        progress: Progress | None,
    ) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
        """Encode and save in chunks, yielding where each belongs."""
        try:
            place.mkdir(parents=True, exist_ok=True)
            (place / "encoder.txt").write_text(encoder.name + "\n", encoding="utf-8")
        except OSError as error:
            raise unwritable(place, error) from error
        # Texts of like length go together, in an order that does not depend on that of the caller.
        missing.sort(key=lambda text: (-len(text), text))
        chunk = int(getattr(encoder, "batch", CHUNK))
        done = len(rows) - len(missing)
        for start in range(0, len(missing), chunk):
            texts = missing[start : start + chunk]
            vectors = encoder.encode(texts)
            save(place, np.frombuffer(b"".join(map(key_of, texts)), dtype=np.uint8).reshape(-1, 16), vectors)
            done += len(texts)
            if progress is not None:
                progress(done, len(rows))
            yield np.array([rows[text] for text in texts], dtype=np.int64), vectors


def stored(place: Path, wanted: dict[bytes, int]) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
    """Yield the wanted rows of each shard: their positions (m,) and vectors (m, dim)."""
    left, seen = dict(wanted), set[Path]()
    # The second look finds what another process joined while this one was reading.
    for path in (path for _ in range(2) for path in sorted(place.glob("*.npz"))):
        if not left:
            return
        if path in seen:
            continue
        seen.add(path)
        keys, vectors = read(path)
        found = [(left.pop(key), row) for row, key in enumerate(map(bytes, keys)) if key in left]
        if found:
            positions, picked = np.array(found, dtype=np.int64).T
            yield positions, vectors[picked]


def read(path: Path) -> tuple[Keys, Vectors]:
    """Return the keys and vectors of a shard; nothing where it is cut, corrupt or gone."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as shard:
            keys, vectors = shard["keys"], shard["vectors"]
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
        return np.empty((0, 16), dtype=np.uint8), np.empty((0, 0), dtype=np.float32)
    sound = (
        keys.dtype == np.uint8
        and keys.ndim == vectors.ndim == 2
        and keys.shape == (len(vectors), 16)
        and vectors.dtype == np.float32
        and bool(np.isfinite(vectors).all())
    )
    return (keys, vectors) if sound else (keys[:0], np.empty((0, 0), dtype=np.float32))


def save(place: Path, keys: Keys, vectors: Vectors) -> Path:
    """Write a shard under a name made of its keys: two processes with the same work agree on it."""
    path = place / f"{blake2b(keys.tobytes(), digest_size=12).hexdigest()}.npz"
    handle, temporary = tempfile.mkstemp(dir=place, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, keys=keys, vectors=vectors)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise unwritable(place, error) from error
        raise
    return path


def unwritable(place: Path, error: OSError) -> LanguageError:
    """Return what to say of a folder that takes no vectors."""
    return LanguageError(
        f"{place}: vectors cannot be kept here ({error.strerror})", hint="name another folder for the cache"
    )


def compact(place: Path) -> None:
    """Join the shards of a folder into one where they are many; the old ones go last."""
    paths = sorted(place.glob("*.npz"))
    if len(paths) <= MANY:
        return
    shards = [(path, *read(path)) for path in paths]
    sound = [(keys, vectors) for _, keys, vectors in shards if len(keys)]
    if not sound or len({vectors.shape[1] for _, vectors in sound}) > 1:
        return
    keys = np.concatenate([keys for keys, _ in sound])
    keys, first = np.unique(keys, axis=0, return_index=True)
    joined = save(place, keys, np.concatenate([vectors for _, vectors in sound])[first])
    for path, _, _ in shards:
        if path != joined:
            path.unlink(missing_ok=True)
