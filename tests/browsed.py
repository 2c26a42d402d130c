"""Services in threads of the test, and a real browser before them."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

import penchant
import toy
from penchant.live.choose import open_journal
from penchant.live.engine import Engine
from penchant.recommender import Recommender
from penchant.serve.app import make_app
from penchant.serve.settings import Settings
from source import ROOT

CHROMIUM = Path("/usr/bin/chromium")
PICTURES = ROOT / "test-artefacts"
HOSTILE = (
    "<script>window.hurt = 1</script><img src=x onerror='window.hurt = 1'>",
    '"\' onmouseover="window.hurt=1" {{ 7*7 }} ${7*7} </script><!-- %s',
    "مرحبا \u202e gnirts desrever \u2066 <b>x</b>",
    "👩\u200d🚀🎬 \U0001d518\U0001d52b é\u0301\u0301 的电影",
    "long " * 2_000,
    "W" * 10_000,
)
GENRES = (("Drama", "Village"), ("Sci-Fi", "Robots"))

TOPICS = (
    "Lawyers argue.",
    "A dragon wakes.",
    "Cooks compete.",
    "Sailors are lost at sea.",
    "A bank is robbed.",
)

COVER = (
    "data:image/svg+xml,%%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 2 3'%%3E"
    "%%3Crect width='2' height='3' fill='hsl(%d 40%%25 45%%25)'/%%3E"
    "%%3Ccircle cx='1.4' cy='2.2' r='1' fill='rgb(255 255 255 / 30%%25)'/%%3E%%3C/svg%%3E"
)


def catalogue() -> pl.DataFrame:
    """Titles in several languages, years, genres, covers for some: what pages have to show."""
    items = toy.tables()["items"]
    n = len(items)
    named = ["A Quiet Friendship", "Robots at War", "村里的朋友", "Star Battle 9"]
    return items.with_columns(
        pl.Series("title", [f"{named[place % 4]} {place}" for place in range(n)]),
        pl.Series("text", [f"{text}. {TOPICS[n % 5]}" for n, text in enumerate(items["text"])]),
        pl.Series("year", 1960 + 2 * np.arange(n)),
        pl.Series("genres", ["|".join(GENRES[place % 2]) for place in range(n)]),
        pl.Series("cover", [COVER % (place * 40) if place % 3 else None for place in range(n)]),
    )


def bundle(place: Path, **tables: pl.DataFrame) -> Path:
    """Fit a bundle to tables."""
    (place / "DIR").mkdir(parents=True)
    for name, table in tables.items():
        table.write_csv(place / "DIR" / f"{name}.csv")
    data = penchant.read(place / "DIR")[0]
    language = "lsa" if "items" in tables else "none"
    Recommender.fit(data, language=language, effort="quick").save(place / "MODEL")
    return place / "MODEL"


@contextmanager
def listening(app: FastAPI, *, lifespan: Any = "on") -> Iterator[str]:
    """Serve an app in a thread; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(
        app, port=port, log_level="warning", lifespan=lifespan, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=15)


@contextmanager
def serving(model: Path, **settings: Any) -> Iterator[tuple[str, Engine]]:
    """Serve a bundle; gives the address and the engine."""
    journal = open_journal(str(model.parent / "page.journal"))
    engine = Engine(model, journal, encoder=Recommender.load(model).encoder)
    with listening(make_app(engine, Settings(**settings))) as address:
        yield address, engine


@dataclass
class Look:
    """A browser that remembers what its pages complained of."""

    browser: Browser
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def at(self, url: str, *, width: int = 1440, theme: Any = "light", lang: str = "en", **more: Any) -> Page:
        """Open a page in a context of its own, and wait until it has settled."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme,
            locale="zh-CN" if lang == "zh" else "en-GB", reduced_motion="reduce", **more,
        )  # fmt: skip
        context.set_default_timeout(8_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", lambda told: self.complain(told.type, told.text))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.goto(url)
        return page

    def complain(self, kind: str, text: str) -> None:
        """Remember errors and warnings."""
        if kind in ("error", "warning"):
            self.complaints.append(f"{kind}: {text}")

    def close(self) -> None:
        """Close what was opened."""
        for context in self.contexts:
            context.close()
        self.contexts.clear()


@contextmanager
def opened() -> Iterator[Browser]:
    """Open a browser, without what a test never sees."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-extensions"]
        )
        yield browser
        browser.close()


def settled(page: Page) -> None:
    """Wait until the list is there and nothing is on its way."""
    expect(page.locator("#cards:not([aria-busy]) > .card").first).to_be_visible()


def picture(page: Page, name: str) -> None:
    """Keep what the window shows."""
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=False)


def sound(page: Page, *, colours: bool = False) -> None:
    """Hold a page, or its colours alone, to what machines can tell of accessibility, and to its own width."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": ["color-contrast"]} if colours else {})
    found = Axe().run(page, options=options).response["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    assert not grave, [(one["id"], one["nodes"][0]["html"][:200]) for one in grave]
    fits(page)


STANDING_OUT = """[...document.querySelectorAll("main *")]
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1).slice(0, 5)
  .map(one => one.tagName + "#" + one.id + "." + one.className)"""


def fits(page: Page) -> None:
    """Hold a page to its own width."""
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{wide} pixels stand out: {page.evaluate(STANDING_OUT)}"


EVERYWHERE = (
    (1440, "light", "all"), (820, "light", ""), (390, "light", ""), (390, "dark", "colours"),
    (820, "dark", ""), (1440, "dark", ""),
)  # fmt: skip
"""Width, theme, and what a machine is asked of accessibility there: it is slow, and repeats itself."""


def seen(page: Page, name: str, where: Sequence[tuple[int, str, str]]) -> None:
    """Hold a page to the rules, and picture it, at several widths, light and dark."""
    for width, theme, asked in where:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        if asked:
            sound(page, colours=asked == "colours")
        fits(page)
        picture(page, f"{name}-{width}-{theme}")


def opening() -> Iterator[Browser]:
    """A fixture: one browser for a file of tests."""
    with opened() as one:
        yield one


def looked(browser: Browser) -> Iterator[Look]:
    """A fixture: pages of which none may complain."""
    looking = Look(browser)
    yield looking
    looking.close()
    assert not looking.complaints
