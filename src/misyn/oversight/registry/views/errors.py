"""What is shown when Django itself refuses: the same page as for every other refusal."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from misyn.oversight.registry.told import page


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Refuse a form that did not come from a page of this registry."""
    return page(request, 403)


def bad(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Refuse what does not read."""
    return page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Refuse what is not allowed."""
    return page(request, 403)


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Say that there is nothing."""
    return page(request, 404)


def broken(request: HttpRequest) -> HttpResponse:
    """Say that it is our mistake."""
    return page(request, 500)
