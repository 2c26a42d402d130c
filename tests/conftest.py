"""What every test shares: property tests that fit a busy machine, an embeddings service."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from embeddings import Server, running

# A deadline would measure the machine's other work; fifty examples each keep the whole run short.
settings.register_profile("penchant", deadline=None, max_examples=50)
settings.load_profile("penchant")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with running() as server:
        yield server
