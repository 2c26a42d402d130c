"""Clients of Gorse and of Amazon Personalize get what they are used to, or clear words."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

import served
import toy
from penchant.serve.foreign import moment
from penchant.serve.problems import Problem
from source import ROOT

ITEMS = [str(item) for item in toy.item_ids(toy.N_WARM)]
ALL = {str(item) for item in toy.item_ids(toy.N_ITEMS)}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with served.client(tmp_path) as opened:
        yield opened


def feedback(user: str, item: str, kind: str = "like", **more: Any) -> dict[str, Any]:
    return {"FeedbackType": kind, "UserId": user, "ItemId": item, **more}


def test_gorse_feedback_changes_the_next_list(client: TestClient) -> None:
    before = client.get("/api/recommend/new?n=5").json()
    told = [feedback("new", before[0], Timestamp="2024-05-31T12:00:00Z", Value=2.0, Comment="nice")]
    done = client.post("/api/feedback", json=told)
    assert done.json() == {"RowAffected": 1, "IgnoredComments": 1}
    after = client.get("/api/recommend/new", params={"n": 5}, headers={"X-API-Version": "2"}).json()
    assert before[0] not in [one["Id"] for one in after]
    assert [one["Score"] for one in after] == sorted((one["Score"] for one in after), reverse=True)
    kept = client.get("/api/user/new/feedback/like").json()
    assert [(one["ItemId"], one["Value"], one["Timestamp"][:16]) for one in kept] == [
        (before[0], 2.0, "2024-05-31T12:00")
    ]
    assert client.post("/api/feedback", json=[]).json() == {"RowAffected": 0}


@pytest.mark.parametrize(
    "body",
    [{}, [{}], [feedback("x", "1", Timestamp="yesterday")], [feedback("x", "1", Value="2")],
     [feedback("x", "1", Mood=1)], [{"FeedbackType": "like", "ItemId": "1"}], [feedback("", "1")]],
)  # fmt: skip
def test_gorse_feedback_that_cannot_be_meant_is_refused(client: TestClient, body: Any) -> None:
    told = client.put("/api/feedback", json=body)
    assert told.status_code == 422
    assert told.json()["detail"]


def test_gorse_pages_reach_on_and_write_back(client: TestClient) -> None:
    whole = client.get("/api/recommend/120?n=6").json()
    assert client.get("/api/recommend/120?n=3&offset=3").json() == whole[3:]
    shown = client.get("/api/recommend/120?n=3&write-back-type=read").json()
    assert shown == whole[:3]
    assert not set(shown) & set(client.get("/api/recommend/120?n=6").json())
    assert client.get("/v1/users/120").json()["events_live"] == 3
    late = client.get("/api/recommend/120?write-back-type=read&write-back-delay=10m")
    assert late.status_code == 422
    assert client.get("/api/recommend/120?n=0").status_code == 422


def test_gorse_items_and_users(client: TestClient) -> None:
    item = {
        "ItemId": "g1", "IsHidden": True, "Categories": [], "Timestamp": "2024-01-01T00:00:00Z",
        "Labels": {"colour": "red"}, "Comment": "A loud battle",
    }  # fmt: skip
    assert client.post("/api/item", json=item).json() == {"RowAffected": 1}
    told = client.get("/api/item/g1").json()
    assert (told["ItemId"], told["IsHidden"], told["Comment"]) == ("g1", True, "A loud battle")
    assert told["Labels"]["colour"] == "red"
    assert told["Timestamp"] == "2024-01-01T00:00:00.000Z"
    assert "g1" not in client.get("/api/recommend/121?n=100").json()
    assert client.patch("/api/item/g1", json={"IsHidden": False}).json() == {"RowAffected": 1}
    assert "g1" in client.get("/api/recommend/121?n=100").json()
    assert client.get("/api/item/g1").json()["Labels"]["colour"] == "red"
    assert client.get("/api/latest?n=1").json()[0]["Id"] == "g1"
    assert client.delete("/api/item/g1").json() == {"RowAffected": 1}
    assert client.get("/api/item/g1").status_code == 404
    user = {"UserId": "u1", "Labels": {"age": 30}, "Comment": "a guest"}
    assert client.post("/api/users", json=[user]).json() == {"RowAffected": 1}
    assert client.patch("/api/user/u1", json={"Labels": {"town": "X"}}).json() == {"RowAffected": 1}
    told = client.get("/api/user/u1").json()
    assert (told["Labels"], told["Comment"]) == ({"age": 30, "town": "X"}, "a guest")
    assert client.delete("/api/user/u1").json()["RowAffected"] >= 1
    assert client.get("/api/user/u1").status_code == 404


def test_gorse_pages_of_items_have_no_gaps(client: TestClient) -> None:
    found, cursor = [], ""
    while True:
        page = client.get("/api/items", params={"n": 7, "cursor": cursor}).json()
        found += [one["ItemId"] for one in page["Items"]]
        cursor = page["Cursor"]
        if not cursor:
            break
    assert sorted(found) == sorted(ALL)


def test_gorse_other_lists(client: TestClient) -> None:
    asked = [{"FeedbackType": "read", "ItemId": ITEMS[0]}]
    session = client.post("/api/session/recommend?n=4", json=asked).json()
    assert ITEMS[0] not in [one["Id"] for one in session]
    assert sum(int(one["Id"]) % 2 == int(ITEMS[0]) % 2 for one in session) >= 3
    near = client.get(f"/api/item-to-item/neighbors/{ITEMS[0]}?n=3").json()
    assert len(near) == 3 and ITEMS[0] not in [one["Id"] for one in near]
    assert near == client.get(f"/api/item/{ITEMS[0]}/neighbors?n=3").json()
    assert client.get("/api/item-to-item/neighbors/nothing").status_code == 404
    assert len(client.get("/api/non-personalized/most_starred?n=3").json()) == 3
    latest = client.get("/api/latest?n=50").json()
    assert [one["Score"] for one in latest] == sorted((one["Score"] for one in latest), reverse=True)
    for path in ("live", "ready"):
        assert client.get(f"/api/health/{path}").json()["Ready"]


def test_personalize_lists_and_ranking(client: TestClient) -> None:
    asked = {"campaignArn": "arn:aws:personalize:r:1:campaign/c", "userId": "120", "numResults": 4}
    found = client.post("/recommendations", json={**asked, "metadataColumns": {"ITEMS": ["TITLE"]}}).json()
    ours = client.post("/v1/recommend", json={"user": "120", "k": 4}).json()
    assert [one["itemId"] for one in found["itemList"]] == [one["id"] for one in ours["items"]]
    assert all(one["metadata"]["title"] for one in found["itemList"])
    first = found["itemList"][0]["itemId"]
    assert client.get(f"/v1/explain/{found['recommendationId']}/{first}").status_code == 200
    near = client.post("/recommendations", json={"itemId": ITEMS[0], "numResults": 3}).json()["itemList"]
    assert ITEMS[0] not in [one["itemId"] for one in near]
    inside = [*ITEMS[:4], "mars"]
    ranked = client.post("/personalize-ranking", json={"userId": "120", "inputList": inside}).json()
    order = [one["itemId"] for one in ranked["personalizedRanking"]]
    assert sorted(order) == sorted(inside)
    assert order[-1] == "mars"


def test_personalize_filters_are_scenarios_or_refused_with_the_way_out(client: TestClient) -> None:
    asked = {"userId": "120", "filterArn": "arn:aws:personalize:r:1:filter/home"}
    told = client.post("/recommendations", json=asked)
    assert told.status_code == 422
    assert "scenario" in told.json()["hint"]
    client.put("/v1/rules/r", json={"kind": "scenario", "scenario": "home", "defaults": {"diversity": 0.5}})
    assert client.post("/recommendations", json=asked).status_code == 200
    for wrong in (
        {"filterValues": {"a": "b"}},
        {"context": {"device": "tv"}},
        {"promotions": [{"name": "x"}]},
    ):
        assert client.post("/recommendations", json={**asked, **wrong}).status_code == 422
    assert client.post("/recommendations", json={"numResults": 3}).status_code == 422


def test_personalize_events_items_and_users(client: TestClient) -> None:
    event = {"eventType": "click", "itemId": ITEMS[0], "sentAt": 1_717_156_800, "impression": [ITEMS[0]]}
    old = {
        "eventType": "rate",
        "sentAt": 1_717_156_801,
        "properties": json.dumps({"itemId": ITEMS[1], "eventValue": 4}),
    }
    sent = {"trackingId": "t", "userId": "a", "sessionId": "s", "eventList": [event, old]}
    assert client.post("/events", json=sent).json() == {"accepted": 2, "ignored_impressions": 1}
    latest = client.get("/v1/users/a").json()["latest"]
    assert [(one["item"], one["kind"], one["value"]) for one in latest] == [
        (ITEMS[0], "click", None), (ITEMS[1], "rate", 4.0),
    ]  # fmt: skip
    bad = {**sent, "eventList": [{"eventType": "click", "sentAt": 1}]}
    assert client.post("/events", json=bad).status_code == 422
    assert client.post("/events", json={"eventList": [event]}).status_code == 422
    items = {"items": [{"itemId": "p1", "properties": json.dumps({"TITLE": "A loud battle", "price": 3})}]}
    assert client.post("/items", json=items).json() == {"accepted": 1, "ignored_columns": ["price"]}
    assert client.get("/v1/items/p1").json()["properties"]["title"] == "A loud battle"
    for wrong in ("no", "[]", "[" * 2_000, json.dumps({"x": "\ud800"}), '{"x": NaN}'):
        told = client.post("/items", json={"items": [{"itemId": "p", "properties": wrong}]})
        assert told.status_code == 422, wrong
    users = {"users": [{"userId": "b", "properties": json.dumps({"age": 3})}]}
    assert client.post("/users", json=users).json() == {"accepted": 1}
    assert client.get("/v1/users/b").json()["properties"]["age"] == 3


def test_the_examples_of_the_page_work_in_their_order(client: TestClient) -> None:
    page = (ROOT / "docs/serve.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("curl ")]
    assert len(lines) > 15
    for line in lines:
        words = shlex.split(line)[1:]
        told: dict[str, str] = {}
        headers = {}
        while words:
            word = words.pop(0)
            if word == "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            else:
                told[word if word.startswith("-") else "url"] = words.pop(0) if word.startswith("-") else word
        path = told["url"].removeprefix("http://127.0.0.1:8000")
        content = told.get("-d", "").encode()
        method = told.get("-X", "POST" if content else "GET")
        answer = client.request(method, path, content=content, headers=headers)
        assert answer.status_code == 200, (line, answer.text)
        assert answer.json() not in ([], {}), line


@given(st.text(max_size=30))
def test_moments_are_read_or_refused(told: str) -> None:
    try:
        assert 0 <= moment(told, 5.0) <= 4_102_444_800
    except Problem as problem:
        assert problem.status == 422
