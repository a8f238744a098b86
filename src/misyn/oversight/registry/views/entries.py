"""The front page with search, and an entry: public, reviewer and developer view, report, badge.

Rules
-----
1. The status stands on top of everything that is shown of an entry.
2. Concerns that are overdue stand first, then open ones by their due date, then the others.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from misyn.oversight.registry import clock, roles
from misyn.oversight.registry.headers import POLICY
from misyn.oversight.registry.models import Concern, Entry, Publication
from misyn.oversight.registry.models.concern import OPEN
from misyn.oversight.registry.models.entry import STATUSES
from misyn.oversight.registry.views import facts
from misyn.oversight.registry.views.context import account
from misyn.oversight.registry.views.remembered import same_for_everybody

PAGE = 20


def search(words: str, status: str = "") -> QuerySet[Entry]:
    """Find entries that hold all of these words, and have this status where one is given."""
    found = Entry.objects.all()
    for word in words.casefold().split()[:8]:
        found = found.filter(words__contains=word)
    return found.filter(status=status) if status in dict(STATUSES) else found


@same_for_everybody
def home(request: HttpRequest) -> HttpResponse:
    """Show what the registry is, a search, and the entries it finds."""
    words, status = request.GET.get("q", "")[:200], request.GET.get("status", "")
    pages = Paginator(search(words, status), PAGE)
    shown = pages.get_page(request.GET.get("page"))
    context = {"page": shown, "words": words, "status": status, "total": pages.count}
    return render(request, "registry/home.html", context)


def concerns_of(entry: Entry) -> list[Concern]:
    """Give the concerns of an entry, overdue ones first (rule 2), each knowing whether it is overdue."""
    now = clock.now()
    rows = list(
        entry.concerns.select_related("text", "event").prefetch_related(
            "answers__text", "answers__account", "additions__text"
        )
    )
    return sorted(rows, key=lambda one: (not one.overdue(now), one.state != OPEN, one.due, one.pk))


def _shown(request: HttpRequest, number: int, depth: str) -> HttpResponse:
    entry = get_object_or_404(Entry, pk=number)
    publication = entry.latest
    content = publication.content
    concerns = concerns_of(entry)
    who = account(request)
    context: dict[str, Any] = {
        "entry": entry,
        "publication": publication,
        "depth": depth,
        "scope": facts.scope(content["audit"]),
        "answers": facts.answers(content.get("evaluation", {})),
        "about": list(facts.about(content["record"])),
        "claims": facts.claims(content["audit"]),
        "limits": facts.limits(content["record"]),
        "findings": facts.findings(content["audit"]),
        "warnings": content["audit"].get("warnings", []),
        "concerns": concerns,
        "open": sum(one.state == OPEN for one in concerns),
        "overdue": sum(one.is_overdue for one in concerns),
        "reviews": reviews_of(entry),
        "may_review": roles.may(who, "review", roles.About(entry=entry)),
        "may_withdraw": roles.may(who, "withdraw", roles.About(entry=entry)) and entry.status != "withdrawn",
    }
    if depth == "developer":
        context["events"] = entry.events.all()[:200]
        context["members"] = sorted(name for name in content if name not in ("record", "audit"))
        context["publications"] = entry.publications.select_related("event").all()
    return render(request, "registry/entry.html", context)


def reviews_of(entry: Entry) -> list[Any]:
    """Give the reviews of all publications of an entry, the newest first."""
    found = []
    for publication in entry.publications.prefetch_related(
        "reviews__judgements__reason", "reviews__interests", "reviews__account"
    ):
        found += list(publication.reviews.all())
    return found


@same_for_everybody
def public(request: HttpRequest, number: int) -> HttpResponse:
    """Show an entry in plain words."""
    return _shown(request, number, "public")


@same_for_everybody
def reviewer(request: HttpRequest, number: int) -> HttpResponse:
    """Show an entry with every finding, its reason and what it rests on."""
    return _shown(request, number, "reviewer")


@same_for_everybody
def developer(request: HttpRequest, number: int) -> HttpResponse:
    """Show an entry with digests, events, versions and what to do next."""
    return _shown(request, number, "developer")


def report(request: HttpRequest, number: int, version: int) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Give the report of one publication: one file that carries its style, which alone the policy allows."""
    publication = get_object_or_404(Publication, entry_id=number, number=version)
    response = HttpResponse(publication.report)
    found = re.search(r"<style>(.*?)</style>", publication.report, re.DOTALL)
    digest = b64encode(hashlib.sha256((found.group(1) if found else "").encode()).digest()).decode()
    style = f"style-src 'sha256-{digest}'; img-src data:"
    response.headers["Content-Security-Policy"] = POLICY.replace("style-src 'self'; img-src 'self'", style)
    return response


def badge(request: HttpRequest, number: int) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Give the badge: status and phase, in fixed colours that mean nothing."""
    entry = get_object_or_404(Entry, pk=number)
    from misyn.oversight.registry.badge import svg  # noqa: PLC0415 - drawn on request

    response = HttpResponse(svg(entry.status, entry.latest.phase), content_type="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=60"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # a badge is made for other sites
    return response


@same_for_everybody
def about_page(request: HttpRequest) -> HttpResponse:
    """Say how all this works, what is kept of people, and what moderation may do."""
    return render(request, "registry/about.html")
