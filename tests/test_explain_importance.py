"""Importance of attributes: what tells the taste matters, what is noise does not, for items and people."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import toy
from penchant import Recommender
from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.errors import SettingError
from penchant.explain.importance import importances
from penchant.language.knowledge import Knowledge
from penchant.rank.blend import Blend
from penchant.rank.ranking import Plan
from penchant.rank.trust import Blends


def described() -> Dataset:
    """The genre tells the taste, the colour nothing; the club of people tells theirs, the age nothing."""
    data = toy.world().data
    rows = np.arange(toy.N_ITEMS)
    table = pl.DataFrame(
        {"genre": [f"taste {r % 2}" for r in rows], "colour": [f"no {r // 2 % 2}" for r in rows]}
    )
    return replace(data, items=Catalogue(data.items.vocabulary, table))


@pytest.fixture(scope="module")
def model() -> Recommender:
    return Recommender.fit(described(), language="none", effort="quick")


def trusting(plan: Plan, name: str) -> Plan:
    """The same plan, but lists go by one source alone."""
    only = Blend.equal(plan.blends.new.names, {name: 1.0}, {name: 1.0})
    return replace(plan, blends=Blends(only, only))


def found(model: Recommender, plan: Plan) -> dict[tuple[str, str], float]:
    table = importances(model.data, model.knowledge, plan, repeats=3)
    known = table.filter(pl.col("questions") == "known items")
    return {line[:2]: line[2] for line in known.select("table", "attribute", "importance").rows()}


def test_what_tells_the_taste_matters_and_noise_does_not(model: Recommender) -> None:
    plan = model.ranking.plan
    by_items = found(model, trusting(plan, "content"))
    assert by_items["items", "genre"] > by_items["items", "colour"] + 0.1
    assert by_items["users", "club"] == by_items["users", "age"] == 0.0
    by_people = found(model, trusting(plan, "features"))
    assert by_people["users", "club"] > by_people["users", "age"] + 0.1
    assert by_people["items", "genre"] == 0.0
    assert set(by_items) == {("items", "genre"), ("items", "colour"), ("users", "age"), ("users", "club")}


def test_the_table_is_whole_and_the_same_every_time(model: Recommender) -> None:
    told: list[tuple[int, int]] = []
    plan = model.ranking.plan
    table = importances(
        model.data, model.knowledge, plan, repeats=2, progress=lambda a, b: told.append((a, b))
    )
    assert table.columns == ["table", "attribute", "questions", "lists", "ndcg", "importance", "deviation"]
    assert told == [(n, 4) for n in range(1, 5)]
    assert table["ndcg"].is_between(0, 1).all()
    assert importances(model.data, model.knowledge, plan, repeats=2).equals(table)


def test_a_bundle_says_the_same(model: Recommender, tmp_path: Path) -> None:
    model.save(tmp_path / "MODEL")
    opened = Recommender.load(tmp_path / "MODEL")
    one = importances(model.data, model.knowledge, model.ranking.plan, repeats=1)
    assert importances(opened.data, opened.knowledge, opened.ranking.plan, repeats=1).equals(one)


def test_without_attributes_or_events_it_says_what_is_missing(model: Recommender) -> None:
    bare = replace(
        model.data,
        items=Catalogue(model.data.items.vocabulary, pl.DataFrame()),
        users=Catalogue(model.data.users.vocabulary, pl.DataFrame()),
    ).with_traits()
    nothing = Knowledge.none(bare.n_items)
    with pytest.raises(SettingError, match="nothing is known"):
        importances(bare, nothing, model.ranking.plan)
    none = bare.interactions.where(np.zeros(len(bare.interactions), dtype=bool))
    with pytest.raises(SettingError, match="too few events"):
        importances(bare.with_interactions(none), nothing, model.ranking.plan)
