"""From a person and a request to a query: the bundle's history with the live events behind it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from penchant.data.catalogue import Catalogue
from penchant.data.vocabulary import Vocabulary
from penchant.language.encode import unit
from penchant.live.asked import Asked
from penchant.live.journal import Journal
from penchant.live.people import CONSENTS, Key, Person
from penchant.live.records import Act
from penchant.live.world import World
from penchant.types import NO_ROWS, Query, Rows, Vectors

Weigh = Callable[[Act], float]


def query_of(person: Person | None, asked: Asked, world: World, now: float, weigh: Weigh) -> Query:
    """Return what is known of who asks, at this moment; kept with the person until something changes."""
    at = world.moment(now)
    if person is None:
        return lived(Query(at=at), asked.history or (), world, weigh)
    if person.query is None or person.asked is not world.model.data:
        person.query, person.asked = known(person, world, weigh), world.model.data
    if person.query.at != at:
        person.query = replace(person.query, at=at)
    return person.query


def known(person: Person, world: World, weigh: Weigh) -> Query:
    """Return the query of a person: history and attributes, as far as they allow it."""
    user, data = person.key[0], world.model.data
    row = data.users.vocabulary.row(user) if user else -1
    found = data.queries(np.array([row]), at=world.end)[0] if row >= 0 else Query(key=user)
    if person.consent in ("history", "none"):
        found = replace(found, features=None)
    elif person.fields:
        found = replace(found, features=traits(person, row, world))
    if person.consent in ("profile", "none"):
        found = Query(features=found.features, key=found.key)
    else:
        found = lived(found, person.acts, world, weigh)
    if person.vector is not None and not len(found.rows) and person.consent in ("full", "profile"):
        found = introduced(found, person, world)  # words speak for newcomers; a history for itself
    return replace(found, balance=person.balance) if len(found.rows) else found


def introduced(query: Query, person: Person, world: World) -> Query:
    """Return the query of somebody of whom no more is known than a sentence."""
    model, vector = world.model, person.vector
    if vector is None or model.newcomers is None:
        return replace(query, text=vector)
    return replace(query, text=vector, heard=model.newcomers.score(person.text, vector, model.knowledge))


def found(key: Key, journal: Journal, world: World) -> Person:
    """Read somebody from the journal, with what they did since the bundle was made."""
    user, session = key
    acts = [act for _, act in journal.history(user, session, world.seen)]
    person = Person(key, acts[-1_000:], untaught=len(acts[-1_000:]))
    if user:
        told = journal.latest("user", user)
        if told is not None and told.action != "delete":
            person.fields = {name: value for name, value in told.body.items() if name != "text"}
            person.text = str(told.body.get("text", ""))
            person.vector = world.hear(person.text) if person.text else None
        agreed = journal.latest("consent", user)
        if agreed is not None and agreed.body.get("consent") in CONSENTS:
            person.consent = agreed.body["consent"]
    return person


def traits(person: Person, row: int, world: World) -> Vectors | None:
    """Return the attributes of a person of whom something was said live, (F,)."""
    data = world.model.data
    if data.traits is None:
        return None
    table = data.users.table
    before = table.row(row, named=True) if row >= 0 and table.width else {}
    told = {**before, **{name: person.fields[name] for name in person.fields if name in table.columns}}
    columns = []
    for name, dtype in table.schema.items():
        try:
            columns.append(pl.Series(name, [told.get(name)]).cast(dtype))
        except pl.exceptions.PolarsError:
            columns.append(pl.Series(name, [None], dtype=dtype))
    own = Catalogue(Vocabulary(pl.Series(["·"])), pl.DataFrame(columns), data.users.title)
    return np.asarray(data.space.transform(own).toarray()[0], dtype=np.float32)


def lived(query: Query, acts: Sequence[Act], world: World, weigh: Weigh) -> Query:
    """Return a query with events behind its history; those with unknown items are left out."""
    if not acts:
        return query
    rows = world.model.data.items.vocabulary.rows([act.item for act in acts])
    there = rows >= 0
    times = np.array([world.moment(act.time) for act in acts])[there]
    weights = np.array([weigh(act) for act in acts], dtype=np.float32)[there]
    values = np.array([np.nan if act.value is None else act.value for act in acts], dtype=np.float32)[there]
    values = values if len(query.values) == len(query.rows) else values[:0]
    return replace(
        query,
        rows=np.concatenate((query.rows, rows[there])),
        times=np.concatenate((query.times, times)),
        weights=np.concatenate((query.weights, weights)),
        values=np.concatenate((query.values, values)) if len(values) or len(query.values) else query.values,
    )


def asked_by(query: Query, asked: Asked, world: World) -> Query:
    """Return the query with what the request names: items to go by, a text, items to leave out."""
    wanted, out = rows_of(asked.items, world), rows_of(asked.exclude, world)
    if not (len(wanted) or len(out) or asked.text):
        return query
    text, heard, model = query.text, query.heard, world.model
    if len(wanted) and model.knowledge.raw.shape[1] and not asked.text:
        near = unit(model.knowledge.raw[wanted].mean(axis=0)[None])[0]
        text = near if near.any() else text
    if asked.text:
        text = world.hear(asked.text)
        if model.learned is not None and text is not None:
            heard = model.learned.score([asked.text], text[None])[0]
    return replace(
        query,
        wanted=np.concatenate((query.wanted, wanted)),
        excluded=np.concatenate((query.excluded, wanted, out)),
        text=text,
        heard=heard,
    )


def rows_of(ids: Sequence[str], world: World) -> Rows:
    """Return the rows of those ids that are known."""
    if not ids:
        return NO_ROWS
    rows = world.model.data.items.vocabulary.rows(ids)
    return rows[rows >= 0]
