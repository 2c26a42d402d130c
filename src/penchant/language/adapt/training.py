"""The lessons, epoch by epoch: steps on batches of texts, an exam after each, the best state kept.

What an epoch does depends on the seed and its number alone, so that work that was cut short goes on from the
last whole epoch as if nothing had happened.
"""

import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from penchant.errors import SettingError
from penchant.language.adapt.checkpoint import Checkpoint
from penchant.language.adapt.copies import copies_of
from penchant.language.adapt.halves import Halves, Hidden, Upper, pooled
from penchant.language.adapt.lessons import Exam, Lessons, Task
from penchant.language.adapt.methods import RATES, taught
from penchant.language.adapt.plan import PLACED, Course, Plan
from penchant.language.adapt.precision import faster_in_half, reading
from penchant.language.adapt.tasks import ASKED, Batch, Heads, Lecture, Weighting, asked_for
from penchant.language.adapt.unlabelled import DRAWN, disagreement, guessed
from penchant.language.adapt.words import Words, check_masks
from penchant.metrics import counts, hits, ndcg
from penchant.types import NO_ROWS, Vectors

HEADS_RATE, DOUBTS_RATE, DECAY, SMOOTH = 5.0, 1e-2, 0.01, 0.1
"""How much faster heads learn; how fast weights of tasks do; weight decay; dropout of hidden states."""
BATCH, TOKENS, TOP = 64, 4096, 20
COPIES, ROOM = 3, 600_000
"""Copies of descriptions that are varied, and the tokens that they may take together."""


