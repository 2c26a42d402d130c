"""A folder of tables in; a typed data set and a report of what was done to it out."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.data.assemble import catalogue, described, graph, rows_of
from penchant.data.catalogue import Catalogue
from penchant.data.certainty import by_name, doubt
from penchant.data.cleaning.settings import Cleaning
from penchant.data.cleaning.steps import cleaned, refuse
from penchant.data.columns import Choice, Kind, check_mapping, choose
from penchant.data.dataset import Dataset
from penchant.data.events import Events, Target, clean
from penchant.data.graphs import compare, linked
from penchant.data.interactions import Interactions
from penchant.data.layouts import load_all
from penchant.data.liking import rating_scale
from penchant.data.mapping import FILE, remembered
from penchant.data.media import with_media
from penchant.data.pictures import with_pictures
from penchant.data.report import Journal, Report
from penchant.data.requests import requests
from penchant.data.roles import says_something
from penchant.data.sessions import told
from penchant.data.tables import Table
from penchant.data.trusted import FILE as TRUST
from penchant.data.trusted import trusted
from penchant.data.vocabulary import Vocabulary, scatter
from penchant.errors import TableError


def read(
    folder: Path | str,
    *,
    mapping: Mapping[str, str] | None = None,
    target: Target = "next",
    weights: Mapping[str, float] | None = None,
    cleaning: Cleaning | None = None,
    texts: bool = False,
    keep_texts: bool = False,
) -> tuple[Dataset, Report]:
    """Read the tables of a folder, clean them, and say what was done.

    Args:
        folder: Holds `interactions`, `items`, `users`, `graph`, `requests`, or a layout of `layouts`.
        mapping: Column names by role (see `columns.parse_map`) where the usual names do not do; without,
            the one that is remembered beside the data, if any.
        target: "next" counts every positive event alike; "liked" asks ratings whether it was one.
        weights: How much kinds of events count, by name (see `kinds.parse_weights`).
        cleaning: What is asked beyond the usual steps.
        texts: Read the texts of events where the target has no use for them as well (see `reviews`).
        keep_texts: Keep the texts of events as `Dataset.said`, for user texts.

    Raises:
        TableError: a table cannot be used, or there is nothing to learn from, or cleaning is strict and
            changes something.
        SettingError: a weight of a kind that no event has.
    """
    folder, cleaning = Path(folder), cleaning or Cleaning()
    tables, journal = load_all(folder), Journal()
    if needless := trusted(folder):
        cleaning = replace(cleaning, without={*cleaning.without, *needless})
        journal.say(f"cleaning: without {', '.join(sorted(needless))}: {TRUST} vouches for it")
    choices = _choices(folder, tables, mapping, journal)
    for kind, table in tables.items():
        journal.say(f"{kind}: {table.name}, {len(table.frame):,} rows: {choices[kind]}")
        journal.say(f"{table.name}: {by_name(choices[kind])}")
        journal.lines.extend(table.notes)
    once = "duplicates" not in cleaning.without
    events = _events(tables, choices, target, weights or {}, (texts, keep_texts), journal, once=once)
    items = _catalogue("items", "item", tables, choices, events, journal)
    items = with_pictures(with_media(items, folder, journal), folder, journal)
    users = _catalogue("users", "user", tables, choices, events, journal)
    interactions = _interactions(events, items.vocabulary, users.vocabulary)
    scale = rating_scale(events.frame["value"], choices["interactions"]) if events else None
    data = Dataset(interactions, items, users, scale=scale, reviews=events.reviews if events else None)
    if events is not None and events.said is not None:
        data = replace(data, said=events.said)
    if "requests" in tables:
        asked = requests(tables["requests"], choices["requests"], items, users, journal)
        data = replace(data, requests=asked)
    data = cleaned(data, cleaning, journal)
    _check(data, folder, journal)
    if "graph" in tables:
        relations = graph(tables["graph"], choices["graph"], journal)
        links = linked(tables["graph"], relations, data.items, journal)
        compare(relations, links, data.items, journal)
        data = replace(data, graph=relations, links=links)
    refuse(folder, cleaning, journal)
    return data.with_traits(), journal.report()


def _choices(
    folder: Path, tables: Mapping[Kind, Table], mapping: Mapping[str, str] | None, journal: Journal
) -> dict[Kind, Choice]:
    own = remembered(folder) if not mapping else {}
    mapping = mapping or own
    if own:
        told = ",".join(f"{role}={column}" for role, column in own.items())
        journal.say(f"columns: {FILE} remembers --map {told}; a new --map replaces it")
    try:
        check_mapping(mapping, {table.name: (kind, table.frame.columns) for kind, table in tables.items()})
    except TableError as error:
        if not own:
            raise
        hint = "take that file away, or give --map, which replaces it"
        raise TableError(f"{folder / FILE}: {error.args[0]}", hint=hint) from error
    return {kind: choose(t.name, kind, t.frame.columns, mapping) for kind, t in tables.items()}


def _events(
    tables: dict[Kind, Table],
    choices: Mapping[Kind, Choice],
    target: Target,
    weights: Mapping[str, float],
    texts: tuple[bool, bool],
    journal: Journal,
    *,
    once: bool,
) -> Events | None:
    if "interactions" not in tables:
        return None
    choice, path = choices["interactions"], tables["interactions"].path
    read_them, keep = texts
    how = {"texts": read_them, "keep": keep, "once": once}
    events = clean(tables["interactions"], choice, target, journal, weights, **how)
    del tables["interactions"]  # what was read takes more memory than what was learned from it
    if target == "liked" and not bool((events.frame["weight"] > 0).any()):
        raise TableError(f"{path}: no event says that anything was liked", hint="fit with --target next")
    return events


def _catalogue(
    kind: Kind,
    role: str,
    tables: Mapping[Kind, Table],
    choices: Mapping[Kind, Choice],
    events: Events | None,
    journal: Journal,
) -> Catalogue:
    """Gather the ids of one side from the events and from its own table, and what the table says of them."""
    frame, title = None, None
    columns = [] if events is None else [events.frame[role]]
    if kind in tables:
        frame, title = described(tables[kind], choices[kind], role, journal), choices[kind].get("title")
        columns.append(frame["__id"])
    made = catalogue(Vocabulary.of(*columns), frame, title)
    if events is not None and frame is not None:
        seen, told = events.frame[role].unique().cast(pl.String), frame["__id"].cast(pl.String)
        unknown = int((~seen.is_in(told.implode())).sum())
        what, then = f"{kind} of the events are not in it", "kept without attributes"
        journal.count(tables[kind].name, unknown, what, then=then, changed=False)
        if unknown == len(seen):
            journal.say(
                f"{tables[kind].name}: WARNING: it shares no id with the events; are the ids written alike?"
            )
            reason = f"its ids are none of the events' {role}s"
            journal.say(doubt(tables[kind].name, choices[kind], role, reason))
    return made


def _interactions(events: Events | None, items: Vocabulary, users: Vocabulary) -> Interactions:
    frame = pl.DataFrame(schema=dict.fromkeys(("user", "item", "time", "value", "weight"), pl.Float64))
    clock = "time" if events is None else events.clock
    frame = frame if events is None else events.frame
    user, item = rows_of(users, frame["user"]), rows_of(items, frame["item"])
    times = frame["time"].to_numpy().astype(np.float64)
    weights = frame["weight"].to_numpy().astype(np.float32)
    values = frame["value"].fill_null(float("nan")).to_numpy().astype(np.float32)
    order = _shuffle(user, item, items, users) if clock == "none" else np.arange(len(frame))
    return Interactions.sorted(user[order], item[order], times[order], weights[order], values[order], clock)


def _shuffle(
    user: NDArray[np.int64], item: NDArray[np.int64], items: Vocabulary, users: Vocabulary
) -> NDArray[np.int64]:
    """Order events by a hash of user and item: of the item alone, all users would end with the same items."""
    mixed = _hashes(users)[user] * np.uint64(0x9E3779B97F4A7C15) ^ _hashes(items)[item]
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.argsort(mixed ^ (mixed >> np.uint64(31)), kind="stable")


def _hashes(vocabulary: Vocabulary) -> NDArray[np.uint64]:
    texts = vocabulary.ids.cast(pl.String).to_list()
    return np.fromiter((int.from_bytes(scatter(text)) for text in texts), dtype=np.uint64, count=len(texts))


def _check(data: Dataset, folder: Path, journal: Journal) -> None:
    """Say what there is, and refuse what nothing can be learned from."""
    events = data.interactions
    if not len(events) and not says_something(data.items):
        raise TableError(
            f"{folder}: neither interactions nor items with titles or texts: there is nothing to learn from",
            hint="add interactions.csv (user_id, item_id, timestamp) or items.csv (item_id, title, …)",
        )
    journal.say(f"events: {len(events):,} of {data.n_users:,} users on {data.n_items:,} items")
    if not len(events):
        journal.say("events: none, so that lists can answer requests in words alone")
    against, idle = int((events.weights < 0).sum()), int((events.weights == 0).sum())
    if against or idle:
        journal.say(f"events: {against:,} count against, {idle:,} say nothing (weight 0)")
    _say_habits(data, journal)
    if len(data.requests):
        answered = int((data.requests["items"].list.len() > 0).sum())
        journal.say(f"requests: {len(data.requests):,}, {answered:,} of them with a known item")


def _say_habits(data: Dataset, journal: Journal) -> None:
    """Say how much is consumed again, how sessions lie, and what a missing clock switches off."""
    events = data.interactions
    if not len(events):
        return
    done = (events.users * data.n_items + events.items)[events.weights > 0]
    again = len(done) - len(np.unique(done))
    if again:
        part = f"{again:,} of {len(done):,} events that count ({again / len(done):.0%})"
        journal.say(f"repeats: {part} come back to an item")
    if events.clock == "time":
        journal.say(told(events.users, events.times))
    elif events.clock == "order":
        journal.say("without times: the order of rows stands in for them everywhere; sessions cannot be told")
    else:
        journal.say(
            "without an order: off are the model of transitions, recent popularity, sessions and protocol "
            "time; last20 and cold20 judge as ever, last1 holds out any item of a user"
        )
