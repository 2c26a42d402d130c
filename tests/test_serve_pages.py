"""What the pages ask the service for, and what they say: the same in both languages, nothing of it silent."""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

import served
import toy
from browsed import bundle, catalogue
from penchant.evaluate.statistics import Interval
from penchant.explain.wording_en import SAID, SOURCES
from penchant.live.asked import Asked
from penchant.live.choose import open_journal
from penchant.live.effect import compared, effect, variety
from penchant.live.engine import Engine
from penchant.live.newest import decided
from penchant.live.records import Act, Change, Shown
from penchant.live.refresh import STEPS
from penchant.serve.app import make_app
from penchant.serve.overseeing import AT_ONCE, line, records
from penchant.serve.pages import LANGUAGES, PAGE, preferred, words
from penchant.serve.settings import Key, Settings
from penchant.serve.tally import Tally, wilson
from penchant.serve.traffic import BUCKETS, STEP, Traffic

ITEMS = [str(item) for item in toy.item_ids(toy.N_ITEMS)]


def scripts() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((PAGE / "static").glob("*.js")))


def templates() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((PAGE / "templates").glob("*.html")))


def test_both_languages_say_the_same_things() -> None:
    told = {lang: words(lang) for lang in LANGUAGES}
    assert told["en"].keys() == told["zh"].keys()
    for key, text in told["en"].items():
        holes = [sorted(re.findall(r"\{\w+\}", one[key])) for one in told.values()]
        assert holes[0] == holes[1], key
        assert text.strip()


def test_every_word_of_the_pages_is_there_and_is_used() -> None:
    asked = set(re.findall(r"\bt\(\s*\"([^\"]+)\"", scripts())) | set(re.findall(r"\bt\.(\w+)", templates()))
    known = set(words("en"))
    assert not asked - known
    everything = scripts() + templates()
    families = ("source_", "text_", "policy_", "cat_", "consent_", "fallback_", "rule_", "resting_", "kpi_")
    silent = {key for key in known if key not in everything and not key.startswith(families)}
    made = {f"{act}_this" for act in ("like", "dislike", "more", "why")} | {"chip_low", "chip_high"}
    assert not silent - made, silent - made


def test_every_reason_can_be_said_in_both_languages() -> None:
    for lang in LANGUAGES:
        for source, text in SOURCES.items():
            assert f"text_{text}" in words(lang)
            assert source == "had" or f"source_{source}" in words(lang)
    # what the page reads of evidence, as the room explain writes it
    assert SAID["met"] + SAID["title"] == "you had “{title}”"
    assert SAID["rest"] == "{n} more of the history"


def test_every_step_and_verdict_of_a_refresh_can_be_said() -> None:
    script = (PAGE / "static" / "refreshes.js").read_text(encoding="utf-8")
    assert all(f'"{step}": "step_' in script for step in STEPS)
    for mean, low, high in ((1, 0.5, 2), (0, -0.001, 1), (0.1, -0.2, 1), (-0.1, -0.2, 1), (-1, -2, -0.5)):
        intervals = [Interval(0.5, 0.4, 0.6)] * 4 + [Interval(mean, low, high)] * 2
        verdict = decided(intervals, 40, 40).why.partition(":")[0]
        assert f'"{verdict}": "verdict_' in script, verdict


def test_data_never_becomes_markup_and_nothing_comes_from_elsewhere() -> None:
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(\"style"
    )
    assert not re.findall(forbidden, scripts())
    assert not re.findall(r"\|\s*safe|<script>[^<]|\son\w+=|\sstyle=", templates())
    styles = "\n".join(path.read_text(encoding="utf-8") for path in (PAGE / "static").glob("*.css"))
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"')]*", templates() + scripts() + styles)
    assert set(addresses) <= {"http://www.w3.org/2000/svg"}


@given(st.text(max_size=200))
def test_any_accept_language_header_gives_a_language(header: str) -> None:
    assert preferred(header) in LANGUAGES


