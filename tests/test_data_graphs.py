import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from penchant.data.catalogue import Catalogue
from penchant.data.graphs import LINKS, agreement
from penchant.data.read import read
from penchant.data.sources import fetch
from penchant.data.sources.movielens import GRAPH_SHA256, IDS, IN_WHEEL, WHEEL
from penchant.data.sources.packages import from_wheel
from penchant.data.vocabulary import Vocabulary
from penchant.errors import SourceError, TableError

GENRES = ("War", "Comedy", "Drama", "Crime")


def films(n: int, seed: int = 0) -> tuple[Catalogue, pl.DataFrame, pl.DataFrame]:
    """A catalogue with genres, and a graph that says the same in words of its own."""
    own = np.random.default_rng(seed).integers(0, 4, n)
    items = Catalogue(Vocabulary(pl.Series(range(n))), pl.DataFrame({"genre": [GENRES[g] for g in own]}))
    heads = [f"m.{row}" for row in range(n)]
    graph = pl.DataFrame(
        {
            "head": heads * 2,
            "relation": ["kind"] * n + ["made by"] * n,
            "tail": [f"m.g{genre}" for genre in own] + [f"m.p{row}" for row in range(n)],
        }
    )
    return items, graph, pl.DataFrame({"entity": heads, "item": range(n)}, schema=LINKS)


def test_a_graph_that_says_the_same_agrees_by_its_categories() -> None:
    items, graph, links = films(200)
    found = agreement(graph, links, items, np.random.default_rng(0))
    assert found is not None
    assert (found.relation, found.column, found.p) == ("kind", "genre", 1 / 200)
    assert found.strength > 20 * found.chance


def test_a_shuffled_graph_is_found_independent_as_often_as_it_should() -> None:
    items, graph, links = films(200)
    doubtful = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        wrong = links.with_columns(pl.Series("item", rng.permutation(200)))
        found = agreement(graph, wrong, items, rng)
        assert found is not None
        doubtful += found.p > 0.05
    assert doubtful >= 16  # of 20, each wrongly calm one time in twenty


def test_without_categories_on_either_side_nothing_is_claimed() -> None:
    items, graph, links = films(200)
    rng = np.random.default_rng(0)
    assert agreement(graph.filter(pl.col("relation") == "made by"), links, items, rng) is None
    bare = Catalogue(items.vocabulary, pl.DataFrame({"price": np.arange(200) * 1.3}))
    assert agreement(graph, links, bare, rng) is None


def recbole(folder: Path, link: str) -> Path:
    (folder / "x.inter").write_text("user_id:token\titem_id:token\nu\t7\nv\t8\n")
    (folder / "x.item").write_text("item_id:token\tmovie_title:token_seq\n7\tAlpha\n8\tBeta\n")
    (folder / "x.kg").write_text("head_id:token\trelation_id:token\ttail_id:token\nm.1\tgenre\tm.2\n")
    (folder / "x.link").write_text(link)
    return folder


def test_links_of_recbole_are_read_and_counted(tmp_path: Path) -> None:
    link = "item_id:token\tentity_id:token\n7\tm.1\n9\tm.3\n"
    data, report = read(recbole(tmp_path, link))
    assert data.links.rows() == [("m.1", data.items.vocabulary.row("7"))]
    assert data.graph is not None
    assert data.graph.rows() == [("m.1", "genre", "m.2")]
    assert "x.link: 1 links to no known item: left out" in str(report)
    assert "1 of 2 items have an entity by x.link" in str(report)


def test_links_without_their_columns_say_what_they_need(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"(?s)no column entity_id; seen: item_id, what.*entity_id"):
        read(recbole(tmp_path, "item_id:token\twhat:token\n7\tm.1\n"))


def test_a_graph_in_numbers_is_linked_by_its_list_not_by_chance(tmp_path: Path) -> None:
    (tmp_path / "interactions.csv").write_text("user_id,item_id\nu,B01\nv,1\n")
    (tmp_path / "kg_final.txt").write_text("0 0 5\n1 0 5\n1 1 0\n")
    (tmp_path / "item_list.txt").write_text("org_id remap_id freebase_id\nB01 1 m.x\n1 0 m.y\n")
    data, report = read(tmp_path)
    rows = {text: data.items.vocabulary.row(text) for text in ("B01", "1")}
    assert dict(data.links.rows()) == {"1": rows["B01"], "0": rows["1"]}
    assert "2 of 2 items have an entity by item_list.txt" in str(report)


def test_heads_by_id_or_title_are_linked(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item_id,title\na,Alpha\nb,Beta\n")
    (tmp_path / "kg.csv").write_text("head,relation,tail\nalpha,g,War\nb,g,War\nz,g,War\n")
    data, report = read(tmp_path)
    assert dict(data.links.rows()) == {"alpha": 0, "b": 1}
    assert "graph: 2 of 3 heads are items by id or title" in str(report)


@pytest.fixture(scope="module")
def films_100k(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MovieLens-100K as `penchant data` delivers it, with its graph."""
    folder = tmp_path_factory.mktemp("sets") / "ml-100k"
    try:
        fetch("movielens-100k", folder)
    except SourceError as error:
        pytest.skip(f"no way to MovieLens-100K: {error}")
    if not (folder / "ml-100k.link").exists():
        pytest.skip("no package index with recbole, which holds the graph")
    return folder


def test_the_famous_graph_agrees_after_the_repair_and_is_chance_as_shipped(films_100k: Path) -> None:
    data, report = read(films_100k)
    assert data.graph is not None
    assert data.links["item"].n_unique() == 1_263
    right = agreement(data.graph, data.links, data.items, np.random.default_rng(0))
    assert right is not None
    assert (right.relation, right.column, right.p) == ("film.film.genre", "class", 1 / 200)
    assert right.strength > 10 * right.chance
    assert "WARNING" not in str(report)
    shipped = from_wheel(WHEEL, IN_WHEEL, GRAPH_SHA256)["ml-100k.link"]  # the ids of later sets
    (films_100k / "ml-100k.link").write_bytes(shipped)
    data, report = read(films_100k)
    assert data.graph is not None
    wrong = agreement(data.graph, data.links, data.items, np.random.default_rng(0))
    assert wrong is not None
    assert wrong.p > 0.05
    assert wrong.strength < 2 * wrong.chance
    assert "WARNING: its attributes are independent of the catalogue's" in str(report)


FOLDER = Path(os.environ.get("PENCHANT_DATA") or "not-given")


@pytest.mark.skipif(not FOLDER.is_dir(), reason="PENCHANT_DATA names no folder of further real data")
def test_the_repair_leads_to_the_same_films(films_100k: Path) -> None:
    """The table joins Braveheart with Braveheart: titles begin alike but for spelling."""
    table = pl.read_csv(IDS)
    old = pl.read_csv(films_100k / "ml-100k.item", separator="\t", quote_char=None, infer_schema=False)
    old = old.select(pl.col("item_id:token").cast(pl.Int64).alias("item_id"), pl.col("movie_title:token_seq"))
    new = pl.read_parquet(FOLDER / "ml_latest_small" / "items.parquet").select("item_id", "title")
    both = table.join(old, on="item_id").join(new, left_on="movielens_id", right_on="item_id")
    assert len(both) == len(table) == table["item_id"].n_unique() == 1_344
    first = both["movie_title:token_seq"].str.to_lowercase().str.extract(r"(\w{4,})")
    held = [word is None or word in title.lower() for word, title in zip(first, both["title"], strict=True)]
    assert np.mean(held) > 0.97
    assert dict(table.rows())[22] == 110  # Braveheart
