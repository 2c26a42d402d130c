"""penchant write as a user calls it, with a tiny model in a folder, a chat service, and without any."""

import json
import re
from pathlib import Path

import polars as pl
import pytest

import toy
from embeddings import KEY, Server
from penchant.errors import LanguageError, PenchantError, SettingError
from test_cli import penchant
from writers import says, tiny


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("write")
    toy.write_tables(found / "DIR")
    return found


def test_a_chat_service_writes_and_fit_reads_it(
    place: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENCHANT_LANGUAGE_KEY", KEY)
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))

    def answer(turn: int, asked: dict[str, object]) -> tuple[int, dict[str, str], bytes]:
        prompt = str(asked["messages"][1]["content"])  # type: ignore[index]
        return says({"tags": ["robots", "space"] if "robots" in prompt else ["friendship"]}, usage=100)

    server.answer = answer
    out, url = tmp_path / "W.csv", f"{server.url}#big"
    words = ("write", place / "DIR", "-o", out, "--writer", url, "--what", "tags")
    done = penchant(*words, "--budget", 1500)
    assert done.returncode == 2
    assert "budget of 1500 tokens does not reach" in done.stderr
    assert not out.exists()
    asked = len(server.asked)
    assert asked > 5
    done = penchant(*words, "--budget", 100_000)
    assert done.returncode == 0, done.stderr
    assert len(server.asked) == toy.N_ITEMS  # what was paid for was not asked again
    assert f"{100 * (toy.N_ITEMS - asked):,} tokens were spent" in done.stderr
    table = pl.read_csv(out, infer_schema=False)
    assert table.columns == ["item_id", "tags", "evidence", "writer"]
    assert dict(table.select("item_id", "tags").iter_rows())["003"] == "robots|space"
    assert set(table["evidence"]) == {"title, text"}
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    fitted = ("fit", place / "DIR", "-o", tmp_path / "MODEL", "--effort", "quick", "--language", "none")
    done = penchant(*fitted, "--written", out)
    assert done.returncode == 0, done.stderr
    assert f"tags of {toy.N_ITEMS} items join as written_tags" in done.stderr
    done = penchant(*fitted, "--written", place / "DIR" / "items.csv")
    assert done.returncode == 2
    assert "what was written has item_id" in done.stderr
    server.answer = lambda turn, asked: says({"reason": "it is popular lately"}, usage=9)
    wording = ("recommend", tmp_path / "MODEL", "--user", "120", "-k", 3, "--explain", "--writer", url)
    done = penchant(*wording)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "user_id,item_id,rank,score,title,reasons,why"
    assert re.search(r"why: \d of 3 by the writer", done.stderr)
    done = penchant("recommend", tmp_path / "MODEL", "--user", "120", "--writer", url)
    assert done.returncode == 2
    assert "add --explain" in done.stderr


def test_a_folder_writes_and_goes_on_from_what_is_kept(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))
    own = tmp_path / "prompts"
    own.mkdir()
    (own / "mood.txt").write_text("version: mine\noptions: calm, loud\n\n{text}\n\nIt is", encoding="utf-8")
    out = tmp_path / "W.jsonl"
    words = ("write", place / "DIR", "-o", out, "--writer", tiny(tmp_path / "LM"), "--prompts", own)
    done = penchant(*words, "--what", "mood,tags", "--limit", 3, "--thin", 0)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [set(row) for row in rows] == [{"item_id", "mood", "tags", "evidence", "writer"}] * 3
    assert {row["mood"] for row in rows} <= {"calm", "loud", None}
    assert f"items: {toy.N_ITEMS - 3} come later: left out by --limit" in done.stderr
    first = out.read_bytes()
    assert penchant(*words, "--what", "mood,tags", "--limit", 3, "--thin", 0).returncode == 0
    assert out.read_bytes() == first
    done = penchant(*words, "--thin", 3)
    assert done.returncode == 2
    assert "no item is left to write for" in done.stderr


def test_profiles_need_no_writer_and_know_no_later_event(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "P.parquet"
    words = ("write", place / "DIR", "-o", out, "--writer", "none", "--what", "profile")
    done = penchant(*words, "--until", "2020-12-01", "--window", 2, "--limit", 10)
    assert done.returncode == 0, done.stderr
    table = pl.read_parquet(out)
    assert table.columns == ["user_id", "profile", "text", "evidence", "writer"]
    assert len(table) == 10
    assert all(line.startswith("Likes ") and "Film " in line for line in table["profile"].drop_nulls())
    assert table["profile"].drop_nulls().len() > 5
    assert set(table["writer"]) == {"none"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--what", "colour"), "colour cannot be written"),
        (("--what", ""), "nothing cannot be written"),
        (("--what", "tags,profile"), "two tables"),
        (("--writer", "none"), "profiles only"),
        (("--writer", "nowhere"), "can be found"),
        (("--budget", "5"), "only a URL"),
        (("--until", "2020", "--writer", "http://localhost/v1#m"), "for profiles"),
        (("--prompts", "nowhere"), "holds none of"),
    ],
)
def test_wrong_options_end_before_the_work(
    words: tuple[str, ...], why: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import typer.main

    from penchant.cli import application

    command = typer.main.get_command(application("write", "fit"))
    arguments = ["write", str(place / "DIR"), "-o", str(tmp_path / "W.csv"), *words]
    with pytest.raises(PenchantError, match=why) as caught:
        command.main(arguments, standalone_mode=False)
    assert isinstance(caught.value, SettingError | LanguageError)
    assert not (tmp_path / "W.csv").exists()
