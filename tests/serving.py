"""A service in a process of its own, as people start it, and a way to ask it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from source import SRC

ENV = {"PYTHONPATH": str(SRC), "OPENBLAS_NUM_THREADS": "1", "PATH": os.environ["PATH"], "no_proxy": "*"}


def call(url: str, body: Any = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def command(
    model: Path, journal: Path, port: int, options: Sequence[str] = ("--no-texts",), program: str = ""
) -> list[str]:
    """The command line of a service; `program` stands in for the module that starts it."""
    own = ["--journal", str(journal), "--port", str(port), *options]
    start = ["-c", program] if program else ["-m", "penchant.cli"]
    return [sys.executable, *start, "serve", str(model), *own]


@contextmanager
def process(
    model: Path,
    journal: Path,
    limit: Callable[[], None] | None = None,
    options: Sequence[str] = ("--no-texts",),
    program: str = "",
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Start a service and wait until it is ready; it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    start = command(model, journal, port, options, program)
    running = subprocess.Popen(start, env=ENV, stderr=subprocess.DEVNULL, preexec_fn=limit)
    try:
        for _ in range(600):
            try:
                if call(f"{url}/readyz")[0] == 200:
                    break
            except OSError:
                assert running.poll() is None
                time.sleep(0.05)
        yield url, running
    finally:
        if running.poll() is None:
            running.terminate()
        running.wait()
