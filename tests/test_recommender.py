"""The recommender from tables to lists: the same after a round trip, ids as given, ugly tables survived."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import penchant
import toy
from embeddings import KEY, Server, seen, understand
from penchant import Recommender, store
from penchant.data.dataset import Dataset
from penchant.errors import BundleError, LanguageError, PenchantError, SettingError, UnknownIdError
from penchant.language.choose import load_encoder
from penchant.language.encode import unit
from penchant.types import Vectors


def data_of(folder: Path, **tables: pl.DataFrame) -> Dataset:
    """Write tables as Parquet and read them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.write_parquet(folder / f"{name}.parquet")
    return read(folder)


def read(folder: Path) -> Dataset:
    """Read without the report."""
    return penchant.read(folder)[0]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return read(toy.write_tables(tmp_path_factory.mktemp("toy")))


@pytest.fixture(scope="module")
def plain(world: Dataset) -> Recommender:
    return Recommender.fit(world, language="none", effort="quick")


@pytest.fixture(scope="module")
def worded(world: Dataset) -> Recommender:
    return Recommender.fit(world, language="minilm", effort="quick")


def odd(items: pl.Series) -> list[int]:
    return [int(item) % 2 for item in items]


def test_everybody_gets_a_list_of_what_they_do_not_have(world: Dataset, plain: Recommender) -> None:
    lists = plain.recommend(k=3)
    assert lists.columns == ["user_id", "item_id", "rank", "score"]
    assert lists.height == 3 * toy.N_USERS
    had = toy.tables()["interactions"].select("user_id", "item_id")
    assert lists.select("user_id", "item_id").join(had, on=["user_id", "item_id"]).is_empty()
    first = lists.filter(pl.col("rank") == 1)
    own = [int(user) % 2 for user in first["user_id"]]
    assert np.mean(np.array(odd(first["item_id"])) == own) > 0.95
    assert world.n_users == toy.N_USERS


def test_saved_and_loaded_gives_the_same_lists(worded: Recommender, tmp_path: Path) -> None:
    worded.save(tmp_path / "MODEL")
    again = Recommender.load(tmp_path / "MODEL")
    for repeat in (False, True):
        assert again.recommend(k=5, repeat=repeat).equals(worded.recommend(k=5, repeat=repeat))
    request = {"text": "robots at war in space", "k": 4}
    assert again.recommend(**request).equals(worded.recommend(**request))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other",
    [
        {"calibration": [1.0, 0.5, 0.1]},
        {"blends": {}},
        {"models": {"oracle": {}}},
        {"scales": {"habit": [1]}},
    ],
)
def test_a_whole_bundle_of_another_penchant_says_to_fit_again(
    plain: Recommender, other: dict[str, Any], tmp_path: Path
) -> None:
    plain.save(tmp_path / "MODEL")
    contents, lineage = store.read(tmp_path / "MODEL")
    scalars = {**contents.scalars, "ranking": {**contents.scalars["ranking"], **other}}
    store.write(tmp_path / "MODEL", replace(contents, scalars=scalars), lineage=lineage)
    with pytest.raises(BundleError, match=r"another Penchant's(.|\n)*hint: fit again"):
        Recommender.load(tmp_path / "MODEL")


def test_one_seed_gives_one_table(world: Dataset, plain: Recommender) -> None:
    again = Recommender.fit(world, language="none", effort="quick")
    assert again.recommend(k=5).equals(plain.recommend(k=5))


def test_a_request_in_words_finds_its_items(worded: Recommender) -> None:
    loud = worded.recommend(text="a battle of robots in deep space", k=5)
    assert loud["user_id"].is_null().all()
    assert set(odd(loud["item_id"])) == {1}
    quiet = worded.recommend(text="a quiet drama about friendship", k=5)
    assert set(odd(quiet["item_id"])) == {0}
    with pytest.raises(SettingError):
        worded.recommend(text="  ")


def test_without_texts_a_request_says_so(plain: Recommender) -> None:
    with pytest.raises(PenchantError, match="without texts"):
        plain.recommend(text="robots")


def test_a_stranger_gets_a_newcomers_list(plain: Recommender) -> None:
    lists = plain.recommend(["120", "nobody"], k=4)
    assert lists["user_id"].to_list() == ["120"] * 4 + ["nobody"] * 4
    other = plain.recommend(["another"], k=4)
    assert other["item_id"].to_list() == lists["item_id"].to_list()[4:]


def test_candidates_and_unknown_ids(plain: Recommender) -> None:
    lists = plain.recommend(candidates=["001", "004", "nothing"], k=5, repeat=True)
    assert set(lists["item_id"]) == {"001", "004"}
    with pytest.raises(UnknownIdError):
        plain.recommend(candidates=["nothing"])
    with pytest.raises(UnknownIdError):
        plain.similar("nothing")
    with pytest.raises(SettingError):
        plain.recommend(k=0)


def test_similar_items_share_the_taste(worded: Recommender) -> None:
    found = worded.similar("004", k=5)
    assert "004" not in found["item_id"]
    assert set(odd(found["item_id"])) == {0}


def test_reasons_add_up_to_the_score(worded: Recommender) -> None:
    lists = worded.recommend(["120", "nobody"], k=4, explain=True)
    told = [sum(reason["share"] for reason in reasons) for reasons in lists["reasons"].to_list()]
    assert np.allclose(told, lists["score"], atol=1e-4)


