"""A refresh: learn a new version of a bundle from what came in live, and let it take over if it is no worse.

    bundle + journal → tables → fit without the newest slice → exam on the slice → the same plan fitted on
    everything → CURRENT

The plan (settings and trust) never sees the slice that judges it. Nothing of the bundle is touched before
the very end, where a version is put in place whole or not at all.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from penchant import store
from penchant.data.columns import plain
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.read import read
from penchant.errors import BundleError, PenchantError, SettingError
from penchant.language.encode import Encoder
from penchant.language.texts import Texts, read_texts
from penchant.live.book import Book, Outcome, known_from
from penchant.live.engine import Engine
from penchant.live.export import export
from penchant.live.journal import Journal
from penchant.live.newest import FEWEST, asked, newest_slice, people, sat
from penchant.live.part import Part
from penchant.live.world import World
from penchant.rank.settings import Effort
from penchant.recommender import Recommender, quietly

STEPS = {
    "reading the bundle": 0, "exporting": 5, "reading the tables": 10, "reading texts": 15,
    "fitting without the newest slice": 20, "exam on the newest slice": 75, "fitting on everything": 80,
    "taking over": 98,
}  # fmt: skip
"""How far all of it has come, in percent, when a step begins."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a new version is fitted. `language` is an encoder or a name, None: the one of the bundle; `reader`
    reads the items that came in live for the running bundle. `cache` keeps text vectors. `force` lets the new
    version take over whatever the exam says. `weights` say how much a kind of event counts.
    """

    effort: Effort = "standard"
    seed: int = 0
    language: str | Encoder | None = None
    reader: Encoder | None = None
    cache: Path | None = None
    weights: Mapping[str, float] | None = None
    force: bool = False
    by: str = "penchant refresh"


def refresh(
    folder: Path,
    journal: Journal,
    settings: Settings,
    *,
    say: Callable[[str], None] = quietly,
    clock: Callable[[], float] = time.time,
) -> Outcome:
    """Fit a new version of a bundle from its journal, and swap it in if it is no worse; returns the outcome.

    The outcome is written beside the bundle, a failure as well.

    Raises:
        PenchantError: the bundle or the journal cannot be read, nothing can be learned, another refresh runs.
    """
    book, started = Book.beside(folder), clock()
    before = store.current(folder)
    with book.alone() as work:

        def step(name: str) -> None:
            say(name)
            book.step(name, STEPS[name], started)

        try:
            made = _refreshed(folder, before, journal, book, settings, work, step, say, clock)
        except PenchantError as error:
            why = str(error).partition("\n")[0]
            made = Outcome(uuid.uuid4().hex, 0.0, "failed", why, before, before, 0)
            told = book.seen(folder, before, journal)
            book.add(replace(made, time=clock(), seconds=clock() - started, seen=told or 0, by=settings.by))
            raise
        made = replace(made, time=clock(), seconds=clock() - started, by=settings.by)
        book.add(made)
    return made


def _refreshed(
    folder: Path,
    before: str,
    journal: Journal,
    book: Book,
    settings: Settings,
    work: Path,
    step: Callable[[str], None],
    say: Callable[[str], None],
    clock: Callable[[], float],
) -> Outcome:
    step("reading the bundle")
    world = World.load(folder, settings.reader)
    old = world.model
    seen = known_from(book, folder, before, journal, old.data.end)
    part = Part(journal, before, seen, journal.last())
    kept = Outcome(uuid.uuid4().hex, 0.0, "kept", "", before, before, seen)
    news, created = part.news(), clock()
    if not news and not settings.force:
        return replace(kept, result="nothing new", why="nothing came in since the bundle was made")
    step("exporting")
    say("\n".join(export(cast(Journal, part), work / "tables", old.data)))
    step("reading the tables")
    data = beside(tables(work / "tables", settings.weights, say), old, say)
    fold = newest_slice(data, old.data.end) if data.interactions.clock != "none" else None
    tasks = asked(fold) if fold is not None else []
    if people(tasks) < FEWEST and not settings.force:
        few = f"too few to tell: {people(tasks)} people took something new in the newest slice, of {FEWEST}"
        return replace(kept, why=few + " needed (--force takes over unjudged)")
    step("reading texts")
    texts = texts_of(data, old, settings, say)
    verdict, metrics, why = True, dict[str, Any](), "forced, with too few events for an exam"
    if fold is not None and people(tasks) >= FEWEST:
        step("fitting without the newest slice")
        model = carried(fitted(fold.train, texts, settings, say), old)
        step("exam on the newest slice")
        cut = float(min(task.queries[0].at for task in fold.tasks if len(task)))
        told = sat(tasks, data, model, as_it_runs(folder, part, cut, data, settings))
        verdict, metrics, why = told.good or settings.force, told.metrics, told.why
        why = why if told.good or not settings.force else f"forced although {why}"
        if not verdict:
            return replace(kept, why=why, metrics=metrics)
        step("fitting on everything")
        model = model.refit(data)
    else:
        step("fitting on everything")
        model = carried(fitted(data, texts, settings, say), old)
    step("taking over")
    if store.current(folder) != before:
        raise BundleError(f"{folder}: another version came meanwhile", hint="refresh again")
    # Said first: if this is killed between the two, the service still knows what the version learned from.
    book.add(replace(kept, result="taking over", seen=part.until, created=created, time=clock(), version=""))
    version = model.save(folder, created)
    made = replace(kept, result="swapped", why=why, version=version, metrics=metrics, created=created)
    return replace(made, seen=part.until)


def fitted(data: Dataset, texts: Texts, settings: Settings, say: Callable[[str], None]) -> Recommender:
    """Fit a recommender anew, settings and trust searched on the data's own last slice."""
    return Recommender.fit(data, seed=settings.seed, effort=settings.effort, texts=texts, say=say)


