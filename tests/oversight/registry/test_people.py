"""People: every page in every state, two languages, two widths, light and dark: no violation that axe can find.

axe finds about half of what there is to find; so the paths people take are walked by keyboard as well, and what they
read is measured.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

import browsers
import registries
from misyn.oversight.registry import clock
from misyn.oversight.registry.acts import answering, moderating, publishing, reviewing, standing, stating
from misyn.oversight.registry.models.account import ROLES
from misyn.practice import catalogue
from registries import World

pytest.importorskip("playwright", reason="Playwright is not installed")
axe_module = pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOK = "async tags => (await axe.run(document, {runOnly: {type: 'tag', values: tags}})).violations.map(one => one.id + ': ' + one.nodes.map(node => node.html.slice(0, 160)).join(' | '))"  # noqa: E501
NARROW, WIDE = 320, 1280
# In the suite each page is looked at twice, wide in English and narrow in German; ``make axe`` looks at all four.
LOOKS = [("en", WIDE, "light"), ("de", NARROW, "dark")]
if os.environ.get("MISYN_AXE") == "full":
    LOOKS += [("en", NARROW, "light"), ("de", WIDE, "dark")]
LONG = "Where do the images come from? " * 20
SAID = stating.Said("Our images cannot be told from others.", "page 3", registries.NOW.date(), "No test is reported.")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps an event loop in this thread
    with browsers.chromium() as found:
        if found is None:
            pytest.skip("chromium is not installed (Debian: chromium)")
        yield found
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with browsers.served() as found:
        yield found
    connections.close_all()


def people(world: World) -> None:
    for role in ROLES:
        world.account(role, role)


def empty(world: World) -> None:
    people(world)


def busy(world: World) -> None:
    """An entry with everything: overdue, answered, hidden, erased; a review, partly reopened; images; a work."""
    people(world)
    moderator, entry = world.account("moderator"), world.entry
    world.ask(entry, "question", words=LONG, ago=40)
    hidden, erased = world.ask(entry, words="hidden words"), world.ask(entry, "refusal", words="erased words")
    moderating.hide(moderator, hidden.concern.text, reason="abuse", now=clock.now())
    moderating.erase(moderator, erased.concern.text, reason="personal", now=clock.now())
    answered = world.ask(entry, "my-image")
    answering.answer(world.lab, answered.concern, outcome="answered", words="Ask the hospital.", now=clock.now())
    judged = (reviewing.Judged("E8", agrees=True, reason="So."), reviewing.Judged("T4", agrees=False, reason="No."))
    reviewing.review(world.account("reviewer"), entry.latest, interests="None.", judgements=judged, now=clock.now())
    world.publish(entry=1, measured=registries.evaluation(0.9))
    publishing.declare(world.lab, entry, [f"sha256:{n:064x}" for n in range(30)], now=clock.now())
    made = stating.state(
        world.account("reviewer"),
        work="Painting wounds",
        authors="A. Author",
        source="a journal",
        said=SAID,
        now=clock.now(),
    )
    stating.correct(world.account("reviewer"), made, SAID, why="A word was wrong.", now=clock.now())
    stating.reply(moderator, made, by="A. Author", words="We did test it.", now=clock.now())


def contested(world: World) -> None:
    busy(world)
    raised = world.ask(world.entry)
    answering.answer(world.lab, raised.concern, outcome="upheld", words="It is so.", now=clock.now())


def withdrawn(world: World) -> None:
    contested(world)
    standing.withdraw(world.lab, world.entry, reason="It harms people.", now=clock.now())


EVERYBODYS = (
    *("", "?q=nothing", "about/", "look-up/", "look-up/?digits=000", "look-up/?digits=zz", "look-up/upload/", "data/"),
    *("follow/", "sign-in/", "statements/", "nothing/", "entry/1/", "entry/1/reviewer/", "entry/1/developer/"),
    *("entry/1/ask/", "entry/1/ask/?kind=my-image"),
)
BUSY = ("statements/1/", "statements/1/notice/", "concern/1/", "concern/2/", "concern/3/", "concern/4/")
STAFF = {
    "submitter": ("desk/", "desk/tokens/", "entry/1/withdraw/"),
    "reviewer": ("desk/", "entry/1/review/", "statements/new/", "statements/1/correct/", "statements/1/withdraw/"),
    "moderator": ("desk/", "concern/1/", "concern/1/answer/", "text/1/moderate/", "statements/1/reply/"),
    "operator": ("desk/accounts/", "entry/1/withdraw/"),
}
STATES: dict[str, Callable[[World], None]] = {
    "empty": empty,
    "busy": busy,
    "contested": contested,
    "withdrawn": withdrawn,
}


def violations(page: Any, script: str) -> list[str]:
    page.evaluate(script)
    found: list[str] = page.evaluate(LOOK, TAGS)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, *([f"scrolls sideways by {wide} px"] if wide > 0 else [])]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_on_any_page_in_any_state(world: World, url: str, browser: Any, state: str) -> None:
    STATES[state](world)
    script = (Path(axe_module.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    rounds: list[tuple[Any, tuple[str, ...]]] = [(None, EVERYBODYS + (BUSY if state != "empty" else ()))]
    if state == "busy":
        rounds += [(world.account(role), pages) for role, pages in STAFF.items()]
    for account, pages in rounds:
        for language, width, scheme in LOOKS:
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            sign_in(context, world, account, url)
            page = context.new_page()
            for path in pages:
                page.goto(f"{url}/{language}/{path}")
                if seen := violations(page, script):
                    found[f"{language}/{path} {width} {scheme} {account}"] = seen
            context.close()
    assert found == {}


def sign_in(context: Any, world: World, account: Any, url: str) -> None:
    if account is None:
        return
    session = world.signed_in(account).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": url}])


@pytest.mark.parametrize("language", ["en", "de"])
def test_forms_that_are_sent_wrong_say_what_to_mend(world: World, url: str, browser: Any, language: str) -> None:
    script = (Path(axe_module.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    page = browser.new_context(viewport={"width": NARROW, "height": 800}).new_page()
    for path in ("entry/1/ask/", "follow/", "sign-in/", "look-up/upload/"):
        page.goto(f"{url}/{language}/{path}")
        page.locator("main form button").first.click()
        assert page.locator("[role=alert]").is_visible(), path
        assert page.locator("[role=alert] a").first.get_attribute("href").startswith("#id_")
        assert violations(page, script) == [], path


def tab_to(page: Any, wanted: str, *, most: int = 120) -> None:
    """Press Tab until the element that has the focus matches; nothing else is ever touched."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"{wanted} has the focus, and nobody sees it"
            return
    raise AssertionError(f"{wanted} cannot be reached by keyboard on {page.url}")


