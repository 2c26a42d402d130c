import errno
import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.request import Request

import pytest

from origins import Site, served
from penchant.data.sources import download as downloading
from penchant.data.sources.archives import check_gzip, unpack
from penchant.data.sources.download import checked, download, published_md5
from penchant.errors import SourceError

CONTENT = bytes(range(256)) * 4000  # a million bytes that are not alike


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(downloading, "PAUSE", 0.0)
    with served() as site:
        site.files["/a.zip"] = CONTENT
        yield site


def ranges(site: Site) -> list[str | None]:
    return [asked for _, asked in site.asked]


def test_a_file_comes_whole_with_progress(site: Site, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    path = download(f"{site.url}/a.zip", tmp_path / "a.zip", progress=lambda *now: seen.append(now))
    assert path.read_bytes() == CONTENT
    assert seen[0] == ("a.zip", 0, len(CONTENT))
    assert seen[-1] == ("a.zip", len(CONTENT), len(CONTENT))
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
    download(f"{site.url}/a.zip", tmp_path / "a.zip")
    assert len(site.asked) == 1  # what is there is not fetched again


def test_a_break_is_continued_where_it_was(site: Site, tmp_path: Path) -> None:
    site.breaks = [300_000, 100_000]
    assert download(f"{site.url}/a.zip", tmp_path / "a.zip").read_bytes() == CONTENT
    assert ranges(site) == [None, "bytes=300000-", "bytes=400000-"]


def test_without_ranges_it_begins_again(site: Site, tmp_path: Path) -> None:
    site.ranges, site.breaks = False, [300_000]
    assert download(f"{site.url}/a.zip", tmp_path / "a.zip").read_bytes() == CONTENT
    site.files["/b.zip"], site.breaks = CONTENT, [300_000] * 9
    with pytest.raises(SourceError, match=r"(?s)the connection broke after 300,000 of 1,024,000.*goes on"):
        download(f"{site.url}/b.zip", tmp_path / "b.zip")
    assert len(site.asked) == 2 + 3  # no progress twice: it is over


@pytest.mark.parametrize("version", ['"v1"', '"v2"', None])
def test_a_later_run_goes_on_only_with_the_same_version(
    site: Site, tmp_path: Path, version: str | None
) -> None:
    site.etag, target = None if version is None else '"v1"', tmp_path / "a.zip"
    site.breaks = [300_000, 0, 0]
    with pytest.raises(SourceError):
        download(f"{site.url}/a.zip", target)
    assert not target.exists()
    site.etag, site.asked = version, []
    if version == '"v2"':
        site.files["/a.zip"] = CONTENT[::-1]
    assert download(f"{site.url}/a.zip", target).read_bytes() == site.files["/a.zip"]
    assert ranges(site) == [None if version is None else "bytes=300000-"]


def test_a_part_that_is_too_long_begins_again(site: Site, tmp_path: Path) -> None:
    site.breaks = [300_000, 0, 0]
    with pytest.raises(SourceError):
        download(f"{site.url}/a.zip", tmp_path / "a.zip")
    (tmp_path / "a.zip.part").write_bytes(CONTENT + b"more")
    site.files["/a.zip"] = CONTENT[:-9]
    with pytest.raises(SourceError, match="the file has changed"):  # nothing gained, nothing had come before
        download(f"{site.url}/a.zip", tmp_path / "a.zip")
    assert download(f"{site.url}/a.zip", tmp_path / "a.zip").read_bytes() == CONTENT[:-9]


def test_redirects_are_followed_but_never_out_of_encryption(site: Site, tmp_path: Path) -> None:
    site.moved["/old.zip"] = f"{site.url}/a.zip"
    assert download(f"{site.url}/old.zip", tmp_path / "a.zip").read_bytes() == CONTENT
    request = Request("https://a.org/x.zip")
    handler = downloading._Redirects()
    with pytest.raises(SourceError, match="not encrypted"):
        handler.redirect_request(request, None, 302, "", request.headers, "http://b.org/x")  # type: ignore[arg-type]
    site.moved["/loop"] = f"{site.url}/loop"
    with pytest.raises(SourceError, match="redirect"):
        download(f"{site.url}/loop", tmp_path / "loop")


def test_web_pages_and_errors_are_no_files(site: Site, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.zip.*404"):
        download(f"{site.url}/nowhere.zip", tmp_path / "nowhere.zip")
    site.kind = "text/html; charset=utf-8"
    with pytest.raises(SourceError, match="web page"):
        download(f"{site.url}/a.zip", tmp_path / "a.zip")
    with pytest.raises(SourceError, match="hint: is there a way"):
        download("http://127.0.0.1:9/a.zip", tmp_path / "b.zip")
    assert not list(tmp_path.iterdir())


def test_a_file_without_length_is_taken_to_its_end(site: Site, tmp_path: Path) -> None:
    site.length = False
    assert download(f"{site.url}/a.zip", tmp_path / "a.zip").read_bytes() == CONTENT


def test_a_full_disk_is_seen_before_and_while_writing(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as small:
        small.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
        with pytest.raises(SourceError, match=r"needs 68,132,864 bytes, 1,000 are free"):
            download(f"{site.url}/a.zip", tmp_path / "a.zip")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(downloading, "_pour", full)
    with pytest.raises(SourceError, match=r"(?s)No space left.*make room"):
        download(f"{site.url}/a.zip", tmp_path / "a.zip")
    assert len(site.asked) == 2  # a full disk is no reason to ask again


def test_hashes_as_published_or_none(site: Site, tmp_path: Path) -> None:
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    site.files["/a.zip.md5"] = f"MD5 (a.zip) = {md5.upper()}\n".encode()
    assert published_md5(f"{site.url}/a.zip.md5") == md5
    assert published_md5(f"{site.url}/b.zip.md5") is None
    with pytest.raises(SourceError, match="holds no md5"):
        published_md5(f"{site.url}/a.zip")
    path = download(f"{site.url}/a.zip", tmp_path / "a.zip")
    assert checked(path, "a.zip", {"md5": md5}) == f"a.zip: md5 {md5}, as expected"
    assert (
        f"no hash is published for it; the sha256 found is {hashlib.sha256(CONTENT).hexdigest()}"
        in checked(path, "a.zip", {})
    )
    with pytest.raises(SourceError, match=f"md5 is {md5}, not 0"):
        checked(path, "a.zip", {"md5": "0"})
    assert not path.exists()  # a wrong file is not continued


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_only_named_members_come_out_the_nearest_to_the_top(tmp_path: Path) -> None:
    archive = zipped(
        tmp_path / "x.zip", **{"a/b/r.csv": b"deep", "a/r.csv": b"top", "__MACOSX/r.csv": b"mac"}
    )
    (tmp_path / "out").mkdir()
    unpack(archive, tmp_path / "out", ["r.csv"], optional=["README"])
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "out").iterdir()] == [("r.csv", b"top")]
    with pytest.raises(SourceError, match=r"x\.zip: holds no other\.csv"):
        unpack(archive, tmp_path / "out", ["other.csv"])


@pytest.mark.parametrize("name", ["../r.csv", "/etc/r.csv", "a/../../r.csv", "..\\r.csv", "C:/r.csv"])
def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(SourceError, match="leads out of its folder"):
        unpack(zipped(tmp_path / "x.zip", **{"r.csv": b"", name: b"evil"}), tmp_path / "out", ["r.csv"])
    assert not list((tmp_path / "out").iterdir())
    assert not (tmp_path / "r.csv").exists()


def test_bombs_and_damage_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped(tmp_path / "x.zip", **{"r.csv": bytes(10_000_000)})
    with monkeypatch.context() as strict:
        strict.setattr("penchant.data.sources.archives.SMALL", 1000)
        with pytest.raises(SourceError, match="would unpack to 10,000,000 bytes"):
            unpack(bomb, tmp_path, ["r.csv"])
    whole = zipped(tmp_path / "y.zip", **{"r.csv": CONTENT}).read_bytes()
    (tmp_path / "y.zip").write_bytes(whole[:60] + b"x" * 20 + whole[80:])
    with pytest.raises(SourceError, match=r"y\.zip: is damaged"):
        unpack(tmp_path / "y.zip", tmp_path, ["r.csv"])
    (tmp_path / "z.zip").write_bytes(whole[:500])
    with pytest.raises(SourceError, match=r"z\.zip: is damaged"):
        unpack(tmp_path / "z.zip", tmp_path, ["r.csv"])
    with pytest.raises(SourceError, match=r"z\.zip: is damaged"):
        check_gzip(tmp_path / "z.zip")
