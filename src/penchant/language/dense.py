"""Dense layers behind the pooling: y = f(W x + b), as sentence-transformers folders carry them.

`modules.json` names them (`2_Dense`), `config.json` tells f, `model.safetensors` holds W and b.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from penchant.errors import LanguageError
from penchant.language.folders import modules, settings
from penchant.types import Vectors

ACTIVATIONS = {"Identity": False, "Tanh": True}
"""The last part of the name that a folder tells, and whether it is the hyperbolic tangent."""
WEIGHTS = "model.safetensors"


@dataclass(frozen=True, slots=True)
class Dense:
    """One layer: `weight` (out, in), `bias` (out,), and whether a hyperbolic tangent follows."""

    weight: Vectors
    bias: Vectors
    tanh: bool = False

    def __call__(self, vectors: Vectors) -> Vectors:
        """Return y of rows x, from (n, in) to (n, out)."""
        found: Vectors = vectors @ self.weight.T + self.bias
        return np.tanh(found) if self.tanh else found


def read_dense(folder: Path) -> list[Dense]:
    """Return the layers of a model folder in their order, none for most folders.

    Raises:
        LanguageError: a layer cannot be read, or does what this file does not know.
    """
    return [_read(folder / path) for path, kind in modules(folder) if kind == "Dense"]


def write_dense(folder: Path, layers: Sequence[Dense], pooling: str, width: int) -> None:
    """Write layers into a model folder, with a list of modules that names them; replaces an older list."""
    from safetensors.numpy import save_file

    named = [("", "Transformer"), ("1_Pooling", "Pooling")]
    said = {"word_embedding_dimension": width} | {
        f"pooling_mode_{mode}": mode.startswith(f"{pooling}_") or mode == f"{pooling}token"
        for mode in ("cls_token", "mean_tokens", "lasttoken")
    }
    _write_settings(folder / "1_Pooling", said)
    for number, layer in enumerate(layers, start=2):
        path = f"{number}_Dense"
        named.append((path, "Dense"))
        out, inside = layer.weight.shape
        activation = "torch.nn.modules." + ("activation.Tanh" if layer.tanh else "linear.Identity")
        about = {"in_features": inside, "out_features": out, "bias": True, "activation_function": activation}
        _write_settings(folder / path, about)
        save_file(
            {"linear.weight": np.ascontiguousarray(layer.weight), "linear.bias": layer.bias},
            folder / path / WEIGHTS,
        )
    named.append((f"{len(named)}_Normalize", "Normalize"))
    listed = [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, (path, kind) in enumerate(named)
    ]
    (folder / "modules.json").write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")


def _read(place: Path) -> Dense:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    said = settings(place, "config.json")
    name = str(said.get("activation_function", "Tanh")).rpartition(".")[2]
    if name not in ACTIVATIONS or said.get("use_residual"):
        raise LanguageError(f"{place}: a dense layer of an unknown kind", hint="Identity and Tanh are known")
    try:
        found = load_file(place / WEIGHTS)
        weight = found["linear.weight"].astype(np.float32)
        bias = found.get("linear.bias", np.zeros(len(weight))).astype(np.float32)
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        raise LanguageError(
            f"{place / WEIGHTS}: cannot be read ({error})",
            hint="the model's vectors need this layer; pickled weights are never read: convert them",
        ) from error
    if weight.ndim != 2 or bias.shape != weight.shape[:1]:
        raise LanguageError(f"{place / WEIGHTS}: weight and bias do not belong together")
    return Dense(weight, bias, ACTIVATIONS[name])


def _write_settings(place: Path, said: Mapping[str, object]) -> None:
    place.mkdir(exist_ok=True)
    (place / "config.json").write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
