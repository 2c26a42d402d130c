"""Two bundles compared: on what neither has seen, by id, with the same histories; and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from markup import HOSTILE, checked
from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.split import known_before
from penchant.data.vocabulary import Vocabulary
from penchant.errors import SettingError
from penchant.evaluate.compare import Fitted, compare, joined, later
from penchant.evaluate.contrast import jaccard
from penchant.evaluate.seal import Openings
from penchant.recommender import Recommender
from toy import DAY, START, locked, world

CUT = START + 240 * DAY


def shuffled(data: Dataset) -> Dataset:
    """Other people with the same items at random: what is learned from them says nothing."""
    items = np.random.default_rng(0).permutation(data.interactions.items)
    strangers = Vocabulary(pl.Series([f"x{name}" for name in data.users.vocabulary.ids]))
    events = replace(data.interactions, items=locked(items))
    return replace(data, interactions=events, users=replace(data.users, vocabulary=strangers))


def titled(data: Dataset) -> Dataset:
    """The same data with titles that try to break out."""
    titles = [HOSTILE[row % len(HOSTILE)] for row in range(data.n_items)]
    return replace(
        data, items=replace(data.items, table=data.items.table.with_columns(title=pl.Series(titles)))
    )


def bare(ids: Vocabulary) -> Catalogue:
    """Nothing but ids."""
    return Catalogue(ids, pl.DataFrame({"nothing": [None] * len(ids)}))


def reordered(data: Dataset) -> Dataset:
    """The same events with other row numbers, and some items that nobody met."""
    extra = pl.concat([data.items.vocabulary.ids.reverse(), pl.Series(["new 1", "new 2"])])
    items, users = Vocabulary(extra), Vocabulary(data.users.vocabulary.ids.reverse())
    events = data.interactions
    rows = {
        "users": users.rows(data.users.vocabulary.ids)[events.users],
        "items": items.rows(data.items.vocabulary.ids)[events.items],
    }
    events = type(events).sorted(
        rows["users"], rows["items"], events.times, events.weights, events.values, "time"
    )
    return Dataset(events, bare(items), bare(users))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Bundles fitted on what was before the cut: as it was, with items shuffled, with other row numbers."""
    folder, before = tmp_path_factory.mktemp("bundles"), known_before(titled(world().data), CUT)
    made = {"good": before, "bad": shuffled(before), "other": reordered(before)}
    for name, data in made.items():
        Recommender.fit(data, effort="quick", language="none").save(folder / name)
    return {name: folder / name for name in made}


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_what_learned_the_tastes_is_better_whichever_side_it_stands_on(bundles: dict[str, Path]) -> None:
    data = world().data
    found = compare(data, (bundles["good"], bundles["bad"]), rng=rng())
    turned = compare(data, (bundles["bad"], bundles["good"]), rng=rng())
    (here,), (there,) = found.contrasts, turned.contrasts
    assert (here.whole.gaps[0].verdict, there.whole.gaps[0].verdict) == ("A is better", "B is better")
    assert here.whole.gaps[0].difference.mean == pytest.approx(-there.whole.gaps[0].difference.mean)
    assert here.whole.gaps[0].a == there.whole.gaps[0].b
    assert 0 < here.overlap.mean < 1
    for parts in here.slices.values():
        assert all(part.gaps[0].p <= part.gaps[0].p_holm for part in parts)
    assert sum(part.lists for part in here.slices["history length"]) == here.whole.lists
    assert min(found.moments) > max(side.end for side in found.sides)


def test_a_comparison_opens_a_test_part_and_says_how_often(bundles: dict[str, Path], tmp_path: Path) -> None:
    record = Openings(tmp_path / "openings.jsonl")
    pair = (bundles["good"], bundles["bad"])
    first, second = (compare(world().data, pair, rng=rng(), openings=record) for _ in range(2))
    assert (first.opening["times"], second.opening["times"]) == (1, 2)
    assert first.opening["protocol"] == "compare"
    assert "test part opened 2 times" in second.html()
    with pytest.raises(SettingError):
        compare(known_before(world().data, CUT), pair, rng=rng(), openings=record)
    assert len(record.path.read_text(encoding="utf-8").splitlines()) == 2  # nothing was seen


def test_the_same_bundle_differs_in_nothing(bundles: dict[str, Path]) -> None:
    found = compare(world().data, (bundles["good"], bundles["good"]), rng=rng())
    assert "same version" in found.notes[0]
    (only,) = found.contrasts
    assert (only.overlap.mean, only.identical) == (1.0, 1.0)
    assert all(gap.difference.mean == 0 and gap.verdict == "unclear" for gap in only.whole.gaps)


