"""The service under load, from a second process: lists, explanations, events, memory, start.

    python bench/serve.py [DATA] [--seconds S] [--soak N] [-o FILE]

DATA is a folder of tables, MovieLens-100K without it. `penchant serve` runs as a user would start it, with
its journal on this disk; beside it an empty endpoint of the same stack (FastAPI, uvicorn, orjson)
is asked in the same run, over as many connections. `warm`: people who are asked for again and again; `fresh`:
every list is asked for right after an event of the same person, so that nothing was kept. `--soak` asks so
many times in the end, and watches the memory. Writes bench/results/serve.json.
"""

import argparse
import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
from rig import process, results
from rig.load import load, post

from penchant.recommender import Recommender

EMPTY = """
import orjson, uvicorn
from fastapi import FastAPI
from starlette.responses import Response
app = FastAPI()
@app.post("/empty")
async def empty() -> Response:
    return Response(orjson.dumps({"status": "ok"}), media_type="application/json")
uvicorn.run(app, port=PORT, log_level="warning", access_log=False)
"""
K, CONNECTIONS = 20, 8


def main() -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--soak", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=results.RESULTS / "serve.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        model = given.model or fitted(given.folder, place)
        found = measured(model, place, given.seconds, given.soak)
    told = f"python bench/serve.py --seconds {given.seconds:g}" + (
        f" --soak {given.soak}" if given.soak else ""
    )
    results.write(given.output, told, found, "fastapi", "uvicorn", "orjson", "onnxruntime")
    print(json.dumps(found, indent=1))


def fitted(folder: Path | None, place: Path) -> Path:
    """Fit a bundle."""
    if folder is None:
        folder = place / "movielens-100k"
        process.penchant("data", "movielens-100k", folder, shown={folder: "DIR"})
    process.penchant("fit", folder, "-o", place / "MODEL", shown={folder: "DIR", place / "MODEL": "MODEL"})
    return place / "MODEL"


def measured(model: Path, place: Path, seconds: float, soak: int) -> dict[str, Any]:
    """Start everything, and ask."""
    fitted_ = Recommender.load(model)

    users = fitted_.data.users.vocabulary.ids.cast(pl.String).to_list()
    items = fitted_.data.items.vocabulary.ids.cast(pl.String).to_list()
    del fitted_
    with started(place, EMPTY, 8791) as empty:
        same = post(empty.port, "/empty", {"user": "1", "k": K})

        def nothing() -> dict[str, float]:
            again = itertools.repeat(same)
            return load(empty.port, lambda: again, connections=CONNECTIONS, seconds=seconds).row()

        floor = nothing()
        with served(model, place / "one.journal", 8792) as own:
            found = asked(own, users, items, seconds, soak)
            floor_again = nothing()
    with served(model, place / "two.journal", 8793, "--no-texts") as bare:
        next_list(bare, users[0])
        found["without_texts"] = {"start_seconds": bare.start, "memory_mib": memory(bare.process.pid)}
    middle = (floor["per_second"] + floor_again["per_second"]) / 2
    found["empty"] = floor | {"again_per_second": floor_again["per_second"]}
    found["ratios"] = {
        name: round(found[name]["per_second"] / middle, 3) for name in ("warm", "explained", "fresh")
    }
    return found


