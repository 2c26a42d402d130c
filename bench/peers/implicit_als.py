"""Weighted matrix factorisation by alternating least squares, library implicit (Hu et al. 2008)."""

from collections.abc import Iterator, Sequence

from implicit.als import AlternatingLeastSquares
from search import Events, Lists, Setting, grid, main

GRID = grid(factors=[64, 128], regularization=[5.0, 10.0], alpha=[1.0, 2.0])


def fit(events: Events, settings: Sequence[Setting]) -> Iterator[AlternatingLeastSquares]:
    """Fit a model for each setting."""
    for setting in settings:
        model = AlternatingLeastSquares(**setting, iterations=15, random_state=0)
        model.fit(events.matrix(), show_progress=False)
        yield model


def recommend(model: AlternatingLeastSquares, events: Events) -> Lists:
    """Rank all items for all users."""
    return events.best(model.user_factors @ model.item_factors.T)


if __name__ == "__main__":
    main(GRID, fit, recommend, "implicit")
