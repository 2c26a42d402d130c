"""Refresh: learned from the journal, judged on what neither bundle saw, swapped in whole, taken back."""

import json
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import happened
from penchant import store
from penchant.errors import BundleError, InputError, SettingError
from penchant.evaluate.statistics import Interval
from penchant.live import refresh as room
from penchant.live.asked import Asked
from penchant.live.book import Book, Outcome, guessed
from penchant.live.keeper import Keeper, caught_up
from penchant.live.newest import decided
from penchant.live.part import Part
from penchant.live.records import Act, Change
from penchant.live.refresh import Settings, refresh
from penchant.live.rolling_back import roll_back
from penchant.recommender import Recommender
from penchant.store.choosing import choose, others

QUICK = Settings(effort="quick", language="none")


fitted = pytest.fixture(scope="module")(happened.fitted)
folder = pytest.fixture(happened.copied)


@pytest.fixture(scope="module")
def home(fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bundle M that was refreshed once, from 900 events."""
    place = tmp_path_factory.mktemp("home") / "home"
    shutil.copytree(fitted, place / "M")
    journal = happened.journal_of(place / "M")
    happened.written(journal, happened.acts(900, users=240))
    made = refresh(place / "M", journal, QUICK)
    journal.close()
    assert made.result == "swapped", made.why
    return place


@pytest.fixture
def refreshed(home: Path, tmp_path: Path) -> Path:
    shutil.copytree(home, tmp_path / "home")
    return tmp_path / "home" / "M"


def events_of(folder: Path) -> int:
    return len(Recommender.load(folder).data.interactions)


def test_a_refresh_learns_takes_over_and_can_be_taken_back(fitted: Path, refreshed: Path) -> None:
    first, had = store.current(fitted), events_of(fitted)
    made = Book.beside(refreshed).outcomes()[-1]
    assert (made.result, made.seen, made.before, made.version) == (
        "swapped", 900, first, store.current(refreshed),
    )  # fmt: skip
    assert made.metrics["people"] >= 30 and made.metrics["ndcg@10"]["difference"][0] > 0
    assert events_of(refreshed) == had + 900
    journal = happened.journal_of(refreshed)
    assert refresh(refreshed, journal, QUICK).result == "nothing new"
    # a second one adds what came in since, nothing twice
    happened.written(journal, happened.acts(10, 1, start=happened.NOW + 90_000, users=240))
    second = refresh(refreshed, journal, replace(QUICK, force=True))
    assert (second.result, second.seen, events_of(refreshed)) == ("swapped", 910, had + 910)
    back = roll_back(refreshed, journal)
    assert (store.current(refreshed), back.seen) == (made.version, 900)
    assert [one.result for one in Book.beside(refreshed).outcomes() if one.version] == [
        "swapped", "nothing new", "swapped", "rolled back",
    ]  # fmt: skip
    journal.close()


def test_a_worse_bundle_does_not_take_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, first = happened.journal_of(folder), store.current(folder)
    happened.written(journal, happened.acts(900, users=240))
    real, made = room.fitted, list[Recommender]()

    def wrong(data: Any, *rest: Any) -> Recommender:
        events = data.interactions
        mixed = np.random.default_rng(0).permutation(data.n_items)[events.items]
        made.extend([real(data.with_interactions(replace(events, items=mixed)), *rest)] if not made else [])
        return made[0]

    monkeypatch.setattr(room, "fitted", wrong)
    told = refresh(folder, journal, QUICK)
    assert told.result == "kept" and told.why.startswith("worse"), told.why
    assert store.current(folder) == first
    forced = refresh(folder, journal, replace(QUICK, force=True))
    assert forced.result == "swapped" and "forced although" in forced.why
    journal.close()


def test_too_few_events_are_no_reason_to_swap(folder: Path) -> None:
    journal, first = happened.journal_of(folder), store.current(folder)
    happened.written(journal, happened.acts(20))
    made = refresh(folder, journal, QUICK)
    assert made.result == "kept" and "too few to tell" in made.why
    assert store.current(folder) == first
    with pytest.raises(BundleError, match="no version before"):
        roll_back(folder, journal)
    journal.close()


def test_a_refresh_that_dies_leaves_nothing_half(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, first, book = happened.journal_of(folder), store.current(folder), Book.beside(folder)
    happened.written(journal, happened.acts(900, users=240))

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "fitted", dies)
    with pytest.raises(KeyboardInterrupt):
        refresh(folder, journal, QUICK)
    assert store.current(folder) == first and not list(book.folder.glob("work-*")) and not book.busy()
    (book.folder / "work-1" / "tables").mkdir(parents=True)  # of one that was killed
    monkeypatch.setattr(room, "fitted", lambda *_: (_ for _ in ()).throw(SettingError("nothing to learn")))
    with pytest.raises(SettingError):
        refresh(folder, journal, QUICK)
    assert not list(book.folder.glob("work-*"))
    assert book.outcomes()[-1].result == "failed"
    with book.alone(), pytest.raises(InputError, match="another refresh runs"):
        refresh(folder, journal, QUICK)
    journal.close()


def test_the_rule_of_the_exam() -> None:
    def judged(old: float, difference: Interval) -> bool:
        same = Interval(old, old, old)
        return decided([same, same, same, same, difference, difference], 100, 50).good

    assert judged(0.1, Interval(0.01, 0.001, 0.02))  # better
    assert judged(0.1, Interval(-0.0002, -0.0009, 0.0005))  # surely not worse by more than 1 %
    assert judged(0.1, Interval(0.001, -0.01, 0.012))  # unclear, but no sign of worse
    assert not judged(0.1, Interval(-0.001, -0.01, 0.009))
    assert not judged(0.1, Interval(-0.01, -0.02, -0.001))


def test_part_of_a_journal_forgets_what_a_deletion_forgot(folder: Path) -> None:
    journal = happened.journal_of(folder)
    happened.written(journal, [Act("a", "001", "view", 1.0)])  # 1
    told = [
        Change("user", "a", "put", 2.0, {"age": 1}), Change("user", "a", "delete", 3.0),
        Change("item", "x", "put", 4.0, {"title": "X"}),
        Change("consent", "b", "put", 5.0, {"consent": "none"}),
    ]  # fmt: skip
    happened.written(journal, told)  # type: ignore[arg-type]  # 2 to 5
    happened.written(journal, [Act("a", "002", "view", 6.0), Act("a", "003", "view", 7.0)])  # 6, 7
    part = Part(journal, "v", 5, 6)
    assert [number for number, _ in part.replay()] == [4, 5, 6]
    assert [number for number, _ in part.replay(5)] == [6]
    assert part.news() == 1
    assert [number for number, _ in replace(part, before=6.0).replay()] == [4, 5]
    assert next(iter(part.changes("refresh")))[1].body == {"version": "v", "seen": 5}
    assert guessed(journal, 6.5) == 6
    journal.close()


# ---- in the service


def test_a_version_from_outside_takes_over_while_lists_are_given(refreshed: Path) -> None:
    second = store.current(refreshed)
    choose(refreshed, others(refreshed)[0])
    engine = happened.engine_of(refreshed)
    keeper = Keeper(engine, every=0.02)
    first = engine.world.version
    stop, versions, errors = threading.Event(), set[str](), list[BaseException]()

    def ask() -> None:
        number = 0
        while not stop.wait(0.002):
            number += 1
            try:
                versions.add(engine.recommend(Asked(user=str(120 + number % 80))).version)
            except BaseException as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    keeper.start()
    while first not in versions and not errors:
        time.sleep(0.01)
    choose(refreshed, second)
    until = time.monotonic() + 30
    while second not in versions and not errors and time.monotonic() < until:
        time.sleep(0.02)
    stop.set()
    for thread in threads:
        thread.join()
    assert not errors and versions == {first, second}
    assert engine.world.seen == 900
    assert [c.body["result"] for _, c in engine.journal.changes("refresh")] == ["swapped", "found"]
    back = keeper.roll_back("me")
    assert engine.world.version == back.version == first and engine.world.seen == 0
    keeper.stop()
    engine.close()


def test_a_damaged_version_is_refused_and_the_old_one_goes_on(folder: Path) -> None:
    engine = happened.engine_of(folder)
    keeper, first = Keeper(engine), engine.world.version
    model = Recommender.load(folder)
    version = model.refit(model.data.with_interactions(model.data.interactions.where(
        np.arange(len(model.data.interactions)) % 2 == 0))).save(folder)  # fmt: skip
    path = next((folder / "versions" / version).glob("*.npy"))
    path.write_bytes(path.read_bytes()[:-8])
    keeper.look()
    assert engine.world.version == first and "refused" in keeper.told()["problem"]
    assert engine.recommend(Asked(user="120")).version == first
    keeper.look()
    told = [change.body["result"] for _, change in engine.journal.changes("refresh")]
    assert told.count("refused") == 1  # it is told of once
    (folder / "CURRENT").write_text("nothing")
    keeper.look()
    assert "names no version" in keeper.told()["problem"]
    assert engine.recommend(Asked(user="120")).ids
    engine.close()


def test_the_journal_catches_up_with_what_happened_while_no_service_ran(refreshed: Path) -> None:
    journal = happened.journal_of(refreshed)
    caught_up(journal, refreshed)
    caught_up(journal, refreshed)
    told = [change.body for _, change in journal.changes("refresh")]
    assert [(body["result"], body["seen"]) for body in told] == [("swapped", 900)]
    journal.close()
    engine = happened.engine_of(refreshed)
    assert engine.world.seen == 900 and not engine.people.get(("120", "")).acts
    engine.close()


def test_an_exported_bundle_from_elsewhere_is_not_learned_twice(refreshed: Path) -> None:
    shutil.rmtree(Book.beside(refreshed).folder)  # as if fitted by hand from penchant export
    journal = happened.journal_of(refreshed)
    caught_up(journal, refreshed)
    assert [change.body["seen"] for _, change in journal.changes("refresh")] == [900]
    journal.close()


def test_a_kill_between_word_and_swap_is_understood(refreshed: Path) -> None:
    path, version = Book.beside(refreshed).folder / "outcomes.jsonl", store.current(refreshed)
    lines = path.read_text().splitlines()
    assert json.loads(lines[0])["result"] == "taking over"
    path.write_text(lines[0] + "\n" + lines[1][:40])  # killed before the last line was whole
    book = Book.beside(refreshed)
    assert book.seen(refreshed, version, None) == 900
    book.add(Outcome("x", 1.0, "kept", "", version, version, 900))
    assert [one.result for one in book.outcomes()] == ["taking over", "kept"]
