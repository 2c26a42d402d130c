"""A client of a service, by httpx: `Client`, and `AsyncClient` with the same calls to await.

What can pass is tried again: no connection, no answer in time, status 429, 502, 503, 504. What changes
something carries an idempotency key, so that it is done once however often it is sent.
"""

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, Unpack
from urllib.parse import quote

import httpx

from penchant.errors import PenchantError
from penchant.serve.answers import (
    Accepted,
    Event,
    Explained,
    Item,
    Listed,
    Restricted,
    Turn,
    Understood,
    User,
    Wish,
)

T = TypeVar("T")
AGAIN = frozenset({429, 502, 503, 504})
PAUSE, LONGEST = 0.1, 5.0
"""Seconds before the second attempt, doubled before each further one, and the most."""
Fields = Mapping[str, Mapping[str, Any]]
"""Fields of items or users, by id."""


class ServiceError(PenchantError):
    """A service refused, or did not answer (`status` 0); `request_id` finds it in its log."""

    def __init__(self, message: str, *, hint: str = "", status: int = 0, request_id: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status, self.request_id = status, request_id


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and how its answer is read."""

    method: str
    path: str
    read: Callable[[Any], T]
    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    once: bool = False


def listed(fields: Fields) -> list[dict[str, Any]]:
    """Return fields by id as the service takes them."""
    return [{"id": name, **told} for name, told in fields.items()]


def part(text: str) -> str:
    """Return a text as one part of a path."""
    return quote(text, safe="")


class Calls:
    """The requests that a service takes, none of them sent."""

    @staticmethod
    def recommend(wish: Restricted) -> Call[Listed]:
        """A list for somebody."""
        return Call("POST", "/v1/recommend", Listed.of, wish)

    @staticmethod
    def rank(candidates: Sequence[str], wish: Wish) -> Call[Listed]:
        """The caller's items in order."""
        return Call("POST", "/v1/rank", Listed.of, {**wish, "candidates": list(candidates)})

    @staticmethod
    def similar(item: str, k: int) -> Call[Listed]:
        """Items like one."""
        return Call("GET", f"/v1/similar/{part(item)}", Listed.of, query={"k": k})

    @staticmethod
    def ask(turn: Turn) -> Call[Understood]:
        """A request in plain language."""
        return Call("POST", "/v1/ask", Understood.of, turn)

    @staticmethod
    def explain(recommendation_id: str, item: str, lang: str) -> Call[Explained]:
        """Why an item was in a list."""
        path = f"/v1/explain/{part(recommendation_id)}/{part(item)}"
        return Call("GET", path, Explained.of, query={"lang": lang})

    @staticmethod
    def events(events: Sequence[Event]) -> Call[Accepted]:
        """Several events, kept together or not at all."""
        return Call("POST", "/v1/events", Accepted.of, {"events": list(events)}, once=True)

    @staticmethod
    def put(what: str, fields: Fields, patch: bool) -> Call[Accepted]:
        """Items or users, whole or some of their fields."""
        method = "PATCH" if patch else "POST"
        return Call(method, f"/v1/{what}", Accepted.of, {what: listed(fields)}, once=True)

    @staticmethod
    def remove_items(ids: Sequence[str]) -> Call[Accepted]:
        """Items that are to go."""
        return Call("DELETE", "/v1/items", Accepted.of, {"ids": list(ids)}, once=True)

    @staticmethod
    def page(q: str, cursor: str, limit: int) -> Call[tuple[list[Item], str]]:
        """A page of the catalogue, and the cursor of the next."""

        def read(told: Any) -> tuple[list[Item], str]:
            return [Item.of(one) for one in told["items"]], told["cursor"] or ""

        return Call("GET", "/v1/items", read, query={"q": q, "cursor": cursor, "limit": limit})

    @staticmethod
    def user(user: str) -> Call[User]:
        """What is known of a user."""
        return Call("GET", f"/v1/users/{part(user)}", User.of)

    @staticmethod
    def consent(user: str, consent: str) -> Call[None]:
        """What may be used of a user."""
        return Call("PUT", f"/v1/users/{part(user)}/consent", nothing, {"consent": consent})

    @staticmethod
    def forget(user: str) -> Call[Mapping[str, Any]]:
        """Remove what a user did live."""
        return Call("DELETE", f"/v1/users/{part(user)}", dict)


def nothing(_: Any) -> None:
    """Read nothing."""


@dataclass(frozen=True, slots=True)
class Sending:
    """How requests are sent: `attempts` in all, `timeout` seconds each, `key` if the service wants one."""

    url: str
    key: str = field(default="", repr=False)
    timeout: float = 10.0
    attempts: int = 4

    def options(self) -> dict[str, Any]:
        """Return what httpx needs."""
        headers = {"X-API-Key": self.key} if self.key else {}
        return {"base_url": self.url.rstrip("/"), "timeout": self.timeout, "headers": headers}

    def request(self, call: Call[Any]) -> dict[str, Any]:
        """Return the arguments of a request; a call that changes something gets its key here, once."""
        headers = {"Idempotency-Key": uuid.uuid4().hex} if call.once else {}
        return {
            "method": call.method, "url": call.path, "params": dict(call.query), "headers": headers,
            "json": call.body,
        }  # fmt: skip

    def pause(self, attempt: int, answer: httpx.Response | httpx.TransportError) -> float | None:
        """Return the seconds to wait before the next attempt, None where there is none."""
        passing = isinstance(answer, httpx.TransportError) or answer.status_code in AGAIN
        if not passing or attempt + 1 >= self.attempts:
            return None
        told = "" if isinstance(answer, httpx.TransportError) else answer.headers.get("retry-after", "")
        wanted = float(told) if told.isdecimal() else PAUSE * 2**attempt
        return min(LONGEST, wanted) * random.uniform(0.5, 1.0)

    def read(self, call: Call[T], answer: httpx.Response | httpx.TransportError) -> T:
        """Return what an answer says; raises ServiceError for a refusal, or none."""
        if isinstance(answer, httpx.TransportError):
            said = f"{self.url}: no answer ({type(answer).__name__}), {self.attempts} times"
            raise ServiceError(said, hint="is the service running there?") from answer
        name = answer.headers.get("x-request-id", "")
        try:
            told = answer.json()
        except ValueError:
            told = None
        if answer.is_success and told is not None:
            return call.read(told)
        problem = told if isinstance(told, dict) else {}
        said = (
            f"{call.method} {call.path}: {answer.status_code} {problem.get('detail', answer.reason_phrase)}"
        )
        raise ServiceError(said, hint=problem.get("hint", ""), status=answer.status_code, request_id=name)


class Client:
    """A service at `url`; every call raises ServiceError where it is refused, or stays without an answer."""

    def __init__(self, url: str, *, key: str = "", timeout: float = 10.0, attempts: int = 4) -> None:
        self._sending = Sending(url, key, timeout, attempts)
        self._http = httpx.Client(**self._sending.options())

    def _send(self, call: Call[T]) -> T:
        request = self._sending.request(call)
        for attempt in range(self._sending.attempts):
            answer: httpx.Response | httpx.TransportError
            try:
                answer = self._http.request(**request)
            except httpx.TransportError as error:
                answer = error
            pause = self._sending.pause(attempt, answer)
            if pause is None:
                break
            time.sleep(pause)
        return self._sending.read(call, answer)

    def recommend(self, **wish: Unpack[Restricted]) -> Listed:
        """Return a list: `client.recommend(user="1", k=20, explain=True)`."""
        return self._send(Calls.recommend(wish))

    def rank(self, candidates: Sequence[str], **wish: Unpack[Wish]) -> Listed:
        """Return the caller's items in order."""
        return self._send(Calls.rank(candidates, wish))

    def similar(self, item: str, k: int = 10) -> Listed:
        """Return items like one."""
        return self._send(Calls.similar(item, k))

    def ask(self, **turn: Unpack[Turn]) -> Understood:
        """Return the answer to a request in plain language, or to a further turn of it."""
        return self._send(Calls.ask(turn))

    def explain(self, recommendation_id: str, item: str, lang: str = "en") -> Explained:
        """Return why an item was in a list."""
        return self._send(Calls.explain(recommendation_id, item, lang))

    def event(self, **event: Unpack[Event]) -> Accepted:
        """Tell what somebody did: it is kept when this returns."""
        return self._send(Calls.events([event]))

    def events(self, events: Sequence[Event]) -> Accepted:
        """Tell what several did; kept together or not at all."""
        return self._send(Calls.events(events))

    def put_items(self, fields: Fields, *, patch: bool = False) -> Accepted:
        """Put items in, by id, whole or (`patch`) some of their fields."""
        return self._send(Calls.put("items", fields, patch))

    def remove_items(self, ids: Sequence[str]) -> Accepted:
        """Take items out."""
        return self._send(Calls.remove_items(ids))

    def items(self, q: str = "", limit: int = 200) -> Iterator[Item]:
        """Go through the catalogue, `limit` items a request; `q` must be in the title."""
        cursor = ""
        while True:
            page, cursor = self._send(Calls.page(q, cursor, limit))
            yield from page
            if not cursor:
                return

    def put_users(self, fields: Fields, *, patch: bool = False) -> Accepted:
        """Say what is known of users, by id; `text` is a sentence of what they like."""
        return self._send(Calls.put("users", fields, patch))

    def user(self, user: str) -> User:
        """Return what is known of a user."""
        return self._send(Calls.user(user))

    def consent(self, user: str, consent: str) -> None:
        """Say what may be used of a user: full, history, profile or none."""
        self._send(Calls.consent(user, consent))

    def forget(self, user: str) -> Mapping[str, Any]:
        """Remove what a user did and was shown live; returns the receipt."""
        return self._send(Calls.forget(user))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient:
    """`Client` with calls to await."""

    def __init__(self, url: str, *, key: str = "", timeout: float = 10.0, attempts: int = 4) -> None:
        self._sending = Sending(url, key, timeout, attempts)
        self._http = httpx.AsyncClient(**self._sending.options())

    async def _send(self, call: Call[T]) -> T:
        request = self._sending.request(call)
        for attempt in range(self._sending.attempts):
            answer: httpx.Response | httpx.TransportError
            try:
                answer = await self._http.request(**request)
            except httpx.TransportError as error:
                answer = error
            pause = self._sending.pause(attempt, answer)
            if pause is None:
                break
            await asyncio.sleep(pause)
        return self._sending.read(call, answer)

    async def recommend(self, **wish: Unpack[Restricted]) -> Listed:
        """Return a list."""
        return await self._send(Calls.recommend(wish))

    async def rank(self, candidates: Sequence[str], **wish: Unpack[Wish]) -> Listed:
        """Return the caller's items in order."""
        return await self._send(Calls.rank(candidates, wish))

    async def similar(self, item: str, k: int = 10) -> Listed:
        """Return items like one."""
        return await self._send(Calls.similar(item, k))

    async def ask(self, **turn: Unpack[Turn]) -> Understood:
        """Return the answer to a request in plain language, or to a further turn of it."""
        return await self._send(Calls.ask(turn))

    async def explain(self, recommendation_id: str, item: str, lang: str = "en") -> Explained:
        """Return why an item was in a list."""
        return await self._send(Calls.explain(recommendation_id, item, lang))

    async def event(self, **event: Unpack[Event]) -> Accepted:
        """Tell what somebody did: it is kept when this returns."""
        return await self._send(Calls.events([event]))

    async def events(self, events: Sequence[Event]) -> Accepted:
        """Tell what several did; kept together or not at all."""
        return await self._send(Calls.events(events))

    async def put_items(self, fields: Fields, *, patch: bool = False) -> Accepted:
        """Put items in, by id, whole or (`patch`) some of their fields."""
        return await self._send(Calls.put("items", fields, patch))

    async def remove_items(self, ids: Sequence[str]) -> Accepted:
        """Take items out."""
        return await self._send(Calls.remove_items(ids))

    async def items(self, q: str = "", limit: int = 200) -> AsyncIterator[Item]:
        """Go through the catalogue, `limit` items a request; `q` must be in the title."""
        cursor = ""
        while True:
            page, cursor = await self._send(Calls.page(q, cursor, limit))
            for one in page:
                yield one
            if not cursor:
                return

    async def put_users(self, fields: Fields, *, patch: bool = False) -> Accepted:
        """Say what is known of users, by id; `text` is a sentence of what they like."""
        return await self._send(Calls.put("users", fields, patch))

    async def user(self, user: str) -> User:
        """Return what is known of a user."""
        return await self._send(Calls.user(user))

    async def consent(self, user: str, consent: str) -> None:
        """Say what may be used of a user: full, history, profile or none."""
        await self._send(Calls.consent(user, consent))

    async def forget(self, user: str) -> Mapping[str, Any]:
        """Remove what a user did and was shown live; returns the receipt."""
        return await self._send(Calls.forget(user))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        await self.aclose()
