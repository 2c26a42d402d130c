"""What each method of adaptation costs and gives, and what a later lesson makes a model forget."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from penchant.data.dataset import Dataset
from penchant.data.read import read
from penchant.data.split import without_items
from penchant.evaluate.protocols import Task, cold_draws
from penchant.language.adapt.halves import Halves, Hidden
from penchant.language.adapt.lessons import Lessons
from penchant.language.adapt.model import save
from penchant.language.adapt.plan import Course, Plan
from penchant.language.adapt.tasks import Heads
from penchant.language.adapt.training import Teaching, graded
from penchant.language.cache import VectorCache
from penchant.language.choose import load_encoder
from penchant.language.describe import describe
from penchant.language.encode import Encoder
from penchant.language.know import know
from penchant.metrics import counts, hits, ndcg
from penchant.models.content import Content
from penchant.models.scorer import best
from penchant.rank.lessons import lessons_of
from penchant.types import Vectors
from rig import judge

FROZEN, UNTAUGHT, OTHERS = "frozen", "untaught: one text", 3
"""Draws that `cold20` reports and that no choice is made on: they are left out here."""
SHORT: dict[str, Any] = {"epochs": 4, "minutes": 60.0, "patience": 4}
MLM: dict[str, Any] = {"weights": {"mlm": 1.0}, "layers": 1}
"""What goes before in the way that reads masked words first."""
WAYS: dict[str, dict[str, Any]] = {
    "full, 2 layers": {"layers": 2},
    "lora, 2 layers": {"method": "lora"},
    "full, 1 layer": {"layers": 1},
    "1 layer, smoothing 0.1": {"layers": 1, "smoothing": 0.1},
    "1 layer, augment 0.3": {"layers": 1, "augment": 0.3},
    "1 layer, adversarial 0.1": {"layers": 1, "adversarial": 0.1},
    "1 layer, weights learned": {"layers": 1, "balance": "learned"},
    "1 layer, mlm first": {"layers": 1, "before": MLM},
    "full, all layers": {"layers": None},
    "ia3, 2 layers": {"method": "ia3"},
    "prefix, 2 layers": {"method": "prefix"},
    "bottleneck, 2 layers": {"method": "bottleneck"},
    "head": {"method": "head"},
}
PLAIN = "full, 1 layer"
FEW_WAYS: dict[str, dict[str, Any]] = {
    PLAIN: {"layers": 1},
    "1 layer, unlabelled 0.3": {"layers": 1, "unlabelled": 0.3},
    "1 layer, unlabelled 1": {"layers": 1, "unlabelled": 1.0},
}
FEW = 0.1
"""Part of the people whose events are left where labels are few."""
PULLS = (0.0, 100.0)
Keep = Callable[[dict[str, Any]], None]


@dataclass
class Reader(Halves):
    """A model cut in two that reads the same texts only once."""

    kept: dict[str, Hidden] = field(default_factory=dict)

    def hidden(
        self, tokens: Sequence[list[int]], progress: Callable[[int, int], None] | None = None
    ) -> Hidden:
        """Return what the lower half makes of texts."""
        key = blake2b(str(tokens).encode()).hexdigest()
        if key not in self.kept:
            self.kept[key] = super().hidden(tokens, progress)
        return self.kept[key]


@dataclass(frozen=True)
class Told:
    """Vectors that were computed before, as an encoder of all that is known of an item in one text."""

    vectors: Mapping[str, Vectors]
    dim: int
    name: str = "told"
    whole: bool = True

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return their vectors."""
        return np.stack([self.vectors[text] for text in texts])


