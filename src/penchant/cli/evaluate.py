"""penchant evaluate: measured on held-out events, beside baselines tuned in the same run."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from penchant.cli.check import MAP_HELP, Core, Merge, Strict, Weights
from penchant.cli.fit import Effort, Minutes, searching
from penchant.cli.tables import moment, tables
from penchant.cli.terminal import be_quick, behind_url, cache_folder, counted, messages, say
from penchant.cli.tracking import Track, Tracking
from penchant.data.cleaning.settings import Cleaning
from penchant.data.dataset import Dataset
from penchant.errors import SettingError
from penchant.evaluate.baselines import baselines
from penchant.evaluate.chances import Taken, floors
from penchant.evaluate.compare import compare as compare_bundles
from penchant.evaluate.contest import Entrant
from penchant.evaluate.probes import RELEASED, Recorded, check_probable
from penchant.evaluate.probes import probes as probe
from penchant.evaluate.protocols import protocol_named
from penchant.evaluate.raters import Ours, rivals
from penchant.evaluate.report import Evaluation
from penchant.evaluate.run import check_judgeable
from penchant.evaluate.run import evaluate as judged
from penchant.evaluate.seal import LISTS, PROBES, Openings, Seal
from penchant.evaluate.swaps import asking, swaps
from penchant.evaluate.wording import check_folder
from penchant.language.cache import VectorCache
from penchant.language.choose import spec_of
from penchant.language.texts import Texts, read_texts
from penchant.recommender import Recommender
from penchant.tune.study import Budget


class Protocol(StrEnum):
    """How events are held out."""

    time = "time"
    last20 = "last20"
    last1 = "last1"
    cold20 = "cold20"
    prequential = "prequential"


def evaluate(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder of tables.")],
    protocol: Annotated[Protocol, typer.Option(help="How events are held out.")] = Protocol.time,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A folder for the report: a page, JSON, Markdown.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all that is random.", min=0)] = 0,
    effort: Annotated[
        Effort, typer.Option(help="How much is tried to find good settings.")
    ] = Effort.standard,
    search: Minutes = None,
    mapping: Annotated[str | None, typer.Option("--map", help=MAP_HELP)] = None,
    language: Annotated[str, typer.Option(help="Text encoder, as for fit.")] = "auto",
    pictures: Annotated[str, typer.Option(help="Encoder of pictures, as for fit.")] = "auto",
    probes: Annotated[
        bool, typer.Option("--probes", help="Also ask what texts give: shuffled, left out, of newer items.")
    ] = False,
    language_born: Annotated[
        str | None, typer.Option(help="When the text encoder was released, like 2021-08-30; for --probes.")
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="A B", help="Two models' folders, compared on what neither has seen."),
    ] = None,
    weights: Weights = None,
    strict: Strict = False,
    core: Core = 0,
    merge: Merge = False,
    track: Track = None,
) -> None:
    """Measure on held-out events, beside popularity, kNN, EASE and ALS tuned in the same run."""
    be_quick()
    if output:
        check_folder(output)
    tracking, cleaning, goal = Tracking(context, track), Cleaning(strict, core, merge), searching(search)
    if compare is not None:
        refuse_others(
            context,
            "protocol",
            "effort",
            "search",
            "language",
            "pictures",
            "probes",
            "language_born",
            "track",
        )
        return contrasted(tables(folder, mapping, weights=weights, cleaning=cleaning), compare, seed, output)
    born = released(language_born, probes)
    data = tables(folder, mapping, weights=weights, cleaning=cleaning)
    found = measured(
        data, protocol, seed, effort, language, pictures=pictures, probing=probes, born=born, search=goal
    )
    Console(width=None if messages.is_terminal else 140).print(found.rendered())
    if output:
        found.write(output)
        say(f"{output}: report.html, report.json, report.md")
    if tracking:
        tracking.keep(numbers(found), chosen=found.settings["penchant"])


def numbers(found: Evaluation) -> dict[str, float]:
    """Return what was measured of everybody over all rows of each table, by table/name/metric."""
    told = {
        f"{table.name}/{line.name}/{metric}": value
        for table in found.tables
        for line in table.slices[0].lines
        for metric, value in (*((name, one.mean) for name, one in line.metrics.items()), *line.beyond.items())
    }
    rated = found.ratings.lines if found.ratings else ()
    told |= {f"ratings/{line.name}/RMSE": line.rmse.mean for line in rated}
    return told | {f"seconds/{name}": spent.total for name, spent in found.seconds.items()}


def refuse_others(context: typer.Context, *names: str) -> None:
    """Refuse options that a comparison has no use for."""
    sources = {name: context.get_parameter_source(name) for name in names}
    given = [name for name, source in sources.items() if source and source.name == "COMMANDLINE"]
    if given:
        raise SettingError(
            f"--compare and --{given[0].replace('_', '-')} together",
            hint="both models are fitted already; they are asked as of moments after both",
        )


def contrasted(data: Dataset, folders: tuple[Path, Path], seed: int, output: Path | None) -> None:
    """Compare two bundles and show what differs."""
    with messages.status("comparing") as status:
        found = compare_bundles(
            data,
            folders,
            openings=Openings(cache_folder() / "openings.jsonl"),
            rng=np.random.default_rng(seed),
            progress=lambda what, done, total: status.update(f"{what} ({done + 1} of {total})"),
        )
    Console(width=None if messages.is_terminal else 140).print(found.rendered())
    if output:
        found.write(output)
        say(f"{output}: comparison.html, comparison.json")


def released(told: str | None, probing: bool) -> float | None:
    """Return when the encoder was released as the user tells it, None where they do not."""
    if told is not None and not probing:
        raise SettingError(
            "--language-born without --probes", hint="only the probes ask how old an encoder is"
        )
    return None if told is None else moment(told, "--language-born")


def measured(
    data: Dataset,
    protocol: str,
    seed: int,
    effort: str,
    language: str,
    *,
    pictures: str = "auto",
    probing: bool = False,
    born: float | None = None,
    search: Budget | None = None,
) -> Evaluation:
    """Evaluate the recommender against all baselines, with progress shown."""
    chosen = protocol_named(protocol)
    check_judgeable(data, chosen)  # before texts are read, which may take minutes or money
    with counted("reading texts") as progress:
        encoder, folder = behind_url(language) or language, cache_folder()
        texts = read_texts(data, encoder, folder, progress=progress, pictures=pictures, say=say)
    if probing:
        check_probable(texts)
        known_since = RELEASED.get(spec_of(texts.encoder))
        born = moment(known_since, "--language-born") if born is None and known_since else born

    def make(train: Dataset, known: Texts = texts) -> Recommender:
        return Recommender.fit(train, seed=seed, effort=effort, texts=known, search=search, newcomers=False)  # type: ignore[arg-type]

    entrant = Entrant("penchant", make, lambda ranker: dict(ranker.ranking.plan.settings))  # type: ignore[attr-defined]
    ours = Recorded(entrant)
    uses = (LISTS, PROBES) if probing else (LISTS,)
    seal = Seal(data, chosen, Openings(cache_folder() / "openings.jsonl"), uses)
    with messages.status("evaluating") as status:

        def show(what: str, done: int, total: int) -> None:
            status.update(f"{what} ({done + 1} of {total})")

        found = judged(
            data,
            [ours],
            chosen,
            against=baselines(chosen, texts.knowledge),
            rng=np.random.default_rng(seed),
            seal=seal,
            raters=[Ours(texts.knowledge, seed), *rivals()],
            foretellers=[Taken(entrant), *floors(seed)],
            progress=show,
        )
        if not probing:
            return found
        rng = np.random.default_rng(seed)
        told = probe(data, seal, ours, make, texts, born=born, rng=rng, progress=show)
        fitted = entrant.ranker
        assert isinstance(fitted, Recommender)
        status.update("asking requests in other words")
        moved = swaps(data, asking(fitted, VectorCache(folder)), rng)
        return replace(found, probes=(*told, moved))
