"""How sure the choice of columns is: by the name, and by what the cells look like."""

from datetime import UTC, datetime

import polars as pl

from penchant.data.columns import MAP_FORM, Choice

FEWEST = 20
"""Rows below which cells say nothing of their column."""
FIRST_LOGS = datetime(1971, 1, 1, tzinfo=UTC).timestamp()
"""Moments before are more likely numbers that are no times."""


def by_name(choice: Choice) -> str:
    """Say which columns were named by the caller, which have a usual name, and which a doubtful one."""
    ways = {
        "as told": [role for role in choice.columns if role in choice.told],
        "sure by name": [
            role for role in choice.columns if role not in choice.told and role not in choice.weak
        ],
    }
    parts = [f"{way}: {', '.join(roles)}" for way, roles in ways.items() if roles]
    for role in choice.weak:
        parts.append(f"unsure: {role} = {choice[role]} (such a name may mean something else)")
    return "; ".join(parts) + (f"; {MAP_FORM} decides" if choice.weak else "")


def by_cells(name: str, choice: Choice, rows: int, unreadable: int, frame: pl.DataFrame) -> list[str]:
    """Say what speaks against the columns chosen, and what would decide.

    `frame` holds the usable events: user, item, time, value; `unreadable` is how many times were not read.
    """
    if rows < FEWEST:
        return []
    found = []
    if 2 * unreadable > rows:
        found.append(("time", f"{unreadable:,} of {rows:,} cells are no time"))
    if len(frame) >= FEWEST:
        for role in ("user", "item"):
            if frame[role].head(1000).is_unique().all() and frame[role].is_unique().all():
                found.append((role, "every row has another one"))
        if choice.get("time") is not None:
            found += _of_times(frame["time"])
        if choice.get("value") is not None and 2 * frame["value"].null_count() > len(frame):
            found.append(("value", "most cells are no number"))
    return [doubt(name, choice, role, reason) for role, reason in found]


def _of_times(times: pl.Series) -> list[tuple[str, str]]:
    least, most = float(str(times.min())), float(str(times.max()))
    if least == most:
        return [("time", "all rows have the same moment")]
    if most < FIRST_LOGS:
        return [("time", "all moments lie before 1971: are these times?")]
    return []


def doubt(name: str, choice: Choice, role: str, reason: str) -> str:
    """Write a doubt about a column with the way out."""
    others = f" (others: {', '.join(choice.unused)})" if choice.unused else ""
    return f"{name}: UNSURE of {role} = {choice[role]}: {reason}; --map {role}=COL decides{others}"
