"""Search with Optuna over continuous ranges: trials are kept in a file, poor ones are given up early.

Trials are proposed by a tree of Parzen estimators (Bergstra et al., NeurIPS 2011) and pruned by the median of
the trials before them (Golovin et al., KDD 2017; Akiba et al., KDD 2019). Each proposal is drawn with a seed
of its own from the trials that are finished, so that a run that was killed goes on as if it had not been.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from penchant.errors import InputError, SettingError
from penchant.tune.coordinates import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage

Report: TypeAlias = Callable[[float], None]
"""Called with the score as it stands after a part of the questions; raises to give a trial up."""
Score: TypeAlias = Callable[[Settings, Report], float]
MARK, STUDY = "penchant:mark", "a file that a search wrote, or a new one"
SPREAD = 1_000_003
"""Between the draws of one seed and those of the next."""
WARM_UP, WARM_UP_STEPS = 5, 1
"""Finished trials, and parts of the questions, before any trial is given up."""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`; with `log` each factor is as likely as any other."""

    low: float
    high: float
    log: bool = False


Space: TypeAlias = Mapping[str, Range | Sequence[Any]]
"""A range of numbers, or the choices there are."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long is searched and where trials are kept; `trials` ends a search earlier, by their number.

    The time that the trials of the `file` took counts, so that a run that was killed goes on where it was,
    and one that was finished has nothing left to do. `progress` is called with seconds done and of all.
    """

    minutes: float
    file: Path | None = None
    trials: int | None = None
    progress: Callable[[int, int], None] | None = None

    def check(self) -> None:
        """Refuse what cannot be searched with before the work begins. Raises SettingError, InputError."""
        if not self.minutes > 0:
            raise SettingError(f"a search of {self.minutes:g} minutes", hint="a number above 0")
        try:
            import optuna  # noqa: F401
        except ImportError as error:
            raise SettingError("a search needs Optuna", hint="pip install 'penchant[tune]'") from error
        if self.file is not None:
            if not self.file.absolute().parent.is_dir():
                raise InputError(f"{self.file}: there is no folder {self.file.absolute().parent}")
            check_file(self.file)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to: the best settings, their score, how many trials, and how many given up."""

    settings: Settings
    score: float
    trials: int
    pruned: int


def search(
    starts: Sequence[Mapping[str, Any]],
    space: Space,
    score: Score,
    *,
    name: str,
    seed: int,
    budget: Budget,
    share: float = 1.0,
    mark: str = "",
    say: Callable[[str], None] = lambda _: None,
) -> Found:
    """Return the best settings found, `starts` among them, with `share` of the budget.

    `mark` tells what the score rests on: a file with trials of the same `name` under another mark is refused.
    A start beyond the space is tried at its edge.
    Raises SettingError for such a file, InputError for one that cannot be read or written.
    """
    import optuna

    seconds = 60.0 * budget.minutes * share
    if budget.file is not None:
        check_file(budget.file)
    with stored(budget.file) as storage:
        pruner = optuna.pruners.MedianPruner(n_startup_trials=WARM_UP, n_warmup_steps=WARM_UP_STEPS)
        study = optuna.create_study(
            storage=storage, study_name=name, direction="maximize", pruner=pruner, load_if_exists=True
        )
        marked(study, mark, budget.file)
        done = finished(study)
        if done:
            say(f"{name}: goes on after {len(done)} trials of {budget.file}")
        while not done or _spent(done) < seconds:
            if budget.trials is not None and len(done) >= budget.trials:
                break
            start = starts[len(done)] if len(done) < len(starts) else None
            one(study, space, score, start, (SPREAD * seed + len(done)) % 2**32)
            top, done = study_best(done), finished(study)
            if study_best(done) > top:
                what = "from the start" if start is not None else f"trial {len(done)}"
                say(f"{name}: {study_best(done):.4f}, {what}")
            if budget.progress is not None:
                budget.progress(min(int(_spent(done)), int(seconds)), int(seconds))
        best = study.best_trial
        pruned = sum(trial.state == optuna.trial.TrialState.PRUNED for trial in done)
        assert best.value is not None
        return Found(dict(best.params), float(best.value), len(done), pruned)


def one(study: "Study", space: Space, score: Score, start: Mapping[str, Any] | None, seed: int) -> None:
    """Make one trial: at a start, or where the trials before it make a gain likely."""
    import optuna

    # One sampler a trial: what it draws depends on the trials before it, and not on when they were made.
    study.sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=False)
    if start is not None and not study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.WAITING,)):
        study.enqueue_trial({name: within(space[name], start[name]) for name in space})
    trial = study.ask({name: distribution(values) for name, values in space.items()})
    steps = 0

    def report(value: float) -> None:
        nonlocal steps
        trial.report(value, steps)
        steps += 1
        if start is None and trial.should_prune():
            raise optuna.TrialPruned

    try:
        value = score(dict(trial.params), report)
    except optuna.TrialPruned:
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    except BaseException:
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        raise
    else:
        study.tell(trial, value)


def marked(study: "Study", mark: str, file: Path | None) -> None:
    """Write down what a new study's scores rest on, and refuse a study of something else."""
    if MARK not in study.user_attrs:
        if study.get_trials(deepcopy=False):
            raise SettingError(f"{file}: holds a study of something else", hint="name another file")
        study.set_user_attr(MARK, mark)
    elif study.user_attrs[MARK] != mark:
        raise SettingError(
            f"{file}: its trials are of other data, texts, seed or version", hint="name another file"
        )


def finished(study: "Study") -> list[Any]:
    """Return the trials that came to an end; those that a kill cut short count for nothing."""
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def study_best(done: Sequence[Any]) -> float:
    """Return the best score of whole trials, −∞ without any."""
    from optuna.trial import TrialState

    return max((trial.value for trial in done if trial.state == TrialState.COMPLETE), default=-np.inf)


def distribution(values: Range | Sequence[Any]) -> "BaseDistribution":
    """Return what Optuna calls a range or choices."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if isinstance(values, Range):
        return FloatDistribution(values.low, values.high, log=values.log)
    return CategoricalDistribution(list(values))


def within(values: Range | Sequence[Any], value: Any) -> Any:
    """Return the value itself, or the edge of the range beyond which it lies."""
    return min(max(float(value), values.low), values.high) if isinstance(values, Range) else value


def check_file(file: Path) -> None:
    """Refuse a file that is there and no study: nothing of somebody else's is written into."""
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as error:
        raise InputError(f"{file}: cannot be used for a study ({error})", hint=STUDY) from error
    if names and "studies" not in names:
        raise InputError(f"{file}: is a database of something else", hint=STUDY)


def _spent(done: Sequence[Any]) -> float:
    return float(sum(trial.duration.total_seconds() for trial in done if trial.duration is not None))


@contextmanager
def stored(file: Path | None) -> "Iterator[BaseStorage]":
    """Open the file of a study, or memory without one, and close it; Optuna's own messages are kept down.

    Raises InputError where the file is something else, or cannot be read or written.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage: Any = None
    try:
        if file is None:
            storage = optuna.storages.InMemoryStorage()
        else:
            storage = optuna.storages.RDBStorage(f"sqlite:///{file.absolute()}")
        yield storage
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        told = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise InputError(f"{file}: cannot be used for a study ({told})", hint=STUDY) from error
    finally:
        optuna.logging.set_verbosity(level)
        if file is not None and storage is not None:
            storage.remove_session()
            storage.engine.dispose()
