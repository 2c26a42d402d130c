from pathlib import Path

import numpy as np
import polars as pl
import pytest

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.media import media_vectors, vector_columns
from penchant.data.read import read
from penchant.data.vocabulary import Vocabulary
from penchant.errors import TableError
from penchant.language.knowledge import Knowledge
from penchant.models.content import Content
from penchant.recommender import Recommender

KINDS, ITEMS, COLD, USERS = 6, 240, 60, 150


def world(seed: int = 0) -> tuple[Dataset, np.ndarray]:
    """People who like one of six kinds of items each; the last sixty items have no event."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, KINDS, ITEMS)
    users, items = [], []
    for user in range(USERS):
        liked = np.flatnonzero(kinds[: ITEMS - COLD] == user % KINDS)
        users += [user] * 12
        items += rng.choice(liked, 12, replace=False).tolist()
    n = len(users)
    events = Interactions.sorted(
        np.array(users), np.array(items), np.arange(n, dtype=float), np.ones(n, np.float32),
        np.full(n, np.nan, np.float32), "time",
    )  # fmt: skip
    catalogue = Catalogue(Vocabulary(pl.Series(range(ITEMS))), pl.DataFrame(height=ITEMS))
    return Dataset(
        events, catalogue, Catalogue(Vocabulary(pl.Series(range(USERS))), pl.DataFrame(height=USERS))
    ), kinds


def pictures(kinds: np.ndarray, *, told: bool = True, width: int = 32) -> np.ndarray:
    """Vectors with a mean of their own, noise, and the kind, if they tell it."""
    rng = np.random.default_rng(1)
    centres = rng.standard_normal((KINDS, width)) * 0.8
    made = 3.0 + rng.standard_normal((len(kinds), width)) + centres[kinds] * told
    return np.asarray(made, dtype=np.float32)


def unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def knowing(media: np.ndarray) -> Knowledge:
    none = Knowledge.none(ITEMS)
    return Knowledge(none.vectors, none.raw, none.known, media=unit(media))


def cold_share(model: Content, data: Dataset, kinds: np.ndarray) -> float:
    """Return which part of each user's ten best cold items is of the kind that the user likes."""
    cold = np.arange(ITEMS - COLD, ITEMS)
    best = np.argsort(-model.score(data.queries(), cold), axis=1)[:, :6]
    return float((kinds[cold[best]] == (np.arange(USERS) % KINDS)[:, None]).mean())


def test_vectors_of_media_find_cold_items_and_noise_is_not_trusted() -> None:
    data, kinds = world()
    without = Content().fit(data, Knowledge.none(ITEMS), rng=np.random.default_rng(0))
    helped = Content().fit(data, knowing(pictures(kinds)), rng=np.random.default_rng(0))
    misled = Content().fit(data, knowing(pictures(kinds, told=False)), rng=np.random.default_rng(0))
    assert not without.score(data.queries()).any()  # nothing is known of any item
    assert cold_share(helped, data, kinds) > 0.8 > 4 / KINDS
    assert helped.media >= 0.5
    assert misled.media <= 0.25


def test_the_model_with_media_survives_its_state_and_places_new_items() -> None:
    data, kinds = world()
    knowledge = knowing(pictures(kinds))
    model = Content().fit(data, knowledge, rng=np.random.default_rng(0))
    again = Content.from_state(model.state())
    assert np.array_equal(again.score(data.queries()), model.score(data.queries()))
    assert np.array_equal(
        again.describe(data.items, knowledge).texts, model.describe(data.items, knowledge).texts
    )


def folder_of(folder: Path, media: np.ndarray, *, column: bool = False, n: int = ITEMS) -> Path:
    data, _ = world()
    events = data.interactions
    folder.mkdir()
    pl.DataFrame({"user_id": events.users, "item_id": events.items, "timestamp": events.times}).write_parquet(
        folder / "interactions.parquet"
    )
    items = pl.DataFrame({"item_id": range(n)})
    if column:
        items.with_columns(
            pl.Series("picture", media, dtype=pl.Array(pl.Float32, media.shape[1]))
        ).write_parquet(folder / "items.parquet")
        return folder
    items.write_parquet(folder / "items.parquet")
    (folder / "media").mkdir()
    for row in range(n):
        np.save(folder / "media" / f"{row}.npy", media[row])
    return folder


