"""Run the command line as a user would, and tell the time and the memory that it took."""

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any


@dataclass(frozen=True)
class Run:
    """One command: wall clock, processor time and the highest memory of the process and its children."""

    command: str
    seconds: float
    processor_seconds: float
    peak_mib: float

    def row(self) -> dict[str, Any]:
        """Return it for the results."""
        return asdict(self)


def penchant(*words: str | Path, shown: Mapping[Path, str] | None = None) -> Run:
    """Run a verb; `shown` tells what to call paths of this machine in the results."""
    names = {str(path): name for path, name in (shown or {}).items()}
    title = shlex.join(["penchant", *(names.get(str(word), str(word)) for word in words)])
    print(f"$ {title}", file=sys.stderr, flush=True)
    return timed([sys.executable, "-m", "penchant.cli", *map(str, words)], title)


LAUNCHER = """
import json, os, sys, time
start = time.perf_counter()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
took = [time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]
with open(sys.argv[1], "w") as file:
    json.dump([os.waitstatus_to_exitcode(status), *took], file)
"""
"""A small process in between: Linux counts the memory of whoever starts a process as the process's own."""


def timed(command: Sequence[str], title: str, limit: float | None = None) -> Run:
    """Run a command to its end; a failure, or more than `limit` seconds, ends with what the command said."""
    with tempfile.TemporaryDirectory() as temporary:
        said, measured = Path(temporary) / "said", Path(temporary) / "measured"
        with said.open("wb") as stream:
            launch = [sys.executable, "-S", "-c", LAUNCHER, str(measured), *command]
            late = not _ended(launch, stream, limit)
        tail = "\n".join(said.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
        if late:
            raise SystemExit(f"{title}: took more than {limit:g} s\n{tail}")
        if not measured.exists():
            raise SystemExit(f"{title}: did not run\n{tail}")
        status, seconds, processor, peak = json.loads(measured.read_text(encoding="utf-8"))
    if status:
        raise SystemExit(f"{title}: exit status {status}\n{tail}")
    mib = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return Run(title, round(seconds, 2), round(processor, 2), round(mib, 1))


def _ended(launch: Sequence[str], stream: IO[bytes], limit: float | None) -> bool:
    with subprocess.Popen(
        launch, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
    ) as launcher:
        try:
            launcher.wait(limit)
        except subprocess.TimeoutExpired:
            return False
        finally:
            if launcher.poll() is None:  # the session is the launcher's: its child ends with it
                os.killpg(launcher.pid, signal.SIGKILL)
    return True


def size_mib(folder: Path) -> float:
    """Return what a folder takes on disk."""
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / (1 << 20), 2)


def machine() -> dict[str, Any]:
    """Return what the times depend on: cores that may be used, and memory."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cores": cores, "memory_gib": round(memory / (1 << 30), 1)}
