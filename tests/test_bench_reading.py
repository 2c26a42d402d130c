"""The benchmark of reading: the same events in both formats, as many as asked."""

import importlib
import sys
from pathlib import Path

import pytest

from penchant.data.read import read
from source import ROOT


def test_both_files_hold_the_same_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    reading = importlib.import_module("reading")
    try:
        monkeypatch.setattr(reading, "BLOCK", 300)
        files = reading.make(tmp_path, 1000)
        logs = [read(path.parent)[0].interactions for path in files.values()]
    finally:
        for name in [name for name in sys.modules if name == "reading" or name.partition(".")[0] == "rig"]:
            del sys.modules[name]
    assert len(logs[0]) == 1000
    for one, other in zip(*([log.users, log.items, log.times, log.values] for log in logs), strict=True):
        assert (one == other).all()