def graded(exam: Exam, placed: Vectors) -> float:
    """Return NDCG@20 of an exam whose items are thought to be at `placed`, (items, r)."""
    order = np.argsort(-(exam.people @ placed.T), axis=1, kind="stable")[:, :TOP]
    total = counts(list(exam.answers))
    return float(ndcg(hits(exam.items[order], list(exam.answers)), total)[total > 0].mean())


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
        self.half = False
        unknown = [task for task in plan.weights if task not in lessons.tasks()]
        if unknown:
            raise SettingError(
                f"--tasks {unknown[0]}: the tables hold nothing to learn it from",
                hint=f"there is {', '.join(lessons.tasks())}",
            )
        if not lessons.labelled and "mlm" not in plan.weights:
            raise SettingError(
                "--tasks: without events there is no exam but masked words",
                hint="teach mlm beside the others",
            )
        if plan.unlabelled and not (lessons.labelled and len(lessons.unlabelled)):
            raise SettingError(
                "--unlabelled: there are no items with a text and without events beside others with both",
                hint="leave it out",
            )
        if lessons.written and not plan.weights.keys() - {"mlm"}:
            raise SettingError(
                "--written changes the texts of other tasks than mlm", hint="name more --tasks"
            )
        if "mlm" in plan.weights:
            check_masks(halves)
        self.measure = (
            f"NDCG@{TOP} of held-out items" if lessons.labelled else "masked words of held-out texts foretold"
        )

    def run(self) -> tuple[Upper, Course]:
        """Teach; returns the upper half as it was at its best, and how it went."""
        start = time.monotonic()
        self.begin()
        course = Course([self.mark()], 0, self.taught.count(), 0.0, [], self.measure)
        best = self._state()
        kept = None if self.kept is None else Checkpoint(self.kept)
        if kept is not None and (found := kept.read(self.optimiser)) is not None:
            now, best, told = found
            self._restore(now)
            course.marks, course.best, course.losses = told["marks"], told["best"], told["losses"]
            self.half = bool(told.get("half", self.half))
            self.say(f"goes on after epoch {len(course.marks) - 1}")
        for epoch in range(len(course.marks), self.plan.epochs + 1):
            course.losses.append(self.epoch(epoch))
            course.marks.append(self.mark())
            if course.marks[-1] > course.marks[course.best]:
                course.best, best = epoch, self._state()
            losses = ", ".join(f"{name} {value:.3f}" for name, value in course.losses[-1].items())
            self.say(f"epoch {epoch}: {self.measure} {course.marks[-1]:.4f} ({losses})")
            if kept is not None:
                kept.write(self._state(), best, self.optimiser, {**course.told(), "half": self.half})
            spent = (time.monotonic() - start) / 60
            if epoch - course.best >= self.plan.patience or spent > self.plan.minutes:
                break
        self._restore(best)
        course.weights = self.weighting.told()
        course.precision = "bfloat16" if self.half else "float32"
        course.seconds = time.monotonic() - start
        return self.taught.fold(), course

    def begin(self) -> None:
        """Read all texts as far as the frozen half reads them, and set up what learns."""
        import torch

        torch.manual_seed(self.plan.seed)
        self._read_texts()
        self.taught = taught(self.halves.upper(), self.plan.method, self.halves.dense)
        self._choose_precision()
        self.first = [parameter.detach().clone() for parameter in self.taught.parameters()]
        vectors = self.everything()
        self.heads = Heads(vectors.shape[1], self.lessons.places.shape[1], self.plan.seed)
        if self.lessons.labelled:
            self.heads.begin(vectors[self.lessons.items], self.lessons.places)
            self.lecture = Lecture(self.lessons, self.heads, self.plan.smoothing)
        self.weighting = Weighting(self.plan.weights, learned=self.plan.balance == "learned")
        own, heads = RATES[self.plan.method], HEADS_RATE * RATES["full"]
        decay = 0.0 if self.plan.pull else DECAY  # one aim for each number: where it began, or zero
        groups = [
            {"params": list(self.taught.parameters()), "lr": own, "weight_decay": decay},
            {"params": self._heads(), "lr": heads, "weight_decay": DECAY},
        ]
        if self.weighting.parameters():
            groups.append({"params": self.weighting.parameters(), "lr": DOUBTS_RATE, "weight_decay": 0.0})
        self.optimiser = torch.optim.AdamW([{"most": group["lr"], **group} for group in groups])

    def _choose_precision(self) -> None:
        """Decide between full and half precision, by the time of steps on one batch where none is named."""
        self.half = self.plan.precision == "bfloat16"
        if self.plan.precision != "auto":
            return
        states, mask = self.all.batch(self.lessons.items[:BATCH].tolist())

        def step(half: bool) -> None:
            self.half = half
            self._read(states.clone().requires_grad_(), mask).sum().backward()

        self.half, why = faster_in_half(step)
        for parameter in self.taught.parameters():
            parameter.grad = None
        self.say(f"precision: {why}")

    def _read_texts(self) -> None:
        """Compute what the lower half makes of texts, of their copies, of requests and of masked texts."""
        texts, plan = self.lessons.texts, self.plan
        tokens = self.halves.tokens(texts)
        free = self.lessons.unlabelled if plan.unlabelled else NO_ROWS
        items = np.concatenate((self.lessons.items, free))
        size = sum(len(tokens[item]) for item in items)
        times, rng = max(1, min(COPIES, ROOM // size)), np.random.default_rng([plan.seed, 78])
        self.copies, said = copies_of(texts, self.lessons.written, items, plan.augment, times, rng)
        for line in said:
            self.say(line)
        if self.copies.texts:
            tokens = tokens + self.halves.tokens(self.copies.texts)
        self.all = self.halves.hidden(tokens, self.progress)
        self.items = Hidden(self.all.states, self.all.starts[: len(texts) + 1])
        if "request" in plan.weights:
            self.asked = self.halves.hidden(self.halves.tokens(self.lessons.requests, asking=True))
        self.words: Words | None = None
        if "mlm" in plan.weights:
            exam = not self.lessons.labelled
            self.words = Words(
                self.halves, texts, plan.seed, plan.smoothing, exam=exam, progress=self.progress
            )
            self.say(f"mlm: {self.words.read:,} of {sum(bool(text.strip()) for text in texts):,} texts")

    def forget(self) -> None:
        """Remove what was kept of unfinished work: the model is written."""
        if self.kept is not None:
            shutil.rmtree(self.kept, ignore_errors=True)

    def vectors(self, hidden: Hidden, rows: Sequence[int]) -> Any:
        """Return the vectors of texts, (B, width), as tensors that know where they come from."""
        states, mask = hidden.batch(rows)
        return self._read(states, mask)

    def _whole(self, states: Any, mask: Any) -> Any:
        with reading(half=self.half):
            found = self.taught.model(inputs_embeds=states, attention_mask=mask).last_hidden_state
        return found.float()

    def _read(self, states: Any, mask: Any) -> Any:
        import torch

        found = self.taught.dense(pooled(self._whole(states, mask), mask, self.halves.pooling))
        return torch.nn.functional.normalize(found, dim=-1)

    def everything(self) -> Vectors:
        """Return the vectors of all items as the model reads them now, (n_items, width)."""
        import torch

        self.taught.model.eval()
        found: list[Any] = [None] * len(self.items)
        with torch.inference_mode():
            for group in self.items.groups(TOKENS):
                for row, vector in zip(group, self.vectors(self.items, group).numpy(), strict=True):
                    found[row] = vector
        return np.stack(found)

    def mark(self) -> float:
        """Return NDCG@20 of the exam; without events, the part of masked words of held-out texts foretold."""
        exam = self.lessons.exam
        if not self.lessons.labelled:
            self.taught.model.eval()
            return self.words.share(self._whole) if self.words else 0.0
        if not len(exam.answers):
            return 0.0
        vectors = self.everything()
        if not self.plan.weights.keys() & PLACED:
            self.heads.begin(vectors[self.lessons.items], self.lessons.places)
        return graded(exam, self.heads.placed(vectors[exam.items]))

    def epoch(self, epoch: int) -> dict[str, float]:
        """Teach all items once, as the epoch of this number does, and return the mean loss of each task."""
        import torch

        rng = np.random.default_rng([self.plan.seed, epoch])
        if self.plan.unlabelled:
            self._guess()
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
            torch.nn.utils.clip_grad_norm_(list(self.taught.parameters()) + self._heads(), 1.0)
            self.optimiser.step()
            self._pull()
            if self.progress is not None:
                self.progress(step + 1, steps)
        return sums

    def _guess(self) -> None:
        """Guess anew where items without events are."""
        lessons = self.lessons
        self.guesses = guessed(self.everything(), lessons.items, lessons.places, lessons.unlabelled)
        sure, n = len(self.guesses.sure), len(lessons.unlabelled)
        self.say(f"unlabelled: the neighbours of {sure:,} of {n:,} items agree, which makes a label")

    def _pace(self, epochs: float) -> float:
        """Return which part of the full rate holds: rising over the first epoch, then falling to a tenth."""
        return min(1.0, 0.1 + epochs) * (1.0 - 0.9 * epochs / self.plan.epochs)

    def _pull(self) -> None:
        """Draw what learns back to where it began, apart from the gradient as AdamW does with its decay."""
        import torch

        if self.plan.pull:
            part = min(1.0, self.plan.pull * self.optimiser.param_groups[0]["lr"])
            with torch.no_grad():
                for parameter, first in zip(self.taught.parameters(), self.first, strict=True):
                    parameter.lerp_(first, part)

    def _step(self, rows: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
        import torch

        states, mask = self.all.batch(self.copies.shown(rows, rng).tolist())
        states = torch.nn.functional.dropout(states, SMOOTH)
        states.requires_grad_(self.plan.adversarial > 0)
        seed = int(rng.integers(1 << 30))
        losses = self._losses(states, mask, rows, np.random.default_rng(seed))
        if self.words is not None:
            losses["mlm"] = self.words.loss(self._whole, rng)
        if losses:
            self.weighting.total(losses).backward()
        if self.plan.adversarial and states.grad is not None:
            slope: Any = states.grad
            away = slope / (slope.norm() + 1e-12)
            worst = states.detach() + self.plan.adversarial * states.shape[0] ** 0.5 * away
            again = self._losses(worst, mask, rows, np.random.default_rng(seed))
            self.weighting.total(again).backward()
        told = {str(name): float(loss.detach()) for name, loss in losses.items()}
        if self.plan.unlabelled:
            apart = self._agree(rng)
            (self.plan.unlabelled * apart).backward()
            told["unlabelled"] = float(apart.detach())
        return told

    def _agree(self, rng: np.random.Generator) -> Any:
        """Return the loss of some items without events, drawn alike."""
        import torch

        free = len(self.lessons.unlabelled)
        drawn = np.sort(rng.permutation(free)[:DRAWN])
        places = []
        for _ in range(2):
            shown = self.copies.shown(len(self.lessons.items) + drawn, rng)
            states, mask = self.all.batch(shown.tolist())
            places.append(self.heads.place(self._read(torch.nn.functional.dropout(states, SMOOTH), mask)))
        return disagreement(places[0], places[1], self.guesses, drawn)

    def _losses(self, states: Any, mask: Any, rows: np.ndarray, rng: np.random.Generator) -> dict[Task, Any]:
        tasks = [task for task in self.plan.weights if task != "mlm"]
        if not tasks:
            return {}
        vectors = self._read(states, mask)
        batch = Batch(vectors, self.heads.place(vectors), rows, rng)
        found: dict[Task, Any] = {}
        for task in tasks:
            loss = self._requests(batch) if task == "request" else self.lecture.loss(task, batch)
            if loss is not None:
                found[task] = loss
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
        read = self.vectors(self.asked, chosen.tolist())
        return asked_for(read, batch.vectors, answers, self.plan.smoothing)

    def _heads(self) -> list[Any]:
        return self.heads.parameters() + ([] if self.words is None else self.words.parameters())

    def _learning(self) -> list[Any]:
        return [*self.taught.parameters(), *self._heads(), *self.weighting.parameters()]

    def _state(self) -> dict[str, Any]:
        return {str(n): parameter.detach().clone() for n, parameter in enumerate(self._learning())}

    def _restore(self, state: Mapping[str, Any]) -> None:
        import torch

        with torch.no_grad():
            for n, parameter in enumerate(self._learning()):
                parameter.copy_(state[str(n)])