def compared(folder: Path, draws: int, keep: Keep, *, few: bool = False) -> None:
    """Adapt by each way on draws of cold items, and judge content; `keep` gets what there is after each."""
    data, _ = read(folder)
    texts, ways = describe(data.items), FEW_WAYS if few else WAYS
    readers: dict[int | None, Reader] = {}
    values: dict[str, list[judge.Values]] = {}
    costs: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for fold in islice(cold_draws(data, OTHERS + draws), OTHERS, None):
            train, task = _of_few(fold.train) if few else fold.train, fold.tasks[0]
            frozen = content(train, task, load_encoder("minilm"), VectorCache(temporary))
            values.setdefault(FROZEN, []).append(frozen)
            lessons = lessons_of(train, texts, seed=0)
            for name, options in {UNTAUGHT: {"layers": 1}, **ways}.items():
                vectors, cost = adapted(lessons, options, readers, taught=name != UNTAUGHT)
                encoder = Told(dict(zip(texts, vectors, strict=True)), vectors.shape[1])
                values.setdefault(name, []).append(content(train, task, encoder))
                costs.setdefault(name, {**cost, "best": []})["best"].append(cost["best"])
                mean = float(np.nanmean(values[name][-1]["ndcg@10"]))
                print(f"{fold.name} {name:26} {mean:.4f} {cost}", file=sys.stderr, flush=True)
            keep({"ways": {name: {**SHORT, **options} for name, options in ways.items()},
                  **judged(values, costs)})  # fmt: skip


def judged(values: Mapping[str, list[judge.Values]], costs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the results of some draws; `costs` are those of the first."""
    found = {name: judge.difference(rows, values[UNTAUGHT]) for name, rows in values.items()}
    told: dict[str, Any] = {
        "draws": len(values[FROZEN]),
        "costs": costs,
        "methods": {name: judge.summary(rows) for name, rows in values.items()},
        "differences": found,
        "to_plain": {
            name: judge.difference(rows, values[PLAIN])
            for name, rows in values.items()
            if name.startswith("1 layer, ")
        },
    }
    if "lora, 2 layers" in found:
        lora, full = (found[f"{method}, 2 layers"]["ndcg@10"]["mean"] for method in ("lora", "full"))
        told["lora_part_of_full"] = round(lora / full, 3) if full else None
    return told


def _of_few(train: Dataset) -> Dataset:
    """Return the data with the events of a tenth of the people."""
    order = np.random.default_rng(0).permutation(train.n_users)
    events = train.interactions
    return train.with_interactions(events.where(np.isin(events.users, order[: int(FEW * train.n_users)])))


def adapted(
    lessons: Lessons, options: Mapping[str, Any], readers: dict[int | None, Reader], *, taught: bool = True
) -> tuple[Vectors, dict[str, Any]]:
    """Return the vectors of all items and what they cost: memory, and the processor's time of one core."""
    torch.set_num_threads(1)  # two that share a processor with others wait for each other
    Path("/proc/self/clear_refs").write_text("5")  # the highest memory counts from here
    start, options = time.process_time(), dict(options)
    before = options.pop("before", None)
    plan = Plan(**{**SHORT, **options})
    if plan.depth not in readers:
        readers[plan.depth] = Reader.of("minilm", plan.depth, 128)  # type: ignore[assignment]
    halves: Halves = readers[plan.depth]
    if before is not None:
        first = Teaching(halves, lessons, Plan(**{**SHORT, **before}))
        halves = replace(halves, model=halves.joined(first.run()[0].model))
    teaching = Teaching(halves, lessons, plan)
    if not taught:
        teaching.begin()
        course = Course([0.0], 0, 0, 0.0, [])
    else:
        course = teaching.run()[1]
    vectors = teaching.everything()
    whole = sum(parameter.numel() for parameter in halves.model.parameters())
    cost = {
        "parameters": course.parameters,
        "share": course.parameters / whole,
        "processor_seconds": round(time.process_time() - start, 1),
        "peak_mib": _peak_mib(),
        "epochs": len(course.marks) - 1,
        "best": course.best,
    }
    return vectors, cost


def _peak_mib() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024, 1)


def content(train: Dataset, task: Task, encoder: Encoder, cache: VectorCache | None = None) -> judge.Values:
    """Return NDCG@10 of each user by content alone, among the cold items; NaN for those not asked."""
    knowledge, _ = know(train.items, encoder, cache)
    model = Content().fit(train, knowledge, rng=np.random.default_rng(0))
    rows, _ = best(model.score(task.queries, task.candidates), 10)
    found = np.full(train.n_users, np.nan)
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
