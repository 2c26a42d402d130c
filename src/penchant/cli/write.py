"""penchant write: a language model writes what the catalogue leaves out, checked and kept."""

from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import typer

from penchant.cli.check import MAP_HELP
from penchant.cli.tables import moment, tables
from penchant.cli.terminal import cache_folder, checked_output, counted, say
from penchant.cli.terminal import write as put
from penchant.cli.worded import account, named
from penchant.data.dataset import Dataset
from penchant.data.written import SIGN
from penchant.errors import InputError, SettingError
from penchant.language.people import WINDOW, people
from penchant.language.write.causal import CausalWriter
from penchant.language.write.chat import ChatWriter
from penchant.language.write.items import ITEM_FIELDS, Thin, thin_items, write_items
from penchant.language.write.kept import Kept
from penchant.language.write.profiles import PLAIN, write_profiles
from penchant.language.write.prompts import load_prompts

PROFILE = "profile"


def write(
    folder: Annotated[Path, typer.Argument(help="A folder of tables.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A .parquet, .csv or .jsonl file.")],
    writer: Annotated[
        str, typer.Option(help="smollm2, a folder of a causal model, https://host/v1#model, or none.")
    ] = "smollm2",
    what: Annotated[
        str, typer.Option(help="Of tags,description,audience,mood for items; or profile, for users.")
    ] = "tags,audience,mood",
    limit: Annotated[int | None, typer.Option(help="Write for so many at most.", min=1)] = None,
    thin: Annotated[
        int, typer.Option(help="Write for items whose text has at most so many words, 0 for all.", min=0)
    ] = 60,
    budget: Annotated[int | None, typer.Option(help="Tokens that a URL may cost.", min=1)] = None,
    prompts: Annotated[
        Path | None, typer.Option(help="A folder with prompts of your own: mood.txt, …")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Profiles by what was before this moment, like 2024-05-31.")
    ] = None,
    window: Annotated[int, typer.Option(help="Events that a profile names at most.", min=1)] = WINDOW,
    mapping: Annotated[str | None, typer.Option("--map", help=MAP_HELP)] = None,
) -> None:
    """Write tags, audiences, moods and descriptions of items, or profiles of users, into a table."""
    names = wanted(what)
    checked_output(output)
    asked = load_prompts(names, prompts)
    chosen = chosen_for(names, writer, budget)
    data = tables(folder, mapping, keep_texts=names == [PROFILE])
    as_of = None if until is None else past(until, names, data)
    kept = Kept(cache_folder())
    with counted("writing") as progress:
        if names == [PROFILE]:
            rows = np.arange(data.n_users)[:limit]
            persons = people(data, rows, as_of=as_of, window=window)
            ids = data.users.vocabulary.ids.gather(rows)
            table, lines = write_profiles(ids, persons, chosen, asked[PROFILE], kept, progress)
        else:
            assert chosen is not None
            some = thin_items(data.items, thin or None, limit)
            if not len(some.rows):
                said = "; ".join(left_out(some, thin))
                raise InputError(f"{folder}: no item is left to write for: {said}")
            table, lines = write_items(data.items, some, chosen, asked, kept, progress)
            lines = [*left_out(some, thin), *lines]
    for line in lines:
        say(line)
    account(chosen)
    if output.suffix == ".csv":
        table = table.with_columns(pl.col(pl.List(pl.String)).list.join(SIGN))
    put(table, output)
    say(f"{output}: {len(table):,} rows")


def wanted(what: str) -> list[str]:
    """Read what is to be written: fields of items, or the profile of users."""
    names = list(dict.fromkeys(filter(None, (name.strip() for name in what.split(",")))))
    strange = [name for name in names if name not in (*ITEM_FIELDS, PROFILE)]
    if strange or not names:
        raise SettingError(
            f"--what {what}: {strange[0] if strange else 'nothing'} cannot be written",
            hint=f"some of {','.join(ITEM_FIELDS)}; or {PROFILE}",
        )
    if PROFILE in names and len(names) > 1:
        raise SettingError(
            f"--what {what}: items and users are two tables", hint=f"write --what {PROFILE} apart"
        )
    return names


def chosen_for(names: list[str], writer: str, budget: int | None) -> CausalWriter | ChatWriter | None:
    """Return the writer that the options name, None for plain profiles."""
    if writer != PLAIN:
        return named(writer, budget)
    if names != [PROFILE] or budget is not None:
        raise SettingError(
            "--writer none writes profiles only, for nothing",
            hint=f"--what {PROFILE}, or name a writer",
        )
    return None


def past(until: str, names: list[str], data: Dataset) -> float:
    """Read the moment up to which users are described."""
    if names != [PROFILE]:
        raise SettingError("--until is for profiles", hint=f"--what {PROFILE}")
    if data.interactions.clock != "time":
        raise SettingError("--until: the events have no times", hint="bring a time column (--map time=COL)")
    return moment(until, "--until")


def left_out(some: Thin, words: int) -> list[str]:
    """Count the items that are not written for, and why."""
    reasons = (
        (some.full, f"have more than {words} words of text: left out (--thin 0 writes for all)"),
        (some.silent, "have no text at all: there is nothing to write from"),
        (some.later, "come later: left out by --limit"),
    )
    return [f"items: {n:,} {why}" for n, why in reasons if n]
