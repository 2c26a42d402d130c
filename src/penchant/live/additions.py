"""New items join a fitted recommender without a refit: placed by what is written about them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from penchant.data.catalogue import Catalogue
from penchant.data.vocabulary import Vocabulary
from penchant.errors import InputError, LanguageError
from penchant.language.describe import describe, reused
from penchant.language.encode import Encoder, Whole, unit
from penchant.language.knowledge import Knowledge
from penchant.language.whiten import Whitening
from penchant.recommender import Recommender

LOG = logging.getLogger("penchant.live")
SAMPLE = 2_000
"""Old rows beside which new ones are described, so that each column keeps the role it has there."""


def joined(old: Catalogue, rows: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    """Return a catalogue with new rows, by id, behind its own; unknown columns are left out.

    Raises InputError for a value that its column cannot hold.
    """
    ids = pl.Series([*old.vocabulary.ids.cast(pl.String).to_list(), *rows], dtype=pl.String)
    table = pl.concat((old.table, new_rows(old.table, rows)), how="vertical")
    pictures = (*old.pictures, *([None] * len(rows))) if old.pictures else ()
    whole = old.vocabulary.ids.dtype.is_integer() and all(one.isdecimal() for one in rows)
    ids = ids.cast(pl.Int64) if whole and ids.cast(pl.Int64).cast(pl.String).equals(ids) else ids
    return Catalogue(Vocabulary(ids), table, old.title, pictures)


def new_rows(table: pl.DataFrame, rows: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    """Return new rows with the columns and types of a table."""
    columns = []
    for name, dtype in table.schema.items():
        values = [told.get(name) for told in rows.values()]
        columns.append(column(name, values, dtype))
    return pl.DataFrame(columns) if columns else pl.DataFrame(height=len(rows))


def column(name: str, values: Sequence[Any], dtype: pl.DataType) -> pl.Series:
    """Return values as a column of a type, text read as it; None stays None."""
    try:
        if dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean:
            plain = pl.Series(name, values, strict=True)
            return plain.cast(dtype) if plain.dtype != dtype else plain
        if isinstance(dtype, pl.List):
            held = [[one] if isinstance(one, str) else one for one in values]
            return pl.Series(name, held, dtype=dtype, strict=True)
        return pl.Series(name, [spelled(one) for one in values], dtype=pl.String).cast(dtype)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        shown = next((one for one in values if one is not None), None)
        raise InputError(f"'{name}': {str(shown)[:60]!r} is no {dtype} as the catalogue has it") from error


def spelled(value: Any) -> str | None:
    """Return a value as a cell of text; several are joined by |."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return "|".join(str(one) for one in value)
    return str(value)


def extended(
    model: Recommender, rows: Mapping[str, Mapping[str, Any]], encoder: Encoder | None
) -> Recommender:
    """Return the recommender with new items, by id; `encoder` reads their texts, None where it cannot.

    Where the encoder fails, they join without a text: what the journal holds is served, whatever happens.
    Raises InputError for values that do not fit.
    """
    items = joined(model.data.items, rows)
    try:
        known = known_of(items, len(rows), model, encoder)
    except LanguageError as error:
        LOG.warning("%d items join without their texts until the next start: %s", len(rows), error)
        known = known_of(items, len(rows), model, None)
    knowledge = model.knowledge.also(known)
    data = replace(model.data, items=items)
    learned = model.learned.extend(items, knowledge) if model.learned else None
    ranking = model.ranking.extend(items, knowledge)
    newcomers = model.newcomers
    if newcomers and newcomers.learned:
        newcomers = replace(newcomers, learned=newcomers.learned.extend(items, knowledge))
    return replace(
        model, data=data, ranking=ranking, knowledge=knowledge, learned=learned, newcomers=newcomers
    )


def known_of(items: Catalogue, n: int, model: Recommender, encoder: Encoder | None) -> Knowledge:
    """Return what language says of the last n items, as it did of those that were there at the fit."""
    width, dim = model.knowledge.raw.shape[1], model.knowledge.dim
    if encoder is None or not width:
        nothing = np.zeros((n, dim), dtype=np.float32), np.zeros((n, width), dtype=np.float32)
        return Knowledge(*nothing, np.zeros(n, dtype=bool))
    old = len(items) - n
    beside = np.unique(np.linspace(0, max(0, old - 1), min(SAMPLE, old)).astype(np.int64))
    sample = items.rows(np.concatenate((beside, np.arange(old, len(items)))))
    whole = isinstance(encoder, Whole) and encoder.whole
    shared = [] if whole else reused(sample.rows(np.arange(len(beside))))
    own = [name for name in sample.table.columns if name not in shared]
    return read(sample, n, own, shared, encoder, model.whitening)


def read(
    sample: Catalogue,
    n: int,
    own: Sequence[str],
    shared: Sequence[str],
    encoder: Encoder,
    whitening: Whitening,
) -> Knowledge:
    """Encode the last n rows: titles and prose, and the columns that many items share by themselves."""
    texts = describe(sample, columns=own)[-n:]
    known = np.array([bool(text.strip()) for text in texts], dtype=bool)
    vectors = encoder.encode(texts)
    raw = whitening.centre(vectors)
    if shared:
        kinds = encoder.encode(describe(sample, columns=shared)[-n:])
        raw = unit(raw + whitening.centre(kinds))
        known |= kinds.any(axis=1)
    return Knowledge(whitening.apply(vectors), raw, known)
