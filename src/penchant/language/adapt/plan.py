"""How to teach, and what came out of it: plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from penchant.errors import SettingError
from penchant.language.adapt.lessons import Task
from penchant.language.adapt.methods import Method
from penchant.language.adapt.precision import Precision

Balance: TypeAlias = Literal["given", "learned"]
LABELLED = frozenset({"rank", "click", "request", "mlm"})
"""Tasks whose loss compares with labels that can be smoothed."""

PLACED = frozenset({"place", "rank", "click"})
"""Tasks that teach the head of places; where none of them does, each exam fits it anew to the vectors."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to teach. `layers` of the model learn (None: all), in `epochs` at most, `patience` of them in vain.

    `weights` of tasks; a task that is not named is not taught. `balance` "learned" begins at the weights and
    learns on: Σ_t exp(−s_t) L_t + s_t (Kendall et al., CVPR 2018). `adversarial` is the length of the worst
    step in the hidden states against which each batch is taught again (FGM; Miyato et al., ICLR 2017), 0 for
    none. `smoothing` is the part of a label that is spread over all answers (Szegedy et al., CVPR 2016);
    `augment` how likely a line of a description is left out of its copies. `unlabelled` is the weight of
    items without events (see `penchant.language.adapt.unlabelled`), 0 for none. `pull` draws all that learns
    back to where it began, in parts of a step (L2-SP; Li et al., ICML 2018). `minutes` end the work after the
    epoch in which they pass. `precision` is that of the layers that learn (see
    `penchant.language.adapt.precision`).
    """

    method: Method = "full"
    layers: int | None = 2
    weights: Mapping[Task, float] = field(default_factory=lambda: {"place": 1.0, "rank": 1.0})
    balance: Balance = "given"
    epochs: int = 12
    patience: int = 4
    adversarial: float = 0.0
    smoothing: float = 0.0
    augment: float = 0.0
    unlabelled: float = 0.0
    pull: float = 0.0
    minutes: float = 20.0
    precision: Precision = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise SettingError for what cannot be."""
        if self.epochs < 1 or self.minutes <= 0 or self.adversarial < 0 or self.pull < 0:
            raise SettingError("adapt: epochs and minutes are above 0, --adversarial and --pull 0 or more")
        if not 0 <= self.smoothing < 1 or not 0 <= self.augment < 1:
            raise SettingError("adapt: --smoothing and --augment are parts, from 0 to below 1")
        if self.precision not in get_args(Precision):
            raise SettingError(
                f"--precision {self.precision}", hint=f"one of {', '.join(get_args(Precision))}"
            )
        if not 0 <= self.unlabelled < float("inf"):
            raise SettingError("adapt: --unlabelled is a weight, 0 or more")
        if self.layers is not None and self.layers < 1:
            raise SettingError(f"--layers {self.layers}", hint="how many of the last layers learn, or all")
        self._check_use()

    def _check_use(self) -> None:
        """Raise SettingError for a setting that would do nothing."""
        idle = ""
        if self.balance == "learned" and len(self.weights) < 2:
            idle = "--weights learned: one task has nothing to be weighed against"
        elif self.smoothing and not self.weights.keys() & LABELLED:
            idle = f"--smoothing: none of these tasks has labels; {', '.join(sorted(LABELLED))} have"
        elif (self.augment or self.adversarial) and not self.weights.keys() - {"mlm"}:
            idle = "--augment and --adversarial change the texts of other tasks than mlm"
        elif self.unlabelled and not self.weights.keys() & PLACED:
            idle = f"--unlabelled: none of these tasks teaches places; {', '.join(sorted(PLACED))} do"
        if idle:
            raise SettingError(idle, hint="leave it out, or name more --tasks")
        if self.method == "head" and "mlm" in self.weights:
            raise SettingError("--tasks mlm teaches layers, and --method head frees none")

    @property
    def depth(self) -> int | None:
        """How many layers are read anew at each step; None for all."""
        return 0 if self.method == "head" else self.layers


@dataclass
class Course:
    """What came out: the marks of each epoch (the first is that before any), and what learned.

    `measure` says what a mark is, `weights` what the tasks weighed at the end where that was learned.
    """

    marks: list[float]
    best: int
    parameters: int
    seconds: float
    losses: list[dict[str, float]]
    measure: str = ""
    precision: str = "float32"
    weights: dict[str, float] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """Return what a checkpoint keeps of it."""
        return {"marks": self.marks, "best": self.best, "losses": self.losses}
