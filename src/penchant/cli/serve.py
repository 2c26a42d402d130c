"""penchant serve: lists over HTTP, live."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from penchant.cli.terminal import be_quick, language_key, reader_of, say
from penchant.errors import SettingError
from penchant.language.encode import Encoder
from penchant.language.lsa import LEARNED
from penchant.serve.settings import Settings

Durable = Annotated[
    bool, typer.Option("--durable", help="Acknowledged events outlive a power cut, at a price.")
]
Weighed = Annotated[
    str | None, typer.Option(help="How much a kind of event counts, as at the fit: view=1,buy=3.")
]
Limit = Annotated[int, typer.Option(help="Requests a minute of one caller, 0: any number.", min=0)]
Origins = Annotated[
    list[str] | None, typer.Option(help="Page of another address that may call; may be repeated.")
]
Trace = Annotated[str, typer.Option(help="Send a span for each request to this OTLP address (HTTP).")]
Hours = Annotated[
    float, typer.Option(help="Learn anew every so many hours, if anything came in; 0: not by itself.", min=0)
]
Many = Annotated[int, typer.Option(help="Learn anew after so many events; 0: not by itself.", min=0)]
Proxies = Annotated[
    list[str] | None, typer.Option(help="Address whose X-Forwarded-For is believed; may be repeated.")
]


def serve(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8000,
    host: Annotated[
        str, typer.Option(help="Address to listen at; beyond 127.0.0.1 only with --keys.")
    ] = "127.0.0.1",
    journal: Annotated[
        str | None, typer.Option(help="File, or postgresql:// address; beside the model unless told.")
    ] = None,
    durable: Durable = False,
    keys: Annotated[Path | None, typer.Option(help="JSON file of keys with roles.")] = None,
    weights: Weighed = None,
    people: Annotated[int, typer.Option(help="People kept in memory at once.", min=1)] = 50_000,
    per_minute: Limit = 0,
    origin: Origins = None,
    refresh_hours: Hours = 0,
    refresh_events: Many = 0,
    trace: Trace = "",
    trust_proxy: Proxies = None,
    texts: Annotated[bool, typer.Option("--texts/--no-texts", help="Read requests in words.")] = True,
) -> None:
    """Answer over HTTP: lists, requests in words, events, items, users, a page."""
    be_quick()
    check_installed()
    from penchant.data.kinds import parse_weights
    from penchant.live.choose import beside, open_journal
    from penchant.live.engine import Engine
    from penchant.live.keeper import caught_up
    from penchant.live.patience import Deaf
    from penchant.serve.app import make_app
    from penchant.serve.settings import KeyFile
    from penchant.store import current

    current(model)
    told = KeyFile.read(keys) if keys else KeyFile()
    settings = Settings(
        host=host, port=port, keys=told.keys, salt=told.salt, per_minute=per_minute,
        origins=tuple(origin or ()), texts=texts, refresh_hours=refresh_hours, refresh_events=refresh_events,
        journal=journal or str(beside(model)), reader=reader if texts else None,
        trace=trace, proxies=tuple(trust_proxy or ()),
    ).checked()  # fmt: skip
    kept = open_journal(settings.journal, durable=durable)
    caught_up(kept, model)
    encoder = reader(model) if texts else Deaf()
    engine = Engine(
        model, kept, encoder=encoder, weights=parse_weights(weights) if weights else None, most_people=people
    )
    app = make_app(engine, settings)
    say(f"model {engine.world.version[:12]}, {engine.world.model.data.n_items:,} items; journal {kept.place}")
    listen(app, settings)


def check_installed() -> None:
    """Say at once, not after the model was read, what serving needs besides."""
    try:
        import uvicorn  # noqa: F401

        import penchant.serve.app  # noqa: F401
    except ImportError as error:
        raise SettingError(
            f"serving needs the package {error.name}", hint="pip install 'penchant[serve]'"
        ) from error


def listen(app: Callable[..., Any], settings: Settings) -> None:
    """Answer requests until somebody ends it."""
    from penchant.serve.running import Listening, config_of

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    say(f"http://{settings.host}:{settings.port}/  ·  Ctrl+C ends it")
    Listening(config_of(app, settings)).run()


def reader(model: Path) -> Encoder | None:
    """Return what reads requests in words; None where the bundle carries it, or nothing here can."""
    from penchant.language.choose import WEB
    from penchant.language.remote import RemoteEncoder
    from penchant.live.patience import WAIT
    from penchant.store import read

    contents, _ = read(model, verify=False)
    language, carried = contents.scalars.get("language", ""), "carried/model" in contents.arrays
    if not language or carried:
        return None
    if language.startswith(WEB):
        url, _, name = language.partition("#")
        return RemoteEncoder(url, name, key=language_key(), timeout=WAIT, retries=0)
    found = reader_of(language)
    if found is None and language not in ("none", LEARNED):
        say(f"texts: nothing reads them here; a bundle fitted anew carries what does ({language})")
    return found
