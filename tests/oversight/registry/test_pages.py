"""Pages: what they show, in two languages, with headers that allow no script."""

from __future__ import annotations

import pytest

from misyn.oversight.registry import clock
from registries import World

PAGES = (
    "",
    "about/",
    "look-up/",
    "look-up/?digits=abc",
    "look-up/upload/",
    "statements/",
    "follow/",
    "data/",
    "sign-in/",
    "entry/1/",
    "entry/1/reviewer/",
    "entry/1/developer/",
    "entry/1/ask/",
    "concern/1/",
)


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_answers_and_allows_no_script(world: World, language: str) -> None:
    entry = world.entry
    world.ask(entry)
    client = world.signed_in(None)
    for path in PAGES:
        answer = client.get(f"/{language}/{path}")
        text = answer.content.decode()
        assert answer.status_code == 200, path
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "<script" not in text and "style=" not in text and " onclick" not in text
        assert f'<html lang="{language}">' in text
        assert "sessionid" not in answer.cookies


def test_the_front_page_leads_to_the_readers_language(world: World) -> None:
    client = world.signed_in(None)
    assert client.get("/", headers={"accept-language": "de"}).headers["Location"] == "/de/"
    assert client.get("/", headers={"accept-language": "fr"}).headers["Location"] == "/en/"


def test_what_is_not_there_is_a_page_and_not_a_traceback(world: World) -> None:
    client = world.signed_in(None)
    for path in (
        "/en/nothing/",
        "/en/entry/7/",
        "/de/concern/9/",
        "/status/secret.key",
        "/log/../log.json",
        "/event/5.json",
    ):
        assert client.get(path).status_code == 404, path


def test_the_status_stands_on_every_view_of_an_entry(world: World) -> None:
    entry = world.entry
    client = world.signed_in(None)
    for depth in ("", "reviewer/", "developer/", "ask/"):
        assert "status-current" in client.get(f"/en/entry/{entry.pk}/{depth}").content.decode()
    assert "status-current" in client.get("/en/").content.decode()
    assert "current · phase 1 of 5" in client.get(f"/entry/{entry.pk}/badge.svg").content.decode()


def test_search_finds_words_of_name_maker_and_kind_and_filters_by_status(world: World) -> None:
    client = world.signed_in(None)
    assert "lung painter" in client.get("/en/?q=LUNG+ct").content.decode()
    assert "lung painter" not in client.get("/en/?q=wound").content.decode()
    assert "lung painter" not in client.get("/en/?status=withdrawn").content.decode()


def test_the_report_is_served_under_the_digest_of_its_own_style(world: World) -> None:
    entry = world.entry
    answer = world.signed_in(None).get(f"/entry/{entry.pk}/report-1.html")
    assert answer.status_code == 200
    assert "style-src 'sha256-" in answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
@pytest.mark.parametrize("table", ["entries", "concerns", "reviews", "statements", "events", "declared"])
def test_everything_public_is_open_data(world: World, table: str, form: str) -> None:
    world.ask(world.entry)
    answer = world.signed_in(None).get(f"/data/{table}.{form}")
    assert answer.status_code == 200
    assert b"".join(answer) or table in ("reviews", "statements", "declared")


def test_the_feed_tells_what_happened_without_anybodys_words(world: World) -> None:
    world.ask(world.entry, words="unmistakable words")
    text = world.signed_in(None).get("/feed.atom").content.decode()
    assert "publication: lung painter 2" in text and "concern: " in text
    assert "unmistakable" not in text


def test_a_remembered_page_is_never_older_than_what_happened(world: World) -> None:
    """Pages are built once for everybody: each act is on the page of the very next reader."""
    from misyn.oversight.registry.acts import answering, asking, moderating, standing

    def shown() -> str:
        text = world.signed_in(None).get("/en/entry/1/").content.decode()
        assert text == world.signed_in(None).get("/en/entry/1/").content.decode()
        return text

    shown()
    raised = world.ask(world.entry, words="first words")
    assert "first words" in shown()
    asking.add(raised.code, "second words", now=clock.now())
    assert "second words" in shown()
    moderating.hide(world.account("mo", "moderator"), raised.concern.text, reason="abuse", now=clock.now())
    assert "first words" not in shown()
    answering.answer(world.lab, raised.concern, outcome="upheld", words="It is so.", now=clock.now())
    assert "status-contested" in shown() and "status-contested" in world.signed_in(None).get("/en/").content.decode()
    standing.withdraw(world.lab, world.entry, reason="It harms.", now=clock.now())
    assert "status-withdrawn" in shown()
    asking.erase_own(raised.code, now=clock.now())
    assert "second words" not in shown()
    assert "second words" not in world.signed_in(None).get("/en/concern/1/").content.decode()
