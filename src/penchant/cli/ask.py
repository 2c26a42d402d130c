"""penchant ask: a request in plain language, or a conversation, answered from the catalogue."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from penchant.cli.terminal import be_quick, checked_output, flat, put, reader_of, say, write
from penchant.errors import InputError, SettingError
from penchant.explain.reasons import REASONS, plain
from penchant.explain.wording import checked
from penchant.recommender import Recommender
from penchant.requests.conversation import Conversation
from penchant.requests.desk import Answer
from penchant.requests.phrases import said
from penchant.requests.reading import tongue
from penchant.requests.wanted import Wanted

QUOTED = 400
"""Characters of a text that are quoted."""


def ask(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    text: Annotated[
        str | None, typer.Argument(help="The request; without one, each line of standard input is a turn.")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="Whose taste counts as well: an id.")] = None,
    k: Annotated[int, typer.Option("-k", help="Length of a list.", min=1)] = 10,
    explain: Annotated[bool, typer.Option("--explain", help="Add titles and reasons.")] = False,
    lang: Annotated[
        str | None,
        typer.Option(help="With --explain, the language of reasons: en or zh; else that of the request."),
    ] = None,
    wanted: Annotated[
        str | None, typer.Option(help="What is wanted, as JSON or a file of it, besides the text or instead.")
    ] = None,
    understood: Annotated[
        Path | None, typer.Option("--say", help="Write what was understood as JSON, to edit it for --wanted.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A .parquet, .csv or .jsonl file.")
    ] = None,
) -> None:
    """Answer a request in plain language, as a table user_id, item_id, rank, score, fits."""
    be_quick()
    checked_output(output)
    given = read_wanted(wanted) if wanted is not None else None
    told_in = None if lang is None else checked(lang)
    if told_in and not explain:
        raise SettingError(f"--lang {lang} without --explain", hint="it is about reasons: add --explain")
    if understood is not None and not understood.absolute().parent.is_dir():
        raise InputError(f"--say {understood}: there is no folder {understood.absolute().parent}")
    if text is not None and not text.strip() and given is None:
        raise SettingError("the request is empty", hint="say what is wanted, or give --wanted")
    fitted = Recommender.load(model)
    fitted = replace(fitted, encoder=fitted.encoder or fitted.carried or reader_of(fitted.language))
    query = fitted.queries([user])[1][0] if user is not None else None
    talk = Conversation(fitted.desk(), query, k, given or Wanted())
    tables = []
    for place, turn in enumerate(turns(text, given is not None)):
        answer = (
            talk.reply(explain=explain, lang=told_in)
            if turn is None
            else talk.turn(turn, explain=explain, lang=told_in)
        )
        tell(talk, answer, quote=talk.desk.helps)
        table = table_of(talk, answer, user, explain)
        tables.append(table)
        if output is None:
            spoken = told_in or checked(tongue(answer.wanted.request))
            sys.stdout.write(flat(table, spoken).write_csv(include_header=place == 0))
            sys.stdout.flush()
    if output is not None and tables:
        write(pl.concat(tables), output, told_in or checked(tongue(talk.wanted.request)))
    if understood is not None:
        keep(talk.wanted, understood)


def turns(text: str | None, given: bool) -> Iterator[str | None]:
    """Yield what is said: the text, or None for what was given as JSON, or the lines of standard input."""
    if text is not None and text.strip():
        yield text
    elif given:
        yield None
    else:
        while line := sys.stdin.buffer.readline():
            if line.strip():
                yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def read_wanted(given: str) -> Wanted:
    """Read what is wanted from JSON, or from a file that holds it."""
    if given.lstrip().startswith("{"):
        return Wanted.from_json(given)
    try:
        text = Path(given).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(
            f"--wanted {given}: cannot be read ({error})", hint="a file of JSON, or JSON itself"
        ) from error
    return Wanted.from_json(text, where=f"--wanted {given}")


def keep(wanted: Wanted, path: Path) -> None:
    """Write what was understood as JSON that people can read, whole or not at all."""
    told = json.dumps(json.loads(wanted.to_json()), ensure_ascii=False, indent=1)
    put(path, "--say", lambda unfinished: unfinished.write_text(told + "\n", encoding="utf-8"))


def tell(talk: Conversation, answer: Answer, *, quote: bool) -> None:
    """Say what was understood, what was left out, and, at a help desk, the text of the best item."""
    say(said(tongue(answer.wanted.request), "understood", what=answer.understood))
    for note in answer.notes:
        say(f"  {note}")
    if quote and answer.fits and len(answer.rows):
        row = answer.rows[:1]
        items, told = talk.desk.model.data.items, talk.desk.texts[int(row[0])]
        told = told if len(told) <= QUOTED else told[: QUOTED - 1] + "…"
        say(f"“{told}”\n  — {items.titles(row)[0]} [{items.vocabulary.texts(row)[0]}]")


def table_of(talk: Conversation, answer: Answer, user: str | None, explain: bool) -> pl.DataFrame:
    """Return an answer as a table, with titles and reasons where they are asked for."""
    table = talk.desk.table(answer, user=user)
    if not explain:
        return table
    cells = [[plain(reason) for reason in told] for told in answer.reasons]
    titles = talk.desk.model.data.items.titles(answer.rows) if len(answer.rows) else []
    return table.with_columns(
        pl.Series("title", titles, dtype=pl.String), pl.Series("reasons", cells, dtype=REASONS)
    )
