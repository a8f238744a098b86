"""Raise a concern and follow it, as a program: the same as the pages, without an account."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status

from misyn.oversight.registry import clock, often
from misyn.oversight.registry.acts import asking
from misyn.oversight.registry.acts.history import spelled
from misyn.oversight.registry.api import links, shapes
from misyn.oversight.registry.api.reading import Number, concern_shape
from misyn.oversight.registry.models import Entry

router = Router(tags=["ask"])
REFUSALS = {404: shapes.Problem, 409: shapes.Problem, 422: shapes.Problems, 429: shapes.Problem, 503: shapes.Problem}


@router.post(
    "/entries/{number}/concerns",
    response={201: shapes.Receipt, **REFUSALS},
    operation_id="ask",
    openapi_extra=links.after(
        201, follow=links.CODE, take_back=links.CODE, erase=links.CODE, concern=links.CONCERN, answer=links.CONCERN
    ),
)
def ask(request: HttpRequest, number: Number, given: shapes.NewConcern) -> Any:  # noqa: ANN401 - ninja's tuple
    """Raise a concern; the receipt's code is given once."""
    entry = get_object_or_404(Entry, pk=number)
    often.count(request, "ask")
    raised = asking.ask(entry=entry, kind=given.kind, words=given.words, language=given.language, now=clock.now())
    concern = raised.concern
    return Status(
        201,
        {"concern": concern.pk, "code": raised.code, "due": spelled(concern.due), "log_index": concern.event.index},
    )


@router.post("/receipts", response={200: shapes.ConcernRow, **REFUSALS}, operation_id="follow")
def follow(request: HttpRequest, given: shapes.WithCode) -> dict[str, Any]:
    """Read one's own concern, by its code."""
    often.count(request, "follow")
    return concern_shape(asking.find(given.code))


@router.post(
    "/receipts/additions",
    response={200: shapes.ConcernRow, **REFUSALS},
    operation_id="add",
)
def add(request: HttpRequest, given: shapes.Added) -> dict[str, Any]:
    """Add words to one's own concern."""
    often.count(request, "follow")
    asking.add(given.code, given.words, now=clock.now())
    return concern_shape(asking.find(given.code))


@router.post(
    "/receipts/taking-back",
    response={200: shapes.ConcernRow, **REFUSALS},
    operation_id="take_back",
)
def take_back(request: HttpRequest, given: shapes.WithCode) -> dict[str, Any]:
    """Take one's own concern back; it stays listed."""
    often.count(request, "follow")
    asking.take_back(given.code, now=clock.now())
    return concern_shape(asking.find(given.code))


@router.post("/receipts/erasure", response={200: shapes.ConcernRow, **REFUSALS}, operation_id="erase")
def erase(request: HttpRequest, given: shapes.WithCode) -> dict[str, Any]:
    """Erase one's own words; kind, date and state stay."""
    often.count(request, "follow")
    asking.erase_own(given.code, now=clock.now())
    return concern_shape(asking.find(given.code))
