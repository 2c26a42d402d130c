"""penchant fit: from a folder of tables to a model."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from shutil import rmtree
from time import perf_counter, time
from typing import Annotated

import typer

from penchant.cli.check import MAP_HELP, Core, Merge, Strict, Weights
from penchant.cli.tables import moment, tables
from penchant.cli.terminal import be_quick, behind_url, cache_folder, counted, say
from penchant.cli.tracking import Track, Tracking
from penchant.data.cells import spell
from penchant.data.cleaning.settings import Cleaning
from penchant.data.dataset import Dataset
from penchant.data.split import known_before
from penchant.data.written import with_written
from penchant.errors import SettingError
from penchant.language.choose import AUTO, WEB
from penchant.language.ensemble import JOIN
from penchant.language.lsa import LEARNED
from penchant.language.template import Template
from penchant.language.texts import chosen, read_texts
from penchant.recommender import Recommender
from penchant.tune.study import Budget

ADAPT_TOKENS = 128
TRIED = ("the encoder as it was", "adapted", "both as one")
KEPT = ("", "the adapted encoder is kept", "both encoders are kept as one")
"""What --adapt tries, one after the other, and what it says of the one that is kept."""
LANGUAGE_HELP = "Text encoder: auto, minilm, lsa, a folder, a Hugging Face name, URL#MODEL, or none."
PICTURES_HELP = "Encoder of pictures: lite0, a Hugging Face folder, none, or auto: lite0 if installed."


Minutes = Annotated[
    float | None, typer.Option(help="Go on searching for settings for so many minutes.", min=0.01)
]


Reader = Annotated[
    bool, typer.Option("--reader/--no-reader", help="Keep what reads requests in the model's folder.")
]
Written = Annotated[Path | None, typer.Option(help="A table of penchant write, to join the items' texts.")]


class Effort(StrEnum):
    """How long the search of settings may take."""

    quick = "quick"
    standard = "standard"
    best = "best"


def fit(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder of tables.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The model's folder.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same lists.", min=0)] = 0,
    effort: Annotated[
        Effort, typer.Option(help="How much is tried to find good settings.")
    ] = Effort.standard,
    search: Minutes = None,
    study: Annotated[
        Path | None, typer.Option(help="A file that keeps what --search tried; a later fit goes on from it.")
    ] = None,
    mapping: Annotated[str | None, typer.Option("--map", help=MAP_HELP)] = None,
    until: Annotated[
        str | None, typer.Option(help="Learn only from what was before this moment, like 2024-05-31.")
    ] = None,
    target: Annotated[
        str, typer.Option(help="What to foretell: the next interaction, or what will be liked.")
    ] = "next",
    language: Annotated[str, typer.Option(help=LANGUAGE_HELP)] = "auto",
    adapted: Annotated[
        bool, typer.Option("--adapt", help="Teach the text encoder as well, and keep it if lists gain by it.")
    ] = False,
    pictures: Annotated[str, typer.Option(help=PICTURES_HELP)] = "auto",
    budget: Annotated[int | None, typer.Option(help="Tokens that a language URL may cost.", min=1)] = None,
    written: Written = None,
    template: Annotated[Path | None, typer.Option(help="A text file with {column} places for items.")] = None,
    weights: Weights = None,
    strict: Strict = False,
    core: Core = 0,
    merge: Merge = False,
    keep_columns: Annotated[
        str, typer.Option(help="Columns to keep although they sum up the log: a,b.")
    ] = "",
    track: Track = None,
    reader: Reader = True,
) -> None:
    """Learn a model from tables."""
    be_quick()
    start, tracking = perf_counter(), Tracking(context, track)
    goal = searching(search, study, adapted=adapted)
    kept = tuple(filter(None, (name.strip() for name in keep_columns.split(","))))
    cleaning = Cleaning(strict, core, merge, kept)
    data = tables(folder, mapping, target=target, weights=weights, cleaning=cleaning)
    if written is not None:
        data, lines = with_written(data, written)
        say("\n".join(lines))
    if until is not None:
        data = before(data, until)
    wording = Template.read(template) if template else None
    encoders = [language]
    if adapted:
        encoders += taught_beside(output, data, language, seed, wording)
    models = [fitted(data, seed, effort, name, budget, wording, pictures, goal) for name in encoders]
    model = better(models, data) if adapted else models[0]
    version = (carrying(model) if reader else model).save(output, time())
    say(f"{output}: version {version[:12]}, fitted in {perf_counter() - start:.0f} s")
    if tracking:
        keep(tracking, model)


def carrying(model: Recommender) -> Recommender:
    """Return the model with what reads requests, so that machines without the language model can too."""
    from penchant.language.asking import request_encoder

    apart = model.encoder is not None or model.language in ("", "none", LEARNED)
    if apart or model.language.startswith(WEB) or not model.knowledge.raw.shape[1]:
        return model
    found = request_encoder(model.language, cache_folder())
    if found is None:
        say(
            "the model's folder carries no reader of requests (onnx and onnxruntime write it): "
            "texts are read where the language model is installed"
        )
    return replace(model, carried=found)


def keep(tracking: Tracking, model: Recommender) -> None:
    """Write down what was learned from, and what a search came to."""
    data, plan = model.data, model.ranking.plan
    counts = {"users": data.n_users, "items": data.n_items, "events": len(data.interactions)}
    found = {f"{name}/{what}": n for name, told in plan.searched.items() for what, n in told.items()}
    tracking.keep({**counts, **found}, chosen=plan.settings)


def taught_beside(
    output: Path, data: Dataset, language: str, seed: int, template: Template | None
) -> list[str]:
    """Teach the text encoder from the tables, beside the model; returns its folder, and both as one."""
    from penchant.cli.adapt import taught
    from penchant.language.adapt.plan import Plan
    from penchant.rank.bundle import fingerprint

    name = chosen(data, AUTO, lambda _: None) if language == AUTO else language
    if name in ("none", LEARNED) or name.startswith(WEB):
        raise SettingError(
            f"--adapt with --language {name}", hint="a language model on this machine can learn"
        )
    if template is not None:
        raise SettingError("--adapt with --template", hint="an adapted encoder reads all columns as one text")
    place = output.absolute()
    folder = place.with_name(f"{place.name}-language-{fingerprint(data)[:8]}")
    taught(data, folder, name, Plan(seed=seed), ADAPT_TOKENS)
    if JOIN in str(folder):
        say(f"both encoders as one are not tried: {folder} has {JOIN!r} in its name")
        return [str(folder)]
    return [str(folder), f"{name}{JOIN}{folder}"]


def better(models: Sequence[Recommender], data: Dataset) -> Recommender:
    """Return the model that foretells the last slice of time best: the encoder as it was, adapted, or both.

    Of those that do so alike, the first is kept. An adapted encoder that does not pay is taken away again.
    """
    from penchant.rank.validation import foretold

    marks = [foretold(one.ranking, data, one.knowledge) for one in models]
    told = "; ".join(f"{name}: {mark}" for name, mark in zip(TRIED, marks, strict=False))
    say(f"last slice of time, {told}")
    best = 0
    for n, mark in enumerate(marks):
        if mark.mean > marks[best].mean:
            best = n
    if best:
        say(f"{KEPT[best]}: {models[best].language}")
    else:
        say("adapting does not pay here: the encoder stays as it was")
        rmtree(models[1].language, ignore_errors=True)
    return models[best]


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


def searching(minutes: float | None, study: Path | None = None, *, adapted: bool = False) -> Budget | None:
    """Return the budget of a search, None without one, and refuse what cannot be searched with."""
    if adapted and study is not None:
        raise SettingError("--adapt with --study", hint="two encoders are tried; a study is of one")
    if minutes is None:
        if study is not None:
            raise SettingError("--study without --search", hint="--search MINUTES says how long to search")
        return None
    budget = Budget(minutes, study)
    budget.check()
    return budget


def fitted(
    data: Dataset,
    seed: int,
    effort: str,
    language: str,
    budget: int | None = None,
    template: Template | None = None,
    pictures: str = "auto",
    search: Budget | None = None,
) -> Recommender:
    """Fit with progress shown."""
    with counted("reading texts") as progress:
        encoder = behind_url(language, budget) or language
        texts = read_texts(data, encoder, cache_folder(), template, progress, pictures, say, seed)
    with counted("searching, in seconds") if search else nullcontext() as progress:
        return Recommender.fit(
            data,
            seed=seed,
            effort=effort,  # type: ignore[arg-type]
            cache=cache_folder(),
            texts=texts,
            search=replace(search, progress=progress) if search else None,
            say=say,
        )
