"""The tables of a journal, made and brought up to date by numbered steps, alike in every database."""

from collections.abc import Sequence

from penchant.errors import JournalError

MIGRATIONS: Sequence[Sequence[str]] = (
    (  # 1: what was done, shown and changed; what was answered
        "CREATE TABLE acts (number {whole} PRIMARY KEY, user_id TEXT NOT NULL, session TEXT NOT NULL, "
        "item_id TEXT NOT NULL, kind TEXT NOT NULL, time {real} NOT NULL, value {real}, "
        "recommendation TEXT NOT NULL)",
        "CREATE TABLE shown (number {whole} PRIMARY KEY, id TEXT NOT NULL, user_id TEXT NOT NULL, "
        "session TEXT NOT NULL, time {real} NOT NULL, items TEXT NOT NULL, scores {bytes} NOT NULL, "
        "propensities {bytes} NOT NULL, version TEXT NOT NULL, policy TEXT NOT NULL, request TEXT NOT NULL)",
        "CREATE TABLE changes (number {whole} PRIMARY KEY, subject TEXT NOT NULL, id TEXT NOT NULL, "
        "action TEXT NOT NULL, time {real} NOT NULL, body TEXT NOT NULL, made_by TEXT NOT NULL)",
        "CREATE TABLE answers (key TEXT NOT NULL, request TEXT NOT NULL, response TEXT NOT NULL, "
        "time {real} NOT NULL)",
        "CREATE INDEX acts_recommendation ON acts {equal} (recommendation) WHERE recommendation <> ''",
        "CREATE INDEX changes_id ON changes {equal} (id)",
        "CREATE INDEX shown_id ON shown {equal} (id)",
        "CREATE INDEX answers_key ON answers {equal} (key)",
        "CREATE INDEX answers_time ON answers (time)",
    ),
    (  # 2: experiments, scenarios, histories; numbers are not given twice even if all is forgotten
        "ALTER TABLE shown ADD COLUMN scenario TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE shown ADD COLUMN arm TEXT NOT NULL DEFAULT ''",
        "CREATE TABLE numbers (last {whole} NOT NULL)",
        "INSERT INTO numbers (last) VALUES (0)",
        "CREATE INDEX acts_user ON acts {equal} (user_id) WHERE user_id <> ''",
        "CREATE INDEX acts_session ON acts {equal} (session) WHERE user_id = ''",
    ),
)
"""Each step once and for all: a change of the tables is a new step."""
VERSION = len(MIGRATIONS)
LAST = (
    "SELECT max(n) FROM (SELECT max(number) AS n FROM acts UNION ALL SELECT max(number) FROM shown "
    "UNION ALL SELECT max(number) FROM changes UNION ALL SELECT max(last) FROM numbers) AS every"
)
"""The number of the last record."""


def steps_from(place: str, version: int, **types: str) -> list[str]:
    """Return the statements that bring tables of a version up to date, with the database's own types.

    Raises:
        JournalError: the journal was written by a newer Penchant.
    """
    if version > VERSION:
        raise JournalError(
            f"{place}: was written by a newer Penchant (version {version}, this one reads {VERSION})",
            hint="update Penchant",
        )
    return [statement.format(**types) for step in MIGRATIONS[version:] for statement in step]
