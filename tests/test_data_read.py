from pathlib import Path

import numpy as np
import polars as pl
import pytest

from penchant.data.read import read
from penchant.errors import TableError

HEADER = "user_id,item_id,timestamp,rating\n"


def folder_of(folder: Path, **tables: str) -> Path:
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_ugly_rows_are_dropped_and_each_kind_is_counted(tmp_path: Path) -> None:
    rows = [
        "1,a,1000000000,5",
        "1,a,1000000000,5",
        "1,a,1000000060,5",
        "1,a,1000000000,4",
        ",a,1000000000,5",
        "1,,1000000000,5",
        "1,b,never,5",
        "1,b,inf,5",
        "1,b,,5",
        "2,b,1000000000,good",
        "2,c,1000000000,inf",
    ]
    data, report = read(folder_of(tmp_path, interactions=HEADER + "\n".join(rows) + "\n"))
    assert len(data.interactions) == 5
    assert np.isnan(data.interactions.values).sum() == 2
    text = str(report)
    for line in (
        "interactions: interactions.csv, 11 rows: user = user_id, item = item_id, time = timestamp, "
        "value = rating",
        "1 rows without user: dropped",
        "1 rows without item: dropped",
        "2 unreadable times in 'timestamp': dropped",
        "1 rows without a time in 'timestamp': dropped",
        "1 rows that repeat another row in every column: dropped",
        "2 cells of 'rating' that are no finite number: taken as unknown",
        "clock: time, 2001-09-09 to 2001-09-09 UTC (read as seconds)",
        "events: 5 of 2 users on 3 items",
    ):
        assert line in text


def test_nothing_left_says_why(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"(?s)no usable row is left.*2 unreadable times"):
        read(folder_of(tmp_path, interactions=HEADER + "1,a,x,5\n1,b,y,5\n"))


def test_text_ids_keep_their_zeros_and_parquet_its_type(tmp_path: Path) -> None:
    data, _ = read(folder_of(tmp_path, interactions="user,item\n007,1\n7,1\n7.0,1\n"))
    assert sorted(data.users.vocabulary.ids) == ["007", "7", "7.0"]
    (tmp_path / "interactions.csv").unlink()
    frame = pl.DataFrame({"user_id": [7.0, 8.0], "item_id": [1, 2], "timestamp": [1, 2]})
    frame.write_parquet(tmp_path / "interactions.parquet")
    pl.DataFrame({"item_id": ["1", "2"], "title": ["x", "y"]}).write_parquet(tmp_path / "items.parquet")
    data, report = read(tmp_path)
    assert sorted(data.users.vocabulary.ids) == [7, 8]
    assert sorted(data.items.titles(np.arange(2))) == ["x", "y"]
    assert "not in it" not in str(report)


def test_quantities_of_returns_are_dropped(tmp_path: Path) -> None:
    data, report = read(folder_of(tmp_path, interactions="user,item,quantity\n1,a,3\n1,b,-2\n1,c,0\n2,b,1\n"))
    assert sorted(data.interactions.values) == [1, 3]
    assert "2 rows with a 'quantity' of zero or less (returns, cancellations): dropped" in str(report)


def test_kinds_of_events_weigh(tmp_path: Path) -> None:
    text = "user,item,event,ts\n1,a,view,1\n1,b,Thumbs_Down,2\n1,c,impression,3\n1,d,BUY,4\n"
    data, report = read(folder_of(tmp_path, interactions=text))
    assert data.interactions.weights.tolist() == [1, -1, 0, 1]
    assert "Thumbs_Down 1 (against)" in str(report)
    assert "1 count against, 1 say nothing" in str(report)


def test_target_liked_asks_the_ratings(tmp_path: Path) -> None:
    text = HEADER + "".join(f"1,i{value},{value},{value}\n" for value in range(1, 6)) + "2,x,9,\n"
    folder = folder_of(tmp_path, interactions=text)
    assert set(read(folder)[0].interactions.weights) == {1}
    data, report = read(folder, target="liked")
    known = data.interactions.where(~np.isnan(data.interactions.values))
    assert known.weights.tolist() == [-1, -1, 0, 1, 1]
    assert data.interactions.weights.sum() == 0
    assert (
        "'rating' runs from 1 to 5; 2 of 3.4 or more are liked, 2 below 3 count against, 2 say nothing"
        in str(report)
    )


