"""What every test shares: property tests that fit a busy machine, an embeddings service."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from embeddings import Server, running

# A deadline would measure the machine's other work; thirty examples each keep the whole run short.
settings.register_profile("penchant", deadline=None, max_examples=30)
settings.load_profile("penchant")

LONG = (
    "test_types", "test_language_write", "test_serve_page", "test_cli", "test_cli_fit_adapt",
    "test_cli_write", "test_serve_faults", "test_serve_admin", "test_language_methods", "test_tune_study",
    "test_recommender",
    "test_live_refresh", "test_live_export", "test_evaluate", "test_language_adapt",
)  # fmt: skip
"""Files that take longest: they begin, so that no worker is left with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first."""
    order = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path.stem, len(LONG)))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with running() as server:
        yield server
