"""A sentence for each user: the writer's where what is known bears it out, a plain one else."""

from collections.abc import Sequence

import polars as pl

from penchant.language.cache import Progress
from penchant.language.people import Person, plainly
from penchant.language.write.kept import Kept
from penchant.language.write.prompts import Prompt
from penchant.language.write.schema import schema_of
from penchant.language.write.support import supported
from penchant.language.write.writer import Writer

PLAIN = "none"
"""The name of no writer at all: the sentence is put together from what is known."""


def write_profiles(
    ids: pl.Series,
    persons: Sequence[Person],
    writer: Writer | None,
    prompt: Prompt,
    kept: Kept,
    progress: Progress | None = None,
) -> tuple[pl.DataFrame, list[str]]:
    """Return a table user_id, profile, text, evidence, writer, and lines that count what was written.

    `text` is what is known in words; `writer` is "none" where the sentence is the plain one. Users of whom
    nothing is known have neither. Raises LanguageError where the writer does.
    """
    profiles = [plainly(person) for person in persons]
    made_by = [PLAIN] * len(persons)
    lines = []
    if writer is not None:
        known = [place for place, person in enumerate(persons) if person.text]
        schema = schema_of("profile")
        asked = [prompt.fill(persons[place].text) for place in known]
        answers = kept.write(writer, asked, schema, prompt.mark, progress)
        refused = unknown = 0
        for place, answer in zip(known, answers, strict=True):
            said = answer.profile
            unknown += said is None
            if said is None:
                continue
            if supported(said, persons[place].text):
                profiles[place], made_by[place] = said, writer.name
            else:
                refused += 1
        own = len(known) - refused - unknown
        lines.append(
            f"profile: {own:,} of {len(known):,} by the writer; {refused:,} not borne out by what is known, "
            f"{unknown:,} unknown: these have the plain sentence"
        )
    silent = sum(not person.text for person in persons)
    lines.append(f"profile: {len(persons) - silent:,} users; of {silent:,} more nothing is known")
    table = pl.DataFrame(
        [
            ids.alias("user_id"),
            pl.Series("profile", profiles, dtype=pl.String),
            pl.Series("text", [person.text or None for person in persons], dtype=pl.String),
            pl.Series("evidence", [person.evidence or None for person in persons], dtype=pl.String),
            pl.Series("writer", made_by, dtype=pl.String),
        ]
    )
    return table, lines
