"""The command line as a user calls it: tables out, one clear message and status 2 for what is wrong."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

import toy
from embeddings import KEY, Server, understand


def penchant(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a verb."""
    command = [sys.executable, "-m", "penchant.cli", *map(str, words)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tables with a model fitted on them, without a language model."""
    place = tmp_path_factory.mktemp("cli")
    (place / "DIR").mkdir()
    toy.write_tables(place / "DIR")
    done = penchant("fit", place / "DIR", "-o", place / "MODEL", "--language", "none")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return place


def test_lists_for_everybody_come_as_a_table(folder: Path) -> None:
    target = folder / "lists.parquet"
    done = penchant("recommend", folder / "MODEL", "--all-users", "-k", 5, "-o", target)
    assert done.returncode == 0, done.stderr
    table = pl.read_parquet(target)
    assert table.columns == ["user_id", "item_id", "rank", "score"]
    assert (
        table["user_id"].n_unique() == pl.read_csv(folder / "DIR" / "interactions.csv")["user_id"].n_unique()
    )
    assert (
        table.group_by("user_id").agg(pl.col("rank").max())["rank"].to_list()
        == [5] * table["user_id"].n_unique()
    )


def test_pairs_get_a_rating_and_a_probability(tmp_path: Path) -> None:
    (tmp_path / "DIR").mkdir()
    rows = [
        {
            "user_id": f"u{u}",
            "item_id": f"i{i}",
            "rating": 5 - 3 * ((u + i) % 2),
            "timestamp": 86_400 * (u + i),
        }
        for u in range(24)
        for i in range(12)
        if (u + 3 * i) % 7
    ]
    pl.DataFrame(rows).write_csv(tmp_path / "DIR" / "interactions.csv")
    words = ("fit", tmp_path / "DIR", "-o", tmp_path / "MODEL", "--language", "none", "--effort", "quick")
    assert penchant(*words).returncode == 0
    pairs, out = tmp_path / "pairs.csv", tmp_path / "out.parquet"
    pairs.write_text("user_id,item_id\nu2,i4\nu2,i11\nnobody,i1\nu2,nothing\n", encoding="utf-8")
    done = penchant("predict", tmp_path / "MODEL", pairs, "-o", out)
    assert done.returncode == 0, done.stderr
    told = pl.read_parquet(out)
    assert told.columns == ["user_id", "item_id", "rating", "probability"]
    assert told["rating"].is_between(2, 5).all()
    assert told["rating"][0] > told["rating"][1] + 1  # both new to u2, who likes even items
    assert told["probability"].is_null().to_list() == [False, False, False, True]
    done = penchant("predict", tmp_path / "MODEL", tmp_path / "DIR" / "interactions.csv")
    assert done.returncode == 0
    assert done.stdout.startswith("user_id,item_id,rating,probability")
    pairs.write_text("user,item\nu2,i0\n", encoding="utf-8")
    done = penchant("predict", tmp_path / "MODEL", pairs)
    assert done.returncode == 2
    assert "user_id" in done.stderr


def test_candidates_restrict_and_reasons_add_up(folder: Path) -> None:
    items = pl.read_csv(folder / "DIR" / "items.csv", infer_schema_length=0)["item_id"].to_list()
    (folder / "some.txt").write_text("\n".join(items[:6]) + "\n", encoding="utf-8")
    target = folder / "some.jsonl"
    done = penchant(
        "recommend", folder / "MODEL", "--user", "196", "--candidates", folder / "some.txt",
        "--repeat", "--explain", "-o", target,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    table = pl.read_ndjson(target)
    assert set(table["item_id"].cast(pl.String)) <= set(items[:6])
    for score, reasons in table.select("score", "reasons").iter_rows():
        assert sum(reason["share"] for reason in reasons) == pytest.approx(score, abs=1e-4)


def test_a_newcomer_gets_a_list_and_an_item_its_like(folder: Path) -> None:
    assert penchant("recommend", folder / "MODEL", "--user", "never seen").stdout.count("never seen") == 10
    item = pl.read_csv(folder / "DIR" / "items.csv", infer_schema_length=0)["item_id"][0]
    assert penchant("similar", folder / "MODEL", item, "-k", 3).stdout.count("\n") == 4


def test_the_same_seed_gives_the_same_lists(folder: Path) -> None:
    assert penchant("fit", folder / "DIR", "-o", folder / "TWIN", "--language", "none").returncode == 0
    lists = [penchant("recommend", folder / model, "--all-users").stdout for model in ("MODEL", "TWIN")]
    assert lists[0] == lists[1]
    assert (folder / "MODEL" / "CURRENT").read_text() == (folder / "TWIN" / "CURRENT").read_text()


def test_a_killed_fit_leaves_the_old_model_whole(folder: Path) -> None:
    before = penchant("recommend", folder / "MODEL", "--user", "196").stdout
    for patience in (0.5, 1.5, 2.5):
        words = ["fit", folder / "DIR", "-o", folder / "MODEL", "--language", "none", "--seed", "1"]
        command = [sys.executable, "-m", "penchant.cli", *map(str, words)]
        child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(patience)
        child.send_signal(signal.SIGKILL)
        ended = child.wait()
        if (
            ended == -signal.SIGKILL
            and penchant("recommend", folder / "MODEL", "--user", "196").stdout == before
        ):
            continue
        assert penchant("recommend", folder / "MODEL", "--user", "196").returncode == 0
    assert penchant("fit", folder / "DIR", "-o", folder / "MODEL", "--language", "none").returncode == 0
    assert penchant("recommend", folder / "MODEL", "--user", "196").stdout == before


def test_a_url_gets_the_key_from_the_environment_and_only_for_words(
    folder: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    understand(server)
    monkeypatch.setenv("PENCHANT_LANGUAGE_KEY", KEY)
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))
    model, spec = tmp_path / "MODEL", f"{server.url}#tiny"
    done = penchant("fit", folder / "DIR", "-o", model, "--language", spec, "--effort", "quick")
    assert done.returncode == 0, done.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    words = ["-X", "importtime", "-m", "penchant.cli", "recommend", str(model), "--text", "robots"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True)
    assert not re.search(r"\| +torch\b", done.stderr)
    assert {int(line.split(",")[1]) % 2 for line in done.stdout.splitlines()[1:]} == {1}
    monkeypatch.delenv("PENCHANT_LANGUAGE_KEY")
    asked = len(server.asked)
    assert penchant("recommend", model, "--user", "120").returncode == 0
    assert len(server.asked) == asked
    done = penchant("recommend", model, "--text", "robots")
    assert (done.returncode, "check the key" in done.stderr) == (2, True)


def test_items_alone_answer_words(tmp_path: Path) -> None:
    (tmp_path / "DIR").mkdir()
    toy.tables()["items"].write_csv(tmp_path / "DIR" / "items.csv")
    model = tmp_path / "MODEL"
    done = penchant("fit", tmp_path / "DIR", "-o", model)
    assert done.returncode == 0, done.stderr
    for words in (["recommend", model, "--text", "a battle of robots", "-k", 5], ["similar", model, "001"]):
        rows = penchant(*words).stdout.splitlines()[1:]
        items = [int(row.lstrip(",").split(",")[0]) for row in rows]
        assert {item % 2 for item in items[:5]} == {1}
    for words, said in (
        (["recommend", model, "--all-users"], "only words to go by"),
        (["evaluate", tmp_path / "DIR"], "there are no events"),
        (["fit", tmp_path / "DIR", "-o", tmp_path / "M", "--language", "none"], "nothing to learn from"),
    ):
        done = penchant(*words)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "M").exists()


def test_two_models_are_compared_on_what_was_held_out(folder: Path, tmp_path: Path) -> None:
    for name, seed in (("A", 0), ("B", 1)):
        words = ["--language", "none", "--effort", "quick", "--until", "2021-05-01", "--seed", seed]
        done = penchant("fit", folder / "DIR", "-o", tmp_path / name, *words)
        assert (done.returncode, "are left out" in done.stderr) == (0, True), done.stderr
    words = ["--compare", tmp_path / "A", tmp_path / "B", "-o", tmp_path / "REPORT"]
    done = penchant("evaluate", folder / "DIR", *words)
    assert done.returncode == 0, done.stderr
    assert "B minus A" in done.stdout
    names = sorted(path.name for path in (tmp_path / "REPORT").iterdir())
    assert names == ["comparison.html", "comparison.json"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fit", "NOWHERE", "-o", "M"], "no such folder"),
        (["fit", "DIR", "-o", "M", "--map", "user=nobody"], "nobody"),
        (["fit", "DIR", "-o", "DIR"], "no bundle"),
        (["fit", "DIR", "-o", "M", "--language", "http://host/v1?key=x#m"], "PENCHANT_LANGUAGE_KEY"),
        (["fit", "DIR", "-o", "M", "--language", "no/such/folder/here"], "no/such/folder/here"),
        (["recommend", "NOWHERE", "--all-users"], "NOWHERE"),
        (["recommend", "DIR", "--all-users"], "DIR"),
        (["recommend", "MODEL"], "--user ID"),
        (["recommend", "MODEL", "--user", "1", "--all-users"], "one or the other"),
        (["recommend", "MODEL", "--user", "1", "-o", "x.xlsx"], ".parquet"),
        (["recommend", "MODEL", "--user", "1", "-o", "no/where/x.csv"], "no folder"),
        (["recommend", "MODEL", "--user", "1", "--candidates", "empty.txt"], "holds no id"),
        (["recommend", "MODEL", "--text", "a film"], "without texts"),
        (["recommend", "MODEL", "--user", "1", "-k", "0"], "-k"),
        (["similar", "MODEL", "no such item"], "no such item"),
        (["data", "no-such-data", "X"], "no-such-data"),
        (["evaluate", "NOWHERE"], "no such folder"),
        (["evaluate", "DIR", "-o", "empty.txt"], "is no folder"),
        (["evaluate", "DIR", "--compare", "MODEL", "MODEL"], "--until 20"),
        (["evaluate", "DIR", "--compare", "MODEL", "MODEL", "--effort", "best"], "--compare and --effort"),
        (["evaluate", "DIR", "--language-born", "2021"], "--language-born without --probes"),
        (["evaluate", "DIR", "--language", "none", "--probes"], "fewer than two items have a text"),
        (["fit", "DIR", "-o", "M", "--until", "soon"], "this is no moment"),
        (["fit", "DIR", "-o", "M", "--until", "1990"], "no event was before"),
    ],
)
def test_a_wrong_input_ends_with_status_2_and_says_why(folder: Path, words: list[str], said: str) -> None:
    (folder / "empty.txt").write_text("\n", encoding="utf-8")
    before = sorted(os.listdir(folder))
    done = penchant(*words, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert sorted(os.listdir(folder)) == before


def test_a_request_is_answered_and_what_was_understood_can_be_edited(folder: Path) -> None:
    said = folder / "wanted.json"
    done = penchant(
        "ask", folder / "MODEL", "like Film 2 without robots", "-k", 3, "--say", said, "--explain"
    )
    assert done.returncode == 0, done.stderr
    assert "understood: like Film 2 · without “robots”" in done.stderr
    assert done.stdout.splitlines()[0] == "user_id,item_id,rank,score,fits,title,reasons"
    assert len(done.stdout.splitlines()) == 4
    assert '"without": [\n  "robots"\n ]' in said.read_text(encoding="utf-8")
    done = penchant("ask", folder / "MODEL", "--wanted", said, "--user", "120", "-k", 2)
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == ["user_id", "120", "120"]
    for wrong in ("{", '{"filters": [{"column": "colour", "tokens": ["red"]}]}', "nowhere.json"):
        done = penchant("ask", folder / "MODEL", "--wanted", wrong)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert "Traceback" not in done.stderr
    assert penchant("ask", folder / "MODEL", " ").returncode == 2


def test_a_conversation_goes_over_the_lines_of_standard_input(folder: Path) -> None:
    command = [sys.executable, "-m", "penchant.cli", "ask", str(folder / "MODEL"), "-k", "2"]
    turns = b"a quiet friendship\n\nnot the first\n\xff\xfe\nstart again\n"
    done = subprocess.run(command, input=turns, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "user_id,item_id,rank,score,fits"
    assert len(lines) == 1 + 2 * 4
    assert lines[3] == lines[2].replace(",2,", ",1,")
