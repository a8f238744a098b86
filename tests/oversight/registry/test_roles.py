"""Who may do what: every route, for every role, in every state. A route that is not in the tables fails the test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation import activate

from misyn.oversight.registry import clock
from misyn.oversight.registry.acts import accounts, answering, asking, standing, stating
from misyn.oversight.registry.api import api
from misyn.oversight.registry.models import Account
from misyn.oversight.registry.models.account import SCOPES
from registries import NOW, WORDS, World

NOBODY, OWNER, SUBMITTER, REVIEWER, MODERATOR, OPERATOR = ROLES = (
    "nobody",
    "owner",
    "submitter",
    "reviewer",
    "moderator",
    "operator",
)
STATES = ("current", "contested", "withdrawn", "taken-back")
SAID = {"quotation": "We paint.", "where": "page 1", "read_on": "2026-11-22", "said": "It is not said how."}

# route: who may see it. None: everybody.
PAGES: dict[str, tuple[str, ...] | None] = {
    **dict.fromkeys(("front", "home", "about", "entry", "entry-reviewer", "entry-developer", "ask", "concern"), None),
    **dict.fromkeys(("follow", "look-up", "upload", "statements", "statement", "notice", "data", "sign-in"), None),
    **dict.fromkeys(
        ("badge", "report", "publication", "event", "proof", "words", "feed", "table", "status", "log"), None
    ),
    "style": None,
    "icon": None,
    "sign-out": (),  # a form alone
    "desk": (OWNER, SUBMITTER, REVIEWER, MODERATOR, OPERATOR),
    "tokens": (OWNER, SUBMITTER, REVIEWER, MODERATOR, OPERATOR),
    "accounts": (OPERATOR,),
    "withdraw": (OWNER, OPERATOR),
    "review": (REVIEWER,),
    "answer": (OWNER, MODERATOR),
    "moderate": (MODERATOR, OPERATOR),
    "state": (REVIEWER, MODERATOR),
    "correct": (REVIEWER,),
    "reply": (MODERATOR,),
    "unstate": (REVIEWER, MODERATOR, OPERATOR),
}
# what a form sends, who may, and in which states of the entry (or its concern) it is too late.
FORMS: dict[str, tuple[dict[str, str], tuple[str, ...] | None, tuple[str, ...]]] = {
    "ask": ({"kind": "question", "words": WORDS}, None, ()),
    "notice": ({"words": WORDS}, None, ()),
    "follow": ({"code": "CODE", "act": "add", "words": WORDS}, None, ("taken-back",)),
    "withdraw": ({"reason": "It harms."}, (OWNER, OPERATOR), ("withdrawn",)),
    "review": (
        {"how": "invited", "interests": "None.", "decision-T1": "agree", "reason-T1": "I looked."},
        (REVIEWER,),
        ("withdrawn",),
    ),
    "answer": ({"outcome": "upheld", "effect": "withdrawn", "words": WORDS}, (OWNER, MODERATOR), ("taken-back",)),
    "moderate": ({"act": "erase", "reason": "personal"}, (MODERATOR, OPERATOR), ()),
    "state": ({**SAID, "work": "A work", "authors": "A. Author", "source": "somewhere"}, (REVIEWER, MODERATOR), ()),
    "correct": ({**SAID, "why": "A mistake."}, (REVIEWER,), ()),
    "reply": ({"by": "A. Author", "words": WORDS}, (MODERATOR,), ()),
    "unstate": ({"reason": "It was wrong."}, (REVIEWER, MODERATOR, OPERATOR), ()),
    "accounts": ({"name": "new", "shown_as": "New Person", "roles": "reviewer"}, (OPERATOR,), ()),
    "tokens": ({"label": "a program", "scopes": "publish"}, (OWNER, SUBMITTER, REVIEWER, MODERATOR, OPERATOR), ()),
}
IMAGE = "sha256:" + "a" * 64
API: dict[str, tuple[dict[str, Any] | None, tuple[str, ...] | None, tuple[str, ...]]] = {
    **dict.fromkeys(("about", "entries", "entry", "concern", "look_up"), (None, None, ())),
    "ask": ({"kind": "question", "words": WORDS}, None, ()),
    "follow": ({"code": "CODE"}, None, ()),
    "add": ({"code": "CODE", "words": WORDS}, None, ("taken-back",)),
    "take_back": ({"code": "CODE"}, None, ("contested", "taken-back")),
    "erase": ({"code": "CODE"}, None, ()),
    "publish": ({"document": {}, "statement": {}, "bundle": ""}, (OWNER, SUBMITTER), ()),
    "declare": ({"images": [IMAGE]}, (OWNER,), ("withdrawn",)),
    "withdraw": ({"reason": "It harms."}, (OWNER, OPERATOR), ("withdrawn",)),
    "answer": ({"outcome": "upheld", "effect": "withdrawn", "words": WORDS}, (OWNER, MODERATOR), ("taken-back",)),
    "review": (
        {"interests": "None.", "judgements": [{"finding": "T1", "agrees": True, "reason": "I looked."}]},
        (REVIEWER,),
        ("withdrawn",),
    ),
}


class Scene:
    """A registry in one state, with somebody of every role, a concern, and a statement about others' work."""

    def __init__(self, world: World, state: str) -> None:
        self.world, self.state = world, state
        self.who: dict[str, Account | None] = {NOBODY: None, OWNER: world.lab}
        self.who |= {role: world.account(role, role) for role in ROLES[2:]}
        raised = world.ask(world.entry)
        self.code, self.concern = raised.code, raised.concern
        said = stating.Said("We paint.", "page 1", NOW.date(), "It is not said how.")
        self.statement = stating.state(
            world.account(REVIEWER, REVIEWER),
            work="A work",
            authors="A. Author",
            source="x",
            said=said,
            now=clock.now(),
        )
        if state == "contested":
            answering.answer(world.lab, raised.concern, outcome="upheld", words="It is so.", now=clock.now())
        elif state == "withdrawn":
            standing.withdraw(world.lab, world.entry, reason="It harms.", now=clock.now())
        elif state == "taken-back":
            asking.take_back(raised.code, now=clock.now())
        world.checkpoint()
        self.browsers = {role: world.signed_in(account) for role, account in self.who.items()}
        self.tokens = {role: self.token(role) for role in ROLES}

    def path(self, route: str) -> str:
        """An address of the route."""
        number = {
            **dict.fromkeys(("concern", "answer"), self.concern.pk),
            **dict.fromkeys(("statement", "notice", "correct", "reply", "unstate"), self.statement.pk),
            "moderate": self.concern.text.pk,
        }.get(route, 1)
        index = self.concern.event.index
        digest = self.concern.text.commitment.removeprefix("sha256:")
        given = {"number": number, "version": 1, "index": index, "digest": digest, "table": "entries", "form": "csv"}
        given |= {"name": "status.json", "path": "checkpoint"}
        pattern = next(one for one in patterns() if one.name == route)
        kept = {key: given[key] for key in pattern.pattern.converters}
        from django.urls import reverse

        activate("en")
        return reverse(route, kwargs=kept)

    def token(self, role: str) -> dict[str, str]:
        """The header of a token with every scope."""
        account = self.who[role]
        if account is None:
            return {}
        secret = accounts.token(account, scopes=list(SCOPES), label="t", now=clock.now())
        return {"authorization": f"Bearer {secret}"}


