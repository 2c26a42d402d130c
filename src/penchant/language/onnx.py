"""MiniLM and its like run by onnxruntime: in 8 bits, the weights as whole numbers, or in full precision.

Needs the packages onnx and onnxruntime beside torch, which writes the file once.
"""

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from penchant.errors import LanguageError

Forward: TypeAlias = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float32]]
"""From token ids and mask (B, T) to hidden states (B, T, dim)."""

OPSET = 17


def int8(model: Any, path: Path) -> Forward:
    """Return the forward pass of a transformers model in 8 bits, kept at `path` from its first use on.

    Raises:
        LanguageError: onnx or onnxruntime is missing, or the model cannot be written in this way.
    """
    try:
        if not path.exists():
            write(model, path)
        return run(path)
    except ImportError as error:
        raise LanguageError(
            "8 bits need the packages onnx and onnxruntime", hint="pip install onnx onnxruntime"
        ) from error


def run(source: Path | bytes) -> Forward:
    """Return the forward pass of an ONNX file, by its place or its bytes, on the caller's thread alone.

    Raises:
        LanguageError: the file is damaged.
    """
    onnxruntime: Any = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    try:
        given = source if isinstance(source, bytes) else str(source)
        session = onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own kinds, one for each way a file can be wrong
        place = "the reader of requests" if isinstance(source, bytes) else source
        raise LanguageError(f"{place}: cannot be read", hint="remove the file and run again") from error

    def forward(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        hidden: NDArray[np.float32] = session.run(None, {"ids": ids, "mask": mask})[0]
        return hidden

    return forward


def keep(export_to: Callable[[Path], None], path: Path) -> None:
    """Write a model in full precision, whole or not at all.

    Raises:
        ImportError: the package onnx is missing.
        LanguageError: the model cannot be written in this way.
    """
    import_module("onnx")
    with written(path, "be written as ONNX") as whole:
        export_to(whole)


def write(model: Any, path: Path) -> None:
    """Write a model in 8 bits, whole or not at all.

    Raises:
        LanguageError: the model cannot be written in this way.
    """
    onnx: Any = import_module("onnx")
    quantization: Any = import_module("onnxruntime.quantization")
    with written(path, "be brought to 8 bits") as small:
        whole = small.with_name("whole.onnx")
        export(model, whole)
        graph = onnx.load(whole)
        # Without it, a warning goes to the root logger.
        quantization.quant_utils.add_pre_process_metadata(graph)
        kind = quantization.QuantType.QInt8
        quantization.quantize_dynamic(graph, small, per_channel=True, weight_type=kind)


@contextmanager
def written(path: Path, what: str) -> Iterator[Path]:
    """Give a place beside `path` to write to, and put what is there in its place at the end.

    Raises LanguageError, which says what the model cannot, for whatever goes wrong in between.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".onnx") as folder:
        unfinished = Path(folder) / path.name
        try:
            yield unfinished
        except Exception as error:  # the exporter raises whatever the model at hand led it to
            raise LanguageError(f"this model cannot {what} ({error})") from error
        os.replace(unfinished, path)


def export(model: Any, path: Path) -> None:
    """Write a model to ONNX in full precision, for batches of any size."""
    import torch

    class Hidden(torch.nn.Module):
        """The model as a function of two arrays, which is all that the format knows."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> Any:
            """Return hidden states, shape (B, T, dim)."""
            return self.model(input_ids=ids, attention_mask=mask).last_hidden_state

    example = torch.ones(2, 8, dtype=torch.long)
    axes = {0: "texts", 1: "tokens"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing and of the exporter that onnxruntime reads best
        torch.onnx.export(
            Hidden().eval(),  # the exporter puts back the mode it found: without eval, dropout would be on
            (example, example),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=["ids", "mask"],
            output_names=["hidden"],
            dynamic_axes={"ids": axes, "mask": axes, "hidden": axes},
        )
