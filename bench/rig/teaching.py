"""What each method of adaptation costs and gives, and what a later lesson makes a model forget."""

import json
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.read import read
from penchant.data.split import without_items
from penchant.evaluate.protocols import Fold, cold_draws
from penchant.language.adapt.halves import Halves
from penchant.language.adapt.lessons import Lessons
from penchant.language.adapt.model import save
from penchant.language.adapt.plan import Plan
from penchant.language.adapt.tasks import Heads
from penchant.language.adapt.training import Teaching, graded
from penchant.language.cache import VectorCache
from penchant.language.choose import load_encoder
from penchant.language.describe import describe
from penchant.language.know import know
from penchant.metrics import counts, hits, ndcg
from penchant.models.content import Content
from penchant.models.scorer import best
from penchant.rank.lessons import lessons_of
from penchant.types import Vectors
from rig import judge, process

FROZEN, OTHERS = "frozen", 3
"""Draws that `cold20` reports and that no choice is made on: they are left out here."""
WAYS = {
    "full, all layers": "--method full --layers all",
    "full, 2 layers": "--method full --layers 2",
    "full, 1 layer": "--method full --layers 1",
    "lora, 2 layers": "--method lora",
    "ia3, 2 layers": "--method ia3",
    "prefix, 2 layers": "--method prefix",
    "bottleneck, 2 layers": "--method bottleneck",
    "head": "--method head",
}
SHORT = "--epochs 6 --minutes 4"
PULLS = (0.0, 100.0)
Write = Callable[[Fold, Path], None]


def compared(folder: Path, draws: int, written: Write, ways: Mapping[str, str]) -> dict[str, Any]:
    """Adapt by each method on draws of cold items, and judge content with its vectors."""
    data, _ = read(folder)
    values: dict[str, list[judge.Values]] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for fold in islice(cold_draws(data, OTHERS + draws), OTHERS, None):
        with tempfile.TemporaryDirectory() as temporary:
            place = Path(temporary)
            written(fold, place / "DIR")
            values.setdefault(FROZEN, []).append(content(fold, "minilm", place, data.n_users))
            for name, options in ways.items():
                rows.setdefault(name, []).append(adapted(place, f"{options} {SHORT}"))
                values.setdefault(name, []).append(content(fold, str(place / "LM"), place, data.n_users))
    return {
        "ways": {name: f"{options} {SHORT}" for name, options in ways.items()},
        "costs": {name: _mean(found) for name, found in rows.items()},
        "methods": {name: judge.summary(found) for name, found in values.items()},
        "differences": {name: judge.difference(values[name], values[FROZEN]) for name in ways},
    }


def adapted(place: Path, options: str) -> dict[str, Any]:
    """Adapt through the command line, and return what it cost."""
    shown = {place / name: name for name in ("DIR", "LM")}
    run = process.penchant("adapt", place / "DIR", "-o", place / "LM", *shlex.split(options), shown=shown)
    told = json.loads((place / "LM" / "penchant.json").read_text())
    whole = sum(parameter.numel() for parameter in Halves.of(str(place / "LM"), 0, 128).model.parameters())
    return {
        "parameters": told["parameters"],
        "share": told["parameters"] / whole,
        "seconds": run.seconds,
        "processor_seconds": run.processor_seconds,
        "peak_mib": run.peak_mib,
        "epochs": len(told["marks"]) - 1,
        "best": told["best"],
    }


def content(fold: Fold, language: str, place: Path, n_users: int) -> judge.Values:
    """Return NDCG@10 of each user by content alone, among the cold items; NaN for those not asked."""
    task = fold.tasks[0]
    knowledge, _ = know(fold.train.items, load_encoder(language), VectorCache(place / "vectors"))
    model = Content().fit(fold.train, knowledge, rng=np.random.default_rng(0))
    rows, _ = best(model.score(task.queries, task.candidates), 10)
    found = np.full(n_users, np.nan)
    lists = np.asarray(task.candidates)[rows]
    found[task.users] = ndcg(hits(lists, task.targets), counts(task.targets))
    return {"ndcg@10": found}


def later(folder: Path) -> dict[str, Any]:
    """Teach half of a catalogue, then the other half, and ask about cold items of either after each."""
    data, _ = read(folder)
    texts = describe(data.items)
    old, new = (lessons_of(part, texts, seed=0) for part in _halved(data))
    plan = Plan(layers=2, epochs=6, minutes=4)
    marks: dict[str, dict[str, float]] = {}

    def asked(name: str, language: str) -> None:
        vectors = load_encoder(language).encode(texts)
        marks[name] = {"old": probed(vectors, old), "new": probed(vectors, new)}

    asked("frozen", "minilm")
    with tempfile.TemporaryDirectory() as temporary:
        first = Path(temporary) / "LM"
        _teach("minilm", old, plan, first)
        asked("taught the old", str(first))
        for pull in PULLS:
            second = Path(temporary) / "LM2"
            _teach(str(first), new, replace(plan, pull=pull), second)
            asked(f"then the new, pull {pull:g}", str(second))
    return {"marks": marks}


def probed(vectors: Vectors, lessons: Lessons) -> float:
    """Return NDCG@20 of the exam by the places that ridge regression reads off vectors, (n_items, width)."""
    heads = Heads(vectors.shape[1], lessons.places.shape[1], seed=0)
    heads.begin(vectors[lessons.items], lessons.places)
    return round(graded(lessons.exam, heads.placed(vectors[lessons.exam.items])), 5)


def _teach(language: str, lessons: Lessons, plan: Plan, folder: Path) -> None:
    halves = Halves.of(language, plan.layers, 128)
    upper, course = Teaching(halves, lessons, plan).run()
    facts = {"began_as": "minilm", "data": {"items": len(lessons.items), "people": len(lessons.people),
                                            "fingerprint": ""}}  # fmt: skip
    save(folder, halves, upper, plan, course, facts)


def _halved(data: Dataset) -> Iterator[Dataset]:
    """Yield the data with the events of half of its items, and with those of the other half."""
    order = np.random.default_rng(0).permutation(data.n_items)
    for gone in np.array_split(order, 2):
        yield data.with_interactions(without_items(data.interactions, np.sort(gone), data.n_items)[0])


def _mean(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the mean of each number over draws."""
    return {name: round(float(np.mean([row[name] for row in rows])), 5) for name in rows[0]}
