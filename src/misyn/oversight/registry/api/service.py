"""The API itself, its errors, and where its routes come from."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from misyn.errors import MisynError
from misyn.oversight.registry.api.acting import router as acting
from misyn.oversight.registry.api.asking import router as asking
from misyn.oversight.registry.api.reading import router as reading
from misyn.oversight.registry.told import status_of

api = NinjaAPI(
    title="misyn registry",
    version="1",
    description="What is known of techniques that make synthetic images, and what people ask of them.",
    docs_url=None,
    urls_namespace="api",
)
api.add_router("", reading)
api.add_router("", asking)
api.add_router("", acting)


@api.exception_handler(MisynError)
def told(request: HttpRequest, error: MisynError) -> HttpResponse:
    """Tell a refusal in its own words, which repeat nothing that was sent."""
    status = status_of(error) or 500
    if status == 422:  # it reads as described, and yet cannot be done: a bundle that does not hold, a finding not there
        status = 409
    response = api.create_response(request, {"detail": str(error)}, status=status)
    if status in (429, 503):
        response.headers["Retry-After"] = "3600" if status == 429 else "30"
    return response


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Tell where what was sent is not as described, without repeating it."""
    rows: list[dict[str, Any]] = [
        {"where": [str(part) for part in row.get("loc", ())][:6], "what": str(row.get("type"))} for row in error.errors
    ]
    return api.create_response(request, {"detail": rows[:20]}, status=422)


@api.exception_handler(AuthenticationError)
def unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:  # noqa: ARG001 - ninja's signature
    """Ask for a token."""
    response = api.create_response(request, {"detail": "expected a token that holds"}, status=401)
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:  # noqa: ARG001 - ninja's signature
    """Say that there is no such thing."""
    return api.create_response(request, {"detail": "there is no such thing"}, status=404)


@api.exception_handler(HttpError)
def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Tell what ninja itself refuses, such as a body that is no JSON, as what it is."""
    status = 422 if error.status_code == 400 else error.status_code
    return api.create_response(request, {"detail": str(error)[:100]}, status=status)
