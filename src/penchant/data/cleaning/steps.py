"""All steps of cleaning a data set, in their order."""

from dataclasses import replace
from pathlib import Path

from penchant.data.catalogue import Catalogue
from penchant.data.cleaning.accounts import accounts
from penchant.data.cleaning.aggregates import Aggregate, aggregates
from penchant.data.cleaning.cores import k_core
from penchant.data.cleaning.merging import merged
from penchant.data.cleaning.moments import clean_moments
from penchant.data.cleaning.opinions import clean_opinions
from penchant.data.cleaning.settings import Cleaning
from penchant.data.cleaning.texts import clean_texts
from penchant.data.cleaning.twins import twins
from penchant.data.dataset import Dataset
from penchant.data.report import Journal
from penchant.errors import TableError

SHOWN = 6


def cleaned(data: Dataset, wanted: Cleaning, journal: Journal) -> Dataset:
    """Clean a data set as it was read; every change is a counted line of the journal."""
    items, users = (
        clean_texts(side, name, journal, wanted.without)
        for side, name in ((data.items, "items"), (data.users, "users"))
    )
    data, events = replace(data, items=items, users=users), data.interactions
    if "dates" not in wanted.without:
        events = clean_moments(events, journal)
    if "opinions" not in wanted.without:
        events = clean_opinions(events, journal)
    data = data.with_interactions(events)
    if "aggregates" not in wanted.without:
        data = without_aggregates(data, wanted, journal)
    if wanted.merge and "merge" not in wanted.without:
        data = merged(data, twins(data.items), journal)
    for account in accounts(data.interactions, data.n_users):
        journal.say(f"users: WARNING: {account.said(data)}")
    core = 0 if "core" in wanted.without else wanted.core
    return data.with_interactions(k_core(data.interactions, core, journal))


def without_aggregates(data: Dataset, wanted: Cleaning, journal: Journal) -> Dataset:
    """Leave out columns that aggregate the whole log, but those that the caller wants kept."""
    found = aggregates(data)
    for one in found:
        if one.column in wanted.keep:
            journal.say(f"{one.table}: WARNING: {one}: kept as asked; what is measured with it is too good")
        else:
            filled = _side(data, one).table[one.column].count()
            what = f"cells of a column that sums up the whole log: {one}"
            journal.count(one.table, filled, what, then="column left out", step="aggregates")
    dropped = [one for one in found if one.column not in wanted.keep]
    return replace(
        data, items=_without(data.items, "items", dropped), users=_without(data.users, "users", dropped)
    )


def _side(data: Dataset, one: Aggregate) -> Catalogue:
    return data.items if one.table == "items" else data.users


def _without(catalogue: Catalogue, name: str, dropped: list[Aggregate]) -> Catalogue:
    columns = [one.column for one in dropped if one.table == name]
    return replace(catalogue, table=catalogue.table.drop(columns))


def refuse(folder: Path, wanted: Cleaning, journal: Journal) -> None:
    """Raise a TableError with the first changes, where cleaning is strict and something was changed."""
    if wanted.strict and journal.changes:
        more = len(journal.changes) - SHOWN
        told = [*journal.changes[:SHOWN], *([f"and {more:,} more kinds"] if more > 0 else [])]
        raise TableError(
            "\n  ".join([f"{folder}: --strict, and the tables are not clean:", *told]),
            hint="mend the tables, or leave --strict out; nothing was written",
        )
