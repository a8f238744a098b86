"""Public pages are built once for everybody, and again when something has happened.

Rules
-----
1. Everything that is shown in public comes from events; while the newest event is the same, so is the page: the newest
   of its entry for pages of an entry and its concerns, of the whole registry for all others. Concerns become overdue by
   themselves, so how many are is part of what a page is remembered under.
2. Only for readers who are not signed in, and only pages without a form that is theirs.
3. What is remembered lies in this process alone, is bounded, and is lost with it.
"""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse

from misyn.oversight.registry import clock, here
from misyn.oversight.registry.models import Concern, Event
from misyn.oversight.registry.models.concern import OPEN

MOST, LARGEST = 512, 1 << 18
_PAGES: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()
_LOCK = threading.Lock()
View = Callable[..., HttpResponse]


def same_for_everybody(view: View) -> View:
    """Remember a page for readers who are not signed in (rule 2)."""

    @functools.wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401 - a view's own
        if request.method != "GET" or settings.SESSION_COOKIE_NAME in request.COOKIES:
            return view(request, *args, **kwargs)
        key = _key(request, kwargs)
        with _LOCK:
            found = _PAGES.get(key)
        if found is not None:
            return HttpResponse(found)
        response = view(request, *args, **kwargs)
        if response.status_code == 200 and len(response.content) <= LARGEST:
            _remember(key, response.content)
        return response

    return shown


def _key(request: HttpRequest, kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
    events, concerns = _sources(request, int(kwargs.get("number", 0)))
    newest = events.aggregate(newest=Max("index"))["newest"]
    overdue = concerns.filter(state=OPEN, due__lt=clock.now()).count()
    return str(here.place().folder), request.get_full_path(), newest, overdue


def _sources(request: HttpRequest, number: int) -> tuple[QuerySet[Event], QuerySet[Concern]]:
    """The events and the concerns that a page comes from."""
    kind = request.path.split("/")[2:3]
    if kind == ["entry"]:
        return Event.objects.filter(entry_id=number), Concern.objects.filter(entry_id=number)
    if kind == ["concern"]:
        entry = Concern.objects.filter(pk=number, entry__isnull=False).values("entry_id")[:1]
        return Event.objects.filter(entry_id=entry), Concern.objects.filter(pk=number)
    return Event.objects.all(), Concern.objects.none()


def _remember(key: tuple[Any, ...], content: bytes) -> None:
    with _LOCK:
        _PAGES[key] = content
        while len(_PAGES) > MOST:
            _PAGES.popitem(last=False)
