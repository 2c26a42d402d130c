"""Faults of every kind: no acknowledged event is lost, lists still come, nobody sees a status 5xx but 503."""

import json
import resource
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

import embeddings
import penchant
import served
import toy
from embeddings import Server
from penchant.language.remote import RemoteEncoder
from penchant.live.choose import open_journal
from penchant.live.engine import Engine
from penchant.live.patience import Breaker, Patient
from penchant.recommender import Recommender
from penchant.serve.app import make_app
from penchant.serve.settings import Settings
from serving import ENV, call, command, process

ITEMS = [str(item) for item in toy.item_ids(toy.N_WARM)]


def test_no_acknowledged_event_is_lost_by_a_kill_under_load(tmp_path: Path) -> None:
    acknowledged: list[tuple[str, float]] = []
    journal = tmp_path / "j.journal"

    def load(thread: int, url: str, ended: threading.Event) -> None:
        number = 0
        while not ended.is_set():
            number += 1
            user, value = f"u{thread}-{number // 50}", float(number)
            event = {"user": user, "item": ITEMS[number % len(ITEMS)], "value": value}
            try:
                if call(f"{url}/v1/events", event)[0] == 200:
                    acknowledged.append((user, value))
                if number % 5 == 0:
                    call(f"{url}/v1/recommend", {"user": user})
            except OSError:
                return

    with process(served.bundle(), journal) as (url, running):
        ended = threading.Event()
        threads = [threading.Thread(target=load, args=(n, url, ended)) for n in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(1.5)
        running.send_signal(signal.SIGKILL)
        ended.set()
        for thread in threads:
            thread.join()
    assert len(acknowledged) > 50
    with process(served.bundle(), journal) as (url, _):
        kept = {
            (user, one["value"])
            for user in {user for user, _ in acknowledged}
            for one in call(f"{url}/v1/users/{user}")[1]["latest"]
        }
    assert set(acknowledged) <= kept


def test_an_open_stream_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with (
        process(served.bundle(), tmp_path / "j.journal") as (url, running),
        urllib.request.urlopen(f"{url}/v1/admin/stream", timeout=5) as stream,
    ):
        assert stream.readline().startswith((b"id", b"event"))
        start = time.monotonic()
        running.send_signal(signal.SIGINT)
        assert running.wait(10) is not None
        assert time.monotonic() - start < 5


def test_a_full_disk_refuses_events_and_gives_lists_and_goes_on_with_room(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))

    with process(served.bundle(), tmp_path / "j.journal", limit) as (url, running):
        many = {"events": [{"user": "x", "item": ITEMS[0], "value": float(n)} for n in range(2_000)]}
        for _ in range(40):
            status, told = call(f"{url}/v1/events", many)
            if status != 200:
                break
        assert status == 503
        assert "room" in told["hint"]
        assert call(f"{url}/v1/recommend", {"user": "120"})[0] == 200
        assert call(f"{url}/readyz")[0] == 200
        room = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, room)
        assert call(f"{url}/v1/events", {"user": "y", "item": ITEMS[0]})[0] == 200
        assert call(f"{url}/v1/users/y")[1]["events_live"] == 1


def test_a_damaged_bundle_is_refused_at_the_start(tmp_path: Path) -> None:
    model = tmp_path / "MODEL"
    shutil.copytree(served.bundle(), model)
    victim = max(model.glob("versions/*/*.npy"), key=lambda path: path.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    answer = subprocess.run(
        command(model, tmp_path / "j.journal", 0), env=ENV, capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 2
    assert victim.name in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.fixture(scope="module")
def read_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Server]]:
    """A bundle whose texts were read by an endpoint, and the endpoint."""
    place = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch, embeddings.running() as server:
        patch.setenv("no_proxy", "*")
        embeddings.understand(server)
        data = penchant.read(toy.write_tables(place / "DIR"))[0]
        encoder = RemoteEncoder(server.url, "m", key=embeddings.KEY)
        Recommender.fit(data, language=encoder, effort="quick").save(place / "MODEL", served.END)
        yield place / "MODEL", server


