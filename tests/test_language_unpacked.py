"""Packed models are unpacked once: the copy says the same, and one that was touched is made anew."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from packs import write_gguf
from penchant.language import local
from penchant.language.adapt.halves import Halves
from penchant.language.local import LocalEncoder
from penchant.language.packed import unpacking
from penchant.language.unpacked import FOLDER, LIST, place_of, sound

pytest.importorskip("gguf", reason="packed models need the package gguf")

TEXTS = ["ab c", "#!", "robots in space"]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    write_gguf(folder / "model.gguf")
    return folder


@pytest.fixture
def unpackings(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Count how often a packed file is read through."""
    seen: list[Any] = []
    real = unpacking

    def counted(name: str | None) -> Any:
        seen.extend([name] if name else [])
        return real(name)

    monkeypatch.setattr(local, "unpacking", counted)
    return seen


def test_a_copy_says_the_same_and_spares_the_work(
    packed: Path, tmp_path: Path, unpackings: list[Any]
) -> None:
    bare = LocalEncoder(str(packed))
    assert not list(tmp_path.iterdir()) and len(unpackings) == 1
    first, again = (LocalEncoder(str(packed), store=tmp_path) for _ in range(2))
    assert len(unpackings) == 2
    assert first.name == again.name == bare.name
    for encoder in (first, again):
        np.testing.assert_array_equal(encoder.encode(TEXTS), bare.encode(TEXTS))
    assert Halves.of(str(packed), 1, 16, tmp_path).tokens(TEXTS) == Halves.of(str(packed), 1, 16).tokens(
        TEXTS
    )
    assert len(unpackings) == 3
    assert [path.name[0] != "." for path in (tmp_path / FOLDER).iterdir()] == [True]


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", LIST, "tokenizer.json"])
@pytest.mark.parametrize("how", ["cut", "gone", "edited", "more"])
def test_a_copy_that_was_touched_is_made_anew(
    name: str, how: str, packed: Path, tmp_path: Path, kept: Path, unpackings: list[Any]
) -> None:
    shutil.copytree(kept, tmp_path / FOLDER)
    place = place_of(packed / "model.gguf", "AutoModel", tmp_path)
    assert sound(place)
    path, bytes_ = place / name, bytearray((place / name).read_bytes())
    if how == "cut":
        path.write_bytes(bytes_[:-9])
    elif how == "gone":
        path.unlink()
    elif how == "edited":
        bytes_[-20] ^= 1
        path.write_bytes(bytes_)
    else:
        (place / f"{name}.more").write_text("unknown")
    assert not sound(place)
    found = LocalEncoder(str(packed), store=tmp_path).encode(TEXTS)
    assert len(unpackings) == 1 and sound(place)
    np.testing.assert_array_equal(found, LocalEncoder(str(packed), store=tmp_path).encode(TEXTS))
    assert len(unpackings) == 1


@pytest.fixture(scope="module")
def kept(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("store")
    LocalEncoder(str(packed), store=store)
    return store / FOLDER


def test_each_packed_file_has_a_copy_of_its_own(packed: Path, tmp_path: Path) -> None:
    write_gguf(tmp_path / "other.gguf", seed=1)
    places = {place_of(path, kind, tmp_path)
              for path in (packed / "model.gguf", tmp_path / "other.gguf")
              for kind in ("AutoModel", "AutoModelForCausalLM")}  # fmt: skip
    assert len(places) == 4


def test_a_disk_that_refuses_the_copy_is_no_hindrance(packed: Path, tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file where the folder would be")
    assert LocalEncoder(str(packed), store=tmp_path).encode(TEXTS).any()
