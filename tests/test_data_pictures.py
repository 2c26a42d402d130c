from pathlib import Path

import numpy as np
import polars as pl
import pytest

from penchant.data.cleaning.settings import Cleaning
from penchant.data.read import read

ITEMS = 8


def folder_of(folder: Path, **columns: list[str | None]) -> Path:
    (folder / "images").mkdir(parents=True)
    pl.DataFrame(
        {"user_id": [i % 3 for i in range(ITEMS)], "item_id": [f"i{i}" for i in range(ITEMS)]}
    ).write_csv(folder / "interactions.csv")
    titles = [f"Thing {i}" for i in range(ITEMS)]
    pl.DataFrame({"item_id": [f"i{i}" for i in range(ITEMS)], "title": titles} | columns).write_csv(
        folder / "items.csv"
    )
    return folder


def names(folder: Path, **columns: list[str | None]) -> tuple[list[str | None], str]:
    data, report = read(folder)
    found = {
        item: None if path is None else path.relative_to(folder).as_posix()
        for item, path in zip(data.items.vocabulary.ids.to_list(), data.items.pictures, strict=False)
    }
    return [found.get(f"i{i}") for i in range(ITEMS)], str(report)


def touch(folder: Path, *files: str) -> None:
    for file in files:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes(b"x")


def test_files_named_by_ids_show_their_items(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "in")
    touch(folder, "images/i0.jpg", "images/i1.PNG", "images/i1.webp", "images/nobody.jpg", "images/i2.txt")
    touch(folder, "pictures/i3.jpeg", "pictures/i0.png")
    found, report = names(folder)
    assert found[:4] == ["pictures/i0.png", "images/i1.PNG", None, "pictures/i3.jpeg"]
    assert "items: pictures of 3 of 8" in report
    assert "images/: 1 pictures whose names are no item's id: left out" in report
    assert "images/: 2 further pictures of an item: left out, the first counts" in report


def test_a_column_names_files_and_what_is_missing_or_outside_is_counted(tmp_path: Path) -> None:
    touch(tmp_path, "secret.jpg")
    cells = ["a.jpg", "images/b.jpg", "gone.jpg", "../secret.jpg", str(tmp_path / "secret.jpg"), None]
    folder = folder_of(tmp_path / "in", cover=[*cells, "a.jpg", "long" * 99 + ".png"])
    touch(folder, "a.jpg", "images/b.jpg", "images/i5.jpg")
    found, report = names(folder)
    assert found == ["a.jpg", "images/b.jpg", None, None, None, None, "a.jpg", None]
    assert "items: 2 files of 'cover' that lie outside of" in report
    assert "items: 2 files of 'cover' that are not there: no picture" in report


def test_addresses_and_names_of_absent_files_are_no_pictures(tmp_path: Path) -> None:
    urls: list[str | None] = [f"https://x.org/{i}.jpg" for i in range(ITEMS)]
    folder = folder_of(tmp_path / "urls", poster=urls)
    touch(folder, "images/i5.jpg")
    assert names(folder)[0][5] == "images/i5.jpg"
    gone = folder_of(tmp_path / "gone", poster=[f"{i}.jpg" for i in range(ITEMS)])
    found, report = names(gone)
    assert found == [None] * ITEMS
    assert "'poster' names pictures, of which none is in" in report
    assert "pictures of" not in report


def test_pictures_stay_with_their_items_when_others_are_merged(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "in")
    table = pl.read_csv(folder / "items.csv").with_columns(
        title=pl.Series([f"Thing {i if i != 4 else 2}" for i in range(ITEMS)])
    )
    table.write_csv(folder / "items.csv")
    touch(folder, *(f"images/i{i}.jpg" for i in range(ITEMS)))
    data, _ = read(folder, cleaning=Cleaning(merge=True))
    assert data.n_items == len(data.items.pictures) == ITEMS - 1
    ids = data.items.vocabulary.texts(np.arange(data.n_items))
    assert [path.stem for path in data.items.pictures if path] == ids


@pytest.mark.parametrize("cells", [[None] * ITEMS, ["\0.jpg"] * ITEMS])
def test_columns_of_nothing(tmp_path: Path, cells: list[str | None]) -> None:
    assert names(folder_of(tmp_path / "in", cover=cells))[0] == [None] * ITEMS
