"""Integrated gradients: how much each token of a text moved a number that was made of its vector.

    a_t = (e_t − e'_t) · ∫₀¹ ∂f(e' + α (e − e')) / ∂e_t dα,

e the token embeddings, e' those of padding between the same marks of beginning and end. The sum over tokens
is f(text) − f(nothing) (Sundararajan, Taly and Yan, ICML 2017), here by Captum's `LayerIntegratedGradients`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.errors import LanguageError, SettingError
from penchant.language.adapt.halves import Halves, pooled
from penchant.language.local import readable
from penchant.types import Vectors

STEPS = 64
"""Points at which the integral is summed up."""
Head = Callable[[Any], Any]
"""From a text's vector, a tensor (B, width), to the number that is explained, (B,)."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Where tokens lie in a text, (T, 2) as first and last character but one, and what each gave, (T,).

    `gap` is what the sum over tokens misses of the whole.
    """

    spans: list[tuple[int, int]]
    given: Vectors
    gap: float


def integrated(spec: str, text: str, head: Head, *, max_tokens: int = 128) -> Tokens:
    """Attribute `head` of a text's vector to the text's tokens.

    Raises:
        LanguageError: the encoder is not on this machine, or its tokens cannot be placed in a text.
        SettingError: Captum is missing.
    """
    try:
        from captum.attr import LayerIntegratedGradients
    except ImportError as error:
        raise SettingError(
            "integrated gradients need Captum", hint="pip install 'penchant[attribute]', or use occlusion"
        ) from error
    import torch

    halves = Halves.of(spec, None, max_tokens)
    said = halves.prefix + readable(text, max_tokens)
    ids, spans, special = placed(halves, said)
    baseline = torch.where(special, ids, torch.full_like(ids, halves.tokenizer.pad_token_id or 0))

    def forward(tokens: Any) -> Any:
        mask = torch.ones_like(tokens)
        hidden = halves.model(input_ids=tokens, attention_mask=mask).last_hidden_state
        return head(pooled(hidden, mask, halves.pooling))

    method = LayerIntegratedGradients(forward, halves.model.get_input_embeddings())
    given, gap = method.attribute(
        ids, baseline, n_steps=STEPS, internal_batch_size=16, return_convergence_delta=True
    )
    return inside(halves, spans, given[0].sum(dim=-1).detach().numpy(), gap=float(gap[0]))


def inside(halves: Halves, spans: Sequence[tuple[int, int]], values: Vectors, *, gap: float) -> Tokens:
    """Return the tokens of the text itself, behind the encoder's prefix, with their values, (T,)."""
    moved = [(start - len(halves.prefix), end - len(halves.prefix)) for start, end in spans]
    kept = [place for place, (start, end) in enumerate(moved) if 0 <= start < end]
    return Tokens([moved[place] for place in kept], np.asarray(values, dtype=np.float32)[kept], gap)


def placed(halves: Halves, text: str) -> tuple[Any, list[tuple[int, int]], Any]:
    """Return a text's tokens as a tensor (1, T), where each lies, and which mark beginning or end, (1, T)."""
    import torch

    if not halves.tokenizer.is_fast:
        raise LanguageError(
            f"{halves.folder}: its tokenizer does not tell where tokens lie in a text", hint="use occlusion"
        )
    found: dict[str, Sequence[Any]] = halves.tokenizer(
        text,
        truncation=True,
        max_length=halves.max_tokens,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
    )
    spans = [(int(start), int(end)) for start, end in found["offset_mapping"]]
    special = torch.tensor([found["special_tokens_mask"]], dtype=torch.bool)
    return torch.tensor([found["input_ids"]]), spans, special
