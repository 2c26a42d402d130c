"""SASRec of 64 dimensions, else RecTools' defaults; epochs are searched (Kang and McAuley 2018)."""

import random
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from rectools.models import SASRecModel
from rectools_ease import recommend, table
from search import Events, Setting, grid, main

GRID = grid(epochs=[10, 20, 30, 40, 50, 60, 80, 100])


def fit(events: Events, settings: Sequence[Setting]) -> Iterator[SASRecModel]:
    """Train one model on from one number of epochs to the next."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - the library draws from the global one
    torch.manual_seed(0)
    model, done = SASRecModel(n_factors=64, epochs=settings[0]["epochs"]), 0
    for setting in settings:
        epochs = setting["epochs"] - done
        yield model.fit_partial(table(events), min_epochs=epochs, max_epochs=epochs)
        done = setting["epochs"]


if __name__ == "__main__":
    main(GRID, fit, recommend, "rectools", "pandas", "torch", "pytorch-lightning")