def test_an_endpoint_that_hangs_or_is_dead_stops_no_list(
    read_elsewhere: tuple[Path, Server], tmp_path: Path
) -> None:
    model, server = read_elsewhere
    breaker = Breaker(wait=0.5, rest=1.0)

    def service() -> TestClient:
        encoder = Patient(RemoteEncoder(server.url, "m", key=embeddings.KEY, timeout=5, retries=0), breaker)
        journal = open_journal(str(tmp_path / "j.journal"))
        engine = Engine(model, journal, encoder=encoder, clock=served.Clock())
        return TestClient(make_app(engine, Settings()), raise_server_exceptions=False)

    def asked(client: TestClient, path: str = "recommend") -> tuple[float, Any]:
        start = time.monotonic()
        told = client.post(f"/v1/{path}", json={"text": "loud robots", "k": 3})
        assert told.status_code == 200, told.text
        return time.monotonic() - start, told.json()

    works, held = server.answer, threading.Event()
    with service() as client:
        assert "text_read" not in asked(client)[1]
        server.answer = lambda turn, told: (held.wait(5), works(turn, told))[1]
        took, told = asked(client)
        assert told["text_read"] is False
        assert told["items"]
        assert took < 2
        for path in ("recommend", "ask"):
            took, told = asked(client, path)
            assert told["text_read"] is False
            assert took < 1  # not waited for again
        for path, body in (
            ("items", {"items": [{"id": "new", "title": toy.WORDS[1]}]}),
            ("users", {"users": [{"id": "n", "text": toy.WORDS[1]}]}),
        ):
            assert client.post(f"/v1/{path}", json=body).status_code == 200
        assert client.post("/v1/recommend", json={"user": "n"}).status_code == 200
    server.answer = lambda turn, told: (500, {}, b"dead")
    with service() as client:  # what was posted is there after a start without the endpoint, too
        assert client.get("/v1/items/new").status_code == 200
        assert client.post("/v1/recommend", json={"user": "120"}).status_code == 200
        held.set()
        server.answer = works
        time.sleep(1.1)
        assert "text_read" not in asked(client)[1]
        assert "text_read" not in asked(client, "ask")[1]


def test_a_catalogue_emptied_while_serving_gives_empty_lists(tmp_path: Path) -> None:
    with served.client(tmp_path) as client:
        ids = [str(item) for item in toy.item_ids(toy.N_ITEMS)]
        assert client.request("DELETE", "/v1/items", json={"ids": ids}).status_code == 200
        assert client.post("/v1/recommend", json={"user": "120"}).json()["items"] == []
        assert client.post("/v1/rank", json={"candidates": ids[:3]}).json()["items"] == []
        assert client.post("/v1/ask", json={"text": "a loud battle"}).json()["items"] == []
        assert client.get("/v1/items").json()["items"] == []
        assert client.get("/api/latest").json() == []
        assert client.get(f"/v1/similar/{ids[0]}").status_code < 500
        again = {"items": [{"id": ids[0], "title": "A quiet friendship"}]}
        assert client.post("/v1/items", json=again).status_code == 200
        assert [one["id"] for one in client.post("/v1/recommend", json={}).json()["items"]] == ids[:1]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/items", b'{"items": [{"id": "z", "x": [%s]}]}'),
        ("POST", "/v1/users", b'{"users": [{"id": "z", "x": {"y": %s}}]}'),
        ("PUT", "/v1/rules/z", b'{"kind": "scenario", "scenario": "z", "defaults": {"k": %s}}'),
        ("POST", "/api/item", b'{"ItemId": "z", "Labels": %s}'),
        ("POST", "/v1/ask", b'{"wanted": {"text": %s}}'),
    ],
)
@pytest.mark.parametrize(
    "value", [b"9" * 40, b"[" * 100 + b"]" * 100, b"NaN", b'"\\ud800"', b'{"\\u0000": 1}']
)
def test_values_that_could_not_be_given_back_are_refused(
    client: TestClient, method: str, path: str, body: bytes, value: bytes
) -> None:
    told = client.request(method, path, content=body % value, headers={"Content-Type": "application/json"})
    assert told.status_code == 422, told.text


