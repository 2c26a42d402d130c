"""Ratings of MovieLens-100K and their peers: RMSE and MAE on later ratings, probabilities beside them.

    python bench/ratings.py [DATA …] [-o FILE]

Without DATA, MovieLens-100K is fetched. `penchant evaluate DIR --protocol time` tunes biases, item kNN and
matrix factorisation on validation in the same run. Writes bench/results/ratings.json.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from rig import process, results


def main() -> None:
    """Measure, and write what came out."""
    with tempfile.TemporaryDirectory() as temporary:
        own = Path(temporary) / "movielens-100k"
        given = any(not word.startswith("-") and Path(word).is_dir() for word in sys.argv[1:])
        if not given:
            process.penchant("data", "movielens-100k", own, shown={own: "DIR"})
            sys.argv.append(str(own))
        folders, output = results.folders(__doc__, (), "ratings.json")
        data = {folder.name: measured(folder) for folder in folders}
    results.write(output, "python bench/ratings.py", {"data": data})
    for name, found in data.items():
        told = ", ".join(f"{one['name']} {one['rmse']['mean']:.4f}" for one in found["ratings"]["lines"])
        print(f"{name}: RMSE {told}")


def measured(folder: Path) -> dict[str, Any]:
    """Evaluate one folder."""
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary) / "REPORT"
        command = ("evaluate", folder, "--protocol", "time", "-o", report)
        run = process.penchant(*command, shown={folder: "DIR", report: "REPORT"})
        told = json.loads((report / "report.json").read_text(encoding="utf-8"))
    return {"run": run.row(), "ratings": told["ratings"], "clicks": told["clicks"]}


if __name__ == "__main__":
    main()
