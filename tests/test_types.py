"""Every name has a type, and every use fits it."""

import subprocess
import sys

from source import ROOT


def test_types_hold() -> None:
    told = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr
