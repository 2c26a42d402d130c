"""Requests in plain language: what learning from answered ones gives, beside BM25, vectors, popularity.

    python bench/requests.py [--data $PENCHANT_DATA] [--cache FOLDER] [-o bench/results/requests.json]

`redial`: Recall@10 by 5-fold cross-validation over conversations, the whole catalogue ranked; films
named in the conversation are left out of lists and answers (a request that keeps no answer is not
asked). Learned on the other folds. `customer_service_intents`: each of its two sets by itself, a fifth
of the training requests held out by a seed; top-1 of all topics with all other requests, and with 5 and
10 a topic; out-of-scope AUROC: held out requests against the validation part of requests that no topic
answers, none of them seen in training. BM25 and MiniLM read the items' texts alone. Needs bm25s beside
what Penchant needs.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import polars as pl
from numpy.typing import NDArray
from rig import results

from penchant.data.dataset import Dataset
from penchant.data.read import read
from penchant.language import texts as reading
from penchant.language.choose import load_encoder
from penchant.language.describe import describe
from penchant.language.know import hear
from penchant.language.knowledge import Knowledge
from penchant.language.texts import Texts
from penchant.requests.learned import Learned
from penchant.types import Scores, Vectors

SEED, K, FOLDS = 0, 10, 5


def bm25(data: Dataset, texts: list[str]) -> Scores:
    """Score all items by BM25 over their texts, (R, I)."""
    index = bm25s.BM25()
    index.index(bm25s.tokenize(describe(data.items), show_progress=False), show_progress=False)
    asked = bm25s.tokenize(texts, return_ids=False, show_progress=False)
    none = np.zeros(data.n_items, dtype=np.float32)
    return np.stack([index.get_scores(words) if words else none for words in asked])


def rivals(data: Dataset, knowledge: Knowledge, texts: list[str], vectors: Vectors) -> dict[str, Scores]:
    """Score by what needs no learning, or next to none."""
    asked = data.requests["items"].explode().drop_nulls().to_numpy()
    counts = np.bincount(asked, minlength=data.n_items).astype(np.float32)
    return {
        "popularity": np.broadcast_to(counts, (len(texts), data.n_items)),
        "bm25": bm25(data, texts),
        "frozen MiniLM": vectors @ knowledge.raw.T,
    }


def recall(scores: Scores, answers: list[list[int]], named: list[list[int]]) -> list[float]:
    """Return Recall@10 of each request, what it names left out."""
    found = []
    for row, right, out in zip(scores, answers, named, strict=True):
        left = row.copy()
        left[out] = -np.inf
        found.append(float(np.isin(right, np.argsort(-left, kind="stable")[:K]).mean()))
    return found


def redial(folder: Path, cache: Path | None) -> dict[str, Any]:
    """Cross-validate over conversations."""
    data, _ = read(folder)
    table = pl.read_parquet(folder / "queries.parquet")
    if len(table) != len(data.requests):
        raise SystemExit(f"{folder}: {len(table)} rows, {len(data.requests)} requests: cannot be matched")
    knowledge = reading.read_texts(data, "minilm", cache).knowledge
    rows = {title.lower(): row for row, title in enumerate(data.items.titles(np.arange(data.n_items)))}
    named = [
        [rows[name.lower()] for name in cell if name.lower() in rows] for cell in table["context_entities"]
    ]
    answers = [
        [item for item in items if item not in out]
        for items, out in zip(data.requests["items"].to_list(), named, strict=True)
    ]
    talks, talk = np.unique(table["dialog_id"].to_numpy(), return_inverse=True)
    folds = (np.random.default_rng(SEED).permutation(len(talks)) % FOLDS)[talk]
    asked = np.array([len(items) > 0 for items in answers])
    found: dict[str, list[float]] = {}
    seconds, weights = [], []
    for fold in range(FOLDS):
        learning, judging = np.flatnonzero(folds != fold), np.flatnonzero((folds == fold) & asked)
        train = replace(data, requests=data.requests[learning])
        start = time.perf_counter()
        model = Learned.fit(train, replace(knowledge, requests=knowledge.requests[learning]), seed=SEED)
        seconds.append(time.perf_counter() - start)
        assert model is not None
        texts, vectors = data.requests["text"].gather(judging).to_list(), knowledge.requests[judging]
        scores = rivals(train, knowledge, texts, vectors) | {"learned": model.score(texts, vectors)}
        for name, values in scores.items():
            own = recall(values, [answers[row] for row in judging], [named[row] for row in judging])
            found.setdefault(name, []).extend(own)
        weights.append(model.shares())
        print(fold, {name: round(float(np.mean(values)), 4) for name, values in found.items()}, flush=True)
    return {
        "requests": int(asked.sum()),
        "recall@10": {name: round(float(np.mean(values)), 4) for name, values in found.items()},
        "standard error": round(float(np.std(found["learned"]) / np.sqrt(len(found["learned"]))), 4),
        "seconds to learn, median": round(float(np.median(seconds)), 1),
        "weights, mean": {
            name: round(float(np.mean([own[name] for own in weights])), 4) for name in weights[0]
        },
    }


def area(fits: NDArray[np.floating[Any]], not_fits: NDArray[np.floating[Any]]) -> float:
    """Return the chance that a request that fits scores above one that does not."""
    order = np.sort(not_fits)
    below, upto = np.searchsorted(order, fits, "left"), np.searchsorted(order, fits, "right")
    return float(((below + upto) / 2).mean() / len(order))


def topics(folder: Path, name: str, cache: Path | None) -> dict[str, Any]:
    """Hold out a fifth of the training requests of one of the sets of help topics."""
    queries = pl.read_parquet(folder / "queries.parquet").filter(pl.col("dataset") == name)
    items = pl.read_parquet(folder / "items.parquet").filter(pl.col("dataset") == name)
    train = queries.filter(pl.col("part") == "train")
    with tempfile.TemporaryDirectory() as place:
        items.filter(pl.col("item_id").is_in(train["item_id"].unique().to_list())).write_parquet(
            f"{place}/items.parquet"
        )
        train.write_parquet(f"{place}/queries.parquet")
        data, _ = read(Path(place))
    read_once = reading.read_texts(data, "minilm", cache)
    order = np.random.default_rng(SEED).permutation(len(data.requests))
    held, rest = order[: len(order) // 5], np.sort(order[len(order) // 5 :])
    outside = queries.filter(pl.col("part") == "oos_val")["query"].to_list()
    found: dict[str, Any] = {"topics": data.n_items, "held out": len(held), "out of scope": len(outside)}
    for most in (5, 10, None):
        found[f"{most or 'all'} a topic"] = one = measured(
            data, read_once, few(data, rest, most), held, outside, cache
        )
        print(name, most or "all", one, flush=True)
    return found


def few(data: Dataset, rest: NDArray[np.int64], most: int | None) -> NDArray[np.int64]:
    """Return the rows that teach, `most` of each topic."""
    topic = data.requests["items"].list.first().to_numpy()[rest]
    if most is None:
        return rest
    mixed = np.random.default_rng(SEED).permutation(len(rest))
    return np.sort(rest[np.concatenate([mixed[topic[mixed] == row][:most] for row in np.unique(topic)])])


def measured(
    data: Dataset,
    texts: Texts,
    learning: NDArray[np.int64],
    held: NDArray[np.int64],
    outside: list[str],
    cache: Path | None,
) -> Mapping[str, Any]:
    """Learn from some requests and judge on others."""
    knowledge = texts.knowledge
    train = replace(data, requests=data.requests[learning])
    start = time.perf_counter()
    model = Learned.fit(train, replace(knowledge, requests=knowledge.requests[learning]), seed=SEED)
    took = time.perf_counter() - start
    assert model is not None
    asked, vectors = data.requests["text"].gather(held).to_list(), knowledge.requests[held]
    right = data.requests["items"].list.first().to_numpy()[held]
    scores = rivals(train, knowledge, asked, vectors) | {"learned": model.score(asked, vectors)}
    found: dict[str, Any] = {
        "learned from": len(learning),
        "top-1": {
            name: round(float((values.argmax(axis=1) == right).mean()), 4) for name, values in scores.items()
        },
        "seconds to learn": round(took, 1),
    }
    if outside:
        heard = hear(outside, load_encoder("minilm"), texts.whitening)
        far, near = model.fits(outside, heard), model.fits(asked, vectors)
        found["out of scope, AUROC"] = {
            "learned": round(area(near, far), 4),
            "frozen MiniLM": round(
                area(scores["frozen MiniLM"].max(axis=1), (heard @ knowledge.raw.T).max(axis=1)), 4
            ),
        }
        found["told right at one half"] = [
            round(float((near > 0.5).mean()), 4),
            round(float((far < 0.5).mean()), 4),
        ]
    return found


def main() -> None:
    """Run both sets and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("PENCHANT_DATA"))
    parser.add_argument("--cache", type=Path, help="keeps text vectors between runs")
    parser.add_argument("--only", choices=("redial", "banking77", "clinc150"))
    parser.add_argument("-o", "--output", type=Path, default=results.RESULTS / "requests.json")
    given = parser.parse_args()
    if given.data is None:
        parser.error("name the folder of real data: --data FOLDER or PENCHANT_DATA")
    found: dict[str, Any] = {}
    for name in ("banking77", "clinc150"):
        if given.only in (None, name):
            found[name] = topics(given.data / "customer_service_intents", name, given.cache)
    if given.only in (None, "redial"):
        found["redial"] = redial(given.data / "redial", given.cache)
    if given.only is None or given.output != results.RESULTS / "requests.json":
        results.write(given.output, "python bench/requests.py", found, "bm25s")


if __name__ == "__main__":
    main()
