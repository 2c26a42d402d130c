"""What stands before every request: limits, keys, an id, the headers of a careful service."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant.live.ids import new_id
from penchant.serve.measures import Measures
from penchant.serve.problems import answer
from penchant.serve.settings import RANKS, Role, Settings, loopback

LOG = logging.getLogger("penchant.serve")
CALLERS = 10_000
"""Callers whose requests are counted at once."""
POLICY = (
    "default-src 'self'; img-src 'self' data: https:; style-src 'self'; script-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
CAREFUL = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PUBLIC = ("/healthz", "/readyz", "/livez", "/static/", "/api/health")
"""Paths that need no key."""
BROWSER = ("/v1/recommend", "/v1/events")
"""What a browser's key may call."""


Heads: TypeAlias = dict[str, str]
"""The headers of a request by their names in small letters; of several of one name the last."""


def heads(scope: Scope) -> Heads:
    """Return the headers of a request."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


class Guard:
    """ASGI middleware; keeps no more than `CALLERS` counters."""

    def __init__(self, app: ASGIApp, settings: Settings, measures: Measures) -> None:
        self.app, self.settings, self.measures = app, settings, measures
        self.calls: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self.careful = [(name.lower().encode(), value.encode()) for name, value in CAREFUL.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, headers, told = time.perf_counter(), heads(scope), {"status": 500}
        given = headers.get("x-request-id", "")
        name = given if 0 < len(given) <= 100 and given.isascii() and given.isprintable() else new_id()
        scope.setdefault("state", {})["request_id"] = name
        own = [*self.careful, (b"x-request-id", name.encode())]

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
                message["headers"] = [*message.get("headers", ()), *own]
            await send(message)

        try:
            refused = self.refusal(scope, headers)
            if refused is not None:
                await refused(scope, receive, sent)
                return
            await self.within(scope, limited(receive, self.settings.largest), sent)
        except TooLarge:
            await answer(413, f"bodies have {self.settings.largest:,} bytes at most")(scope, receive, sent)
        finally:
            route = getattr(scope.get("route"), "path", "")
            self.measures.request(scope["method"], route, told["status"], time.perf_counter() - start)

    async def within(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the service, within the time that a request may take."""
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        if scope["path"].endswith("/stream"):  # an event stream has no end
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.settings.slowest):
                await self.app(scope, receive, sent)
        except TimeoutError:
            LOG.warning("%s %s took longer than %g s", scope["method"], scope["path"], self.settings.slowest)
            if not begun:
                await answer(504, f"no answer within {self.settings.slowest:g} s")(scope, receive, send)

    def refusal(self, scope: Scope, headers: Heads) -> ASGIApp | None:
        """Return what to answer to a request that must not pass; None lets it through, with its role."""
        path, peer = scope["path"], scope.get("client") or ("", 0)
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self.settings.largest:
            return answer(413, f"bodies have {self.settings.largest:,} bytes at most")
        state = scope["state"]
        state["role"], state["by"], key = "admin", "local", None
        if self.settings.keys:
            key = self.settings.known(secret_of(headers))
            if key is None and not path.startswith(PUBLIC):
                return answer(401, "no valid key", "send Authorization: Bearer KEY, or X-API-Key: KEY")
            state["role"] = key.role if key else "browser"
            state["by"] = key.name if key else "anybody"
            if key and key.role == "browser" and path not in BROWSER:
                return answer(403, "a browser's key may ask for lists and send events, nothing else")
        elif peer[0] and not loopback(peer[0]) and peer[0] != "testclient":
            return answer(401, "without keys, only this machine may call")
        elif not own_page(headers):
            return answer(403, "a page of another address may not call without a key")
        who = key.name if key else str(peer[0])
        limit = key.per_minute if key and key.per_minute else self.settings.per_minute
        if limit and not self.admitted(who, limit):
            return answer(429, f"{limit} requests a minute are allowed")
        return None

    def admitted(self, who: str, per_minute: int) -> bool:
        """Tell whether a caller has a request left (a bucket that fills with time)."""
        now = time.monotonic()
        left, since = self.calls.get(who, (float(per_minute), now))
        left = min(float(per_minute), left + (now - since) * per_minute / 60.0)
        self.calls[who] = (max(0.0, left - 1.0), now)
        self.calls.move_to_end(who)
        while len(self.calls) > CALLERS:
            self.calls.popitem(last=False)
        return left >= 1.0


class TooLarge(Exception):
    """A body that goes on beyond the limit."""


def limited(receive: Receive, largest: int) -> Receive:
    """Count the bytes of a body as they come."""
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > largest:
            raise TooLarge
        return message

    return counted


def secret_of(headers: Heads) -> str:
    """Return the secret that a request brings, "" for none."""
    told = headers.get("authorization", "")
    return told[7:].strip() if told[:7].lower() == "bearer " else headers.get("x-api-key", "")


def own_page(headers: Heads) -> bool:
    """Tell whether a request comes from no page, or from this service's own: others could act in its name."""
    origin, host = headers.get("origin"), headers.get("host", "")
    if origin is None:
        return loopback(host.rpartition(":")[0].strip("[]") or host) or not host or host == "testserver"
    return origin.partition("://")[2] == host


def needs(role: Role) -> Callable[[Scope], bool]:
    """Return a test of whether a request's role is enough."""
    least = RANKS[role]

    def enough(scope: Scope) -> bool:
        return RANKS[scope["state"]["role"]] >= least

    return enough
