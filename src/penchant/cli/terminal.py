"""What the verbs share: where messages go, progress, tables in and out, the environment."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from threadpoolctl import threadpool_limits

from penchant.errors import InputError
from penchant.explain.reasons import sentence
from penchant.explain.wording import Lang
from penchant.language.asking import request_encoder
from penchant.language.choose import WEB, load_encoder
from penchant.language.encode import Encoder
from penchant.language.packed import is_packed

ENDINGS = (".parquet", ".csv", ".jsonl")
messages = Console(stderr=True, highlight=False, soft_wrap=True)


def say(message: object) -> None:
    """Tell the user something; never on stdout."""
    messages.print(str(message), markup=False)


def be_quick() -> None:
    """Keep linear algebra on one thread: the products are small, and waiting threads slow each other down."""
    threadpool_limits(1, "blas")


def cache_folder() -> Path:
    """Return where text vectors are kept: PENCHANT_CACHE, or the user's cache folder."""
    own = os.environ.get("PENCHANT_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(own) if own else base / "penchant"


def behind_url(language: str, budget: int | None = None) -> Encoder | None:
    """Return the encoder that a URL names, with the key from PENCHANT_LANGUAGE_KEY; None for other names."""
    if not language.strip().startswith(WEB):
        return None
    return load_encoder(language, key=language_key(), budget=budget)


def language_key() -> str | None:
    """Return the key of a language URL, from PENCHANT_LANGUAGE_KEY."""
    return os.environ.get("PENCHANT_LANGUAGE_KEY")


def reader_of(language: str) -> Encoder | None:
    """Return what reads requests where `language` read the texts: a URL with its key, or a quick form.

    None where neither is to be had: the recommender finds the encoder itself.
    """
    found = behind_url(language) or request_encoder(language, cache_folder())
    if found is None and is_packed(language):
        return load_encoder(language, store=cache_folder())
    return found


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress of long work; gives a function of (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=messages, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def checked_output(path: Path | None) -> None:
    """Refuse an output that cannot be written, before the work is done."""
    if path is None:
        return
    if path.suffix not in ENDINGS:
        raise InputError(f"-o {path}: unknown ending", hint=f"one of {', '.join(ENDINGS)}")
    if not path.absolute().parent.is_dir():
        raise InputError(f"-o {path}: there is no folder {path.absolute().parent}", hint="make it first")


def write(table: pl.DataFrame, path: Path, lang: Lang = "en") -> None:
    """Write a table whole or not at all; `lang` is the language of its reasons."""
    if path.suffix == ".parquet":
        put(path, "-o", table.write_parquet)
    elif path.suffix == ".jsonl":
        put(path, "-o", table.write_ndjson)
    else:
        put(path, "-o", flat(table, lang).write_csv)


def put(path: Path, option: str, make: Callable[[Path], object]) -> None:
    """Let `make` write a file, and put it in its place whole or not at all; `option` named the path."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        make(unfinished)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise InputError(f"{option} {path}: could not be written: {error.strerror or error}") from error


def flat(table: pl.DataFrame, lang: Lang = "en") -> pl.DataFrame:
    """Return a table that CSV can hold: reasons become one line of text."""
    if "reasons" not in table.columns:
        return table
    told = [sentence_of(reasons, lang) for reasons in table["reasons"].to_list()]
    return table.with_columns(pl.Series("reasons", told, dtype=pl.String))


def sentence_of(reasons: list[dict[str, Any]], lang: Lang = "en") -> str:
    """Say the weightiest reasons of a row in one line."""
    told = [(reason["evidence"], reason["text"], reason["share"]) for reason in reasons]
    return sentence(told, lang=lang)


def lines_of(path: Path, what: str) -> list[str]:
    """Read ids from a file, one a line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{what} {path}: cannot be read ({error})", hint="a text file with one id a line"
        ) from error
    found = [line.rstrip("\r") for line in text.split("\n") if line.strip()]
    if not found:
        raise InputError(f"{what} {path}: holds no id", hint="a text file with one id a line")
    return found
