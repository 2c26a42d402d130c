"""Weighted matrix factorisation by alternating least squares, library LensKit (Hu et al. 2008)."""

from collections.abc import Iterator, Sequence

from lenskit.als import ImplicitMFScorer
from lenskit.pipeline import Pipeline
from lenskit_itemknn import recommend, trained
from search import Events, Setting, grid, main

GRID = grid(embedding_size=[64, 128], regularization=[5.0, 10.0], weight=[1.0, 2.0])


def fit(events: Events, settings: Sequence[Setting]) -> Iterator[Pipeline]:
    """Fit a model for each setting."""
    for setting in settings:
        yield trained(ImplicitMFScorer(**setting, epochs=15), events)


if __name__ == "__main__":
    main(GRID, fit, recommend, "lenskit", "pandas", "torch")