def test_a_column_and_a_folder_give_the_same_vectors(tmp_path: Path) -> None:
    media = pictures(world()[1])
    told, report = read(folder_of(tmp_path / "column", media, column=True))
    assert "items: 'picture' holds vectors of 32 numbers for 240 of 240" in str(report)
    assert np.allclose(
        media_vectors(told.items), media_vectors(read(folder_of(tmp_path / "x", media))[0].items)
    )


def test_from_a_folder_to_the_bundle(tmp_path: Path) -> None:
    _, kinds = world()
    folder = folder_of(tmp_path / "in", pictures(kinds))
    np.save(folder / "media" / "nobody.npy", np.ones(32))
    read_in, report = read(folder)
    assert "items: 'media' holds vectors of 32 numbers for 240 of 240" in str(report)
    assert "media/: 1 files whose names are no item's id: left out" in str(report)
    model = Recommender.fit(read_in, language="none", effort="quick")
    model.save(tmp_path / "model")
    again = Recommender.load(tmp_path / "model")
    assert np.array_equal(again.knowledge.media, model.knowledge.media)
    cold = [str(item) for item in range(ITEMS - COLD, ITEMS)]
    lists = again.recommend(["3"], k=6, candidates=cold)
    assert lists.equals(model.recommend(["3"], k=6, candidates=cold))
    assert np.mean(kinds[lists["item_id"].to_numpy()] == 3) >= 5 / 6


def test_missing_vectors_are_zero_and_columns_stand_side_by_side() -> None:
    table = pl.DataFrame(
        {
            "prices": [[1.0, 2.0], [1.0], None],
            "sound": pl.Series([[3.0] * 8, None, [1.0] * 8], dtype=pl.List(pl.Float64)),
            "picture": pl.Series([[1.0] * 9, [2.0] * 9, None], dtype=pl.List(pl.Float32)),
        }
    )
    made = Catalogue(Vocabulary(pl.Series(range(3))), table)
    assert vector_columns(made) == ["sound", "picture"]
    vectors = media_vectors(made)
    assert vectors.shape == (3, 17)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([2**0.5, 1, 1])
    assert not vectors[1, :8].any()
    assert media_vectors(Catalogue(made.vocabulary, pl.DataFrame(height=3))).shape == (3, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.ones((2, 16)), r"7\.npy: has the shape \(2, 16\), not one vector"),
        (np.ones(31), r"7\.npy: has 31 numbers, the files before it have 32"),
        (np.array([np.nan] * 32), r"7\.npy: holds numbers that are not finite"),
        (np.array(["a"] * 32), r"7\.npy: is no array of numbers"),
        (np.array([{}] * 32, dtype=object), r"7\.npy: is no array of numbers"),
        (b"not numpy at all", r"7\.npy: is no array of numbers"),
        (b"", r"7\.npy: is no array of numbers"),
    ],
    ids=["shape", "length", "nan", "text", "pickle", "bytes", "empty"],
)
def test_files_that_are_no_vector_are_refused(tmp_path: Path, content: object, message: str) -> None:
    folder = folder_of(tmp_path / "in", pictures(world()[1]))
    file = folder / "media" / "7.npy"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        np.save(file, content, allow_pickle=True)  # type: ignore[arg-type]
    with pytest.raises(TableError, match=message):
        read(folder)


def test_a_column_with_a_wrong_length_or_number_says_which_item() -> None:
    good = [[1.0] * 8] * 19
    for odd, message in (
        ([1.0] * 9, "of item 19 has 9 numbers, the others have 8"),
        ([np.inf] * 8, "not finite"),
    ):
        made = Catalogue(Vocabulary(pl.Series(range(20))), pl.DataFrame({"v": [*good, odd]}))
        with pytest.raises(TableError, match=message):
            media_vectors(made)
