"""The check-up: one screen whatever the tables hold, a page that a browser reads, a refusal when strict."""

import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import polars as pl
import pytest

import toy
from penchant.cli.main import main
from penchant.data.cleaning.settings import Cleaning
from penchant.data.languages import languages
from penchant.data.read import read
from penchant.errors import SettingError
from penchant.evaluate.baselines import baselines
from penchant.evaluate.checkup.facts import check_up
from penchant.evaluate.checkup.page import page, write
from penchant.evaluate.checkup.screen import LINES, WIDTH, screen
from penchant.evaluate.protocols import protocol_named
from penchant.evaluate.run import evaluate
from penchant.language.knowledge import Knowledge

EVIL = "<script>alert('&')</script> \x01\x9f 🎬 שלום"


def tables(
    folder: Path, n: int = 400, columns: Mapping[str, Sequence[object]] = MappingProxyType({})
) -> Path:
    """A small shop with hostile titles, and as many further columns of items as asked."""
    rng = np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    items = {"item_id": [f"i{k}" for k in range(60)], "title": [f"{EVIL} {k}" for k in range(60)], **columns}
    pl.DataFrame(items, strict=False).write_parquet(folder / "items.parquet")
    events = {
        "user_id": [f"u{k}<b>" for k in rng.integers(0, 40, n)],
        "item_id": [f"i{k}" for k in rng.integers(0, 55, n)],
        "rating": rng.integers(1, 6, n),
        "timestamp": np.sort(1e9 + rng.random(n) * 1e8).astype(int),
    }
    pl.DataFrame(events).write_parquet(folder / "interactions.parquet")
    return folder


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run the verb in this process: its status and what it said."""

    def run(folder: Path, *words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["penchant", "check", str(folder), *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.mark.parametrize("wide", [0, 60])
def test_one_screen_holds_it_all(tmp_path: Path, wide: int) -> None:
    more = {f"column with a long name {n}": ["<i>x</i> &amp; y" * 9] * 60 for n in range(wide)}
    lines = screen(check_up(*read(tables(tmp_path / "shop", columns=more)))).splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH
    text = "\n".join(lines)
    for part in (
        "density",
        "per user",
        "long tail",
        "cold         5 items (8%)",
        "newcomers",
        "ratings      1:",
    ):
        assert part in text
    assert "protocols    time, last20, last1, cold20" in text
    assert ("more lines: -o REPORT shows them all" in text) == bool(wide)


def test_keywords_are_those_of_the_items_taken_most(tmp_path: Path) -> None:
    said = [f"{['a game about ships', 'a tale of dragons'][n % 2]} number{n // 2}" for n in range(60)]
    found = check_up(*read(tables(tmp_path / "shop", columns={"description": said})))
    titles = found.data.items.titles(np.argsort(-found.data.item_counts(), kind="stable")[:3])
    assert [title for title, _ in found.keywords] == titles
    words = found.data.items.table["description"].to_list()
    for title, terms in found.keywords:
        own = words[found.data.items.titles(np.arange(60)).index(title)].split()
        assert terms and set(terms) <= {*own, *EVIL.casefold().split()}


def test_what_the_data_does_not_allow_is_said(tmp_path: Path) -> None:
    toy.write_tables(tmp_path)
    (tmp_path / "interactions.csv").unlink()
    text = screen(check_up(*read(tmp_path)))
    assert "protocols    none" in text
    assert "no events" in text


def test_the_page_is_well_formed_and_shows_texts_as_they_are(tmp_path: Path) -> None:
    folder = tables(tmp_path / "shop", columns={"year": [*range(1950, 2009), 2_000_000_000]})
    found = check_up(*read(folder))
    tree = ET.fromstring(page(found, EVIL))
    assert tree.find(".//script") is None
    assert "alert" in "".join(tree.itertext())
    assert len(tree.findall(".//svg")) == 5
    assert not [node for node in tree.iter() if {"src", "href"} & set(node.attrib)]
    path = write(found, tmp_path / "new" / "folder", "shop")
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [file.name for file in path.parent.iterdir()] == ["check.html"]


def test_the_plots_count_every_event(tmp_path: Path) -> None:
    tree = ET.fromstring(page(check_up(*read(tables(tmp_path / "shop"))), "shop"))
    bars = [figure for figure in tree.iter("figure") if figure.find("figcaption") is not None]
    sums = {}
    for figure in bars:
        titles = [node.text or "" for node in figure.findall(".//rect/title")]
        sums["".join(figure.findtext("figcaption") or "")] = sum(
            float(title.rpartition(": ")[2].replace(",", "")) for title in titles
        )
    assert (sums["Events over time"], sums["Values of events"], sums["Words per item"]) == (400, 400, 60)


def test_languages_are_told_of_prose_and_of_titles_together() -> None:
    english = [
        "The dog ran over the hill and into the old house by the river.",
        "It was a long and quiet day.",
    ]
    german = [
        "Der Hund lief über den Hügel und in das alte Haus am Fluss, wo niemand mehr wohnte seit Jahren."
    ]
    assert languages([*english * 3, *german * 2, ""])[0][0] == "en"
    assert languages(german * 3) == (("de", 1.0),)
    assert languages(["A quiet place", "The long way home", "My brother's keeper"] * 9)[0] == ("en", 1.0)
    assert languages([]) == ()


def test_strict_refuses_with_status_2_and_writes_nothing(
    tmp_path: Path, checked: Callable[..., Done]
) -> None:
    clean, dirty = tmp_path / "clean", tables(tmp_path / "dirty")
    clean.mkdir()
    toy.write_tables(clean)
    assert checked(clean, "--strict").returncode == 0
    done = checked(dirty, "--strict", "-o", tmp_path / "report")
    assert (done.returncode, done.stdout) == (2, "")
    assert "60 cells of 'title' with HTML tags" in done.stderr
    assert not (tmp_path / "report").exists()
    done = checked(dirty, "--core", 3, "--merge-duplicates", "-o", tmp_path / "report")
    assert (done.returncode, (tmp_path / "report" / "check.html").exists()) == (0, True)
    assert checked(dirty, "--core", 10_000).returncode == 2
    done = checked(dirty, "-o", dirty / "items.parquet" / "report")
    assert (done.returncode, "is no folder" in done.stderr) == (2, True)


def test_the_evaluator_refuses_a_column_that_sums_up_the_log(tmp_path: Path) -> None:
    folder = tables(tmp_path / "shop", 2000)
    counts = pl.read_parquet(folder / "interactions.parquet").group_by("item_id").len("times_sold")
    items = pl.read_parquet(folder / "items.parquet").join(counts, on="item_id", how="left")
    items.write_parquet(folder / "items.parquet")
    assert "times_sold" not in read(folder)[0].items.table.columns
    data, _ = read(folder, cleaning=Cleaning(keep=["times_sold"]))
    protocol = protocol_named("last20")
    some = baselines(protocol, Knowledge.none(data.n_items))[:1]
    with pytest.raises(SettingError, match=r"times_sold.*counts"):
        evaluate(data, some, protocol, rng=np.random.default_rng(0))


def test_the_screen_of_real_tables_names_their_faults(request: pytest.FixtureRequest) -> None:
    from test_data_real import FOLDER

    if not FOLDER.is_dir():
        pytest.skip("PENCHANT_DATA names no folder of further real data")
    text = screen(check_up(*read(FOLDER / "ifdb")))
    assert "1,648 events at impossible times (1980-01-01 to 1980-01-01" in text
    assert "849 cells of 'description' with HTML" in text
    assert "languages    en 9" in text
    ratings = pl.read_parquet(FOLDER / "ml_latest_small" / "interactions.parquet")
    films = pl.read_parquet(FOLDER / "ml_latest_small" / "items.parquet").join(
        ratings.group_by("item_id").agg(popularity=pl.len(), score=pl.col("rating").mean()),
        on="item_id",
        how="left",
    )
    place = request.getfixturevalue("tmp_path")
    ratings.write_parquet(place / "interactions.parquet")
    years = pl.col("title").str.extract(r"\((\d{4})\)").cast(pl.Int64).alias("year")
    films.with_columns(years).write_parquet(place / "items.parquet")
    data, report = read(place)
    assert data.items.table.columns == ["title", "genres", "imdb_id", "tmdb_id", "year"]
    assert sum("column left out" in line for line in report.changes) == 2
    text = screen(check_up(data, report))
    assert "5 are there twice, such as " in text
    assert "War of the Worlds (2005)" in text
