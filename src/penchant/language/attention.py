"""Attention rollout: how much of what each token says may have reached a text's vector.

    rᵀ = pᵀ Â_L ⋯ Â_1,    Â_l = ½ I + ½ mean_h A_lh,

A_lh the attention of head h in layer l, (T, T), half of each token staying where it is by the residual
connection, p how the vector is pooled: 1/T, the first token or the last (Abnar and Zuidema, ACL 2020). The
shares are at least 0 and add up to 1. They tell where the encoder looked, whatever the vector is used for:
neither in which direction a token moved a score, nor that it moved it at all (Jain and Wallace, NAACL 2019).
"""

from typing import Any

import numpy as np

from penchant.errors import LanguageError
from penchant.language.adapt.halves import Halves
from penchant.language.adapters import ATTENTION
from penchant.language.folders import Pooling
from penchant.language.gradients import Tokens, inside, placed
from penchant.language.local import readable
from penchant.types import Vectors

EAGER = "eager"
"""Under which name transformers finds the attention that tells its weights."""


def rolled_out(spec: str, text: str, *, max_tokens: int = 128) -> Tokens:
    """Return the share of attention of each of a text's tokens; `gap` is that of marks of beginning and end.

    Raises:
        LanguageError: the encoder is not on this machine, has no attention weights, or its tokens cannot be
            placed in a text.
    """
    halves = Halves.of(spec, None, max_tokens)
    ids, spans, special = placed(halves, halves.prefix + readable(text, max_tokens))
    shares = rollout(attentions(halves.model, ids, str(halves.folder)), halves.pooling)
    marks = special[0].numpy()
    return inside(halves, spans, np.where(marks, 0.0, shares), gap=float(shares[marks].sum()))


def attentions(model: Any, ids: Any, name: str) -> list[Vectors]:
    """Return the mean attention over heads of each layer, (T, T), the first layer first.

    Raises LanguageError for a model whose attention is not only that among a text's own tokens.
    """
    import torch

    refused = LanguageError(
        f"{name}: it tells no attention weights among the tokens of a text",
        hint="--method occlusion works with any encoder",
    )
    if getattr(model.config, "_attn_implementation", None) == ATTENTION:
        raise refused
    try:
        model.set_attn_implementation(EAGER)
        with torch.inference_mode():
            found = model(
                input_ids=ids, attention_mask=torch.ones_like(ids), output_attentions=True
            ).attentions
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise refused from error
    square = (ids.shape[1], ids.shape[1])
    if not found or any(layer is None or tuple(layer.shape[-2:]) != square for layer in found):
        raise refused
    return [layer[0].mean(dim=0).numpy() for layer in found]


def rollout(layers: list[Vectors], pooling: Pooling) -> Vectors:
    """Return the shares of the tokens, (T,), from each layer's attention, (T, T), the first layer first.

    >>> rollout([np.array([[1.0, 0.0], [1.0, 0.0]])], "last").tolist()
    [0.5, 0.5]
    """
    n = len(layers[0])
    starts = {"cls": np.eye(n)[0], "last": np.eye(n)[-1], "mean": np.full(n, 1.0 / n)}
    shares = starts[pooling]
    for layer in reversed(layers):
        shares = 0.5 * shares + 0.5 * (shares @ layer)
    return np.asarray(shares, dtype=np.float32)
