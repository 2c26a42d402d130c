"""What any table may hold: through the command line, it fits and recommends, or ends with status 2."""

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from penchant.cli.main import main
from penchant.data.read import read

Run = Callable[..., int]
NAMES = ["007", "7", "7.0", "all", "a,b", 'say "hi"', "\U0001f600", "\u05e9\u05dc\u05d5\u05dd", "a\x00b", " x ", "null", "None", "NaN", "-1"]  # fmt: skip  # noqa: E501
MOMENTS = [
    "2020-01-02T03:04:05+02:00", "1577934245", "1577934245000", "Thu, 02 Jan 2020 03:04:05 GMT", "0",
    "2106-02-07T06:28:16Z", "1970-01-01", "1/2/2020 3:04:05 PM", "1577934245", "2020-01-02",
]  # fmt: skip
RATINGS = ["5", "NaN", "inf", "-inf", "good", "", "1e999", " 4 "]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a verb in this process; returns the exit status."""

    def called(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["penchant", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return called


def table(path: Path, header: str, rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header.split(","), *rows])


def fitted(run: Run, folder: Path) -> pl.DataFrame:
    """Fit a folder and return everybody's lists."""
    model, lists = folder / "MODEL", folder / "lists.parquet"
    assert run("fit", folder, "-o", model, "--effort", "quick", "--language", "none") == 0
    assert run("recommend", model, "--all-users", "-k", 3, "-o", lists) == 0
    return pl.read_parquet(lists)


def test_ugly_cells_are_survived_and_ids_come_back_as_they_were(run: Run, tmp_path: Path) -> None:
    rows = [
        [user, item, MOMENTS[(3 * u + i) % len(MOMENTS)], RATINGS[(u + i) % len(RATINGS)]]
        for u, user in enumerate(NAMES)
        for i, item in enumerate(NAMES)
        if (u + i) % 3
    ]
    table(tmp_path / "interactions.csv", "user_id,item_id,timestamp,rating", rows)
    described = [[name, f"Film {name}", "word " * 20_000 if name == "all" else "short"] for name in NAMES]
    table(tmp_path / "items.csv", "item_id,title,description", described)
    lists = fitted(run, tmp_path)
    assert set(lists["user_id"]) == set(NAMES)
    assert set(lists["item_id"]) <= set(NAMES)
    assert lists["score"].is_finite().all()
    (tmp_path / "who.txt").write_text("\n".join(name for name in NAMES), encoding="utf-8")
    assert (
        run("recommend", tmp_path / "MODEL", "--users", tmp_path / "who.txt", "-o", tmp_path / "l.jsonl") == 0
    )
    lines = (tmp_path / "l.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["user_id"] for line in lines} == set(NAMES)


SMALL = {
    "one user": [["u", item] for item in "abcde"],
    "one item": [[user, "i"] for user in "abcde"],
    "one event": [["u", "i"]],
    "all alike": [[user, item] for user in "abcdef" for item in "wxyz"],
}


@pytest.mark.parametrize(
    ("name", "timed"), [("one user", True), ("one item", False), ("one event", True), ("all alike", False)]
)
def test_small_worlds_without_items_or_texts_fit(run: Run, tmp_path: Path, name: str, timed: bool) -> None:
    rows = [[*row, str(1_600_000_000 + 60 * place)] for place, row in enumerate(SMALL[name])]
    header = "user_id,item_id,timestamp"
    if not timed:
        rows, header = SMALL[name], "user_id,item_id"
    table(tmp_path / "interactions.csv", header, rows)
    lists = fitted(run, tmp_path)
    assert lists["score"].is_finite().all()
    lists = lists.join(
        pl.DataFrame(SMALL[name], schema=["user_id", "item_id"], orient="row"), on=["user_id", "item_id"]
    )
    assert lists.is_empty()  # nobody is shown what they have


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (None, b"", "no such folder"),
        ("interactions.csv", b"", "the file is empty"),
        ("interactions.csv", b"user_id,item_id,timestamp\n", "no rows"),
        ("interactions.csv", b"alpha,beta\n1,2\n", "alpha, beta"),
        ("interactions.csv", b"\x89PNG\r\n\x1a\n\x00\x00", "not a text file"),
        ("interactions.csv", "user_id,item_id\n1,2\n".encode("utf-16"), "iconv -f utf-16"),
        ("interactions.parquet", b"\x00\x01\x02", "cannot be read as parquet"),
        ("interactions.jsonl", b'{"user_id": 1, "item_id": 2}\n{"user_id": \n', "line 2"),
        ("interactions.jsonl", b"[1, 2]\n", "line 1"),
        ("interactions.csv.gz", b"\x1f\x8b\x08", "cannot be read as csv"),
        ("interactions.csv.zst", b"\x28\xb5\x2f\xfd\x00", "cannot be read as csv"),
    ],
)
def test_what_cannot_be_read_ends_with_status_2(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str | None, content: bytes, said: str
) -> None:
    folder = tmp_path / "DIR"
    if name:
        folder.mkdir()
        (folder / name).write_bytes(content)
    for words in (["check", folder], ["fit", folder, "-o", tmp_path / "M", "--language", "none"]):
        assert run(*words) == 2
        printed = capsys.readouterr()
        assert said in printed.err
        assert printed.out == ""
    assert not (tmp_path / "M").exists()


