"""Steps in half precision, where the processor computes in it and a step that was timed is faster."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, TypeAlias

Precision: TypeAlias = Literal["auto", "float32", "bfloat16"]

NATIVE = ("avx512_bf16", "amx_bf16", "arm_bf16", "bf16")
"""What processors call their products in bfloat16: others imitate them, and are slower."""
GAIN, TRIES = 0.9, 3
"""Part of the time of full precision below which half precision is taken; steps timed of each."""


def native() -> bool:
    """Return whether this processor computes in bfloat16."""
    import torch

    told: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(told.get(name, False) for name in NATIVE)


def reading(*, half: bool) -> AbstractContextManager[Any]:
    """Return the context in which a model computes its products in bfloat16; its weights stay float32."""
    import torch

    return torch.autocast("cpu", dtype=torch.bfloat16) if half else nullcontext()


def faster_in_half(step: Callable[[bool], None]) -> tuple[bool, str]:
    """Return whether half precision pays, and why; `step` does one step in half precision or in full."""
    if not native():
        return False, "float32, since this processor does not compute in bfloat16"
    step(True)
    step(False)  # what is done but once is done now
    took = {half: min(_timed(step, half) for _ in range(TRIES)) for half in (False, True)}
    pays = took[True] < GAIN * took[False]
    name = "bfloat16" if pays else "float32"
    return pays, f"{name}: a step takes {took[True]:.3f} s in bfloat16, {took[False]:.3f} s in float32"


def _timed(step: Callable[[bool], None], half: bool) -> float:
    start = time.perf_counter()
    step(half)
    return time.perf_counter() - start
