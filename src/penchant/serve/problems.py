"""Errors as problem documents (RFC 9457): what is wrong, where, and what to do."""

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from penchant.errors import (
    BundleError,
    InputError,
    JournalError,
    LanguageError,
    PenchantError,
    UnknownIdError,
)

STATUS: tuple[tuple[type[Exception], int], ...] = (
    (UnknownIdError, 404), (InputError, 422), (JournalError, 503), (LanguageError, 503), (BundleError, 503),
)  # fmt: skip
TITLES: Mapping[int, str] = {
    400: "not understood", 401: "no valid key", 403: "not allowed with this key", 404: "not found",
    405: "no such method here", 409: "in conflict with an earlier request", 413: "too large",
    415: "not JSON", 422: "cannot be used", 429: "too many requests", 500: "a fault of this service",
    503: "not available at the moment", 504: "took too long",
}  # fmt: skip


class Problem(Exception):
    """A request that is refused; `hint` tells the way out."""

    def __init__(self, status: int, detail: str, *, hint: str = "", **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.hint, self.more = status, detail, hint, more


def document(status: int, detail: str, hint: str = "", **more: Any) -> bytes:
    """Return a problem document."""
    told = {"type": "about:blank", "title": TITLES.get(status, "error"), "status": status, "detail": detail}
    return orjson.dumps(told | ({"hint": hint} if hint else {}) | more)


def answer(status: int, detail: str, hint: str = "", **more: Any) -> Response:
    """Return a response that says what is wrong."""
    headers = {"Retry-After": "1"} if status in (429, 503) else None
    return Response(
        document(status, detail, hint, **more), status, headers, media_type="application/problem+json"
    )


REFUSED = (Problem, PenchantError, ValidationError, HTTPException)
"""What `refused` knows the meaning of."""


async def refused(request: Request, error: Exception) -> Response:
    """Turn an error of any room into a response; what nobody foresaw is told without its details."""
    if isinstance(error, Problem):
        return answer(error.status, error.detail, error.hint, **error.more)
    if isinstance(error, ValidationError):
        return answer(422, *places(error))
    if isinstance(error, PenchantError):
        status = next((number for kind, number in STATUS if isinstance(error, kind)), 500)
        return answer(status, str(error.args[0] if error.args else error), error.hint)
    if isinstance(error, HTTPException):
        return answer(error.status_code, str(error.detail))
    return answer(500, "something went wrong here; the log of the service says what")


def places(error: ValidationError) -> tuple[str, str]:
    """Say in one line where a body is wrong, and what is wrong there."""
    found = []
    for one in error.errors(include_url=False, include_context=False, include_input=False)[:5]:
        place = ".".join(str(part) for part in one["loc"]) or "the body"
        found.append(f"{place}: {one['msg']}")
    return "; ".join(found), "see /openapi.json"