def test_row_numbers_do_not_matter_and_lists_are_those_of_the_bundle(bundles: dict[str, Path]) -> None:
    data = world().data
    joint, _ = joined(data, [Recommender.load(bundles[name]).data for name in ("good", "other")])
    one, other = (
        Fitted.load("A", bundles[name]).among(joint.items.vocabulary, data.users)
        for name in ("good", "other")
    )
    task = later(joint, one.side.end)[0].tasks[0]
    model = other.model
    history = [joint.items.vocabulary.texts(query.rows) for query in task.queries]
    queries = [
        replace(query, rows=model.data.items.vocabulary.rows(ids))
        for query, ids in zip(task.queries, history, strict=True)
    ]
    rows = model.rank(queries, 10)[0]
    for found, asked in zip(other.lists(task), rows, strict=True):
        ids = joint.items.vocabulary.texts(found[found >= 0][:10])
        assert ids == model.data.items.vocabulary.texts(asked[asked >= 0])
    same = compare(data, (bundles["good"], bundles["other"]), rng=rng()).contrasts[0]
    assert same.overlap.mean > 0.6
    assert other.own[joint.items.vocabulary.row("new 1")] >= 0
    assert one.own[joint.items.vocabulary.row("new 1")] < 0


def test_tables_of_the_newest_days_alone_say_the_same(bundles: dict[str, Path]) -> None:
    data = world().data
    newest = data.with_interactions(data.interactions.where(data.interactions.times >= CUT))
    pair = (bundles["good"], bundles["bad"])
    whole, part = compare(data, pair, rng=rng()), compare(newest, pair, rng=rng())
    n = len(Recommender.load(bundles["good"]).data.interactions)
    assert any("only the bundles hold" in note for note in part.notes)
    assert len(joined(newest, [Recommender.load(bundles["good"]).data])[0].interactions) == len(
        data.interactions
    )
    assert joined(newest, [Recommender.load(bundles["good"]).data])[1] == n
    assert whole.contrasts[0].whole == part.contrasts[0].whole


def test_events_that_a_bundle_has_seen_are_no_test(bundles: dict[str, Path]) -> None:
    with pytest.raises(SettingError, match=r"no event .* is later") as refused:
        compare(known_before(world().data, CUT), (bundles["good"], bundles["other"]), rng=rng())
    assert "--until 2" in refused.value.hint
    assert str(bundles["good"]) in str(refused.value)


def test_without_times_or_common_items_nothing_can_be_compared(bundles: dict[str, Path]) -> None:
    pair = (bundles["good"], bundles["bad"])
    with pytest.raises(SettingError, match="the tables have no times"):
        compare(world().without_order().data, pair, rng=rng())
    data = world().data
    strange = replace(data.items, vocabulary=Vocabulary(pl.Series([f"x{n}" for n in range(data.n_items)])))
    with pytest.raises(SettingError, match="shares no item"):
        compare(replace(data, items=strange), pair, rng=rng())


def test_the_page_the_json_and_the_terminal_show_it(bundles: dict[str, Path], tmp_path: Path) -> None:
    found = compare(titled(world().data), (bundles["good"], bundles["bad"]), rng=rng())
    found.write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["comparison.html", "comparison.json"]
    tags = checked((tmp_path / "comparison.html").read_text(encoding="utf-8"))
    words = "".join(tags.words)
    for said in ("A is better", "By history length", "For whom they differ most", "Took:", "Jaccard"):
        assert said in words
    read = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    (only,) = read["contrasts"]
    assert len(only["examples"]) == 10
    assert only["whole"]["gaps"][0]["verdict"] == "A is better"
    users = [example["user"] for example in only["examples"]]
    assert len(set(users)) == 10
    assert len(only["examples"][0]["lists"]["A"]) == 10
    console = Console(width=140, force_terminal=False)
    with console.capture() as capture:
        console.print(found.rendered())
    assert "\x00" not in capture.get()
    for said in ("B minus A", "history", "is better"):
        assert said in capture.get()


def test_alike_lists_have_jaccard_1_whatever_their_order() -> None:
    a = np.array([[1, 2, 3], [1, 2, 3], [-1, -1, -1], [1, -1, -1]])
    b = np.array([[3, 1, 2], [4, 5, 6], [-1, -1, -1], [-1, -1, -1]])
    assert jaccard(a, b).tolist() == [1.0, 0.0, 1.0, 0.0]
