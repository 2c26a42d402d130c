import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from penchant.data.read import read
from penchant.errors import LanguageError
from penchant.language import pictures
from penchant.language.cache import VectorCache
from penchant.language.encode import unit
from penchant.language.pictures import load_pictures, seen
from penchant.recommender import Recommender
from penchant.types import Vectors

INSTALLED = all(importlib.util.find_spec(name) for name in pictures.NEEDED)
needs_extra = pytest.mark.skipif(not INSTALLED, reason="pictures need the extra penchant[pictures]")


@dataclass
class Bytes:
    """Reads a file's first bytes as its vector; a file that begins with "x" is broken."""

    name: str = "bytes"
    dim: int = 8
    read: list[str] = field(default_factory=list)

    def encode(self, paths: Sequence[Path]) -> Vectors:
        self.read += [path.name for path in paths]
        vectors = np.zeros((len(paths), self.dim), dtype=np.float32)
        for row, path in enumerate(paths):
            content = path.read_bytes()
            if not content.startswith(b"x"):
                vectors[row] = np.frombuffer(content[:8].ljust(8), dtype=np.uint8)
        return unit(vectors)


def files(folder: Path, **contents: bytes) -> list[Path]:
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]


def test_a_picture_is_read_once_by_its_content_and_broken_ones_are_counted(tmp_path: Path) -> None:
    paths = files(tmp_path, a=b"one", b=b"two", c=b"one", d=b"x")
    said: list[str] = []
    encoder, cache = Bytes(), VectorCache(tmp_path / "cache")
    asked: list[Path | None] = [*paths, None, tmp_path / "gone"]
    vectors = seen(asked, encoder, cache, said.append)
    assert vectors.shape == (6, 8)
    assert vectors.any(axis=1).tolist() == [True, True, True, False, False, False]
    assert np.array_equal(vectors[0], vectors[2])
    assert len(encoder.read) == 3
    assert said[0] == "pictures: 2 of 5 files cannot be read as pictures: no vector"
    paths[0].write_bytes(b"changed")
    again = seen(asked, encoder, cache, said.append)
    assert len(encoder.read) == 4
    assert not np.array_equal(again[0], vectors[0])
    assert np.array_equal(again[1:], seen(asked, Bytes(), None, said.append)[1:])


def test_without_the_extra_a_clear_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "NEEDED", ("torch_that_nobody_has",))
    said: list[str] = []
    paths = files(tmp_path, a=b"one")
    assert seen(paths, "auto", None, said.append).shape == (1, 0)
    assert said == ["pictures: 1 files are not read; pip install 'penchant[pictures]' reads them"]
    with pytest.raises(LanguageError, match="needs the package torch_that_nobody_has") as caught:
        seen(paths, "lite0", None, said.append)
    assert "pip install 'penchant[pictures]'" in str(caught.value)
    assert seen(paths, "none", None, said.append).shape == (1, 0)


def test_a_name_that_is_no_encoder_is_refused(tmp_path: Path) -> None:
    for spec in ("resnet", str(tmp_path), ""):
        with pytest.raises(LanguageError, match="no encoder of pictures"):
            load_pictures(spec)


def drawn(folder: Path, n: int = 12) -> list[Path]:
    """Pictures of three kinds: discs, stripes and grey noise, in colours of their own."""
    from PIL import Image, ImageDraw

    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        ground, colour = (tuple(rng.integers(low, low + 120, 3).tolist()) for low in (130, 0))
        image = Image.new("RGB", (180, 150), ground)
        draw = ImageDraw.Draw(image)
        for _ in range(6):
            x, y = rng.integers(0, 130, 2).tolist()
            if i % 3 == 0:
                draw.ellipse([x, y, x + 40, y + 40], fill=colour)
            elif i % 3 == 1:
                draw.rectangle([0, y, 180, y + 6], fill=colour)
        if i % 3 == 2:
            image = Image.fromarray(rng.integers(0, 255, (150, 180), dtype=np.uint8))
        image.save(folder / f"{i}.{('png', 'jpg', 'webp')[i % 2 + (i == 4)]}")
    return [next(folder.glob(f"{i}.*")) for i in range(n)]


