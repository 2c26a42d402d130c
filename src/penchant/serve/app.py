"""The service: one engine behind HTTP, with its routes and what guards them."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from penchant.live.engine import Engine
from penchant.serve import (
    asking,
    feeding,
    gorse,
    governing,
    listing,
    looking,
    overseeing,
    pages,
    personalize,
    refreshing,
    trying,
)
from penchant.serve.direct import Direct
from penchant.serve.guard import Guard
from penchant.serve.measures import Measures
from penchant.serve.problems import REFUSED, answer, refused
from penchant.serve.service import Service
from penchant.serve.settings import Settings
from penchant.serve.tracing import Traced, exporting

LOG = logging.getLogger("penchant.serve")
GZIP_FROM = 4_000
"""Bytes from which on an answer is packed, where the caller takes it."""


def make_app(engine: Engine, settings: Settings) -> FastAPI:
    """Return the ASGI app; the engine is closed with it."""
    measures, spans = Measures(), exporting(settings.trace) if settings.trace else None
    service = Service(engine, settings, measures)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.pool.shutdown()
        engine.close()
        if spans is not None:
            spans.shutdown()

    app = FastAPI(
        title="Penchant", version=version("penchant"), lifespan=life, docs_url=None, redoc_url=None,
        description="Lists with reasons, from what people did and what things say.",
    )  # fmt: skip
    shown = (pages,) if settings.page else ()
    own = (listing, asking, feeding, looking, governing, overseeing, refreshing, trying)
    for room in (*own, gorse, personalize, *shown):
        app.include_router(room.routes(service))
    if settings.page:
        app.mount("/static", pages.static())
    for kind in REFUSED:
        app.add_exception_handler(kind, refused)
    app.add_exception_handler(RequestValidationError, misread)
    app.add_exception_handler(Exception, fault)
    app.add_middleware(Direct, handlers=service.direct)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=settings.origins, allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", "Idempotency-Key"],
        )  # fmt: skip
    app.add_middleware(Packed, minimum_size=GZIP_FROM, compresslevel=5)
    app.add_middleware(Guard, settings=settings, measures=measures)
    if spans is not None:
        app.add_middleware(Traced, provider=spans, engine=engine)
    app.state.service = service
    return app


class Packed(GZipMiddleware):
    """Packs long answers for callers that take them packed, and costs the others nothing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        if any(name == b"accept-encoding" and b"gzip" in value for name, value in scope.get("headers", ())):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


async def misread(request: Request, error: Exception) -> Response:
    """Answer to a path or a query that is not as the document says."""
    assert isinstance(error, RequestValidationError)
    told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
    return answer(422, told, "see /openapi.json")


async def fault(request: Request, error: Exception) -> Response:
    """Answer to what nobody foresaw; the log has the details, the caller gets none."""
    LOG.error("%s %s", request.method, request.url.path, exc_info=error)
    return await refused(request, error)