def test_diverse_lists_hold_the_same_number_of_different_items(worded: Recommender) -> None:
    lists = worded.recommend(k=5, diversity=0.7)
    assert lists.height == 5 * toy.N_USERS
    assert not lists.select("user_id", "item_id").is_duplicated().any()


def test_ids_keep_their_type(tmp_path: Path) -> None:
    events = toy.tables()["interactions"].with_columns(pl.col("user_id", "item_id").cast(pl.Int64))
    lists = Recommender.fit(data_of(tmp_path, interactions=events), effort="quick").recommend(k=2)
    assert lists.schema["user_id"] == lists.schema["item_id"] == pl.Int64
    csv = toy.write_tables(tmp_path / "csv")
    texts = Recommender.fit(read(csv), language="none", effort="quick").recommend(k=2)
    assert texts.schema["item_id"] == pl.String
    assert texts["item_id"].str.len_chars().unique().to_list() == [3]


def log(users: list[int], items: list[int], clock: bool = True) -> pl.DataFrame:
    """Make a table of events a day apart."""
    table = pl.DataFrame({"user_id": users, "item_id": items})
    days = pl.Series("timestamp", [1_600_000_000 + 86_400 * day for day in range(len(users))], dtype=pl.Int64)
    return table.with_columns(days) if clock else table


ALL = [(user, item) for user in range(6) for item in range(5)]
UGLY = {
    "one event": log([1], [1]),
    "one user": log([1] * 5, [1, 2, 3, 4, 5]),
    "one item": log([1, 2, 3, 4], [9] * 4),
    "one pair again and again": log([1] * 30, [9] * 30),
    "everybody had everything": log([user for user, _ in ALL], [item for _, item in ALL]),
    "no clock": log([user for user, _ in ALL], [item for _, item in ALL], clock=False),
    "one moment": log([user for user, _ in ALL], [i for _, i in ALL]).with_columns(timestamp=pl.lit(5)),
}


@pytest.mark.parametrize("table", UGLY.values(), ids=UGLY)
@pytest.mark.parametrize("effort", ["quick", "standard"])
def test_ugly_tables_still_give_lists(table: pl.DataFrame, effort: str, tmp_path: Path) -> None:
    fitted = Recommender.fit(data_of(tmp_path, interactions=table), effort=effort)  # type: ignore[arg-type]
    for lists in (fitted.recommend(k=3, repeat=True), fitted.recommend(["nobody"], k=3)):
        assert lists.height
        assert np.isfinite(lists["score"].to_numpy()).all()
    had = table.with_columns(pl.col("user_id", "item_id").cast(pl.Int64)).unique()
    assert fitted.recommend(k=3).join(had, on=["user_id", "item_id"]).is_empty()
    fitted.save(tmp_path / "MODEL")
    assert Recommender.load(tmp_path / "MODEL").recommend(k=3).equals(fitted.recommend(k=3))


def test_texts_alone_are_enough(tmp_path: Path) -> None:
    whole = toy.world().data
    silent = whole.with_interactions(whole.interactions.where(np.zeros(len(whole.interactions), dtype=bool)))
    fitted = Recommender.fit(silent, effort="quick")
    found = fitted.recommend(text="a battle of robots in deep space", k=3)
    assert set(odd(found["item_id"])) == {1}
    fitted.save(tmp_path / "MODEL")
    again = Recommender.load(tmp_path / "MODEL")
    assert again.recommend(text="a battle of robots in deep space", k=3).equals(found)
    assert set(odd(again.similar("004", k=3)["item_id"])) == {0}
    with pytest.raises(SettingError, match="only words to go by"):
        again.recommend()


class Own:
    """An encoder of the caller's own."""

    name, dim = "own", 3

    def encode(self, texts: Sequence[str]) -> Vectors:
        return unit(np.array([seen(text) for text in texts], dtype=np.float32).reshape(-1, self.dim))


def test_an_encoder_of_ones_own_is_kept_in_memory_and_given_to_a_bundle(
    world: Dataset, tmp_path: Path
) -> None:
    fitted = Recommender.fit(world, effort="quick", language=Own())
    found = fitted.recommend(text="robots", k=5)
    assert set(odd(found["item_id"])) == {1}
    fitted.save(tmp_path / "MODEL")
    with pytest.raises(LanguageError, match="no name tells"):
        Recommender.load(tmp_path / "MODEL").recommend(text="robots")
    assert Recommender.load(tmp_path / "MODEL", Own()).recommend(text="robots", k=5).equals(found)
    with pytest.raises(LanguageError, match="384 numbers, those of the items have 3"):
        Recommender.load(tmp_path / "MODEL", load_encoder()).recommend(text="robots")


def test_a_url_is_asked_again_by_what_the_bundle_says(server: Server, world: Dataset, tmp_path: Path) -> None:
    understand(server)
    spec = f"{server.url}#org/tiny"
    remote = load_encoder(spec, key=KEY)
    fitted = Recommender.fit(world, effort="quick", language=remote)
    fitted.save(tmp_path / "MODEL")
    again = Recommender.load(tmp_path / "MODEL")
    assert (again.language, again.encoder) == (spec, None)
    with pytest.raises(LanguageError, match="check the key"):
        again.recommend(text="friendship")
    found = Recommender.load(tmp_path / "MODEL", remote).recommend(text="friendship", k=5)
    assert set(odd(found["item_id"])) == {0}
    assert found.equals(fitted.recommend(text="friendship", k=5))
    assert server.asked[-1]["model"] == "org/tiny"
