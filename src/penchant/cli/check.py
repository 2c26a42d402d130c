"""penchant check: what the tables hold, what is wrong with them, what they allow."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.data.cleaning.settings import Cleaning
from penchant.data.columns import parse_map
from penchant.data.dataset import Dataset
from penchant.data.kinds import parse_weights
from penchant.data.mapping import remember
from penchant.data.read import read
from penchant.errors import SettingError

if TYPE_CHECKING:
    from penchant.evaluate.checkup.effects import Effects
    from penchant.evaluate.checkup.facts import Checkup

MAP_HELP = (
    "Which column is what: user=COL,item=COL,time=COL,value=COL,event=COL,title=COL,review=COL,weight=COL."
)
Weights = Annotated[
    str | None, typer.Option(help="How much kinds of events count, 1 without a word: view=1,buy=3.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse tables that cleaning would change.")]
Core = Annotated[int, typer.Option(help="Keep only users and items with so many events each.", min=0)]
Merge = Annotated[bool, typer.Option("--merge-duplicates", help="Make one item of what is there twice.")]


def check(
    folder: Annotated[Path, typer.Argument(help="A folder of tables.")],
    mapping: Annotated[str | None, typer.Option("--map", help=MAP_HELP)] = None,
    weights: Weights = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A folder for check.html.")] = None,
    strict: Strict = False,
    core: Core = 0,
    merge: Merge = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Fit without each step of cleaning: what does it do to lists?")
    ] = False,
    language: Annotated[
        str | None, typer.Option(help="Text encoder for --measure, as for fit; auto by default.")
    ] = None,
) -> None:
    """Say what the tables hold, what cleaning did, what is suspicious, and what can be done with them."""
    from dataclasses import replace

    from penchant.evaluate.checkup.facts import check_up
    from penchant.evaluate.checkup.page import write
    from penchant.evaluate.checkup.screen import screen
    from penchant.evaluate.wording import check_folder

    if language is not None and not measure:
        raise SettingError(
            f"--language {language} without --measure", hint="a check-up alone reads no meaning"
        )
    if output:
        check_folder(output)
    wanted = Cleaning(strict=strict, core=core, merge=merge)
    chosen = parse_map(mapping) if mapping else None
    counting = parse_weights(weights or "")
    found = check_up(*read(folder, mapping=chosen, weights=counting, cleaning=wanted, texts=True))
    if chosen:
        remember(folder, chosen)
    print(screen(found))
    if measure:

        def again(cleaning: Cleaning) -> Dataset:
            return read(folder, mapping=chosen, weights=counting, cleaning=cleaning)[0]

        found = replace(found, effects=measured(found, again, wanted, language or "auto"))
        print("\n".join(found.effects.lines() if found.effects else ()))
    if output:
        path = write(found, output, folder.resolve().name)
        typer.echo(f"{path}: the same with plots, for a browser", err=True)


def measured(
    found: "Checkup", again: Callable[[Cleaning], Dataset], wanted: Cleaning, language: str
) -> "Effects":
    """Measure what each step of cleaning does, with progress shown."""
    from penchant.cli.terminal import be_quick, behind_url, cache_folder, messages
    from penchant.evaluate.checkup.effects import effects
    from penchant.language.texts import Texts, read_texts

    be_quick()
    encoder = behind_url(language) or language
    with messages.status("measuring") as status:

        def texts_of(data: Dataset) -> Texts:
            return read_texts(data, encoder, cache_folder())

        def show(what: str, done: int, total: int) -> None:
            status.update(f"fitting {what} ({done + 1} of {total})")

        return effects(found.data, found.report, again, texts_of, wanted, progress=show)
