"""A BERT encoder (MiniLM is one) as an ONNX graph, from its weights alone: no torch, and in a second.

x = LN(word + position + type), then in each layer

    x ← LN(x + Wₒ softmax(q kᵀ/√d + m) v),   x ← LN(x + W₂ gelu(W₁ x)).

Devlin et al., NAACL 2019.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.errors import LanguageError
from penchant.language.adapters import FILE
from penchant.language.folders import settings

OPSET = 17
WEIGHTS = "model.safetensors"
FAR = -1e9
"""Added to the attention of what the mask leaves out."""
PARTS = ("self.query", "self.key", "self.value", "output.dense")


def is_bert(folder: Path) -> bool:
    """Tell whether a model folder holds what `write_bert` knows: BERT as it was, nothing added to it."""
    said = settings(folder, "config.json")
    plain = (
        said.get("model_type") == "bert"
        and said.get("hidden_act") == "gelu"
        and said.get("position_embedding_type", "absolute") == "absolute"
    )
    return plain and (folder / WEIGHTS).exists() and not (folder / FILE).exists()


def write_bert(folder: Path, path: Path) -> None:
    """Write the model in `folder` to ONNX: from ids and mask (B, T) to hidden states (B, T, dim).

    Raises:
        ImportError: onnx or safetensors is missing.
        LanguageError: the weights are not those of a BERT model.
    """
    onnx: Any = import_module("onnx")
    said = settings(folder, "config.json")
    try:
        graph = _Graph(
            onnx, _weights(folder), int(said["num_attention_heads"]), float(said["layer_norm_eps"])
        )
        hidden = graph.embedded()
        for layer in range(int(said["num_hidden_layers"])):
            hidden = graph.layer(hidden, f"encoder.layer.{layer}")
    except (KeyError, TypeError, ValueError) as error:
        raise LanguageError(f"{folder}: not the weights of a BERT model ({error})") from error
    onnx.save(graph.model(hidden), str(path))


def _weights(folder: Path) -> Mapping[str, NDArray[np.float32]]:
    safetensors: Any = import_module("safetensors")
    numpy: Any = import_module("safetensors.numpy")
    try:
        found = numpy.load_file(folder / WEIGHTS)
    except (OSError, safetensors.SafetensorError) as error:
        raise LanguageError(f"{folder / WEIGHTS}: cannot be read ({error})") from error
    return {
        name.removeprefix("bert."): array.astype(np.float32)
        for name, array in found.items()
        if array.dtype.kind == "f"
    }


class _Graph:
    """A graph that grows; each method returns the name of what it computes."""

    def __init__(self, onnx: Any, weights: Mapping[str, NDArray[np.float32]], heads: int, eps: float) -> None:
        self.onnx, self.weights, self.heads, self.eps = onnx, weights, heads, eps
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.dim = weights["embeddings.word_embeddings.weight"].shape[1]

    def constant(self, name: str, array: NDArray[Any]) -> str:
        if name not in self.constants:
            self.constants[name] = self.onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def number(self, value: float) -> str:
        return self.constant(f"number {value!r}", np.array(value, dtype=np.float32))

    def whole(self, *values: int) -> str:
        return self.constant(f"whole {values}", np.array(values, dtype=np.int64))

    def norm(self, x: str, name: str) -> str:
        scale, shift = (
            self.constant(f"{name}.{part}", self.weights[f"{name}.{part}"]) for part in ("weight", "bias")
        )
        return self.node("LayerNormalization", x, scale, shift, axis=-1, epsilon=self.eps)

    def linear(self, x: str, name: str, scale: float = 1.0) -> str:
        weight = self.constant(f"{name}.weight", self.weights[f"{name}.weight"].T * np.float32(scale))
        bias = self.constant(f"{name}.bias", self.weights[f"{name}.bias"] * np.float32(scale))
        return self.node("Add", self.node("MatMul", x, weight), bias)

    def embedded(self) -> str:
        """Words, places and the first type; and, once for all layers, what the mask leaves out."""
        told = {
            part: self.weights[f"embeddings.{part}_embeddings.weight"]
            for part in ("word", "position", "token_type")
        }
        words = self.node("Gather", self.constant("words", told["word"]), "ids")
        places = self.constant("places", told["position"] + told["token_type"][0])
        length = self.node("Slice", self.node("Shape", "ids"), self.whole(1), self.whole(2))
        there = self.node("Slice", places, self.whole(0), length, self.whole(0))
        out = self.node("Sub", self.number(1.0), self.node("Cast", "mask", to=self.onnx.TensorProto.FLOAT))
        self.mask = self.node("Unsqueeze", self.node("Mul", out, self.number(FAR)), self.whole(1, 2))
        return self.norm(self.node("Add", words, there), "embeddings.LayerNorm")

    def layer(self, x: str, name: str) -> str:
        width = self.dim // self.heads
        parts = [f"{name}.attention.{part}" for part in PARTS]
        shape, order = self.whole(0, 0, self.heads, width), ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])
        query, key, value = (
            self.node("Transpose", self.node("Reshape", self.linear(x, part, scale), shape), perm=perm)
            for part, scale, perm in zip(parts[:3], (width**-0.5, 1.0, 1.0), order, strict=True)
        )
        near = self.node("Softmax", self.node("Add", self.node("MatMul", query, key), self.mask), axis=-1)
        seen = self.node("Transpose", self.node("MatMul", near, value), perm=[0, 2, 1, 3])
        seen = self.linear(self.node("Reshape", seen, self.whole(0, 0, self.dim)), parts[3])
        x = self.norm(self.node("Add", seen, x), f"{name}.attention.output.LayerNorm")
        inner = self.linear(self.gelu(self.linear(x, f"{name}.intermediate.dense")), f"{name}.output.dense")
        return self.norm(self.node("Add", inner, x), f"{name}.output.LayerNorm")

    def gelu(self, x: str) -> str:
        """x/2 (1 + erf(x/√2)), in the form that onnxruntime knows as one step."""
        bent = self.node("Erf", self.node("Div", x, self.number(2**0.5)))
        return self.node(
            "Mul", self.node("Mul", x, self.node("Add", bent, self.number(1.0))), self.number(0.5)
        )

    def model(self, hidden: str) -> Any:
        helper, kinds = self.onnx.helper, self.onnx.TensorProto
        axes = ["texts", "tokens"]
        given = [helper.make_tensor_value_info(name, kinds.INT64, axes) for name in ("ids", "mask")]
        self.nodes.append(helper.make_node("Identity", [hidden], ["hidden"]))
        found = helper.make_tensor_value_info("hidden", kinds.FLOAT, [*axes, self.dim])
        graph = helper.make_graph(self.nodes, "bert", given, [found], list(self.constants.values()))
        versions = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=versions, ir_version=9)
