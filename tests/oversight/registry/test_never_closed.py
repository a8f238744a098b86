"""Whatever anybody does, in whatever order: no concern is deleted, hidden, or closed without an answer.

A machine of random acts by everybody with a role, through pages, API and acts, holds the registry to its promises.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import registries
from misyn.errors import MisynError
from misyn.oversight.registry import clock, often
from misyn.oversight.registry.acts import accounts, answering, asking, moderating, standing
from misyn.oversight.registry.models import Concern, Event
from misyn.oversight.registry.models.account import ROLES, SCOPES
from registries import World

ALL = ("lab", *ROLES)
WORDS = st.sampled_from(["some words", "other words", "<b>words</b>", "=1+1"])
STATES = ("open", "answered", "upheld", "not-upheld", "taken-back")


class Anybody(RuleBasedStateMachine):
    """People who do things to one entry and its concerns, allowed or not."""

    template: Path

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.world = World(registries.copied(self.template, self.folder / "world"), self.folder / "world")
        self.raised: list[asking.Raised] = []
        self.answered: set[int] = set()
        self.taken_back: set[int] = set()
        self.facts: dict[int, tuple[Any, ...]] = {}
        self.people = {"lab": self.world.lab, **{role: self.world.account(role, role) for role in ROLES}}
        self.people["moderator"].roles = ["moderator", "submitter", "reviewer"]
        self.people["moderator"].save()
        self.tokens = {
            name: accounts.token(one, scopes=list(SCOPES), label="t", now=clock.now())
            for name, one in self.people.items()
        }

    def teardown(self) -> None:
        connections.close_all()
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    def one(self, n: int) -> asking.Raised | None:
        return self.raised[n % len(self.raised)] if self.raised else None

    @rule(kind=st.sampled_from(["question", "objection", "refusal", "my-image"]), words=WORDS, ago=st.integers(0, 40))
    def ask(self, kind: str, words: str, ago: int) -> None:
        raised = self.world.ask(self.world.entry, kind, words=words, ago=ago)
        self.raised.append(raised)
        self.facts[raised.concern.pk] = (kind, raised.concern.created, raised.concern.event.index)

    @rule(n=st.integers(0, 9), who=st.sampled_from(ALL), outcome=st.sampled_from(answering.OUTCOMES), words=WORDS)
    def answer(self, n: int, who: str, outcome: str, words: str) -> None:
        raised = self.one(n)
        if raised is None:
            return
        with contextlib.suppress(MisynError):
            answering.answer(self.people[who], raised.concern, outcome=outcome, words=words, now=clock.now())
            self.answered.add(raised.concern.pk)

    @rule(n=st.integers(0, 9), words=WORDS)
    def add(self, n: int, words: str) -> None:
        raised = self.one(n)
        if raised is not None:
            with contextlib.suppress(MisynError):
                asking.add(raised.code, words, now=clock.now())
                self.answered.discard(raised.concern.pk)

    @rule(n=st.integers(0, 9))
    def take_back(self, n: int) -> None:
        raised = self.one(n)
        if raised is not None:
            with contextlib.suppress(MisynError):
                asking.take_back(raised.code, now=clock.now())
                self.taken_back.add(raised.concern.pk)

    @rule(n=st.integers(0, 9))
    def erase_own(self, n: int) -> None:
        raised = self.one(n)
        if raised is not None:
            asking.erase_own(raised.code, now=clock.now())

    @rule(n=st.integers(0, 9), who=st.sampled_from(ALL), act=st.sampled_from(["hide", "show", "erase"]))
    def moderate(self, n: int, who: str, act: str) -> None:
        raised = self.one(n)
        if raised is None:
            return
        with contextlib.suppress(MisynError):
            text = self.world.again(raised.concern).text
            if act == "erase":
                moderating.erase(self.people[who], text, reason="personal", now=clock.now())
            else:
                moderating.hide(self.people[who], text, reason="abuse" if act == "hide" else "", now=clock.now())

    @rule(who=st.sampled_from(ALL))
    def withdraw(self, who: str) -> None:
        with contextlib.suppress(MisynError):
            standing.withdraw(self.people[who], self.world.entry, reason="no more", now=clock.now())

    @rule(who=st.sampled_from(ALL), n=st.integers(0, 9), method=st.sampled_from(["delete", "put", "patch", "post"]))
    def push_at_the_doors(self, who: str, n: int, method: str) -> None:
        """Other methods than those there are, on everything that has an address."""
        raised = self.one(n)
        if raised is None:
            return
        browser = self.world.signed_in(self.people[who])
        headers = {"authorization": f"Bearer {self.tokens[who]}"}
        for path in (f"/api/concerns/{raised.concern.pk}", f"/en/concern/{raised.concern.pk}/", "/api/entries/1"):
            getattr(browser, method)(
                path, json.dumps({"state": "answered"}), content_type="application/json", headers=headers
            )

    @invariant()
    def every_concern_is_there_with_its_facts(self) -> None:
        if not getattr(self, "facts", None):
            return
        found = {one.pk: (one.kind, one.created, one.event.index) for one in Concern.objects.select_related("event")}
        assert found == self.facts

    @invariant()
    def only_answers_and_their_author_close_a_concern(self) -> None:
        for concern in Concern.objects.all() if getattr(self, "facts", None) else ():
            if concern.state == "open":
                continue
            if concern.state == "taken-back":
                assert concern.pk in self.taken_back
            else:
                assert concern.pk in self.answered and concern.answers.exists()

    @invariant()
    def everybody_sees_every_concern(self) -> None:
        if not getattr(self, "facts", None):
            return
        text = self.world.signed_in(None).get("/en/entry/1/").content.decode()
        for pk in self.facts:
            assert f'href="/en/concern/{pk}/"' in text
        rows = json.loads(b"".join(self.world.signed_in(None).get("/data/concerns.json")))
        assert {row["concern"] for row in rows} == set(self.facts)

    @invariant()
    def every_act_is_in_the_log(self) -> None:
        if getattr(self, "facts", None):
            assert set(range(Event.objects.order_by("-index")[0].index + 1)) >= set(
                Event.objects.values_list("index", flat=True)
            )
            assert Event.objects.filter(act="concern").count() == len(self.facts)

    @invariant()
    def withdrawn_stays_withdrawn(self) -> None:
        if hasattr(self, "folder") and Event.objects.filter(act="withdrawal").exists():
            assert self.world.entry.status == "withdrawn"


def test_nothing_anybody_does_deletes_hides_or_closes_a_concern(
    template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(often, "LIMITS", dict.fromkeys(often.LIMITS, 10**6))
    Anybody.template = template
    from hypothesis.stateful import run_state_machine_as_test

    bounded = settings(
        max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(Anybody, settings=bounded)
