"""Concerns: raised by anyone, answered by a date, never deleted, hidden or closed unanswered."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from misyn.errors import UsageError
from misyn.oversight.log import client as reader
from misyn.oversight.log import policy
from misyn.oversight.log.store import Log
from misyn.oversight.registry import clock, often
from misyn.oversight.registry.acts import answering, asking, moderating
from misyn.oversight.registry.models import Concern, Event, Text
from misyn.oversight.registry.models.text import commitment
from misyn.oversight.registry.roles import NotAllowed, WrongState
from registries import WORDS, World


def raise_by_page(world: World, **more: str) -> tuple[int, str]:
    page = world.signed_in(None)
    answer = page.post("/en/entry/1/ask/", {"kind": "objection", "words": WORDS, "website": "", **more})
    found = re.search(r'<code id="code">([A-Z0-9-]+)</code>', answer.content.decode())
    return answer.status_code, found.group(1) if found else ""


def test_three_steps_without_an_account_lead_to_a_receipt(world: World) -> None:
    page = world.signed_in(None)
    entry = page.get("/en/entry/1/")  # one
    assert 'href="/en/entry/1/ask/"' in entry.content.decode()
    assert page.get("/en/entry/1/ask/").status_code == 200  # two
    status, code = raise_by_page(world)  # three
    assert status == 201 and len(code) == 24
    assert WORDS in page.get("/en/entry/1/").content.decode()


def test_a_receipt_lets_its_holder_follow_add_take_back_and_erase(world: World) -> None:
    _, code = raise_by_page(world)
    page = world.signed_in(None)
    shown = page.post("/en/follow/", {"code": code.lower()})
    assert WORDS in shown.content.decode()
    added = page.post("/en/follow/", {"code": code, "act": "add", "words": "More words."})
    assert "More words." in added.content.decode()
    back = page.post("/en/follow/", {"code": code, "act": "take-back"})
    assert "status-taken-back" in back.content.decode()
    erased = page.post("/en/follow/", {"code": code, "act": "erase"})
    assert WORDS not in erased.content.decode() and "More words." not in erased.content.decode()
    assert Concern.objects.get().state == "taken-back"


def test_a_wrong_code_tells_nothing(world: World) -> None:
    raise_by_page(world)
    answer = world.signed_in(None).post("/en/follow/", {"code": "AAAA-BBBB-CCCC-DDDD-EEEE"})
    assert answer.status_code == 422 and WORDS not in answer.content.decode()


def test_the_code_is_kept_as_a_hash_and_never_part_of_an_address(world: World) -> None:
    _, code = raise_by_page(world)
    assert Concern.objects.get().receipt == asking.folded(code) != code
    assert code not in (world.place.folder / "registry.sqlite3").read_bytes().decode("latin-1")
    follow = world.signed_in(None).get("/en/follow/").content.decode()
    assert 'method="post"' in follow


def test_what_somebody_says_is_shown_as_text_and_never_as_markup(world: World) -> None:
    raise_by_page(world, words="<script>alert(1)</script><img src=x onerror=alert(1)> [link](javascript:1)")
    text = world.signed_in(None).get("/en/entry/1/").content.decode()
    assert "<script" not in text and "<img" not in text and "&lt;script&gt;" in text


def test_programs_that_fall_into_the_trap_are_refused(world: World) -> None:
    assert raise_by_page(world, website="buy here")[0] == 422
    assert not Concern.objects.exists()


def test_floods_are_stopped_without_keeping_who_it_was(world: World) -> None:
    statuses = [raise_by_page(world)[0] for _ in range(often.LIMITS["ask"] + 1)]
    assert statuses[-1] == 429 and set(statuses[:-1]) == {201}
    other = world.signed_in(None)
    again = other.post("/en/entry/1/ask/", {"kind": "question", "words": WORDS}, REMOTE_ADDR="198.51.100.7")
    assert again.status_code == 201
    assert b"198.51.100.7" not in (world.place.folder / "registry.sqlite3").read_bytes()


def test_a_client_cannot_choose_the_address_that_counts(world: World) -> None:
    page = world.signed_in(None)
    for n in range(often.LIMITS["ask"] + 1):
        given = {"kind": "question", "words": WORDS}
        answer = page.post("/en/entry/1/ask/", given, headers={"x-forwarded-for": f"203.0.113.{n}"})
    assert answer.status_code == 429


def test_an_answer_is_due_by_the_date_the_record_promises(world: World) -> None:
    raised = world.ask(world.entry)
    assert raised.concern.due - raised.concern.created == timedelta(days=14)


def test_overdue_concerns_stand_first_on_the_entry_and_in_open_data(world: World) -> None:
    answered = world.ask(world.entry, words="answered concern", ago=30)
    answering.answer(world.lab, answered.concern, outcome="not-upheld", words="No.", now=clock.now())
    world.ask(world.entry, words="fresh concern")
    late = world.ask(world.entry, words="late concern", ago=20)
    for path in ("/en/entry/1/", "/data/concerns.csv"):
        answer = world.signed_in(None).get(path)
        text = b"".join(answer).decode()
        assert text.index("late concern") < text.index("fresh concern"), path
        assert text.index("late concern") < text.index("answered concern"), path
    assert world.again(late.concern).is_overdue
    assert "1 concern was not answered in time" in world.signed_in(None).get("/en/entry/1/").content.decode()


@pytest.mark.parametrize("reason", list(moderating.REASONS))
def test_moderation_takes_words_and_leaves_kind_date_and_state(world: World, reason: str) -> None:
    moderator = world.account("mo", "moderator")
    raised = world.ask(world.entry, words="abusive words")
    moderating.hide(moderator, raised.concern.text, reason=reason, now=clock.now())
    for path in ("/en/entry/1/", "/de/concern/1/", "/api/concerns/1", "/data/concerns.json", "/data/concerns.csv"):
        text = b"".join(world.signed_in(None).get(path)).decode()
        assert "abusive words" not in text, path
    shown = world.signed_in(None).get("/en/concern/1/").content.decode()
    assert "Objection 1" in shown and "status-open" in shown and moderating.REASONS[reason] in shown
    assert world.signed_in(None).get("/api/concerns/1").json()["words_state"] == "hidden"


def test_nobody_moderates_words_about_their_own_entry(world: World) -> None:
    both = world.account("both", "moderator", "submitter")
    world.entry.__class__.objects.filter(pk=1).update(owner=both)
    raised = world.ask(world.entry)
    for act in (moderating.hide, moderating.erase):
        with pytest.raises(NotAllowed):
            act(both, raised.concern.text, reason="abuse", now=clock.now())


def test_erased_words_are_gone_and_earlier_proofs_still_hold(world: World) -> None:
    raised = world.ask(world.entry, words="my name is Unmistakable")
    world.checkpoint()
    with Log.open(world.place.log) as log:
        trusted, proof = policy.of(*log.keys), log.prove(raised.concern.event.index).to_bytes()
    moderating.erase(world.account("mo", "moderator"), raised.concern.text, reason="personal", now=clock.now())
    world.checkpoint()
    digest = Event.objects.get(index=raised.concern.event.index).digest
    with Log.open(world.place.log) as log:
        later = log.prove(raised.concern.event.index).to_bytes()
    for one in (proof, later):
        shown = reader.check(one, trusted, now=clock.now(), content=digest, unsafe_without_cosignatures=True)
        assert shown.entry.kind == "concern"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for path in world.place.folder.rglob("*"):
        assert not path.is_file() or b"Unmistakable" not in path.read_bytes(), path
    removal = Event.objects.filter(act="erasure").get()
    assert removal.content["reason"] == "it holds personal details of somebody"
    assert Text.objects.get(pk=raised.concern.text.pk).salt is None


def test_words_can_be_checked_against_the_log_while_they_are_shown(world: World) -> None:
    raised = world.ask(world.entry)
    digest = raised.concern.text.commitment
    told = world.signed_in(None).get(f"/words/{digest.removeprefix('sha256:')}.json").json()
    assert commitment(bytes.fromhex(told["salt"]), told["words"]) == digest
    assert raised.concern.event.content["text"] == digest


@pytest.mark.parametrize("table", ["concern", "event", "answer", "text", "publication", "entry"])
def test_the_database_itself_refuses_to_delete(world: World, table: str) -> None:
    raised = world.ask(world.entry)
    answering.answer(world.lab, raised.concern, outcome="not-upheld", words="No.", now=clock.now())
    with pytest.raises(DatabaseError, match="stays"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM registry_{table}")  # noqa: S608 - our own words
    with pytest.raises(UsageError):
        Concern.objects.all().delete()
    with pytest.raises(UsageError):
        Concern.objects.get().delete()


@pytest.mark.parametrize(("column", "value"), [("kind", "question"), ("created", "2020-01-01"), ("entry_id", "2")])
def test_the_database_itself_refuses_to_change_what_a_concern_is(world: World, column: str, value: str) -> None:
    world.ask(world.entry)
    with pytest.raises(DatabaseError, match="stays"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE registry_concern SET {column} = %s", [value])  # noqa: S608 - our own words


def test_upheld_concerns_are_settled_by_others_than_the_owner_and_never_unsaid(world: World) -> None:
    raised = world.ask(world.entry)
    answering.answer(world.lab, raised.concern, outcome="upheld", words="It is so.", now=clock.now())
    assert world.entry.status == "contested"
    with pytest.raises(WrongState):
        answering.answer(world.lab, raised.concern, outcome="not-upheld", words="No.", now=clock.now())
    with pytest.raises(NotAllowed):
        answering.answer(world.lab, raised.concern, outcome="settled", words="It is gone.", now=clock.now())
    with pytest.raises(WrongState):
        asking.take_back(raised.code, now=clock.now())
    moderator = world.account("mo", "moderator")
    answering.answer(moderator, raised.concern, outcome="settled", words="It is gone.", now=clock.now())
    assert world.entry.status == "current"
    assert world.again(raised.concern).state == "upheld"


def test_more_words_open_an_answered_concern_again(world: World) -> None:
    raised = world.ask(world.entry, "question", ago=30)
    answering.answer(world.lab, raised.concern, outcome="answered", words="Because.", now=clock.now())
    asking.add(raised.code, "That is no answer.", now=clock.now())
    assert world.again(raised.concern).state == "open"
    assert not world.again(raised.concern).is_overdue


def test_my_image_leads_to_the_data_controller_without_an_upload(world: World) -> None:
    text = world.signed_in(None).get("/en/entry/1/ask/?kind=my-image").content.decode()
    assert "A hospital." in text and "Ethics board 12/3." in text
    assert 'type="file"' not in text
    assert re.search(r'value="my-image"[^>]*checked', text)
