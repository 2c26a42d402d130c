"""How long a request in plain language takes, encoder included, over a catalogue of ten thousand items.

    python bench/asking.py [DATA] [-o FILE]

DATA is a folder of tables; without it goodbooks10k_v1 under PENCHANT_DATA (10,000 books). The model is fitted
by `penchant fit --effort quick`; then each request is understood, searched and ranked again and again, on one
core and after a warm-up: the encoder by onnxruntime, as the command line uses it, and by torch. Writes
bench/results/asking.json.
"""

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from rig import process, results

ROUNDS = 20
REQUESTS = (
    "a dark thriller about a murder",
    "books like The Hobbit but funnier",
    "a novel from the nineties, not a romance",
    "something about war and friendship, rated above 4",
    "anything by Stephen King, but nothing scary",
    "a short history of science for beginners",
)


def main() -> None:
    """Measure and write what came out."""
    folders, output = results.folders(__doc__, ("goodbooks10k_v1",), "asking.json")
    with TemporaryDirectory() as temporary:
        model = Path(temporary) / "model"
        os.environ["PENCHANT_CACHE"] = f"{temporary}/cache"
        shown = {folders[0]: "DIR", model: "MODEL"}
        process.penchant("fit", folders[0], "-o", model, "--effort", "quick", shown=shown)
        found = measured(model, Path(temporary) / "cache")
    results.write(output, "python bench/asking.py", {"data": folders[0].name, **found}, "onnxruntime")
    print(found)


def measured(model: Path, store: Path) -> dict[str, object]:
    """Ask the same requests of both encoders by turns, so that a busy moment meets both."""
    import torch
    from threadpoolctl import threadpool_limits

    from penchant import Recommender
    from penchant.language.asking import request_encoder
    from penchant.language.choose import load_encoder

    torch.set_num_threads(1)
    with threadpool_limits(1):
        quick = request_encoder("minilm", store)
        assert quick is not None
        readers = {"onnxruntime": quick, "torch": load_encoder("minilm")}
        desks = {name: Recommender.load(model, reader).desk() for name, reader in readers.items()}
        seconds: dict[str, list[float]] = {name: [] for name in desks}
        encoding: dict[str, list[float]] = {name: [] for name in desks}
        for turn in range(ROUNDS + 2):
            for text in REQUESTS:
                for name, desk in desks.items():
                    start = time.perf_counter()
                    desk.ask(text, k=10)
                    middle = time.perf_counter()
                    readers[name].encode([text])
                    if turn >= 2:
                        seconds[name].append(middle - start)
                        encoding[name].append(time.perf_counter() - middle)
    items = next(iter(desks.values())).model.data.n_items
    rows = {
        name: {
            "median ms": 1e3 * quantile(seconds[name], 0.5),
            "p95 ms": 1e3 * quantile(seconds[name], 0.95),
            "of which encoder, median ms": 1e3 * quantile(encoding[name], 0.5),
        }
        for name in desks
    }
    return {"items": items, "requests": len(REQUESTS) * ROUNDS, "readers": rows}


def quantile(values: list[float], part: float) -> float:
    """Return a quantile of values."""
    return sorted(values)[int(part * (len(values) - 1))]


if __name__ == "__main__":
    main()
