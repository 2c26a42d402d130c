"""The search of settings: within its budget, the same every time, right where settings do not interact."""

from collections.abc import Mapping, Sequence
from typing import Any

from penchant.tune.coordinates import search

SPACE: Mapping[str, Sequence[Any]] = {"a": [0, 1, 2, 3, 4], "b": [10, 20, 30], "c": [True, False]}
START = {"a": 0, "b": 20, "c": True}


def separable(settings: Mapping[str, Any]) -> float:
    return float(-abs(settings["a"] - 3) - abs(settings["b"] - 10) / 10 - settings["c"])


def test_it_finds_the_best_of_a_separable_function() -> None:
    best, top, calls = search(START, SPACE, separable, trials=100)
    assert best == {"a": 3, "b": 10, "c": False}
    assert top == separable(best)
    assert calls < 5 * 3 * 2


def test_it_stays_within_its_trials_and_asks_nothing_twice() -> None:
    for trials in range(12):
        asked: list[tuple[Any, ...]] = []

        def score(settings: dict[str, Any], asked: list[tuple[Any, ...]] = asked) -> float:
            asked.append(tuple(settings.values()))
            return separable(settings)

        best, _, calls = search(START, SPACE, score, trials=trials)
        assert len(asked) == len(set(asked)) == calls <= trials
        assert separable(best) >= separable(START)


def test_it_answers_the_same_every_time_and_leaves_its_input_alone() -> None:
    start = dict(START)
    answers = [search(start, SPACE, separable, trials=7) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert start == START
