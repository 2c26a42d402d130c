"""A small bundle behind an engine, and a service, for the tests of both rooms."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from starlette.testclient import TestClient

import penchant
import toy
from penchant.language.choose import load_encoder
from penchant.live.choose import open_journal
from penchant.live.engine import Engine
from penchant.live.records import Act
from penchant.recommender import Recommender
from penchant.serve.app import make_app
from penchant.serve.settings import Settings

END = toy.START + 300 * toy.DAY


@cache
def bundle(language: str = "none") -> Path:
    """Fit the toy world once."""
    place = Path(mkdtemp(prefix="penchant-test-"))
    data = penchant.read(toy.write_tables(place / "DIR"))[0]
    Recommender.fit(data, language=language, effort="quick").save(place / "MODEL", END)
    return place / "MODEL"


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: float = END) -> None:
        self.now = now

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@contextmanager
def engine(folder: Path, language: str = "none", **options: Any) -> Iterator[Engine]:
    """Open an engine over the toy bundle; its journal lies in `folder`."""
    encoder = None if language == "none" else load_encoder(language)
    options = {"clock": Clock(), "encoder": encoder, **options}
    made = Engine(bundle(language), open_journal(str(folder / "j.journal")), **options)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def client(folder: Path, language: str = "none", **settings: Any) -> Iterator[TestClient]:
    """Open a service over the toy bundle."""
    with engine(folder, language) as made:
        app = make_app(made, Settings(**settings))
        with TestClient(app, raise_server_exceptions=False) as opened:
            yield opened


def act(user: str, item: str, kind: str = "interaction", **more: Any) -> Act:
    """Return an event of now."""
    return Act(user, item, kind, END, **more)
