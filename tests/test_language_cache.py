"""The cache: nothing twice, nothing lost, nothing believed that is damaged."""

import multiprocessing
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest

from penchant.errors import LanguageError
from penchant.language import cache as room
from penchant.language.cache import VectorCache
from penchant.language.encode import unit
from penchant.types import Vectors


class Counting:
    """An encoder whose vectors are a hash of the text, and which remembers what it was asked."""

    def __init__(self, name: str = "counting", dim: int = 8, fail_after: int | None = None) -> None:
        self.name, self.dim, self.asked, self.fail_after = name, dim, list[str](), fail_after

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self.fail_after is not None and len(self.asked) >= self.fail_after:
            raise LanguageError("the line is dead")
        self.asked += texts
        return unit(np.array([numbers(text)[: self.dim] for text in texts], dtype=np.float32))


def numbers(text: str) -> list[int]:
    return [byte + 1 for byte in blake2b(text.encode(), digest_size=64).digest()]


def texts(n: int) -> list[str]:
    return [f"text {'x' * (i % 7)} {i}" for i in range(n)]


def shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.npz"))


def test_each_text_is_encoded_once_in_this_run_and_in_the_next(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    asked = ["b", "a", "", "b", "  ", "a", "c"]
    vectors = VectorCache(tmp_path).encode(first, asked)
    assert sorted(first.asked) == ["a", "b", "c"]
    assert not vectors[[2, 4]].any()
    np.testing.assert_array_equal(vectors[[0, 1, 3, 5, 6]], Counting().encode(["b", "a", "b", "a", "c"]))
    again = VectorCache(tmp_path).encode(second, [*asked, "d"])
    assert second.asked == ["d"]
    assert again[:-1].tobytes() == vectors.tobytes()


def test_another_name_is_another_encoder(tmp_path: Path) -> None:
    VectorCache(tmp_path).encode(Counting("one"), ["a"])
    other = Counting("two", dim=4)
    assert VectorCache(tmp_path).encode(other, ["a"]).shape == (1, 4)
    assert other.asked == ["a"]


@pytest.mark.parametrize("asked", [[], ["", " \n"]])
def test_without_a_word_nothing_is_asked_or_written(tmp_path: Path, asked: list[str]) -> None:
    encoder = Counting()
    assert VectorCache(tmp_path / "new").encode(encoder, asked).shape == (len(asked), 8)
    assert not encoder.asked
    assert not (tmp_path / "new").exists()


def test_what_was_encoded_before_a_failure_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "CHUNK", 10)
    dying = Counting(fail_after=20)
    with pytest.raises(LanguageError):
        VectorCache(tmp_path).encode(dying, texts(35))
    rest = Counting()
    vectors = VectorCache(tmp_path).encode(rest, texts(35))
    assert len(rest.asked) == 15
    assert not set(rest.asked) & set(dying.asked)
    np.testing.assert_array_equal(vectors, Counting().encode(texts(35)))


def test_progress_counts_up_to_all_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "CHUNK", 10)
    VectorCache(tmp_path).encode(Counting(), texts(5))
    seen: list[tuple[int, int]] = []
    VectorCache(tmp_path).encode(Counting(), texts(25), lambda done, total: seen.append((done, total)))
    assert seen == [(15, 25), (25, 25)]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def strange(path: Path) -> None:
    np.savez(path, keys=np.zeros((3, 16), dtype=np.uint8), vectors=np.zeros((2, 8), dtype=np.float32))


def pickled(path: Path) -> None:
    np.savez(path, keys=np.array([{}], dtype=object), vectors=np.zeros((1, 8), dtype=np.float32))


@pytest.mark.parametrize("damage", [flip, cut, empty, strange, pickled])
def test_damaged_shards_are_encoded_again(tmp_path: Path, damage: object) -> None:
    vectors = VectorCache(tmp_path).encode(Counting(), texts(40))
    (shard,) = shards(tmp_path)
    damage(shard)  # type: ignore[operator]
    encoder = Counting()
    assert VectorCache(tmp_path).encode(encoder, texts(40)).tobytes() == vectors.tobytes()
    assert len(encoder.asked) == 40
    encoder = Counting()
    VectorCache(tmp_path).encode(encoder, texts(40))
    assert not encoder.asked


def test_many_shards_become_one_and_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "CHUNK", 2)
    vectors = VectorCache(tmp_path).encode(Counting(), texts(130))
    cut(shards(tmp_path)[3])
    assert len(shards(tmp_path)) == 65
    encoder = Counting()
    assert VectorCache(tmp_path).encode(encoder, texts(130)).tobytes() == vectors.tobytes()
    assert len(shards(tmp_path)) == 2
    assert len(encoder.asked) == 2


def test_a_dead_process_leaves_nothing_that_is_read(tmp_path: Path) -> None:
    vectors = VectorCache(tmp_path).encode(Counting(), texts(10))
    (shard,) = shards(tmp_path)
    (shard.parent / ".half.part").write_bytes(shard.read_bytes()[:99])
    assert VectorCache(tmp_path).encode(Counting(), texts(10)).tobytes() == vectors.tobytes()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LanguageError, match="cannot be kept"):
        VectorCache(tmp_path / "file").encode(Counting(), ["a"])


def test_another_length_of_vectors_under_one_name_is_told(tmp_path: Path) -> None:
    VectorCache(tmp_path).encode(Counting(dim=8), ["a"])
    with pytest.raises(LanguageError, match="changed"):
        VectorCache(tmp_path).encode(Counting(dim=4), ["a", "b"])


def fill(folder: str, start: int, asked: int) -> None:
    room.CHUNK, room.MANY = 3, 5
    for _ in range(4):
        VectorCache(folder).encode(Counting(), texts(start + asked)[start:])


def test_several_processes_at_once(tmp_path: Path) -> None:
    start = multiprocessing.get_context("spawn")
    work = [start.Process(target=fill, args=(str(tmp_path), begin, 60)) for begin in (0, 30, 0)]
    for process in work:
        process.start()
    for process in work:
        process.join()
    assert [process.exitcode for process in work] == [0, 0, 0]
    encoder = Counting()
    vectors = VectorCache(tmp_path).encode(encoder, texts(90))
    np.testing.assert_array_equal(vectors, Counting().encode(texts(90)))
    assert not encoder.asked
    assert not list(tmp_path.glob("*/.*"))
