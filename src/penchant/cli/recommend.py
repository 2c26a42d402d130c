"""penchant recommend: lists for users, for everybody, or for a request in words."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from penchant.cli.terminal import (
    be_quick,
    behind_url,
    checked_output,
    flat,
    lines_of,
    reader_of,
    write,
)
from penchant.errors import SettingError
from penchant.explain.wording import Lang, checked
from penchant.language.choose import load_encoder
from penchant.language.encode import Encoder
from penchant.language.template import Template
from penchant.recommender import Recommender


def recommend(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    user: Annotated[
        list[str] | None, typer.Option("--user", help="A user's id; may be given more than once.")
    ] = None,
    all_users: Annotated[bool, typer.Option("--all-users", help="Everybody in the tables.")] = False,
    users: Annotated[Path | None, typer.Option("--users", help="A file with one user id a line.")] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="A request in words, alone or with a user.")
    ] = None,
    about: Annotated[
        str | None, typer.Option("--about", help="What a newcomer says of what they like, instead of a user.")
    ] = None,
    k: Annotated[int, typer.Option("-k", help="Length of a list.", min=1)] = 10,
    diversity: Annotated[float, typer.Option(help="From 0, by relevance alone, to 1.", min=0, max=1)] = 0.0,
    candidates: Annotated[
        Path | None, typer.Option(help="A file with the items that may appear, one id a line.")
    ] = None,
    repeat: Annotated[bool, typer.Option("--repeat", help="Items of the user's history may appear.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Add titles and reasons.")] = False,
    words: Annotated[
        bool,
        typer.Option("--words", help="With --explain, name the words of texts that carried items."),
    ] = False,
    template: Annotated[
        Path | None, typer.Option(help="With --words, the template that fit was given, if it was.")
    ] = None,
    lang: Annotated[str, typer.Option(help="With --explain, the language of reasons: en or zh.")] = "en",
    writer: Annotated[
        str | None, typer.Option(help="With --explain, who words the reasons: smollm2, a folder, URL#MODEL.")
    ] = None,
    budget: Annotated[int | None, typer.Option(help="Tokens that a writer's URL may cost.", min=1)] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A .parquet, .csv or .jsonl file.")
    ] = None,
) -> None:
    """Recommend items, as a table user_id, item_id, rank, score."""
    be_quick()
    asked = [*(user or []), *(lines_of(users, "--users") if users else [])]
    somebody(asked, all_users, text, about)
    tongue = telling(explain, words, template, lang, writer)
    checked_output(output)
    if writer is not None:
        from penchant.cli.worded import named, worded

        author = named(writer, budget)
    wording = Template.read(template) if template else None
    fitted = loaded(model, whole=words, spoken=text is not None or about is not None)
    pool = lines_of(candidates, "--candidates") if candidates else None
    reader = fitted.reader(wording, newcomer=about is not None) if words else None
    how: dict[str, Any] = {"k": k, "candidates": pool, "repeat": repeat, "diversity": diversity}
    how |= {"explain": explain, "lang": tongue, "words": reader}
    table = fitted.recommend(asked or None, everybody=all_users, text=text, about=about, **how)
    if writer is not None:
        table = worded(table, author)
    write(table, output, tongue) if output else show(table, tongue)


def somebody(asked: list[str], all_users: bool, text: str | None, about: str | None) -> None:
    """Check that it is told whom lists are for, and in one way."""
    if all_users and asked:
        raise SettingError("--all-users and single users together", hint="give one or the other")
    if about is not None and (asked or all_users or text is not None):
        raise SettingError("--about and another asker together", hint="it is a newcomer's list alone")
    if not (asked or all_users or text is not None or about is not None):
        raise SettingError(
            "nobody to recommend to", hint="--user ID, --users FILE, --all-users, --text or --about WORDS"
        )


def loaded(model: Path, *, whole: bool, spoken: bool) -> Recommender:
    """Load a model with what reads its texts as `fit` did where `whole`, or requests where `spoken`."""
    fitted = Recommender.load(model)
    if whole:
        return replace(fitted, encoder=texts_reader(fitted))
    return (
        replace(fitted, encoder=fitted.encoder or fitted.carried or reader_of(fitted.language))
        if spoken
        else fitted
    )


def telling(explain: bool, words: bool, template: Path | None, lang: str, writer: str | None) -> Lang:
    """Check what is asked of reasons, and return their language."""
    tongue = checked(lang)
    asked = {"--words": words, f"--lang {lang}": tongue != "en", f"--writer {writer}": writer is not None}
    for option, given in asked.items():
        if given and not explain:
            raise SettingError(f"{option} without --explain", hint="it is about reasons: add --explain")
    if template is not None and not words:
        raise SettingError(f"--template {template} without --words", hint="only words are read again")
    if writer is not None and tongue != "en":
        raise SettingError(
            f"--writer {writer} and --lang {lang} together",
            hint="writers are asked in English: leave out one",
        )
    return tongue


def show(table: pl.DataFrame, lang: Lang = "en") -> None:
    """Print a table as CSV."""
    sys.stdout.write(flat(table, lang).write_csv())


def texts_reader(fitted: Recommender) -> Encoder | None:
    """Return what reads the items' texts as fit did: a URL with its key, or what `language` names.

    None where no encoder read them, or the bundle itself holds it.
    """
    if fitted.encoder is not None or not fitted.language or not fitted.knowledge.raw.shape[1]:
        return fitted.encoder
    return behind_url(fitted.language) or load_encoder(fitted.language)
