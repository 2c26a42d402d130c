"""What all routes share: the engine, the settings, threads to score in, how bodies are read and answered."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import Any, TypeVar

import orjson
import polars as pl
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from penchant.live.engine import Engine
from penchant.serve.direct import Handler
from penchant.serve.measures import Measures
from penchant.serve.problems import Problem
from penchant.serve.properties import Shelf
from penchant.serve.settings import RANKS, Role, Settings

T = TypeVar("T")
B = TypeVar("B", bound=BaseModel)
THREADS = 1
"""Threads that score: more of them wait for each other and for the loop (measured, see notes/LOG.md)."""
MANY = 200_000
"""Users whose hashes a browser's key can be resolved to."""


@dataclass(slots=True)
class Service:
    """One engine behind HTTP."""

    engine: Engine
    settings: Settings
    measures: Measures
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "score"))
    hashes: dict[str, str] = field(default_factory=dict)
    hashed_in: str = ""
    shelves: list[Shelf] = field(default_factory=list)
    direct: dict[str, Handler] = field(default_factory=dict)
    ending: threading.Event = field(default_factory=threading.Event)

    def shelf(self) -> Shelf:
        """Return what is shown of items, as decided so far."""
        if not self.shelves or not self.shelves[0].fits():
            self.shelves[:] = [Shelf(self.engine, self.engine.world, self.engine.rules.stamp)]
        return self.shelves[0]

    async def threaded(self, work: Callable[..., T], *args: Any, **named: Any) -> T:
        """Run work beside the loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, partial(work, *args, **named))

    def user(self, request: Request, given: str | None) -> str:
        """Return the id of a user; a browser's key knows people by their hashes alone."""
        if given is None or request.scope["state"]["role"] != "browser":
            return given or ""
        if not all(letter in "0123456789abcdef" for letter in given) or len(given) != 64:
            raise Problem(403, "a browser's key names users by hash", hint="HMAC-SHA256(salt, id) in hex")
        return self.resolved(given)

    def resolved(self, digest: str) -> str:
        """Return whose hash this is, or the hash itself, as the id of somebody whom no table knows."""
        world = self.engine.world
        if self.hashed_in != world.version:
            known = world.model.data.users.vocabulary.ids.head(MANY).cast(pl.String).to_list()
            self.hashes = {self.settings.hashed(one): one for one in known}
            self.hashed_in = world.version
        return self.hashes.get(digest, digest)


async def body(request: Request, model: type[B]) -> B:
    """Read a body; raises Problem where it is no JSON, and pydantic's error where it cannot be used."""
    return model.model_validate_json(await raw(request))


async def raw(request: Request) -> bytes:
    """Return the bytes of a body; raises Problem where it says that it is no JSON."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Problem(415, f"bodies are application/json, not {kind[:60]!r}")
    return await request.body() or b"{}"


def reply(content: Any, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(orjson.dumps(content), status, media_type="application/json")


def must(request: Request, role: Role) -> None:
    """Refuse a key whose role is not enough."""
    if RANKS[request.scope["state"]["role"]] < RANKS[role]:
        raise Problem(403, f"this needs a key with the role {role}")


async def once(
    service: Service, request: Request, work: Callable[[dict[str, tuple[str, str]]], "Future[Any]"], told: Any
) -> Response:
    """Do what a request asks for once: the same `Idempotency-Key` gets the same answer.

    `work` gets what must be kept with the records. Raises Problem where the key came with another body.
    """
    key = request.headers.get("idempotency-key", "")
    if len(key) > 200 or "\0" in key:
        raise Problem(422, "Idempotency-Key: has 200 letters at most")
    answers: dict[str, tuple[str, str]] = {}
    if key:
        key = f"{request.scope['state']['by']}\n{key}"
        digest = blake2b(request.url.path.encode() + b"\0" + await request.body(), digest_size=16).hexdigest()
        before = await service.threaded(service.engine.journal.answer, key)
        if before is not None:
            if before[0] != digest:
                raise Problem(409, "this Idempotency-Key came with another request")
            return Response(before[1], 200, {"Idempotent-Replay": "true"}, media_type="application/json")
        answers[key] = (digest, orjson.dumps(told).decode())
    await asyncio.wrap_future(work(answers))
    return reply(told)


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """Return what the OpenAPI document says of a body."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": inlined(model)}}}}


def inlined(model: type[BaseModel]) -> dict[str, Any]:
    """Return a JSON schema without references to elsewhere."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})

    def whole(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return whole(parts[node["$ref"].rpartition("/")[2]])
            return {name: whole(inner) for name, inner in node.items()}
        return [whole(one) for one in node] if isinstance(node, list) else node

    return dict(whole(schema))