def texts_of(data: Dataset, old: Recommender, settings: Settings, say: Callable[[str], None]) -> Texts:
    """Read all items' texts as the bundle did; those that were read before come from the cache."""
    language = settings.language or old.language
    if not language:
        raise SettingError(
            "the bundle's texts were read by an encoder that no name tells", hint="name one: --language"
        )
    return read_texts(data, language, settings.cache, say=say, seed=settings.seed)


def tables(folder: Path, weights: Mapping[str, float] | None, say: Callable[[str], None]) -> Dataset:
    """Read what was exported; weights of kinds that did not come in are left out."""
    events, counting = folder / "interactions.parquet", dict[str, float]()
    if weights and events.exists():
        frame = pl.read_parquet(events)
        kinds = frame["event"].drop_nulls().unique().to_list() if "event" in frame.columns else []
        there = {plain(kind) for kind in kinds}
        counting = {name: weight for name, weight in weights.items() if name in there}
    data, report = read(folder, weights=counting)
    say(str(report))
    return data


def beside(data: Dataset, old: Recommender, say: Callable[[str], None]) -> Dataset:
    """Return the data with the bundle's own items first, in their order, if what requests taught needs it."""
    if old.learned is None:
        return data
    rows = data.items.vocabulary.rows(old.data.items.vocabulary.ids)
    if (rows < 0).any():
        say("what answered requests taught is lost with the items that were deleted: fit with the requests")
        return data
    order = np.concatenate((rows, np.setdiff1d(np.arange(data.n_items), rows)))
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    events = data.interactions
    moved = Interactions(
        events.users, places[events.items], events.times, events.weights, events.values, events.clock
    )
    return replace(data, interactions=moved, items=data.items.rows(order))


def carried(model: Recommender, old: Recommender) -> Recommender:
    """Return a model with what reads requests in the old one, and with what these taught it.

    A bundle does not keep the requests that it learned from.
    """
    model = model if model.carried else replace(model, carried=old.carried)
    ranking = model.ranking
    plan = replace(ranking.plan, request_weight=old.ranking.plan.request_weight)
    model = replace(model, ranking=replace(ranking, plan=plan))
    own, there = old.data.items.vocabulary.ids, model.data.items.vocabulary.ids
    alike = len(own) <= len(there) and own.cast(pl.String).equals(there[: len(own)].cast(pl.String))
    if old.learned is None or not alike or old.knowledge.raw.shape[1] != model.knowledge.raw.shape[1]:
        return model
    return replace(model, learned=old.learned.extend(model.data.items, model.knowledge))


def as_it_runs(folder: Path, part: Part, cut: float, data: Dataset, settings: Settings) -> World:
    """Return the running bundle as the service has it at the cut: items and popularities of before are in."""
    before = replace(part, before=cut) if data.interactions.clock == "time" else part
    engine = Engine(
        folder, cast(Journal, before), encoder=settings.reader, weights=settings.weights, clock=lambda: cut
    )
    engine.unwritten.close()
    return engine.world
