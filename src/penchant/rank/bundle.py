"""A fitted recommender as the contents of a bundle, and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from penchant import store
from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.vocabulary import Vocabulary
from penchant.errors import BundleError
from penchant.language.asking import RequestEncoder
from penchant.language.encode import Encoder
from penchant.language.knowledge import Knowledge
from penchant.language.lsa import LatentSemantics
from penchant.language.whiten import Whitening
from penchant.models.scorer import State, below
from penchant.store.versions import versions

ID = "__id__"
COLUMNS = ("users", "items", "times", "weights", "values")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a bundle holds: `requests` is what was learned from requests, `newcomers` what was learned of
    people who describe themselves, `encoder` what was learned from the catalogue's texts, None where nothing
    was; `carried` reads requests where the language model is not installed.
    """

    data: Dataset
    ranking: State
    whitening: Whitening
    knowledge: Knowledge
    language: str
    requests: State | None = None
    encoder: LatentSemantics | None = None
    newcomers: State | None = None
    carried: RequestEncoder | None = None


def stored(
    folder: Path,
    data: Dataset,
    ranking: State,
    whitening: Whitening,
    knowledge: Knowledge,
    language: str,
    requests: State | None = None,
    encoder: Encoder | None = None,
    newcomers: State | None = None,
    created: float | None = None,
    carried: RequestEncoder | None = None,
) -> str:
    """Write a bundle; returns its version.

    `requests` and `newcomers` are what was learned from requests and of people who describe themselves, if
    anything; an encoder is kept where it was learned from the catalogue. `created`, in seconds UTC, tells a
    service how much time has passed since. `carried` is kept to read requests on any machine.
    """
    events = data.interactions
    arrays = {f"events/{name}": getattr(events, name) for name in COLUMNS}
    arrays |= {f"ranking/{name}": array for name, array in ranking.arrays.items()}
    arrays |= {f"whitening/{name}": array for name, array in whitening.state().items()}
    arrays |= {f"texts/{name}": getattr(knowledge, name) for name in ("vectors", "raw", "known")}
    if knowledge.media.shape[1]:
        arrays["texts/media"] = knowledge.media
    if requests:
        arrays |= {f"requests/{name}": array for name, array in requests.arrays.items()}
    if newcomers:
        arrays |= {f"newcomers/{name}": array for name, array in newcomers.arrays.items()}
    if isinstance(encoder, LatentSemantics):
        arrays |= {f"encoder/{name}": array for name, array in encoder.state().items()}
    if carried is not None:
        arrays |= {f"carried/{name}": array for name, array in carried.state().items()}
    tables = {"items": _table(data.items), "users": _table(data.users)}
    scalars = {
        "clock": events.clock,
        "title": {"items": data.items.title, "users": data.users.title},
        "language": language,
        "as_of": knowledge.as_of,
        "scale": None if data.scale is None else list(data.scale),
        "ranking": dict(ranking.scalars),
        "requests": dict(requests.scalars) if requests else None,
        "newcomers": dict(newcomers.scalars) if newcomers else None,
    }
    lineage = {"data": fingerprint(data), "seed": ranking.scalars["seed"], "packages": versions()}
    lineage["counts"] = {"users": data.n_users, "items": data.n_items, "events": len(events)}
    if created is not None:
        lineage["created"] = created
    return store.write(folder, store.Contents(arrays, scalars, tables), lineage=lineage)


def opened(folder: Path) -> Opened:
    """Read a bundle; raises BundleError where it is missing, damaged, or of another format."""
    contents, _ = store.read(folder)
    with readable(folder):
        clock, titles = contents.scalars["clock"], contents.scalars["title"]
        columns: dict[str, Any] = {name: contents.arrays[f"events/{name}"] for name in COLUMNS}
        events = Interactions(**columns, clock=clock)
        items = _catalogue(contents.tables["items"], titles["items"])
        users = _catalogue(contents.tables["users"], titles["users"])
        ranking = State(below(contents.arrays, "ranking/"), contents.scalars["ranking"])
        whitening = Whitening.from_state(below(contents.arrays, "whitening/"))
        knowledge = Knowledge(**below(contents.arrays, "texts/"), as_of=contents.scalars["as_of"])
        plain = contents.scalars.get("requests")
        requests = State(below(contents.arrays, "requests/"), plain) if plain else None
        said = contents.scalars.get("newcomers")
        newcomers = State(below(contents.arrays, "newcomers/"), said) if said else None
        language = contents.scalars["language"]
        learned = below(contents.arrays, "encoder/")
        encoder = LatentSemantics.from_state(learned) if learned else None
        reading = below(contents.arrays, "carried/")
        carried = RequestEncoder.from_state(reading) if reading else None
        scale = None if contents.scalars["scale"] is None else tuple(contents.scalars["scale"])
    data = Dataset(events, items, users, scale=scale).with_traits()
    return Opened(data, ranking, whitening, knowledge, language, requests, encoder, newcomers, carried)


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Raise BundleError where a whole bundle is not what models of this Penchant are built from."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        message = f"{folder}: not a recommender's bundle, or another Penchant's ({error!r})"
        raise BundleError(message, hint="fit again") from error


def fingerprint(data: Dataset) -> str:
    """Return a hash of the events and the catalogue, for the lineage."""
    digest = sha256()
    for name in COLUMNS:
        digest.update(np.ascontiguousarray(getattr(data.interactions, name)).data)
    for catalogue in (data.items, data.users):
        digest.update("\n".join(catalogue.vocabulary.texts(np.arange(len(catalogue)))).encode())
        digest.update(catalogue.table.write_ndjson().encode())
    return digest.hexdigest()


def _table(catalogue: Catalogue) -> pl.DataFrame:
    return (
        catalogue.table.with_columns(catalogue.vocabulary.ids.alias(ID))
        if len(catalogue)
        else pl.DataFrame({ID: []})
    )


def _catalogue(table: pl.DataFrame, title: str | None) -> Catalogue:
    return Catalogue(Vocabulary(table[ID]), table.drop(ID), title)
