"""The sealed test part: opened once a run, written down, and never looked at by a search of settings."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.evaluate import PROTOCOLS, Entrant, Evaluation, baselines, evaluate
from penchant.evaluate.seal import LISTS, PROBES, Openings, Seal, sentence
from penchant.recommender import Recommender
from test_evaluate import Fixed
from toy import world


def opened(openings: Openings | None, data: Dataset, protocol: str = "last1") -> Evaluation:
    return evaluate(
        data,
        [],
        PROTOCOLS[protocol],
        against=[Fixed("a", [1])],
        rng=np.random.default_rng(0),
        openings=openings,
    )


def test_each_run_is_a_line_and_the_report_counts_those_of_its_data_and_protocol(tmp_path: Path) -> None:
    record = Openings(tmp_path / "deep" / "openings.jsonl", lambda: datetime(2026, 1, 2, tzinfo=UTC))
    data = world().data
    other = world(1).data
    one = opened(record, data)
    before = record.path.read_bytes()
    assert one.opening["times"] == 1 and "opened for the first time" in str(one)
    assert opened(record, other).opening["times"] == 1
    assert opened(record, data, "last20").opening["times"] == 1
    again = opened(record, data)
    assert again.opening["times"] == 2
    assert "opened 2 times, first at 2026-01-02T00:00:00+00:00 (protocol last1, data" in str(again)
    assert again.json()["opening"]["data"] == one.opening["data"] != opened(None, other).opening["data"]
    assert record.path.read_bytes().startswith(before)
    assert len(record.path.read_text(encoding="utf-8").splitlines()) == 4


def test_a_run_that_fails_has_looked_all_the_same(tmp_path: Path) -> None:
    record = Openings(tmp_path / "openings.jsonl")
    cheat = Fixed("cheat", list(range(20)), leaks=True)
    with pytest.raises(ValueError, match="history"):
        evaluate(world().data, [cheat], PROTOCOLS["last20"], rng=np.random.default_rng(0), openings=record)
    assert opened(record, world().data, "last20").opening["times"] == 2


def test_a_damaged_record_counts_what_can_be_read(tmp_path: Path) -> None:
    record = Openings(tmp_path / "openings.jsonl")
    opened(record, world().data)
    with record.path.open("ab") as file:
        file.write(b'{"data": "cut sho\n\xff\xfe\n[1]\n"text"\n{"data": 1}\n')
    assert opened(record, world().data).opening["times"] == 2


def test_a_record_that_cannot_be_written_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    result = opened(Openings(tmp_path / "file" / "openings.jsonl"), world().data)
    assert "could not be written down" in str(result)
    assert "no record kept" in str(opened(None, world().data))
    assert sentence({}) == ""


def test_the_seal_breaks_once() -> None:
    seal = Seal(world().data, PROTOCOLS["time"])
    assert not seal.told()
    assert len(list(seal.folds())) == 5
    with pytest.raises(ValueError, match="once a run"):
        seal.folds()


def test_probes_look_within_the_opening_of_their_run(tmp_path: Path) -> None:
    record = Openings(tmp_path / "openings.jsonl")
    seal = Seal(world().data, PROTOCOLS["time"], record, (LISTS, PROBES))
    assert len(list(seal.folds())) == len(list(seal.folds(PROBES))) == 5
    with pytest.raises(ValueError, match="once a run"):
        seal.folds(PROBES)
    (line,) = [json.loads(text) for text in record.path.read_text(encoding="utf-8").splitlines()]
    assert line["uses"] == [LISTS, PROBES]
    assert "for lists and probes" in sentence(seal.told())
    with pytest.raises(ValueError, match="once a run"):
        Seal(world().data, PROTOCOLS["time"], record).folds(PROBES)
    assert len(record.path.read_text(encoding="utf-8").splitlines()) == 1


def scrambled(data: Dataset, moment: float) -> Dataset:
    """The same world, in which everything from a moment on happened with other items."""
    events = data.interactions
    late = events.times >= moment
    items = events.items.copy()
    items[late] = np.random.default_rng(5).permutation(items[late])
    columns = (events.users, items, events.times, events.weights, events.values)
    return data.with_interactions(Interactions.sorted(*columns, "time"))


@pytest.mark.parametrize("name", ["time", "prequential"])
def test_settings_do_not_depend_on_the_test_part(name: str) -> None:
    protocol, data = PROTOCOLS[name], world().data
    first = next(iter(PROTOCOLS["time"].folds(data)))
    other = scrambled(data, first.tasks[1].queries[0].at)
    assert (other.interactions.items != data.interactions.items).any()
    assert chosen(data, name) == chosen(other, name)
    assert protocol.warning == ""


def chosen(data: Dataset, name: str) -> Any:
    """What was chosen by a few baselines, and with `time` by the product itself."""
    ours = Entrant(
        "penchant",
        lambda train: Recommender.fit(train, effort="quick", language="none"),
        lambda ranker: {"plan": repr(ranker.ranking.plan)},  # type: ignore[attr-defined]
    )
    protocol = PROTOCOLS[name]
    short = replace(protocol, folds=lambda given: iter([next(iter(protocol.folds(given)))]))
    some = [b for b in baselines(protocol) if b.name in ("recent popularity", "EASE")]
    entrants = [ours] if name == "time" else []
    result = evaluate(data, entrants, short, against=some, rng=np.random.default_rng(0))
    return result.settings
