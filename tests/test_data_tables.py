import gzip
from pathlib import Path

import polars as pl
import pytest

from penchant.data.layouts import load_all
from penchant.data.tables import load
from penchant.errors import TableError


def written(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("interactions.csv", "", "the file is empty"),
        ("interactions.csv", " \n", "the file is empty"),
        ("interactions.csv", "user_id,item_id\n", "the table has no rows"),
        ("interactions.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00", "not a text file"),
        ("interactions.csv", b"user_id,item_id\n1,a\n2,caf\xe9\n", r"(?s)line 3 is not UTF-8 text.*iconv"),
        ("interactions.csv", "a,b\n1,2\n1,2,3\n", r"(?s)line 3 has 3 fields, the header has 2.*quote"),
        ("interactions.csv.gz", b"this is not gzip", "cannot be read as csv"),
        (
            "interactions.csv.gz",
            gzip.compress(b"user_id,item_id\n1,a\n", mtime=0)[:-9],
            "cannot be read as csv",
        ),
        ("interactions.parquet", b"PAR1 and then nothing", "cannot be read as parquet"),
        ("interactions.jsonl", '{"user_id": 1', "cannot be read as jsonl"),
        ("interactions.jsonl", "\x00\x01", "not a text file"),
        ("notes.txt", "x", "no table found; seen: notes.txt"),
    ],
)
def test_what_is_no_table_is_named_with_the_way_out(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(TableError, match=message) as caught:
        load_all(written(tmp_path, {name: content}))
    assert name in str(caught.value)
    assert caught.value.hint


def test_a_folder_that_is_missing_or_a_file(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no such folder"):
        load_all(tmp_path / "nowhere")
    written(tmp_path, {"interactions.csv": "a,b\n1,2\n"})
    with pytest.raises(TableError, match="this is a file"):
        load_all(tmp_path / "interactions.csv")


def test_an_empty_parquet_has_no_rows(tmp_path: Path) -> None:
    pl.DataFrame({"user_id": [], "item_id": []}).write_parquet(tmp_path / "interactions.parquet")
    with pytest.raises(TableError, match="no rows"):
        load_all(tmp_path)


def test_categories_become_text(tmp_path: Path) -> None:
    frame = pl.DataFrame({"rating": pl.Series(["5", "3"], dtype=pl.Categorical)})
    frame.write_parquet(tmp_path / "x.parquet")
    assert load(tmp_path / "x.parquet").frame["rating"].to_list() == ["5", "3"]
    assert load(tmp_path / "x.parquet").frame["rating"].dtype == pl.String


def test_two_files_for_one_table_are_an_error(tmp_path: Path) -> None:
    written(tmp_path, {"interactions.csv": "a,b\n1,2\n", "interactions.jsonl": '{"a": 1}\n'})
    with pytest.raises(TableError, match=r"interactions.csv, interactions.jsonl"):
        load_all(tmp_path)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_is_text_whatever_its_separator(tmp_path: Path, separator: str) -> None:
    text = "\ufeffuser_id, item_id \n007,1.0\n".replace(",", separator)
    table = load(written(tmp_path, {"x.csv": text}) / "x.csv")
    assert table.frame.to_dicts() == [{"user_id": "007", "item_id": "1.0"}]
    assert not table.typed


def test_packed_tables_are_read(tmp_path: Path) -> None:
    written(
        tmp_path,
        {
            "interactions.tsv.gz": gzip.compress(b"u\ti\n1\t2\n"),
            "items.jsonl.gz": gzip.compress(b'{"item_id":"a"}\n'),
        },
    )
    tables = load_all(tmp_path)
    assert tables["interactions"].frame.row(0) == ("1", "2")
    assert tables["items"].typed


def test_quoted_fields_may_hold_separators_and_lines(tmp_path: Path) -> None:
    path = written(tmp_path, {"x.csv": 'item_id,title\n1,"a, ""b""\nc"\n'}) / "x.csv"
    assert load(path).frame["title"].to_list() == ['a, "b"\nc']


def test_recbole_atomic_files(tmp_path: Path) -> None:
    films = "\n".join(f'{i}\tFilm "{i}\tComedy War\t1.5' for i in range(3))
    files: dict[str, str | bytes] = {
        "x.inter": "user_id:token\titem_id:token\trating:float\n007\t1\t4\n",
        "x.item": f"item_id:token\tmovie_title:token_seq\tclass:token_seq\tprice:float\n{films}\n",
        "x.kg": "head_id:token\trelation_id:token\ttail_id:token\na\tb\tc\n",
    }
    tables = load_all(written(tmp_path, files))
    assert tables["interactions"].frame.columns == ["user_id", "item_id", "rating"]
    assert tables["items"].frame["class"].to_list() == [["Comedy", "War"]] * 3
    assert tables["graph"].frame.row(0) == ("a", "b", "c")


@pytest.mark.parametrize(
    ("files", "title"),
    [
        (
            {
                "u.data": "196\t242\t3\t881250949\n",
                "u.item": "242|Les Mis\xe9rables (1995)|01-Jan-1995||http://x|".encode("latin-1")
                + b"|".join([b"0"] * 8 + [b"1"] + [b"0"] * 9 + [b"1"])
                + b"\n",
                "u.user": "196|49|M|writer|05201\n",
            },
            "Les Mis\xe9rables (1995)",
        ),
        (
            {
                "ratings.dat": "196::242::3::881250949\n",
                "movies.dat": "242::Caf\xe9, The (1995)::Drama|Western\n".encode("latin-1"),
                "users.dat": "196::M::25::10::05201\n",
            },
            "Caf\xe9, The (1995)",
        ),
        (
            {
                "ratings.csv": "userId,movieId,rating,timestamp\n196,242,3,881250949\n",
                "movies.csv": 'movieId,title,genres\n242,"Net, The (1995)",Drama|Western\n',
            },
            "Net, The (1995)",
        ),
    ],
)
def test_movielens_layouts(tmp_path: Path, files: dict[str, str | bytes], title: str) -> None:
    tables = load_all(written(tmp_path, files))
    assert tables["interactions"].frame.row(0) == ("196", "242", "3", "881250949")
    assert tables["items"].frame["title"].to_list() == [title]
    assert tables["items"].frame["genres"].to_list() in (["Drama|Western"], [["Drama", "Western"]])
    if "users" in tables:
        assert tables["users"].frame["zip_code"].to_list() == ["05201"]
