"""How many records a second the journal acknowledges, on SQLite and PostgreSQL, beside plain inserts.

    python bench/journal.py [--seconds 2] [-o bench/results/journal.json]

`single`: each thread waits until its event is kept before it sends the next one, with 1 and 16 threads.
`bulk`: batches of 500 events, each waited for. `lists`: lists of 20 items, handed over without waiting, up to
500 at once. The floor is a loop of plain sqlite3 inserts with a commit each (single) or each 500 (bulk), into
a table of the same columns in a file with the same settings. Each case is run in turns of `--seconds`; the
best of three counts. The PostgreSQL server is one that is started in a temporary folder, with its usual
settings.
"""

import argparse
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any

from rig import results

from penchant.live.choose import open_journal
from penchant.live.database import DatabaseJournal
from penchant.live.journal import Batch
from penchant.live.records import Act, Shown

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import postgres

BULK, LISTED, THREADS, TURNS = 500, 20, 16, 3
ACT = Act("user 196", "item 242", "view", 1.8e9, 4.0, "session 1", "recommendation 1")
ROW = (ACT.user, ACT.session, ACT.item, ACT.kind, ACT.time, ACT.value, ACT.recommendation)
LIST = Shown(
    "recommendation 1", "user 196", "", 1.8e9, tuple(f"item {n}" for n in range(LISTED)),
    tuple(1 / (n + 1.5) for n in range(LISTED)), (1.0,) * LISTED, "3f9a", "blend",
)  # fmt: skip


def rate(step: Callable[[], int], seconds: float, threads: int = 1) -> float:
    """Return how many records a second `step` keeps (it returns how many at a call), in some threads."""
    counts = [0] * threads
    start = perf_counter()

    def work(place: int) -> None:
        while perf_counter() - start < seconds:
            counts[place] += step()

    workers = [threading.Thread(target=work, args=(place,)) for place in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / (perf_counter() - start)


def of_journal(journal: DatabaseJournal, seconds: float) -> dict[str, float]:
    """Measure a journal."""

    def kept(batch: Batch, records: int) -> Callable[[], int]:
        def step() -> int:
            journal.submit(batch).result()
            return records

        return step

    def shown() -> int:
        for future in [journal.submit(Batch([LIST])) for _ in range(BULK)]:
            future.result()
        return BULK

    one, bulk = kept(Batch([ACT]), 1), kept(Batch([ACT] * BULK), BULK)
    return {
        "single": rate(one, seconds),
        f"single, {THREADS} threads": rate(one, seconds, THREADS),
        "bulk": rate(bulk, seconds),
        "lists": rate(shown, seconds),
    }


def of_floor(path: Path, durable: bool, seconds: float) -> dict[str, float]:
    """Measure plain inserts."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    columns = "user_id, session, item_id, kind, time, value, recommendation"
    connection.execute(f"CREATE TABLE IF NOT EXISTS acts (number INTEGER PRIMARY KEY, {columns})")
    sql = f"INSERT INTO acts ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)"

    def single() -> int:
        connection.execute(sql, ROW)
        return 1

    def bulk() -> int:
        connection.execute("BEGIN")
        for _ in range(BULK):
            connection.execute(sql, ROW)
        connection.execute("COMMIT")
        return BULK

    found = {"single": rate(single, seconds), "bulk": rate(bulk, seconds)}
    connection.close()
    return found


def main() -> None:
    """Measure all cases in turns, and write the best of each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("-o", "--output", type=Path, default=results.RESULTS / "journal.json")
    given = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        url = stack.enter_context(postgres.running()) if postgres.programs() else ""
        for turn in range(TURNS):
            for durable, name in ((False, "normal"), (True, "durable")):
                floor = of_floor(folder / f"floor-{name}-{turn}", durable, given.seconds)
                best(found, f"floor, {name}", floor)
                journal = open_journal(str(folder / f"{name}-{turn}.journal"), durable=durable)
                best(found, f"SQLite, {name}", of_journal(journal, given.seconds))
                journal.close()
            if url:
                journal = open_journal(url)
                best(found, "PostgreSQL", of_journal(journal, given.seconds))
                journal.close()
    rows: list[dict[str, Any]] = []
    for name, rates in found.items():
        floor = found[f"floor, {name.partition(', ')[2] or 'durable'}"]
        parts = {case: round(value / floor[case], 2) for case, value in rates.items() if case in floor}
        told = {case: round(value) for case, value in rates.items()}
        rows.append({"journal": name, "records_per_second": told, "of_the_floor": parts})
        print(rows[-1])
    command = f"python bench/journal.py --seconds {given.seconds:g}"
    packages = ("psycopg",) if url else ()
    about = {"sqlite": sqlite3.sqlite_version, "turns": TURNS, "bulk": BULK, "items_of_a_list": LISTED}
    results.write(given.output, command, {**about, "journals": rows}, *packages)


def best(found: dict[str, dict[str, float]], name: str, rates: dict[str, float]) -> None:
    """Keep the best of all turns."""
    before = found.setdefault(name, {})
    before.update({case: max(value, before.get(case, 0.0)) for case, value in rates.items()})


if __name__ == "__main__":
    main()
