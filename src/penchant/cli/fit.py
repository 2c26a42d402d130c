"""penchant fit: from a folder of tables to a model."""

from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from penchant.cli.check import MAP_HELP, Core, Merge, Strict, Weights
from penchant.cli.tables import moment, tables
from penchant.cli.terminal import be_quick, behind_url, cache_folder, counted, say
from penchant.data.cells import spell
from penchant.data.cleaning.settings import Cleaning
from penchant.data.dataset import Dataset
from penchant.data.split import known_before
from penchant.errors import SettingError
from penchant.language.template import Template
from penchant.recommender import Recommender

LANGUAGE_HELP = "Text encoder: auto, minilm, lsa, a folder, a Hugging Face name, URL#MODEL, or none."
PICTURES_HELP = "Encoder of pictures: lite0, a Hugging Face folder, none, or auto: lite0 if installed."


class Effort(StrEnum):
    """How long the search of settings may take."""

    quick = "quick"
    standard = "standard"
    best = "best"


def fit(
    folder: Annotated[Path, typer.Argument(help="A folder of tables.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The model's folder.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same lists.", min=0)] = 0,
    effort: Annotated[
        Effort, typer.Option(help="How much is tried to find good settings.")
    ] = Effort.standard,
    mapping: Annotated[str | None, typer.Option("--map", help=MAP_HELP)] = None,
    until: Annotated[
        str | None, typer.Option(help="Learn only from what was before this moment, like 2024-05-31.")
    ] = None,
    target: Annotated[
        str, typer.Option(help="What to foretell: the next interaction, or what will be liked.")
    ] = "next",
    language: Annotated[str, typer.Option(help=LANGUAGE_HELP)] = "auto",
    pictures: Annotated[str, typer.Option(help=PICTURES_HELP)] = "auto",
    budget: Annotated[int | None, typer.Option(help="Tokens that a language URL may cost.", min=1)] = None,
    template: Annotated[Path | None, typer.Option(help="A text file with {column} places for items.")] = None,
    weights: Weights = None,
    strict: Strict = False,
    core: Core = 0,
    merge: Merge = False,
    keep_columns: Annotated[
        str, typer.Option(help="Columns to keep although they sum up the log: a,b.")
    ] = "",
) -> None:
    """Learn a model from tables."""
    be_quick()
    start = perf_counter()
    kept = tuple(filter(None, (name.strip() for name in keep_columns.split(","))))
    cleaning = Cleaning(strict, core, merge, kept)
    data = tables(folder, mapping, target=target, weights=weights, cleaning=cleaning)
    if until is not None:
        data = before(data, until)
    wording = Template.read(template) if template else None
    model = fitted(data, seed, effort, language, budget, wording, pictures)
    version = model.save(output)
    say(f"{output}: version {version[:12]}, fitted in {perf_counter() - start:.0f} s")


def before(data: Dataset, until: str) -> Dataset:
    """Return what was known before a moment, and say how much that is."""
    if data.interactions.clock != "time":
        raise SettingError("--until: the events have no times", hint="bring a time column (--map time=COL)")
    kept = known_before(data, moment(until, "--until"))
    if not len(kept.interactions):
        raise SettingError(
            f"--until {until}: no event was before", hint=f"they begin at {spell(data.interactions.start)}"
        )
    n, whole = len(kept.interactions), len(data.interactions)
    asked = len(data.requests) - len(kept.requests)
    say(f"--until {until}: {n:,} of {whole:,} events were before; {whole - n:,} are left out")
    if asked:
        say(f"--until {until}: {asked:,} requests that are later, or have no time, are left out")
    return kept


def fitted(
    data: Dataset,
    seed: int,
    effort: str,
    language: str,
    budget: int | None = None,
    template: Template | None = None,
    pictures: str = "auto",
) -> Recommender:
    """Fit with progress shown."""
    with counted("reading texts") as progress:
        return Recommender.fit(
            data,
            seed=seed,
            effort=effort,  # type: ignore[arg-type]
            language=behind_url(language, budget) or language,
            cache=cache_folder(),
            template=template,
            pictures=pictures,
            say=say,
            progress=progress,
        )