def test_pages_are_shells_that_need_no_key_and_hold_no_data(tmp_path: Path) -> None:
    key = Key("k", "read", sha256(b"a-key-of-16-letters").digest())
    with served.client(tmp_path, keys=(key,)) as client:
        for path in ("/", "/admin"):
            page = client.get(path, headers={"Accept-Language": "zh"})
            assert page.status_code == 200
            assert 'lang="zh-CN"' in page.text
            assert "script-src 'self'" in page.headers["content-security-policy"]
            assert toy.WORDS[0] not in page.text
        chosen = client.get("/?lang=en", headers={"Accept-Language": "zh"})
        assert 'lang="en"' in chosen.text and "httponly" in chosen.headers["set-cookie"].lower()
        assert client.get("/?lang=<script>").status_code == 200
        assert client.get("/static/page.js").status_code == 200
        assert client.get("/static/../pages.py").status_code in (401, 404)
        for path in ("/v1/about", "/v1/users", "/v1/history", "/v1/admin/summary"):
            assert client.get(path).status_code == 401
        allowed = {"X-API-Key": "a-key-of-16-letters"}
        assert client.get("/v1/about", headers=allowed).status_code == 200
        assert client.get("/v1/admin/summary", headers=allowed).status_code == 403
        assert client.get("/v1/admin/stream", headers=allowed).status_code == 403


def test_what_is_served_who_there_is_and_what_they_did(tmp_path: Path) -> None:
    with served.client(tmp_path) as client:
        about = client.get("/v1/about").json()
        assert (about["items"], about["users"]) == (toy.N_ITEMS, toy.N_USERS)
        assert about["ask"] and about["described"] and not about["vectors"] and not about["help_desk"]
        events = [one["events"] for one in about["examples"]]
        assert events == sorted(events) and len(events) >= 2
        assert {one["id"] for one in client.get("/v1/users?q=13").json()["users"]} == {
            str(n) for n in range(130, 140)
        }
        assert len(client.get("/v1/users?limit=3").json()["users"]) == 3
        before = client.get("/v1/history?user=120&limit=2").json()
        client.post("/v1/events", json={"user": "120", "item": ITEMS[1], "kind": "dislike"})
        after = client.get("/v1/history?user=120&limit=2").json()
        assert after["total"] == before["total"] + 1
        assert after["items"][0]["id"] == ITEMS[1] and after["items"][0]["weight"] < 0
        assert after["person"]["events_live"] == 1
        assert client.get("/v1/history?user=nobody").json() == {"items": [], "total": 0, "person": None}
        client.put("/v1/users/120/consent", json={"consent": "none"})
        assert client.get("/v1/history?user=120").json()["items"] == []


