"""Slices and what lies beyond accuracy: they divide what they say they divide, and agree with naive loops."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.evaluate import PROTOCOLS, Evaluation, evaluate
from penchant.evaluate.answers import HEAD, MID, TAIL, UNMET, Answers, Facts, thirds
from penchant.evaluate.cuts import Surroundings, cuts, groups
from penchant.evaluate.marks import Marks
from penchant.evaluate.protocols import over_time
from penchant.evaluate.results import BEYOND, METRICS
from penchant.metrics import hits
from test_evaluate import Fixed
from toy import DAY, N_ITEMS, N_USERS, N_WARM, START, world

LIST = list(range(N_WARM + 2))


def peopled(data: Dataset) -> Dataset:
    """The toy world with an attribute of people that makes groups, one that does not, and item attributes."""
    table = pl.DataFrame(
        {"city": [f"c{u}" for u in range(N_USERS)], "sex": [None, *("fm"[u % 2] for u in range(1, N_USERS))]}
    )
    kinds = pl.DataFrame({"kind": [("red", "blue", "green")[i % 3] for i in range(N_ITEMS)]})
    items = replace(data.items, table=pl.concat([data.items.table.select("title"), kinds], how="horizontal"))
    return replace(data, users=Catalogue(data.users.vocabulary, table), items=items)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    contenders = [Fixed("ours", [5, *LIST]), Fixed("nothing", [])]
    against = [Fixed("popularity", LIST)]
    data = peopled(world().data)
    return evaluate(data, contenders, PROTOCOLS["time"], against=against, rng=np.random.default_rng(0))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30).map(np.array))
def test_thirds_hold_about_a_third_of_the_events_each(counts: np.ndarray) -> None:
    kinds = thirds(counts)
    assert ((kinds == UNMET) == (counts == 0)).all()
    for one, other in combinations((HEAD, MID, TAIL), 2):
        if (kinds == one).any() and (kinds == other).any():
            assert counts[kinds == one].min() >= counts[kinds == other].max()
    total = counts.sum()
    for most, part in ((HEAD, 1), (MID, 2)):
        held = counts[(kinds > UNMET) & (kinds <= most)].sum()
        assert held >= part * total / 3 - 1e-9 or not (kinds > most).any()


def test_facts_say_what_was_known_at_the_cut() -> None:
    data = world().data
    train = next(over_time(data)).train
    facts, events = Facts.of(train), train.interactions
    for item in range(N_ITEMS):
        own = events.items == item
        assert facts.first[item] == (events.times[own].min() if own.any() else np.inf)
        users = len(set(events.users[own].tolist()))
        assert facts.known_to[item] == pytest.approx((users + 1) / (len(set(events.users.tolist())) + 1))


def test_slices_divide_rows_and_targets() -> None:
    data = peopled(world().data)
    answers = Answers()
    for fold in over_time(data):
        answers.add(fold.tasks[1], fold)
        answers.lists.setdefault("a", []).append(np.full((len(fold.tasks[1]), 20), -1))
    around = Surroundings.of(data, fold.train)
    marks = Marks.of(answers, True, around)
    n = len(answers.lengths)
    parts: dict[str, list[tuple[int, int]]] = {}
    for cut in cuts(answers, around):
        kept, n_relevant, _ = marks.within(cut)
        parts.setdefault(cut.by, []).append((int(kept.sum()), int(n_relevant.sum())))
    targets = len(marks.wanted)
    cold = parts["known"][2]
    assert parts[""] == [(n, targets)]
    assert sum(rows for rows, _ in parts["history"]) == n - parts["known"][1][0]
    assert sum(found for _, found in parts["popularity"]) + cold[1] == targets
    assert sum(found for _, found in parts["age"]) + cold[1] == targets
    assert sum(rows for rows, _ in parts["sex"]) == n - sum(0 in users for users in answers.users)
    assert sum(rows for rows, _ in parts["fold"]) == n


def test_a_slice_of_items_counts_their_hits_alone() -> None:
    data = world().data
    fixed = Fixed("one", LIST)
    result = evaluate(data, [fixed], PROTOCOLS["last1"], rng=np.random.default_rng(0))
    (fold,) = PROTOCOLS["last1"].folds(data)
    task, facts = fold.tasks[0], Facts.of(fold.train)
    lists = fixed.rank(task.queries, 20)
    for title, kind in (("head items", HEAD), ("mid items", MID), ("tail items", TAIL)):
        wanted = [rows[facts.popularity[rows] == kind] for rows in task.targets]
        kept = [place for place, rows in enumerate(wanted) if len(rows)]
        part = next(part for part in result.tables[0].slices if part.title == title)
        found = hits(lists[kept, :10], [wanted[place] for place in kept]).any(axis=1).mean()
        assert part.lists == len(kept)
        assert part.lines[0].metrics["HR@10"].mean == pytest.approx(found)


def test_the_age_of_an_item_counts_from_its_first_event() -> None:
    data = world().data
    events = data.interactions
    late = data.with_interactions(events.where((events.items > 9) | (events.times > START + 272 * DAY)))
    result = evaluate(late, [Fixed("one", LIST)], PROTOCOLS["last1"], rng=np.random.default_rng(0))
    (fold,) = PROTOCOLS["last1"].folds(late)
    sizes = {part.title: part.lists for part in result.tables[0].slices if part.by == "age"}
    targets = np.concatenate(fold.tasks[0].targets)
    met = np.isfinite(Facts.of(fold.train).first[targets])
    new, old = (met & (targets < 10)).sum(), (met & (targets > 9)).sum()
    assert sizes == {"items up to 30 days": new, "items up to a year": old}
    assert new and old


def test_groups_are_the_first_attribute_with_few_values() -> None:
    found = groups(peopled(world().data).users)
    assert found is not None
    assert (found.attribute, found.labels) == ("sex", ("f", "m"))
    assert found.codes.tolist() == [-1, *(u % 2 for u in range(1, N_USERS))]
    users = world().data.users
    assert groups(replace(users, table=users.table.select("age"))) is None  # ages are numbers


def test_every_metric_is_reported_and_lies_between_its_bounds(evaluation: Evaluation) -> None:
    for table in evaluation.tables:
        titles = [part.title for part in table.slices]
        assert {"all", "head items", "tail items", "sex f", "sex m", "window 1"} <= set(titles)
        for part in table.slices:
            for line in part.lines:
                assert tuple(line.metrics) == METRICS
                assert all(0 <= i.low <= i.mean <= i.high <= 1 for i in line.metrics.values())
                assert tuple(line.beyond) == BEYOND
        ours, nothing, popular = table.slices[0].lines
        assert popular.beyond["serendipity@10"] == 0
        assert 0 <= ours.beyond["serendipity@10"] <= ours.metrics["Precision@10"].mean
        assert np.isnan(nothing.beyond["novelty@10"]) and np.isnan(nothing.beyond["Gini@10"])
        assert 0 < ours.beyond["Gini@10"] < 1 and 0 < ours.beyond["entropy@10"] <= np.log2(N_ITEMS)


def test_beyond_accuracy_agrees_with_loops() -> None:
    data = peopled(world().data)
    fixed = Fixed("one", [9, *LIST])
    result = evaluate(data, [fixed], PROTOCOLS["last1"], rng=np.random.default_rng(0))
    (fold,) = PROTOCOLS["last1"].folds(data)
    lists = fixed.rank(fold.tasks[0].queries, 10)
    facts, kinds = Facts.of(fold.train), np.arange(N_ITEMS) % 3
    new = [np.mean(-np.log2(facts.known_to[row])) for row in lists]
    apart = [np.mean([kinds[i] != kinds[j] for i, j in combinations(row, 2)]) for row in lists]
    head = result.tables[0].slices[0].lines[0].beyond
    assert head["novelty@10"] == pytest.approx(np.mean(new))
    assert head["diversity@10"] == pytest.approx(np.mean(apart), abs=1e-6)
    assert result.diversity == "attributes of the items"
    assert "serendipity@10" not in head  # no obvious list takes part
    shares = np.bincount(lists.ravel(), minlength=N_ITEMS) / lists.size
    shares = shares[shares > 0]
    assert head["entropy@10"] == pytest.approx(-(shares * np.log2(shares)).sum())


def test_items_without_attributes_are_compared_by_their_users() -> None:
    data = world().data
    bare = replace(data, items=replace(data.items, table=data.items.table.select("title")))
    around = Surroundings.of(bare, data)
    assert "users in common" in around.source
    assert around.vectors.shape == (N_ITEMS, N_USERS)
    result = evaluate(bare, [Fixed("a", LIST)], PROTOCOLS["last1"], rng=np.random.default_rng(0))
    assert 0 < result.tables[0].slices[0].lines[0].beyond["diversity@10"] < 1


def test_the_report_on_paper_has_it_all_and_the_terminal_todays_columns(evaluation: Evaluation) -> None:
    page = str(evaluation)
    for words in (
        "MAP@10",
        "Gini@10",
        "serendipity@10",
        "NDCG@10 by popularity",
        "NDCG@10 by sex",
        "sex f (",
    ):
        assert words in page
    assert all(part.by in ("known", "fold") for part in evaluation.tables[0].usual())
    plain = evaluation.json()["tables"][0]["slices"][0]["lines"]
    assert plain[0]["beyond"]["novelty@10"] > 0
    assert plain[1]["beyond"]["novelty@10"] is None  # lists of nothing
