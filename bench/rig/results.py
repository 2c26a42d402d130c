"""How a benchmark is asked, and how its results are written down."""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from penchant.store.versions import versions
from rig import process

RESULTS = Path(__file__).parents[1] / "results"


def folders(about: str | None, names: Sequence[str], output: str) -> tuple[list[Path], Path]:
    """Read the command line: folders of tables (`names` under PENCHANT_DATA) and where to write."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / output)
    given = parser.parse_args()
    return given.folders or [Path(os.environ["PENCHANT_DATA"]) / name for name in names], given.output


def write(path: Path, command: str, found: Mapping[str, Any], *packages: str) -> None:
    """Write results with the command that gives them, the machine and the versions."""
    whole = {"command": command, "machine": process.machine(), "versions": versions(*packages), **found}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