@pytest.mark.parametrize("language", ["en", "de"])
def test_by_keyboard_alone_one_reads_raises_a_concern_and_follows_it(
    world: World, url: str, browser: Any, language: str
) -> None:
    context = browser.new_context(java_script_enabled=True, viewport={"width": NARROW, "height": 800})
    page = context.new_page()
    page.goto(f"{url}/{language}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    tab_to(page, "a[href$='/entry/1/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/entry/1/")
    tab_to(page, "a[href$='/entry/1/ask/']")  # step one
    page.keyboard.press("Enter")
    page.wait_for_url("**/ask/")
    tab_to(page, "input[name=kind]")  # step two
    page.keyboard.press("ArrowDown")
    tab_to(page, "textarea[name=words]")
    page.keyboard.type("The ribs are doubled.")
    tab_to(page, "main button")
    page.keyboard.press("Enter")
    code = page.locator("#code").inner_text()  # step three
    assert re.fullmatch(r"([A-Z2-9]{4}-){4}[A-Z2-9]{4}", code)
    tab_to(page, "main a[href$='/follow/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/follow/")
    tab_to(page, "input[name=code]")
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    assert "The ribs are doubled." in page.locator("main").inner_text()
    tab_to(page, "textarea[name=words]")
    page.keyboard.type("Three of them.")
    tab_to(page, "main button")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=status]")
    assert "Three of them." in page.locator("main").inner_text()
    context.close()


def test_everything_works_without_javascript(world: World, url: str, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{url}/en/entry/1/ask/")
    page.check("input[value=objection]")
    page.fill("textarea", "The ribs are doubled.")
    page.click("main button")
    assert page.locator("#code").count() == 1
    context.close()


def test_nothing_moves_while_a_page_loads(world: World, url: str, browser: Any) -> None:
    busy(world)
    page = browser.new_context().new_page()
    page.add_init_script(
        "window.moved = 0; new PerformanceObserver(list => {"
        " for (const one of list.getEntries()) window.moved += one.value })"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    for path in ("en/", "de/entry/1/", "en/look-up/?digits=000"):
        page.goto(f"{url}/{path}")
        page.wait_for_timeout(200)
        assert page.evaluate("window.moved") == 0


def test_a_page_loads_nothing_from_elsewhere_and_sets_no_cookie_for_readers(
    world: World, url: str, browser: Any
) -> None:
    context = browser.new_context()
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    for path in ("en/", "en/entry/1/", "de/about/", "entry/1/report-1.html"):
        page.goto(f"{url}/{path}")
    assert {one.split("/")[2] for one in asked if not one.startswith("data:")} == {url.split("/")[2]}
    assert messages == []  # no violation of the policy either
    assert context.cookies() == []
    context.close()


def test_on_paper_there_are_words_and_no_buttons(world: World, url: str, browser: Any) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{url}/en/entry/1/")
    page.emulate_media(media="print")
    assert not page.locator("nav").first.is_visible() and not page.locator(".act").first.is_visible()
    assert page.locator("h1").is_visible() and page.locator(".standing").first.is_visible()


# --- words ---


def po() -> list[tuple[str, str]]:
    place = Path(catalogue.__file__).parents[1] / "oversight/registry/locale/de/LC_MESSAGES/django.po"
    text = place.read_text(encoding="utf-8")
    return re.findall(r'^msgid(?:_plural)? "(.+)"\n(?:msgid_plural .*\n)?msgstr(?:\[0\])? "(.*)"$', text, re.MULTILINE)


def test_german_is_complete() -> None:
    pairs = po()
    assert len(pairs) > 350
    assert [source for source, target in pairs if not target] == []


def test_german_has_every_word_of_the_templates_and_of_the_catalogue(tmp_path: Path) -> None:
    from misyn.oversight.registry.views.catalogue_words import PLAIN

    assert tuple(one.plain for one in catalogue.load()) == PLAIN
    known = {source.replace('\\"', '"') for source, _ in po()}
    templates = Path(catalogue.__file__).parents[1] / "oversight/registry/templates/registry"
    for path in templates.glob("*.html"):
        for said in re.findall(r'{% translate "([^"]+)" %}', path.read_text(encoding="utf-8")):
            assert said in known, (path.name, said)


@pytest.mark.parametrize("path", ["", "about/", "entry/1/", "entry/1/ask/", "look-up/", "look-up/upload/", "follow/"])
def test_public_pages_read_at_grade_eight_or_below(world: World, path: str) -> None:
    textstat = pytest.importorskip("textstat")
    html = world.signed_in(None).get(f"/en/{path}").content.decode()
    main = html[html.index("<main") : html.index("</main>")]
    blocks = re.findall(r"<(?:p|li|dd|label|legend)[^>]*>(.*?)</(?:p|li|dd|label|legend)>", main, re.DOTALL)
    words = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>|&[a-z]+;", " ", one)).strip() for one in blocks]
    sentences = " ".join(
        one if one.endswith((".", "?", "!", ":")) else f"{one}." for one in words if len(one.split()) > 3
    )
    if len(re.findall(r"[.?!]", sentences)) >= 3:
        assert textstat.flesch_kincaid_grade(re.sub(r"\d+|misyn|MB|CSV", "ten", sentences)) <= 8, sentences
