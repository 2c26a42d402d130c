"""An embeddings service on this machine that does as it is told, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-very-secret"
Answer = tuple[int, dict[str, str], bytes]


def good(asked: dict[str, Any], usage: int | None = None) -> dict[str, Any]:
    """Vectors that tell the texts apart, in reverse order but numbered."""
    data = [{"index": i, "embedding": [len(text), 1.0, 2.0]} for i, text in enumerate(asked["input"])]
    return {"data": data[::-1]} | ({"usage": {"total_tokens": usage}} if usage is not None else {})


class Server(ThreadingHTTPServer):
    """Answers with `answer`, and remembers requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[int, dict[str, Any]], Answer] = lambda turn, asked: ok(good(asked))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what one of the tests is about."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked | {"path": self.path})
        self.server.headers.append(dict(self.headers))
        status, headers, body = self.server.answer(len(self.server.asked), asked)
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Stay silent."""


def ok(content: object) -> Answer:
    return 200, {}, json.dumps(content).encode()


def seen(text: str) -> list[float]:
    """What an encoder says that knows two words of the toy world."""
    return [1.0, float("robots" in text), float("friendship" in text)]


def understand(server: Server) -> None:
    """Let a server tell the two tastes of the toy world apart, and answer nobody without the key."""

    def answer(turn: int, asked: dict[str, Any]) -> Answer:
        if server.headers[-1].get("Authorization") != f"Bearer {KEY}":
            return 401, {}, b"who are you?"
        return ok({"data": [{"embedding": seen(text)} for text in asked["input"]]})

    server.answer = answer


@contextmanager
def running() -> Iterator[Server]:
    """Answer until the block ends."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
