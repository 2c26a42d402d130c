"""Bayesian personalised ranking, library Cornac (Rendle et al. 2009)."""

from collections.abc import Iterator, Sequence

from cornac.models import BPR
from cornac_ease import recommend, table
from search import Events, Setting, grid, main

GRID = grid(k=[32, 64], lambda_reg=[0.001, 0.01], max_iter=[100, 300])


def fit(events: Events, settings: Sequence[Setting]) -> Iterator[BPR]:
    """Fit a model for each setting."""
    for setting in settings:
        yield BPR(**setting, learning_rate=0.01, seed=0).fit(table(events))


if __name__ == "__main__":
    main(GRID, fit, recommend, "cornac")