def patterns() -> Iterator[URLPattern]:
    def inside(found: list[Any]) -> Iterator[URLPattern]:
        for one in found:
            if isinstance(one, URLResolver):
                yield from inside(one.url_patterns if one.namespace != "api" else [])
            elif one.name:
                yield one

    yield from inside(get_resolver().url_patterns)


@contextmanager
def undone() -> Iterator[None]:
    """Undo what a request did to the database; what it put into the log stays, and harms nothing."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(params=STATES)
def scene(world: World, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Scene:
    from misyn.oversight.registry import often

    monkeypatch.setattr(often, "LIMITS", dict.fromkeys(often.LIMITS, 10_000))
    return Scene(world, request.param)


def api_names() -> set[str]:
    schema = api.get_openapi_schema()
    return {one["operationId"] for path in schema["paths"].values() for one in path.values()}


def test_every_route_is_in_the_tables() -> None:
    assert {one.name for one in patterns()} == set(PAGES)
    assert api_names() == set(API)


def test_every_page_is_shown_to_whom_it_may_be_and_to_nobody_else(scene: Scene) -> None:
    for route, allowed in PAGES.items():
        for role in ROLES:
            with undone():
                status = scene.browsers[role].get(scene.path(route)).status_code
            assert status == expected_page(scene, route, role, allowed), (route, role, scene.state)


def expected_page(scene: Scene, route: str, role: str, allowed: tuple[str, ...] | None) -> int:
    if route == "front":
        return 302
    if route == "sign-out":
        return 405
    if route == "icon":
        return 204
    if allowed is None or (role in allowed and not (route == "answer" and settled_by_others(scene, role))):
        late = route in ("withdraw", "review") and scene.state == "withdrawn"
        return 409 if late else 200
    return 302 if role == NOBODY else 403


def settled_by_others(scene: Scene, role: str) -> bool:
    """An upheld concern is settled by a moderator, never by the owner."""
    return scene.state == "contested" and role == OWNER


def test_every_form_does_what_it_may_for_whom_it_may(scene: Scene) -> None:
    for route, (data, allowed, late) in FORMS.items():
        for role in ROLES:
            given = {key: scene.code if value == "CODE" else value for key, value in data.items()}
            with undone():
                status = scene.browsers[role].post(scene.path(route), given).status_code
            if allowed is not None and (role not in allowed or (route == "answer" and settled_by_others(scene, role))):
                assert status == (302 if role == NOBODY else 403), (route, role, scene.state)
            elif scene.state in late:
                assert status == 409, (route, role, scene.state)
            else:
                assert status in (200, 201, 302), (route, role, scene.state)


def test_every_operation_of_the_api_does_what_it_may_for_whom_it_may(scene: Scene) -> None:
    schema = api.get_openapi_schema()
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            for role in ROLES:
                status = call(scene, path, method, operation["operationId"], role)
                want = expected_call(scene, operation["operationId"], role)
                assert status in want, (operation["operationId"], role, scene.state, status)
                assert status in {int(code) for code in operation["responses"]}, (operation["operationId"], status)


def call(scene: Scene, path: str, method: str, name: str, role: str) -> int:
    number = scene.concern.pk if "concerns/{" in path else 1
    body = API[name][0]
    given = None if body is None else {key: scene.code if value == "CODE" else value for key, value in body.items()}
    place = path.replace("{number}", str(number)).replace("{prefix}", "aaa")
    client = scene.world.signed_in(None)
    with undone():
        send: Callable[..., Any] = getattr(client, method)
        if given is None:
            return int(send(place, headers=scene.tokens[role]).status_code)
        return int(
            send(place, json.dumps(given), content_type="application/json", headers=scene.tokens[role]).status_code
        )


def expected_call(scene: Scene, name: str, role: str) -> tuple[int, ...]:
    _, allowed, late = API[name]
    if allowed is not None and role == NOBODY:
        return (401,)
    if allowed is not None and role not in allowed:
        return (403,)
    if name == "publish":
        return (409,)  # allowed, and what was sent is no publication
    if name == "answer" and scene.state == "contested":
        return (201,)  # withdrawal may follow on what was upheld
    return (409,) if scene.state in late else (200, 201)


def test_pages_sessions_open_nothing_in_the_api(scene: Scene) -> None:
    """A page elsewhere cannot act through somebody's browser."""
    browser = scene.world.signed_in(scene.who[OPERATOR])
    answer = browser.post("/api/entries/1/withdrawal", json.dumps({"reason": "mine"}), content_type="application/json")
    assert answer.status_code == 401


def test_a_token_does_no_more_than_its_scopes(world: World) -> None:
    secret = accounts.token(world.lab, scopes=["answer"], label="t", now=clock.now())
    headers = {"authorization": f"Bearer {secret}"}
    answer = world.signed_in(None).post(
        "/api/entries/1/declared", json.dumps({"images": [IMAGE]}), content_type="application/json", headers=headers
    )
    assert answer.status_code == 403
