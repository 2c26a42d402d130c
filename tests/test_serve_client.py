"""The client against a live server: typed answers, attempts again, each change done once."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import uvicorn

import served
import toy
from penchant.serve.app import make_app
from penchant.serve.client import AsyncClient, Client, ServiceError
from penchant.serve.settings import Settings
from source import SRC

ITEMS = [str(item) for item in toy.item_ids(toy.N_WARM)]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served.engine(tmp_path_factory.mktemp("client"), "minilm") as engine:
        config = uvicorn.Config(make_app(engine, Settings()), port=0, log_level="warning", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True
        thread.join()


def test_lists_events_and_reasons(url: str) -> None:
    with Client(url) as client:
        first = client.recommend(session="a", k=4)
        assert (len(first.items), first.fallback) == (4, "popularity")
        assert client.event(session="a", item=first.items[0].id, kind="like").accepted == 1
        then = client.recommend(session="a", k=4, explain=True)
        assert first.items[0].id not in [one.id for one in then.items]
        assert then.items[0].evidence[0].text
        why = client.explain(then.recommendation_id, then.items[0].id)
        assert why.exact and why.position == 1
        assert [one.id for one in client.similar(ITEMS[0], 3).items]
        assert client.rank(["mars", ITEMS[1]], user="120").unknown == ["mars"]
        told = client.ask(text="a loud battle of robots", k=2)
        assert told.understood and len(told.items) == 2
        assert client.ask(text="not the first one", conversation_id=told.conversation_id, k=2).items


def test_items_and_users(url: str) -> None:
    with Client(url) as client:
        odd = "a/b ?c"
        assert client.put_items({odd: {"title": "A loud battle", "x": 1}}).ignored_columns == ["x"]
        assert odd in {one.id for one in client.items(limit=7)}
        assert client.remove_items([odd]).accepted == 1
        assert odd not in {one.id for one in client.items()}
        assert client.put_users({"u": {"text": "likes robots"}}).accepted == 1
        assert client.user("u").text == "likes robots"
        client.consent("u", "none")
        assert client.user("u").consent == "none"
        assert client.forget("u")["removed_records"] >= 1
        with pytest.raises(ServiceError, match="no user") as told:
            client.user("u")
        assert told.value.status == 404 and told.value.request_id
        with pytest.raises(ServiceError, match="k:"):
            client.recommend(k=0)


def test_the_same_calls_to_await(url: str) -> None:
    async def calls() -> None:
        async with AsyncClient(url) as client:
            lists = await asyncio.gather(*(client.recommend(user=name, k=3) for name in ("120", "121")))
            assert lists[0].items != lists[1].items
            assert (await client.event(user="z", item=ITEMS[0])).accepted == 1
            assert (await client.user("z")).events_live == 1
            assert len([one async for one in client.items(limit=9)]) == toy.N_ITEMS

    asyncio.run(calls())


@contextmanager
def failing(statuses: list[int]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that answers with these statuses, 0: hangs up; then with success."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(dict(self.headers))
            status = statuses.pop(0) if statuses else 200
            if not status:
                self.connection.close()
                return
            body = b'{"accepted": 1}' if status == 200 else b'{"detail": "busy", "hint": "wait"}'
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


def test_what_can_pass_is_tried_again_with_the_same_key() -> None:
    with failing([503, 0, 429]) as (url, seen), Client(url, key="secret") as client:
        assert client.event(user="a", item="b").accepted == 1
        assert len(seen) == 4
        assert len({one["Idempotency-Key"] for one in seen}) == 1
        assert {one["X-API-Key"] for one in seen} == {"secret"}
        assert "secret" not in repr(client._sending)
    with failing([409]) as (url, seen), Client(url) as client:
        with pytest.raises(ServiceError, match="busy"):
            client.event(user="a", item="b")
        assert len(seen) == 1
    with Client("http://127.0.0.1:9", attempts=2) as client, pytest.raises(ServiceError, match="no answer"):
        client.recommend()


def test_the_client_needs_no_server_library() -> None:
    program = (
        "import sys; import penchant.serve.client;"
        " print({'fastapi', 'starlette', 'uvicorn', 'pydantic', 'orjson'} & set(sys.modules))"
    )
    command, own = [sys.executable, "-c", program], {"PYTHONPATH": str(SRC)}
    answer = subprocess.run(command, env=own, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"
