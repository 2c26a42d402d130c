"""Load over HTTP from one process: so many connections, each asks again as soon as it has its answer."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np


@dataclass(slots=True)
class Timed:
    """What came back: seconds of each request, how many were not answered with 2xx, how long it all took."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    wall: float = 0.0

    def row(self) -> dict[str, float]:
        """Return requests a second and the quantiles in milliseconds."""
        ms = np.array(self.seconds) * 1e3
        p50, p95, p99 = (float(np.quantile(ms, q)) for q in (0.5, 0.95, 0.99))
        told = {
            "requests": len(ms),
            "per_second": len(ms) / self.wall,
            "p50_ms": p50,
            "p95_ms": p95,
            "p99_ms": p99,
        }
        return {name: round(value, 3) for name, value in told.items()} | {"failed": self.failed}


class Caller(asyncio.Protocol):
    """One connection that asks one thing after the other."""

    def __init__(
        self, requests: Iterator[bytes], until: float, timed: Timed, done: "asyncio.Future[None]"
    ) -> None:
        self.requests, self.until, self.timed, self.done = requests, until, timed, done
        self.buffer, self.need, self.start = bytearray(), -1, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask first."""
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        """Ask, unless the time is over or there is nothing left to ask."""
        request = next(self.requests, None) if time.perf_counter() < self.until else None
        if request is None:
            self.transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self.buffer.clear()
        self.need, self.start = -1, time.perf_counter()
        self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Take an answer in, and ask again."""
        self.buffer += data
        if self.need < 0:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.buffer[:end]).lower()
            at = head.find(b"content-length:")
            self.need = end + 4 + (int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0)
        if len(self.buffer) >= self.need:
            self.timed.seconds.append(time.perf_counter() - self.start)
            self.timed.failed += self.buffer[9:10] != b"2"
            self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        if not self.done.done():
            self.timed.failed += 1
            self.done.set_result(None)


def post(port: int, path: str, body: object) -> bytes:
    """Return a request as it goes over the wire."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def load(port: int, requests: Callable[[], Iterator[bytes]], *, connections: int, seconds: float) -> Timed:
    """Ask for some seconds, or until nothing is left to ask, over so many connections."""

    async def run() -> Timed:
        loop, timed, start = asyncio.get_running_loop(), Timed(), time.perf_counter()
        shared = requests()
        waits = []
        for _ in range(connections):
            done: asyncio.Future[None] = loop.create_future()
            until = start + seconds
            await loop.create_connection(
                lambda done=done, until=until: Caller(shared, until, timed, done), "127.0.0.1", port
            )
            waits.append(done)
        await asyncio.gather(*waits)
        timed.wall = time.perf_counter() - start
        return timed

    return asyncio.run(run())
