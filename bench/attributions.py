"""How far attention and gradients agree with occlusion on which words of a text moved its item.

    python bench/attributions.py [FOLDER] [-o bench/results/attributions.json]

FOLDER is a folder of tables with titles; without one ml_latest_small under PENCHANT_DATA. Thirty items whose
text has four words or more are drawn, each with a user in whose list it is looked at, and once in the answer
to one request. Spearman's rank correlation over the words of a text with what leaving a word out takes from
the score, signed and by size, with the standard error of its mean; random numbers stand beside.
"""

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rig import results
from scipy.stats import spearmanr

from penchant import Recommender, read
from penchant.explain.attribution import WORD, Reader
from penchant.language.choose import load_encoder
from penchant.types import Query

ITEMS, WORDS = 30, 4
ASKED = "a funny story about love and war"


def main() -> None:
    """Measure and write what came out."""
    (folder, *_), output = results.folders(__doc__, ("ml_latest_small",), "attributions.json")
    found = measured(folder)
    results.write(output, "python bench/attributions.py", {"data": folder.name, **found}, "captum", "torch")
    print(found)


def measured(folder: Path) -> dict[str, Any]:
    """Return the correlations by kind of list and method."""
    data, _ = read(folder)
    with TemporaryDirectory() as temporary:
        model = Recommender.fit(data, effort="quick", cache=Path(temporary), newcomers=False)
    model = replace(model, encoder=load_encoder("minilm"))
    reader, rng = model.reader(), np.random.default_rng(0)
    long = [row for row, text in enumerate(reader.texts) if len(WORD.findall(text)) >= WORDS]
    rows, users = rng.choice(long, ITEMS, replace=False), rng.choice(data.n_users, ITEMS, replace=False)
    request = Query(text=model.hear(ASKED), at=data.end)
    lists = {"a user's list": data.queries(users), "a request": [request] * ITEMS}
    return {name: agreement(reader, queries, rows.tolist(), rng) for name, queries in lists.items()}


def agreement(
    reader: Reader, queries: list[Query], rows: list[int], rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """Return the mean correlation with occlusion of each method."""
    found: dict[str, list[tuple[float, float]]] = {"attention": [], "gradients": [], "random": []}
    for query, row in zip(queries, rows, strict=True):
        taken = reader.attribute(query, row).given
        given = {
            "attention": reader.attribute(query, row, "attention").given,
            "gradients": reader.attribute(query, row, "gradients").given,
            "random": rng.random(len(taken)),
        }
        for name, values in given.items():
            sized = spearmanr(np.abs(values), np.abs(taken)).statistic
            found[name].append((spearmanr(values, taken).statistic, sized))
    told = {}
    for name, pairs in found.items():
        both = np.array(pairs)
        mean, error = np.nanmean(both, axis=0), np.nanstd(both, axis=0) / np.sqrt(len(both))
        told[name] = {
            "signed": round(float(mean[0]), 3), "signed error": round(float(error[0]), 3),
            "by size": round(float(mean[1]), 3), "by size error": round(float(error[1]), 3),
        }  # fmt: skip
    return told


if __name__ == "__main__":
    main()
