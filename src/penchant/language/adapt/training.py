"""The lessons, epoch by epoch: steps on batches of texts, an exam after each, the best state kept.

What an epoch does depends on the seed and its number alone, so that work that was cut short goes on from the
last whole epoch as if nothing had happened.
"""

import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from penchant.errors import SettingError
from penchant.language.adapt.checkpoint import Checkpoint
from penchant.language.adapt.halves import Halves, Hidden, pooled
from penchant.language.adapt.lessons import Exam, Lessons, Task
from penchant.language.adapt.methods import RATES, Method, taught
from penchant.language.adapt.tasks import ASKED, Batch, Heads, Lecture, asked_for
from penchant.metrics import counts, hits, ndcg
from penchant.types import Vectors

RIDGE, HEADS_RATE, DECAY, SMOOTH = 1.0, 5.0, 0.01, 0.1
"""Of the first head; how much faster heads learn; weight decay; dropout of hidden states."""
BATCH, TOKENS, TOP = 64, 4096, 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How to teach. `layers` of the model learn (None: all), in `epochs` at most, `patience` of them in vain.

    `weights` of tasks; a task that is not named is not taught. `adversarial` is the length of the worst step
    in the hidden states against which each batch is taught again (FGM; Miyato et al., ICLR 2017), 0 for none.
    `minutes` end the work after the epoch in which they pass.
    """

    method: Method = "full"
    layers: int | None = 2
    weights: Mapping[Task, float] = field(default_factory=lambda: {"place": 1.0, "rank": 1.0})
    epochs: int = 12
    patience: int = 4
    adversarial: float = 0.0
    minutes: float = 20.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise SettingError for what cannot be."""
        if self.epochs < 1 or self.minutes <= 0 or self.adversarial < 0:
            raise SettingError("adapt: epochs and minutes are above 0, --adversarial is 0 or more")
        if self.layers is not None and self.layers < 1:
            raise SettingError(f"--layers {self.layers}", hint="how many of the last layers learn, or all")


@dataclass
class Course:
    """What came out: the marks of each epoch (the first is that before any), and what learned."""

    marks: list[float]
    best: int
    parameters: int
    seconds: float
    losses: list[dict[str, float]]

    def told(self) -> dict[str, Any]:
        """Return what a checkpoint keeps of it."""
        return {"marks": self.marks, "best": self.best, "losses": self.losses}