@pytest.fixture(scope="module")
def worded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine whose items have text vectors, learned from their texts alone."""
    place = tmp_path_factory.mktemp("worded")
    model = bundle(place / "worded", items=catalogue(), interactions=toy.tables()["interactions"])
    made = Engine(model, open_journal(str(place / "j.journal")))
    yield made
    made.close()


def test_measures_tell_what_diversity_costs(worded: Engine) -> None:
    client = TestClient(make_app(worded, Settings()))  # not entered: the engine stays open
    ask: dict[str, Any] = {"user": "120", "k": 6, "measures": True}
    plain = client.post("/v1/recommend", json=ask).json()["measures"]
    assert plain["relevance"] == 1.0 and plain["variety"] == plain["variety_plain"]
    wide = client.post("/v1/recommend", json=ask | {"diversity": 1.0}).json()["measures"]
    assert wide["relevance"] < 1.0 and wide["variety_plain"] == pytest.approx(plain["variety"])
    assert "measures" not in client.post("/v1/recommend", json={"user": "120"}).json()
    told = {"text": "a battle of robots", "k": 6, "measures": True, "wanted": {"diversity": 0.8}}
    assert 0 <= client.post("/v1/ask", json=told).json()["measures"]["relevance"] <= 1


def test_relevance_is_the_share_of_the_score_above_the_weakest_candidate() -> None:
    raw = np.eye(4, dtype=np.float32)
    plain, scores = np.arange(4), np.array([4.0, 3.0, 2.0, 1.0], dtype=np.float32)
    found = compared(raw, plain, scores, np.array([0, 2]), scores[[0, 2]], k=2)
    assert found["relevance"] == pytest.approx((3 + 1) / (3 + 2))
    assert found["variety"] == pytest.approx(1.0)
    same = np.array([[1, 0], [1, 0], [-1, 0], [0, 0]], dtype=np.float32)
    assert variety(same, np.array([0, 1])) == pytest.approx(0.0)
    assert variety(same, np.array([0, 2])) == pytest.approx(1.0)
    assert variety(same, np.array([0, 3])) is None  # of one of them nothing is known
    assert variety(np.empty((4, 0), dtype=np.float32), plain) is None


def test_a_pin_never_keeps_more_than_everything(worded: Engine) -> None:
    worded.decide("p", {"kind": "pin", "items": ITEMS[-2:]}).result()
    asked = Asked(user="121", k=5, diversity=0.7)
    told = effect(worded, asked, worded.recommend(asked))
    assert told["relevance"] is not None and 0 <= told["relevance"] <= 1


def test_the_summary_counts_lists_acceptance_and_the_catalogue(tmp_path: Path) -> None:
    with served.client(tmp_path) as client:
        for user in ("120", "121", "nobody"):
            found = client.post("/v1/recommend", json={"user": user, "k": 4}).json()
            act = {
                "user": user,
                "item": found["items"][0]["id"],
                "recommendation_id": found["recommendation_id"],
            }
            if user != "121":
                client.post("/v1/events", json=act | {"kind": "dislike" if user == "120" else "click"})
        client.put("/v1/rules/hold", json={"kind": "hold-new"})
        client.post("/v1/items", json={"items": [{"id": "new", "title": "A new one"}]})
        client.put("/v1/rules/b", json={"kind": "block", "items": [ITEMS[0]]})
        client.put("/v1/users/130/consent", json={"consent": "history"})
        told = client.get("/v1/admin/summary").json()
        assert told["lists"]["total"] == 3
        assert told["lists"]["fallback_share"] == pytest.approx(1 / 3)
        (row,) = told["acceptance"]["rows"]
        assert (row["lists"], row["accepted"], row["refused"], row["acts"]) == (3, 1, 1, 2)
        assert row["interval"] == list(wilson(1, 3))
        cat = told["catalogue"]
        assert (cat["items"], cat["live_added"], cat["waiting"], cat["blocked"]) == (toy.N_ITEMS + 1, 1, 1, 1)
        assert told["titles"]["new"] == "A new one"
        assert told["consent"] == {"history": 1}
        assert len(told["traffic"]["requests"]) == BUCKETS - 1
        assert {one["route"] for one in told["latency"]} >= {"/v1/recommend", "/v1/events"}
        again = client.get("/v1/admin/summary").json()
        assert again["acceptance"]["rows"] == told["acceptance"]["rows"]  # nothing is counted twice


def test_a_tally_begins_at_the_end_of_a_long_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penchant.serve.tally.FIRST", 3)
    with served.engine(tmp_path) as engine:
        for user in range(120, 130):
            engine.recommend(Asked(user=str(user)))
        engine.unwritten.settle()
        tally = Tally(engine)
        tally.read()
        assert tally.told()["rows"][0]["lists"] == 3


def test_the_stream_tells_every_kind_of_record(tmp_path: Path) -> None:
    shown = Shown("r", "u", "", 1.0, ("a",), (1.0,), (1.0,), "v", "ranking")
    assert line(shown)["what"] == "shown"
    assert line(Act("u", "a", "like", 1.0))["kind"] == "like"
    assert line(Change("rule", "r", "put", 1.0, {}, "boss"))["by"] == "boss"
    with served.client(tmp_path) as client:
        service = client.app.state.service  # type: ignore[attr-defined]
        events = [{"user": "s", "item": ITEMS[n % 9]} for n in range(AT_ONCE + 50)]
        client.post("/v1/events", json={"events": events})
        found = records(service, 0)
        assert len(found) == AT_ONCE and found[0][0] == 1
        assert json.dumps(found)


def test_traffic_is_counted_by_the_second_whatever_the_clock_does() -> None:
    now = [1_000.0]
    traffic = Traffic(lambda: now[0])
    for _ in range(10):
        traffic.count(200)
    traffic.count(500)
    now[0] -= 500  # a clock that jumps back
    traffic.count(200)
    now[0] += 500 + STEP
    rates = traffic.rates()
    assert rates["requests"][-1] == pytest.approx(12 / STEP)
    assert rates["faults"][-1] == pytest.approx(1 / STEP)
    now[0] += 10 * BUCKETS * STEP
    assert sum(traffic.rates()["requests"]) == 0
