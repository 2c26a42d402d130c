"""The page of those in charge in a real browser: decisions, consent, the stream, refreshes, experiments."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

import toy
from browsed import CHROMIUM, Look, bundle, catalogue, fits, looked, opening, picture, serving, settled, sound
from penchant import store
from penchant.live.book import Book, Outcome
from penchant.live.engine import Engine
from penchant.live.journal import Batch
from penchant.live.records import Act, Record, Shown
from penchant.recommender import Recommender

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}")
AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"
"""Makes the page look at once, as it does for somebody who comes back to it."""
EXAM = {
    "questions": 412, "people": 93, "table": "new",
    "ndcg@10": {"new": [0.342, 0.31, 0.37], "old": [0.31, 0.28, 0.34], "difference": [0.032, 0.011, 0.053]},
    "hit rate@10": {"new": [0.55, 0.5, 0.6], "old": [0.52, 0.47, 0.57], "difference": [0.03, -0.01, 0.07]},
}  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Engine]]:
    place = tmp_path_factory.mktemp("admin")
    with serving(bundle(place, items=catalogue(), interactions=toy.tables()["interactions"])) as served:
        yield served


browser = pytest.fixture(scope="module")(opening)
look = pytest.fixture(looked)


def everywhere(page: Page, name: str, part: str) -> None:
    """Hold a section to the rules and picture it, wide in both colours and narrow."""
    for width, theme in ((1440, "light"), (1440, "dark"), (390, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.locator(part).evaluate("node => node.scrollIntoView({block: 'start'})")
        fits(page)
        picture(page, f"{name}-{width}-{theme}")
    sound(page)
    page.set_viewport_size({"width": 1440, "height": 900})


def test_those_in_charge_decide_with_a_click(site: tuple[str, Engine], look: Look) -> None:
    address, engine = site
    page = look.at(f"{address}/admin")
    expect(page.locator("#live")).to_have_class(re.compile("on"))
    page.locator("#find-text").fill("Robots at War 1")
    page.locator("#find button").click()
    found = page.locator("#found li").first
    expect(found).to_contain_text("Robots at War 1")
    found.locator("[data-do=block]").click()
    expect(page.locator("#rules")).to_contain_text("blocked everywhere")
    expect(page.locator("#log")).to_contain_text("Block: Robots at War 1")
    assert engine.rules.items("block")
    found.locator("[data-do=hide-text]").select_option("text")
    expect(page.locator("#rules")).to_contain_text("not shown: text")
    for kind, told in (("hide", "in no list unasked"), ("pin", "first in lists")):
        found.locator(f"[data-do={kind}]").click()
        expect(page.locator("#rules")).to_contain_text(told)
    picture(page, "decisions")
    while engine.rules.known:
        count = len(engine.rules.known)
        page.locator("#rules [data-do=undo]").first.click()
        expect(page.locator("#rules [data-do=undo]")).to_have_count(count - 1)
    expect(page.locator("#log")).to_contain_text("took back")
    page.locator("#find-text").fill("no such thing")
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text("No such item")
    page.locator("#hold-new").check()
    expect(page.locator("#rules")).to_contain_text("new items wait")
    fresh = [{"id": "w1", "title": "Waits"}, {"id": "w2", "title": "Unwanted"}]
    assert page.request.post(f"{address}/v1/items", data={"items": fresh}).ok
    page.evaluate(AGAIN)
    expect(page.locator("#waiting [data-do=approve]")).to_have_count(2)
    page.get_by_role("button", name="Block: Unwanted").click()
    expect(page.locator("#rules")).to_contain_text("Unwanted")
    page.get_by_role("button", name="Approve: Waits").click()
    expect(page.locator("#waiting")).not_to_contain_text("Waits")
    page.locator("#hold-new").uncheck()
    expect(page.locator("#rules")).not_to_contain_text("new items wait")


def test_consent_and_the_stream(site: tuple[str, Engine], look: Look) -> None:
    address, engine = site
    page = look.at(f"{address}/admin")
    expect(page.locator("#live")).to_have_class(re.compile("on"))
    page.locator("#consent-user").fill("150")
    page.locator("#consent-kind").select_option("none")
    page.locator("#consent-form button").click()
    expect(page.locator("#consent-said")).to_have_text("Saved.")
    expect(page.locator("#consents")).to_contain_text("nothing")
    assert engine.people.get(("150", "")).consent == "none"
    event: dict[str, Any] = {"user": "151", "item": "003", "kind": "like"}
    page.request.post(f"{address}/v1/events", data=event)
    expect(page.locator("#stream li").first).to_contain_text("151 · like · 003")
    page.locator("#pause").click()
    expect(page.locator("#pause")).to_have_text("Go on")
    page.request.post(f"{address}/v1/events", data=event | {"item": "005"})
    page.wait_for_timeout(1_100)  # a beat of the stream
    page.locator("#pause").click()
    page.request.post(f"{address}/v1/events", data=event | {"item": "007"})
    expect(page.locator("#stream")).to_contain_text("151 · like · 007")
    expect(page.locator("#stream")).not_to_contain_text("151 · like · 005")


def outcome(engine: Engine, name: str, result: str, why: str, **more: Any) -> Outcome:
    version = engine.world.version
    told = {"version": version, "before": version, "metrics": EXAM} | more
    return Outcome(name, engine.clock(), result, why, seen=0, seconds=41.0, by="penchant refresh", **told)


def test_a_refresh_is_watched_started_and_taken_back(site: tuple[str, Engine], look: Look) -> None:
    address, engine = site
    book, first = Book.beside(engine.folder), engine.world.version
    page = look.at(f"{address}/admin")
    expect(page.locator("#outcomes")).to_contain_text("No refresh so far")
    expect(page.locator("#refresh-state")).to_contain_text("No refresh runs")
    expect(page.locator("#roll-back")).to_be_disabled()
    expect(page.locator("#drift > div")).to_have_count(4)
    expect(page.locator("#drift-verdict")).to_have_text("no refresh needed")
    with book.alone():
        book.step("exam on the newest slice", 75, engine.clock())
        page.evaluate(AGAIN)
        expect(page.locator("#refresh-step")).to_have_text("Exam · 75%")
        assert page.locator("#refresh-progress").evaluate("node => node.value") == 75
        expect(page.locator("#refresh-steps .done")).to_have_count(5)
        expect(page.locator("#refresh-start")).to_be_disabled()
        everywhere(page, "refreshing", "#refreshing")
    expect(page.locator("#refresh-bar")).to_be_hidden()

    def instead(route: Route) -> None:  # what a real one does is tested without a browser
        if route.request.method == "POST":
            route.fulfill(status=202, json={"started": True})
        else:
            route.continue_()

    page.route("**/v1/refresh", instead)
    page.locator("#refresh-effort").select_option("quick")
    with page.expect_request(lambda one: one.method == "POST") as asked:
        page.locator("#refresh-start").click()
    assert asked.value.post_data_json == {"effort": "quick"}

    reader = look.at(f"{address}/?user=121")
    settled(reader)
    expect(reader.locator("#version")).to_have_text(f"model {first[:8]}")
    model = Recommender.load(engine.folder)
    second = replace(model, language="none", encoder=None).save(engine.folder, engine.clock())
    assert second != first
    book.add(outcome(engine, "a", "kept", "worse: NDCG@10", version=first))
    book.add(outcome(engine, "b", "swapped", "better: NDCG@10", version=second))
    expect(page.locator("#as-of")).to_contain_text(second[:12], timeout=15_000)
    page.evaluate(AGAIN)
    swapped = page.locator("#outcomes [data-result=swapped]")
    expect(swapped).to_contain_text("Better than the one before · asked 412 questions of 93 people")
    expect(swapped).to_contain_text("0.310 → 0.342")
    expect(swapped).to_contain_text("+0.032 (+0.011 to +0.053)")
    expect(page.locator("#outcomes [data-result=kept]")).to_contain_text("Worse")
    reader.locator("#length").select_option("10")
    expect(reader.locator("#version")).to_have_text(f"new: model {second[:8]} took over")
    reader.reload()
    expect(reader.locator("#version")).to_contain_text("took over")

    page.locator("#roll-back").click()
    expect(page.locator("#sure-dialog")).to_contain_text(first[:12])
    sound(page)
    page.keyboard.press("Escape")
    page.locator("#roll-back").click()
    page.get_by_role("button", name="Cancel").click()
    assert store.current(engine.folder) == second
    page.locator("#roll-back").click()
    page.locator("#sure-yes").click()
    expect(page.locator("#outcomes li").first).to_contain_text("rolled back")
    assert store.current(engine.folder) == engine.world.version == first
    everywhere(page, "refreshed", "#refreshing")


def answered(arm: str, people: int, taken: int) -> list[Record]:
    """Lists of an arm, one a person, the first of them taken from."""
    found: list[Record] = []
    for n in range(people):
        name, who = f"{arm}-{n}", f"{arm[-1]}{n}"
        found.append(Shown(name, who, "", 1.0 + n, ("001",), (1.0,), (1.0,), "v", "ranking", arm=arm))
        if n < taken:
            found.append(Act(who, "001", "like", 2.0 + n, recommendation=name))
    return found


def test_an_experiment_is_made_watched_stopped_and_deleted(site: tuple[str, Engine], look: Look) -> None:
    address, engine = site
    page = look.at(f"{address}/admin")
    expect(page.locator("#experiments")).to_contain_text("No experiment so far")
    expect(page.locator("#trying")).to_contain_text("safe to look at any time")
    page.locator("#experiment-new summary").click()
    page.locator("#experiment-name").fill("how varied?")
    page.locator("#experiment-degree").fill("0.5")
    expect(page.locator("#experiment-degree-told")).to_have_text("0.50")
    page.locator("#experiment-part").select_option("0.5")
    page.locator("#experiment-start").click()
    one = page.locator(".trial")
    expect(one).to_contain_text("Too few people to say anything yet")
    expect(one).to_contain_text("50% of all people take part")
    told = page.request.get(f"{address}/v1/experiments").json()["experiments"][0]
    assert [(arm["share"], arm["settings"]) for arm in told["arms"]] == [
        (0.25, {"diversity": 0.0}), (0.25, {"diversity": 0.5}),
    ]  # fmt: skip
    arms = [f"{told['id']}/{arm['name']}" for arm in told["arms"]]
    engine.journal.submit(Batch([*answered(arms[0], 240, 50), *answered(arms[1], 240, 130)])).result()
    page.evaluate(AGAIN)
    expect(one).to_contain_text("diversity 0.5 is better than diversity 0.")
    rows = one.locator("tbody tr")
    expect(rows.nth(1)).to_contain_text("54.2 %")
    expect(rows.nth(1)).to_contain_text("+33.3 %")
    expect(rows.nth(1)).to_contain_text("100%")
    expect(rows.nth(0).locator("svg .span")).to_have_count(1)
    dealt = {"kind": "interleave", "arms": told["arms"]}
    assert page.request.put(f"{address}/v1/experiments/dealt", data=dealt).ok
    page.evaluate(AGAIN)
    expect(page.locator("[data-id=dealt]")).to_contain_text("as many people may prefer the one as the other")
    everywhere(page, "experiments", "#trying")
    # the same name again is refused, and nothing of the first one is lost
    page.locator("#experiment-new summary").click()
    page.locator("#experiment-name").fill("how varied?")
    page.keyboard.press("Enter")
    expect(page.locator("#experiment-wrong")).to_contain_text("There is an experiment how varied? already")
    first = page.locator("[data-id='how varied?']")
    first.locator("[data-do=stop]").click()
    expect(first.locator(".badge")).to_have_text("stopped")
    expect(first).to_contain_text("is better than")
    first.locator("[data-do=go_on]").click()
    expect(first.locator(".badge")).to_have_text("runs")
    first.locator("[data-do=delete]").click()
    page.get_by_role("button", name="Cancel").click()
    expect(first).to_have_count(1)
    first.locator("[data-do=delete]").click()
    page.locator("#sure-yes").click()
    expect(first).to_have_count(0)
    assert page.request.delete(f"{address}/v1/experiments/dealt").ok


def test_sections_that_a_service_does_not_have_are_not_shown(
    site: tuple[str, Engine], browser: Browser
) -> None:
    looking = Look(browser)  # a browser tells of failed requests itself: here they are meant
    page = looking.at("about:blank", lang="zh")
    page.route("**/v1/refresh", lambda route: route.fulfill(status=404, json={"detail": "no"}))
    page.route("**/v1/experiments", lambda route: route.fulfill(status=501, json={"detail": "no"}))
    page.goto(f"{site[0]}/admin")
    expect(page.locator("#live")).to_have_class(re.compile("on"))
    for part in ("#refreshing", "#drifting", "#trying"):
        expect(page.locator(part)).to_be_hidden()
    page.unroute("**/v1/refresh")
    page.unroute("**/v1/experiments")
    page.reload()
    expect(page.locator("#drift-verdict")).to_have_text(re.compile("更新"))
    expect(page.locator("#experiments")).to_contain_text("还没有实验")
    looking.close()
    assert all("Failed to load resource" in one for one in looking.complaints)
