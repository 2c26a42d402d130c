"""The layouts of others, in hand-written files of their own form with ugly rows among them."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.read import read
from penchant.errors import TableError


def written(folder: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def events(data: Dataset) -> list[tuple[str, str, float, float]]:
    """User, item, seconds and weight of every event, in the order of the data set."""
    log = data.interactions
    users, items = data.users.vocabulary.texts(log.users), data.items.vocabulary.texts(log.items)
    return list(zip(users, items, log.times.tolist(), log.weights.tolist(), strict=True))


MIND = "\n".join(
    [
        "1\tU1\t11/15/2019 8:55:22 AM\tN9 N8\tN1-1 N2-0",
        "2\tU1\t11/15/2019 12:05:00 PM\tN9 N8\tN3-0 N2-1",
        "3\tU2\t11/14/2019 11:00:00 PM\t\tN1-0",
        "4\tU3\tnever\tN9\tN1-1",
        "5\tU4\t11/15/2019 1:00:00 AM\tN7\tN1 N2",
    ]
)
ENTITIES = '[{""Label"": ""Bonn""}]'.replace('""', '"')


def test_mind(tmp_path: Path) -> None:
    news = f'N1\tsports\tgolf\tA "title\tText\thttp://x\t{ENTITIES}\t[]\nN2\tnews\tus\tB\t\t\t\t\nN2\tnews\n'
    folder = written(tmp_path, behaviors__tsv=MIND + "\n", news__tsv=news)
    data, report = read(folder)
    start, nine = 1573772400.0, 1573808122.0  # 2019-11-14 23:00:00 and 2019-11-15 08:55:22 UTC
    noon = 1573819500.0
    assert sorted(events(data)) == [
        ("U1", "N1", nine, 1),
        ("U1", "N2", nine, 0),
        ("U1", "N2", noon, 1),
        ("U1", "N3", noon, 0),
        ("U1", "N8", start - 1, 1),
        ("U1", "N9", start - 2, 1),
        ("U2", "N1", start, 0),
        ("U3", "N9", start - 1, 1),
        ("U4", "N7", start - 1, 1),
    ]
    row = data.items.table.row(data.items.vocabulary.row("N1"), named=True)
    assert row == {
        "category": "sports", "subcategory": "golf", "title": 'A "title', "abstract": "Text",
        "entities": ["Bonn"],
    }  # fmt: skip
    for said in (
        "4 clicks of the histories, which have an order but no time",
        "2 shown items that do not say -0 or -1: left out",
        "1 unreadable times in 'timestamp': dropped",
        "1 rows whose item was there before: dropped",
    ):
        assert said in str(report)


def test_amazon_personalize(tmp_path: Path) -> None:
    rows = [
        "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION",
        "u1,i1,1600000000,Click,4.5,i1|i2|i3",
        "u1,i2,1600000005,Click,,i1|i2|i3",
        "u2,i9,1600000009,Purchase,1,",
        "u2,,1600000010,Click,1,i4",
    ]
    data, report = read(written(tmp_path, interactions__csv="\n".join(rows) + "\n"))
    assert sorted(events(data)) == [
        ("u1", "i1", 1600000000, 1),
        ("u1", "i2", 1600000005, 1),
        ("u1", "i3", 1600000000, 0),
        ("u2", "i4", 1600000010, 0),
        ("u2", "i9", 1600000009, 1),
    ]
    assert "2 items of 'IMPRESSION' that were not chosen" in str(report)
    assert "1 rows without item: dropped" in str(report)


def test_a_count_of_impressions_is_no_list_of_them(tmp_path: Path) -> None:
    data, _ = read(written(tmp_path, interactions__csv="user_id,item_id,timestamp,impression\n1,a,5,7\n"))
    assert len(data.interactions) == 1


REVIEWS = [
    {
        "user_id": "A1", "parent_asin": "P1", "asin": "X1", "rating": 5.0, "timestamp": 1588687728923,
        "title": "good", "text": "very <br /> good", "helpful_vote": 0, "verified_purchase": True,
        "images": [{"small_image_url": "http://x"}],
    },
    {"user_id": "A2", "parent_asin": "P1", "asin": "X2", "rating": 1.0, "timestamp": 1588687728000},
    {"user_id": None, "parent_asin": "P2", "rating": 3.0, "timestamp": 1588687728000},
]  # fmt: skip
PRODUCTS = [
    {
        "parent_asin": "P1", "title": "Drum", "price": "from 12.99", "features": ["loud"],
        "description": [], "categories": ["Toys", "Drums"], "details": {"Weight": "3", "Rank": {"Toys": 1}},
        "average_rating": 4.5, "rating_number": 17,
    },
    {"parent_asin": "P2", "title": None, "price": 3, "features": [], "details": {"Other": 1}},
]  # fmt: skip


@pytest.mark.parametrize("catalogue", [True, False])
def test_amazon_reviews_2023(tmp_path: Path, catalogue: bool) -> None:
    reviews, products = ("".join(json.dumps(row) + "\n" for row in rows) for rows in (REVIEWS, PRODUCTS))
    written(tmp_path, Toys__jsonl__gz=gzip.compress(reviews.encode()))
    if catalogue:
        written(tmp_path, meta_Toys__jsonl=products)
    data, report = read(tmp_path)
    assert sorted(events(data)) == [("A1", "P1", 1588687728.923, 1), ("A2", "P1", 1588687728, 1)]
    assert "1 rows without user: dropped" in str(report)
    assert sorted(data.interactions.values) == [1, 5]
    if catalogue:
        row = data.items.table.row(data.items.vocabulary.row("P1"), named=True)
        assert (row["title"], row["price"], row["categories"]) == ("Drum", 12.99, ["Toys", "Drums"])
        assert "rating_number" not in row  # it counts over the whole log


METARANK = [
    {
        "event": "item", "id": "e1", "item": "m1", "timestamp": "1599391467000",
        "fields": [{"name": "title", "value": "Old"}, {"name": "tags", "value": ["a", "b"]}],
    },
    {
        "event": "item", "item": "m1", "timestamp": "1599391468000",
        "fields": [{"name": "title", "value": "New"}],
    },
    {"event": "item", "item": "m2", "timestamp": 1599391467000, "fields": [{"name": "price", "value": 3.5}]},
    {"event": "user", "user": "u1", "timestamp": "1599391467000", "fields": [{"name": "age", "value": 33}]},
    {
        "event": "ranking", "id": "r1", "user": "u1", "session": "s1", "timestamp": "1599391469000",
        "items": [{"id": "m2", "relevancy": 2}, {"id": "m1"}],
    },
    {
        "event": "interaction", "id": "c1", "ranking": "r1", "user": "u1", "session": "s1", "item": "m1",
        "timestamp": "1599391470000", "type": "click",
    },
    {"event": "interaction", "session": "s2", "item": "m2", "timestamp": "1599391471000", "type": "purchase"},
    {"event": "interaction", "user": "u1", "timestamp": "1599391471000", "type": "click"},
    {"event": "feedback"},
]  # fmt: skip


def test_metarank(tmp_path: Path) -> None:
    lines = "".join(json.dumps(line) + "\n" for line in METARANK)
    data, report = read(written(tmp_path, events__jsonl__gz=gzip.compress(lines.encode())))
    assert sorted(events(data)) == [
        ("s2", "m2", 1599391471, 1),
        ("u1", "m1", 1599391470, 1),
        ("u1", "m2", 1599391469, 0),
    ]
    rows = data.items.vocabulary.rows(["m1", "m2"])
    table = data.items.table.select(pl.all().gather(rows))
    assert table.sort(pl.col("title"), nulls_last=True).to_dict(as_series=False) == {
        "title": ["New", None], "tags": [["a", "b"], None], "price": [None, 3.5],
    }  # fmt: skip
    assert data.users.table["age"].drop_nulls().to_list() == [33]
    for said in ("1 lines of other kinds", "1 items of rankings that were not chosen", "1 older values", "1 rows without item"):  # fmt: skip  # noqa: E501
        assert said in str(report)


def test_tables_with_names_of_their_own_go_before_a_log(tmp_path: Path) -> None:
    line = json.dumps(METARANK[5]) + "\n"
    data, _ = read(written(tmp_path, events__jsonl=line, interactions__csv="user_id,item_id\nx,y\n"))
    assert data.users.vocabulary.texts([0]) == ["x"]
    (tmp_path / "interactions.csv").unlink()
    (tmp_path / "events.jsonl").rename(tmp_path / "interactions.jsonl")
    assert read(tmp_path)[0].users.vocabulary.texts([0]) == ["u1"]


def test_movielens_dat_files_with_colons_and_either_encoding(tmp_path: Path) -> None:
    films = "1::Star Wars: A::Action|Sci-Fi\n2::Caf\xe9 (1995)::Drama\n3::Short\n"
    for encoding in ("latin-1", "utf-8"):
        folder = written(
            tmp_path,
            ratings__dat="1::1::5::978300760\n1::2::3::978302109\n2::3::x::978302109\n3::1\n",
            movies__dat=films.encode(encoding),
        )
        data, report = read(folder)
        rows = data.items.vocabulary.rows(["1", "2", "3"])
        assert data.items.titles(rows) == ["Star Wars: A", "Caf\xe9 (1995)", "Short"]
        assert len(data.interactions) == 3
        assert "1 cells of 'rating' that are no finite number" in str(report)
        assert "1 rows without a time" in str(report)


@pytest.mark.parametrize(
    "names",
    [
        ("interactions/part-1.csv", "interactions/part-2.csv"),
        ("interactions-1.csv", "interactions-2.csv"),
        ("interactions_part-2.csv", "interactions_part-10.csv.gz"),
    ],
)
def test_a_table_of_many_files(tmp_path: Path, names: tuple[str, str]) -> None:
    for row, name in enumerate(names):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        text = f"user_id,item_id\n00{row},a\n00{row},b\n".encode()
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    (tmp_path / names[0]).with_name("_SUCCESS").touch()
    data, report = read(tmp_path)
    assert [event[:2] for event in sorted(events(data))] == [
        ("000", "a"),
        ("000", "b"),
        ("001", "a"),
        ("001", "b"),
    ]
    assert "read from 2 files" in str(report)
    order = {event[0]: event[2] for event in events(data)}
    assert order["000"] < order["001"]  # the first file's rows are the older ones


def test_parts_that_do_not_fit_together_are_named(tmp_path: Path) -> None:
    written(
        tmp_path,
        **{"interactions-1__csv": "user_id,item_id\n1,a\n", "interactions-2__csv": "user,item\n1,a\n"},
    )
    with pytest.raises(TableError, match=r"(?s)its parts differ: interactions-1.csv has user_id, item_id"):
        read(tmp_path)
    (tmp_path / "interactions.csv").write_text("user_id,item_id\n1,a\n")
    with pytest.raises(TableError, match="more than one table of interactions"):
        read(tmp_path)


def test_parts_of_parquet_keep_their_type(tmp_path: Path) -> None:
    (tmp_path / "interactions").mkdir()
    for part, kind in enumerate((pl.Int64, pl.Int32)):
        frame = pl.DataFrame({"user_id": [part], "item_id": [7]}).cast(kind)
        frame.write_parquet(tmp_path / "interactions" / f"part-{part}.parquet")
    assert read(tmp_path)[0].users.vocabulary.ids.dtype == pl.Int64


def test_a_folder_of_parts_without_any_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "interactions").mkdir()
    with pytest.raises(TableError, match=r"(?s)interactions: no table found; seen: nothing"):
        read(tmp_path)


def test_zst_is_read(tmp_path: Path) -> None:
    pl.DataFrame({"user_id": ["007"], "item_id": ["x"]}).lazy().sink_csv(
        tmp_path / "interactions.csv.zst", compression="zstd"
    )
    pl.DataFrame({"item_id": ["x"], "title": ["Z"]}).lazy().sink_ndjson(
        tmp_path / "items.jsonl.zst", compression="zstd"
    )
    data, _ = read(tmp_path)
    assert data.users.vocabulary.texts([0]) == ["007"]
    assert data.items.table["title"].to_list() == ["Z"]


def test_a_packed_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"ends in \.zst, but is not packed so"):
        read(written(tmp_path, interactions__csv__zst="user_id,item_id\n1,a\n"))
