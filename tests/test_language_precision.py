"""Half precision: taken where it is native and faster, never looked for elsewhere, usable where forced."""

import time
from pathlib import Path

import numpy as np
import pytest

from penchant.errors import SettingError
from penchant.language.adapt import precision
from penchant.language.adapt.halves import Halves
from penchant.language.adapt.lessons import Lessons
from penchant.language.adapt.model import save
from penchant.language.adapt.plan import Plan
from penchant.language.adapt.training import Teaching
from penchant.language.local import LocalEncoder
from teaching import FACTS, alone, halved, learnable

one_thread = pytest.fixture(scope="module", autouse=True)(alone)


lessons = pytest.fixture(scope="module")(learnable)
halves = pytest.fixture(scope="module")(halved)


@pytest.mark.parametrize(
    ("takes", "pays"), [({True: 0.001, False: 0.02}, True), ({True: 0.02, False: 0.001}, False)]
)
def test_the_clock_decides_where_half_precision_is_native(
    takes: dict[bool, float], pays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "native", lambda: True)
    found, why = precision.faster_in_half(lambda half: time.sleep(takes[half]))
    assert found == pays
    assert why.startswith("bfloat16" if pays else "float32")


def test_nothing_is_timed_where_it_is_not_native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "native", lambda: False)
    steps: list[bool] = []
    found, why = precision.faster_in_half(steps.append)
    assert not found and not steps and "float32" in why


def test_auto_decides_and_says(lessons: Lessons, halves: Halves, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "native", lambda: True)
    said: list[str] = []
    teaching = Teaching(halves, lessons, Plan(layers=1), say=said.append)
    teaching.begin()
    assert sum(line.startswith("precision: ") for line in said) == 1
    assert all(parameter.grad is None for parameter in teaching.taught.parameters())


def test_half_precision_teaches_a_model_like_full_precision(
    lessons: Lessons, halves: Halves, tmp_path: Path
) -> None:
    losses = {}
    for name in ("float32", "bfloat16"):
        plan = Plan(epochs=1, layers=1, precision=name)
        teaching = Teaching(halves, lessons, plan)
        upper, course = teaching.run()
        losses[name] = course.losses[-1]["place"]
        assert course.precision == name
    assert losses["bfloat16"] != losses["float32"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.05)
    save(tmp_path / "LM", halves, upper, plan, course, FACTS)
    read = LocalEncoder(str(tmp_path / "LM"), max_tokens=24).encode(lessons.texts[:20])
    assert read.dtype == np.float32
    cosines = (read * teaching.everything()[:20]).sum(axis=1)
    assert cosines.min() > 0.999


def test_other_precisions_are_refused() -> None:
    with pytest.raises(SettingError, match="--precision"):
        Plan(precision="float8")  # type: ignore[arg-type]
