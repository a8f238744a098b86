"""Read entries, concerns, look-ups: what everybody may read."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Path, Query, Router

from misyn.oversight.log.store import Log
from misyn.oversight.registry import clock, here, open_data
from misyn.oversight.registry.acts.history import spelled
from misyn.oversight.registry.api import links, shapes
from misyn.oversight.registry.lookup import prefix as prefixes
from misyn.oversight.registry.models import Concern, Entry
from misyn.oversight.registry.models.concern import OPEN
from misyn.oversight.registry.views.entries import search

router = Router(tags=["read"])
Number = Annotated[int, Path(ge=1, le=2**53)]
Prefix = Annotated[str, Path(pattern=r"^[0-9a-f]{3,64}$")]
PAGE = 50
FIRST = {"number": "/entries/0/entry"}


@router.get("/about", response=shapes.About, operation_id="about")
def about(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001 - ninja's signature
    """Say which registry this is, and how large its log is."""
    with Log.open(here.place().log) as log:
        size = log.database.size()
    overdue = Concern.objects.filter(state=OPEN, due__lt=clock.now()).count()
    place = here.place()
    counted = {"log_entries": size, "entries": Entry.objects.count(), "overdue": overdue}
    return {"registry": place.origin, "address": place.address, **counted}


@router.get(
    "/entries",
    response={200: shapes.EntryPage, 422: shapes.Problems},
    operation_id="entries",
    openapi_extra=links.after(200, entry=FIRST, ask=FIRST, declare=FIRST, review=FIRST, withdraw=FIRST),
)
def entries(
    request: HttpRequest,  # noqa: ARG001 - ninja's signature
    q: Annotated[str, Query(max_length=200)] = "",
    status: Annotated[str, Query(pattern=r"^(current|contested|withdrawn)?$")] = "",
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> dict[str, Any]:
    """List entries by their number; ``after`` continues a list."""
    found = search(q.replace("\x00", ""), status)
    rows = list(found.filter(pk__gt=after).order_by("pk")[: PAGE + 1])
    last = rows[PAGE - 1].pk if len(rows) > PAGE else None
    return {"total": found.count(), "entries": [_row(one) for one in rows[:PAGE]], "next": last}


def _row(one: Entry) -> dict[str, Any]:
    return {
        "entry": one.pk,
        "name": one.name,
        "version": one.version,
        "responsible": one.responsible,
        "status": one.status,
        "status_since": spelled(one.status_since),
        "status_reason": one.status_reason,
        "answer_days": one.answer_days,
        "declared_images": one.declared,
        "changed": spelled(one.changed),
    }


@router.get(
    "/entries/{number}",
    response={200: shapes.EntryWhole, 404: shapes.Problem, 422: shapes.Problems},
    operation_id="entry",
)
def entry(request: HttpRequest, number: Number) -> dict[str, Any]:  # noqa: ARG001 - ninja's signature
    """Give one entry, its versions, and the numbers of its concerns."""
    one = get_object_or_404(Entry, pk=number)
    now = clock.now()
    publications = [
        {
            "version": each.number,
            "bundle": each.bundle,
            "record": each.record,
            "phase": each.phase,
            "signer": each.signer,
            "log_index": each.event.index,
            "created": spelled(each.created),
        }
        for each in one.publications.select_related("event").defer("content", "report")
    ]
    return {
        **_row(one),
        "publications": publications,
        "concerns": list(one.concerns.values_list("pk", flat=True)[:1000]),
        "overdue": one.concerns.filter(state=OPEN, due__lt=now).count(),
    }


@router.get(
    "/concerns/{number}",
    response={200: shapes.ConcernRow, 404: shapes.Problem, 422: shapes.Problems},
    operation_id="concern",
)
def concern(request: HttpRequest, number: Number) -> dict[str, Any]:  # noqa: ARG001 - ninja's signature
    """Give one concern, as everybody sees it."""
    one = get_object_or_404(Concern.objects.select_related("text", "event"), pk=number)
    return concern_shape(one)


def concern_shape(one: Concern) -> dict[str, Any]:
    """One concern with what was added and answered."""
    row = open_data.concern_row(one, clock.now())
    answers = [
        {
            "outcome": each.outcome,
            "effect": each.effect,
            "by": each.account.shown_as,
            "words": each.text.shown,
            "words_state": each.text.state,
            "created": spelled(each.created),
        }
        for each in one.answers.select_related("text", "account")
    ]
    added = [each.text.shown for each in one.additions.select_related("text")]
    return {**row, "additions": added, "answers": answers}


@router.get(
    "/declared/{prefix}",
    response={200: shapes.LookedUp, 422: shapes.Problems},
    operation_id="look_up",
)
def look_up(request: HttpRequest, prefix: Prefix) -> dict[str, Any]:  # noqa: ARG001 - ninja's signature
    """Give all declared images whose digest begins with these 3 to 64 hex digits; fewer digits tell us less."""
    found = prefixes.matches(prefix)
    rows = [vars(one) for one in found]
    return {"prefix": prefix, "complete": len(rows) < prefixes.MOST, "matches": rows}
