"""Bayesian personalised ranking, library implicit (Rendle et al. 2009)."""

from collections.abc import Iterator, Sequence

from implicit.bpr import BayesianPersonalizedRanking
from search import Events, Lists, Setting, grid, main

GRID = grid(factors=[32, 64], regularization=[0.01, 0.05], iterations=[100, 200])


def fit(events: Events, settings: Sequence[Setting]) -> Iterator[BayesianPersonalizedRanking]:
    """Fit a model for each setting."""
    for setting in settings:
        model = BayesianPersonalizedRanking(**setting, num_threads=1, random_state=0)
        model.fit(events.matrix(), show_progress=False)
        yield model


def recommend(model: BayesianPersonalizedRanking, events: Events) -> Lists:
    """Rank all items for all users."""
    return events.best(model.user_factors @ model.item_factors.T)


if __name__ == "__main__":
    main(GRID, fit, recommend, "implicit")
