"""What light methods add to a language model beside its own weights, kept in a file of its own.

    bottleneck  f(x) + U relu(D f(x)) behind the last map of a layer's feed-forward part (Houlsby et al., ICML
                2019, in the places of Pfeiffer et al., EACL 2021); U begins at zero
    prefix      keys and values that each token of a layer attends to beside the text's (Li and Liang, ACL
                2021); an offset on their scores begins low, so that teaching begins at what the model says

Neither can be folded into the weights. Both hang on the model as submodules of a known name, so copies and
cuts of the model carry them, and their values are found by these names. `peft` has no bottlenecks, and its
prefix is one cache of past keys for all layers, which counts as text read before: it moves the positions of
words, so the layers below the cut would not stay as they are.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from penchant.errors import LanguageError

FILE = "adapters.safetensors"
BOTTLENECK, PREFIX = "added_bottleneck", "added_prefix"
"""Names of submodules."""
ATTENTION = "penchant_prefix"
"""Under which name transformers finds attention with a prefix."""
NARROWER, LENGTH, OFFSET = 8, 8, -1.0
"""How much narrower a bottleneck is than the model; keys of a prefix; where their offset begins."""
WIDENED = re.compile(r"(?<!attention\.)output\.dense$|mlp\.down_proj$|mlp\.c_proj$|ffn\.lin2$")
"""The last map of the feed-forward part in BERT, Llama, GPT-2 and DistilBERT types."""
ADDED = re.compile(rf"^(.*)\.({BOTTLENECK}|{PREFIX})\.(down\.weight|down\.bias|up\.weight|up\.bias|"
                   r"key|value|offset)$")  # fmt: skip


def add_bottlenecks(model: Any) -> None:
    """Add a bottleneck to each layer that has none. Raises LanguageError for layers of no known kind."""
    for part in _fitting(model, WIDENED):
        if not hasattr(part, BOTTLENECK):
            _add_bottleneck(part, max(1, int(model.config.hidden_size) // NARROWER), model)


def add_prefixes(model: Any) -> None:
    """Add a prefix to each layer that has none. Raises LanguageError for layers of no known kind."""
    found = [part for part in model.modules() if hasattr(part, "is_causal") and hasattr(part, "config")]
    for part in found:
        if not hasattr(part, PREFIX):
            _add_prefix(part, LENGTH)
    if not found or not attend_to_prefixes(model):
        raise LanguageError("this model's attention takes no prefix", hint="--method lora or bottleneck")


def attend_to_prefixes(model: Any) -> bool:
    """Let a model's attention look for prefixes, where there are any; returns whether it will."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    if any(name.endswith(f".{PREFIX}") for name, _ in model.named_modules()):
        AttentionInterface.register(ATTENTION, _attend)
        AttentionMaskInterface.register(ATTENTION, sdpa_mask)
        model.set_attn_implementation(ATTENTION)
    return bool(model.config._attn_implementation == ATTENTION)


def added(model: Any) -> dict[str, Any]:
    """Return the values of what was added, by name; empty for a plain model."""
    return {name: value for name, value in model.state_dict().items() if ADDED.match(name)}


def parts_of(model: Any) -> Iterator[Any]:
    """Return the added submodules."""
    for name, part in model.named_modules():
        if name.endswith((f".{BOTTLENECK}", f".{PREFIX}")):
            yield part


def save_model(model: Any, folder: Path) -> None:
    """Write a model without what was added as any tool reads it, and what was added beside it."""
    from safetensors.torch import save_file

    extra = added(model)
    own = {name: value for name, value in model.state_dict().items() if name not in extra}
    model.save_pretrained(folder, state_dict=own)
    if extra:
        save_file({name: value.contiguous() for name, value in extra.items()}, folder / FILE)


def add_from(folder: Path, model: Any) -> None:
    """Add to a model what its folder holds beside the weights, if anything.

    Raises:
        LanguageError: the file is damaged, or is not of this model.
    """
    path = folder / FILE
    if not path.exists():
        return
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        values = load_file(path)
        _add(model, values)
        missing = added(model).keys() - values.keys()
        if missing:
            raise ValueError(f"{min(missing)} is missing")
        model.load_state_dict(values, strict=False)
    except (SafetensorError, OSError, AttributeError, ValueError, KeyError, RuntimeError) as error:
        raise LanguageError(f"{path}: damaged, or not of this model ({error})") from error
    attend_to_prefixes(model)


def _add(model: Any, values: Mapping[str, Any]) -> None:
    """Add empty parts of the shapes that the values tell."""
    for name, value in values.items():
        found = ADDED.match(name)
        if found is None:
            raise ValueError(f"{name} is nothing that can be added")
        part = model.get_submodule(found[1])
        if found[3] == "down.weight":
            _add_bottleneck(part, len(value), model)
        elif found[3] == "key":
            _add_prefix(part, value.shape[1])


def _fitting(model: Any, names: re.Pattern[str]) -> list[Any]:
    found = [part for name, part in model.named_modules() if names.search(name)]
    if not found:
        raise LanguageError("this model's layers take no bottleneck", hint="--method full")
    return found


def _add_bottleneck(part: Any, narrow: int, model: Any) -> None:
    import torch

    width = int(model.config.hidden_size)
    down, up = torch.nn.Linear(width, narrow), torch.nn.Linear(narrow, width)
    torch.nn.init.normal_(down.weight, std=0.02)
    for values in (down.bias, up.weight, up.bias):
        torch.nn.init.zeros_(values)
    part.add_module(BOTTLENECK, torch.nn.ModuleDict({"down": down, "up": up}))
    part.register_forward_hook(_narrowed)


def _narrowed(part: Any, _: Any, output: Any) -> Any:
    import torch

    between = getattr(part, BOTTLENECK)
    return output + between["up"](torch.relu(between["down"](output)))


def _add_prefix(part: Any, length: int) -> None:
    import torch

    config = part.config
    heads = int(getattr(config, "num_key_value_heads", None) or config.num_attention_heads)
    size = int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)
    values = {
        "key": torch.randn(heads, length, size) * 0.1,
        "value": torch.randn(heads, length, size) * 0.1,
        "offset": torch.full((length,), OFFSET),
    }
    part.add_module(PREFIX, torch.nn.ParameterDict(values))


def _attend(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **settings: Any
) -> tuple[Any, None]:
    """Attend to a text of T tokens and to the module's prefix, if it has one: scores (B, heads, T, m + T)."""
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    prefix = getattr(module, PREFIX, None)
    if prefix is None:
        plain: tuple[Any, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, **settings
        )
        return plain
    texts, _, tokens, _ = query.shape
    lowest = torch.finfo(query.dtype).min
    if attention_mask is None:
        mask = torch.zeros(1, 1, tokens, tokens, dtype=query.dtype, device=query.device)
        if module.is_causal:
            mask = mask + torch.full_like(mask, lowest).triu(1)
    elif attention_mask.dtype == torch.bool:
        mask = torch.zeros_like(attention_mask, dtype=query.dtype).masked_fill(~attention_mask, lowest)
    else:
        mask = attention_mask
    ahead = prefix["offset"].expand(*mask.shape[:3], -1)
    keys, values = (prefix[name].expand(texts, -1, -1, -1) for name in ("key", "value"))
    found: tuple[Any, None] = sdpa_attention_forward(
        module,
        query,
        torch.cat([keys, key], dim=2),
        torch.cat([values, value], dim=2),
        torch.cat([ahead, mask], dim=-1),
        **settings,
    )
    return found