def test_no_time_leaves_the_order_of_the_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = "".join(f"{u},{i}\n" for u, i in zip(rng.integers(0, 9, 90), rng.integers(0, 30, 90), strict=True))
    data, report = read(folder_of(tmp_path, interactions="user,item\n" + rows))
    assert data.interactions.clock == "order"
    assert len(data.interactions) == 90  # a repeat in an ordered log is an event
    assert sorted(data.interactions.times) == list(range(90))
    assert "clock: order" in str(report)


@pytest.mark.parametrize("by", [["item"], ["user", "item"]])
@pytest.mark.parametrize("text_ids", [False, True])
def test_a_file_sorted_by_item_has_no_clock(tmp_path: Path, by: list[str], text_ids: bool) -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"user": rng.integers(0, 40, 600), "item": rng.integers(0, 300, 600)}).unique()
    frame = frame.sort(by, maintain_order=True)
    frame.cast(pl.String if text_ids else pl.Int64).write_parquet(tmp_path / "interactions.parquet")
    data, report = read(tmp_path)
    assert data.interactions.clock == "none"
    assert not data.interactions.times.any()
    assert "clock: none" in str(report)


def test_without_a_clock_users_do_not_end_with_the_same_items(tmp_path: Path) -> None:
    pairs = [(user, item) for item in range(20) for user in range(50)]
    pl.DataFrame(pairs, schema=["user", "item"], orient="row").write_parquet(
        tmp_path / "interactions.parquet"
    )
    events = read(tmp_path)[0].interactions
    last = events.items[events.bounds(50)[1:] - 1]
    assert len(np.unique(last)) > 10
    assert np.array_equal(events.items, read(tmp_path)[0].interactions.items)


def test_items_are_joined_to_events_and_duplicates_counted(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        interactions="user,item,ts\n1,a,1\n1,b,2\n",
        items="item_id,title,year,code\na,Alpha,1995,01\na,Again,1996,02\n,None,1,03\nc,Gamma,,04\n",
        users="user_id,age\n1,33\n9,44\n",
    )
    data, report = read(folder)
    rows = data.items.vocabulary.rows(["a", "b", "c"])
    assert data.items.titles(rows) == ["Alpha", "b", "Gamma"]
    assert data.items.table["year"].gather(rows).to_list() == [1995, None, None]
    assert data.items.table["code"].dtype == pl.String
    assert data.users.table["age"].dtype == pl.Int64
    assert data.n_users == 2
    text = str(report)
    assert "items.csv: 1 rows whose item was there before: dropped" in text
    assert "items.csv: 1 rows without item: dropped" in text
    assert "items.csv: 1 items of the events are not in it" in text


def test_tables_that_share_no_id_are_warned_about(tmp_path: Path) -> None:
    _, report = read(folder_of(tmp_path, interactions="user,item\n1,7.0\n", items="item_id,title\n7,x\n"))
    assert "WARNING: it shares no id with the events" in str(report)


def test_requests_find_items_by_id_and_by_title(tmp_path: Path) -> None:
    folder_of(tmp_path, items="item_id,title\n1,Alpha\n2,Beta\n", users="user_id,age\n5,30\n")
    pl.DataFrame(
        {
            "context": [["", "Hi", "something like Alpha?"], ["anything"], [], ["last"]],
            "target_titles": [["ALPHA ", "2", "Nothing"], ["Gamma"], ["Alpha"], None],
            "user_id": ["5", "6", None, None],
        },
        schema_overrides={"context": pl.List(pl.String)},
    ).write_parquet(tmp_path / "queries.parquet")
    data, report = read(tmp_path)
    assert data.requests["text"].to_list() == ["Hi\nsomething like Alpha?", "anything", "last"]
    assert data.requests["items"].to_list() == [data.items.vocabulary.rows(["1", "2"]).tolist(), [], []]
    assert data.requests["user"].to_list() == [data.users.vocabulary.row("5"), -1, -1]
    assert "1 requests without a word: dropped" in str(report)
    assert "2 items named by requests that are neither id nor title: left out" in str(report)


