"""How the service listens: who is believed about addresses, and how long a caller may take."""

import asyncio
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from penchant.serve.settings import Settings

HURRY = 10.0
"""Seconds from the first byte of a request, or from a new connection, to the end of its headers."""
IDLE = 5
"""Seconds for which a connection may stay open between two requests."""
CONNECTIONS = 2_000
"""Connections at once; further callers are told 503."""
HEADERS = 64 * 1024


class Corked:
    """A transport that writes at once what is written in one turn of the loop: head and body together."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.transport, self.loop = transport, loop
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Take something to be written at the end of the turn."""
        if not self.parts:
            self.loop.call_soon(self.flush)
        self.parts.append(data)

    def flush(self) -> None:
        """Write what was taken."""
        if self.parts:
            data, self.parts = b"".join(self.parts), []
            self.transport.write(data)

    def close(self) -> None:
        """Write the rest, and close."""
        self.flush()
        self.transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)


class Hurried(HttpToolsProtocol):
    """HTTP that closes connections whose headers do not come: slow callers would hold them for ever."""

    late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait."""
        super().connection_made(Corked(transport, self.loop))  # type: ignore[arg-type]
        self._wait()

    def on_message_begin(self) -> None:
        """Begin to wait for the headers of a further request."""
        self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop waiting."""
        self._stop()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop()
        self.late = self.loop.call_later(HURRY, self.transport.abort)

    def _stop(self) -> None:
        if self.late is not None:
            self.late.cancel()
            self.late = None


class Listening(uvicorn.Server):
    """A server that tells open streams that it ends, and so need not wait for them."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End, as a signal asks for."""
        service = getattr(getattr(self.config.app, "state", None), "service", None)
        if service is not None:
            service.ending.set()
        super().handle_exit(sig, frame)


def config_of(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Return how uvicorn runs the service; X-Forwarded-For is believed of `settings.proxies` alone."""
    return uvicorn.Config(
        app, host=settings.host, port=settings.port, http=Hurried, ws="none", log_level="warning",
        access_log=False, server_header=False, timeout_graceful_shutdown=10, timeout_keep_alive=IDLE,
        limit_concurrency=CONNECTIONS, proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies) or None,
    )  # fmt: skip
