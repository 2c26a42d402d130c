"""penchant export: what happened live as tables that fit reads."""

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.terminal import say
from penchant.errors import InputError, JournalError
from penchant.live.choose import beside, open_journal
from penchant.live.export import export as write_tables
from penchant.recommender import Recommender


def export(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A new folder for the tables.")],
    journal: Annotated[
        str | None, typer.Option(help="A journal file or postgresql://…; by default MODEL.journal.")
    ] = None,
    only_journal: Annotated[
        bool, typer.Option("--only-journal", help="Leave out what the model itself was fitted on.")
    ] = False,
    sessions: Annotated[
        bool, typer.Option("--sessions/--no-sessions", help="Sessions without a user stand for users.")
    ] = True,
) -> None:
    """Write the events of a model and of its journal, and all items and users, for the next fit."""
    place = journal or str(beside(model))
    base = None if only_journal else Recommender.load(model).data
    if journal is None and not Path(place).exists():
        if only_journal:
            raise JournalError(f"{place}: no such journal", hint="name one with --journal")
        say(f"{place}: no journal: the model's own tables alone")
        lines = write_tables(None, output, base)
    else:
        if not only_journal and output.absolute() == model.absolute():
            raise InputError(f"-o {output}: this is the model")
        opened = open_journal(place, read_only=True)
        try:
            lines = write_tables(opened, output, base, sessions=sessions)
        finally:
            opened.close()
    for line in lines:
        say(line)
    say(f"{output}: penchant fit {output} -o NEW learns from it")
