"""Work that may be cut short: where it stands, on disk, whole or not at all, and nothing executable."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.errors import LanguageError

NAME = "checkpoint.safetensors"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder that holds the last whole epoch of one run."""

    folder: Path

    def write(
        self, now: Mapping[str, Any], best: Mapping[str, Any], optimiser: Any, told: Mapping[str, Any]
    ) -> None:
        """Write the state now and at its best, the optimiser's, and plain values."""
        from safetensors.torch import save_file

        tensors = {f"now/{name}": value for name, value in now.items()}
        tensors |= {f"best/{name}": value.clone() for name, value in best.items()}
        for n, parameter in enumerate(_parameters(optimiser)):
            for name, value in optimiser.state.get(parameter, {}).items():
                tensors[f"steps/{n}/{name}"] = value.clone()
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder / f".{NAME}"
        save_file(tensors, unfinished, metadata={"told": json.dumps(dict(told))})
        unfinished.replace(self.folder / NAME)

    def read(self, optimiser: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]] | None:
        """Return the state now, at its best, and the plain values; None where nothing was kept.

        Raises:
            LanguageError: the file is damaged.
        """
        from safetensors import SafetensorError, safe_open

        path = self.folder / NAME
        if not path.exists():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                told: dict[str, Any] = json.loads(file.metadata()["told"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise LanguageError(f"{path}: damaged ({error})", hint="remove it to begin anew") from error
        for n, parameter in enumerate(_parameters(optimiser)):
            start = f"steps/{n}/"
            own = {name[len(start) :]: value for name, value in tensors.items() if name.startswith(start)}
            if own:
                optimiser.state[parameter] = own
        return _below(tensors, "now/"), _below(tensors, "best/"), told


def _parameters(optimiser: Any) -> list[Any]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def _below(tensors: Mapping[str, Any], start: str) -> dict[str, Any]:
    return {name[len(start) :]: value for name, value in tensors.items() if name.startswith(start)}
