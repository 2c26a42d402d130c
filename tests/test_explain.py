"""Reasons: they add up to the score, and name what they rest on."""

import numpy as np
import pytest

import toy
from penchant import Recommender
from penchant.explain.reasons import sentence
from penchant.types import Query


@pytest.fixture(scope="module")
def fitted() -> Recommender:
    return Recommender.fit(toy.world().data, effort="quick")


def queries(fitted: Recommender) -> dict[str, Query]:
    """Askers with a history, without, and with a request in words."""
    text = fitted.hear("a battle of robots in deep space")
    known = fitted.data.queries(np.array([0]))[0]
    worded = Query(known.rows, known.times, known.weights, text=text, at=known.at)
    return {"known": known, "newcomer": Query(at=known.at), "words": Query(text=text), "both": worded}


@pytest.mark.parametrize("repeat", [False, True])
def test_reasons_add_up_to_the_score(fitted: Recommender, repeat: bool) -> None:
    for name, query in queries(fitted).items():
        rows, scores = fitted.rank([query], 6, repeat=repeat)
        told = fitted.explain(query, rows[0], repeat=repeat)
        sums = [sum(reason.share for reason in found) for found in told]
        np.testing.assert_allclose(sums, scores[0], atol=1e-4, err_msg=name)


def test_reasons_name_items_of_the_history_and_no_others(fitted: Recommender) -> None:
    query = queries(fitted)["known"]
    rows, _ = fitted.rank([query], 3)
    for found in fitted.explain(query, rows[0]):
        named = [reason for reason in found if reason.items]
        assert named
        assert {row for reason in named for row in reason.items} <= set(query.rows.tolist())
        titles = fitted.data.items.titles(query.rows)
        assert any(title in reason.text for reason in named for title in titles)


def test_words_are_a_reason_only_where_somebody_asked_in_words(fitted: Recommender) -> None:
    for name, query in queries(fitted).items():
        rows, _ = fitted.rank([query], 1)
        (found,) = fitted.explain(query, rows[0])
        assert any(reason.evidence == "words" for reason in found) == (query.text is not None), name


def test_what_was_had_is_told_so_where_it_comes_last(fitted: Recommender) -> None:
    lists = fitted.recommend(["120"], k=toy.N_ITEMS, repeat=True, explain=True)
    history = fitted.data.items.titles(fitted.data.queries(np.array([0]))[0].rows)
    assert sorted(lists["title"].to_list()[-len(history) :]) == sorted(history)
    for title, told in lists.select("title", "reasons").iter_rows():
        line = sentence([(one["evidence"], one["text"], one["share"]) for one in told])
        assert line.startswith("already had; otherwise: you had “") == (title in history), line
        assert any(one["text"] == "already had" for one in told) == (title in history)


def test_a_newcomer_has_no_history_to_be_told(fitted: Recommender) -> None:
    query = Query(at=fitted.data.end)
    rows, _ = fitted.rank([query], 1)
    assert not any(reason.items for reason in fitted.explain(query, rows[0])[0])
