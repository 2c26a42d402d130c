"""Where a dense closed form stops paying: the same model solved whole and among neighbours.

    python bench/closed_forms.py [DATA …] [-o FILE]

DATA are folders of tables; without any, goodbooks10k_v1 under PENCHANT_DATA. The last fifth of each user is
held out, 3,000 users are asked. Writes bench/results/closed_forms.json.
"""

import json
from time import perf_counter
from typing import Any

import numpy as np
from rig import results
from threadpoolctl import threadpool_limits

from penchant.data.dataset import Dataset
from penchant.data.read import read
from penchant.data.split import id_ranks, last_fraction
from penchant.language.knowledge import Knowledge
from penchant.metrics import counts, hits, ndcg
from penchant.models.item_to_item import active_items
from penchant.models.scorer import best
from penchant.models.similarity import Similarity
from penchant.types import Query, Rows

FORMS = {"dense": 10**9, "among neighbours": 0}
LAMBDAS = (20.0, 60.0, 200.0)


def main() -> None:
    """Measure each folder and write what came out."""
    folders, output = results.folders(__doc__, ["goodbooks10k_v1"], "closed_forms.json")
    with threadpool_limits(1, "blas"):
        measured = {folder.name: compared(read(folder)[0]) for folder in folders}
    results.write(output, "python bench/closed_forms.py", {"data": measured})
    print(json.dumps(measured, indent=1))


def compared(data: Dataset) -> dict[str, Any]:
    """Fit both forms with each λ on one cut of a data set."""
    train, held = last_fraction(data.interactions, data.n_users, 0.2, id_ranks(data.items.vocabulary))
    world = data.with_interactions(train)
    drawn = np.sort(np.random.default_rng(0).permutation(np.unique(held.users))[:3_000])
    edges = np.searchsorted(held.users, drawn), np.searchsorted(held.users, drawn, side="right")
    asked = [
        (query, np.setdiff1d(held.items[first:last], query.rows))
        for query, first, last in zip(world.queries(drawn), *edges, strict=True)
    ]
    queries, targets = map(list, zip(*[pair for pair in asked if len(pair[1])], strict=True))
    rows = [
        {"form": form, "l2": l2, **judged(world, Similarity(l2=l2, dense=dense), queries, targets)}
        for form, dense in FORMS.items()
        for l2 in LAMBDAS
    ]
    return {"active items": len(active_items(world)), "lists": len(queries), "rows": rows}


def judged(world: Dataset, model: Similarity, queries: list[Query], targets: list[Rows]) -> dict[str, float]:
    """Return the seconds of a fit and the NDCG@20."""
    start = perf_counter()
    model.fit(world, Knowledge.none(world.n_items), rng=np.random.default_rng(0))
    seconds = perf_counter() - start
    total = 0.0
    for at in range(0, len(queries), 500):
        asked, wanted = queries[at : at + 500], targets[at : at + 500]
        scores = model.score(asked)
        for row, query in zip(scores, asked, strict=True):
            row[query.rows] = -np.inf
        total += float(ndcg(hits(best(scores, 20)[0], wanted), counts(wanted)).sum())
    return {"seconds": round(seconds, 1), "ndcg@20": round(total / len(queries), 4)}


if __name__ == "__main__":
    main()
