"""Refreshes, drift and experiments over HTTP and on the command line, with a real process that learns."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import happened
from penchant import store
from penchant.cli.main import application
from penchant.live.keeper import caught_up
from penchant.serve.app import make_app
from penchant.serve.settings import Settings
from source import SRC

pytestmark = pytest.mark.filterwarnings("ignore:.*httpx.*")
ARMS = [{"name": "A", "share": 0.5}, {"name": "B", "share": 0.5, "settings": {"diversity": 0.5}}]


fitted = pytest.fixture(scope="module")(happened.fitted)
folder = pytest.fixture(happened.copied)


@pytest.fixture
def client(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[TestClient]:
    monkeypatch.setenv("PYTHONPATH", str(SRC))
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    journal = happened.journal_of(folder)
    caught_up(journal, folder)
    journal.close()
    with TestClient(make_app(happened.engine_of(folder), Settings())) as client:
        yield client


def test_a_refresh_runs_beside_the_service_and_takes_over(client: TestClient, folder: Path) -> None:
    first = client.get("/readyz").json()["model_version"]
    events = [
        {"user": act.user, "item": act.item, "kind": act.kind, "time": act.time}
        for act in happened.acts(240, users=25)
    ]
    assert client.post("/v1/events", json={"events": events}).json()["accepted"] == 240
    assert client.get("/v1/drift").json()["due"]
    assert client.post("/v1/refresh/roll-back").status_code == 409
    assert client.post("/v1/refresh", json={"effort": "quick", "force": True}).status_code == 202
    again = client.post("/v1/refresh")
    assert again.status_code == 409 and "runs already" in again.json()["detail"]
    steps, until = set(), time.monotonic() + 120
    while time.monotonic() < until:
        told = client.get("/v1/refresh").json()
        steps |= {told["progress"]["step"]} if told["progress"] else set()
        assert client.post("/v1/recommend", json={"user": "120"}).status_code == 200
        if told["version"] != first or (not told["running"] and told["outcomes"]):
            break
        time.sleep(0.1)
    until = time.monotonic() + 20
    while time.monotonic() < until and (
        client.get("/v1/refresh").json()["running"] or client.get("/readyz").json()["model_version"] == first
    ):
        time.sleep(0.1)
    told = client.get("/v1/refresh").json()
    assert told["outcomes"][0]["result"] == "swapped", (told, output(folder))
    assert told["version"] == store.current(folder) != first and steps
    assert told["seen"] >= 241 and told["drift"]["events"] == 0 and not told["drift"]["due"]
    back = client.post("/v1/refresh/roll-back").json()
    assert back["version"] == first == client.get("/readyz").json()["model_version"]


def output(folder: Path) -> str:
    return (folder.parent / "M.refresh" / "output.txt").read_text()


def test_experiments_over_http_and_offline(
    client: TestClient, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = client.put("/v1/experiments/e", json={"arms": [ARMS[0], {**ARMS[1], "settings": {"k": 3}}]})
    assert wrong.status_code == 422 and "setting 'k'" in wrong.json()["detail"]
    gone = client.put("/v1/experiments/e", json={"arms": [ARMS[0], {**ARMS[1], "bundle": "/no/such"}]})
    assert gone.status_code == 422 and "cannot be served" in gone.json()["detail"]
    assert client.get("/v1/experiments").json() == {"experiments": []}
    assert client.put("/v1/experiments/e", json={"arms": ARMS}).status_code == 200
    arms = set()
    for n in range(12):
        given = client.post("/v1/recommend", json={"user": str(120 + n), "k": 3}).json()
        arms.add(given["arm"])
        event = {"user": str(120 + n), "item": given["items"][0]["id"]}
        told = client.post("/v1/events", json={**event, "recommendation_id": given["recommendation_id"]})
        assert told.status_code == 200
    assert arms == {"e/A", "e/B"}
    results = client.get("/v1/experiments/e/results").json()
    assert [arm["accepted"] for arm in results["arms"]] == [arm["lists"] for arm in results["arms"]]
    assert sum(arm["people"] for arm in results["arms"]) == 12
    assert results["verdict"] == "too few people to say anything"
    journal = str(folder.parent / "M.journal")
    application("experiment")(["experiment", journal, "e"], standalone_mode=False)
    table = capsys.readouterr().out.splitlines()
    assert table[0].startswith("arm,share,people,lists,accepted") and len(table) == 3
    assert client.put("/v1/experiments/e", json={"arms": ARMS, "running": False}).status_code == 200
    assert "arm" not in client.post("/v1/recommend", json={"user": "120"}).json()
    assert client.get("/v1/experiments/e").json()["running"] is False
    assert client.delete("/v1/experiments/e").json()["removed"]
    assert client.get("/v1/experiments/e").status_code == 404
    assert client.delete("/v1/experiments/e").status_code == 404
    assert {"experiment", "refresh"} <= {
        change.subject for _, change in served_changes(client)
    }  # fmt: skip


def served_changes(client: TestClient) -> Any:
    return client.app.state.service.engine.journal.changes("experiment", "refresh")  # type: ignore[attr-defined]


def test_a_schedule_starts_refreshes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from penchant.live.keeper import Keeper

    engine, started = happened.engine_of(folder), list[tuple[str, ...]]()
    monkeypatch.setattr(Keeper, "_start", lambda self, *options: started.append(options))
    keeper = Keeper(engine, events=50)
    engine.observe(happened.acts(49)).result()
    keeper.look()
    assert not started
    engine.observe(happened.acts(1)).result()
    keeper.look()
    assert len(started) == 1
    hourly = Keeper(engine, hours=1.0)
    hourly.tried -= 3_601
    hourly.look()
    assert len(started) == 1  # nothing came in
    hourly.came = 1
    hourly.look()
    assert len(started) == 2
    engine.close()


def test_the_command_line_refuses_and_takes_back(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from penchant.errors import BundleError, JournalError, UnknownIdError

    run = application("refresh", "experiment")
    with pytest.raises(JournalError, match="no such journal"):
        run(["refresh", str(folder)], standalone_mode=False)
    with pytest.raises(BundleError, match="no version before"):
        run(["refresh", str(folder), "--roll-back"], standalone_mode=False)
    happened.journal_of(folder).close()
    journal = str(folder.parent / "M.journal")
    run(["refresh", str(folder)], standalone_mode=False)
    assert "nothing new" in capsys.readouterr().out
    with pytest.raises(UnknownIdError, match="no experiment"):
        run(["experiment", journal, "x"], standalone_mode=False)
    with pytest.raises(JournalError, match="no such journal"):
        run(["experiment", journal + "x", "x"], standalone_mode=False)
    assert json.loads((folder.parent / "M.refresh" / "outcomes.jsonl").read_text())["result"] == "nothing new"
