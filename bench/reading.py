"""Reading 20 million events: time and memory of `penchant check` on Parquet and CSV, beside polars alone.

The events are made up: string ids of 500,000 users and 100,000 items (popularity falls as one over the rank),
a rating, seconds since 1970. The floor is polars reading all columns of the same file as text and counting
the distinct users and items; the bar is 8 GiB and ten minutes.

    python bench/reading.py [--rows 20000000] [--folder DIR] [-o bench/results/reading.json]
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rig import process, results

USERS, ITEMS, BLOCK = 500_000, 100_000, 1_000_000
START, SPAN = 1_500_000_000, 100_000_000
FLOOR = """
import sys
import polars as pl
path = sys.argv[1]
rows = pl.scan_parquet(path) if path.endswith("parquet") else pl.scan_csv(path, infer_schema=False)
frame = rows.collect(engine="streaming")
print(len(frame), frame["user_id"].n_unique(), frame["item_id"].n_unique())
"""


def block(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    """Make events: ids longer than polars keeps inside a cell, so that they cost what real ones do."""
    rank = np.exp(rng.random(rows) * np.log(ITEMS)).astype(np.int64)
    return pl.DataFrame(
        {
            "user_id": pl.Series(rng.integers(0, USERS, rows)).cast(pl.String).str.pad_start(16, "U"),
            "item_id": pl.Series(rank).cast(pl.String).str.pad_start(14, "B"),
            "rating": rng.integers(1, 6, rows),
            "timestamp": START + rng.integers(0, SPAN, rows),
        }
    )


def make(folder: Path, rows: int) -> dict[str, Path]:
    """Write the same events as CSV and as Parquet, block by block."""
    rng = np.random.default_rng(0)
    files = {ending: folder / ending / f"interactions.{ending}" for ending in ("parquet", "csv")}
    for path in files.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    with files["csv"].open("wb") as file:
        for first in range(0, rows, BLOCK):
            block(rng, min(BLOCK, rows - first)).write_csv(file, include_header=first == 0)
    lines = pl.scan_csv(files["csv"], schema_overrides={"rating": pl.Int8, "timestamp": pl.Int64})
    lines.sink_parquet(files["parquet"])
    return files


def measure(files: dict[str, Path], rows: int) -> list[dict[str, Any]]:
    """Run the command and the floor on each file."""
    found = []
    for ending, path in files.items():
        floor = process.timed([sys.executable, "-c", FLOOR, str(path)], f"polars, {ending}")
        ours = process.penchant("check", path.parent, shown={path.parent: ending.upper()})
        found.append(
            {
                "format": ending,
                "rows": rows,
                "file_mib": round(path.stat().st_size / (1 << 20), 1),
                "penchant": ours.row(),
                "polars": floor.row(),
                "times_the_floor": round(ours.seconds / floor.seconds, 1),
                "memory_times_the_floor": round(ours.peak_mib / floor.peak_mib, 1),
            }
        )
        print(found[-1])
    return found


def main() -> None:
    """Make the files, measure, write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--folder", type=Path, help="where the files are made (2 GiB)")
    parser.add_argument("-o", "--output", type=Path, default=results.RESULTS / "reading.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        runs = measure(make(Path(folder), given.rows), given.rows)
    results.write(given.output, f"python bench/reading.py --rows {given.rows}", {"runs": runs}, "polars")


if __name__ == "__main__":
    main()
