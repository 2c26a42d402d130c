"""Tracking: what was asked for is written, whole and nowhere else, and the trackers' own tools read it."""

import json
import struct
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import toy
from penchant import Recommender
from penchant.cli import application
from penchant.data.dataset import Dataset
from penchant.errors import InputError, SettingError
from penchant.evaluate import PROTOCOLS, Entrant, Evaluation, baselines, evaluate
from penchant.language.adapt.plan import Course
from penchant.tune.tracking import Run, plain, tracker

RUN = Run(
    "fit", "2026-01-02T03:04:05+00:00", 12.5,
    {"seed": 3, "language": "minilm", "strict": False, "budget": None, "chosen.similarity.l2": 200.0},
    {"events": 1000.0, "new items/penchant/NDCG@10": 0.25},
    {"NDCG@20": [0.1, 0.2, 0.15]},
)  # fmt: skip


def test_json_lines_hold_the_run_and_are_only_added(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    path.write_text('{"before": true}\n', encoding="utf-8")
    runs = [replace(RUN, seconds=float(n), settings={"text": "é\n" * 3000}) for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tracker(f"jsonl:{path}").keep, runs))
    first, *rest = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert first == {"before": True}
    assert sorted(rest, key=lambda line: float(line["seconds"])) == [asdict(run) for run in runs]
    assert {"python", "numpy"} <= set(rest[0]["versions"])


def test_tensorboard_reads_metrics_series_and_settings(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="TensorBoard needs the extra track")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for run in (RUN, replace(RUN, when="2026-01-03T03:04:05+00:00")):
        tracker(f"tensorboard:{tmp_path / 'runs'}").keep(run)
    assert len(list((tmp_path / "runs").iterdir())) == 2
    read = EventAccumulator(str(tmp_path / "runs" / RUN.name)).Reload()
    assert read.Scalars("new items/penchant/NDCG@10")[0].value == pytest.approx(0.25)
    assert [(one.step, round(one.value, 6)) for one in read.Scalars("NDCG@20")] == [
        (0, 0.1),
        (1, 0.2),
        (2, 0.15),
    ]
    settings = read.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    assert b"chosen.similarity.l2" in settings


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")  # MLflow's own, told by SQLAlchemy
def test_mlflow_reads_the_run(tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="MLflow needs the extra mlflow")
    from mlflow import MlflowClient

    for _ in range(2):
        tracker(f"mlflow:{tmp_path / 'ml'}").keep(RUN)
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'ml' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("penchant")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert len(runs) == 2
    assert runs[0].info.status == "FINISHED"
    assert runs[0].data.metrics["new items/penchant/NDCG_10"] == 0.25
    assert runs[0].data.params["seed"] == "3"
    history = client.get_metric_history(runs[0].info.run_id, "NDCG_20")
    assert [(one.step, one.value) for one in history] == [(0, 0.1), (1, 0.2), (2, 0.15)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ml"]


def test_wandb_writes_a_run_offline(tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="Weights & Biases needs the extra wandb")
    tracker(f"wandb:{tmp_path / 'wb'}").keep(RUN)
    messages: Any = pytest.importorskip("wandb.proto.wandb_internal_pb2")

    (written,) = (tmp_path / "wb").rglob("offline-run-*/*.wandb")
    told = "".join(str(messages.Record.FromString(record)) for record in log_records(written.read_bytes()))
    for said in ('project: "penchant"', "NDCG@20", "new items/penchant/NDCG@10", "chosen.similarity.l2"):
        assert said in told


def log_records(data: bytes) -> Iterator[bytes]:
    """Read LevelDB's log format: blocks of 32 KiB with parts of records, each with its length and kind."""
    place, record = 7, b""
    while place < len(data):
        left = 32_768 - place % 32_768
        if left < 7:
            place += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, place)
        record += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # a whole record, or its last part
            yield record
            record = b""


@pytest.mark.parametrize("spec", ["", "jsonl", "jsonl:", "mlfow:runs", "runs.jsonl"])
def test_a_tracker_that_is_none_is_refused(spec: str) -> None:
    with pytest.raises(SettingError, match="--track"):
        tracker(spec)