def asked(own: "Own", users: list[str], items: list[str], seconds: float, soak: int) -> dict[str, Any]:
    """Ask one service for everything."""
    port, rng = own.port, random.Random(0)

    def lists(**more: Any) -> Iterator[bytes]:
        while True:
            yield post(port, "/v1/recommend", {"user": rng.choice(users), "k": K, **more})

    def after_events() -> Iterator[bytes]:
        while True:
            user = rng.choice(users)
            yield post(port, "/v1/events", {"user": user, "item": rng.choice(items)})
            yield post(port, "/v1/recommend", {"user": user, "k": K})

    everybody = [post(port, "/v1/recommend", {"user": user, "k": K}) for user in users]
    first = load(port, lambda: iter(everybody), connections=CONNECTIONS, seconds=600).row()
    found: dict[str, Any] = {"start_seconds": own.start, "first": first}
    found["warm"] = load(port, lists, connections=CONNECTIONS, seconds=seconds).row()
    found["memory_mib"] = memory(own.process.pid)
    reasons = [post(port, "/v1/recommend", {"user": user, "k": K, "explain": True}) for user in users]
    found["first_explained"] = load(port, lambda: iter(reasons), connections=CONNECTIONS, seconds=600).row()
    found["explained"] = load(
        port, lambda: lists(explain=True), connections=CONNECTIONS, seconds=seconds
    ).row()
    found["one_by_one"] = one_by_one(own, users, items)
    both = load(port, after_events, connections=1, seconds=seconds)
    found["fresh"] = {"per_second": round(len(both.seconds[1::2]) / sum(both.seconds[1::2]), 1)}
    bulk = [
        post(
            port,
            "/v1/events",
            {"events": [{"user": rng.choice(users), "item": rng.choice(items)} for _ in range(500)]},
        )
        for _ in range(40)
    ]
    told = load(port, lambda: iter(bulk), connections=4, seconds=60)
    found["events_bulk_of_500"] = told.row() | {
        "events_per_second": round(500 * len(told.seconds) / told.wall, 1)
    }
    single = (
        post(port, "/v1/events", {"user": rng.choice(users), "item": rng.choice(items)})
        for _ in itertools.count()
    )
    found["events_single"] = load(port, lambda: single, connections=16, seconds=seconds).row()
    text = next_list(own, None, text="a quiet film about friendship")
    found["memory_with_texts_mib"] = memory(own.process.pid)
    found["text_answers"] = bool(text["items"])
    if soak:
        part, track = soak // 10, []
        for _ in range(10):
            requests = [post(port, "/v1/recommend", {"user": rng.choice(users), "k": K}) for _ in range(part)]
            load(port, lambda requests=requests: iter(requests), connections=CONNECTIONS, seconds=600)
            track.append(memory(own.process.pid))
        found["soak"] = {"requests": part * 10, "memory_mib": track}
    return found


def one_by_one(own: "Own", users: list[str], items: list[str], n: int = 300) -> dict[str, float]:
    """Ask alone: milliseconds of a list right after an event of the same person, and without."""
    rng, after, without = random.Random(1), [], []
    for _ in range(n):
        user = rng.choice(users)
        pair = [post(own.port, "/v1/recommend", {"user": user, "k": K})] * 2
        timed = load(own.port, lambda pair=pair: iter(pair), connections=1, seconds=10)
        without.append(timed.seconds[1])
        pair = [
            post(own.port, "/v1/events", {"user": user, "item": rng.choice(items)}),
            post(own.port, "/v1/recommend", {"user": user, "k": K}),
        ]
        timed = load(own.port, lambda pair=pair: iter(pair), connections=1, seconds=10)
        after.append(timed.seconds[1])
    middle = {"after_event_ms": sorted(after)[n // 2] * 1e3, "without_ms": sorted(without)[n // 2] * 1e3}
    return {name: round(value, 3) for name, value in middle.items()}


class Own:
    """A process that was started, and its port."""

    def __init__(self, started: subprocess.Popen[bytes], port: int, start: float = 0.0) -> None:
        self.process, self.port, self.start = started, port, start


@contextmanager
def started(place: Path, code: str, port: int) -> Iterator[Own]:
    """Run the empty endpoint."""
    script = place / "empty.py"
    script.write_text(code.replace("PORT", str(port)))
    with running([sys.executable, str(script)], port, "/openapi.json") as own:
        yield own


@contextmanager
def served(model: Path, journal: Path, port: int, *more: str) -> Iterator[Own]:
    """Run the service."""
    command = [
        sys.executable,
        "-m",
        "penchant.cli",
        "serve",
        str(model),
        "--port",
        str(port),
        "--journal",
        str(journal),
    ]
    with running([*command, *more], port, "/readyz") as own:
        yield own


@contextmanager
def running(command: list[str], port: int, path: str) -> Iterator[Own]:
    """Start a process, and wait for its first answer."""
    start = time.perf_counter()
    own = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).read()
                break
            except OSError:
                if own.poll() is not None or time.perf_counter() - start > 120:
                    told = own.stderr.read().decode() if own.stderr else ""
                    raise SystemExit(f"{' '.join(command)} did not start\n{told}") from None
                time.sleep(0.02)
        yield Own(own, port, round(time.perf_counter() - start, 2))
    finally:
        own.terminate()
        own.wait(20)


def next_list(own: Own, user: str | None, **more: Any) -> dict[str, Any]:
    """Ask for one list."""
    body = {"k": K, **({"user": user} if user else {}), **more}
    request = urllib.request.Request(
        f"http://127.0.0.1:{own.port}/v1/recommend",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    return dict(json.loads(urllib.request.urlopen(request, timeout=60).read()))


def memory(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)


if __name__ == "__main__":
    main()
