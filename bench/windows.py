"""Protocol `time` on folders of real data, and what a fit costs there, through the command line.

    python bench/windows.py [DATA …] [--fits] [-o FILE]

DATA are folders of tables; without any, online_retail_ii, ifdb and ml_latest_small under PENCHANT_DATA.
Each is evaluated by `penchant evaluate` (five successive windows over the last tenth, every baseline tuned in
the same run) and fitted once by `penchant fit`, texts encoded anew. `--fits` measures the fits alone, and
keeps what was judged before. Writes bench/results/windows.json.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from rig import process, results

NAMES = ("online_retail_ii", "ifdb", "ml_latest_small")


def main() -> None:
    """Measure each folder and write what came out."""
    fits = "--fits" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--fits"]
    folders, output = results.folders(__doc__, NAMES, "windows.json")
    data = json.loads(output.read_text(encoding="utf-8"))["data"] if fits else {}
    for folder in folders:
        data[folder.name] = {**data[folder.name], "fit": fitted(folder)} if fits else measured(folder)
    results.write(output, "python bench/windows.py", {"data": data})
    for name, result in data.items():
        print(f"{name}: fit {result['fit']['seconds']:.0f} s, {result['fit']['peak_mib']:,.0f} MiB")


def fitted(folder: Path) -> dict[str, Any]:
    """Fit one folder, and return what it cost."""
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["PENCHANT_CACHE"] = f"{temporary}/cache"
        shown = {folder: "DIR", Path(temporary) / "model": "MODEL"}
        return process.penchant("fit", folder, "-o", Path(temporary) / "model", shown=shown).row()


def measured(folder: Path) -> dict[str, Any]:
    """Fit and evaluate one folder."""
    fit = fitted(folder)
    with tempfile.TemporaryDirectory() as temporary:
        shown = {folder: "DIR", Path(temporary) / "report": "REPORT"}
        os.environ["PENCHANT_CACHE"] = f"{temporary}/cache"
        judged = process.penchant("evaluate", folder, "-o", Path(temporary) / "report", shown=shown)
        print((Path(temporary) / "report" / "report.md").read_text(encoding="utf-8"), file=sys.stderr)
        report = json.loads((Path(temporary) / "report" / "report.json").read_text(encoding="utf-8"))
    tables = {table["name"]: table for table in report["tables"]}
    return {"fit": fit, "evaluate": judged.row(), "tables": tables, "settings": report["settings"]}


if __name__ == "__main__":
    main()
