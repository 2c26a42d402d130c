"""A language model cut in two: lower layers that stay as they are, upper ones that learn.

What the lower half makes of a text never changes, so it is computed once and kept.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.errors import LanguageError
from penchant.language.adapters import attend_to_prefixes
from penchant.language.dense import Dense, read_dense
from penchant.language.folders import Pooling, find, own_pooling, own_prefix
from penchant.language.local import batches, load, readable

LAYERS = ("encoder.layer", "layers", "h", "transformer.layer")
"""Where families of models keep their layers: BERT, Llama, GPT-2, DistilBERT."""
ENDS = ("norm", "ln_f")
"""What a decoder does after its last layer: the lower half must not."""
TOKENS_AT_ONCE = 2048


@dataclass(frozen=True, slots=True)
class Upper:
    """An upper half that was taught, and the dense layers behind the pooling."""

    model: Any
    dense: list[Dense]


@dataclass
class Halves:
    """A model with its tokenizer; the first `low` of its layers stay frozen."""

    folder: Path
    model: Any
    tokenizer: Any
    pooling: Pooling
    prefix: str
    asking: str
    low: int
    max_tokens: int
    dense: list[Dense] = field(default_factory=list)

    @classmethod
    def of(cls, spec: str, layers: int | None, max_tokens: int, store: Path | None = None) -> "Halves":
        """Load a model and cut it below its `layers` last layers, None for all.

        A packed model is unpacked but once where a folder `store` is given.

        Raises:
            LanguageError: there is no such model, or its layers cannot be found.
        """
        folder = find(spec)
        model, tokenizer = load(folder, store)
        n = len(layers_of(model))
        low = 0 if layers is None else max(0, n - layers)
        prefixes = own_prefix(folder, "document"), own_prefix(folder, "query")
        longest = min(max_tokens, int(tokenizer.model_max_length))
        dense = read_dense(folder)
        return cls(folder, model, tokenizer, own_pooling(folder), *prefixes, low, longest, dense)

    def tokens(self, texts: Sequence[str], *, asking: bool = False) -> list[list[int]]:
        """Return the tokens of texts, cut as the encoder would."""
        prefix = self.asking if asking else self.prefix
        whole = [prefix + readable(text, self.max_tokens) for text in texts]
        found: list[list[int]] = self.tokenizer(
            whole, truncation=True, max_length=self.max_tokens, return_attention_mask=False
        )["input_ids"]
        return found

    def upper(self) -> Any:
        """Return a copy of the upper half, which reads hidden states in place of tokens."""
        model = copy.deepcopy(self.model)
        put_layers(model, list(layers_of(model))[self.low :])
        model.config.use_cache = False
        if hasattr(model, "embeddings"):
            model.embeddings = passing()
        return model

    def joined(self, upper: Any) -> Any:
        """Return the whole model with another upper half."""
        model = copy.deepcopy(self.model)
        put_layers(model, [*list(layers_of(model))[: self.low], *layers_of(upper)])
        for end in ENDS:
            if hasattr(model, end):
                setattr(model, end, getattr(upper, end))
        attend_to_prefixes(model)
        return model

    def hidden(
        self, tokens: Sequence[list[int]], progress: Callable[[int, int], None] | None = None
    ) -> "Hidden":
        """Return what the lower half makes of texts."""
        import torch

        lower = copy.deepcopy(self.model)
        put_layers(lower, list(layers_of(lower))[: self.low])
        lower.config.use_cache = False
        for end in ENDS:
            if hasattr(lower, end):
                setattr(lower, end, torch.nn.Identity())
        starts = np.concatenate(([0], np.cumsum([len(text) for text in tokens])))
        kept = np.zeros((int(starts[-1]), int(lower.config.hidden_size)), dtype=np.float16)
        done = 0
        for group in batches([len(text) for text in tokens], TOKENS_AT_ONCE):
            ids, mask = padded([tokens[place] for place in group])
            with torch.inference_mode():
                found = lower(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
            states = found.last_hidden_state.numpy()
            for row, place in enumerate(group):
                kept[starts[place] : starts[place + 1]] = states[row, : len(tokens[place])]
            done += len(group)
            if progress is not None:
                progress(done, len(tokens))
        return Hidden(kept, starts)


@dataclass(frozen=True, slots=True)
class Hidden:
    """Hidden states of texts, one after the other: (T, width) in half precision; `starts`, (n + 1,)."""

    states: NDArray[np.float16]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def batch(self, rows: Sequence[int]) -> tuple[Any, Any]:
        """Return states (B, T, width) and their mask (B, T), as tensors."""
        import torch

        lengths = [int(self.starts[row + 1] - self.starts[row]) for row in rows]
        states = np.zeros((len(lengths), max(lengths), self.states.shape[1]), dtype=np.float32)
        mask = np.zeros(states.shape[:2], dtype=np.int64)
        for place, (row, length) in enumerate(zip(rows, lengths, strict=True)):
            states[place, :length] = self.states[self.starts[row] : self.starts[row + 1]]
            mask[place, :length] = 1
        return torch.from_numpy(states), torch.from_numpy(mask)

    def groups(self, tokens_at_once: int) -> Iterator[list[int]]:
        """Group texts of like length."""
        return batches(np.diff(self.starts).tolist(), tokens_at_once)


def padded(tokens: Sequence[list[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return tokens as (B, T) with zeros behind them, and the mask."""
    width = max(map(len, tokens))
    ids = np.zeros((len(tokens), width), dtype=np.int64)
    mask = np.zeros((len(tokens), width), dtype=np.int64)
    for row, text in enumerate(tokens):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return ids, mask


def layers_of(model: Any) -> Any:
    """Return a model's list of layers. Raises LanguageError for a family that is not known."""
    for path in LAYERS:
        found = model
        for name in path.split("."):
            found = getattr(found, name, None)
        if found is not None and hasattr(found, "__len__"):
            return found
    raise LanguageError(
        f"{type(model).__name__}: its layers cannot be found",
        hint="BERT, Llama and GPT-2 types can be taught",
    )


def put_layers(model: Any, layers: Sequence[Any]) -> None:
    """Give a model other layers."""
    import torch

    old = layers_of(model)
    for path in LAYERS:
        *above, last = path.split(".")
        place = model
        for name in above:
            place = getattr(place, name, None)
        if place is not None and getattr(place, last, None) is old:
            setattr(place, last, torch.nn.ModuleList(layers))
    model.config.num_hidden_layers = len(layers)


def passing() -> Any:
    """Return what stands in for the embeddings of an encoder whose input is hidden states."""
    import torch

    class Passing(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def forward(self, *_: Any, inputs_embeds: Any = None, **__: Any) -> Any:
            return inputs_embeds

    return Passing()


def pooled(states: Any, mask: Any, pooling: Pooling) -> Any:
    """Return one vector a text, (B, width), from hidden states (B, T, width), as tensors."""
    import torch

    if pooling == "cls":
        found = states[:, 0]
    elif pooling == "last":
        found = states[torch.arange(len(states)), mask.sum(dim=1) - 1]
    else:
        found = (states * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
    return found
