"""One JSON request after another to one URL, tried again where that can help."""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from penchant.errors import LanguageError

AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
"""Replies after which the same request may well succeed."""
LONGEST_PAUSE = 60.0
LARGEST_REPLY = 1 << 28


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the key would travel to another host."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Refuse."""
        return None


class Post:
    """Sends JSON to `url` and returns JSON; `retries` further attempts after pauses that double."""

    def __init__(self, url: str, key: str | None, timeout: float, retries: int, pause: float) -> None:
        parts = urlsplit(url)
        self.place = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self._url, self._timeout, self._retries, self._pause = url, timeout, retries, pause
        self._key = key
        self._headers = {"Content-Type": "application/json", "User-Agent": "penchant"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._open = urllib.request.build_opener(_Stay).open

    def send(self, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the reply.

        Raises:
            LanguageError: refused, unreachable after all attempts, or not JSON.
        """
        body = json.dumps(content).encode()
        for attempt in range(self._retries + 1):
            answer, wait = self._once(body)
            if isinstance(answer, Mapping):
                return answer
            if attempt < self._retries:
                pause = self._pause * 2**attempt if wait is None else wait
                time.sleep(min(pause, LONGEST_PAUSE))
        raise LanguageError(
            f"{self.place}: {answer}, {self._retries + 1} times in a row",
            hint="run again later: what was done is kept in the cache",
        )

    def _once(self, body: bytes) -> tuple[Mapping[str, Any] | str, float | None]:
        """Return the reply; or what went wrong, and the pause in seconds that the other side asked for."""
        request = urllib.request.Request(self._url, data=body, headers=self._headers, method="POST")
        try:
            with self._open(request, timeout=self._timeout) as reply:
                return self._parsed(reply.read(LARGEST_REPLY)), None
        except urllib.error.HTTPError as error:
            with error:
                if error.code not in AGAIN:
                    raise LanguageError(
                        f"{self.place}: status {error.code}: {self._quoted(error)}",
                        hint=hint(error.code, self.place),
                    ) from None
                return f"status {error.code}", seconds(error.headers.get("Retry-After"))
        except TimeoutError:
            return f"no reply within {self._timeout:g} seconds", None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            return f"no reply ({reason or type(error).__name__})", None

    def _quoted(self, error: urllib.error.HTTPError) -> str:
        """Return the beginning of what the other side says; some of them repeat the key."""
        said = " ".join(error.read(4096).decode("utf-8", "replace").split())
        return (said.replace(self._key, "[key]") if self._key else said)[:300]

    def _parsed(self, body: bytes) -> Mapping[str, Any]:
        try:
            reply = json.loads(body)
        except ValueError as error:
            raise LanguageError(f"{self.place}: the reply is not JSON", hint=hint(404, self.place)) from error
        if not isinstance(reply, Mapping):
            raise LanguageError(f"{self.place}: the reply is not a JSON object", hint=hint(404, self.place))
        return reply


def seconds(header: str | None) -> float | None:
    """Read a Retry-After header given in seconds; None for anything else."""
    try:
        value = float(header or "")
    except ValueError:
        return None
    return value if value >= 0 else None


def hint(status: int, place: str) -> str:
    """Return the way out for a status of a reply from `place`."""
    if status in (401, 403):
        return "check the key"
    own = "/chat/completions" if place.endswith("/chat/completions") else "/embeddings"
    return f"the URL should end before {own}, for instance https://host/v1#model"
