"""Routes for requests in plain language: what was understood, the list, and further turns."""

import threading
import time
from collections import OrderedDict
from copy import copy
from dataclasses import dataclass, field, fields, replace
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from penchant.errors import LanguageError
from penchant.explain.reasons import sentence
from penchant.live.asked import Asked
from penchant.live.effect import compared, variety
from penchant.live.engine import Engine
from penchant.live.ids import new_id
from penchant.requests.conversation import Conversation
from penchant.requests.desk import Answer, Desk
from penchant.requests.wanted import Wanted
from penchant.rerank.mmr import POOL
from penchant.serve.listing import plain
from penchant.serve.schemas import Ask
from penchant.serve.service import Service, body, documented, must, reply

TALKS = 1_000
"""Conversations that are remembered."""
AGAIN = 20.0
"""Seconds at least between two readings of a catalogue that items join live."""


@dataclass(slots=True)
class Desks:
    """The catalogue as requests are understood in it, read when first asked, and again as items join."""

    engine: Engine
    desk: Desk | None = None
    at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    talks: OrderedDict[str, Conversation] = field(default_factory=OrderedDict)

    def current(self) -> Desk:
        """Return the desk; raises SettingError where nothing is known of any item."""
        world = self.engine.world
        with self.lock:
            desk = self.desk
            old = desk is None or len(desk.texts) != world.model.data.n_items or self.version != world.version
            if desk is None or (
                old and (self.version != world.version or time.monotonic() - self.at > AGAIN)
            ):
                model = replace(world.model, encoder=world.encoder or world.model.encoder)
                desk = self.desk = Desk.of(model)
                self.at, self.version = time.monotonic(), world.version
                self.talks.clear()
        return desk

    version: str = ""

    def talk(self, name: str, desk: Desk) -> Conversation:
        """Return a conversation by its id, a new one where it is not known any more."""
        with self.lock:
            talk = self.talks.get(name)
            if talk is None:
                talk = self.talks[name] = Conversation(desk)
                if len(self.talks) > TALKS:
                    self.talks.popitem(last=False)
            self.talks.move_to_end(name)
        return talk


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router, desks = APIRouter(tags=["requests"]), Desks(service.engine)

    @router.post("/v1/ask", openapi_extra=documented(Ask), summary="A request in plain language")
    async def ask(request: Request) -> Response:
        must(request, "read")
        told = await body(request, Ask)
        return reply(await service.threaded(answered, service, desks, told, service.user(request, told.user)))

    return router


def answered(service: Service, desks: Desks, told: Ask, user: str) -> dict[str, Any]:
    """Answer one turn."""
    engine, desk = service.engine, desks.current()
    name = told.conversation_id or new_id()
    talk = desks.talk(name, desk)
    talk.k, talk.query = told.k, engine.query(Asked(user=user, session=told.session or ""))
    hidden = engine.hidden_rows(len(desk.texts))
    talk.query = replace(talk.query, excluded=hidden)
    before, read = copy(talk), True
    try:
        answer = turned(talk, told)
    except LanguageError:  # the words are searched all the same
        for part in fields(talk):
            setattr(talk, part.name, getattr(before, part.name))
        read, talk.desk = False, desk.deafened()
        try:
            answer = turned(talk, told)
        finally:
            talk.desk = desk
    asked = Asked(user=user, session=told.session or "", text=told.text)
    found = spoken(service, desk, talk, answer, name, told, asked)
    return found if read else found | {"text_read": False}


def turned(talk: Conversation, told: Ask) -> Answer:
    """Take a turn, or answer to what was understood and edited."""
    if told.wanted is not None:
        talk.wanted = Wanted.from_json(orjson.dumps(told.wanted).decode(), where="wanted")
        if not told.text.strip():
            return talk.reply(explain=told.explain)
    return talk.turn(told.text, explain=told.explain)


def spoken(
    service: Service, desk: Desk, talk: Conversation, answer: Answer, name: str, told: Ask, asked: Asked
) -> dict[str, Any]:
    """Return an answer as JSON holds it; the list is journaled like any other."""
    items, shelf = desk.model.data.items, service.shelf()
    ids = tuple(items.vocabulary.texts(answer.rows)) if len(answer.rows) else ()
    given = service.engine.spoken(asked, talk.query, answer.rows, ids, answer.scores)
    listed: list[dict[str, Any]] = []
    for place, (one, score) in enumerate(zip(ids, answer.scores.tolist(), strict=True)):
        row: dict[str, Any] = {"id": one, "score": score, "properties": shelf.of(one, True)}
        if answer.reasons:
            why = answer.reasons[place]
            row["reason"] = sentence([(r.evidence, r.text, r.share) for r in why])
            row["evidence"] = plain(why, items.vocabulary)
        listed.append(row)
    found: dict[str, Any] = {
        "recommendation_id": given.id,
        "conversation_id": name,
        "understood": answer.understood,
        "wanted": orjson.loads(answer.wanted.to_json()),
        "titles": desk.guide.called(answer.wanted),
        "fits": answer.fits,
        "notes": list(answer.notes),
        "items": listed,
        "model_version": given.version,
    }
    if told.measures:
        found["measures"] = changed(desk, talk, answer)
    if desk.helps and answer.fits and len(answer.rows):
        found["quote"] = {"item": ids[0], "text": desk.texts[int(answer.rows[0])][:2_000]}
    return found


def changed(desk: Desk, talk: Conversation, answer: Answer) -> dict[str, float | None]:
    """Return what the diversity of a request does to its list; see penchant.live.effect."""
    raw, wanted = desk.model.knowledge.raw, answer.wanted
    if not wanted.diversity:
        own = variety(raw, answer.rows)
        return {"relevance": 1.0, "variety": own, "variety_plain": own}
    plainly = desk.ask(replace(wanted, diversity=0.0), query=talk.query, k=max(talk.k, POOL))
    return compared(raw, plainly.rows, plainly.scores, answer.rows, answer.scores, talk.k)
