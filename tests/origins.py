"""A place on the web that data sets come from: with or without ranges, with breaks and redirects."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What a server has and how it behaves; `breaks` are byte counts after which an answer is cut."""

    files: dict[str, bytes] = field(default_factory=dict)
    kind: str = "application/zip"
    ranges: bool = True
    etag: str | None = '"v1"'
    breaks: list[int] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    length: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site, path = self.site, self.path
        asked = self.headers["Range"]
        site.asked.append((path, asked))
        if path in site.moved:
            self.send_response(302)
            self.send_header("Location", site.moved[path])
            self.end_headers()
        elif path not in site.files:
            self.send_error(404)
        else:
            self.serve(site.files[path], asked)

    def serve(self, content: bytes, asked: str | None) -> None:
        site, start = self.site, 0
        if asked and site.ranges and self.headers["If-Range"] == site.etag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
        body = content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Type", site.kind)
        if site.etag:
            self.send_header("ETag", site.etag)
        if site.length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: site.breaks.pop(0)] if site.breaks else body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(**files: bytes) -> Iterator[Site]:
    """Serve files until the block ends."""
    site = Site({f"/{name}": content for name, content in files.items()})
    handler = type("Handler", (_Handler,), {"site": site})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        site.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
