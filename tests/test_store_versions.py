"""Versions: of what is there, and of nothing else."""

import platform

import numpy as np

from penchant.store.versions import versions


def test_versions_are_of_what_is_installed() -> None:
    found = versions("pytest", "no-such-package-anywhere")
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert {"penchant", "pytest"} <= found.keys()
    assert "no-such-package-anywhere" not in found
    assert "pytest" not in versions()
