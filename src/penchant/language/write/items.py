"""What a writer says of items whose text is thin: tags, a description, an audience, a mood."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.data.catalogue import Catalogue
from penchant.data.roles import roles
from penchant.language.cache import Progress
from penchant.language.describe import describe, usual, words
from penchant.language.write.kept import Kept
from penchant.language.write.prompts import Prompt
from penchant.language.write.schema import fields_of, schema_of
from penchant.language.write.support import supported
from penchant.language.write.writer import Writer
from penchant.types import Rows

ITEM_FIELDS = ("tags", "description", "audience", "mood")
LONGEST = 1500
"""Characters of an item's text that are put into a prompt."""


@dataclass(frozen=True, slots=True)
class Thin:
    """Items to write for: rows (n,), their texts, the columns that each text was drawn from.

    `full` items say enough themselves, `silent` ones nothing at all, `later` ones were beyond the limit.
    """

    rows: Rows
    texts: list[str]
    sources: list[str]
    full: int = 0
    silent: int = 0
    later: int = 0


def thin_items(catalogue: Catalogue, most_words: int | None = None, limit: int | None = None) -> Thin:
    """Choose the items whose text has at most `most_words` words, all that have any without; in row order."""
    texts = describe(catalogue)
    lengths = np.array([len(text.split()) for text in texts], dtype=np.int64)
    wanted = (lengths > 0) if most_words is None else (lengths > 0) & (lengths <= most_words)
    rows = np.flatnonzero(wanted)
    some = rows[:limit]
    silent = int((lengths == 0).sum())
    return Thin(
        some,
        [texts[row][:LONGEST] for row in some.tolist()],
        drawn_from(catalogue, some),
        full=len(texts) - silent - len(rows),
        silent=silent,
        later=len(rows) - len(some),
    )


def drawn_from(catalogue: Catalogue, rows: Rows) -> list[str]:
    """Name the columns that each row's text was made of, with commas between them."""
    used = list(usual(catalogue).columns)
    years = [name for name, role in roles(catalogue).items() if role == "year" and name not in used]
    used += years[:1] if catalogue.title in used else []
    filled = {name: words(catalogue.table[name]) for name in used}
    return [", ".join(name for name in used if filled[name][row]) for row in rows.tolist()]


def write_items(
    catalogue: Catalogue,
    thin: Thin,
    writer: Writer,
    prompts: Mapping[str, Prompt],
    kept: Kept,
    progress: Progress | None = None,
) -> tuple[pl.DataFrame, list[str]]:
    """Return a table item_id, a column a prompt, evidence, writer; and lines that count what was written.

    `evidence` names the columns that the text was drawn from. Free words that the text does not support are
    left out, and so is everything that the writer did not know: null, or an empty list.
    Raises LanguageError where the writer does.
    """
    columns: dict[str, pl.Series] = {}
    lines = []
    for turn, (name, prompt) in enumerate(prompts.items()):
        asked = prompt.offering(catalogue)
        schema = schema_of(name, asked.options, asked.most)
        kind = fields_of(schema)[0]

        def forward(done: int, total: int, turn: int = turn) -> None:
            if progress is not None:
                progress(turn * total + done, len(prompts) * total)

        answers = kept.write(writer, [asked.fill(text) for text in thin.texts], schema, asked.mark, forward)
        values = [getattr(answer, name) for answer in answers]
        refused = 0
        if not kind.options:
            checked = [
                value if value is not None and supported(value, text) else None
                for value, text in zip(values, thin.texts, strict=True)
            ]
            refused = sum(value is not None for value in values) - sum(value is not None for value in checked)
            values = checked
        told = sum(bool(value) for value in values)
        rest = f"; {refused:,} were not borne out by the item's text" if refused else ""
        lines.append(f"{name}: {told:,} of {len(values):,} items; {len(values) - told:,} unknown{rest}")
        dtype = pl.List(pl.String) if kind.most > 1 else pl.String
        columns[name] = pl.Series(name, [list(v) if kind.most > 1 else v for v in values], dtype=dtype)
    ids = catalogue.vocabulary.ids.gather(thin.rows).alias("item_id")
    made_by = pl.Series("writer", [writer.name] * len(thin.rows), dtype=pl.String)
    evidence = pl.Series("evidence", thin.sources, dtype=pl.String)
    return pl.DataFrame([ids, *columns.values(), evidence, made_by]), lines
