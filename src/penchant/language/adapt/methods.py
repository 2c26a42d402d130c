"""Which numbers of a language model learn: all of the upper layers, or a light method beside frozen ones.

full: every number of the upper layers. lora: low-rank updates of the attention (Hu et al., LoRA, ICLR 2022);
ia3: one factor a channel (Liu et al., NeurIPS 2022): both are folded into the weights afterwards. bottleneck,
prefix: parts added to the layers (see `penchant.language.adapters`). head: a dense layer behind the pooling,
which begins as the identity; the encoder stays as it is.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from penchant.errors import LanguageError, SettingError
from penchant.language.adapt.halves import Upper, layers_of
from penchant.language.adapters import add_bottlenecks, add_prefixes, parts_of
from penchant.language.dense import Dense

Method: TypeAlias = Literal["full", "lora", "ia3", "prefix", "bottleneck", "head"]
RATES: dict[Method, float] = {
    "full": 1e-4,
    "lora": 1e-3,
    "ia3": 3e-3,
    "prefix": 1e-2,
    "bottleneck": 1e-3,
    "head": 1e-3,
}
"""How large a step is, by method: the fewer numbers learn, the larger."""
FOLDED = ("lora", "ia3")
ATTENTION = ("query", "value", "q_proj", "v_proj", "c_attn", "q_lin", "v_lin")
SCALED = ("key", "value", "k_proj", "v_proj", "c_attn", "k_lin", "v_lin")
WIDENED = ("intermediate.dense", "up_proj", "c_fc", "lin1")
RANK = 8


@dataclass(frozen=True, slots=True)
class Taught:
    """An upper half with some of its numbers free to learn; `dense` is what stands behind the pooling."""

    model: Any
    method: Method
    dense: Any

    def parameters(self) -> Iterator[Any]:
        """Return the numbers that learn."""
        for part in (self.model, self.dense):
            yield from (parameter for parameter in part.parameters() if parameter.requires_grad)

    def count(self) -> int:
        """Count them."""
        return sum(parameter.numel() for parameter in self.parameters())

    def fold(self) -> Upper:
        """Return the upper half with what was learned inside its own weights, as far as that can be."""
        model = self.model.merge_and_unload() if self.method in FOLDED else self.model
        return Upper(model, layers_in(self.dense))


def taught(upper: Any, method: Method, dense: Sequence[Dense] = ()) -> Taught:
    """Free what a method teaches, freeze the rest.

    Raises:
        SettingError: there is no such method.
        LanguageError: the library that a method needs is missing, or the model has no such layers.
    """
    if method not in get_args(Method):
        raise SettingError(f"--method {method}", hint=f"one of {', '.join(get_args(Method))}")
    for parameter in upper.parameters():
        parameter.requires_grad = False
    if method == "head":
        width = int(upper.config.hidden_size)
        own = dense or [Dense(np.eye(width, dtype=np.float32), np.zeros(width, dtype=np.float32))]
        return Taught(upper, method, in_torch(own, learns=True))
    behind = in_torch(dense, learns=False)
    if method in FOLDED:
        return Taught(_light(upper, method), method, behind)
    if method == "full":
        free = list(layers_of(upper))
    else:
        add = add_bottlenecks if method == "bottleneck" else add_prefixes
        add(upper)
        free = list(parts_of(upper))
    for part in free:
        for parameter in part.parameters():
            parameter.requires_grad = True
    return Taught(upper, method, behind)


def in_torch(layers: Sequence[Dense], *, learns: bool) -> Any:
    """Return dense layers as a module, the identity for none."""
    import torch

    made: list[Any] = []
    for layer in layers:
        linear = torch.nn.Linear(layer.weight.shape[1], layer.weight.shape[0])
        linear.weight.data = torch.from_numpy(layer.weight.copy())
        linear.bias.data = torch.from_numpy(layer.bias.copy())
        made += [linear, torch.nn.Tanh()] if layer.tanh else [linear]
    return torch.nn.Sequential(*made).requires_grad_(learns)


def layers_in(module: Any) -> list[Dense]:
    """Return the dense layers of what `in_torch` made."""
    found: list[Dense] = []
    for part in module:
        if hasattr(part, "weight"):
            weight, bias = (value.detach().numpy().copy() for value in (part.weight, part.bias))
            found.append(Dense(weight, bias))
        else:
            found[-1] = Dense(found[-1].weight, found[-1].bias, tanh=True)
    return found


def _light(upper: Any, method: Method) -> Any:
    try:
        from peft import IA3Config, LoraConfig, get_peft_model
    except ImportError as error:
        raise LanguageError(f"--method {method} needs peft", hint="pip install 'penchant[adapt]'") from error
    names = [name for name, _ in upper.named_modules()]
    if method == "lora":
        config: Any = LoraConfig(
            r=RANK, lora_alpha=2 * RANK, lora_dropout=0.05, target_modules=_ending(names, ATTENTION)
        )
    else:
        wide = _ending(names, WIDENED)
        config = IA3Config(target_modules=[*_ending(names, SCALED), *wide], feedforward_modules=wide)
    with warnings.catch_warnings():  # peft asks transformers for what transformers will rename
        warnings.simplefilter("ignore", FutureWarning)
        return get_peft_model(upper, config)


def _ending(names: list[str], endings: tuple[str, ...]) -> list[str]:
    found = [ending for ending in endings if any(name.endswith(f".{ending}") for name in names)]
    if not found:
        raise LanguageError("this model's layers cannot be taught by this method", hint="--method full")
    return found
