"""The page of an evaluation: self-contained, accessible, and no name breaks out of it."""

import json
from pathlib import Path

import pytest

from markup import HOSTILE, checked
from penchant.errors import InputError
from penchant.evaluate import Evaluation, page
from penchant.evaluate.results import Difference, Line, Seconds, Slice, Table
from penchant.evaluate.statistics import Interval
from penchant.evaluate.wording import check_folder, write_whole


def evaluation(names: tuple[str, ...] = ("penchant", "EASE", "item kNN")) -> Evaluation:
    """Numbers for some names: the first is ours."""

    def part(title: str, shift: float, by: str = "") -> Slice:
        lines = []
        for place, name in enumerate(names):
            mean = 0.3 - 0.01 * place + shift
            metrics = {
                m: Interval(mean, mean - 0.02, mean + 0.02)
                for m in ("NDCG@10", "Recall@20", "HR@10", "MRR@10")
            }
            lines.append(
                Line(name, {**metrics, "a new one": metrics["NDCG@10"]}, 0.1 * place, {"Gini@10": 0.5})
            )
        return Slice(title, 1000, 900, tuple(lines), by)

    windows = [part(f"window {n}", 0.01 * n, "fold") for n in (1, 2, 3)]
    others = [part("warm users", 0.01, "known"), part(names[-1], 0.02, "<b>group</b>")]
    gaps = [
        Difference("NDCG@10", names[0], name, Interval(0.01, 0.005, 0.015), 0.001, 0.002)
        for name in names[1:]
    ]
    table = Table("new items", (part("all", 0.0), *others, *windows), tuple(gaps))
    return Evaluation(
        protocol="time", summary="five windows", warning="leaks: something", data={"users": 900},
        tables=(table,), settings={name: {"l2": name} for name in names},
        seconds={name: Seconds(1, 2, 3, 4) for name in names},
    )  # fmt: skip


def test_the_page_has_every_number_and_a_plot_for_each_question() -> None:
    found = evaluation()
    tags = checked(found.html())
    words = "".join(tags.words)
    captions = [
        "NDCG@10: mean and interval", "penchant minus each baseline", "NDCG@10 by window", "NDCG@10 by known",
        "Coverage against accuracy",
    ]  # fmt: skip
    for caption in [*captions, "a new one", "Gini@10", "WARNING", "better", "0.3000"]:
        assert caption in words, caption
    assert sum(tag == "svg" for tag, _ in tags.seen) == 6
    ids = [given["id"] for _, given in tags.seen if "id" in given]
    assert len(ids) == len(set(ids))


def test_names_do_not_break_out() -> None:
    tags = checked(evaluation(HOSTILE).html())
    assert any("<script>alert(1)</script>" in word for word in tags.words)
    assert not [tag for tag, _ in tags.seen if tag in ("script", "img", "b")]


def test_cells_and_headings_of_tables_are_escaped() -> None:
    made = page.table("<i>", HOSTILE, [HOSTILE, HOSTILE], words={1})
    checked(
        page.page("<t>", [made, page.paragraph("<p>"), page.details("<d>", [page.ordered("<o>", HOSTILE)])])
    )


def test_the_three_files_are_written_whole(tmp_path: Path) -> None:
    evaluation(HOSTILE).write(tmp_path / "a" / "b")
    names = sorted(path.name for path in (tmp_path / "a" / "b").iterdir())
    assert names == ["report.html", "report.json", "report.md"]
    assert (
        json.loads((tmp_path / "a" / "b" / "report.json").read_text(encoding="utf-8"))["protocol"] == "time"
    )


def test_a_folder_that_cannot_be_is_said_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match="no folder"):
            check_folder(folder)
    check_folder(tmp_path / "new" / "folder")
    assert not (tmp_path / "new").exists()


def test_a_disk_that_refuses_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path, {"report.md": "old"})

    def full(self: Path, *_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InputError, match="No space left"):
        write_whole(tmp_path, {"report.md": "new"})
    monkeypatch.undo()
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]
