"""The test part is sealed: the evaluator alone opens it, once a run, and each opening is written down.

Whoever looks at a test part again and again, and keeps what came out best, has chosen on it. Nobody can be
kept from that; but everybody can be told how often it happened.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from penchant.data.dataset import Dataset
from penchant.evaluate.protocols import Fold, Protocol
from penchant.rank.bundle import fingerprint

LISTS, PROBES = "lists", "probes"
"""What looks at a test part."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Openings:
    """The record: a file to which each opening adds a line of JSON; lines are never changed or removed.

    A line has `data` (a hash of events and catalogue), `protocol`, `when` (UTC) and `uses`, where
    more than lists look at the part; `now` is the clock.
    """

    path: Path
    now: Callable[[], datetime] = _now

    def add(self, data: str, protocol: str, uses: Sequence[str] = ()) -> dict[str, Any]:
        """Write an opening down; returns it with `times`, how often this part was opened so far.

        A file that cannot be written or read is told by the key `trouble`: the evaluation goes on.
        """
        opening = {"data": data, "protocol": protocol, "when": self.now().isoformat(timespec="seconds")}
        line = {**opening, "uses": list(uses)} if uses else opening
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            before = [line for line in self._lines() if _same(line, opening)]
        except OSError as error:
            return {**line, "trouble": f"{self.path}: {error.strerror or error}"}
        return {**line, "times": len(before), "first": before[0]["when"], "record": str(self.path)}

    def _lines(self) -> Iterator[Mapping[str, Any]]:
        """Read the record; a line that was cut short by a crash is passed over."""
        for text in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line


def _same(line: Mapping[str, Any], opening: Mapping[str, Any]) -> bool:
    return "when" in line and all(line.get(key) == opening[key] for key in ("data", "protocol"))


class Seal:
    """Keeps the folds of one run: they are handed out once for each use, after the opening was written down.

    `uses` are all that will look at the test part in this run; they share one opening, which names them.
    """

    def __init__(
        self,
        data: Dataset,
        protocol: Protocol,
        openings: Openings | None = None,
        uses: Sequence[str] = (LISTS,),
    ) -> None:
        self._data, self._protocol, self._openings = data, protocol, openings
        self._uses, self._left = tuple(uses), list(uses)
        self._opening: dict[str, Any] | None = None

    @property
    def protocol(self) -> Protocol:
        """How the test part is cut off."""
        return self._protocol

    def folds(self, use: str = LISTS) -> Iterator[Fold]:
        """Open the test part. Raises ValueError the second time, and for a use that was not announced."""
        if use not in self._left:
            raise ValueError(f"the test part is opened once a run for each of {self._uses}, not for {use!r}")
        self._left.remove(use)
        if self._opening is None:
            mark, name = fingerprint(self._data), self._protocol.name
            uses = () if self._uses == (LISTS,) else self._uses
            self._opening = {"data": mark, "protocol": name} | ({"uses": list(uses)} if uses else {})
            if self._openings is not None:
                self._opening = self._openings.add(mark, name, uses)
        return self._protocol.folds(self._data)

    def told(self) -> Mapping[str, Any]:
        """Return the opening as it was written down."""
        return self._opening or {}


def sentence(opening: Mapping[str, Any]) -> str:
    """Say how often a test part was opened.

    >>> sentence({"times": 3, "first": "2026-01-02T03:04:05+00:00", "protocol": "time", "data": "ab12" * 16})
    'test part opened 3 times, first at 2026-01-02T03:04:05+00:00 (protocol time, data ab12ab12ab12)'
    """
    if not opening:
        return ""
    uses = f", for {' and '.join(opening['uses'])}" if "uses" in opening else ""
    what = f"(protocol {opening['protocol']}, data {opening['data'][:12]}{uses})"
    if "trouble" in opening:
        return f"test part opened, but this could not be written down: {opening['trouble']} {what}"
    if "times" not in opening:
        return f"test part opened, no record kept {what}"
    if opening["times"] == 1:
        return f"test part opened for the first time {what}"
    return f"test part opened {opening['times']} times, first at {opening['first']} {what}"