@needs_extra
def test_the_bundled_network_puts_similar_pictures_near_and_broken_ones_nowhere(tmp_path: Path) -> None:
    paths = drawn(tmp_path / "in")
    encoder = load_pictures()
    broken = files(tmp_path, empty=b"", text=b"no picture at all", cut=paths[0].read_bytes()[:300])
    vectors = encoder.encode([*paths, *broken])
    assert vectors.shape == (15, encoder.dim)
    assert vectors.dtype == np.float32
    assert not vectors[12:].any()
    assert np.linalg.norm(vectors[:12], axis=1) == pytest.approx(np.ones(12), abs=1e-5)
    centred = vectors[:12] - vectors[:12].mean(axis=0)
    near = centred @ centred.T
    np.fill_diagonal(near, -np.inf)
    assert (near.argmax(axis=1) % 3 == np.arange(12) % 3).mean() >= 10 / 12
    assert np.allclose(encoder.encode(paths[3:4]), vectors[3], atol=1e-4)


@needs_extra
def test_modes_of_pictures_and_how_they_were_held(tmp_path: Path) -> None:
    from PIL import Image

    wide = Image.effect_noise((90, 40), 80).convert("RGB")
    wide.save(tmp_path / "plain.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # was turned by a quarter when it was taken
    wide.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    clear = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    clear.save(tmp_path / "clear.png")
    clear.convert("P").save(tmp_path / "palette.png")
    Image.new("L", (1, 900), 7).save(tmp_path / "thin.png")

    def pixels(name: str) -> np.ndarray:
        return np.asarray(pictures.picture(tmp_path / f"{name}.png", 256))

    assert np.array_equal(pixels("turned"), pixels("plain"))
    assert (pixels("clear") == 255).all()
    assert load_pictures().encode([tmp_path / "thin.png", tmp_path / "palette.png"]).any(axis=1).all()


@needs_extra
def test_a_folder_of_transformers_reads_pictures(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="needs transformers")
    config = transformers.ViTConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, image_size=32,
        patch_size=8,
    )  # fmt: skip
    model = transformers.ViTModel(config)
    model.save_pretrained(tmp_path / "vit")
    settings = {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}
    (tmp_path / "vit" / "preprocessor_config.json").write_text(json.dumps(settings))
    paths = drawn(tmp_path / "in", 5)
    encoder = load_pictures(str(tmp_path / "vit"))
    vectors = encoder.encode(paths)
    assert vectors.shape == (5, 32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    (tmp_path / "vit" / "preprocessor_config.json").write_text(json.dumps(settings | {"do_normalize": False}))
    assert load_pictures(str(tmp_path / "vit")).name != encoder.name
    (tmp_path / "vit" / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(LanguageError, match="cannot be loaded as an encoder of pictures"):
        load_pictures(str(tmp_path / "vit"))


def test_from_a_folder_of_pictures_to_the_bundle(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "pictures").mkdir(parents=True)
    items = [f"i{i}" for i in range(30)]
    events = [(user, items[i]) for user in range(20) for i in range(user % 2, 24, 2) if (i + user) % 3]
    pl.DataFrame(events, schema=["user_id", "item_id"], orient="row").write_csv(folder / "interactions.csv")
    pl.DataFrame({"item_id": items}).write_csv(folder / "items.csv")
    for i, item in enumerate(items):  # the last six have no event
        (folder / "pictures" / f"{item}.jpg").write_bytes((b"aaaabbbb", b"zzzz\x01\x02\x03\x04")[i % 2])
    (folder / "pictures" / "i29.jpg").write_bytes(b"x")
    data, report = read(folder)
    assert "items: pictures of 30 of 30" in str(report)
    said: list[str] = []
    model = Recommender.fit(data, language="none", effort="quick", pictures=Bytes(), say=said.append)
    assert "pictures: 1 of 30 files cannot be read as pictures: no vector" in said
    model.save(tmp_path / "model")
    again = Recommender.load(tmp_path / "model")
    assert again.knowledge.media.shape == (30, 8)
    first = again.recommend([0], k=2, candidates=items[24:])["item_id"].to_list()
    assert set(first) <= {"i24", "i26", "i28"}
    assert str(tmp_path) not in "".join(path.read_text() for path in (tmp_path / "model").rglob("*.json"))
