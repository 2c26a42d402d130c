"""Probabilities judged: who knows wins, who exaggerates is told so, samples stand for all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markup import checked
from penchant import metrics
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.evaluate import PROTOCOLS, Entrant, evaluate
from penchant.evaluate.chances import Popular, Taken, floors
from penchant.evaluate.clicks import Clicks, verdict
from penchant.rank.calibration import Pairs
from penchant.rank.rehearsal import Questions
from penchant.recommender import Recommender
from penchant.types import Query, Rows, Vectors
from test_evaluate import Fixed
from toy import DAY, world

SPAN = 5 * DAY


@dataclass
class Oracle:
    """Gives a chance to each pair by a function of the user's key and the item."""

    name: str
    chance: Callable[[str, int], float]
    span: float | None = SPAN
    settings: dict[str, Any] = field(default_factory=dict)

    def fit(self, data: Dataset, *, first: bool) -> Self:
        return self

    def chances(self, queries: Sequence[Query], places: Rows, items: Rows) -> Vectors:
        pairs = zip(places.tolist(), items.tolist(), strict=True)
        return np.array([self.chance(queries[place].key, item) for place, item in pairs], dtype=np.float32)


def judged(data: Dataset, oracles: Sequence[Any], protocol: str = "time") -> Clicks:
    rng = np.random.default_rng(0)
    some = [Fixed("a", [1])]
    found = evaluate(data, [], PROTOCOLS[protocol], against=some, rng=rng, foretellers=oracles)
    assert found.clicks is not None
    checked(found.html())
    assert found.json()["clicks"]["pairs"] == found.clicks.pairs
    assert "## probabilities" in str(found)
    return found.clicks


def taste(key: str, item: int) -> float:
    return 0.2 if item % 2 == int(key) % 2 and item < 20 else 0.001


def test_who_knows_the_taste_is_better_and_who_exaggerates_is_told_so() -> None:
    data = world().data
    flat = Oracle("flat", lambda key, item: 0.1)
    found = judged(
        data, [Oracle("knows", taste), flat, Oracle("shouts", lambda k, i: min(1.0, 4 * taste(k, i)))]
    )
    knows, none, shouts = found.lines
    assert knows.by_user.mean > 0.9 > none.by_user.mean == 0.5
    assert knows.auc.low > none.auc.mean == 0.5
    assert shouts.auc == pytest.approx(knows.auc, abs=0.02)  # the order is the same
    assert shouts.ratio.mean == pytest.approx(4 * knows.ratio.mean, rel=1e-3)
    assert shouts.error.mean > knows.error.mean
    gaps = {(gap.metric, gap.other): verdict(gap) for gap in found.differences}
    assert gaps["log loss", "flat"] == gaps["AUC by user", "flat"] == gaps["log loss", "shouts"] == "better"
    for line in found.lines:
        assert sum(point.pairs for point in line.curve) == pytest.approx(found.whole)
        came = sum(point.pairs * point.taken.mean for point in line.curve)
        assert came == pytest.approx(found.taken)


def test_a_sample_stands_for_all_that_was_not_taken() -> None:
    data = world().data
    queries, targets = data.queries(np.arange(20)), [np.array([row]) for row in world().withheld[:20]]
    group = Questions("return", queries, targets, data.interactions)

    def foretold(seed: int, most: int) -> tuple[float, float]:
        pairs = Pairs.of(group, np.random.default_rng(seed), data.n_items, most)
        chances = Oracle("knows", taste).chances(queries, pairs.places, pairs.items)
        return float(pairs.weights @ chances), float(pairs.weights.sum())

    told, whole = foretold(0, data.n_items)
    drawn = [foretold(seed, 8) for seed in range(100)]
    assert np.mean([one for one, _ in drawn]) == pytest.approx(told, rel=0.02)
    assert all(n == pytest.approx(whole) for _, n in drawn)
    met = sum(len(np.union1d(query.rows, rows)) - 1 for query, rows in zip(queries, targets, strict=True))
    assert whole == 20 * data.n_items - met


def test_only_what_follows_within_the_span_is_asked() -> None:
    data = world().data
    short, long = (judged(data, [Oracle("knows", taste, span=days * DAY)]) for days in (2, 5))
    assert 0 < short.taken < long.taken
    never = judged(data, [Oracle("knows", taste, span=400 * DAY)])
    assert not never.lines
    assert "the log ends within the span" in never.notes[0]
    unasked = judged(data, [Oracle("knows", taste, span=None)])
    assert "nothing to learn" in unasked.notes[0]
    leaky = judged(data, [Oracle("knows", taste)], "last20")
    assert "--protocol time" in leaky.notes[0]


def shown(data: Dataset) -> Dataset:
    """Whoever takes an item was shown one of the other taste beside it at that moment."""
    events = data.interactions
    beside = np.where(events.items % 2 == 0, events.items + 1, events.items - 1)
    both = Interactions.sorted(
        np.concatenate((events.users, events.users)),
        np.concatenate((events.items, beside)),
        np.concatenate((events.times, events.times)),
        np.concatenate((events.weights, np.zeros_like(events.weights))),
        np.concatenate((events.values, events.values)),
        "time",
    )
    return data.with_interactions(both)


def test_within_what_was_shown_the_taken_one_stands_above() -> None:
    flat = Oracle("flat", lambda key, item: 0.1)
    found = judged(shown(world().data), [Oracle("knows", taste), flat])
    assert found.shown > 10
    assert [line.within.mean for line in found.lines if line.within] == [1.0, 0.5]
    assert found.rows()[0][-1] == "AUC within what was shown"
    assert judged(world().data, [flat]).lines[0].within is None


def test_ours_and_the_floors_answer_the_same_pairs() -> None:
    data = world().data
    entrant = Entrant("penchant", lambda train: Recommender.fit(train, effort="quick", language="none"))
    rng = np.random.default_rng(0)
    found = evaluate(
        data, [entrant], PROTOCOLS["time"], rng=rng, foretellers=[Taken(entrant), *floors()]
    ).clicks
    assert found is not None
    lines = {line.name: line for line in found.lines}
    assert list(lines) == ["penchant", "popularity", "base rate"]
    assert lines["penchant"].by_user.mean > lines["popularity"].by_user.mean
    assert lines["base rate"].auc.mean == 0.5
    assert len(lines["base rate"].curve) == 1
    assert Popular("popularity").span is None


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(1, 3)), min_size=1, max_size=20))
def test_a_weight_is_so_many_rows(rows: list[tuple[int, int, int]]) -> None:
    clicked, eighths, times = np.array(rows).T
    p, repeated = eighths / 8, np.repeat(np.arange(len(rows)), times)
    for metric in (metrics.auc, metrics.log_loss, metrics.expected_calibration_error):
        weighed = metric(clicked, p, weights=times)
        assert weighed == pytest.approx(metric(clicked[repeated], p[repeated]), nan_ok=True)
    bounds = metrics.equal_clicks(p, weights=times, bins=3)
    assert bounds[0] == 0
    assert bounds[-1] == 1
    assert (np.diff(bounds) > 0).all()
    found = metrics.reliability(clicked, p, weights=times, bounds=bounds)
    assert found.counts.sum() == times.sum()


def test_weights_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="weight"):
        metrics.log_loss(np.array([1]), np.array([0.5]), weights=np.array([-1.0]))
