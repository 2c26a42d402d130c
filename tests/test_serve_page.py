"""The pages in a real browser: every control, at several widths, in both languages, light and dark."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import polars as pl
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import toy
from browsed import (
    CHROMIUM,
    EVERYWHERE,
    HOSTILE,
    Look,
    bundle,
    catalogue,
    listening,
    looked,
    opening,
    picture,
    seen,
    serving,
    settled,
    sound,
)
from penchant.live.engine import Engine
from penchant.serve.app import make_app
from penchant.serve.settings import Key, Settings

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}")
SECRET = "a-secret-of-16-letters-or-more"


@dataclass
class Site:
    """Where the services listen, and the engine behind the first."""

    main: str
    keyed: str
    bare: str
    desk: str
    engine: Engine


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    place = tmp_path_factory.mktemp("page")
    events = toy.tables()["interactions"]
    answers = pl.DataFrame(
        {
            "item_id": [f"q{n}" for n in range(12)],
            "title": [f"{what} question {n}" for n, what in enumerate(["Refund", "Parcel", "Password"] * 4)],
            "text": ["Money comes back in a week.", "It is on its way.", "Use the link in the letter."] * 4,
        }
    )
    main = bundle(place / "main", items=catalogue(), interactions=events)
    with (
        serving(main) as (address, engine),
        serving(bundle(place / "bare", interactions=events)) as (bare, _),
        serving(bundle(place / "desk", items=answers)) as (desk, _),
    ):
        key = Key("boss", "admin", sha256(SECRET.encode()).digest())
        with listening(make_app(engine, Settings(keys=(key,))), lifespan="off") as keyed:
            yield Site(address, keyed, bare, desk, engine)


browser = pytest.fixture(scope="module")(opening)
look = pytest.fixture(looked)


def cards(page: Page) -> Locator:
    return page.locator("#cards > .card:not(.leaving)")


def ids(page: Page) -> list[str]:
    return [one.get_attribute("data-id") or "" for one in cards(page).all()]


@pytest.mark.parametrize(("lang", "where"), [("en", EVERYWHERE), ("zh", EVERYWHERE[::3] + EVERYWHERE[4:5])])
def test_both_pages_are_sound_at_every_width_light_and_dark(
    site: Site, look: Look, lang: str, where: Sequence[tuple[int, str, str]]
) -> None:
    page = look.at(f"{site.main}/?user=121", lang=lang)
    settled(page)
    assert page.evaluate("document.documentElement.lang") == ("zh-CN" if lang == "zh" else "en")
    assert page.locator("#list-title").inner_text() == ("给用户 121" if lang == "zh" else "For user 121")
    seen(page, f"page-{lang}", where)
    page.set_viewport_size({"width": 390, "height": 900})
    page.locator("#side summary").click()
    expect(page.locator("#diversity")).to_be_visible()
    sound(page)
    page.goto(f"{site.main}/admin")
    expect(page.locator("#kpi_lists")).not_to_have_text("")
    seen(page, f"admin-{lang}", where)


def test_a_like_and_a_dislike_change_the_list_at_once(site: Site, look: Look) -> None:
    page = look.at(f"{site.main}/?user=122")
    settled(page)
    before = ids(page)
    assert len(before) == len(set(before))
    cards(page).nth(0).locator("[data-act=like]").click()
    expect(page.locator(f"[data-id='{before[0]}']")).to_have_count(0)
    expect(page.locator("#delta")).to_contain_text("Liked")
    expect(page.locator("#delta")).to_contain_text(re.compile(r"\d+ came, \d+ moved, 1 went"))
    expect(page.locator("#lately li").first).to_contain_text("+")
    cards(page).nth(1).locator("[data-act=dislike]").click()
    expect(page.locator("#lately li.against").first).to_be_visible()
    expect(page.locator("#person-facts")).to_contain_text("2 since")
    assert before[1] in ids(page) or before[2] in ids(page)
    kinds = [act.kind for act in site.engine.people.get(("122", "")).acts]
    assert kinds == ["like", "dislike"]
    assert all(act.recommendation for act in site.engine.people.get(("122", "")).acts)


def test_cards_that_move_are_seen_to_move_unless_the_reader_wants_no_motion(
    site: Site, browser: Browser
) -> None:
    looking = Look(browser)
    for reduced, some in (("no-preference", True), ("reduce", False)):
        page = looking.at(f"{site.main}/?user=124")
        page.emulate_media(reduced_motion=reduced)  # type: ignore[arg-type]
        settled(page)
        page.evaluate(
            "window.moves = 0; const own = Element.prototype.animate; Element.prototype.animate ="
            " function (...told) { window.moves += 1; return own.apply(this, told); }; null"
        )
        cards(page).nth(0).locator("[data-act=like]").click()
        expect(page.locator("#delta")).to_contain_text("1 went")
        assert (page.evaluate("window.moves") > 0) == some
    looking.close()
    assert not looking.complaints


def test_users_are_found_chosen_and_kept_in_the_address(site: Site, look: Look) -> None:
    page = look.at(site.main)
    settled(page)
    page.locator("#examples button").first.click()
    settled(page)
    assert "user=" in page.url
    page.locator("#user").fill("13")
    expect(page.locator("#users option").first).to_be_attached()
    page.locator("#user").fill("133")
    page.locator("#user-form button").click()
    expect(page.locator("#list-title")).to_have_text("For user 133")
    page.reload()
    expect(page.locator("#list-title")).to_have_text("For user 133")
    page.locator("#user").fill("nobody <b>")
    page.keyboard.press("Enter")
    expect(page.locator("#person-facts")).to_contain_text("Nobody with this id")
    expect(page.locator("#resting")).to_contain_text("popular")


def test_somebody_new_says_a_sentence_and_starts_over(site: Site, look: Look) -> None:
    page = look.at(f"{site.main}/?user=121")
    settled(page)
    page.locator("#be-new").click()
    expect(page.locator("#list-title")).to_have_text("For somebody new")
    expect(page.locator("#resting")).to_contain_text("Rests on what is popular")
    page.locator("#describe").fill("I love robots and battles in deep space")
    page.keyboard.press("Enter")
    expect(page.locator("#chips .chip")).to_contain_text("I am")
    expect(page.locator("#resting")).not_to_contain_text("popular")
    settled(page)
    assert sum("Robots" in (one.text_content() or "") for one in cards(page).all()[:6]) >= 4
    page.locator("#chips .remove").click()
    expect(page.locator("#understood")).to_be_hidden()
    page.locator("#describe").fill("a village")
    page.locator("#describe-form [type=submit]").click()
    expect(page.locator("#chips .chip")).to_have_count(1)
    page.locator("#start-over").click()
    expect(page.locator("#chips .chip")).to_have_count(0)
    page.locator("#be-user").click()
    expect(page.locator("#user-form")).to_be_visible()


def test_more_like_this_is_a_chip_that_can_be_taken_back(site: Site, look: Look) -> None:
    page = look.at(f"{site.main}/?user=125")
    settled(page)
    first = ids(page)
    cards(page).nth(3).locator("[data-act=more]").click()
    expect(page.locator("#chips .chip")).to_contain_text("more like")
    expect(page.locator(f"[data-id='{first[3]}']")).to_have_count(0)
    page.locator("#chips .remove").click()
    expect(page.locator(f"[data-id='{first[3]}']")).to_have_count(1)
    assert ids(page) == first


def test_a_request_is_understood_edited_and_followed_up(site: Site, look: Look) -> None:
    page = look.at(f"{site.main}/?user=126")
    settled(page)
    page.keyboard.press("/")
    page.keyboard.type("a battle like Robots at War 1, after 1970, without village and not Drama")
    page.keyboard.press("Enter")
    chips = page.locator("#chips")
    expect(chips).to_contain_text("Robots at War 1")
    expect(page.locator("#list-title")).to_have_text("Found for you")
    expect(chips).to_contain_text("year ≥ 1971")
    # a range is edited
    chips.get_by_role("button", name=re.compile("^Edit year")).click()
    chips.locator("input").first.fill("1990")
    page.keyboard.press("Enter")
    expect(chips).to_contain_text("year ≥ 1990")
    settled(page)
    years = [int(found) for found in re.findall(r"\b(?:19|20)\d\d\b", page.locator("#cards").inner_text())]
    assert years and min(years) >= 1990
    # Escape leaves an edit as it was, a text is edited
    chips.get_by_role("button", name=re.compile("^Edit Looking for")).click()
    page.keyboard.press("Escape")
    chips.get_by_role("button", name=re.compile("^Edit Looking for")).click()
    chips.locator("input").fill("deep space")
    chips.get_by_role("button", name="Apply").click()
    expect(chips).to_contain_text("deep space")
    # a condition is turned round, a liking too
    chips.get_by_role("button", name=re.compile("^Turn round: like")).click()
    expect(chips).to_contain_text("unlike")
    picture(page, "asked")
    sound(page)
    # a further turn adds to it
    page.locator("#request").fill("before 2005")
    page.locator("#ask button").click()
    expect(chips).to_contain_text("year ≤ 2004")
    count = chips.locator(".chip").count()
    chips.get_by_role("button", name=re.compile("^Remove year")).click()
    expect(chips.locator(".chip")).to_have_count(count - 1)
    cards(page).nth(0).locator("[data-act=more]").click()
    expect(chips.locator(".chip")).to_have_count(count)
    page.locator("#clear").click()
    expect(page.locator("#understood")).to_be_hidden()
    expect(page.locator("#list-title")).to_have_text("For user 126")


def test_nothing_left_is_said_and_so_is_what_was_not_understood(site: Site, look: Look) -> None:
    page = look.at(f"{site.main}/?user=127")
    settled(page)
    page.locator("#request").fill("something after 2100")
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_contain_text("No items")
    expect(page.locator("#notes li").first).to_be_visible()
    page.locator("#clear").click()
    settled(page)


def test_the_slider_shows_what_it_costs_and_gives(site: Site, look: Look) -> None:
    page = look.at(f"{site.main}/?user=128")
    page.locator("#length").select_option("10")
    settled(page)
    expect(cards(page)).to_have_count(10)
    expect(page.locator("#relevance-told")).to_have_text("100%")
    plain = page.locator("#variety-told").inner_text()
    page.locator("#diversity").focus()
    page.keyboard.press("End")
    expect(page.locator("#variety-told")).to_have_text(re.compile(rf"^{plain} → 0?\d*\.\d\d$"))
    own = float(page.locator("#variety-told").inner_text().split("→")[1])
    assert own > float(plain)
    assert int(page.locator("#relevance-told").inner_text().rstrip("%")) < 100
    assert page.locator("#relevance").evaluate("node => node.value") < 1
    page.locator("#request").fill("a battle")
    page.locator("#ask button").click()
    expect(page.locator("#chips")).to_contain_text("diverse 100%")
    page.locator("#chips").get_by_role("button", name="Remove diverse 100%").click()
    expect(page.locator("#relevance-told")).to_have_text("100%")
    assert page.locator("#diversity").input_value() == "0"


def test_why_shows_sources_and_evidence(site: Site, look: Look) -> None:
    page = look.at(f"{site.main}/?user=129")
    settled(page)
    title = cards(page).nth(2).locator("h3").inner_text()
    cards(page).nth(2).locator("[data-act=why]").click()
    sheet = page.locator("#why")
    expect(sheet.locator("h2")).to_have_text(title)
    expect(sheet).to_contain_text("What each source gave")
    assert sheet.locator(".bar").count() >= 2
    expect(sheet).to_contain_text(re.compile(r"Place 3 · score -?\d"))
    assert sheet.locator(".evidence li").count() >= 2
    sound(page)
    picture(page, "why")
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_be_hidden()


def test_everything_by_keyboard(site: Site, look: Look) -> None:
    page = look.at(f"{site.main}/?user=130", width=1440)
    settled(page)
    page.keyboard.press("?")
    expect(page.locator("#keys-dialog")).to_be_visible()
    sound(page)
    page.keyboard.press("Escape")
    expect(page.locator("#keys-dialog")).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches(':focus-visible')")
    page.locator("body").click(position={"x": 5, "y": 400})
    held = "document.activeElement.dataset.id"
    listed = ids(page)
    page.keyboard.press("ArrowDown")
    assert page.evaluate(held) == listed[0]
    page.keyboard.press("ArrowRight")
    assert page.evaluate(held) == listed[1]
    page.keyboard.press("ArrowDown")
    below = listed.index(page.evaluate(held))
    assert below > 2
    boxes = [cards(page).nth(place).bounding_box() for place in (1, below)]
    assert boxes[0] and boxes[1] and boxes[0]["x"] == boxes[1]["x"] and boxes[0]["y"] < boxes[1]["y"]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("w")
    expect(page.locator("#why")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    expect(page.locator(f"[data-id='{listed[0]}']")).to_have_count(0)
    assert page.evaluate(held) == ids(page)[0]  # the focus stays at its place
    page.keyboard.press("d")
    expect(page.locator("#lately li.against")).to_have_count(1)
    page.keyboard.press("m")
    expect(page.locator("#chips .chip")).to_have_count(1)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "request"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") != "request"


def test_light_dark_and_languages_are_switched_and_kept(site: Site, look: Look) -> None:
    page = look.at(f"{site.main}/?user=131", theme="dark")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("#theme").click()
    light = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == light
    page.locator("#to-language").click()
    expect(page.locator("#list-title")).to_have_text("给用户 131")
    assert "user=131" in page.url
    settled(page)
    expect(page.locator(".reason").first).to_contain_text(re.compile("[\u4e00-\u9fff]"))
    page.goto(f"{site.main}/admin")
    expect(page.locator("h1")).to_have_text("管理")
    page.get_by_role("link", name="推荐页").click()
    settled(page)
    page.get_by_role("link", name="管理").click()
    expect(page.locator("#kpi_rate")).to_be_visible()
    page.locator("#theme").click()
    assert page.evaluate(ground) == dark


def test_what_items_say_is_never_more_than_text(site: Site, look: Look) -> None:
    names = [f"h/{place}?'\"<&" for place in range(len(HOSTILE))]
    post = look.browser.new_context().request
    things = [
        {"id": name, "title": text, "text": f"A loud battle of robots {text[:300]}", "year": 2001}
        for name, text in zip(names, HOSTILE, strict=True)
    ]
    assert post.post(f"{site.main}/v1/items", data={"items": things}).ok
    rule = {"kind": "pin", "items": names}
    assert post.put(f"{site.main}/v1/rules/hostile", data=rule).ok
    for width in (390, 1440):
        page = look.at(f"{site.main}/?user=140", width=width)
        settled(page)
        assert ids(page)[: len(names)] == names
        assert cards(page).nth(0).locator("h3").inner_text().startswith("<script>")
        heights = [box["height"] for one in cards(page).all() if (box := one.bounding_box())]
        assert max(heights) < 480
        picture(page, f"hostile-{width}")
    for place in (0, 2):
        cards(page).nth(place).locator("[data-act=why]").click()
        expect(page.locator("#why .bars, #why p").first).to_be_visible()
        expect(page.locator("#why h3").first).to_be_visible()
        page.keyboard.press("Escape")
    cards(page).nth(1).locator("[data-act=more]").click()
    expect(page.locator("#chips .chip")).to_have_count(1)
    cards(page).nth(0).locator("[data-act=like]").click()
    expect(page.locator("#delta")).to_contain_text("Liked")
    page.locator("#request").fill("<img src=x onerror='window.hurt=1'> \"' like " + HOSTILE[3])
    page.keyboard.press("Enter")
    expect(page.locator("#list-title")).to_have_text("Found for you")
    page.goto(f"{site.main}/admin")
    expect(page.locator("#rules")).to_contain_text("<script>")
    expect(page.locator("#stream li").first).to_be_visible()
    sound(page)
    picture(page, "hostile-admin")
    assert page.evaluate("window.hurt") is None
    assert post.delete(f"{site.main}/v1/rules/hostile").ok
    assert post.delete(f"{site.main}/v1/items", data={"ids": names}).ok


def test_a_bundle_without_texts_says_what_it_cannot(site: Site, look: Look) -> None:
    page = look.at(f"{site.bare}/?user=121")
    settled(page)
    expect(page.locator("#ask-off")).to_contain_text("no titles and no texts")
    expect(page.locator("#request")).to_be_disabled()
    expect(page.locator("#balance-off")).to_be_visible()
    expect(page.locator("#diversity")).to_be_hidden()
    assert cards(page).nth(0).locator("h3").inner_text() == ids(page)[0]
    page.locator("#be-new").click()
    expect(page.locator("#describe-off")).to_be_visible()
    sound(page)
    picture(page, "bare")


def test_a_help_desk_quotes_its_answer(site: Site, look: Look) -> None:
    page = look.at(site.desk)
    expect(page.locator("#message")).to_contain_text("Ask a question")
    expect(page.locator("#who")).to_be_hidden()
    page.locator("#request").fill("password question")
    page.keyboard.press("Enter")
    expect(page.locator("#quote-text")).to_contain_text("Use the link in the letter.")
    settled(page)
    assert page.locator("[data-act=like]").count() == 0
    sound(page)
    picture(page, "desk")
    page.locator("#clear").click()
    expect(page.locator("#message")).to_contain_text("Ask a question")


def test_errors_are_said_in_words(site: Site, browser: Browser) -> None:
    looking = Look(browser)  # a browser tells of failed requests itself: here they are meant
    page = looking.at(f"{site.main}/?user=132")
    settled(page)
    page.route("**/v1/recommend", lambda route: route.abort())
    page.locator("#length").select_option("50")
    expect(page.locator("#message")).to_contain_text("The service does not answer")
    page.unroute("**/v1/recommend")
    page.locator("#message button").click()
    settled(page)
    told = {"status": 503, "detail": "the journal is full", "hint": "make room"}
    page.route("**/v1/recommend", lambda route: route.fulfill(status=503, json=told))
    page.locator("#length").select_option("20")
    expect(page.locator("#message")).to_contain_text("the journal is full")
    expect(page.locator("#message")).to_contain_text("make room")
    looking.close()
    assert all("Failed to load resource" in one for one in looking.complaints)


def test_a_key_is_asked_for_once_and_stays_in_the_tab(site: Site, browser: Browser) -> None:
    looking = Look(browser)
    page = looking.at(f"{site.keyed}/?user=121")
    expect(page.locator("#key-dialog")).to_be_visible()
    page.locator("#key").fill("not the key at all")
    page.locator("#key-use").click()
    expect(page.locator("#key-wrong")).to_have_text("This key is not known here.")
    page.locator("#key").fill(SECRET)
    page.locator("#key-use").click()
    settled(page)
    page.goto(f"{site.keyed}/admin")
    expect(page.locator("#live")).to_have_class(re.compile("on"))
    expect(page.locator("#key-dialog")).to_be_hidden()
    kept = page.evaluate("[JSON.stringify(localStorage), document.cookie].join()")
    assert SECRET not in kept
    looking.close()
