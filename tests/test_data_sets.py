"""Each public set by the code that fetches it, from small archives of the true layout."""

import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from origins import Site, served
from penchant.cli import application
from penchant.data.read import read
from penchant.data.sources import FAMILIES, SOURCES, fetch, listed, source_named
from penchant.data.sources import download as downloading
from penchant.data.sources.amazon import amazon_category
from penchant.data.sources.goodbooks import goodbooks
from penchant.data.sources.mind import mind
from penchant.data.sources.movielens import CSV, movielens_zip, repaired, with_graph
from penchant.data.sources.terms import Fetched, Origin, Source, Workplace
from penchant.errors import SourceError


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(downloading, "PAUSE", 0.0)
    with served() as site:
        yield site


def zipped(**members: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return packed.getvalue()


def fetched(get: "partial[tuple[str, ...]]", folder: Path) -> Fetched:
    source = Source("small", "free for tests", (Origin("here", get),), cite="Nobody 2026")
    return fetch("small", folder, sources={"small": source})


ML = {
    "ml-x/ratings.csv": "userId,movieId,rating,timestamp\n1,10,4.0,964982703\n2,11,3.5,964982931\n",
    "ml-x/movies.csv": 'movieId,title,genres\n10,"American, The (1995)",Comedy|War\n11,Heat (1995),Drama\n',
    "ml-x/tags.csv": "userId,movieId,tag,timestamp\n1,10,fine,964982703\n",
    "ml-x/links.csv": "movieId,imdbId,tmdbId\n10,0114709,862\n11,0113497,8844\n",
    "ml-x/README.txt": "Summary",
}


@pytest.mark.parametrize("published", ["md5", "none", "wrong"])
def test_a_zip_of_grouplens_is_checked_by_the_hash_beside_it(
    site: Site, tmp_path: Path, published: str
) -> None:
    site.files["/ml-x.zip"] = content = zipped(**ML)
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if published != "none":
        site.files["/ml-x.zip.md5"] = f"{md5 if published == 'md5' else '0' * 32}  ml-x.zip\n".encode()
    get = partial(movielens_zip, url=f"{site.url}/ml-x.zip", names=CSV)
    if published == "wrong":
        with pytest.raises(SourceError, match=rf"md5 is {md5}, not 000"):
            fetched(get, tmp_path / "ml")
        assert not list(tmp_path.iterdir())
        return
    told = str(fetched(get, tmp_path / "ml"))
    assert (f"md5 {md5}, as expected" if published == "md5" else "no hash is published") in told
    data, _ = read(tmp_path / "ml")
    assert (data.n_users, data.n_items, data.items.title) == (2, 2, "title")
    terms = (tmp_path / "ml" / "LICENCE.txt").read_text()
    assert "Licence: free for tests" in terms
    assert "Cite: Nobody 2026" in terms


def test_movielens_1m_is_read_as_it_comes(site: Site, tmp_path: Path) -> None:
    site.files["/ml-1m.zip"] = content = zipped(
        **{
            "ml-1m/ratings.dat": "1::1193::5::978300760\n2::661::3::978302109\n",
            "ml-1m/movies.dat": "661::Peach, The (1996)::Animation|Musical\n1193::One (1975)::Drama\n",
            "ml-1m/users.dat": "1::F::1::10::48067\n2::M::56::16::70072\n",
            "ml-1m/README": "terms",
        }
    )
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    names = ("ratings.dat", "movies.dat", "users.dat")
    got = fetched(partial(movielens_zip, url=f"{site.url}/ml-1m.zip", names=names, md5=md5), tmp_path / "ml")
    assert "README" in got.files
    data, _ = read(tmp_path / "ml")
    assert (data.n_users, data.n_items) == (2, 2)


def test_goodbooks_loses_what_counts_over_the_log_and_says_so(site: Site, tmp_path: Path) -> None:
    site.files["/g.zip"] = zipped(
        **{
            "ratings.csv": "user_id,book_id,rating\n1,258,5\n2,4081,4\n",
            "books.csv": "book_id,title,authors,average_rating,ratings_count,ratings_5\n"
            "258,Dune,Herbert,4.2,9,4\n4081,Emma,Austen,4.0,8,3\n",
            "samples/ratings.csv": "user_id,book_id,rating\n9,9,9\n",
            "tags.csv": "tag_id,tag_name\n1,classics\n",
        }
    )
    told = str(fetched(partial(goodbooks, url=f"{site.url}/g.zip"), tmp_path / "g"))
    assert "books.csv without 3 columns that count over the whole log: average_rating" in told
    data, report = read(tmp_path / "g")
    assert (data.n_users, data.n_items) == (2, 2)
    assert data.items.table.columns == ["title", "authors"]
    assert "interactions.csv" in str(report)


def test_both_parts_of_mind_become_one_log(site: Site, tmp_path: Path) -> None:
    news = "{}\tnews\tnewsus\tTitle {}\tAbstract\thttps://x\t[]\t[]\n"
    seen = "{}\tU{}\t11/11/2019 9:05:58 AM\tN1 N2\tN1-1 N2-0\n"
    site.files["/MINDsmall_train.zip"] = zipped(
        **{"MINDsmall_train/behaviors.tsv": seen.format(1, 1) + seen.format(2, 2).rstrip("\n"),
           "MINDsmall_train/news.tsv": news.format("N1", 1) + news.format("N2", 2)}
    )  # fmt: skip
    site.files["/MINDsmall_dev.zip"] = zipped(
        **{"behaviors.tsv": seen.format(1, 3), "news.tsv": news.format("N2", 2) + news.format("N3", 3)}
    )
    told = str(fetched(partial(mind, size="small", root=site.url), tmp_path / "mind"))
    assert "3 impressions" in told
    assert "3 articles; 1 lines of dev about articles of train left out" in told
    lines = (tmp_path / "mind" / "behaviors.tsv").read_text().splitlines()
    assert [line.split("\t")[0] for line in lines] == ["train-1", "train-2", "dev-1"]
    assert lines[2].split("\t")[1:] == seen.format(1, 3).rstrip().split("\t")[1:]
    titles = [line.split("\t")[3] for line in (tmp_path / "mind" / "news.tsv").read_text().splitlines()]
    assert titles == ["Title 1", "Title 2", "Title 3"]


def test_a_break_between_two_files_keeps_what_came(site: Site, tmp_path: Path) -> None:
    review = json.dumps({"user_id": "A", "parent_asin": "B01", "rating": 5.0, "timestamp": 1588687728923})
    item = json.dumps({"parent_asin": "B01", "title": "Soap", "categories": ["Beauty"]})
    site.kind = "application/x-gzip"
    site.files["/review_categories/Books.jsonl.gz"] = gzip.compress(f"{review}\n".encode())
    get = partial(amazon_category, category="Books", root=site.url)
    with pytest.raises(SourceError, match=r"meta_Books.*404"):
        fetched(get, tmp_path / "books")
    assert [path.name for path in tmp_path.iterdir()] == [".books.unfinished"]
    site.files["/meta_categories/meta_Books.jsonl.gz"] = gzip.compress(f"{item}\n".encode())
    site.asked.clear()
    got = fetched(get, tmp_path / "books")
    assert [path for path, _ in site.asked] == ["/meta_categories/meta_Books.jsonl.gz"]
    assert got.files == ("Books.jsonl.gz", "LICENCE.txt", "meta_Books.jsonl.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["books"]
    with gzip.open(tmp_path / "books" / "meta_Books.jsonl.gz", "rt") as lines:
        assert json.loads(lines.read())["title"] == "Soap"


def test_links_are_repaired_by_the_table_and_counted(tmp_path: Path) -> None:
    table = tmp_path / "ids.csv"
    table.write_text("item_id,movielens_id\n1,1\n22,110\n23,110\n24,999\n")
    link, told = repaired(b"item_id:token\tentity_id:token\n1\tm.toys\n110\tm.brave\n111\tm.else\n", table)
    assert link.decode().splitlines() == [
        "item_id:token\tentity_id:token", "1\tm.toys", "22\tm.brave", "23\tm.brave",
    ]  # fmt: skip
    assert "3 films have an entity; left out: 1 of 3 entities" in told


def test_without_the_wheel_the_events_come_without_graph(tmp_path: Path) -> None:
    def events(work: Workplace) -> tuple[str, ...]:
        (work.folder / "x.inter").write_text("user_id:token\titem_id:token\n")
        return ("events",)

    get = partial(with_graph, events, options=("--no-index", "--find-links", str(tmp_path)))
    assert "without its graph: pip download recbole" in str(fetched(get, tmp_path / "x"))


def test_names_parts_and_the_list() -> None:
    assert (
        source_named("amazon-reviews-2023:Books").title == source_named("amazon-reviews-2023", "Books").title
    )
    assert "campaign all" in source_named("open-bandit").title
    for name, part, message in (
        ("amazon-reviews-2023", None, "which part"),
        ("amazon-reviews-2023:Bocks", None, "'Bocks' is no part"),
        ("open-bandit:men", "women", "two different parts"),
        ("movielens-1m", "Books", "does not come in parts"),
        ("movielens", None, "no known data set"),
    ):
        with pytest.raises(SourceError, match=message):
            source_named(name, part)
    names = [row[0].partition(":")[0] for row in listed()]
    assert names == [*SOURCES, *FAMILIES]
    assert all(all(row) for row in listed())


def test_the_command_lists_and_refuses() -> None:
    listing = CliRunner().invoke(application("data"), ["data", "--list"])
    assert listing.exit_code == 0
    assert all(name in listing.stdout for name in [*SOURCES, *FAMILIES])
    assert "CC BY-SA 4.0" in listing.stdout
    assert CliRunner().invoke(application("data"), ["data"]).stdout == listing.stdout
    missing = CliRunner().invoke(application("data"), ["data", "movielens-1m"])
    assert "no folder" in str(missing.exception)


def test_the_licence_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    told: list[str] = []

    def get(work: Workplace) -> tuple[str, ...]:
        assert told == ["small (2 MB)\nlicence: free"]
        (work.folder / "x").write_text("x")
        return ()

    source = Source("small", "free", (Origin("here", get),), "2 MB")
    fetch("small", tmp_path / "x", sources={"small": source}, announce=told.append)


def test_open_bandit_comes_through_pip_and_is_read(tmp_path: Path) -> None:
    try:
        got = fetch("open-bandit:men", tmp_path / "men")
    except SourceError as error:
        pytest.skip(f"no package index with obp: {error}")
    assert "sha256 of random/men/men.csv" in str(got)
    log = pl.read_parquet(tmp_path / "men" / "interactions.parquet")
    assert log["propensity_score"].is_between(0, 1).all()
    assert log.filter(pl.col("policy") == "random")["propensity_score"].n_unique() == 1
    data, report = read(tmp_path / "men")
    assert len(data.interactions) == len(log) == 20_000
    assert int((data.interactions.weights > 0).sum()) == int((log["event"] == "click").sum()) > 0
    assert data.n_items == len(data.items) == log["affinity"].list.len().unique().item() == 34
    assert "impression" in str(report)
