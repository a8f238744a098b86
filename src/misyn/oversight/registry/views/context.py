"""What every page has: the registry's name, who is signed in, how to change the language, how old the log's word is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language

from misyn.oversight.registry import here, roles
from misyn.oversight.registry.lookup.limited import offered


def account(request: HttpRequest) -> Any:  # noqa: ANN401 - an account, or None
    """Give who is signed in, or None."""
    return request.user if getattr(request, "user", None) is not None and request.user.is_authenticated else None


def everywhere(request: HttpRequest) -> dict[str, Any]:
    """Give what every page has."""
    path = request.path
    spoken = get_language() or "en"
    other = "de" if spoken == "en" else "en"
    rest = path[3:] if path[:4] in ("/en/", "/de/") else "/"
    return {
        "registry": here.place().origin,
        "site": here.place().address,
        "who": account(request),
        "has_desk": roles.may(account(request), "desk"),
        "other_language": {"code": other, "name": {"en": "English", "de": "Deutsch"}[other], "path": f"/{other}{rest}"},
        "uploads": offered(),
    }
