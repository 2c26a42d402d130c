"""What a writer is: a value that answers prompts by a schema. This file knows no particular model."""

from collections.abc import Sequence
from typing import Protocol, TypeVar, runtime_checkable

T = TypeVar("T")


@runtime_checkable
class Writer(Protocol):
    """Answers prompts by a schema (see `penchant.language.write.schema`), and says so precisely who it is.

    `name` changes whenever answers may: it holds the model with a hash of its weights and how it decides, so
    that a store can rely on it. `batch` is how many prompts are worth a call: then their answers are kept.
    """

    batch: int

    @property
    def name(self) -> str:
        """What the answers depend on besides the prompts, in one line."""
        ...

    def write(self, prompts: Sequence[str], schema: type[T]) -> list[T]:
        """Return one answer a prompt; a field that the prompt does not tell is None or empty.

        Raises LanguageError where the model fails or a budget is spent.
        """
        ...
