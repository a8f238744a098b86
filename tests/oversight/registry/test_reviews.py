"""Reviews: interests declared, nobody their own, reopened when the evidence changes."""

from __future__ import annotations

import pytest

from misyn.errors import UsageError
from misyn.oversight.registry import clock
from misyn.oversight.registry.acts import reviewing, standing
from misyn.oversight.registry.acts.reviewing import Judged
from misyn.oversight.registry.models import Event, Judgement
from misyn.oversight.registry.roles import NotAllowed, WrongState
from registries import World, evaluation, record

LOOKED = (Judged("E8", agrees=True, reason="I counted again."), Judged("T4", agrees=False, reason="File names differ."))


def review(world: World, **more: object) -> None:
    given = {"interests": "None.", "judgements": LOOKED, "now": clock.now(), **more}
    reviewing.review(world.account("rea", "reviewer"), world.entry.latest, **given)  # type: ignore[arg-type]


def test_a_review_says_who_with_what_interests_and_why(world: World) -> None:
    review(world, interests="I once worked with the lab.")
    text = world.signed_in(None).get("/en/entry/1/").content.decode()
    for words in ("Rea Person", "I once worked with the lab.", "I counted again.", "disputes", "File names differ."):
        assert words in text


@pytest.mark.parametrize("interests", ["", "  "])
def test_interests_are_declared_even_where_there_are_none(world: World, interests: str) -> None:
    with pytest.raises(UsageError):
        review(world, interests=interests)


def test_nobody_reviews_their_own(world: World) -> None:
    owner = world.lab
    owner.roles = ["submitter", "reviewer"]
    owner.save()
    with pytest.raises(NotAllowed):
        reviewing.review(owner, world.entry.latest, interests="None.", judgements=LOOKED, now=clock.now())


@pytest.mark.parametrize("name", ["Example Lab", "example  LAB", "Example Lab."])
def test_nobody_named_as_responsible_reviews_under_another_account(world: World, name: str) -> None:
    other = world.account("other", "reviewer")
    other.shown_as = name
    other.save()
    with pytest.raises(NotAllowed, match="their own"):
        reviewing.review(other, world.entry.latest, interests="None.", judgements=LOOKED, now=clock.now())


@pytest.mark.parametrize("judged", [(), (Judged("X99", agrees=True, reason="So."),)])
def test_a_review_judges_findings_that_are_there(world: World, judged: tuple[Judged, ...]) -> None:
    with pytest.raises(UsageError):
        review(world, judgements=judged)


def test_a_withdrawn_entry_is_not_reviewed(world: World) -> None:
    standing.withdraw(world.lab, world.entry, reason="It harms.", now=clock.now())
    with pytest.raises(WrongState):
        review(world)


def test_a_change_of_evidence_reopens_what_depended_on_it_and_nothing_else(world: World) -> None:
    review(world)
    world.publish(entry=1, measured=evaluation(coverage=0.9))
    by_finding = {one.finding: one.reopened for one in Judgement.objects.all()}
    assert by_finding["E8"] is not None
    assert by_finding["T4"] is None
    assert Event.objects.get(act="reopening").content["findings"] == ["E8"]
    assert "reopened" in world.signed_in(None).get("/en/entry/1/").content.decode()


def test_a_new_version_with_the_same_evidence_reopens_nothing(world: World) -> None:
    review(world)
    world.publish(entry=1, of=record(monitoring={"plan": "We look at it each month."}))
    assert not Judgement.objects.exclude(reopened=None).exists()


def test_an_old_version_is_not_reviewed(world: World) -> None:
    old = world.entry.latest
    world.publish(entry=1, measured=evaluation(coverage=0.9))
    with pytest.raises(WrongState):
        reviewing.review(world.account("rea", "reviewer"), old, interests="None.", judgements=LOOKED, now=clock.now())