@pytest.fixture(scope="module")
def client(
    read_elsewhere: tuple[Path, Server], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    model, server = read_elsewhere
    journal = open_journal(str(tmp_path_factory.mktemp("malformed") / "j.journal"))
    encoder = RemoteEncoder(server.url, "m", key=embeddings.KEY, retries=0)
    app = make_app(Engine(model, journal, encoder=encoder, clock=served.Clock()), Settings())
    with TestClient(app, raise_server_exceptions=False) as opened:
        yield opened


def fine(status: int) -> bool:
    return status < 500 or status == 503


ROUTES = [
    (method, path)
    for path in (
        "/v1/recommend", "/v1/rank", "/v1/ask", "/v1/events", "/v1/items", "/v1/users", "/v1/rules/r",
        "/v1/users/x/consent", "/api/feedback", "/api/items", "/api/item", "/api/users",
        "/api/session/recommend", "/recommendations", "/personalize-ranking", "/events", "/items", "/users",
    )
    for method in ("POST", "PUT", "PATCH", "DELETE")
]  # fmt: skip
OWN = (
    "user",
    "session",
    "item",
    "items",
    "k",
    "text",
    "id",
    "events",
    "history",
    "filter",
    "column",
    "tokens",
)
OWN_TOO = ("low", "candidates", "wanted", "users", "kind", "time", "title")
OTHERS = (
    "UserId",
    "ItemId",
    "FeedbackType",
    "Timestamp",
    "Labels",
    "userId",
    "eventList",
    "inputList",
    "itemId",
)
WORDS = st.sampled_from((*OWN, *OWN_TOO, *OTHERS, "eventType", "itemId", "properties", "sentAt"))
NAMES = WORDS | st.text(max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(ITEMS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
BODIES = st.binary(max_size=60) | VALUES.map(lambda one: json.dumps(one).encode())


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(route=st.sampled_from(ROUTES), body=BODIES)
def test_any_bytes_are_answered(client: TestClient, route: tuple[str, str], body: bytes) -> None:
    method, path = route
    told = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
    assert fine(told.status_code), (route, body, told.text)


PLACES = (
    "/v1/items/{}", "/v1/similar/{}", "/v1/explain/{}/{}", "/v1/users/{}", "/v1/items?cursor={}", "/{}",
    "/v1/rules/log?after={}", "/api/recommend/{}?n={}", "/api/item/{}", "/api/latest?offset={}",
    "/v1/similar/1?k={}",
)  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.sampled_from(PLACES),
    part=st.text(max_size=12) | st.integers().map(str) | st.sampled_from(ITEMS),
)  # fmt: skip
def test_any_path_is_answered(client: TestClient, place: str, part: str) -> None:
    quoted = urllib.parse.quote(part.encode("utf-8", "surrogatepass"), safe="")
    told = client.get(place.replace("{}", quoted))
    assert fine(told.status_code), (place, part, told.text)


ENDLESS = ("/stream", "/v1/refresh")
"""An event stream, and what starts a fit in another process."""


def test_requests_made_from_the_document_are_answered(client: TestClient) -> None:
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    found: list[Any] = list(schema.get_all_operations())
    operations = [one.ok() for one in found if not one.ok().path.endswith(ENDLESS)]
    assert len(operations) > 15
    sent_in_all = 0

    for operation in operations:

        @settings(max_examples=15, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def answered(case: Any) -> None:
            nonlocal sent_in_all
            sent = case.as_transport_kwargs(base_url="http://testserver")
            sent.pop("cookies", None)
            try:
                told = client.request(**sent)
            except (ValueError, TypeError):  # what the library cannot even send
                return
            sent_in_all += 1
            assert fine(told.status_code), (case.method, case.path, told.text)

        answered()
    assert sent_in_all > 100
