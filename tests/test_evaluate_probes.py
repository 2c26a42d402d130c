"""Probes of what texts give: a model that understands loses by shuffling, one that does not loses nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
import pytest

from markup import checked
from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.vocabulary import Vocabulary
from penchant.errors import SettingError
from penchant.evaluate import PROTOCOLS, Entrant, Evaluation, evaluate
from penchant.evaluate.ages import appeared
from penchant.evaluate.contest import ranked
from penchant.evaluate.findings import Probe
from penchant.evaluate.probes import Recorded, check_probable, probes, shuffle, shuffled, with_prose
from penchant.evaluate.seal import LISTS, PROBES, Seal
from penchant.language.knowledge import Knowledge
from penchant.language.texts import Texts
from penchant.language.whiten import Whitening
from penchant.types import Query, Rows, Scores
from toy import DAY, N_COLD, N_ITEMS, N_WARM, START, world

BORN = START + 100 * DAY


@dataclass
class Reader:
    """Ranks by texts like those of the history; without texts, by row."""

    data: Dataset
    texts: Texts
    reads: bool = True

    def refit(self, data: Dataset) -> Self:
        return replace(self, data=data)

    def rank(
        self, queries: Sequence[Query], k: int, *, candidates: Rows | None = None, repeat: bool = False
    ) -> tuple[Rows, Scores]:
        raw = self.texts.knowledge.raw
        scores = np.tile(-1e-4 * np.arange(len(raw), dtype=np.float32), (len(queries), 1))
        if raw.shape[1] and self.reads:
            scores += np.stack([raw @ raw[query.rows].sum(axis=0) for query in queries])
        lists = ranked(scores, queries, k, candidates=candidates, repeat=repeat)
        return lists, np.zeros(lists.shape, dtype=np.float32)


def texts() -> Texts:
    nothing = Whitening(np.zeros(0, dtype=np.float32), np.zeros((0, 0), dtype=np.float32))
    return Texts(world().knowledge, nothing, "none")


def dated(data: Dataset) -> Dataset:
    """Every third film is of 2024, the others of 1999; one has no year and some events before BORN."""
    years = pl.Series("year", [2024 if row % 3 == 0 else 1999 for row in range(N_ITEMS)]).cast(pl.Int64)
    years = years.set(pl.Series([row == 1 for row in range(N_ITEMS)]), None)
    return replace(data, items=replace(data.items, table=data.items.table.with_columns(years)))


def probed(
    data: Dataset, protocol: str, *, reads: bool = True, born: float | None = None
) -> tuple[Probe, Probe]:
    def make(train: Dataset, known: Texts) -> Reader:
        return Reader(train, known, reads)

    ours = Recorded(Entrant("ours", lambda train: make(train, texts())))
    seal = Seal(data, PROTOCOLS[protocol], uses=(LISTS, PROBES))
    evaluate(data, [ours], PROTOCOLS[protocol], rng=np.random.default_rng(0), seal=seal)
    rng = np.random.default_rng(0)
    return probes(data, seal, ours, make, texts(), born=born, rng=rng)


@pytest.mark.parametrize("protocol", ["last20", "cold20"])
def test_understanding_is_lost_by_shuffling(protocol: str) -> None:
    meaning, _ = probed(world().data, protocol)
    for found in meaning.findings:
        gains = {gain.other: gain for gain in found.gains}
        assert set(gains) == {"ours, texts shuffled", "ours, without texts"}
        assert gains["ours, texts shuffled"].interval.mean > 0
        difference = found.means["ours"].mean - found.means["ours, texts shuffled"].mean
        assert gains["ours, texts shuffled"].interval.mean == pytest.approx(difference)
    if protocol == "last20":
        assert meaning.findings[0].gains[0].verdict == "better"


def test_what_reads_nothing_gains_nothing() -> None:
    meaning, _ = probed(world().data, "last20", reads=False)
    assert [gain.interval.mean for gain in meaning.findings[0].gains] == [0.0, 0.0]
    assert {gain.verdict for gain in meaning.findings[0].gains} == {"unclear"}


def test_the_lists_of_ours_are_those_that_were_judged() -> None:
    ours = Recorded(Entrant("ours", lambda train: Reader(train, texts())))
    data = world().data
    seal = Seal(data, PROTOCOLS["time"], uses=(LISTS, PROBES))
    result = evaluate(data, [ours], seal.protocol, rng=np.random.default_rng(0), seal=seal)
    rng = np.random.default_rng(0)
    meaning, _ = probes(data, seal, ours, Reader, texts(), born=None, rng=rng)
    judged = {table.name: table.slices[0] for table in result.tables}
    for found in meaning.findings:
        assert found.means["ours"].mean == pytest.approx(judged[found.table].lines[0].metrics["NDCG@10"].mean)
        assert (found.lists, found.users) == (judged[found.table].lists, judged[found.table].users)


def test_no_item_keeps_its_text_and_those_without_stay_without() -> None:
    known = np.ones(N_ITEMS, dtype=bool)
    known[[2, 5]] = False
    given = world().knowledge
    raw, vectors = given.raw * known[:, None], given.vectors * known[:, None]
    before = replace(texts(), knowledge=Knowledge(vectors, raw, known))
    order = shuffle(before.knowledge.known, np.random.default_rng(0))
    after = shuffled(before, order).knowledge
    assert not (after.raw == raw).all(axis=1)[known].any()
    assert (after.known == known).all()
    assert not after.raw[~known].any()
    assert sorted(map(tuple, after.vectors)) == sorted(map(tuple, vectors))


def test_titles_and_prose_move_with_the_texts_and_attributes_stay() -> None:
    n = 40
    table = pl.DataFrame({"name": [f"Film {i}" for i in range(n)], "genre": ["War", "Love"] * (n // 2)})
    made = replace(world().data, items=Catalogue(Vocabulary(pl.Series(range(n))), table, "name"))
    moved = with_prose(made, np.roll(np.arange(n), 1)).items
    assert moved.table["name"].to_list() == [f"Film {(i - 1) % n}" for i in range(n)]
    assert moved.table["genre"].equals(table["genre"])
    silent = with_prose(made, None).items
    assert (silent.table.columns, silent.title) == (["genre"], None)


def test_newer_items_stand_beside_as_many_older_ones() -> None:
    _, heart = probed(dated(world().data), "last20", born=1.63e9)
    newer, older = heart.findings
    assert newer.items == older.items
    assert (newer.part, older.part) == ("newer items", "older items of like popularity")
    assert abs(newer.events - older.events) <= 0.3 * older.events
    assert {gain.other for gain in newer.gains} == {gain.other for gain in older.gains}
    assert "'year'" in heart.notes[0]


def test_without_a_newer_item_or_a_date_nothing_is_claimed() -> None:
    for born, said in ((4e9, "cannot tell"), (0.0, "cannot tell"), (None, "--language-born")):
        _, heart = probed(dated(world().data), "last20", born=born)
        assert heart.findings == ()
        assert said in heart.notes[-1]


def test_a_year_counts_before_the_first_event() -> None:
    when, source = appeared(dated(world().data))
    events = world().data.interactions
    assert when[0] == np.datetime64("2024-01-01").astype("datetime64[s]").astype(float)
    assert when[1] == events.times[events.items == 1].min()
    assert source == "'year', else by its first event"
    when, source = appeared(world().data)
    assert np.isnan(when[N_WARM:]).sum() == N_COLD
    assert source == "its first event"


def test_without_texts_there_is_nothing_to_probe() -> None:
    with pytest.raises(SettingError, match="fewer than two items have a text"):
        check_probable(replace(texts(), knowledge=Knowledge.none(N_ITEMS)))


def test_probes_are_part_of_every_report(tmp_path: Path) -> None:
    found = Evaluation(
        "last20", "", "", {}, (), {}, {}, probes=probed(dated(world().data), "last20", born=1.63e9)
    )
    found.write(tmp_path)
    read = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert read["probes"][0]["findings"][0]["gains"][0]["verdict"] == "better"
    page = "".join(checked((tmp_path / "report.html").read_text(encoding="utf-8")).words)
    for text in (page, (tmp_path / "report.md").read_text(encoding="utf-8")):
        for said in ("texts shuffled", "without texts", "newer items", "older items of like popularity"):
            assert said in text
