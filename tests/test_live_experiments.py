"""Experiments: who belongs where, what they get, what it came to; two lists dealt into one."""

import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import happened
import toy
from penchant.errors import InputError
from penchant.live.asked import Asked
from penchant.live.engine import Engine
from penchant.live.experiments import Experiment
from penchant.live.records import Act, Change, Record
from penchant.live.results import Tally, tallied
from penchant.live.trials import DEALT, Trials, draft
from penchant.recommender import Recommender

HALVES = [{"name": "A", "share": 0.5}, {"name": "B", "share": 0.5, "settings": {"diversity": 1.0}}]


def put(body: dict[str, Any], id: str = "try", at: float = happened.NOW) -> Change:
    return Change("experiment", id, "put", at, body)


def of(body: dict[str, Any], id: str = "try") -> Experiment:
    return Experiment.of(put(body, id), 7)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bundle M, and another one, N, that knows fewer items and less of what happened."""
    place = tmp_path_factory.mktemp("fitted")
    happened.bundle(place / "M")
    data = toy.world().first(toy.N_WARM).data
    model = Recommender.load(place / "M")
    events = data.interactions
    turned = data.with_interactions(events.where(events.items % 4 < 2))
    Recommender.fit(turned, effort="quick", language="none").save(place / "N", created=happened.NOW)
    assert model.data.n_items > toy.N_WARM
    return place


@pytest.fixture
def engine(fitted: Path, tmp_path: Path) -> Engine:
    shutil.copytree(fitted, tmp_path / "home")
    return happened.engine_of(tmp_path / "home" / "M")


def trials_of(engine: Engine) -> Trials:
    return Trials(engine, lambda folder: Engine(folder, engine.journal, clock=engine.clock))


def test_shares_are_kept_and_nobody_moves() -> None:
    plan = of({"arms": [{"name": "A", "share": 0.5}, {"name": "B", "share": 0.25}]})
    places = [plan.place(f"u{n}") for n in range(4_000)]
    counts = Counter(places)
    assert abs(counts[0] - 2_000) < 150 and abs(counts[1] - 1_000) < 130 and abs(counts[-1] - 1_000) < 130
    assert places == [plan.place(f"u{n}") for n in range(4_000)]
    grown = of({"arms": [{"name": "A", "share": 0.5}, {"name": "B", "share": 0.5}]})
    assert all(grown.place(f"u{n}") == place for n, place in enumerate(places) if place >= 0)
    other = of({"arms": HALVES}, "another")
    both = [(grown.place(f"u{n}"), other.place(f"u{n}")) for n in range(4_000)]
    assert all(abs(count - 1_000) < 130 for count in Counter(both).values())  # independent of each other


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "needs 2 to 10 arms"),
        ({"arms": [HALVES[0]]}, "needs 2 to 10 arms"),
        ({"arms": [HALVES[0], HALVES[0]]}, "same name"),
        ({"arms": [{"name": "A", "share": 0.9}, {"name": "B", "share": 0.2}]}, "more than 1"),
        ({"arms": [{"name": "A/b", "share": 0.9}, HALVES[1]]}, "no /"),
        ({"arms": [{"name": "A", "share": True}, HALVES[1]]}, "share"),
        ({"arms": [{"name": "A", "share": 0.1, "settings": {"k": 3}}, HALVES[1]]}, "setting 'k'"),
        ({"arms": [{"name": "A", "share": 0.1, "settings": {"diversity": 2}}, HALVES[1]]}, "diversity"),
        ({"arms": HALVES, "kind": "race"}, "kind"),
        ({"arms": [*HALVES, {"name": "C", "share": 0.0}], "kind": "interleave"}, "two arms share"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(body: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        of(body)


NAMES = st.sampled_from(["name", "share", "bundle", "settings", "arms", "kind", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["arms", "kind", "scenario", "running", "note"]), JSON), st.text())
def test_anything_else_is_an_input_error(body: dict[str, Any], id: str) -> None:
    with suppress(InputError):
        of(body, id)


def test_each_side_gets_its_own_lists_and_the_journal_says_which(engine: Engine) -> None:
    trials = trials_of(engine)
    assert engine.router is None
    trials.put(put({"arms": HALVES}))
    plan = trials.known["try"]
    for n in range(20):
        person = str(120 + n)
        given = engine.recommend(Asked(user=person, k=6))
        side = plan.arms[plan.place(f"u{person}")]
        assert given.arm == f"try/{side.name}"
        again = engine.kept(Asked(user=person, k=6))
        assert again is not None and (again.arm, again.ids) == (given.arm, given.ids)
        plain = engine.recommend(Asked(user=person, k=6, diversity=1.0, arm="by hand"))
        assert (given.ids == plain.ids) or side.name == "A"
        assert engine.why(given.id, given.ids[0]).exact
    assert not engine.recommend(Asked(k=3)).arm  # nobody
    assert engine.recommend(Asked(session="s", k=3)).arm
    trials.put(put({"arms": HALVES, "running": False}))
    assert engine.router is None and not engine.recommend(Asked(user="120")).arm
    engine.unwritten.settle()
    shown = [record for _, record in engine.journal.replay() if hasattr(record, "arm")]
    assert {one.arm for one in shown} >= {"", "try/A", "try/B"}
    engine.close()


def test_bundles_stand_side_by_side_and_both_live(engine: Engine) -> None:
    other = str(engine.folder.parent / "N")
    arms = [{"name": "A", "share": 0.5}, {"name": "B", "share": 0.5, "bundle": other}]
    trials = trials_of(engine)
    assert not trials.load(other)
    trials.put(put({"arms": arms}))
    plan = trials.known["try"]
    seen: dict[str, set[str]] = {"A": set(), "B": set()}
    for n in range(30):
        person = str(120 + n)
        before = engine.recommend(Asked(user=person, k=5, explain=True))
        name = plan.arms[plan.place(f"u{person}")].name
        seen[name].add(before.version)
        engine.observe([Act(person, before.ids[0], "view", happened.NOW)]).result()
        after = engine.recommend(Asked(user=person, k=5))
        assert before.ids[0] not in after.ids, name  # the very next list, on both sides
        assert engine.why(before.id, before.ids[1]).exact
    assert len(seen["A"]) == len(seen["B"]) == 1 and seen["A"] != seen["B"]
    # a restart gives everybody the same side; a bundle that is gone costs its people nothing but the arm
    again = trials_of(engine)
    assert set(again.sides) == {other}
    shutil.rmtree(other)
    broken = trials_of(engine)
    assert set(broken.broken) == {other}
    assert {engine.recommend(Asked(user=str(120 + n))).arm for n in range(30)} == {"try/A", ""}
    engine.close()


def test_two_lists_are_dealt_into_one(engine: Engine) -> None:
    other = str(engine.folder.parent / "N")
    trials = trials_of(engine)
    trials.load(other)
    arms = [{"name": "A", "share": 0.5}, {"name": "B", "share": 0.5, "bundle": other}]
    trials.put(put({"kind": "interleave", "arms": arms}))
    for n in range(10):
        given = engine.recommend(Asked(user=str(120 + n), k=8, explain=True))
        assert (given.policy, given.arm, len(set(given.ids))) == (DEALT, "try/", 8)
        engine.observe(
            [Act(str(120 + n), given.ids[0], "view", happened.NOW, recommendation=given.id)]
        ).result()
        engine.unwritten.settle()
        shown = engine.journal.shown(given.id)
        assert shown is not None and len(shown.request["teams"]) == 8
        assert engine.kept(Asked(user=str(120 + n), k=8)) is None
    told = Tally(trials.known["try"], engine.weight).read(engine.journal).told()
    assert told["lists"] == 10 and sum(arm["wins"] for arm in told["arms"]) == 10
    engine.close()


@given(st.permutations(range(12)), st.permutations(range(12)), st.integers(1, 15), st.integers(0, 9))
def test_a_draft_is_fair(first: list[int], second: list[int], k: int, seed: int) -> None:
    a, b = np.array(first[:8]), np.array(second[:8])
    rows, teams, places = draft(a, b, k, np.random.default_rng(seed))
    assert len(rows) == min(k, len(set(first[:8]) | set(second[:8]))) == len(set(rows.tolist()))
    for row, team, place in zip(rows.tolist(), teams, places, strict=True):
        assert (a, b)[team][place] == row
    whole = min(len(rows) - len(rows) % 2, 6)
    assert teams[:whole].count(0) == whole // 2
    for team, own in ((0, a), (1, b)):  # each side keeps its order
        mine = [place for place, t in zip(places, teams, strict=True) if t == team]
        assert mine == sorted(mine) and len(own) == 8


def test_results_find_a_difference_and_count_people(engine: Engine) -> None:
    trials = trials_of(engine)
    trials.put(put({"arms": [{"name": "A", "share": 0.5}, {"name": "B", "share": 0.5}]}))
    plan, rng = trials.known["try"], np.random.default_rng(0)
    records: list[Record] = []
    shown = engine.recommend(Asked(user="120", k=2))
    kept = None
    while kept is None:
        kept = engine.journal.shown(shown.id)
    for n in range(2_000):
        arm = plan.place(f"uperson {n}")
        name = f"list {n}"
        records.append(replace(kept, id=name, user=f"person {n}", arm=plan.tag(arm)))
        if rng.random() < (0.2, 0.35)[arm]:
            records += [Act(f"person {n}", kept.items[0], "view", happened.NOW, recommendation=name)] * 2
        elif rng.random() < 0.3:  # what is no acceptance
            records.append(Act(f"person {n}", kept.items[0], "dislike", happened.NOW, recommendation=name))
            records.append(Act(f"person {n}", "not in it", "view", happened.NOW, recommendation=name))
    happened.written(engine.journal, records)  # type: ignore[arg-type]
    tally = Tally(plan, engine.weight).read(engine.journal)
    told = tally.told()
    a, b = told["arms"]
    assert a["people"] + b["people"] == 2_001 and b["difference_interval"][0] > 0
    assert b["best"] > 0.99 and told["verdict"] == "B is better than A"
    assert a["interval"][0] < 0.2 < a["interval"][1] and a["acts_per_list"] == pytest.approx(
        2 * a["acceptance"]
    )
    assert tally.read(engine.journal).told() == told  # nothing twice
    offline = tallied(engine.journal, "try", engine.weight)
    assert offline is not None and offline.told() == told
    trials.put(put({"arms": [{"name": "A", "share": 0.5}, {"name": "B", "share": 0.5}], "running": False}))
    stopped = tallied(engine.journal, "try", engine.weight)
    assert stopped is not None and stopped.told()["arms"] == told["arms"]
    trials.put(put({"arms": HALVES}))  # other arms: it begins anew
    anew = tallied(engine.journal, "try", engine.weight)
    assert anew is not None and anew.told()["verdict"] == "too few people to say anything"
    assert tallied(engine.journal, "no such", engine.weight) is None
    engine.close()
