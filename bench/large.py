"""A catalogue of 100,000 items with 4 million events: how long a fit takes, and an answer of the service.

    python bench/large.py [--items N] [--events N] [--users N] [--model MODEL] [-o FILE]

The log is made (see rig/large.py). `penchant fit --effort quick --language none` runs once; then `penchant
serve` is asked over one connection by people drawn at random: `first` lists, that nothing was kept of, and
lists right after an event of the same person. Writes bench/results/large.json.
"""

import argparse
import json
import random
import tempfile
from pathlib import Path
from typing import Any

from rig import large, process, results
from rig.load import load, post
from serve import K, memory, one_by_one, served

ASKED = 1_000


def main() -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=4_000_000)
    parser.add_argument("--users", type=int, default=50_000)
    parser.add_argument("--model", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=results.RESULTS / "large.json")
    given = parser.parse_args()
    found: dict[str, Any] = {"items": given.items, "events": given.events, "users": given.users}
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        model = given.model or place / "MODEL"
        if given.model is None:
            folder = place / "log"
            large.write(folder, given.items, given.events, given.users)
            command = ("fit", folder, "-o", model, "--effort", "quick", "--language", "none")
            found["fit"] = process.penchant(*command, shown={folder: "DIR", model: "MODEL"}).row()
        found |= asked(model, place / "journal", given.items, given.users)
    told = f"python bench/large.py --items {given.items} --events {given.events} --users {given.users}"
    results.write(given.output, told, found, "fastapi", "uvicorn", "orjson")
    print(json.dumps(found, indent=1))


def asked(model: Path, journal: Path, n_items: int, n_users: int) -> dict[str, Any]:
    """Ask one service."""
    rng = random.Random(0)
    people = [str(user) for user in rng.sample(range(n_users), ASKED)]
    items = [str(item) for item in rng.sample(range(n_items), ASKED)]
    with served(model, journal, 8795) as own:
        requests = [post(own.port, "/v1/recommend", {"user": user, "k": K}) for user in people]
        first = load(own.port, lambda: iter(requests[:-100]), connections=1, seconds=600).row()
        told = [
            post(own.port, "/v1/recommend", {"user": user, "k": K, "explain": True}) for user in people[-100:]
        ]
        explained = load(own.port, lambda: iter(told), connections=1, seconds=600).row()
        alone = one_by_one(own, people[:-100], items, 200)
        return {
            "start_seconds": own.start, "first": first, "first_explained": explained, "one_by_one": alone,
            "memory_mib": memory(own.process.pid),
        }  # fmt: skip


if __name__ == "__main__":
    main()
