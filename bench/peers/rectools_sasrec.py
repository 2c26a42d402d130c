"""SASRec of 64 dimensions, 20 epochs, else RecTools' defaults, not searched (Kang and McAuley 2018)."""

import random
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from rectools.models import SASRecModel
from rectools_ease import recommend, table
from search import Events, Setting, main

GRID = [{"epochs": 20}]  # one setting: 20 epochs take minutes on a core, too long to try eight


def fit(events: Events, settings: Sequence[Setting]) -> Iterator[SASRecModel]:
    """Train a model for each setting."""
    for setting in settings:
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002 - the library draws from the global one
        torch.manual_seed(0)
        yield SASRecModel(n_factors=64, **setting).fit(table(events))


if __name__ == "__main__":
    main(GRID, fit, recommend, "rectools", "pandas", "torch", "pytorch-lightning")
