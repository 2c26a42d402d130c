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
SHORT: dict[str, Any] = {"epochs": 6, "minutes": 60.0}
METHODS: dict[str, dict[str, Any]] = {
    "full, all layers": {"layers": None, "epochs": 2},
    "full, 2 layers": {"layers": 2},
    "full, 1 layer": {"layers": 1},
    "lora, 2 layers": {"method": "lora"},
    "ia3, 2 layers": {"method": "ia3"},
    "prefix, 2 layers": {"method": "prefix"},
    "bottleneck, 2 layers": {"method": "bottleneck"},
    "head": {"method": "head"},
}
FIXED: dict[str, Any] = {"layers": 1, "epochs": 3, "stops": False}
"""A course without an exam, whose hundred items say too little of so short a course: chance would choose."""
MLM: dict[str, Any] = {"weights": {"mlm": 1.0}, "layers": 1, "epochs": 3}
"""What goes before in the way that reads masked words first."""
PLAIN, LORA = "full", "lora"
TRICKS: dict[str, dict[str, Any]] = {
    PLAIN: FIXED,
    LORA: {**FIXED, "method": "lora"},
    "full, smoothing 0.1": {**FIXED, "smoothing": 0.1},
    "full, augment 0.3": {**FIXED, "augment": 0.3},
    "full, adversarial 0.1": {**FIXED, "adversarial": 0.1},
    "full, weights learned": {**FIXED, "balance": "learned"},
    "full, mlm first": {**FIXED, "before": MLM},
}
FEW: dict[str, dict[str, Any]] = {
    PLAIN: FIXED,
    "full, unlabelled 0.3": {**FIXED, "unlabelled": 0.3},
    "full, unlabelled 1": {**FIXED, "unlabelled": 1.0},
}
WAYS = {"methods": METHODS, "tricks": TRICKS, "few": FEW}
FEW_PEOPLE = 0.1
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


def compared(folder: Path, name: str, draws: int, keep: Keep) -> None:
    """Adapt by each way on draws of cold items, and judge content; `keep` gets what there is after each."""
    data, _ = read(folder)
    texts = describe(data.items)
    readers: dict[int | None, Reader] = {}
    values: dict[str, list[judge.Values]] = {}
    costs: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for fold in islice(cold_draws(data, OTHERS + draws), OTHERS, None):
            train, task = _of_few(fold.train) if name == "few" else fold.train, fold.tasks[0]
            frozen = content(train, task, load_encoder("minilm"), VectorCache(temporary))
            values.setdefault(FROZEN, []).append(frozen)
            lessons = lessons_of(train, texts, seed=0)
            for way, options in {UNTAUGHT: {"layers": 1}, **WAYS[name]}.items():
                vectors, cost = adapted(lessons, options, readers, taught=way != UNTAUGHT)
                encoder = Told(dict(zip(texts, vectors, strict=True)), vectors.shape[1])
                values.setdefault(way, []).append(content(train, task, encoder))
                costs.setdefault(way, cost)
                mean = float(np.nanmean(values[way][-1]["ndcg@10"]))
                print(f"{fold.name} {way:26} {mean:.4f} {cost}", file=sys.stderr, flush=True)
            keep(
                {
                    "draws": len(values[FROZEN]),
                    "ways": {way: {**SHORT, **options} for way, options in WAYS[name].items()},
                    "costs": costs,
                    **judged(values),
                }
            )


def judged(values: Mapping[str, list[judge.Values]]) -> dict[str, Any]:
    """Return what ways give, beside the frozen model, one that reads one text untaught, and the plain way."""
    pairs = [(way, FROZEN) for way in values] + [(way, UNTAUGHT) for way in values]
    pairs += [(way, PLAIN) for way in values if way.startswith(f"{PLAIN}, ") and PLAIN in values]
    told: dict[str, Any] = {
        "methods": {way: judge.summary(rows) for way, rows in values.items()},
        "differences": {
            f"{way} - {other}": judge.difference(values[way], values[other])
            for way, other in pairs
            if way != other
        },
    }
    if LORA in values:
        gains = (told["differences"][f"{way} - {UNTAUGHT}"]["ndcg@10"]["mean"] for way in (LORA, PLAIN))
        lora, full = gains
        told["lora_part_of_gain"] = round(lora / full, 3) if full else None
    return told


def _of_few(train: Dataset) -> Dataset:
    """Return the data with the events of a tenth of the people."""
    order = np.random.default_rng(0).permutation(train.n_users)
    events = train.interactions
    return train.with_interactions(
        events.where(np.isin(events.users, order[: int(FEW_PEOPLE * train.n_users)]))
    )


def adapted(
    lessons: Lessons, options: Mapping[str, Any], readers: dict[int | None, Reader], *, taught: bool = True
) -> tuple[Vectors, dict[str, Any]]:
    """Return the vectors of all items and what they cost: memory, and the processor's time of one core."""
    torch.set_num_threads(1)  # two that share a processor with others wait for each other
    Path("/proc/self/clear_refs").write_text("5")  # the highest memory counts from here
    start, options = time.process_time(), dict(options)
    before, stops = options.pop("before", None), options.pop("stops", True)
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
    elif stops:
        course = teaching.run()[1]
    else:
        teaching.begin()
        losses = [teaching.epoch(epoch) for epoch in range(1, plan.epochs + 1)]
        course = Course([0.0] * (1 + plan.epochs), plan.epochs, teaching.taught.count(), 0.0, losses)
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
