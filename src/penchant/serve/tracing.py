"""One span for each request, sent by OTLP over HTTP; its packages are needed with `--trace` alone.

A span holds the route, the status, the request's id and the model's version; no id of a person, no text.
"""

from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant.errors import SettingError
from penchant.live.engine import Engine


def exporting(url: str) -> Any:
    """Return a provider of tracers that sends to `url`, such as http://127.0.0.1:4318/v1/traces.

    Raises SettingError for what is no web address, and where OpenTelemetry is missing.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingError(f"--trace {url}: no web address", hint="like http://127.0.0.1:4318/v1/traces")
    try:
        sdk: Any = import_module("opentelemetry.sdk.trace")
        sending: Any = import_module("opentelemetry.sdk.trace.export")
        resources: Any = import_module("opentelemetry.sdk.resources")
        otlp: Any = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError as error:
        raise SettingError("--trace needs OpenTelemetry", hint="pip install 'penchant[trace]'") from error
    provider = sdk.TracerProvider(resource=resources.Resource.create({"service.name": "penchant"}))
    provider.add_span_processor(sending.BatchSpanProcessor(otlp.OTLPSpanExporter(endpoint=url)))
    return provider


class Traced:
    """ASGI middleware: a span around each request, below the caller's own (`traceparent`)."""

    def __init__(self, app: ASGIApp, provider: Any, engine: Engine) -> None:
        self.app, self.engine = app, engine
        self.tracer = provider.get_tracer("penchant.serve")
        trace: Any = import_module("opentelemetry.trace")
        context: Any = import_module("opentelemetry.trace.propagation.tracecontext")
        self.server, self.above = trace.SpanKind.SERVER, context.TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        parent = self.above.extract(dict(Headers(scope=scope)))
        with self.tracer.start_as_current_span(scope["method"], context=parent, kind=self.server) as span:
            try:
                await self.app(scope, receive, sent)
            finally:
                route = getattr(scope.get("route"), "path", "") or "other"
                span.update_name(f"{scope['method']} {route}")
                told = {
                    "http.request.method": scope["method"],
                    "http.route": route,
                    "http.response.status_code": status,
                    "penchant.model_version": self.engine.world.version,
                    "penchant.request_id": scope.get("state", {}).get("request_id", ""),
                }
                span.set_attributes(told)
