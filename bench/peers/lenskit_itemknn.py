"""Item-item neighbours by cosine, library LensKit (Deshpande and Karypis 2004)."""

from collections.abc import Iterator, Sequence

import pandas as pd
from lenskit.batch import recommend as batch
from lenskit.data import Dataset, from_interactions_df
from lenskit.knn import ItemKNNScorer
from lenskit.pipeline import Component, Pipeline, topn_pipeline
from lenskit.training import TrainingOptions
from search import Events, K, Lists, Setting, grid, main

GRID = grid(max_nbrs=[5, 10, 20, 30, 50, 100, 200, 500])


def table(events: Events) -> Dataset:
    """Return the events as LensKit wants them, without ratings."""
    columns = events.columns()
    return from_interactions_df(pd.DataFrame({name: columns[name] for name in ("user_id", "item_id")}))


def trained(scorer: Component, events: Events) -> Pipeline:
    """Return a pipeline that leaves out what was met."""
    pipeline = topn_pipeline(scorer, n=K)
    pipeline.train(table(events), TrainingOptions(rng=0))
    return pipeline


def fit(events: Events, settings: Sequence[Setting]) -> Iterator[Pipeline]:
    """Fit a model for each setting."""
    for setting in settings:
        yield trained(ItemKNNScorer(**setting, feedback="implicit"), events)


def recommend(model: Pipeline, events: Events) -> Lists:
    """Rank all items for all users."""
    found = batch(model, events.user_ids, K, n_jobs=1)
    return {key.user_id: [str(item) for item in items.ids()] for key, items in found.items()}


if __name__ == "__main__":
    main(GRID, fit, recommend, "lenskit", "pandas", "torch")
