"""penchant evaluate: measured on held-out events, beside baselines tuned in the same run."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from penchant.cli.check import MAP_HELP, Core, Merge, Strict
from penchant.cli.fit import Effort
from penchant.cli.terminal import be_quick, behind_url, cache_folder, counted, messages, say, tables
from penchant.data.cleaning.settings import Cleaning
from penchant.data.dataset import Dataset
from penchant.evaluate.baselines import baselines
from penchant.evaluate.contest import Entrant
from penchant.evaluate.protocols import protocol_named
from penchant.evaluate.report import Evaluation
from penchant.evaluate.run import check_judgeable
from penchant.evaluate.run import evaluate as judged
from penchant.language.texts import read_texts
from penchant.recommender import Recommender


class Protocol(StrEnum):
    """How events are held out."""

    time = "time"
    last20 = "last20"
    last1 = "last1"
    cold20 = "cold20"


def evaluate(
    folder: Annotated[Path, typer.Argument(help="A folder of tables.")],
    protocol: Annotated[Protocol, typer.Option(help="How events are held out.")] = Protocol.time,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A folder for report.json and .md.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all that is random.", min=0)] = 0,
    effort: Annotated[
        Effort, typer.Option(help="How much is tried to find good settings.")
    ] = Effort.standard,
    mapping: Annotated[str | None, typer.Option("--map", help=MAP_HELP)] = None,
    language: Annotated[str, typer.Option(help="Text encoder, as for fit.")] = "minilm",
    strict: Strict = False,
    core: Core = 0,
    merge: Merge = False,
) -> None:
    """Measure on held-out events, beside popularity, kNN, EASE and ALS tuned in the same run."""
    be_quick()
    data = tables(folder, mapping, cleaning=Cleaning(strict, core, merge))
    found = measured(data, protocol, seed, effort, language)
    Console(width=None if messages.is_terminal else 140).print(found.rendered())
    if output:
        found.write(output)
        say(f"{output}: report.json, report.md")


def measured(data: Dataset, protocol: str, seed: int, effort: str, language: str) -> Evaluation:
    """Evaluate the recommender against all baselines, with progress shown."""
    chosen = protocol_named(protocol)
    check_judgeable(data, chosen)  # before texts are read, which may take minutes or money
    with counted("reading texts") as progress:
        texts = read_texts(data, behind_url(language) or language, cache_folder(), None, progress)

    def make(train: Dataset) -> Recommender:
        return Recommender.fit(train, seed=seed, effort=effort, texts=texts)  # type: ignore[arg-type]

    ours = Entrant("penchant", make, lambda ranker: dict(ranker.ranking.plan.settings))  # type: ignore[attr-defined]
    with messages.status("evaluating") as status:
        return judged(
            data,
            [ours],
            chosen,
            against=baselines(chosen, texts.knowledge),
            rng=np.random.default_rng(seed),
            progress=lambda what, done, total: status.update(f"{what} ({done + 1} of {total})"),
        )
