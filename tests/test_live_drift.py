"""Drift: no alarm while all is as it was, one with its reason when it is not; memory stays bounded."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import happened
import toy
from penchant.live import drift as room
from penchant.live.asked import Asked
from penchant.live.drift import Drift, Span, fell, stability
from penchant.live.engine import Engine
from penchant.live.records import Act


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return happened.bundle(tmp_path_factory.mktemp("fitted") / "M")


@pytest.fixture
def engine(fitted: Path, tmp_path: Path) -> Engine:
    shutil.copytree(fitted, tmp_path / "M")
    return happened.engine_of(tmp_path / "M")


def alike(engine: Engine, n: int, kind: str = "view") -> list[Act]:
    """Events as the newest of the bundle."""
    events = engine.world.model.data.interactions
    late = events.items[events.times >= np.quantile(events.times, 0.9)]
    drawn = np.random.default_rng(0).choice(late, n)
    ids = engine.world.model.data.items.vocabulary.texts(drawn)
    return [Act(str(120 + place % 80), item, kind, happened.NOW + place) for place, item in enumerate(ids)]


def test_nothing_is_due_while_all_is_as_it_was(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "GROWN", 100.0)
    drift = Drift(engine)
    engine.observe(alike(engine, 1_500)).result()
    told = drift.told()
    assert told["events"] == 1_500 and not told["due"], told
    assert told["popularity"] < 0.1 and told["verdict"] == "nothing calls for a refresh"
    engine.close()


def test_each_reason_is_told(engine: Engine) -> None:
    drift = Drift(engine)
    rare = f"{toy.N_WARM - 1:03}"
    engine.observe(alike(engine, 600)).result()
    acts = [Act("120", rare, "buy", happened.NOW + 700 + n) for n in range(500)]
    acts += [Act("121", f"never {n}", "buy", happened.NOW + 1_300 + n) for n in range(200)]
    engine.observe(acts).result()
    told = drift.told()
    assert {one["code"] for one in told["why"]} == {"popularity", "kinds", "unknown", "grown"}, told
    again = Drift(engine)  # from the journal alone
    same = again.told()
    assert {name: same[name] for name in same if name != "hit_rate"} == {
        name: told[name] for name in told if name != "hit_rate"
    }
    engine.close()


def test_hits_are_credited_to_the_list_that_was_shown_once(engine: Engine) -> None:
    drift = Drift(engine)
    given = [engine.recommend(Asked(user=str(120 + n), k=5)) for n in range(10)]
    acts = [Act("120", given[0].ids[0], "view", happened.NOW, recommendation=given[0].id)] * 2
    acts += [Act("121", given[1].ids[0], "dislike", happened.NOW, recommendation=given[1].id)]
    engine.observe(acts).result()
    told = drift.told()
    assert [(one["lists"], one["hits"]) for one in told["hit_rate"]] == [(10, 1)]
    assert 0 <= told["cold_places"] < 1
    engine.close()


def test_a_fallen_hit_rate_is_seen() -> None:
    high, low = Span(0, 1_000, 300), Span(0, 1_000, 200)
    assert fell([high, high, low, low, Span(0, 10, 0)]) == (0.3, 0.2)
    assert fell([low, low, high, high, Span(0, 10, 0)]) is None
    assert fell([high, low]) is None
    assert fell([Span(0, 50, 30), Span(0, 50, 1), Span(0)]) is None  # too few


def test_memory_is_bounded(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LISTS", 50)
    drift = Drift(engine)
    clock = {"now": happened.NOW}
    engine.clock = lambda: clock["now"]
    for step in range(400):
        clock["now"] += 7_200.0
        engine.recommend(Asked(user="120", k=1))
        if step % 100 == 0:
            engine.observe([Act("120", "001", f"kind {n}", clock["now"]) for n in range(200)]).result()
    told = drift.told()
    assert len(told["hit_rate"]) <= room.SPANS and len(drift.waiting) <= 50
    assert sum(one["lists"] for one in told["hit_rate"]) == 400
    assert len(drift.kinds) + len(drift.before) <= 2 * (room.KINDS + 1)
    engine.close()


def test_chance_alone_is_no_shift() -> None:
    rng = np.random.default_rng(0)
    odds = np.full(10, 0.1)
    found = [
        stability(rng.multinomial(200, odds).astype(float), rng.multinomial(200, odds).astype(float))
        for _ in range(200)
    ]
    assert max(found) < 0.25 and np.median(found) < 0.05
    assert stability(np.zeros(3), np.ones(3)) == 0
