"""Tracking of runs: what was done, by which settings, and what came out: JSON lines, or for a tracker.

Nothing is written unless a place is named; nothing leaves this machine.
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from penchant.errors import InputError, SettingError
from penchant.store.versions import versions

Plain: TypeAlias = str | int | float | bool | None
NAME = "penchant"
"""What an experiment or a project is called."""
BATCH = 100
"""Values that MLflow takes at once."""
SECRET = re.compile(r"//[^/@\s]+@")
"""A name and password inside a URL."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command: settings and metrics by name, `series` of numbers by epoch, seconds, versions.

    `when` it began, in UTC, as ISO 8601 has it.
    """

    command: str
    when: str
    seconds: float
    settings: Mapping[str, Plain]
    metrics: Mapping[str, float]
    series: Mapping[str, Sequence[float]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=versions)

    @property
    def name(self) -> str:
        """The command and the moment, fit for the name of a file."""
        return f"{self.command}-{self.when.replace(':', '').replace('+0000', 'Z')}"


class Tracker(Protocol):
    """A place that keeps runs."""

    def keep(self, run: Run) -> None:
        """Add a run. Raises InputError where it cannot be written."""
        ...


@dataclass(frozen=True, slots=True)
class JsonLines:
    """Adds a line of JSON to a file; lines are never changed."""

    path: Path

    def keep(self, run: Run) -> None:
        """Add a run with one write, so that runs that end together do not mix."""
        line = json.dumps(asdict(run), ensure_ascii=False) + "\n"
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, line.encode("utf-8", "replace"))
        finally:
            os.close(handle)


@dataclass(frozen=True, slots=True)
class TensorBoard:
    """Writes event files into a folder of the run's own, for `tensorboard --logdir FOLDER`."""

    path: Path

    @staticmethod
    def check() -> None:
        """Import the library."""
        import torch.utils.tensorboard  # noqa: F401

    def keep(self, run: Run) -> None:
        """Write scalars, series by step, and settings beside metrics for the page HPARAMS."""
        from torch.utils.tensorboard import SummaryWriter
        from torch.utils.tensorboard.summary import hparams

        began = datetime.fromisoformat(run.when).timestamp()
        settings = {name: "" if value is None else value for name, value in run.settings.items()}
        with SummaryWriter(str(self.path / run.name)) as writer:
            for summary in hparams(settings, dict(run.metrics)):  # type: ignore[no-untyped-call]
                writer._get_file_writer().add_summary(summary)
            for name, value in run.metrics.items():
                writer.add_scalar(name, value, 0, began + run.seconds)
            for name, values in run.series.items():
                for step, value in enumerate(values):
                    writer.add_scalar(name, value, step, began)


@dataclass(frozen=True, slots=True)
class MLflow:
    """Adds to `mlflow.db` in a folder, for `mlflow ui --backend-store-uri sqlite:///FOLDER/mlflow.db`."""

    path: Path

    @staticmethod
    def check() -> None:
        """Import the library."""
        import mlflow.store.tracking.sqlalchemy_store  # noqa: F401

    def keep(self, run: Run) -> None:
        """Log one finished run of the experiment."""
        from mlflow import MlflowClient
        from mlflow.entities import Metric, Param

        self.path.mkdir(parents=True, exist_ok=True)
        client = MlflowClient(tracking_uri=f"sqlite:///{self.path.absolute() / 'mlflow.db'}")
        known = client.get_experiment_by_name(NAME)
        place = (self.path.absolute() / "artifacts").as_uri()
        where = known.experiment_id if known else client.create_experiment(NAME, artifact_location=place)
        began = round(1000 * datetime.fromisoformat(run.when).timestamp())
        ended = began + round(1000 * run.seconds)
        tags = {f"version {name}": version for name, version in run.versions.items()}
        logged = client.create_run(where, start_time=began, run_name=run.name, tags=_fit(tags)).info.run_id
        params = [Param(name, str(value)) for name, value in _fit(run.settings).items()]
        metrics = [Metric(name, value, ended, 0) for name, value in _fit(run.metrics).items()]
        for name, values in _fit(run.series).items():
            metrics += [Metric(name, value, began, step) for step, value in enumerate(values)]
        for start in range(0, max(len(params), len(metrics)), BATCH):
            part = slice(start, start + BATCH)
            client.log_batch(logged, metrics=metrics[part], params=params[part])
        client.set_terminated(logged, end_time=ended)


