"""Reasons as a sentence: a writer's, where it names only the evidence that is there; the plain one else."""

from collections.abc import Sequence

from penchant.explain.reasons import sentence
from penchant.language.cache import Progress
from penchant.language.write.kept import Kept
from penchant.language.write.prompts import Prompt
from penchant.language.write.schema import schema_of
from penchant.language.write.support import supported
from penchant.language.write.writer import Writer
from penchant.types import Evidence

MOST = 3
"""Reasons, the weightiest, that a writer is given."""

Told = tuple[Evidence, str, float]
"""Evidence, words, and share of the score."""


def tell(
    titles: Sequence[str],
    reasons: Sequence[Sequence[Told]],
    writer: Writer,
    prompt: Prompt,
    kept: Kept,
    progress: Progress | None = None,
) -> tuple[list[str], int]:
    """Return a sentence for each item, and how many of them the writer gave.

    The writer sees the title and the weightiest reasons that speak for the item; a sentence with a name,
    a number or too many words of its own gives way to the plain one.
    Raises LanguageError where the writer does.
    """
    plain = [sentence(list(told)) for told in reasons]
    texts = [spoken(title, told) for title, told in zip(titles, reasons, strict=True)]
    asked = [place for place, text in enumerate(texts) if text]
    answers = kept.write(
        writer, [prompt.fill(texts[place]) for place in asked], schema_of("reason"), prompt.mark, progress
    )
    own = 0
    for place, answer in zip(asked, answers, strict=True):
        if answer.reason is not None and supported(answer.reason, texts[place]):
            plain[place] = answer.reason
            own += 1
    return plain, own


def spoken(title: str, told: Sequence[Told]) -> str:
    """Return the evidence as lines for a writer, "" where nothing speaks for the item."""
    speaking = sorted((one for one in told if one[2] > 0), key=lambda one: -one[2])[:MOST]
    lines = [f"Recommended: {title}", *(f"Reason: {words}" for _, words, _ in speaking)]
    return "\n".join(lines) if speaking else ""