class Teaching:
    """One run: the halves, the lessons, and the place where unfinished work is kept (None: nowhere)."""

    def __init__(
        self,
        halves: Halves,
        lessons: Lessons,
        plan: Plan,
        kept: Path | None = None,
        say: Callable[[str], None] = lambda _: None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.halves, self.lessons, self.plan, self.kept = halves, lessons, plan, kept
        self.say, self.progress = say, progress
        unknown = [task for task in plan.weights if task not in lessons.tasks()]
        if unknown:
            raise SettingError(
                f"--tasks {unknown[0]}: the tables hold nothing to learn it from",
                hint=f"there is {', '.join(lessons.tasks())}",
            )

    def run(self) -> tuple[Any, Course]:
        """Teach; returns the upper half as it was at its best, and how it went."""
        import torch

        start = time.monotonic()
        torch.manual_seed(self.plan.seed)
        self.items = self.halves.hidden(self.halves.tokens(self.lessons.texts), self.progress)
        if "request" in self.plan.weights:
            self.asked = self.halves.hidden(self.halves.tokens(self.lessons.requests, asking=True))
        self.taught = taught(self.halves.upper(), self.plan.method)
        self.heads = self._first_heads()
        self.lecture = Lecture(self.lessons, self.heads)
        own, heads = RATES[self.plan.method], HEADS_RATE * RATES["full"]
        groups = [
            {"params": list(self.taught.parameters()), "lr": own, "most": own},
            {"params": self.heads.parameters(), "lr": heads, "most": heads},
        ]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=DECAY)
        course = Course([self.mark()], 0, self.taught.count(), 0.0, [])
        best = self._state()
        kept = None if self.kept is None else Checkpoint(self.kept)
        if kept is not None and (found := kept.read(self.optimiser)) is not None:
            now, best, told = found
            self._restore(now)
            course.marks, course.best, course.losses = told["marks"], told["best"], told["losses"]
            self.say(f"goes on after epoch {len(course.marks) - 1}")
        for epoch in range(len(course.marks), self.plan.epochs + 1):
            course.losses.append(self._epoch(epoch))
            course.marks.append(self.mark())
            if course.marks[-1] > course.marks[course.best]:
                course.best, best = epoch, self._state()
            losses = ", ".join(f"{name} {value:.3f}" for name, value in course.losses[-1].items())
            self.say(f"epoch {epoch}: NDCG@{TOP} of held-out items {course.marks[-1]:.4f} ({losses})")
            if kept is not None:
                kept.write(self._state(), best, self.optimiser, course.told())
            spent = (time.monotonic() - start) / 60
            if epoch - course.best >= self.plan.patience or spent > self.plan.minutes:
                break
        self._restore(best)
        course.seconds = time.monotonic() - start
        return self.taught.fold(), course

    def forget(self) -> None:
        """Remove what was kept of unfinished work: the model is written."""
        if self.kept is not None:
            shutil.rmtree(self.kept, ignore_errors=True)

    def vectors(self, hidden: Hidden, rows: Sequence[int]) -> Any:
        """Return the vectors of texts, (B, width), as tensors that know where they come from."""
        states, mask = hidden.batch(rows)
        return self._read(states, mask)

    def _read(self, states: Any, mask: Any) -> Any:
        answer = self.taught.model(inputs_embeds=states, attention_mask=mask)
        return pooled(answer.last_hidden_state, mask, self.halves.pooling)

    def everything(self) -> Vectors:
        """Return the vectors of all items as the model reads them now, (n_items, width)."""
        import torch

        self.taught.model.eval()
        found = np.zeros((len(self.items), self.items.states.shape[1]), dtype=np.float32)
        with torch.inference_mode():
            for group in self.items.groups(TOKENS):
                found[group] = self.vectors(self.items, group).numpy()
        return found

    def mark(self) -> float:
        """Return NDCG@20 of the exam."""
        import torch

        exam: Exam = self.lessons.exam
        if not len(exam.answers):
            return 0.0
        with torch.inference_mode():
            placed = self.heads.place(torch.from_numpy(self.everything()[exam.items])).numpy()
        order = np.argsort(-(exam.people @ placed.T), axis=1, kind="stable")[:, :TOP]
        total = counts(list(exam.answers))
        return float(ndcg(hits(exam.items[order], list(exam.answers)), total)[total > 0].mean())

    def _first_heads(self) -> Heads:
        """Return heads of which the first already foretells places by ridge regression."""
        import torch

        heads = Heads(self.items.states.shape[1], self.lessons.places.shape[1], self.plan.seed)
        vectors = self.everything()[self.lessons.items].astype(np.float64)
        mean, targets = vectors.mean(axis=0), self.lessons.places.astype(np.float64)
        away = vectors - mean
        slope = np.linalg.solve(away.T @ away + RIDGE * np.eye(len(mean)), away.T @ targets)
        with torch.no_grad():
            heads.place.weight.copy_(torch.from_numpy(slope.T))
            heads.place.bias.copy_(torch.from_numpy(targets.mean(axis=0) - mean @ slope))
        return heads

    def _epoch(self, epoch: int) -> dict[str, float]:
        import torch

        rng = np.random.default_rng([self.plan.seed, epoch])
        torch.manual_seed(self.plan.seed * 100_003 + epoch)
        self.taught.model.train()
        order = rng.permutation(len(self.lessons.items))
        steps = math.ceil(len(order) / BATCH)
        sums: dict[str, float] = {}
        for step, rows in enumerate(np.array_split(order, steps)):
            for group in self.optimiser.param_groups:
                group["lr"] = group["most"] * self._pace(epoch - 1 + step / steps)
            self.optimiser.zero_grad()
            for name, value in self._step(np.sort(rows), rng).items():
                sums[name] = sums.get(name, 0.0) + value / steps
            torch.nn.utils.clip_grad_norm_(list(self.taught.parameters()) + self.heads.parameters(), 1.0)
            self.optimiser.step()
            if self.progress is not None:
                self.progress(step + 1, steps)
        return sums

    def _pace(self, epochs: float) -> float:
        """Return which part of the full rate holds: rising over the first epoch, then falling to a tenth."""
        return min(1.0, 0.1 + epochs) * (1.0 - 0.9 * epochs / self.plan.epochs)

    def _step(self, rows: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
        import torch

        states, mask = self.items.batch(self.lessons.items[rows].tolist())
        states = torch.nn.functional.dropout(states, SMOOTH)
        states.requires_grad_(self.plan.adversarial > 0)
        seed = int(rng.integers(1 << 30))
        losses = self._losses(states, mask, rows, np.random.default_rng(seed))
        sum(losses.values()).backward()
        if self.plan.adversarial:
            slope: Any = states.grad
            away = slope / (slope.norm() + 1e-12)
            worst = states.detach() + self.plan.adversarial * states.shape[0] ** 0.5 * away
            again = self._losses(worst, mask, rows, np.random.default_rng(seed))
            sum(again.values()).backward()
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _losses(self, states: Any, mask: Any, rows: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
        vectors = self._read(states, mask)
        batch = Batch(vectors, self.heads.place(vectors), rows, rng)
        found: dict[str, Any] = {}
        for task, weight in self.plan.weights.items():
            loss = self._requests(batch) if task == "request" else self.lecture.loss(task, batch)
            if loss is not None:
                found[task] = weight * loss
        return found

    def _requests(self, batch: Batch) -> Any:
        """Ask requests whose answer is in the batch."""
        import torch

        place = self.lessons.among(batch.rows)
        fitting = np.flatnonzero(place[self.lessons.answers] >= 0)
        chosen = batch.rng.permutation(fitting)[:ASKED]
        if not len(chosen):
            return None
        answers = torch.from_numpy(place[self.lessons.answers[chosen]])
        return asked_for(self.vectors(self.asked, chosen.tolist()), batch.vectors, answers)

    def _state(self) -> dict[str, Any]:
        own = {f"model.{n}": p.detach().clone() for n, p in enumerate(self.taught.parameters())}
        return own | {name: value.clone() for name, value in self.heads.state().items()}

    def _restore(self, state: Mapping[str, Any]) -> None:
        import torch

        with torch.no_grad():
            for n, parameter in enumerate(self.taught.parameters()):
                parameter.copy_(state[f"model.{n}"])
        self.heads.restore(dict(state))