def test_an_unrecognised_column_shows_the_way_out(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table(tmp_path / "interactions.csv", "alpha,beta", [["1", "2"]])
    assert run("check", tmp_path) == 2
    assert "--map user=COL" in capsys.readouterr().err


def test_a_map_is_remembered_and_replaced(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table(
        tmp_path / "interactions.csv",
        "who,what,how",
        [["1", "a", "view"], ["1", "b", "buy"], ["2", "a", "buy"]],
    )
    assert run("check", tmp_path, "--map", "user=nobody") == 2
    assert run("check", tmp_path) == 2  # what failed was not remembered
    assert run("check", tmp_path, "--map", "user=who,item=what") == 0
    capsys.readouterr()
    assert run("check", tmp_path) == 0
    assert "penchant-map.json remembers --map user=who,item=what" in capsys.readouterr().out
    words = ["fit", tmp_path, "-o", tmp_path / "M", "--effort", "quick", "--language", "none"]
    assert run(*words, "--map", "user=who,item=what,event=how", "--weights", "buy=3") == 0
    assert "buy 2 (weight 3)" in capsys.readouterr().err
    assert run(*words, "--weights", "buy=lots") == 2
    assert "event" in json.loads((tmp_path / "penchant-map.json").read_text())


# what csv writes in quotes: a lone carriage return ends a line for some readers, surrogates are no text
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\ufeff"), min_size=1, max_size=8)
ROWS = st.lists(st.tuples(TEXT, TEXT, st.one_of(TEXT, st.sampled_from(MOMENTS)), st.one_of(TEXT, st.sampled_from(RATINGS))), min_size=1, max_size=12)  # fmt: skip  # noqa: E501


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=30,
    phases=(
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ),  # a table is read from disk: shrinking takes minutes
)
@given(ROWS)
@example([("a", "b", "5", "5"), ("\x00", "b", "5", "5")])
def test_any_text_is_an_id(tmp_path: Path, rows: list[tuple[str, str, str, str]]) -> None:
    rows = [*rows, ("known", "item", "1577934245", "3")]
    table(tmp_path / "interactions.csv", "user_id,item_id,timestamp,rating", [list(row) for row in rows])
    data, report = read(tmp_path)
    assert set(data.users.vocabulary.ids) <= {row[0] for row in rows}
    dropped = sum(
        int(line.split(": ")[1].split()[0].replace(",", ""))
        for line in str(report).splitlines()
        if line.startswith("interactions.csv: ") and line.endswith("dropped")
    )
    assert len(data.interactions) + dropped == len(rows)
