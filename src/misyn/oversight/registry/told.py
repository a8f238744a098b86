"""How refusals leave: as a page or as JSON with the right status, never as a traceback, never repeating what was sent.

=============================  ======  ===========================================
error                          status  what a person is told
=============================  ======  ===========================================
NotAllowed, nobody signed in   303     please sign in (a page) · 401 (the API)
NotAllowed                     403     who may do this
WrongState                     409     what it has become
TooOften                       429     when to come back
NoSuchReceipt, no such thing   404     to look again
Refused, UsageError            422     what was expected
LogUnavailable                 503     nothing was recorded; try again
=============================  ======  ===========================================
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from misyn.errors import InputError, LogError, UsageError
from misyn.oversight.registry.acts.asking import NoSuchReceipt
from misyn.oversight.registry.often import TooOften
from misyn.oversight.registry.roles import NotAllowed, WrongState

STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotAllowed, 403),
    (WrongState, 409),
    (TooOften, 429),
    (NoSuchReceipt, 404),
    (UsageError, 422),
    (InputError, 422),
    (LogError, 503),
    (OperationalError, 503),
)


def status_of(error: Exception) -> int | None:
    """Give the status of an error that is told, or None."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), None)


class Told:
    """Middleware: turns refusals of pages into pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn an error into a page; what is unknown goes on to Django's own 500."""
        status = status_of(error)
        if status is None:
            return None
        if status == 403 and not request.user.is_authenticated:
            return redirect(f"{reverse('sign-in')}?next={request.path}", permanent=False)
        return page(request, status)


def page(request: HttpRequest, status: int) -> HttpResponse:
    """Write the page of a refusal."""
    titles = {
        400: (
            _("This did not work"),
            _("Something in the address or form was not as expected. Go back and try again."),
        ),
        403: (_("You may not do this"), _("Another role is needed for this, or it is about your own work.")),
        404: (_("There is nothing here"), _("Check the address or the code, letter by letter.")),
        409: (
            _("This is no longer possible"),
            _("What you wanted to change has become something else. Go back and look."),
        ),
        422: (_("This was not accepted"), _("Something was missing or too long. Go back and try again.")),
        429: (_("Too many tries"), _("This was done very often in the last hour. Please try again in an hour.")),
        500: (_("A mistake of ours"), _("Something went wrong on our side. Nothing was recorded. Please try again.")),
        503: (_("Please try again"), _("The log cannot be written right now. Nothing was recorded.")),
    }
    title, words = titles.get(status, titles[400])
    response = render(request, "registry/refused.html", {"title": title, "words": words}, status=status)
    if status in (429, 503):
        response.headers["Retry-After"] = "3600" if status == 429 else "30"
    return response
