"""What was written, kept on disk by what made it: the same text is never asked twice.

One SQLite file; a row is written as soon as its answer is there: a killed run goes on where it
stopped, and several processes may share it. A row's key hashes (model, prompt with its version, text).
"""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from penchant.errors import LanguageError
from penchant.language.cache import Progress
from penchant.language.write.schema import UnfitError, parse, told
from penchant.language.write.writer import Writer

T = TypeVar("T")
FILE = "written.sqlite"
PATIENCE = 60.0
"""Seconds to wait for another process that writes."""


class Kept:
    """Keeps answers in the folder `folder`, in one file.

    Raises LanguageError where the file cannot be used.
    """

    def __init__(self, folder: Path | str) -> None:
        self.path = Path(folder) / FILE

    def write(
        self,
        writer: Writer,
        prompts: Sequence[str],
        schema: type[T],
        mark: str,
        progress: Progress | None = None,
    ) -> list[T]:
        """Return one answer a prompt, asking only for what is not kept yet; `mark` names the prompt's file.

        What was answered before an error or a kill stays kept.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as store:
                store.execute("CREATE TABLE IF NOT EXISTS written (key BLOB PRIMARY KEY, said TEXT NOT NULL)")
                return self._filled(store, writer, prompts, schema, mark, progress)
        except (OSError, sqlite3.Error) as error:
            raise LanguageError(
                f"{self.path}: what was written cannot be kept here ({error})",
                hint="take that file away, or name another folder for the cache",
            ) from error

    def _filled(
        self,
        store: sqlite3.Connection,
        writer: Writer,
        prompts: Sequence[str],
        schema: type[T],
        mark: str,
        progress: Progress | None,
    ) -> list[T]:
        found: dict[str, T] = {}
        for prompt in dict.fromkeys(prompts):
            row = store.execute(
                "SELECT said FROM written WHERE key = ?", (key(writer, mark, prompt),)
            ).fetchone()
            try:
                if row is not None:
                    found[prompt] = parse(str(row[0]), schema)
            except UnfitError:
                continue  # damaged, or of another form: as good as missing
        missing = [prompt for prompt in dict.fromkeys(prompts) if prompt not in found]
        everything = len(found) + len(missing)
        for start in range(0, len(missing), writer.batch):
            some = missing[start : start + writer.batch]
            answers = writer.write(some, schema)
            rows = [
                (key(writer, mark, prompt), told(answer))
                for prompt, answer in zip(some, answers, strict=True)
            ]
            with store:
                store.executemany("INSERT OR REPLACE INTO written VALUES (?, ?)", rows)
            found.update(zip(some, answers, strict=True))
            if progress is not None:
                progress(len(found), everything)
        return [found[prompt] for prompt in prompts]


def key(writer: Writer, mark: str, prompt: str) -> bytes:
    """Hash what an answer depends on."""
    whole = json.dumps([writer.name, mark, prompt])
    return blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).digest()
