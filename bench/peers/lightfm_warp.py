"""Factorisation with the WARP loss, library LightFM (Weston et al. 2011)."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from lightfm import LightFM
from search import Events, Lists, Setting, grid, main

GRID = grid(no_components=[32, 64], epochs=[20, 40, 80, 160])


def fit(events: Events, settings: Sequence[Setting]) -> Iterator[LightFM]:
    """Fit a model for each size and train it on from one number of epochs to the next."""
    for size, some in groupby(settings, lambda setting: setting["no_components"]):
        model, done = LightFM(no_components=size, loss="warp", random_state=0), 0
        for setting in some:
            model.fit_partial(events.matrix(), epochs=setting["epochs"] - done)
            done = setting["epochs"]
            yield model


def recommend(model: LightFM, events: Events) -> Lists:
    """Rank all items for all users."""
    _, users = model.get_user_representations()
    item_biases, items = model.get_item_representations()
    return events.best(users @ items.T + item_biases)


if __name__ == "__main__":
    main(GRID, fit, recommend, "lightfm")
