"""The routes that are called most, without what a framework does for routes in general.

The document of the API and everything else know them as ordinary routes; the answers are the same.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from penchant.serve.problems import REFUSED, refused

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Place:
    """What a request's scope says of its route."""

    path: str


class Direct:
    """ASGI middleware: hands a POST to one of some paths to its handler at once."""

    def __init__(self, app: ASGIApp, handlers: Mapping[str, Handler]) -> None:
        self.app = app
        self.handlers = {path: (Place(path), handler) for path, handler in handlers.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        known = self.handlers.get(scope["path"]) if scope["type"] == "http" else None
        if known is None or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        scope["route"], handler = known
        request = Request(scope, receive, send)
        try:
            response = await handler(request)
        except REFUSED as error:
            response = await refused(request, error)
        await response(scope, receive, send)
