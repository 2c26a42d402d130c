"""A writer on this machine: a causal language model that chooses by likelihood, and writes greedily.

A small model that is asked in words echoes the prompt or invents; asked which of the options is a likely
continuation, it answers by what it learned. By a text t, of which the last line q is the cue, an option o
of n gains

    gain(o) = log(n c(o)),    c(o) proportional to p(o | t, q) / p(o | q)^a,    c adding up to 1,

close to domain-conditional mutual information (Holtzman et al., EMNLP 2021), where a is 1. An option is taken
only where its gain is above `MARGIN`; where that is so for none, the answer is unknown.
"""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from penchant.language.folders import fingerprint
from penchant.language.local import quiet_transformers, readable, side_by_side
from penchant.language.write.schema import LONGEST, Field, fields_of
from penchant.language.write.weights import find, load
from penchant.types import Vectors

T = TypeVar("T")

ANYWAY = 0.75
"""The exponent a: how much of what the cue alone makes likely is taken away."""
MARGIN = 1.5
"""Natural logarithm of how much likelier an option must be than one drawn by lot."""
MOST_READ = 1024
"""Tokens of a prompt, the last ones, that are read."""
NEW_TOKENS = 48
WAY = "gain-2"
"""Changes whenever the same model would answer otherwise."""


class CausalWriter:
    """Answers with a transformers model on the CPU; a copy of a packed one is kept in the folder `store`.

    Raises:
        LanguageError: the model cannot be found or loaded.
    """

    batch = 4

    def __init__(self, spec: str = "smollm2", *, margin: float = MARGIN, store: Path | None = None) -> None:
        folder = find(spec)
        self._model, self._tokenizer = load(folder, store)
        self._margin = margin
        self._name = f"{Path(spec).name or folder.resolve().name}@{fingerprint(folder)} {WAY} {margin:g}"
        self._lean = {"logits_to_keep": 1} if "logits_to_keep" in parameters(self._model) else {}
        self._anyway: dict[tuple[str, tuple[str, ...]], Vectors] = {}

    @property
    def name(self) -> str:
        """The model with a hash of its weights, and how it decides."""
        return self._name

    def write(self, prompts: Sequence[str], schema: type[T]) -> list[T]:
        """Return one answer a prompt: options by their gain, free words greedily, to the end of the line."""
        fields = fields_of(schema)
        columns: dict[str, list[Any]] = {}
        for one in fields:
            cued = [prompt if len(fields) == 1 else f"{prompt}\n{one.name}:" for prompt in prompts]
            columns[one.name] = (
                self._chosen(cued, one) if one.options else [self._free(text) for text in cued]
            )
        return [
            schema(**{name: column[row] for name, column in columns.items()}) for row in range(len(prompts))
        ]

    def gains(self, prompts: Sequence[str], options: tuple[str, ...]) -> Vectors:
        """Return how much likelier than by lot each prompt makes each option, as logarithms, (n, options)."""
        cues = [prompt.rpartition("\n")[2] for prompt in prompts]
        for cue in dict.fromkeys(cues):
            if (cue, options) not in self._anyway:
                self._anyway[cue, options] = among(self.likelihoods([cue], options))[0]
        gained = among(self.likelihoods(prompts, options))
        anyway = np.stack([self._anyway[cue, options] for cue in cues])
        return among(gained - np.float32(ANYWAY) * anyway) + np.float32(np.log(len(options)))

    def likelihoods(self, prompts: Sequence[str], options: Sequence[str]) -> Vectors:
        """Return log p(option | prompt), shape (n, options)."""
        ways = [self._tokens(f" {option}", special=False) for option in options]
        return np.stack(
            side_by_side(lambda ids: self._likelihood(ids, ways), [self._tokens(p) for p in prompts])
        )

    def _tokens(self, text: str, *, special: bool = True) -> list[int]:
        found: list[int] = self._tokenizer(readable(text, MOST_READ), add_special_tokens=special)["input_ids"]
        return found[-MOST_READ:] or [int(self._tokenizer.eos_token_id or 0)]

    def _likelihood(self, prompt: list[int], ways: Sequence[list[int]]) -> Vectors:
        """Return log p of each way to go on, shape (ways,); longer ones share the prompt's state."""
        import torch

        with torch.inference_mode():
            answer = self._model(input_ids=torch.tensor([prompt]), use_cache=True, **self._lean)
            first = answer.logits[0, -1].log_softmax(-1)
            found: Vectors = first[[way[0] for way in ways]].numpy().astype(np.float32)
            longer = [place for place, way in enumerate(ways) if len(way) > 1]
            if longer:
                # What pads stands behind all that is looked at.
                width = max(len(ways[place]) for place in longer) - 1
                ids = torch.zeros((len(longer), width), dtype=torch.long)
                for row, place in enumerate(longer):
                    ids[row, : len(ways[place]) - 1] = torch.tensor(ways[place][:-1])
                state = answer.past_key_values
                state.batch_repeat_interleave(len(longer))
                seen = torch.ones((len(longer), len(prompt) + width), dtype=torch.long)
                more = self._model(
                    input_ids=ids, past_key_values=state, attention_mask=seen
                ).logits.log_softmax(-1)
                for row, place in enumerate(longer):
                    later = ways[place][1:]
                    found[place] += float(more[row, range(len(later)), later].sum())
        return found

    def _chosen(self, prompts: Sequence[str], one: Field) -> list[Any]:
        answers: list[Any] = []
        for gain in self.gains(prompts, one.options):
            best = [
                place for place in np.argsort(-gain, kind="stable")[: one.most] if gain[place] > self._margin
            ]
            taken = tuple(one.options[place] for place in best)
            answers.append(taken if one.most > 1 else (taken[0] if taken else None))
        return answers

    def _free(self, prompt: str) -> str | None:
        """Go on greedily; only the first line, to its last full stop."""
        import torch

        ids = self._tokens(prompt)
        with torch.inference_mode(), quiet_transformers():
            given = torch.tensor([ids])
            answer = self._model.generate(
                given,
                attention_mask=torch.ones_like(given),
                max_new_tokens=NEW_TOKENS,
                do_sample=False,
                pad_token_id=int(self._tokenizer.eos_token_id or 0),
            )
        said = str(self._tokenizer.decode(answer[0, len(ids) :], skip_special_tokens=True)).strip()
        line, full, _ = (said.splitlines() or [""])[0].partition(". ")
        line = f"{line}." if full else line
        return line[:LONGEST].strip() or None


def among(logs: Vectors) -> Vectors:
    """Return log chances among the options, shape (n, options), from log likelihoods."""
    top = logs.max(axis=1, keepdims=True)
    chances: Vectors = logs - top - np.log(np.exp(logs - top).sum(axis=1, keepdims=True))
    return chances


def parameters(model: Any) -> set[str]:
    """Return what a model may be called with."""
    return set(inspect.signature(model.forward).parameters)
