"""A space learned from a catalogue: near what says the same in other words, stored, and chosen where it is needed."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import toy
from penchant import Recommender
from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.read import read
from penchant.data.vocabulary import Vocabulary
from penchant.errors import BundleError, LanguageError
from penchant.language import segment
from penchant.language.choose import load_encoder, spec_of
from penchant.language.lsa import LatentSemantics, principal
from penchant.language.segment import Division, segmented
from penchant.language.texts import chosen, read_texts, reader
from penchant.language.tongue import Tongue, tongue_of

CARS = [
    "汽车的发动机很省油",
    "轿车的发动机很省油",
    "汽车和轮胎的保养",
    "轿车和轮胎的保养",
    "面条配上辣椒和青菜",
    "米饭配上辣椒和青菜",
]
WORDS = ("安静的村庄里一段友谊的故事", "太空深处机器人的激烈战斗")


def shelf(titles: list[str]) -> Catalogue:
    ids = Vocabulary(pl.Series([f"i{place}" for place in range(len(titles))]))
    return Catalogue(ids, pl.DataFrame({"title": titles}), "title")


@pytest.mark.parametrize("division", ["jieba", "pairs"])
def test_a_word_is_near_what_stands_in_its_place(division: Division) -> None:
    space = LatentSemantics.fit(CARS, dim=2, division=division)
    asked, cars, food = space.encode(["轿车", "汽车", "面条和青菜"])
    assert float(asked @ cars) > 0.9  # they share no character pair and no text, only their company
    assert float(asked @ food) < 0.3


def test_the_same_texts_and_seed_give_the_same_bytes() -> None:
    one, two = (LatentSemantics.fit(CARS, seed=3) for _ in range(2))
    assert one.name == two.name
    assert one.encode(CARS).tobytes() == two.encode(CARS).tobytes()
    assert LatentSemantics.fit(CARS[:4], seed=3).name != one.name


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_text_is_a_direction_or_nothing(texts: list[str]) -> None:
    space = LatentSemantics.fit(CARS, division="pairs")
    lengths = np.linalg.norm(space.encode(texts), axis=1)
    assert lengths.shape == (len(texts),)
    assert all(length == 0 or abs(length - 1) < 1e-5 for length in lengths)
    assert not space.encode(["", "nothing of it"]).any()


def test_directions_are_those_of_a_full_decomposition() -> None:
    rng = np.random.default_rng(0)
    dense = rng.standard_normal((60, 8)) @ rng.standard_normal((8, 40)) + 0.01 * rng.standard_normal((60, 40))
    found = principal(sparse.csr_matrix(dense, dtype=np.float32), 5, np.random.default_rng(1))
    right = np.linalg.svd(dense)[2][:5].T
    assert np.abs((found * right).sum(axis=0)) == pytest.approx(np.ones(5), abs=1e-3)
    assert (found[np.abs(found).argmax(axis=0), np.arange(5)] > 0).all()


def test_no_shared_word_is_said() -> None:
    with pytest.raises(LanguageError, match="no words are shared"):
        LatentSemantics.fit(["alpha beta", "gamma delta"])


def test_it_is_stored_as_numbers_alone() -> None:
    space = LatentSemantics.fit(CARS)
    state = space.state()
    assert {array.dtype.kind for array in state.values()} <= set("fu")
    again = LatentSemantics.from_state(state)
    assert (again.name, again.encode(CARS).tobytes()) == (space.name, space.encode(CARS).tobytes())
    broken = [
        {name: array for name, array in state.items() if name != "axes"},
        state | {"axes": state["axes"][:-1]},
        state | {"terms": np.array([255, 254], dtype=np.uint8)},
        state | {"division": np.frombuffer(b"magic", dtype=np.uint8)},
    ]
    for one in broken:
        with pytest.raises(BundleError, match="learned language"):
            LatentSemantics.from_state(one)


def test_chinese_is_divided_by_a_dictionary_or_into_pairs() -> None:
    text = ["红色连衣裙 Silk 2024"]
    assert segmented(text, "pairs") == [["红色", "色连", "连衣", "衣裙", "silk", "2024"]]
    assert {"红色", "连衣裙", "silk"} <= set(segmented(text, "jieba")[0])
    assert segmented(["ありがとう"], "jieba") == segmented(
        ["ありがとう"], "pairs"
    )  # no dictionary of Japanese


def test_without_jieba_pairs_are_used_and_its_models_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    space = LatentSemantics.fit(CARS, division="jieba")
    monkeypatch.setattr(segment, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "jieba", None)
    segment.dictionary.cache_clear()
    assert LatentSemantics.fit(CARS).division == "pairs"
    with pytest.raises(LanguageError, match=r"penchant\[chinese\]"):
        space.encode(["汽车"])
    segment.dictionary.cache_clear()


GERMAN = "Ein stilles Dorf im Schwarzwald, in dem zwei Freundinnen einen verlassenen Bauernhof wieder aufbauen wollen."
RUSSIAN = "Тихая деревня у реки, где двое друзей снова строят старую мельницу."
ENGLISH = "A quiet village by the river where two friends build an old mill again."


@pytest.mark.parametrize(
    ("titles", "code", "foreign"),
    [
        (["活着", "三体", "百年孤独"], "zh", True),
        (["苹果 iPhone 15 Pro 手机壳 防摔", "小米 Redmi Note 手机膜"], "zh", True),
        ([f"{RUSSIAN} {n}" for n in range(3)], "ru", True),
        ([f"{GERMAN} {n}" for n in range(40)], "de", True),
        ([f"{ENGLISH} {n}" for n in range(40)], "en", False),
        ([GERMAN, "Das Boot", "Lola rennt"], "de", False),  # too little to be sure in letters that English has too
        (["Amélie", "La Dolce Vita", "Das Boot", "Heat", "Alien", "The Matrix"] * 3, None, False),
        (["", ""], "", False),
        (["12345", "67890"], "", False),
    ],
)  # fmt: skip
def test_the_language_of_a_catalogue(titles: list[str], code: str | None, foreign: bool) -> None:
    found = tongue_of(shelf(titles))
    assert found.foreign is foreign
    assert code is None or found.code == code


@pytest.mark.parametrize(
    "name", ["ml_latest_small", "ifdb", "goodbooks10k_v1", "online_retail_ii", "redial", "customer_service_intents"]
)  # fmt: skip
def test_real_english_catalogues_are_english(name: str) -> None:
    folder = os.environ.get("PENCHANT_DATA")
    if not folder or not (Path(folder) / name).is_dir():
        pytest.skip(f"PENCHANT_DATA holds no {name}")
    items = next(path for path in Path(folder, name).iterdir() if path.stem in ("items", "movies", "books"))
    table = (
        pl.read_parquet(items) if items.suffix == ".parquet" else pl.read_csv(items, infer_schema_length=None)
    )
    title = next(column for column in ("title", "name", "description") if column in table.columns)
    catalogue = Catalogue(
        Vocabulary(pl.Series(range(len(table)))), table.select(pl.col(title).cast(pl.String)), title
    )
    assert not tongue_of(catalogue).foreign


def test_a_script_tells_the_language_of_short_texts() -> None:
    assert tongue_of(shelf(["ノルウェイの森", "海辺のカフカ"])).code == "ja"
    assert tongue_of(shelf(["기생충", "올드보이"])).code == "ko"
    assert Tongue().line() == "in no language that can be told"


def chinese_world() -> Dataset:
    """The toy world, told in Chinese."""
    data = toy.world().data
    told = pl.DataFrame(
        {
            "title": [f"电影{item}" for item in range(toy.N_ITEMS)],
            "text": [f"{WORDS[item % 2]}，第{item}部" for item in range(toy.N_ITEMS)],
        }
    )
    return Dataset(
        data.interactions, Catalogue(data.items.vocabulary, told, "title"), data.users
    ).with_traits()


def test_another_language_is_noticed_and_said() -> None:
    heard: list[str] = []
    assert chosen(chinese_world(), "auto", heard.append) == "lsa"
    assert "Chinese" in heard[0] and "--language FOLDER" in heard[0]
    assert chosen(chinese_world(), "minilm", heard.append) == "minilm"
    assert "knows English alone" in heard[1]
    assert chosen(toy.world().data, "auto", heard.append) == "minilm"
    german = replace(toy.world().data, items=shelf([f"{GERMAN} {n}" for n in range(toy.N_ITEMS)]))
    assert chosen(german, "auto", heard.append) == "minilm" and "--language lsa learns" in heard[-1]
    unlike = replace(german, items=shelf(["活着", "三体"]))
    assert reader(unlike, "auto", None, 0, heard.append) == "minilm" and "no words" in heard[-1]
    with pytest.raises(LanguageError):
        reader(unlike, "lsa", None, 0, heard.append)
    texts = read_texts(chinese_world(), "auto", say=heard.append)
    assert spec_of(texts.encoder) == "lsa" and texts.knowledge.known.all()


@pytest.mark.parametrize("name", ["auto", "lsa"])
def test_what_must_be_learned_is_not_loaded(name: str) -> None:
    with pytest.raises(LanguageError, match="where a catalogue is read"):
        load_encoder(name)


def test_a_bundle_holds_the_space_and_hears_with_it(tmp_path: Path) -> None:
    fitted = Recommender.fit(chinese_world(), effort="quick")
    version = fitted.save(tmp_path / "MODEL")
    loaded = Recommender.load(tmp_path / "MODEL")
    assert loaded.language == "lsa"
    assert loaded.hear("机器人战斗").tobytes() == fitted.hear("机器人战斗").tobytes()
    assert Recommender.fit(chinese_world(), effort="quick").save(tmp_path / "TWIN") == version
    found = loaded.recommend(text="机器人", k=5)["item_id"].to_list()
    assert {int(item) % 2 for item in found} == {1}
    assert {int(item) % 2 for item in loaded.similar("004", k=5)["item_id"]} == {0}


def test_the_command_line_serves_a_chinese_catalogue(tmp_path: Path) -> None:
    toy.write_tables(tmp_path / "DIR")
    world = chinese_world()
    world.items.table.select(world.items.vocabulary.ids.alias("item_id"), pl.all()).write_csv(
        tmp_path / "DIR" / "items.csv"
    )
    data, _ = read(tmp_path / "DIR")
    assert tongue_of(data.items).code == "zh"

    def penchant(*words: object, told: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "penchant.cli", *map(str, words)]
        return subprocess.run(command, input=told, capture_output=True, text=True, check=True, timeout=300)

    done = penchant("fit", tmp_path / "DIR", "-o", tmp_path / "MODEL", "--effort", "quick")
    assert "Chinese" in done.stderr and "a space learned from them" in done.stderr
    turns = "税务局要我填一张表\n重新开始，像《电影3》那样的，不要友谊\n"
    done = penchant("ask", tmp_path / "MODEL", "-k", "4", told=turns)
    assert "没有合适的" in done.stderr
    assert "理解为：像 电影3 · 不含“友谊”" in done.stderr
    assert {int(line.split(",")[1]) % 2 for line in done.stdout.splitlines()[5:]} == {1}
