"""Publish, declare, answer, review, withdraw: by a token with the scope, for an account with the role."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status

from misyn.oversight.registry import clock, here, often
from misyn.oversight.registry.acts import answering, publishing, reviewing, standing
from misyn.oversight.registry.api import shapes
from misyn.oversight.registry.api.keys import Scoped
from misyn.oversight.registry.api.reading import Number, concern_shape
from misyn.oversight.registry.api.reading import entry as entry_shape
from misyn.oversight.registry.intake.content import Refused
from misyn.oversight.registry.models import Concern, Entry

router = Router(tags=["act"])
REFUSALS: dict[int, Any] = {
    401: shapes.Problem,
    403: shapes.Problem,
    404: shapes.Problem,
    409: shapes.Problem,
    422: shapes.Problems,
    429: shapes.Problem,
    503: shapes.Problem,
}


@router.post(
    "/publications", auth=Scoped("publish"), response={201: shapes.Published, **REFUSALS}, operation_id="publish"
)
def publish(request: HttpRequest, given: shapes.NewPublication) -> Any:  # noqa: ANN401 - ninja's tuple
    """Publish a bundle, as a new entry or a new version; ``misyn registry publish`` makes and signs what is sent."""
    often.count(request, "write")
    try:
        data = base64.b64decode(given.bundle, validate=True)
    except binascii.Error as error:
        raise Refused([("bundle", "it is no base64")]) from error
    made = publishing.publish(
        request.auth,  # type: ignore[attr-defined] # ninja puts the account there
        document=given.document,
        statement=given.statement,
        data=data,
        now=clock.now(),
    )
    page = f"{here.place().address}/en/entry/{made.entry_id}/"
    found = {"entry": made.entry_id, "version": made.number, "log_index": made.event.index, "page": page}
    return Status(201, found)


@router.post(
    "/entries/{number}/declared",
    auth=Scoped("publish"),
    response={201: shapes.DeclaredNow, **REFUSALS},
    operation_id="declare",
)
def declare(request: HttpRequest, number: Number, given: shapes.NewDeclarations) -> Any:  # noqa: ANN401
    """List declared synthetic images by the digests of their pixels."""
    often.count(request, "write")
    entry = get_object_or_404(Entry, pk=number)
    event = publishing.declare(request.auth, entry, given.images, now=clock.now())  # type: ignore[attr-defined]
    entry.refresh_from_db()
    return Status(201, {"declared_images": entry.declared, "log_index": event.index})


@router.post(
    "/entries/{number}/withdrawal",
    auth=Scoped("publish"),
    response={200: shapes.EntryWhole, **REFUSALS},
    operation_id="withdraw",
)
def withdraw(request: HttpRequest, number: Number, given: shapes.NewWithdrawal) -> dict[str, Any]:
    """Withdraw an entry, for good."""
    entry = get_object_or_404(Entry, pk=number)
    standing.withdraw(request.auth, entry, reason=given.reason, now=clock.now())  # type: ignore[attr-defined]
    return entry_shape(request, number)


@router.post(
    "/concerns/{number}/answers",
    auth=Scoped("answer"),
    response={201: shapes.ConcernRow, **REFUSALS},
    operation_id="answer",
)
def answer(request: HttpRequest, number: Number, given: shapes.NewAnswer) -> Any:  # noqa: ANN401
    """Answer a concern."""
    concern = get_object_or_404(Concern, pk=number)
    account = request.auth  # type: ignore[attr-defined] # ninja puts the account there
    answering.answer(account, concern, outcome=given.outcome, effect=given.effect, words=given.words, now=clock.now())
    concern.refresh_from_db()
    return Status(201, concern_shape(concern))


@router.post(
    "/entries/{number}/reviews",
    auth=Scoped("review"),
    response={201: shapes.Reviewed, **REFUSALS},
    operation_id="review",
)
def review(request: HttpRequest, number: Number, given: shapes.NewReview) -> Any:  # noqa: ANN401
    """Review the newest version of an entry."""
    entry = get_object_or_404(Entry, pk=number)
    judged = [reviewing.Judged(one.finding, one.agrees, one.reason) for one in given.judgements]
    made = reviewing.review(
        request.auth,  # type: ignore[attr-defined] # ninja puts the account there
        entry.latest,
        interests=given.interests,
        judgements=judged,
        how=given.how,
        now=clock.now(),
    )
    return Status(201, {"review": made.pk, "log_index": made.event.index})
