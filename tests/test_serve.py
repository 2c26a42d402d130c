"""The service over HTTP: what callers may send, what they get, and what is refused in which words."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import served
import toy
from penchant.errors import SettingError
from penchant.serve.settings import Key, KeyFile, Settings

ITEMS = [str(item) for item in toy.item_ids(toy.N_WARM)]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with served.client(tmp_path) as opened:
        yield opened


@pytest.fixture
def worded(tmp_path: Path) -> Iterator[TestClient]:
    with served.client(tmp_path, "minilm") as opened:
        yield opened


def ids(answer: Any) -> list[str]:
    return [one["id"] for one in answer.json()["items"]]


def test_a_list_with_reasons_and_what_it_rests_on(client: TestClient) -> None:
    told = client.post("/v1/recommend", json={"user": "120", "k": 4, "explain": True})
    assert told.status_code == 200
    found = told.json()
    assert len(found["items"]) == len(found["propensities"]) == 4
    assert set(found["propensities"]) == {1.0}
    assert found["policy"] == "ranking"
    assert found["fallback"] is None
    first = found["items"][0]
    assert sum(one["share"] for one in first["evidence"]) == pytest.approx(first["score"], abs=1e-3)
    assert first["properties"]["title"]
    why = client.get(f"/v1/explain/{found['recommendation_id']}/{first['id']}").json()
    assert why["exact"]
    assert why["score"] == pytest.approx(first["score"], abs=1e-4)
    assert client.post("/v1/recommend", json={"user": "nobody"}).json()["fallback"] == "popularity"


def test_an_event_changes_the_very_next_list(client: TestClient) -> None:
    before = ids(client.post("/v1/recommend", json={"session": "s", "k": 5}))
    done = client.post("/v1/events", json={"session": "s", "item": before[0], "kind": "like"})
    assert done.json() == {"accepted": 1}
    assert before[0] not in ids(client.post("/v1/recommend", json={"session": "s", "k": 5}))


def test_bulk_events_are_kept_together_or_not_at_all(client: TestClient) -> None:
    good = [{"user": "x", "item": item} for item in ITEMS[:3]]
    assert client.post("/v1/events", json={"events": good}).json() == {"accepted": 3}
    bad = client.post("/v1/events", json={"events": [*good, {"user": "x", "item": 7}]})
    assert bad.status_code == 422
    assert bad.headers["content-type"] == "application/problem+json"
    assert "events.3.item" in bad.json()["detail"]
    assert client.get("/v1/users/x").json()["events_live"] == 3
    unknown = client.post("/v1/events", json={"user": "x", "item": "mars"}).json()
    assert unknown == {"accepted": 1, "unknown_items": ["mars"]}


def test_an_idempotency_key_does_a_thing_once(client: TestClient) -> None:
    headers, event = {"Idempotency-Key": "k1"}, {"user": "x", "item": ITEMS[0]}
    first = client.post("/v1/events", json=event, headers=headers)
    again = client.post("/v1/events", json=event, headers=headers)
    assert first.json() == again.json()
    assert again.headers["idempotent-replay"] == "true"
    assert client.get("/v1/users/x").json()["events_live"] == 1
    other = client.post("/v1/events", json={"user": "y", "item": ITEMS[0]}, headers=headers)
    assert other.status_code == 409


def test_items_come_change_and_go(worded: TestClient) -> None:
    put = worded.post("/v1/items", json={"items": [{"id": "n1", "title": toy.WORDS[1], "colour": "red"}]})
    assert put.json() == {"accepted": 1, "ignored_columns": ["colour"]}
    assert worded.get("/v1/items/n1").json()["properties"]["title"] == toy.WORDS[1]
    assert "n1" in ids(worded.post("/v1/recommend", json={"user": "121", "k": 50}))
    worded.patch("/v1/items", json={"items": [{"id": "n1", "colour": "blue"}]})
    told = worded.get("/v1/items/n1").json()["properties"]
    assert (told["colour"], told["title"]) == ("blue", toy.WORDS[1])
    assert worded.patch("/v1/items", json={"items": [{"id": "n2", "colour": "b"}]}).status_code == 404
    worded.request("DELETE", "/v1/items", json={"ids": ["n1"]})
    assert worded.get("/v1/items/n1").status_code == 404
    assert "n1" not in ids(worded.post("/v1/recommend", json={"user": "121", "k": 50}))


def test_the_catalogue_is_paged_without_gaps(client: TestClient) -> None:
    found, cursor = [], ""
    while True:
        page = client.get("/v1/items", params={"limit": 7, "cursor": cursor}).json()
        found += [one["id"] for one in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert sorted(found) == sorted(str(item) for item in toy.item_ids(toy.N_ITEMS))
    assert client.get("/v1/items", params={"cursor": "%%%"}).status_code == 422


def test_similar_and_rank(client: TestClient) -> None:
    near = ids(client.get(f"/v1/similar/{ITEMS[0]}?k=5"))
    assert ITEMS[0] not in near
    assert client.get("/v1/similar/nothing").status_code == 404
    own = [ITEMS[3], ITEMS[1], "unknown"]
    ranked = client.post("/v1/rank", json={"session": "new", "candidates": own})
    assert sorted(ids(ranked)) == sorted(own[:2])
    assert ranked.json()["unknown"] == ["unknown"]
    assert client.post("/v1/rank", json={"session": "new", "candidates": ["?"]}).status_code == 404


def test_a_drawn_list_says_how_likely_it_was(client: TestClient) -> None:
    asked = {"user": "120", "k": 5, "explore": 1.0, "seed": 3}
    one, two = (client.post("/v1/recommend", json=asked).json() for _ in range(2))
    assert [item["id"] for item in one["items"]] == [item["id"] for item in two["items"]]
    assert one["policy"] == "plackett-luce"
    assert all(0 < chance < 1 for chance in one["propensities"])


def test_requests_in_words_over_several_turns(worded: TestClient) -> None:
    first = worded.post("/v1/ask", json={"text": "a loud battle of robots", "k": 3}).json()
    assert first["understood"]
    assert first["items"]
    shown = [one["id"] for one in first["items"]]
    talk = {"conversation_id": first["conversation_id"], "text": "not the first one", "k": 3}
    then = worded.post("/v1/ask", json=talk).json()
    assert shown[0] not in [one["id"] for one in then["items"]]
    edited = worded.post("/v1/ask", json={"wanted": {"text": "a quiet drama"}, "k": 3}).json()
    assert edited["wanted"]["text"] == "a quiet drama"
    assert worded.post("/v1/ask", json={"text": "  "}).status_code == 422


def test_people_are_known_forgotten_and_asked_for_consent(client: TestClient) -> None:
    assert client.get("/v1/users/x").status_code == 404
    client.post("/v1/users", json={"users": [{"id": "x", "age": 30, "text": "likes robots"}]})
    client.post("/v1/events", json={"user": "x", "item": ITEMS[0]})
    told = client.get("/v1/users/x").json()
    assert told["text"] == "likes robots"
    assert client.put("/v1/users/x/consent", json={"consent": "none"}).status_code == 200
    assert client.put("/v1/users/x/consent", json={"consent": "some"}).status_code == 422
    removed = client.delete("/v1/users/x").json()
    assert removed["removed_records"] >= 2
    assert client.get("/v1/users/x").status_code == 404
    assert client.delete("/v1/users/120").json()["in_bundle"]


def test_rules_have_a_log(client: TestClient) -> None:
    first = ids(client.post("/v1/recommend", json={"user": "120"}))[0]
    client.put("/v1/rules/r1", json={"kind": "block", "items": [first]})
    assert first not in ids(client.post("/v1/recommend", json={"user": "120"}))
    assert client.get("/v1/rules").json()["rules"][0]["id"] == "r1"
    client.delete("/v1/rules/r1")
    assert ids(client.post("/v1/recommend", json={"user": "120"}))[0] == first
    log = client.get("/v1/rules/log").json()["log"]
    assert [one["action"] for one in log] == ["put", "delete"]
    assert log[0]["by"] == "local"
    client.put("/v1/rules/home", json={"kind": "scenario", "scenario": "home", "defaults": {"k": 2}})
    assert len(ids(client.post("/v1/recommend", json={"user": "120", "scenario": "home"}))) == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 200), (b"{", 422), (b"[]", 422), (b'{"k": 0}', 422), (b'{"k": "5"}', 422), (b'{"kk": 5}', 422),
        (b'{"user": ""}', 422), (b'{"user": "\\u0000"}', 422), (b'{"diversity": NaN}', 422),
        (b'{"filter": [{"column": "x", "low": 1}]}', 422), (b'{"user": "\\ud800"}', 422), (b"\xff\xfe", 422),
        (b'{"history": ["100", {"item": "101", "kind": "view"}]}', 200),
        (b'{"boost": [{"times": 0, "items": ["1"]}]}', 422), (b'{"candidates": []}', 404),
    ],
)  # fmt: skip
def test_bodies_are_read_strictly(client: TestClient, body: bytes, status: int) -> None:
    told = client.post("/v1/recommend", content=body, headers={"Content-Type": "application/json"})
    assert told.status_code == status, told.text
    if status != 200:
        assert told.json()["status"] == status
        assert told.json()["detail"]


def test_answers_carry_an_id_and_careful_headers(client: TestClient) -> None:
    told = client.get("/healthz", headers={"X-Request-ID": "mine"})
    assert told.headers["x-request-id"] == "mine"
    assert told.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in told.headers["content-security-policy"]
    assert len(client.get("/healthz", headers={"X-Request-ID": "x" * 500}).headers["x-request-id"]) == 32
    assert client.get("/readyz").json()["status"] == "ready"
    assert "penchant_requests_total" in client.get("/metrics").text
    assert client.get("/v1/nothing").status_code == 404
    assert client.get("/v1/nothing").headers["content-type"] == "application/problem+json"
    assert client.get("/openapi.json").json()["paths"]["/v1/recommend"]["post"]["requestBody"]
    assert "access-control-allow-origin" not in client.get("/healthz", headers={"Origin": "http://a"}).headers


def test_long_answers_are_packed(client: TestClient) -> None:
    told = client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert told.headers.get("content-encoding") == "gzip"


def key(secret: str, role: Any, per_minute: int = 0) -> Key:
    return Key(role, role, sha256(secret.encode()).digest(), per_minute)


def test_roles_may_do_what_they_are_for_and_nothing_else(tmp_path: Path) -> None:
    keys = tuple(key(f"{role}-secret-of-16", role) for role in ("browser", "read", "write", "admin"))
    salt = b"some salt of sixteen"
    with served.client(tmp_path, keys=keys, salt=salt) as client:

        def call(role: str, method: str, path: str, body: Any = None) -> int:
            headers = {"Authorization": f"Bearer {role}-secret-of-16"}
            return client.request(method, path, json=body, headers=headers).status_code

        assert client.post("/v1/recommend", json={"user": "120"}).status_code == 401
        assert client.get("/healthz").status_code == 200
        assert call("wrong", "GET", "/v1/items") == 401
        hashed = Settings(salt=salt).hashed("120")
        event = {"user": "120", "item": ITEMS[0]}
        rule = {"kind": "block", "items": [ITEMS[0]]}
        for role, path, method, body, status in (
            ("browser", "/v1/recommend", "POST", {"user": "120"}, 403),
            ("browser", "/v1/recommend", "POST", {"user": hashed}, 200),
            ("browser", "/v1/events", "POST", {**event, "user": hashed}, 200),
            ("browser", "/v1/items", "GET", None, 403),
            ("read", "/v1/recommend", "POST", {"user": "120"}, 200),
            ("read", "/v1/events", "POST", event, 403),
            ("write", "/v1/events", "POST", event, 200),
            ("write", "/v1/rules/r", "PUT", rule, 403),
            ("admin", "/v1/rules/r", "PUT", rule, 200),
        ):
            assert call(role, method, path, body) == status, (role, path)
        own = client.post(
            "/v1/recommend", json={"user": hashed}, headers={"X-API-Key": "browser-secret-of-16"}
        )
        plain = client.post("/v1/recommend", json={"user": "120"}, headers={"X-API-Key": "read-secret-of-16"})
        assert ids(own) == ids(plain)


def test_limits_hold(tmp_path: Path) -> None:
    with served.client(tmp_path, largest=2_000, per_minute=5) as client:
        big = {"exclude": ["x" * 50] * 100}
        assert client.post("/v1/recommend", json=big).status_code == 413
        codes = [client.get("/healthz").status_code for _ in range(8)]
        assert codes[0] == 200
        assert codes[-1] == 429


def test_only_this_machine_without_keys(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="--host"):
        Settings(host="0.0.0.0").checked()
    assert Settings(host="::1").checked()
    with served.client(tmp_path) as client:
        evil = {"Origin": "http://evil.example"}
        assert client.post("/v1/recommend", json={}, headers=evil).status_code == 403
        assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    "text",
    ["", "{}", '{"keys": []}', '{"keys": [{"key": "short", "role": "read"}]}', '{"keys": [{"key": 1}]}',
     '{"keys": [{"key": "0123456789abcdef", "role": "king"}]}',
     '{"keys": [{"key": "0123456789abcdef", "role": "browser"}]}'],
)  # fmt: skip
def test_key_files_that_cannot_be_meant_are_refused_without_their_secrets(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys.json").write_text(text)
    with pytest.raises(SettingError) as told:
        KeyFile.read(tmp_path / "keys.json")
    assert "0123456789abcdef" not in str(told.value)
