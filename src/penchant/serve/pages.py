"""The two pages, in the reader's language: shells that hold words and no data, filled over the API."""

import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fastapi import APIRouter
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from penchant.serve.service import Service

PAGE = Path(__file__).parent / "page"
LANGUAGES = {"en": "English", "zh": "中文"}
COOKIE = "penchant_lang"
YEAR = 365 * 86_400


@cache
def words(lang: str) -> dict[str, str]:
    """Return what the pages say in a language."""
    told: dict[str, str] = json.loads((PAGE / "strings" / f"{lang}.json").read_text(encoding="utf-8"))
    return told


@cache
def environment() -> Environment:
    """Return where templates come from; everything that they show is escaped."""
    return Environment(
        loader=FileSystemLoader(PAGE / "templates"), autoescape=True, undefined=StrictUndefined
    )


def language(request: Request) -> str:
    """Return the language of a reader: as asked for, as chosen before, or as the browser says."""
    for told in (request.query_params.get("lang", ""), request.cookies.get(COOKIE, "")):
        if told in LANGUAGES:
            return told
    return preferred(request.headers.get("accept-language", ""))


def preferred(header: str) -> str:
    """Return the language that an Accept-Language header likes best, English where it names none of ours.

    >>> preferred("fr, zh-CN;q=0.8, en;q=0.5"), preferred("en-GB,zh;q=0.1"), preferred("*;q=x")
    ('zh', 'en', 'en')
    """
    best, weight = "en", 0.0
    for part in header.split(",")[:20]:
        name, _, quality = part.partition(";")
        base = name.strip().lower().partition("-")[0]
        try:
            liking = float(quality.partition("=")[2] or 1.0)
        except ValueError:
            continue
        if base in LANGUAGES and liking > weight:
            best, weight = base, liking
    return best


def routes(service: Service) -> APIRouter:
    """Return the routes of the pages; what they show they ask the API for, with the key of the reader."""
    router = APIRouter(include_in_schema=False)

    def shell(request: Request, name: str, **more: Any) -> Response:
        lang = language(request)
        told = (
            environment()
            .get_template(name)
            .render(
                t=SimpleNamespace(**words(lang)),
                words=words(lang),
                lang=lang,
                languages=LANGUAGES,
                path=request.url.path,
                **more,
            )
        )
        response = HTMLResponse(told)
        if request.query_params.get("lang", "") in LANGUAGES:
            response.set_cookie(COOKIE, lang, max_age=YEAR, httponly=True, samesite="lax")
        return response

    @router.get("/")
    async def page(request: Request) -> Response:
        return shell(request, "page.html")

    @router.get("/admin")
    async def admin(request: Request) -> Response:
        return shell(request, "admin.html")

    return router


def static() -> StaticFiles:
    """Return the scripts and styles of the pages."""
    return StaticFiles(directory=PAGE / "static")
