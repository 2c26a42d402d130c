import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bundles import contents, held, small, versions
from penchant.errors import BundleError
from penchant.store import current, read, write
from source import SRC

KILLED = """
import os, shutil, signal, sys
from pathlib import Path
import numpy as np, polars as pl
from penchant.store import Contents, write

def deadly(function):
    def call(*arguments, **options):
        global steps
        steps -= 1
        if not steps:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call

for line in sys.stdin:
    steps, child = int(line), os.fork()
    if child:
        print(os.waitpid(child, 0)[1], flush=True)
        continue
    for room, names in ((os, ("fsync", "replace", "mkdir", "unlink", "rmdir")), (shutil, ("rmtree",))):
        for name in names:
            setattr(room, name, deadly(getattr(room, name)))
    contents = Contents({"scalar": np.array(9.0), "b": np.ones(3)}, {}, {"t": pl.DataFrame({"x": [1]})})
    write(Path(sys.argv[1]), contents, lineage={})
    os._exit(0)
"""
"""Writes a bundle once a line, in a process that kills itself just before the step which that line names."""


@pytest.mark.parametrize("kept", [0, 2])
def test_a_kill_at_any_step_leaves_a_whole_bundle(kept: int, tmp_path: Path) -> None:
    """Each step is a call that changes the disk; an old bundle stays or the new one is there, never half."""
    folder, seen = tmp_path / "model", list[float]()
    (tmp_path / "old").mkdir()
    for value in range(kept):
        write(tmp_path / "old", small(value), lineage={})
    command = [sys.executable, "-c", KILLED, str(folder)]
    with subprocess.Popen(
        command, env={"PYTHONPATH": str(SRC)}, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        assert run.stdin
        assert run.stdout
        status: int = signal.SIGKILL.value
        while status == signal.SIGKILL.value:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(tmp_path / "old", folder)
            print(1 + len(seen), file=run.stdin, flush=True)
            status = int(run.stdout.readline())
            try:
                seen.append(float(read(folder)[0].arrays["scalar"]))
            except BundleError:
                assert not kept
                seen.append(-1)
            write(folder, small(5), lineage={})
            assert float(read(folder)[0].arrays["scalar"]) == 5
            assert len(versions(folder)) <= 2  # what the killed one left is gone
            assert {path.name for path in folder.iterdir()} == {"versions", "CURRENT"}
        run.stdin.close()
    assert status == 0
    assert len(seen) > 8
    assert seen == sorted(seen)  # the old one until the new one is there
    assert set(seen) == {kept - 1, 9}


@pytest.mark.parametrize("step", range(1, 9))
def test_a_full_disk_leaves_the_old_bundle(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, real, calls = tmp_path / "model", os.fsync, iter(range(1, 100))
    old = write(folder, contents(1), lineage={})

    def full(handle: int) -> None:
        if next(calls) == step:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BundleError, match=r"No space left on device\n  hint"):
        write(folder, contents(2), lineage={})
    assert held(folder) in (1, 2)
    assert versions(folder) <= {old, current(folder)}
    assert {path.name for path in folder.iterdir()} == {"versions", "CURRENT"}


def test_a_full_disk_leaves_nothing_of_a_first_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BundleError, match="No space left on device"):
        write(tmp_path / "model", contents(), lineage={})
    assert not list(tmp_path.iterdir())


def test_writers_and_readers_at_once_never_meet_half_a_bundle(tmp_path: Path) -> None:
    folder, failed, stop = tmp_path / "model", [], time.monotonic() + 0.5
    write(folder, small(0), lineage={})

    def work(value: int) -> None:
        try:
            while time.monotonic() < stop:
                if value:
                    write(folder, small(value), lineage={})
                    value += 3
                else:
                    read(folder)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(value,)) for value in (0, 0, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(versions(folder)) == 2


@pytest.mark.parametrize("name", ["notes.txt", "CURRENT", "versions.zip"])
def test_a_folder_of_something_else_is_not_touched(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("MANIFEST-000004\n")
    with pytest.raises(BundleError, match="no bundle"):
        write(tmp_path, contents(), lineage={})
    with pytest.raises(BundleError, match="no bundle"):
        write(tmp_path / name, contents(), lineage={})
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "MANIFEST-000004\n"


def test_other_files_beside_a_bundle_stay(tmp_path: Path) -> None:
    """A journal may live in the bundle's folder."""
    (tmp_path / "model").mkdir()
    for value in (1, 2, 3):
        write(tmp_path / "model", contents(value), lineage={})
        (tmp_path / "model" / "journal.sqlite").touch()
        (tmp_path / "model" / "versions" / "mine").mkdir(exist_ok=True)
    assert (tmp_path / "model" / "journal.sqlite").exists()
    assert "mine" in versions(tmp_path / "model")
