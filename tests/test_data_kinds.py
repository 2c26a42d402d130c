from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.kinds import parse_weights, weight_of
from penchant.data.read import read
from penchant.data.sessions import sessions
from penchant.errors import PenchantError, SettingError, TableError
from penchant.models.history import distinct
from penchant.types import Query

KINDS = "user,item,event,ts\n1,a,view,1\n1,b,Thumbs_Down,2\n1,c,impression,3\n1,d,BUY,4\n1,a,view,90000\n"


def told(folder: Path, text: str) -> Path:
    (folder / "interactions.csv").write_text(text, encoding="utf-8")
    return folder


def test_weights_of_kinds_are_told_and_said(tmp_path: Path) -> None:
    data, report = read(told(tmp_path, KINDS), weights=parse_weights("buy=3, thumbs down=-2,impression=0.5"))
    assert data.interactions.weights.tolist() == [1, -2, 0.5, 3, 1]
    assert "BUY 1 (weight 3)" in str(report)
    assert "repeats: 1 of 4 events that count (25%) come back to an item" in str(report)
    assert "sessions: 2 (a pause of more than 30 minutes ends one), 2.5 events each" in str(report)


def test_kinds_weigh_by_their_meaning() -> None:
    assert [weight_of(kind, {}) for kind in ("view", "Purchase", "dis-like", "Remove from cart")] == [
        1,
        1,
        -1,
        0,
    ]


@pytest.mark.parametrize("text", ["view", "view=", "=1", "view=much", "view=nan", "view=1,VIEW=2"])
def test_a_wrong_weight_shows_the_form(text: str) -> None:
    with pytest.raises(SettingError, match="--weights view=1,buy=3"):
        parse_weights(text)


def test_a_weight_of_a_kind_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PenchantError, match="no event is of the kind 'sold'; the kinds are BUY, Thumbs_Down"):
        read(told(tmp_path, KINDS), weights={"sold": 1})


def test_ratings_say_what_was_liked_of_what_was_done(tmp_path: Path) -> None:
    text = (
        "user,item,event,rating,ts\n"
        + "".join(f"1,{i},rate,{i},{i}\n" for i in range(1, 6))
        + "1,9,hide,5,9\n"
    )
    data, _ = read(told(tmp_path, text), target="liked")
    assert data.interactions.weights.tolist() == [-1, -1, 0, 1, 1, -1]


def test_time_spent_is_a_value_but_no_rating(tmp_path: Path) -> None:
    data, report = read(told(tmp_path, "user,item,dwell_time,ts\n1,a,30,1\n1,b,-5,2\n"), target="liked")
    assert data.interactions.weights.tolist() == [1, 1]
    assert np.isnan(data.interactions.values[1])
    assert "1 cells of 'dwell_time' below zero: taken as unknown" in str(report)


def test_without_times_it_is_said_what_is_off(tmp_path: Path) -> None:
    rows = "".join(f"{user},{item}\n" for item in range(10, 30) for user in range(10))
    _, report = read(told(tmp_path, "user,item\n" + rows))
    assert "without an order: off are the model of transitions" in str(report)
    _, report = read(told(tmp_path, "user,item\n1,a\n2,b\n"))
    assert "without times: the order of rows stands in" in str(report)


def test_an_impression_neither_hides_a_click_nor_takes_a_place() -> None:
    query = Query(np.array([3, 1, 3, 2]), np.arange(4.0), np.array([1, 1, 0, 0], dtype=np.float32))
    rows, weights = distinct(query, 5)
    assert (rows.tolist(), weights.tolist()) == ([1, 3], [1, 1])


@given(
    st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1e5)), max_size=40),
    st.floats(0, 1e5),
)
def test_sessions_end_where_the_user_changes_or_pauses(events: list[tuple[int, float]], gap: float) -> None:
    events.sort()
    users, times = (
        np.array([user for user, _ in events], dtype=np.int64),
        np.array([time for _, time in events]),
    )
    found = sessions(users, times, gap)
    assert len(found) == len(events)
    for place in range(1, len(events)):
        new = users[place] != users[place - 1] or times[place] - times[place - 1] > gap
        assert found[place] - found[place - 1] == int(new)


ROWS = "".join(f"{row},{row % 3},{row}\n" for row in range(30))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "user_id,item_id,n\n" + ROWS,
            "UNSURE of user = user_id: every row has another one; --map user=COL decides (others: n)",
        ),
        (
            "user_id,item_id,date\n" + "1,2,x\n" * 30 + "1,2,2020-01-01\n",
            "UNSURE of time = date: 30 of 31 cells are no time",
        ),
        ("user_id,item_id,ts\n" + ROWS.replace("0,", "1,"), "all moments lie before 1971"),
        (
            "user_id,item_id,ts\n" + "".join(f"{r % 3},{r % 7},5\n" for r in range(30)),
            "all rows have the same moment",
        ),
        ("session,item,type\n1,a,view\n", "unsure: user = session (such a name may mean something else), "),
        ("user_id,item_id\n1,a\n", "interactions.csv: sure by name: user, item"),
    ],
)  # fmt: skip
def test_it_is_said_how_sure_the_choice_of_columns_is(tmp_path: Path, text: str, said: str) -> None:
    assert said.rstrip(", ") in str(read(told(tmp_path, text))[1])


def test_items_that_share_nothing_with_the_events_are_a_doubt(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item_id,sku,title\n7,a,x\n")
    _, report = read(told(tmp_path, "user_id,item_id\n1,a\n"))
    assert (
        "items.csv: UNSURE of item = item_id: its ids are none of the events' items; --map item=COL"
        in str(report)
    )


def test_a_mapping_is_remembered_until_another_replaces_it(tmp_path: Path) -> None:
    from penchant.data.mapping import FILE, remember, remembered

    told(tmp_path, "who,what,other\n1,a,x\n")
    assert remembered(tmp_path) == {}
    assert remember(tmp_path, {"user": "who", "item": "what"})
    data, report = read(tmp_path)
    assert data.users.vocabulary.texts([0]) == ["1"]
    assert f"columns: {FILE} remembers --map user=who,item=what" in str(report)
    assert "as told: user, item" in str(report)
    assert read(tmp_path, mapping={"user": "other", "item": "what"})[0].users.vocabulary.texts([0]) == ["x"]
    told(tmp_path, "user,item\n1,a\n")
    with pytest.raises(
        TableError, match=r"(?s)penchant-map.json: .*no table has a column 'who'.*take that file away"
    ):
        read(tmp_path)
    for broken in ("{", "[]", '{"user": 1}', '{"owner": "x"}'):
        (tmp_path / FILE).write_text(broken)
        with pytest.raises(TableError):
            read(tmp_path)
    assert not remember(tmp_path / "no such folder", {"user": "who"})
