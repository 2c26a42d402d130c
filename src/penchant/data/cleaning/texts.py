"""The texts of a catalogue: markup, broken encodings and sentences that are in every other text."""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import replace

import polars as pl

from penchant.data.catalogue import Catalogue
from penchant.data.cleaning.markup import SPACE, in_order, settled
from penchant.data.report import Journal
from penchant.data.roles import is_identifier, role_of

SENTENCE = re.compile(r"(?<=[.!?…。！？])\s+|\n+")  # noqa: RUF001
FEWEST_WORDS, FEWEST_TEXTS, SHARE = 4, 20, 0.05
"""A sentence of so many words in so many texts, and in this part of all of them, is boilerplate."""
SHOWN = 60


def clean_texts(
    catalogue: Catalogue, name: str, journal: Journal, without: Collection[str] = ()
) -> Catalogue:
    """Clean every column of text but identifiers and links; each kind of change is counted.

    `without` names steps that are left out: encodings, markup, boilerplate.
    """
    table = catalogue.table
    for column in table.columns:
        if table[column].dtype == pl.String and not _points(table[column]):
            table = table.with_columns(clean_column(table[column], name, journal, without))
    return replace(catalogue, table=table)


def _points(cells: pl.Series) -> bool:
    filled = cells.drop_nulls()
    return is_identifier(cells.name) or int(filled.str.contains(r"^\s*https?://").sum()) * 2 > len(filled)


def clean_column(cells: pl.Series, name: str, journal: Journal, without: Collection[str] = ()) -> pl.Series:
    """Return a column of text cleaned, as long as it was; a cell of markup alone becomes null."""
    cells = legible(cells, name, journal, without)
    return cells if "boilerplate" in without else without_boilerplate(cells, name, journal)


def legible(cells: pl.Series, name: str, journal: Journal, without: Collection[str] = ()) -> pl.Series:
    """Return a column of text without markup and broken encodings; what many texts share stays."""
    steps = (
        ("encodings", in_order, r"[^\x00-\x7F]", "text in a broken encoding", "repaired"),
        ("markup", settled, r"[<&]", "HTML tags or entities", "taken out"),
    )
    for key, step, suspect, what, then in steps:
        if key in without:
            continue
        places = cells.str.contains(suspect).fill_null(False).arg_true()
        old = cells.gather(places).to_list()
        new = [step(text) for text in old]
        changed = [place for place, a, b in zip(places.to_list(), old, new, strict=True) if a != b]
        if changed:
            better = [b or None for a, b in zip(old, new, strict=True) if a != b]
            cells = cells.scatter(changed, pl.Series(better, dtype=pl.String))
            journal.count(name, len(changed), f"cells of '{cells.name}' with {what}", then=then, step=key)
    return cells


def without_boilerplate(cells: pl.Series, name: str, journal: Journal) -> pl.Series:
    """Leave out sentences that many texts share; a text that holds nothing else stays as it is."""
    if cells.count() < FEWEST_TEXTS or role_of(cells) != "text":
        return cells
    split = [None if text is None else sentences(text) for text in cells.to_list()]
    different = {tuple(parts): parts for parts in split if parts}
    counted = Counter(part for parts in different.values() for part in set(parts) if _long(part))
    least = max(FEWEST_TEXTS, SHARE * len(different))
    shared = {sentence: n for sentence, n in counted.items() if n >= least}
    if not shared:
        return cells
    old, new, hit = cells.to_list(), [], Counter[str]()
    for text, parts in zip(old, split, strict=True):
        kept = [part for part in parts or () if part not in shared]
        if text is None or not kept or len(kept) == len(parts or ()):
            new.append(text)
            continue
        hit.update({part for part in parts or () if part in shared})
        new.append(" ".join(kept))
    for sentence, n in hit.most_common():
        shown = sentence if len(sentence) <= SHOWN else sentence[: SHOWN - 1] + "…"
        journal.count(
            name,
            n,
            f"texts of '{cells.name}' with the sentence “{shown}”",
            then="sentence left out",
            step="boilerplate",
        )
    return pl.Series(cells.name, new, dtype=pl.String)


def sentences(text: str) -> list[str]:
    """Divide a text at full stops and new lines; white space inside a sentence is put in order."""
    parts = (SPACE.sub(" ", part).strip() for part in SENTENCE.split(text))
    return [part for part in parts if part]


def _long(sentence: str) -> bool:
    return len(sentence.split()) >= FEWEST_WORDS
