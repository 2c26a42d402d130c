"""penchant serve: lists over HTTP, live."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from penchant.cli.terminal import be_quick, reader_of, say
from penchant.errors import SettingError
from penchant.language.encode import Encoder


def serve(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8000,
    host: Annotated[
        str, typer.Option(help="Address to listen at; beyond 127.0.0.1 only with --keys.")
    ] = "127.0.0.1",
    journal: Annotated[
        str | None, typer.Option(help="File, or postgresql:// address; beside the model unless told.")
    ] = None,
    durable: Annotated[
        bool, typer.Option("--durable", help="Acknowledged events outlive a power cut, at a price.")
    ] = False,
    keys: Annotated[Path | None, typer.Option(help="JSON file of keys with roles.")] = None,
    weights: Annotated[
        str | None, typer.Option(help="How much a kind of event counts, as at the fit: view=1,buy=3.")
    ] = None,
    people: Annotated[int, typer.Option(help="People kept in memory at once.", min=1)] = 50_000,
    per_minute: Annotated[
        int, typer.Option(help="Requests a minute of one caller, 0: any number.", min=0)
    ] = 0,
    origin: Annotated[
        list[str] | None, typer.Option(help="Page of another address that may call; may be repeated.")
    ] = None,
    refresh_hours: Annotated[
        float,
        typer.Option(help="Learn anew every so many hours, if anything came in; 0: not by itself.", min=0),
    ] = 0,
    refresh_events: Annotated[
        int, typer.Option(help="Learn anew after so many events; 0: not by itself.", min=0)
    ] = 0,
    texts: Annotated[bool, typer.Option("--texts/--no-texts", help="Read requests in words.")] = True,
) -> None:
    """Answer over HTTP: lists, requests in words, events, items, users, a page."""
    be_quick()
    check_installed()
    from penchant.data.kinds import parse_weights
    from penchant.live.choose import beside, open_journal
    from penchant.live.engine import Engine
    from penchant.live.keeper import caught_up
    from penchant.serve.app import make_app
    from penchant.serve.settings import KeyFile, Settings
    from penchant.store import current

    current(model)
    told = KeyFile.read(keys) if keys else KeyFile()
    settings = Settings(
        host=host, port=port, keys=told.keys, salt=told.salt, per_minute=per_minute,
        origins=tuple(origin or ()), texts=texts, refresh_hours=refresh_hours, refresh_events=refresh_events,
        journal=journal or str(beside(model)), reader=reader if texts else None,
    ).checked()  # fmt: skip
    kept = open_journal(settings.journal, durable=durable)
    caught_up(kept, model)
    encoder = reader(model) if texts else None
    engine = Engine(
        model, kept, encoder=encoder, weights=parse_weights(weights) if weights else None, most_people=people
    )
    app = make_app(engine, settings)
    say(f"model {engine.world.version[:12]}, {engine.world.model.data.n_items:,} items; journal {kept.place}")
    listen(app, host, port)


def check_installed() -> None:
    """Say at once, not after the model was read, what serving needs besides."""
    try:
        import uvicorn  # noqa: F401

        import penchant.serve.app  # noqa: F401
    except ImportError as error:
        raise SettingError(
            f"serving needs the package {error.name}", hint="pip install 'penchant[serve]'"
        ) from error


def listen(app: Callable[..., Any], host: str, port: int) -> None:
    """Answer requests until somebody ends it."""
    import uvicorn

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=10,
    )  # fmt: skip
    say(f"http://{host}:{port}/  ·  Ctrl+C ends it")
    uvicorn.Server(config).run()


def reader(model: Path) -> Encoder | None:
    """Return what reads requests in words, None where nothing can on this machine."""
    from penchant.store import read

    contents, _ = read(model, verify=False)
    language = contents.scalars.get("language", "")
    return reader_of(language) if language else None
