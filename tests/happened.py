"""A small fitted bundle, its journal and an engine over both, for tests of what happens live."""

import shutil
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import toy
from penchant.live.choose import beside, open_journal
from penchant.live.engine import Engine
from penchant.live.journal import Batch, Journal
from penchant.live.records import Act
from penchant.recommender import Recommender

NOW = toy.START + 400 * toy.DAY
"""The moment at which tests begin, after all that the bundle knows."""


@cache
def model() -> Recommender:
    """The toy world fitted, without a language model; once a process."""
    return Recommender.fit(toy.world().data, effort="quick", language="none")


def bundle(folder: Path) -> Path:
    """Save the fitted toy world."""
    model().save(folder, created=toy.START + 310 * toy.DAY)
    return folder


def journal_of(folder: Path) -> Journal:
    """Open the journal beside a bundle for writing."""
    return open_journal(str(beside(folder)))


def engine_of(folder: Path, clock: Callable[[], float] = lambda: NOW) -> Engine:
    """Serve a bundle with the journal beside it."""
    return Engine(folder, journal_of(folder), clock=clock)


def acts(n: int, seed: int = 0, *, start: float = NOW, users: int = toy.N_USERS) -> list[Act]:
    """What people did live: their tastes are cut across those of the toy world, so that there is to learn."""
    rng = np.random.default_rng(seed)
    found = []
    odds = np.linspace(0.3, 3.0, toy.N_WARM // 2) ** 2
    for step in range(n):
        user = int(rng.integers(users))
        own = [item for item in range(toy.N_WARM) if (item // 2) % 2 == user % 2]
        item = own[int(rng.choice(len(own), p=odds / odds.sum()))]
        found.append(Act(str(120 + user), f"{item:03}", "view", start + 60.0 * step))
    return found


def written(journal: Journal, records: Sequence[Act]) -> int:
    """Keep records; returns the number of the last."""
    return journal.submit(Batch(list(records))).result()


def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fixture: one bundle for a file of tests."""
    return bundle(tmp_path_factory.mktemp("fitted") / "M")


def copied(fitted: Path, tmp_path: Path) -> Path:
    """A fixture: a copy of the bundle that a test may change."""
    shutil.copytree(fitted, tmp_path / "M")
    return tmp_path / "M"
