"""A world whose words say who likes what, for tests of teaching a language model."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.vocabulary import Vocabulary
from penchant.language.adapt.halves import Halves
from penchant.language.adapt.lessons import Lessons
from penchant.rank.lessons import lessons_of

N_ITEMS, N_USERS = 96, 80
COLOURS = ("amber", "cobalt", "crimson", "emerald", "indigo", "scarlet", "turquoise", "violet")
FACTS = {"began_as": "minilm", "data": {"items": N_ITEMS, "people": N_USERS, "fingerprint": "0" * 64}}


def world(seed: int = 0) -> tuple[Dataset, list[str]]:
    """Half of the colours are liked by even people, half by odd ones: nothing that a language model knows."""
    rng = np.random.default_rng(seed)
    texts = [f"A {COLOURS[item % 8]} thing, number {item}" for item in range(N_ITEMS)]
    taste = (np.arange(N_ITEMS) % 8) % 2
    users, items, times = [], [], []
    for user in range(N_USERS):
        own = rng.permutation(np.flatnonzero(taste == user % 2))[:14]
        users += [user] * len(own)
        items += own.tolist()
        times += np.sort(rng.uniform(1e9, 1e9 + 1e7, len(own))).tolist()
    stars = np.where(np.array(items) % 3 == 0, 2.0, 5.0).astype(np.float32)
    columns = np.array(users), np.array(items), np.array(times), np.ones(len(users), dtype=np.float32), stars
    catalogue = Catalogue(
        Vocabulary(pl.Series([str(item) for item in range(N_ITEMS)])), pl.DataFrame({"title": texts}), "title"
    )
    people = Catalogue(Vocabulary(pl.Series([str(user) for user in range(N_USERS)])), pl.DataFrame())
    words = ["something crimson", "any amber one"]
    asked = pl.DataFrame(
        {
            "text": words,
            "items": [[2], [0]],
            "user": [-1, -1],
            "time": [None, None],
        },
        schema={"text": pl.String, "items": pl.List(pl.Int64), "user": pl.Int64, "time": pl.Float64},
    )
    events = Interactions.sorted(*columns, "time")
    return Dataset(events, catalogue, people, requests=asked, scale=(2.0, 5.0)), texts


def alone() -> Iterator[None]:
    """Let torch use one thread: on a shared processor two wait for each other at each product."""
    import torch

    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(usual)


def learnable() -> Lessons:
    """A fixture: what there is to learn in the world."""
    data, texts = world()
    return lessons_of(data, texts, seed=0)


def halved() -> Halves:
    """A fixture: the bundled encoder, of which one layer learns."""
    return Halves.of("minilm", layers=1, max_tokens=24)