def test_a_place_that_cannot_be_written_to_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    for spec in (f"jsonl:{tmp_path}", f"jsonl:{tmp_path}/no/runs.jsonl", f"tensorboard:{tmp_path}/file"):
        with pytest.raises(InputError, match="--track"):
            tracker(spec)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize(
    ("kind", "library"),
    [("tensorboard", "torch.utils.tensorboard"), ("mlflow", "mlflow"), ("wandb", "wandb")],
)
def test_without_its_library_a_tracker_says_what_to_install(
    kind: str, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(SettingError, match="pip install"):
        tracker(f"{kind}:{tmp_path / 'runs'}")
    assert list(tmp_path.iterdir()) == []


def test_no_password_is_written() -> None:
    assert "secret" not in str(
        plain({"a": {"language": "https://me:secret@host/v1#m"}, "b": "see //x:secret@y/"})
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def run(*words: object) -> None:
    done = CliRunner().invoke(application(str(words[0])), [str(word) for word in words])
    if done.exception is not None:
        raise done.exception


def test_a_fit_is_tracked_where_it_is_asked_and_nowhere_else(tmp_path: Path) -> None:
    folder, model, runs = toy.write_tables(tmp_path / "DIR"), tmp_path / "MODEL", tmp_path / "runs.jsonl"
    fit = ("fit", folder, "-o", model, "--language", "none", "--effort", "quick", "--seed", 5)
    with pytest.raises(InputError, match="--track"):
        run(*fit, "--track", f"jsonl:{tmp_path}/no/where.jsonl")
    assert not model.exists()
    run(*fit, "--track", f"jsonl:{runs}", "--track", f"jsonl:{tmp_path}/twice.jsonl")
    (told,) = lines(runs)
    assert lines(tmp_path / "twice.jsonl") == [told]
    assert told["command"] == "fit"
    assert (told["settings"]["seed"], told["settings"]["effort"]) == (5, "quick")
    assert told["settings"]["folder"] == str(folder)
    assert told["settings"]["chosen.similarity.l2"] == 200.0
    assert told["metrics"]["users"] == toy.N_USERS
    assert told["seconds"] > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["DIR", "MODEL", "runs.jsonl", "twice.jsonl"]


def test_an_evaluation_is_tracked_with_every_contender(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(data: Dataset, protocol: str, seed: int, *_: Any, **__: Any) -> Evaluation:
        ours = Entrant("penchant", lambda train: Recommender.fit(train, language="none", effort="quick"))
        chosen, rng = PROTOCOLS[protocol], np.random.default_rng(seed)
        return evaluate(data, [ours], chosen, against=baselines(chosen)[:1], rng=rng)

    monkeypatch.setattr("penchant.cli.evaluate.measured", measured)
    folder, runs = toy.write_tables(tmp_path / "DIR"), tmp_path / "runs.jsonl"
    run("evaluate", folder, "--protocol", "last1", "--track", f"jsonl:{runs}")
    (told,) = lines(runs)
    metrics = told["metrics"]
    names = {name.split("/")[1] for name in metrics if name.startswith("new items/")}
    assert len(names) == 2
    assert "penchant" in names
    assert all(0 <= metrics[f"new items/{name}/NDCG@10"] <= 1 for name in names)
    assert told["settings"]["protocol"] == "last1"
    with pytest.raises(SettingError, match="--compare and --track"):
        run("evaluate", folder, "--compare", "A", "B", "--track", f"jsonl:{runs}")


def test_an_adaptation_is_tracked_epoch_by_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = Course([0.1, 0.3, 0.2], 1, 42, 1.0, [], measure="NDCG@20")
    monkeypatch.setattr("penchant.cli.adapt.taught", lambda *_: course)
    folder, runs = toy.write_tables(tmp_path / "DIR"), tmp_path / "runs.jsonl"
    run("adapt", folder, "-o", tmp_path / "LM", "--track", f"jsonl:{runs}")
    (told,) = lines(runs)
    assert told["series"] == {"NDCG@20 by epoch": [0.1, 0.3, 0.2]}
    assert told["metrics"] == {"parameters": 42.0, "best epoch": 1.0, "NDCG@20": 0.3}
