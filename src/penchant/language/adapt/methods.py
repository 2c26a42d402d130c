"""Which numbers of a language model learn: all of the upper layers, or a light method beside frozen ones.

lora: low-rank updates of the attention (Hu et al., LoRA, ICLR 2022); ia3: one factor a channel (Liu et al.,
NeurIPS 2022); both are folded into the weights afterwards. full: every
number of the upper layers.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from penchant.errors import LanguageError, SettingError
from penchant.language.adapt.halves import layers_of

Method: TypeAlias = Literal["full", "lora", "ia3"]
RATES: dict[Method, float] = {"full": 1e-4, "lora": 1e-3, "ia3": 3e-3}
"""How large a step is, by method: the fewer numbers learn, the larger."""
ATTENTION = ("query", "value", "q_proj", "v_proj", "c_attn", "q_lin", "v_lin")
SCALED = ("key", "value", "k_proj", "v_proj", "c_attn", "k_lin", "v_lin")
WIDENED = ("intermediate.dense", "up_proj", "c_fc", "lin1")
RANK = 8


@dataclass(frozen=True, slots=True)
class Taught:
    """An upper half with some of its numbers free to learn; `fold` returns the plain half again."""

    model: Any
    method: Method

    def parameters(self) -> Iterator[Any]:
        """Return the numbers that learn."""
        return (parameter for parameter in self.model.parameters() if parameter.requires_grad)

    def count(self) -> int:
        """Count them."""
        return sum(parameter.numel() for parameter in self.parameters())

    def fold(self) -> Any:
        """Return the upper half with what was learned inside its own weights."""
        return self.model.merge_and_unload() if self.method in ("lora", "ia3") else self.model


def taught(upper: Any, method: Method) -> Taught:
    """Free what a method teaches, freeze the rest.

    Raises:
        SettingError: there is no such method.
        LanguageError: the library that a method needs is missing, or the model has no such layers.
    """
    if method not in get_args(Method):
        raise SettingError(f"--method {method}", hint=f"one of {', '.join(get_args(Method))}")
    for parameter in upper.parameters():
        parameter.requires_grad = False
    if method in ("lora", "ia3"):
        return Taught(_light(upper, method), method)
    if method == "full":
        for layer in layers_of(upper):
            for parameter in layer.parameters():
                parameter.requires_grad = True
    return Taught(upper, method)


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
