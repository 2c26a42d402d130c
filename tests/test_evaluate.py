"""An evaluation as a whole: known numbers of a hand-made log, fairness between contenders, the report."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from rich.console import Console

from penchant.data.dataset import Dataset
from penchant.errors import SettingError
from penchant.evaluate import PROTOCOLS, Contender, Entrant, Evaluation, baselines, evaluate
from penchant.evaluate.results import Difference
from penchant.evaluate.statistics import Interval
from penchant.types import NO_ROWS, Query, Rows, Scores
from toy import N_WARM, world


@dataclass
class Fixed:
    """Lists the given rows for everybody, without the history."""

    name: str
    rows: list[int]
    leaks: bool = False
    only_repeats: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    fits: list[bool] = field(default_factory=list)

    def fit(self, data: Dataset, *, first: bool) -> Self:
        self.fits.append(first)
        return self

    def rank(
        self, queries: Sequence[Query], k: int, *, candidates: Rows | None = None, repeat: bool = False
    ) -> Rows:
        lists = np.full((len(queries), k), -1)
        for row, query in zip(lists, queries, strict=True):
            left_out = NO_ROWS if repeat or self.leaks else query.rows
            shown = [i for i in self.rows if i not in left_out][:k]
            row[: len(shown)] = shown
        return lists


@dataclass
class Toy:
    """A recommender as the product has it: knows the tastes."""

    data: Dataset
    refits: int = 0

    def refit(self, data: Dataset) -> Self:
        return type(self)(data, self.refits + 1)

    def rank(
        self, queries: Sequence[Query], k: int, *, candidates: Rows | None = None, repeat: bool = False
    ) -> tuple[Rows, Scores]:
        lists = np.full((len(queries), k), -1)
        for row, query in zip(lists, queries, strict=True):
            user = int(query.key) - 120
            own = [i for i in range(user % 2, N_WARM, 2) if repeat or i not in query.rows]
            if candidates is not None:
                own = [i for i in own if i in candidates]
            row[: len(own)] = own[:k]
        return lists, np.zeros(lists.shape, dtype=np.float32)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    protocol = PROTOCOLS["time"]
    ours = Entrant("penchant", Toy, lambda ranker: {"refits": ranker.refits})  # type: ignore[attr-defined]
    everyone = Fixed("always the same", list(range(N_WARM)))
    against: list[Contender] = [*baselines(protocol), everyone]
    result = evaluate(world().data, [ours], protocol, against=against, rng=np.random.default_rng(0))
    assert everyone.fits == [True] + 4 * [False]
    assert ours.ranker is not None
    return result


def test_the_numbers_are_those_of_the_lists() -> None:
    data = world().data
    (fold,) = PROTOCOLS["last1"].folds(data)
    task = fold.tasks[0]
    one = evaluate(data, [Fixed("one", [7, *range(20)])], PROTOCOLS["last1"], rng=np.random.default_rng(0))
    head = one.tables[0].slices[0]
    assert (head.lists, head.users) == (len(task), len(task))
    lists = Fixed("one", [7, *range(20)]).rank(task.queries, 10)
    places = [np.flatnonzero(row == rows[0]).tolist() for row, rows in zip(lists, task.targets, strict=True)]
    found = head.lines[0].metrics
    assert found["HR@10"].mean == pytest.approx(np.mean([len(p) > 0 for p in places]))
    assert found["MRR@10"].mean == pytest.approx(np.mean([1 / (p[0] + 1) if p else 0 for p in places]))
    assert found["NDCG@10"].mean == pytest.approx(
        np.mean([1 / np.log2(p[0] + 2) if p else 0 for p in places])
    )
    assert one.tables[0].differences == ()


def test_methods_that_know_the_tastes_beat_one_list_for_all(evaluation: Evaluation) -> None:
    for table in evaluation.tables:
        means = {line.name: line.metrics["NDCG@10"].mean for line in table.slices[0].lines}
        for name in ("penchant", "item kNN", "EASE", "implicit ALS"):
            assert means[name] > means["always the same"] + 0.05
        found = {d.other: d for d in table.differences if d.metric == "NDCG@10"}
        assert found["always the same"].verdict == "better"
        assert all(d.p <= d.p_holm for d in found.values())
        assert table.best()[0].other == max((n for n in means if n != "penchant"), key=lambda n: means[n])


def test_own_most_frequent_items_take_part_only_where_items_may_repeat(evaluation: Evaluation) -> None:
    names = {table.name: {line.name for line in table.slices[0].lines} for table in evaluation.tables}
    assert names["with repeats"] - names["new items"] == {"own most frequent items"}


def test_slices_divide_the_lists(evaluation: Evaluation) -> None:
    for table in evaluation.tables:
        sizes = {part.title: part.lists for part in table.slices}
        windows = [n for title, n in sizes.items() if title.startswith("window")]
        assert sum(windows) == sizes["all"]
        assert sizes.get("warm users", 0) + sizes.get("cold users", 0) == sizes["all"]
        assert table.slices[0].users <= sizes["all"]


def test_the_same_seed_gives_the_same_numbers() -> None:
    def run() -> Any:
        fixed = [Fixed("a", [1, 2, 3]), Fixed("b", [4, 5])]
        protocol = PROTOCOLS["last20"]
        found = evaluate(world().data, fixed[:1], protocol, against=fixed[1:], rng=np.random.default_rng(3))
        return found.json()["tables"]

    assert run() == run()


def test_the_mean_of_draws_counts_each_draw_alike() -> None:
    data = world().data
    result = evaluate(
        data, [], PROTOCOLS["cold20"], against=[Fixed("none", [])], rng=np.random.default_rng(0)
    )
    assert [part.title for part in result.tables[0].slices[-3:]] == ["draw 1", "draw 2", "draw 3"]
    against = baselines(PROTOCOLS["cold20"], world().knowledge)
    result = evaluate(data, [], PROTOCOLS["cold20"], against=against, rng=np.random.default_rng(0))
    head, *parts = result.tables[0].slices
    for place, line in enumerate(head.lines):
        draws = [part.lines[place].metrics["NDCG@10"].mean for part in parts if part.title[:4] == "draw"]
        assert line.metrics["NDCG@10"].mean == pytest.approx(np.mean(draws))
    assert head.lines[1].metrics["NDCG@10"].mean > head.lines[0].metrics["NDCG@10"].mean


def test_the_report_holds_every_number_and_is_written_whole(evaluation: Evaluation, tmp_path: Path) -> None:
    evaluation.write(tmp_path / "report")
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "report.html",
        "report.json",
        "report.md",
    ]
    read = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    head = read["tables"][0]["slices"][0]["lines"][0]
    line = evaluation.tables[0].slices[0].lines[0]
    assert head["metrics"]["NDCG@10"]["low"] == line.metrics["NDCG@10"].low
    assert read["settings"]["EASE"]["new items"]["l2"] > 0
    assert read["versions"]["numpy"] == np.__version__
    assert set(read["seconds"]["EASE"]) == {"first_fit", "further_fits", "lists", "queries"}
    page = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    for name in evaluation.settings:
        assert f"| {name} |" in page
    assert f"{line.metrics['NDCG@10'].mean:.4f}" in page


def test_a_terminal_shows_both_tables_and_the_best_baseline(evaluation: Evaluation) -> None:
    console = Console(width=160, record=True, quiet=False, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(evaluation.rendered())
    for words in ("new items", "with repeats", "minus the best baseline", "coverage@10", "warm users"):
        assert words in capture.get()


@pytest.mark.parametrize(
    ("name", "leaks"), [("time", False), ("last20", True), ("last1", True), ("cold20", True)]
)
def test_each_protocol_but_time_says_what_it_leaks(name: str, leaks: bool) -> None:
    assert bool(PROTOCOLS[name].warning) == leaks
    result = evaluate(
        world().data, [], PROTOCOLS[name], against=[Fixed("a", [])], rng=np.random.default_rng(0)
    )
    assert ("WARNING" in str(result)) == leaks


def test_lists_with_items_of_the_history_are_refused() -> None:
    cheat = Fixed("cheat", list(range(N_WARM)), leaks=True)
    with pytest.raises(ValueError, match=r"cheat: \d+ lists hold items of the history"):
        evaluate(world().data, [cheat], PROTOCOLS["last20"], rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="no candidates"):
        evaluate(world().data, [cheat], PROTOCOLS["cold20"], rng=np.random.default_rng(0))


def test_contenders_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        evaluate(
            world().data, [Fixed("a", []), Fixed("a", [])], PROTOCOLS["last20"], rng=np.random.default_rng(0)
        )


def test_a_log_without_a_clock_has_no_later_events() -> None:
    data = world().without_order().data
    with pytest.raises(SettingError, match="last20"):
        evaluate(data, [Fixed("a", [])], PROTOCOLS["time"], rng=np.random.default_rng(0))


def test_nothing_to_judge_by_is_said() -> None:
    data = world().data
    one = data.with_interactions(data.interactions.where(np.arange(len(data.interactions)) < 1))
    with pytest.raises(SettingError, match="no event is left"):
        evaluate(one, [Fixed("a", [])], PROTOCOLS["time"], rng=np.random.default_rng(0))
    none = data.with_interactions(data.interactions.where(np.arange(len(data.interactions)) < 0))
    for protocol in PROTOCOLS.values():
        with pytest.raises(SettingError, match="there are no events, so none can be held out"):
            evaluate(none, [Fixed("a", [])], protocol, rng=np.random.default_rng(0))


def test_progress_names_the_window_and_the_contender() -> None:
    said: list[tuple[str, int, int]] = []
    contenders = [Fixed("a", []), Fixed("b", [])]
    evaluate(
        world().data,
        contenders,
        PROTOCOLS["last1"],
        rng=np.random.default_rng(0),
        progress=lambda what, done, of: said.append((what, done, of)),
    )
    assert said == [("all: a", 0, 2), ("all: b", 1, 2)]


@pytest.mark.parametrize(
    ("interval", "p", "verdict"),
    [
        (Interval(0.1, 0.05, 0.15), 0.01, "better"),
        (Interval(-0.1, -0.15, -0.05), 0.01, "worse"),
        (Interval(0.1, 0.05, 0.15), 0.06, "unclear"),
        (Interval(0.1, -0.05, 0.15), 0.01, "unclear"),
    ],
)
def test_a_difference_needs_interval_and_p(interval: Interval, p: float, verdict: str) -> None:
    assert Difference("NDCG@10", "ours", "other", interval, p / 2, p).verdict == verdict
