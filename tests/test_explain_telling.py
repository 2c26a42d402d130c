"""A reason in a writer's words names only what is there, or gives way to the plain one."""

from pathlib import Path

import pytest

from penchant.explain.reasons import sentence
from penchant.explain.telling import Told, spoken, tell
from penchant.language.write.kept import Kept
from penchant.language.write.prompts import load_prompts
from test_language_write import Scripted

TOLD: list[Told] = [
    ("history", "you had \u201cAlien\u201d", 2.0),
    ("popularity", "popular lately", 1.0),
    ("habit", "against it", -1.0),
]


def test_a_writer_sees_what_speaks_for_the_item() -> None:
    lines = spoken("Heat (1995)", TOLD).splitlines()
    assert lines == [
        "Recommended: Heat (1995)",
        "Reason: you had \u201cAlien\u201d",
        "Reason: popular lately",
    ]
    assert spoken("Heat (1995)", TOLD[2:]) == ""


@pytest.mark.parametrize(
    ("said", "fair"),
    [
        ("it is popular lately, and you had Alien", True),
        ("it is popular lately, and you had Aliens 2", False),
        ("it is directed by Michael Mann and popular lately", False),
        (None, False),
    ],
)
def test_a_sentence_with_something_else_gives_way(said: str | None, fair: bool, tmp_path: Path) -> None:
    prompt, writer = load_prompts(["reason"])["reason"], Scripted(said)
    lines, own = tell(["Heat (1995)", "Rain"], [TOLD, []], writer, prompt, Kept(tmp_path))
    assert lines == [said if fair else sentence(TOLD), ""]
    assert own == int(fair)
    assert len(writer.asked) == 1  # where nothing speaks for an item, nobody is asked