@dataclass(frozen=True, slots=True)
class WandB:
    """Writes a run for `wandb sync`, offline: what is sent, and when, stays with the user."""

    path: Path

    @staticmethod
    def check() -> None:
        """Import the library."""
        import wandb  # noqa: F401

    def keep(self, run: Run) -> None:
        """Log one finished run of the project."""
        import wandb

        self.path.mkdir(parents=True, exist_ok=True)
        logged = wandb.init(
            project=NAME,
            name=run.name,
            job_type=run.command,
            dir=str(self.path),
            mode="offline",
            config={**run.settings, "versions": dict(run.versions)},
            settings=wandb.Settings(
                silent=True, console="off", disable_git=True, disable_code=True, x_disable_stats=True
            ),
        )
        for step in range(max(map(len, run.series.values()), default=0)):
            logged.log({name: values[step] for name, values in run.series.items() if step < len(values)})
        logged.summary.update(dict(run.metrics))
        logged.finish()
        wandb.teardown()  # waits for the process that writes: finishing alone may leave an empty file


FOLDERS: Mapping[str, Callable[[Path], Any]] = {"tensorboard": TensorBoard, "mlflow": MLflow, "wandb": WandB}
KINDS = ("jsonl", *FOLDERS)


def tracker(spec: str) -> Tracker:
    """Return the tracker that KIND:PLACE names, and see that it can be written to.

    >>> tracker("jsonl:runs.jsonl")
    JsonLines(path=PosixPath('runs.jsonl'))

    Raises:
        SettingError: there is no such kind, or its library is missing.
        InputError: the place cannot be written to.
    """
    kind, _, place = spec.partition(":")
    if kind not in KINDS or not place.strip():
        raise SettingError(
            f"--track {spec}", hint=f"jsonl:FILE, or {', '.join(f'{name}:FOLDER' for name in FOLDERS)}"
        )
    path = Path(place).expanduser()
    above = path.absolute().parent
    if not above.is_dir():
        raise InputError(f"--track {spec}: there is no folder {above}", hint="make it first")
    there = path if path.exists() else above
    if not os.access(there, os.W_OK):
        raise InputError(f"--track {spec}: {there} may not be written")
    if kind == "jsonl":
        if path.is_dir():
            raise InputError(f"--track {spec}: {path} is a folder", hint="name a file")
        return JsonLines(path)
    if path.exists() and not path.is_dir():
        raise InputError(f"--track {spec}: {path} is a file", hint="name a folder, new or old")
    made = FOLDERS[kind](path)
    try:
        made.check()
    except ImportError as error:
        raise SettingError(f"--track {spec}: {error}", hint="pip install 'penchant[track]'") from error
    return made  # type: ignore[no-any-return]


def plain(settings: Mapping[str, Any]) -> dict[str, Plain]:
    """Make settings one level of plain values, named a.b where they were inside one another.

    A name and password inside a URL are left out.

    >>> plain({"similarity": {"l2": 200.0}, "language": "https://me:secret@host/v1#model", "users": (1, 2)})
    {'similarity.l2': 200.0, 'language': 'https://host/v1#model', 'users': '(1, 2)'}
    """
    found: dict[str, Plain] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": own for inner, own in plain(value).items()}
        elif value is None or isinstance(value, bool | int | float):
            found[name] = value
        else:
            found[name] = SECRET.sub("//", str(value))
    return found


def now() -> str:
    """Return the moment, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _fit(names: Mapping[str, Any]) -> dict[str, Any]:
    """Write names with the signs that MLflow takes."""
    return {re.sub(r"[^\w\-. :/]", "_", name): value for name, value in names.items()}
