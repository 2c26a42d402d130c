import hashlib
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundles import LINEAGE, contents, held, manifest_path, same
from penchant.errors import BundleError
from penchant.store import current, read, write
from penchant.store.contents import version_of


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    write(tmp_path / "model", contents(), lineage=LINEAGE)
    return tmp_path / "model"


def forge(folder: Path, **changes: Any) -> None:
    """Make a bundle whose hashes fit although its manifest is made up."""
    manifest = {**json.loads(manifest_path(folder).read_text()), **changes}
    name, old = version_of(manifest), manifest_path(folder).parent
    shutil.copytree(old, old.with_name(name))
    (old.with_name(name) / "penchant.json").write_text(json.dumps(manifest))
    (folder / "CURRENT").write_text(name)


def test_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"nowhere: no such bundle\n  hint: penchant fit"):
        read(tmp_path / "nowhere")
    with pytest.raises(BundleError, match="CURRENT: missing"):
        read(tmp_path)


@pytest.mark.parametrize("content", ["", "../../etc", "latest", "\x00" * 64])
def test_current_names_no_version(content: str, bundle: Path) -> None:
    name = current(bundle)
    (bundle / "CURRENT").write_text(content)
    with pytest.raises(BundleError, match=f"CURRENT: missing, or names no version.*\n  hint: .*{name}"):
        read(bundle)


def test_current_names_a_missing_version(bundle: Path) -> None:
    (bundle / "CURRENT").write_text("0" * 64)
    with pytest.raises(BundleError, match="000, which is missing"):
        read(bundle)


@pytest.mark.parametrize("ending", ["npy", "parquet"])
def test_a_cut_or_edited_file_is_named(ending: str, bundle: Path) -> None:
    for path in manifest_path(bundle).parent.glob(f"*.{ending}"):
        content = path.read_bytes()
        for damaged in (content[:-1], b"", content[:-1] + bytes([content[-1] ^ 1]), content + b" "):
            path.write_bytes(damaged)
            with pytest.raises(BundleError, match=f"{path.name}: is not as it was written"):
                read(bundle)
        path.unlink()
        with pytest.raises(BundleError, match=f"{path.name}: cannot be read"):
            read(bundle)
        path.write_bytes(content)
    assert held(bundle) == 1


def test_without_verification_a_cut_file_is_still_an_error(bundle: Path) -> None:
    for path in manifest_path(bundle).parent.glob("*.[np][pa]*"):
        content = path.read_bytes()
        for length in (0, 4, 50, len(content) - 3):
            path.write_bytes(content[:length])
            with pytest.raises(BundleError, match=str(path.name)):
                read(bundle, verify=False)
        path.write_bytes(content)
    same(read(bundle, verify=False)[0], contents())


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", "{}", '{"format": 1}', "[" * 100_000, "\xff"])
def test_garbage_in_the_manifest(text: str, bundle: Path) -> None:
    manifest_path(bundle).write_text(text, encoding="latin-1")
    with pytest.raises(BundleError, match=r"penchant\.json"):
        read(bundle)


def test_an_edited_manifest(bundle: Path) -> None:
    text = manifest_path(bundle).read_text()
    manifest_path(bundle).write_text(text.replace('"seed": 0', '"seed": 1'))
    with pytest.raises(BundleError, match=r"penchant\.json: is not as it was written"):
        read(bundle)


def test_a_newer_format(bundle: Path) -> None:
    manifest_path(bundle).write_text('{"format": 2, "parts": []}')
    with pytest.raises(BundleError, match=r"newer Penchant(.|\n)*hint: update Penchant, or fit again"):
        read(bundle)


@pytest.mark.parametrize("file", ["../x", "../../../x.npy", "/etc/passwd", "", "x.npy", 7, None])
def test_a_manifest_cannot_lead_out_of_the_bundle(file: Any, bundle: Path) -> None:
    np.save(bundle.parent / "x.npy", np.ones(2))
    forge(bundle, arrays={"x": {"file": file, "hash": file, "dtype": "<f8", "shape": [2]}})
    with pytest.raises(BundleError, match=r"no file of a bundle|does not say"):
        read(bundle)


@pytest.mark.parametrize("arrays", [[], 7, None, {"x": 7}, {"x": {}}, {"x": {"file": "a"}}])
def test_a_made_up_manifest(arrays: Any, bundle: Path) -> None:
    forge(bundle, arrays=arrays)
    with pytest.raises(BundleError, match=r"penchant\.json: "):
        read(bundle)


class Trap:
    """Tells when it is unpickled."""

    sprung = False

    def __reduce__(self) -> tuple[Any, ...]:
        return setattr, (Trap, "sprung", True)


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("kind", ["objects", "pickle", "zip", "other shape"])
def test_nothing_is_unpickled(kind: str, verify: bool, bundle: Path) -> None:
    path, trap = bundle.parent / "bad", np.array([Trap()] * 20_000, dtype=object)
    with path.open("wb") as stream:
        if kind == "objects":
            np.save(stream, trap, allow_pickle=True)
        elif kind == "pickle":
            pickle.dump(trap, stream)
        elif kind == "zip":
            np.savez(stream, x=np.ones(2))
        else:
            np.save(stream, np.ones(3))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    shutil.move(path, manifest_path(bundle).with_name(f"{digest}.npy"))
    forge(bundle, arrays={"x": {"file": f"{digest}.npy", "hash": digest, "dtype": "|O", "shape": [20_000]}})
    with pytest.raises(BundleError, match=digest):
        read(bundle, verify=verify)
    assert not Trap.sprung