def test_requests_of_text_files_name_several_items(tmp_path: Path) -> None:
    folder_of(tmp_path, items="item_id,title\n1,Alpha\n2,A|B\n", requests="text,items\nx,1|2\ny,a|b\n")
    data, _ = read(tmp_path)
    first, second = (data.items.vocabulary.row(item) for item in "12")
    assert data.requests["items"].to_list() == [[first, second], [second]]


def test_a_graph_is_read_and_its_heads_compared(tmp_path: Path) -> None:
    folder_of(tmp_path, interactions="user,item\n1,a\n", items="item_id,title\na,Alpha\n")
    folder_of(tmp_path, kg="head,relation,tail\nalpha,genre,War\na,genre,War\na,genre,War\nz,,War\n")
    data, report = read(tmp_path)
    assert data.graph is not None
    assert data.graph.rows() == [("alpha", "genre", "War"), ("a", "genre", "War")]
    assert "graph: 2 of 2 heads are items by id or title" in str(report)


@pytest.mark.parametrize("requests", [{}, {"requests": "text,item_id\nhello,1\n"}], ids=["alone", "asked"])
def test_items_with_titles_are_enough(tmp_path: Path, requests: dict[str, str]) -> None:
    data, report = read(folder_of(tmp_path, items="item_id,title\n1,x\n2,y\n", **requests))
    assert (data.n_items, data.n_users, len(data.interactions), len(data.requests)) == (
        2,
        0,
        0,
        len(requests),
    )
    assert "events: none, so that lists can answer requests in words alone" in str(report)


@pytest.mark.parametrize(
    "tables",
    [
        {"items": "item_id,price\n1,5\n2,6\n3,7\n"},
        {"items": "item_id\n1\n2\n", "requests": "text,item_id\nhello,1\n"},
        {"requests": "text,item_id\nhello,1\n"},
        {"users": "user_id,age\n1,33\n"},
    ],
)
def test_nothing_to_learn_from_is_an_error(tmp_path: Path, tables: dict[str, str]) -> None:
    with pytest.raises(TableError, match="there is nothing to learn from"):
        read(folder_of(tmp_path, **tables))


def test_the_mapping_reaches_every_table_that_has_the_column(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, interactions="who,what\n1,a\n", items="what,label\na,Alpha\n")
    data, _ = read(folder, mapping={"user": "who", "item": "what", "title": "label"})
    assert data.items.titles(np.array([0])) == ["Alpha"]
    with pytest.raises(TableError, match=r"(?s)no column was recognised as the user.*--map"):
        read(folder)


def test_columns_with_internal_looking_names_and_nested_cells(tmp_path: Path) -> None:
    row = '{"_id": "x%d", "user_id": "u", "item_id": "i", "_time": 1, "tags": ["a"], "at": {"b": 1}}\n'
    (tmp_path / "interactions.jsonl").write_text(row % 1 + row % 2 + row % 2)
    (tmp_path / "items.jsonl").write_text('{"_id": "i", "title": ["two", "words"]}\n')
    data, _ = read(tmp_path)
    assert len(data.interactions) == 2
    assert data.items.titles(np.array([0])) == ["two words"]


def test_titles_of_a_small_recbole_file_stay_whole(tmp_path: Path) -> None:
    (tmp_path / "x.inter").write_text("user_id:token\titem_id:token\n1\t1\n1\t2\n")
    (tmp_path / "x.item").write_text("item_id:token\tmovie_title:token_seq\n1\tThe Net\n2\tThe Net\n")
    assert read(tmp_path)[0].items.titles(np.array([0, 1])) == ["The Net", "The Net"]
