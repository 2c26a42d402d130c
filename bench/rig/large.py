"""A log of any size with something to learn from: people with a few tastes, items that come and go.

Each person has three of `GENRES` genres and as many events as a log-normal says; each event is of one of
their genres with probability .8, of any otherwise, and takes an item of it by popularity (Zipf), among those
that are out already. Titles are words of the genre, so that texts say what behaviour says.
"""

from pathlib import Path

import numpy as np
import polars as pl

GENRES, OWN, YEAR = 200, 0.8, 365 * 86_400


def write(folder: Path, n_items: int, n_events: int, n_users: int, seed: int = 0) -> None:
    """Write interactions.parquet and items.parquet."""
    rng = np.random.default_rng(seed)
    genre_of = rng.integers(GENRES, size=n_items)
    by_genre = [np.flatnonzero(genre_of == genre) for genre in range(GENRES)]
    activity = rng.lognormal(0.0, 1.0, n_users)
    users = rng.choice(n_users, size=n_events, p=activity / activity.sum())
    tastes = rng.integers(GENRES, size=(n_users, 3))
    genres = np.where(
        rng.random(n_events) < OWN,
        tastes[users, rng.integers(3, size=n_events)],
        rng.integers(GENRES, size=n_events),
    )
    times = rng.integers(YEAR, size=n_events)
    born = np.sort(rng.integers(YEAR, size=n_items)) - YEAR // 2  # half of the items are there at the start
    items = np.empty(n_events, dtype=np.int64)
    for genre, own in enumerate(by_genre):
        there = np.flatnonzero(genres == genre)
        rank = len(own) * rng.random(len(there)) ** 3  # a few items of a genre take most
        out = np.searchsorted(born[own], times[there])  # those of them that are out already
        items[there] = own[(rank * np.maximum(out, 1) / len(own)).astype(np.int64)]
    folder.mkdir(parents=True, exist_ok=True)
    moments = pl.Series(1_700_000_000 + times).cast(pl.Int64)
    pl.DataFrame({"user_id": users, "item_id": items, "timestamp": moments}).write_parquet(
        folder / "interactions.parquet"
    )
    words = rng.integers(40, size=(n_items, 3))
    titles = [
        f"{' '.join(f'{word_of(genre, word)}' for word in own)} {item}"
        for item, (genre, own) in enumerate(zip(genre_of.tolist(), words.tolist(), strict=True))
    ]
    pl.DataFrame(
        {"item_id": np.arange(n_items), "title": titles, "genre": [word_of(genre, 99) for genre in genre_of]}
    ).write_parquet(folder / "items.parquet")


SYLLABLES = ("ba", "co", "di", "fu", "ga", "he", "ki", "lo", "mu", "na", "pe", "ri", "sa", "to", "vu", "ze")


def word_of(genre: int, word: int) -> str:
    """Return a word that stands for one of a genre's."""
    number, letters = genre * 100 + word, ""
    for _ in range(4):
        number, place = divmod(number, len(SYLLABLES))
        letters += SYLLABLES[place]
    return letters
