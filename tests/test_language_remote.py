"""An encoder behind a URL, against a server on this machine that behaves badly on purpose."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings import KEY, Answer, Server, good, ok
from penchant.errors import LanguageError, SettingError
from penchant.language.cache import VectorCache
from penchant.language.choose import load_encoder, spec_of
from penchant.language.remote import RemoteEncoder


def encoder(server: Server, **settings: Any) -> RemoteEncoder:
    usual: dict[str, Any] = {"pause": 0.01, "key": KEY}
    return RemoteEncoder(server.url, "tiny", **(usual | settings))


def test_texts_go_in_batches_and_come_back_in_their_order(server: Server) -> None:
    remote = encoder(server, batch=2, passage_prefix="p:", query_prefix="question: ", max_chars=5)
    vectors = remote.encode(["a", "", "bbb", "cccccccc"])
    assert [asked["input"] for asked in server.asked] == [["p:a", "p:bbb"], ["p:ccccc"]]
    assert server.asked[0]["model"] == "tiny"
    assert server.asked[0]["path"] == "/v1/embeddings"
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert not vectors[1].any()
    expected = np.array([[3, 1, 2], [5, 1, 2], [7, 1, 2]], dtype=np.float32)
    np.testing.assert_allclose(vectors[[0, 2, 3]], expected / np.linalg.norm(expected, axis=1)[:, None])
    assert vectors.dtype == np.float32
    remote.asking().encode(["a"])
    assert server.asked[-1]["input"] == ["question: a"]
    assert remote.asking().name != remote.name


def test_busy_at_first_is_no_failure(server: Server) -> None:
    server.answer = lambda turn, asked: (429, {"Retry-After": "0"}, b"") if turn < 3 else ok(good(asked))
    assert encoder(server).encode(["a"]).shape == (1, 3)
    assert len(server.asked) == 3


def test_broken_for_good_ends_after_all_attempts(server: Server) -> None:
    server.answer = lambda turn, asked: (500, {}, b"")
    with pytest.raises(LanguageError, match="status 500, 3 times in a row"):
        encoder(server, retries=2).encode(["a"])
    assert len(server.asked) == 3


def test_a_refusal_is_not_repeated_and_the_key_stays_secret(server: Server) -> None:
    server.answer = lambda turn, asked: (401, {}, f"wrong key {KEY}".encode())
    with pytest.raises(LanguageError, match="check the key") as caught:
        encoder(server).encode(["a"])
    assert len(server.asked) == 1
    remote = encoder(server)
    assert KEY not in f"{caught.value} {remote.name} {remote!r} {vars(remote)['_address']}"


def test_a_redirect_is_not_followed(server: Server) -> None:
    server.answer = lambda turn, asked: (302, {"Location": server.url + "/elsewhere"}, b"")
    with pytest.raises(LanguageError, match="status 302"):
        encoder(server).encode(["a"])
    assert len(server.asked) == 1


BAD = {
    "too few": {"data": [{"index": 0, "embedding": [1.0]}]},
    "no list": {"data": "none"},
    "nothing": {},
    "not finite": {"data": [{"index": i, "embedding": [float("nan"), 1.0]} for i in range(2)]},
    "unlike lengths": {"data": [{"embedding": [1.0]}, {"embedding": [1.0, 2.0]}]},
    "no numbers": {"data": [{"embedding": ["a"]}, {"embedding": ["b"]}]},
    "empty": {"data": [{"embedding": []}, {"embedding": []}]},
    "strings": {"data": ["a", "b"]},
    "array": [],
}


@pytest.mark.parametrize("reply", BAD.values(), ids=BAD)
def test_a_wrong_reply_is_refused(server: Server, tmp_path: Path, reply: object) -> None:
    server.answer = lambda turn, asked: ok(reply)
    with pytest.raises(LanguageError, match=r"127\.0\.0\.1"):
        VectorCache(tmp_path).encode(encoder(server), ["a", "b"])
    assert not list(tmp_path.glob("*/*.npz"))


def test_a_page_is_no_reply(server: Server) -> None:
    server.answer = lambda turn, asked: (200, {}, b"<html>")
    with pytest.raises(LanguageError, match="not JSON"):
        encoder(server).encode(["a"])


def test_a_slow_reply_is_given_up(server: Server) -> None:
    def slowly(turn: int, asked: dict[str, Any]) -> Answer:
        time.sleep(0.5)
        return ok(good(asked))

    server.answer = slowly
    with pytest.raises(LanguageError, match=r"no reply within 0\.05 seconds, 2 times"):
        encoder(server, timeout=0.05, retries=1).encode(["a"])


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with Server() as gone:
        url = gone.url
    with pytest.raises(LanguageError, match="no reply"):
        RemoteEncoder(url, "tiny", retries=1, pause=0.01).encode(["a"])


def test_the_budget_stops_and_what_was_paid_for_is_kept(server: Server, tmp_path: Path) -> None:
    server.answer = lambda turn, asked: ok(good(asked, usage=40))
    texts = ["x" * (90 + i) for i in range(10)]  # about 50 tokens a batch by estimate, 40 by the bill
    remote = encoder(server, batch=2, budget=130)
    with pytest.raises(LanguageError, match=r"budget of 130 tokens.*: 120 are spent.*cache"):
        VectorCache(tmp_path).encode(remote, texts)
    assert remote.spent == 120
    server.asked.clear()
    VectorCache(tmp_path).encode(encoder(server, batch=2), texts)
    assert len(server.asked) == 2  # six of ten were stored


def test_without_a_bill_the_estimate_counts(server: Server) -> None:
    remote = encoder(server)
    remote.encode(["x" * 400])
    assert remote.spent == 100
    assert remote.asking().spent == 100


def test_what_is_stored_needs_no_server(server: Server, tmp_path: Path) -> None:
    VectorCache(tmp_path).encode(encoder(server), ["a", "b"])
    server.answer = lambda turn, asked: (500, {}, b"")
    assert VectorCache(tmp_path).encode(encoder(server, retries=0), ["b", ""]).shape == (2, 3)


def test_the_length_is_asked_for_where_nothing_was_encoded(server: Server) -> None:
    assert encoder(server).encode(["", " "]).shape == (2, 3)


@pytest.mark.parametrize(
    ("url", "model"),
    [
        ("ftp://host/v1", "m"),
        ("http://", "m"),
        ("http://host", ""),
        ("http://me:pw@host", "m"),
        ("http://host/v1?key=pw", "m"),
    ],
)
def test_no_address(url: str, model: str) -> None:
    with pytest.raises(SettingError) as caught:
        RemoteEncoder(url, model)
    assert "pw" not in str(caught.value)


def test_a_url_names_its_encoder(server: Server) -> None:
    remote = load_encoder(f"{server.url}#org/model", key=KEY, budget=1000)
    assert remote.name == f"{server.url}#org/model 8000 ''"
    assert remote.dim == 3
    assert spec_of(remote) == f"{server.url}#org/model"
    assert not spec_of(encoder(server, query_prefix="question: "))
    assert not spec_of(encoder(server, max_chars=5))


def test_a_folder_is_named_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "encoder").mkdir()
    monkeypatch.chdir(tmp_path)
    assert spec_of("encoder") == str((tmp_path / "encoder").resolve())
    assert [spec_of(name) for name in ("minilm", "org/model")] == ["minilm", "org/model"]
