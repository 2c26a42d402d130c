"""A text encoder elsewhere, asked with little patience: lists must come, whether it answers or not."""

import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from penchant.errors import LanguageError
from penchant.language.encode import Encoder, for_requests
from penchant.language.remote import RemoteEncoder
from penchant.types import Vectors

WAIT, REST = 2.0, 20.0
"""Seconds to wait for an answer, and to leave the encoder alone after none came."""
AT_ONCE = 64
"""Texts for which it may take as long as for one."""


@dataclass(slots=True)
class Breaker:
    """Until when nothing is asked, by a clock that never jumps."""

    wait: float = WAIT
    rest: float = REST
    clock: Callable[[], float] = time.monotonic
    until: float = -math.inf
    lock: threading.Lock = field(default_factory=threading.Lock)


class Patient:
    """Asks `encoder`; LanguageError after `wait` seconds, and then at once for `rest` seconds."""

    def __init__(self, encoder: Encoder, breaker: Breaker | None = None) -> None:
        self.encoder, self.breaker = encoder, breaker or Breaker()

    @property
    def name(self) -> str:
        """That of the encoder."""
        return self.encoder.name

    @property
    def dim(self) -> int:
        """That of the encoder."""
        return self.encoder.dim

    @property
    def whole(self) -> bool:
        """That of the encoder."""
        return bool(getattr(self.encoder, "whole", False))

    def asking(self) -> "Patient":
        """Return what reads requests; both are left alone together."""
        return Patient(for_requests(self.encoder), self.breaker)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length a text, shape (n, dim).

        Raises:
            LanguageError: no answer in time, or none since the last try.
        """
        breaker = self.breaker
        left = breaker.until - breaker.clock()
        if left > 0:
            raise LanguageError(f"{self.name}: did not answer, and is asked again in {left:.0f} s")
        answer: Future[Vectors] = Future()

        def ask() -> None:
            try:
                answer.set_result(self.encoder.encode(texts))
            except BaseException as error:
                answer.set_exception(error)

        # A thread that nobody waits for at the end: some endpoints hold a connection for ever.
        threading.Thread(target=ask, name="encoder", daemon=True).start()
        try:
            return answer.result(breaker.wait * max(1, math.ceil(len(texts) / AT_ONCE)))
        except (LanguageError, TimeoutError, OSError) as error:
            with breaker.lock:
                breaker.until = breaker.clock() + breaker.rest
            if isinstance(error, LanguageError):
                raise
            raise LanguageError(f"{self.name}: no answer within {breaker.wait:g} s") from error


class Deaf:
    """Reads nothing: texts count for nothing where a service was started without."""

    name, dim = "deaf", 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Raise LanguageError."""
        raise LanguageError("this service reads no texts", hint="start it without --no-texts")


def patient(encoder: Encoder | None) -> Encoder | None:
    """Return an encoder that keeps nobody waiting: one elsewhere is asked with little patience."""
    return Patient(encoder) if isinstance(encoder, RemoteEncoder) else encoder
