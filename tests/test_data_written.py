"""What was written joins the catalogue in columns of its own, and nothing of it is lost silently."""

from pathlib import Path

import polars as pl
import pytest

import toy
from penchant.data.dataset import Dataset
from penchant.data.read import read
from penchant.data.roles import roles
from penchant.data.written import with_written
from penchant.errors import TableError


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    return read(toy.write_tables(tmp_path / "DIR"))[0]


def written() -> pl.DataFrame:
    ids = [f"{item:03}" for item in range(12)]
    return pl.DataFrame(
        {
            "item_id": [*ids, "000", "strange", None],
            "tags": [["space", "robots"] if item % 2 else ["village"] for item in range(12)] + [[]] * 3,
            "mood": ["calm", "unknown", None] * 4 + ["sad"] * 3,
            "writer": ["somebody"] * 15,
        }
    )


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv"])
def test_columns_join_by_id_in_every_format(ending: str, data: Dataset, tmp_path: Path) -> None:
    path = tmp_path / f"w.{ending}"
    if ending == "parquet":
        written().write_parquet(path)
    elif ending == "jsonl":
        written().write_ndjson(path)
    else:
        written().with_columns(pl.col("tags").list.join("|")).write_csv(path)
    joined, lines = with_written(data, path)
    assert set(joined.items.table.columns) - set(data.items.table.columns) == {"written_tags", "written_mood"}
    row = joined.items.vocabulary.row
    tags, moods = joined.items.table["written_tags"], joined.items.table["written_mood"]
    assert tags[row("001")].to_list() == ["space", "robots"]
    assert tags[row("000")].to_list() == ["village"]
    assert [moods[row(name)] for name in ("000", "001", "002", "015")] == ["calm", None, None, None]
    assert roles(joined.items)["written_tags"] == "multi"
    assert f"w.{ending}: written texts of 12 of 26 items" in lines
    assert f"w.{ending}: 2 items that the tables do not have: dropped" in lines
    assert f"w.{ending}: 1 rows of an item that was there before: dropped" in lines
    assert f"w.{ending}: mood of 4 items join as written_mood" in lines
    with pytest.raises(TableError, match="already"):
        with_written(joined, path)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"item_id": ["000"], "title": ["a"]}, "item_id and some of tags"),
        ({"user_id": ["1"], "profile": ["a"]}, "item_id and some of tags"),
        ({"item_id": ["zzz"], "mood": ["a"]}, "none of its 1 ids"),
        ({"item_id": ["000"], "mood": [3]}, "mood holds no text"),
        ({"item_id": ["000"], "tags": [3]}, "tags are neither"),
    ],
)
def test_other_tables_are_refused(
    table: dict[str, list[object]], why: str, data: Dataset, tmp_path: Path
) -> None:
    pl.DataFrame(table).write_parquet(tmp_path / "w.parquet")
    with pytest.raises(TableError, match=why):
        with_written(data, tmp_path / "w.parquet")
