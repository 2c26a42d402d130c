"""What fit, evaluate and adapt write down of a run, where --track asks for it."""

from collections.abc import Mapping, Sequence
from enum import Enum
from math import isfinite
from time import perf_counter
from typing import Annotated, Any

import typer

from penchant.cli.terminal import say
from penchant.errors import InputError
from penchant.tune.tracking import Run, Tracker, now, plain, tracker

Track = Annotated[
    list[str] | None,
    typer.Option(
        "--track",
        help="Write the run down: jsonl:FILE, or tensorboard:, mlflow: or wandb:FOLDER; may be repeated.",
    ),
]


class Tracking:
    """Begins before the work, so that a place that cannot be written to is refused then."""

    def __init__(self, context: typer.Context, places: Sequence[str] | None) -> None:
        self._trackers: dict[str, Tracker] = {place: tracker(place) for place in places or ()}
        self._command = str(context.info_name)
        self._options = {name: value for name, value in context.params.items() if name != "track"}
        self._when, self._start = now(), perf_counter()

    def __bool__(self) -> bool:
        return bool(self._trackers)

    def keep(
        self,
        metrics: Mapping[str, float],
        *,
        chosen: Mapping[str, Any] | None = None,
        series: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        """Write the run down in every place: its options, what it chose, and what came out."""
        options = {n: value.value if isinstance(value, Enum) else value for n, value in self._options.items()}
        run = Run(
            command=self._command,
            when=self._when,
            seconds=round(perf_counter() - self._start, 3),
            settings=plain({**options, "chosen": chosen or {}}),
            metrics={name: float(value) for name, value in metrics.items() if isfinite(value)},
            series=series or {},
        )
        for place, own in self._trackers.items():
            try:
                own.keep(run)
            except Exception as error:  # each library raises what it likes, and the work itself is done
                raise InputError(
                    f"--track {place}: the run could not be written down ({error})",
                    hint="the work itself is done and kept",
                ) from error
            say(f"--track {place}: written down")
