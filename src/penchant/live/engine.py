"""The live engine: one bundle, one journal, the people in memory; every event counts at the next request.

State changes under one lock and only after the journal has it; scoring runs outside of it, on values that do
not change, in as many threads as ask.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from penchant.data.kinds import weight_of
from penchant.errors import InputError, UnknownIdError
from penchant.explain.wording import Lang
from penchant.language.encode import Encoder
from penchant.live.additions import extended, new_rows
from penchant.live.asked import OPEN, SPOKEN, Asked, Given, Router, Why
from penchant.live.balance import teach
from penchant.live.histories import asked_by, found, query_of
from penchant.live.ids import new_id
from penchant.live.journal import Batch, Journal
from penchant.live.lists import List, explained, listed
from penchant.live.log import seen_by
from penchant.live.people import CONSENTS, People, Person, key_of
from penchant.live.records import Act, Change, Record, Shown
from penchant.live.rules import Rules, checked
from penchant.live.trend import Met, Trend
from penchant.live.unwritten import Unwritten
from penchant.live.world import World
from penchant.models.popularity import Popularity
from penchant.types import Query, Reason, Rows, Scores

Answers: TypeAlias = Mapping[str, tuple[str, str]] | None
"""Answers that are kept with records, by idempotency key."""
RECENT = 5_000
"""Lists shown that are kept in memory, to be explained exactly."""
TICK = 1.0
"""Seconds for which popularity may stand still while events come in."""


class Engine:
    """Serves lists from a bundle, and takes in what happens; every method may be called from any thread.

    `clock` tells the time in seconds UTC. `weights` say how much a kind of event counts, as at the fit.
    """

    def __init__(
        self,
        folder: Path,
        journal: Journal,
        *,
        encoder: Encoder | None = None,
        weights: Mapping[str, float] | None = None,
        most_people: int = 50_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder, self.journal, self.clock = folder, journal, clock
        self.weights = dict(weights or {})
        self.lock = threading.RLock()
        self.people = People(lambda key: found(key, self.journal, self.world), most_people)
        self.shown: OrderedDict[str, Given] = OrderedDict()
        self.rules = Rules()
        self.items: dict[str, Mapping[str, Any]] = {}
        self.gone: set[str] = set()
        self.router: Router | None = None
        self.listeners: list[Callable[[Sequence[Record]], None]] = []
        self.unwritten = Unwritten(journal)
        self.world = World.load(folder, encoder)
        self.trends: dict[str, Trend] = {}
        self.met = Met(self.world.model.ranking.evidence)
        self.moved, self.stale = 0.0, False
        self.barred: tuple[Any, ...] = ()
        self.adopt(self.world)

    # ---- the bundle

    def adopt(self, world: World) -> None:
        """Serve another bundle from now on: what came in live joins it, and people are read again."""
        with self.lock:
            world = replace(world, seen=seen_by(self.journal, world.version))
            self.rules, self.items, self.gone = Rules(), {}, set()
            for _, change in self.journal.changes("item", "rule"):
                self._remember(change)
            self.world = self._with_items(world, self.items)
            self._count()
            self.people.drop()
            self.shown.clear()  # rows of another bundle mean other items
            self.rules.stamp += 1

    def _with_items(self, world: World, items: Mapping[str, Mapping[str, Any]]) -> World:
        known = world.model.data.items.vocabulary
        new = {name: fields for name, fields in items.items() if name not in known}
        return world.joined(extended(world.model, new, world.encoder)) if new else world

    def _count(self) -> None:
        """Begin what moves with events anew, from the bundle and what happened since."""
        model = self.world.model
        self.met = Met(model.ranking.evidence)
        self.trends = {
            name: Trend(scorer, model.data.interactions, model.data.n_items)
            for name, scorer in model.ranking.sources.scorers.items()
            if isinstance(scorer, Popularity) and len(scorer.half_lives)
        }
        acts = [r for _, r in self.journal.replay(self.world.seen) if isinstance(r, Act)]
        self._tally(acts)
        self._move(force=True)

    def _tally(self, acts: Sequence[Act]) -> None:
        rows = self.world.model.data.items.vocabulary.rows([act.item for act in acts])
        there = rows >= 0
        if not there.any():
            return
        times = np.array([self.world.moment(act.time) for act in acts])[there]
        weights = np.array([self.weight(act) for act in acts], dtype=np.float32)[there]
        self.met.add(rows[there], times)
        for trend in self.trends.values():
            trend.add(rows[there].tolist(), times, weights)
        self.stale = True

    def _move(self, *, force: bool = False) -> None:
        """Let what is known of items follow what happened, at most once a tick."""
        now = time.monotonic()
        if self.stale and (force or now - self.moved >= TICK):
            scores: dict[str, Scores] = {name: trend.scores() for name, trend in self.trends.items()}
            self.world = self.world.moved(scores, self.met.evidence())
            self.stale, self.moved = False, now

    def weight(self, act: Act) -> float:
        """Return how much an event counts."""
        return weight_of(act.kind, self.weights)

    # ---- what comes in

    def observe(self, acts: Sequence[Act], answers: Answers = None) -> "Future[int]":
        """Take events in: they count from the moment on at which the future is done.

        Events of people who allow no history are kept without their name, and count for popularity alone.
        """
        with self.lock:
            kept = [self._allowed(act) for act in acts]
        return self.keep(kept, answers)

    def _allowed(self, act: Act) -> Act:
        person = self.people.get(key_of(act.user, act.session)) if act.user or act.session else None
        if person is not None and person.consent in ("profile", "none"):
            return replace(act, user="", session="", recommendation="")
        return act

    def keep(self, records: Sequence[Record], answers: Answers = None) -> "Future[int]":
        """Write records down, then let them count; the future is done when both are."""
        done: Future[int] = Future()

        def apply(kept: "Future[int]") -> None:
            try:
                last = kept.result()
                with self.lock:
                    self.take(records)
                self.tell(records)
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(last)

        self.unwritten.flush()  # what answers a list comes after it
        self.journal.submit(Batch(records, answers or {})).add_done_callback(apply)
        return done

    def tell(self, records: Sequence[Record]) -> None:
        """Let those who listen hear of what happened."""
        for listen in self.listeners:
            listen(records)

    def take(self, records: Sequence[Record]) -> None:
        """Let records count that are kept; the lock is held."""
        acts = [record for record in records if isinstance(record, Act)]
        for act in acts:
            for key in {key_of(act.user, act.session), ("", act.session)} - {("", "")}:
                person = self.people.met(key)
                if person is not None:
                    person.did(act)
        if acts:
            self._tally(acts)
        changes = [record for record in records if isinstance(record, Change)]
        for change in changes:
            self._remember(change)
            if change.subject in ("user", "consent"):
                self.people.drop([(change.id, "")])
        if any(change.subject == "item" for change in changes):
            self._renew([change.id for change in changes if change.subject == "item"])

    def _remember(self, change: Change) -> None:
        if change.subject == "rule":
            self.rules.take(change)
        elif change.subject == "item":
            if change.action == "delete":
                self.items.pop(change.id, None)
                self.gone.add(change.id)
            else:
                if change.id not in self.items and change.id not in self.world.model.data.items.vocabulary:
                    self.rules.hold(change.id)
                self.gone.discard(change.id)
                self.items[change.id] = change.body
            self.rules.stamp += 1

    def _renew(self, ids: Sequence[str]) -> None:
        """Let items that were posted join the world."""
        before = self.world.model.data.n_items
        self.world = self._with_items(self.world, {one: self.items[one] for one in ids if one in self.items})
        if self.world.model.data.n_items > before:
            self.met.grow(self.world.model.data.n_items)
            for trend in self.trends.values():
                trend.grow(self.world.model.data.n_items)
            for person in self.people.known.values():
                person.changed()

    # ---- what goes out

    def recommend(self, asked: Asked) -> Given:
        """Return a list, and hand it to the journal without waiting for it.

        Raises UnknownIdError where none of the ids that were to be ranked is known, InputError for a filter
        that the catalogue does not have.
        """
        routed = None if self.router is None or asked.arm else self.router.recommend(asked)
        return routed or self.given(*self.found(asked))

    def found(self, asked: Asked) -> tuple[List, Asked, World, float]:
        """Return a list that nobody is shown yet, with what `given` needs to show it."""
        asked = self._by_scenario(asked)
        with self.lock:
            world, now, person, query = self._begin(asked)
            barred, shelf = self._bars(world), self._shelf(asked, world, now)
        if person is not None and person.untaught:
            teach(person, query, world, self.weight, self.lock)
            return self.found(asked)
        found = person.lists.get(shelf) if person and asked.plain else None
        if found is None:
            found = listed(world, asked_by(query, asked, world), asked, barred, self.rules)
            if person is not None and asked.plain and person.query is query:
                person.lists[shelf], person.candidates = found, found.candidates
        return found, asked, world, now

    def kept(self, asked: Asked) -> Given | None:
        """Return the list that `recommend` would, if nothing changed since it was made; quick."""
        if self.router is not None and not asked.arm and (sent := self.router.sent(asked)):
            return sent[0].kept(sent[1]) if sent[0] else None
        if not asked.plain or asked.scenario or not (asked.user or asked.session):
            return None
        with self.lock:
            key = key_of(asked.user, asked.session)
            person = self.people.met(key)
            if person is None or not person.lists:
                return None
            self._move()
            world, now = self.world, self.clock()
            found = person.lists.get(self._shelf(asked, world, now))
            self.people.get(key)  # who is asked for is the last to be forgotten
        if found is None or (asked.explain and asked.lang not in found.reasons):
            return None
        return self.given(found, asked, world, now)

    def _begin(self, asked: Asked) -> tuple[World, float, Person | None, Query]:
        self._move()
        world, now = self.world, self.clock()
        named = asked.user or asked.session
        known = named and asked.history is None
        person = self.people.get(key_of(asked.user, asked.session)) if known else None
        return world, now, person, query_of(person, asked, world, now, self.weight)

    def _shelf(self, asked: Asked, world: World, now: float) -> tuple[Any, ...]:
        """Return under what a person's list is kept: it is made again each minute, as things get older."""
        explore = (asked.explore, asked.seed) if asked.explore else ()
        wish = asked.k, asked.diversity, asked.scenario, explore
        return (*wish, self.rules.stamp, int(now // world.ageing), id(world))

    def _by_scenario(self, asked: Asked) -> Asked:
        defaults = self.rules.scenario(asked.scenario).items()
        return replace(asked, **{name: value for name, value in defaults if name in OPEN})

    def _bars(self, world: World) -> tuple[Any, ...]:
        stamp = (self.rules.stamp, world.model.data.n_items, world.version)
        if not self.barred or self.barred[0] != stamp:
            self.barred = (stamp, *self.rules.barred(world.model.data.items.vocabulary, self.gone))
        return self.barred[1:]

    def given(self, found: List, asked: Asked, world: World, now: float) -> Given:
        """Show a list: it gets a name, and the journal hears of it."""
        told = self._reasons(found, asked, world) if asked.explain else ()
        given = Given(
            new_id(), found.rows, found.ids, found.scores, found.propensities, world.version,
            found.policy, found.query, now, told, found.fallback, asked.arm, found.unknown, told=found.told,
            chances=found.chances, rendered=found.rendered,
            repeat=asked.repeat is not False, ranking=world.model.ranking,
            names=world.model.data.items.vocabulary,
        )  # fmt: skip
        self._show(given, asked, now)
        return given

    def _reasons(self, found: List, asked: Asked, world: World) -> tuple[tuple[Reason, ...], ...]:
        if asked.lang not in found.reasons and len(found.rows):
            repeat = asked.repeat is not False
            known = (found.query, found.rows, found.standard)
            told = world.explain(*known, repeat=repeat, lang=asked.lang)
            found.reasons[asked.lang] = tuple(map(tuple, told))
        return found.reasons.get(asked.lang, ())

    def query(self, asked: Asked) -> Query:
        """Return what is known of who asks."""
        with self.lock:
            return self._begin(asked)[3]

    def hidden_rows(self, n_items: int) -> Rows:
        """Return the rows, of the first n items, that must be in no list."""
        with self.lock:
            return np.flatnonzero(self._bars(self.world)[1][:n_items])

    def spoken(
        self, asked: Asked, query: Query | None, rows: Rows, ids: tuple[str, ...], scores: Scores
    ) -> Given:
        """Write down a list that was found in words."""
        world, now = self.world, self.clock()
        sure = np.ones(len(rows), dtype=np.float32)
        given = Given(
            new_id(), rows, ids, scores, sure, world.version, SPOKEN, query or Query(), now,
            told=tuple(scores.tolist()), chances=tuple(sure.tolist()),
            ranking=world.model.ranking,
        )  # fmt: skip
        self._show(given, asked, now)
        return given

    def why(self, recommendation: str, item: str, lang: Lang = "en") -> Why:
        """Return why an item was in a list; raises UnknownIdError for a list, or an item, that was not shown.

        Exact for the last lists shown; for older ones, what the running bundle says of those who asked, as
        they were then.
        """
        if self.router is not None and (side := self.router.holder(recommendation)) is not None:
            found: Why = side.why(recommendation, item, lang)
            return found
        with self.lock:
            given, world = self.shown.get(recommendation), self.world
        if given is not None and item in given.ids:
            ranking, exact, place = given.ranking, given.version == world.version, given.ids.index(item)
            query, rows = given.query, given.rows[place : place + 1]
            told = (float(given.scores[place]), float(given.propensities[place]), place + 1)
            model = replace(world.model, ranking=ranking)
            return explained(model, query, rows, given.repeat, exact, told, lang)
        if given is None:
            self.unwritten.settle()
        kept = self.journal.shown(recommendation) if given is None else None
        if kept is None or item not in kept.items:
            raise UnknownIdError(f"no list {recommendation[:80]!r} that showed {item[:80]!r}")
        row, place = world.model.data.items.vocabulary.row(item), kept.items.index(item)
        if row < 0:
            raise UnknownIdError(f"the item {item[:80]!r} is not in the running bundle any more")
        with self.lock:
            person = self.people.get(key_of(kept.user, kept.session)) if kept.user or kept.session else None
            then = replace(person, acts=[a for a in person.acts if a.time <= kept.time]) if person else None
            asked = Asked(text=kept.request.get("text", ""), items=tuple(kept.request.get("items", ())))
            query = query_of(then and replace(then, query=None), asked, world, kept.time, self.weight)
        told = (kept.scores[place], kept.propensities[place], place + 1)
        return explained(
            world.model, asked_by(query, asked, world), np.array([row]), False, False, told, lang
        )

    def _show(self, given: Given, asked: Asked, now: float) -> None:
        with self.lock:
            self.shown[given.id] = given
            if len(self.shown) > RECENT:
                self.shown.popitem(last=False)
        record = Shown(
            given.id, asked.user, asked.session, now, given.ids, given.told, given.chances, given.version,
            given.policy, asked.scenario, given.arm, asked.told,
        )  # fmt: skip
        self.tell((record,))
        self.unwritten.add(record)

    @property
    def lost(self) -> int:
        """Lists that were shown and that the journal did not take."""
        return self.unwritten.lost

    # ---- what is changed by the catalogue, the people, and by hand

    def changed_items(
        self, items: Mapping[str, Mapping[str, Any]], *, by: str = "", patch: bool = False
    ) -> list[Change]:
        """Return the changes that put items in, whole or some of their fields, to be kept.

        Raises InputError for values that the catalogue's columns cannot hold.
        """
        now, changes, world = self.clock(), [], self.world
        for name, fields in items.items():
            body = self._titled(fields)
            if patch:
                body = {**self.item(name), **body}
            changes.append(Change("item", name, "put", now, body, by))
        new_rows(world.model.data.items.table, {change.id: change.body for change in changes})
        return changes

    def ignored(self, items: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Return the columns that the catalogue does not have: they are kept and shown, not learned from."""
        columns = {name for fields in items.values() for name in self._titled(fields)}
        return sorted(columns - set(self.world.model.data.items.table.columns))

    def _titled(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return fields by the names of the catalogue: `title` is what people read, whatever it is called."""
        items, told = self.world.model.data.items, dict(fields)
        if "title" in told and items.title is not None and "title" not in items.table.columns:
            told[items.title] = told.pop("title")
        return told

    def item(self, name: str) -> Mapping[str, Any]:
        """Return what is known of an item; raises UnknownIdError."""
        if name in self.items:
            return self.items[name]
        items = self.world.model.data.items
        row = items.vocabulary.row(name)
        if row < 0 and name not in self.gone and self.router is not None:
            return self.router.item(name)
        if row < 0 or name in self.gone:
            raise UnknownIdError(f"no item {name!r}")
        return dict(items.table.row(row, named=True)) if items.table.width else {}

    def remove_items(self, ids: Sequence[str], *, by: str = "", answers: Answers = None) -> "Future[int]":
        """Take items out: they appear nowhere from now on."""
        return self.keep([Change("item", one, "delete", self.clock(), by=by) for one in ids], answers)

    def changed_users(
        self, users: Mapping[str, Mapping[str, Any]], *, by: str = "", patch: bool = False
    ) -> list[Change]:
        """Return the changes that say what is known of people: attributes, and a sentence, `text`."""
        changes = []
        for name, fields in users.items():
            body = {**self._told(name), **fields} if patch else dict(fields)
            if not isinstance(body.get("text", ""), str):
                raise InputError(f"users: the text of {name[:80]!r} is no text")
            changes.append(Change("user", name, "put", self.clock(), body, by))
        return changes

    def _told(self, user: str) -> dict[str, Any]:
        """Return what was said of a user: in the tables, then live."""
        table, row = self.world.model.data.users.table, self.world.model.data.users.vocabulary.row(user)
        fitted = dict(table.row(row, named=True)) if row >= 0 and table.width else {}
        before = self.journal.latest("user", user)
        return {**fitted, **(before.body if before and before.action != "delete" else {})}

    def profile(self, user: str) -> dict[str, Any]:
        """Return what is known of a user; raises UnknownIdError for somebody of whom nothing is."""
        with self.lock:
            person, data = self.people.get((user, "")), self.world.model.data
            row = data.users.vocabulary.row(user)
            if row < 0 and not (person.acts or person.fields or person.text or person.consent != "full"):
                self.people.drop([(user, "")])
                raise UnknownIdError(f"no user {user[:80]!r}")
            acts = list(person.acts)
        table = data.users.table
        told = dict(table.row(row, named=True)) if row >= 0 and table.width else {}
        events = [
            {"item": act.item, "kind": act.kind, "time": act.time, "value": act.value} for act in acts[-100:]
        ]
        fitted = int((data.interactions.users == row).sum()) if row >= 0 else 0
        return {
            "id": user, "properties": {**told, **person.fields}, "text": person.text,
            "consent": person.consent, "events_in_bundle": fitted, "events_live": len(acts), "latest": events,
        }  # fmt: skip

    def consent(self, user: str, agreed: str, *, by: str = "") -> "Future[int]":
        """Say what may be used of somebody."""
        if agreed not in CONSENTS:
            raise InputError(f"consent {agreed!r}", hint=f"one of {', '.join(CONSENTS)}")
        return self.keep([Change("consent", user, "put", self.clock(), {"consent": agreed}, by)])

    def decide(self, rule: str, body: Mapping[str, Any] | None, *, by: str = "") -> "Future[int]":
        """Put a rule in force, or, with None, take it back."""
        if body is None:
            return self.keep([Change("rule", rule, "delete", self.clock(), by=by)])
        return self.keep([Change("rule", rule, "put", self.clock(), checked(body), by)])

    def forget(self, user: str) -> int:
        """Remove what a user did live, and what was said of them; returns how many records were removed."""
        self.keep([Change("user", user, "delete", self.clock())]).result()  # stays: an export leaves them out
        removed = self.journal.erase(user)
        with self.lock:
            self.people.drop([(user, "")])
        self.tell([Change("user", user, "delete", self.clock())])
        return removed

    def close(self) -> None:
        """Keep what was handed over, then end."""
        self.unwritten.close()
        self.journal.close()
