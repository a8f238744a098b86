"""The API: what it answers is what it describes, alone and in sequences, on strange input as well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections
from hypothesis import HealthCheck, settings

from misyn.oversight.registry import clock, often
from misyn.oversight.registry.acts import accounts
from misyn.oversight.registry.models.account import ROLES, SCOPES
from registries import WORDS, World

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture
def schema(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The API's own description, and a token that may do everything the API offers."""
    monkeypatch.setattr(often, "LIMITS", dict.fromkeys(often.LIMITS, 10**9))
    monkeypatch.setattr(often, "EVERYBODY", {})
    monkeypatch.setattr("django.conf.settings.ALLOWED_HOSTS", ["*"])
    who = world.lab
    who.roles = list(ROLES)
    who.save()
    world.ask(world.entry)
    world.secret = accounts.token(who, scopes=list(SCOPES), label="t", now=clock.now())  # type: ignore[attr-defined]
    yield schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application())
    connections.close_all()


def answers_as_described(operation: Any, headers: dict[str, str]) -> None:
    from hypothesis import given

    @FEW
    @given(case=operation.as_strategy())
    def answers(case: Any) -> None:
        case.call_and_validate(headers=headers)

    answers()


def test_every_operation_answers_as_it_is_described(world: World, schema: Any) -> None:
    token = {"Authorization": f"Bearer {world.secret}"}  # type: ignore[attr-defined]
    seen = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        for headers in (token, {}):
            answers_as_described(operation, headers)
        seen.add(operation.label)
    assert len(seen) == 15


def test_sequences_of_operations_answer_as_they_are_described(world: World, schema: Any) -> None:
    machine = schema.as_state_machine()
    secret = world.secret  # type: ignore[attr-defined]

    class Sequences(machine):  # type: ignore[misc, valid-type]
        def before_call(self, case: Any) -> None:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {secret}"}

    Sequences.run(settings=settings(FEW, max_examples=15, stateful_step_count=8))


def test_lists_continue_where_they_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from misyn.oversight.registry.api import reading

    monkeypatch.setattr(reading, "PAGE", 1)
    world.publish()
    page = world.signed_in(None)
    first = page.get("/api/entries").json()
    second = page.get(f"/api/entries?after={first['next']}").json()
    assert [one["entry"] for one in (*first["entries"], *second["entries"])] == [1, 2]
    assert second["next"] is None and first["total"] == 2


def test_a_program_raises_follows_and_takes_back_a_concern(world: World) -> None:
    page = world.signed_in(None)

    def post(path: str, **content: str) -> Any:
        return page.post(f"/api{path}", json.dumps(content), content_type="application/json")

    made = post("/entries/1/concerns", kind="refusal", words=WORDS)
    assert made.status_code == 201
    code = made.json()["code"]
    assert post("/receipts", code=code).json()["words"] == WORDS
    assert post("/receipts/additions", code=code, words="More.").json()["additions"] == ["More."]
    assert post("/receipts/erasure", code=code).json()["words_state"] == "erased"
    assert post("/receipts/taking-back", code=code).json()["state"] == "taken-back"
    assert post("/receipts/taking-back", code=code).status_code == 409


def test_what_was_sent_is_never_repeated(world: World) -> None:
    page = world.signed_in(None)
    for content in (
        '{"kind": "question", "words": 5, "canary": "Canary"}',
        '{"kind": "Canary", "words": "Canary"}',
        "Canary",
    ):
        answer = page.post("/api/entries/1/concerns", content, content_type="application/json")
        assert answer.status_code == 422
        assert b"Canary" not in answer.content


def test_a_prefix_gives_all_images_that_begin_so_and_nothing_shorter_is_asked(world: World) -> None:
    from misyn.oversight.registry.acts import publishing

    digests = [f"sha256:abc{n:061x}" for n in range(5)] + ["sha256:abd" + "0" * 61]
    publishing.declare(world.lab, world.entry, digests, now=clock.now())
    page = world.signed_in(None)
    found = page.get("/api/declared/abc").json()
    assert [f"sha256:{one['pixels']}" for one in found["matches"]] == digests[:5] and found["complete"]
    assert found["matches"][0]["responsible"] == "Example Lab"
    assert page.get("/api/declared/ab").status_code == 422
    assert page.get("/api/declared/ffff").json()["matches"] == []
