"""How fast the bundled encoder reads: torch and onnxruntime, in 32, 16 and 8 bits; and whole catalogues.

    python bench/encoding.py [FOLDER...]

FOLDERs are data folders of which the whole catalogue is timed, from the start of Python to the last
vector. Without any, MovieLens-100K is fetched, and `ifdb` is taken from $PENCHANT_DATA where it is.
Writes bench/results/encoding.json. Needs onnx and onnxruntime beside what Penchant needs.
"""

import copy
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rig import results

from penchant.data.read import read
from penchant.data.sources import fetch
from penchant.language import local, onnx
from penchant.language.cache import VectorCache
from penchant.language.choose import load_encoder
from penchant.language.describe import describe
from penchant.language.folders import bundled
from penchant.language.local import LocalEncoder

ROUNDS = 5
TEXTS = {16: 96, 128: 24}
"""Tokens of a text, and how many such texts a round encodes."""
WINDOWS = (128, 256)


def sentences(tokens: int, count: int) -> list[str]:
    """Return texts of exactly so many tokens, made of whole words of the model's own vocabulary."""
    lines = (bundled() / "vocab.txt").read_text(encoding="utf-8").splitlines()
    words = [word for word in lines[2000:12000] if word.isascii() and word.isalpha() and len(word) > 2]
    picks = np.random.default_rng(0).choice(len(words), (count, tokens - 2))  # two mark beginning and end
    return [" ".join(words[i] for i in row) for row in picks]


def variants(folder: Path) -> dict[str, LocalEncoder]:
    """Return the encoder with each of the engines."""
    import torch

    base = LocalEncoder()
    model, _ = local.load(bundled())
    onnx.export(model, folder / "whole.onnx")
    half = copy.deepcopy(model).to(torch.bfloat16)

    def in_half(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        with torch.inference_mode():
            answer = half(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
            hidden: NDArray[np.float32] = answer.last_hidden_state.float().numpy()
        return hidden

    engines: dict[str, Any] = {
        "torch float32": base._forward,
        "torch bfloat16": in_half,
        "onnx float32": onnx.run(folder / "whole.onnx"),
        "onnx int8": onnx.int8(model, folder / "small.onnx"),
    }
    made = {}
    for name, engine in engines.items():
        made[name] = copy.copy(base)
        made[name]._forward = engine
    return made


def engines() -> list[dict[str, object]]:
    """Time each engine on one thread, turn by turn, so that a busy moment hits all of them."""
    import torch

    torch.set_num_threads(1)
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        made = variants(Path(folder))
        for tokens, count in TEXTS.items():
            texts = sentences(tokens, count)
            vectors = {name: encoder.encode(texts) for name, encoder in made.items()}
            seconds: dict[str, list[float]] = {name: [] for name in made}
            for _ in range(ROUNDS):
                for name, encoder in made.items():
                    start = time.process_time()
                    encoder.encode(texts)
                    seconds[name].append(time.process_time() - start)
            for name in made:
                agreement = (vectors[name] * vectors["torch float32"]).sum(axis=1)
                rows.append(
                    {
                        "engine": name,
                        "tokens": tokens,
                        "texts per second and thread": round(count / min(seconds[name]), 1),
                        "ratio to torch float32": round(
                            min(seconds["torch float32"]) / min(seconds[name]), 2
                        ),
                        "cosine mean": round(float(agreement.mean()), 5),
                        "cosine least": round(float(agreement.min()), 5),
                    }
                )
                print(rows[-1])
    return rows


def catalogue(folder: str, max_tokens: int, precision: Any, store: str) -> None:
    """Encode a whole catalogue and print what it took; run in a process of its own."""
    import torch

    data, _ = read(Path(folder))
    texts = describe(data.items)
    start = time.perf_counter()
    encoder = load_encoder(max_tokens=max_tokens, precision=precision, store=store)
    loaded = time.perf_counter()
    assert isinstance(encoder, LocalEncoder)
    lengths = [len(ids) for ids in encoder._tokenizer([text for text in texts if text])["input_ids"]]
    with tempfile.TemporaryDirectory() as cache:
        before, worked = time.perf_counter(), time.process_time()
        VectorCache(cache).encode(encoder, texts)
        done, worked = time.perf_counter(), time.process_time() - worked
    row = {
        "items": len(texts),
        "items with text": len(lengths),
        "tokens mean": round(float(np.mean(lengths)), 1),
        "cut": round(float(np.mean(np.array(lengths) > max_tokens)), 3),
        "threads": torch.get_num_threads(),
        "seconds to load": round(loaded - start, 1),
        "seconds to encode": round(done - before, 1),
        "processor seconds to encode": round(worked, 1),
    }
    print(json.dumps(row))


def catalogues(folders: list[Path]) -> list[dict[str, object]]:
    """Time whole catalogues, each in a fresh process, from its start to its end."""
    rows = []
    with tempfile.TemporaryDirectory() as store:
        for folder in folders:
            for max_tokens, precision in [(window, "float32") for window in WINDOWS] + [(128, "int8")]:
                if precision == "int8":  # what is written once is not timed
                    load_encoder(precision="int8", store=store)
                start = time.perf_counter()
                command = [sys.executable, __file__, "--one", str(folder), str(max_tokens), precision, store]
                said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                row = {"data": folder.name, "max_tokens": max_tokens, "precision": precision}
                row |= json.loads(said) | {"seconds in all": round(time.perf_counter() - start, 1)}
                rows.append(row)
                print(row)
    return rows


def main() -> None:
    """Run both parts and write the results."""
    if sys.argv[1:2] == ["--one"]:
        folder, max_tokens, precision, store = sys.argv[2:]
        catalogue(folder, int(max_tokens), precision, store)
        return
    timed = engines()
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(name) for name in sys.argv[1:]]
        if not folders:
            folders = [Path(temporary) / "movielens-100k"]
            fetch("movielens-100k", folders[0])
            ifdb = Path(os.environ.get("PENCHANT_DATA", ".")) / "ifdb"
            folders += [ifdb] if ifdb.exists() else []
        whole = catalogues(folders)
    found = {"processor": processor(), "engines": timed, "catalogues": whole}
    results.write(results.RESULTS / "encoding.json", "python bench/encoding.py", found, "onnxruntime")


def processor() -> str:
    """Return what decides the ratios: the vector instructions."""
    info = Path("/proc/cpuinfo")
    flags = info.read_text(encoding="utf-8").split() if info.exists() else []
    known = [
        name
        for name in ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8")
        if name in flags
    ]
    return f"{platform.machine()} {' '.join(known)}".strip()


if __name__ == "__main__":
    main()
