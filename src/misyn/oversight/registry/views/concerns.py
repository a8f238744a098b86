"""Raise a concern, read it, and follow it with a receipt: no account, no script, three steps at most.

Rules
-----
1. Step one is the entry, step two the form, step three the receipt. The code is shown once, on that page, and is never
   part of an address.
2. What comes with a code is posted, so that no history, log or referrer keeps it.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from misyn.oversight.registry import clock, often, roles
from misyn.oversight.registry.acts import asking
from misyn.oversight.registry.models import Concern, Entry
from misyn.oversight.registry.models.concern import MY_IMAGE
from misyn.oversight.registry.views import facts, forms
from misyn.oversight.registry.views.context import account
from misyn.oversight.registry.views.remembered import same_for_everybody


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, number: int) -> HttpResponse:
    """Raise a concern."""
    entry = get_object_or_404(Entry, pk=number)
    form = forms.Ask(request.POST if request.method == "POST" else None, initial={"kind": request.GET.get("kind", "")})
    if request.method == "POST" and form.is_valid():
        often.count(request, "ask")
        raised = asking.ask(
            entry=entry,
            kind=form.cleaned_data["kind"],
            words=form.cleaned_data["words"],
            language=get_language() or "en",
            now=clock.now(),
        )
        return receipt(request, raised)
    record = entry.latest.content["record"]
    oversight = record.get("oversight") or {}
    context: dict[str, Any] = {
        "entry": entry,
        "form": form,
        "controllers": facts.controllers(record),
        "contact": oversight.get("contact") if isinstance(oversight, dict) else None,
        "my_image": MY_IMAGE,
    }
    return render(request, "registry/ask.html", context, status=422 if form.errors else 200)


def receipt(request: HttpRequest, raised: asking.Raised) -> HttpResponse:
    """Show the receipt, once."""
    response = render(request, "registry/receipt.html", {"concern": raised.concern, "code": raised.code}, status=201)
    response.headers["Cache-Control"] = "no-store"
    return response


@same_for_everybody
def read(request: HttpRequest, number: int) -> HttpResponse:
    """Show one concern, as everybody sees it."""
    concern = get_object_or_404(Concern.objects.select_related("entry", "statement", "text", "event"), pk=number)
    about, who = roles.About(concern=concern), account(request)
    context = {
        "concern": concern,
        "entry": concern.entry,
        "may_answer": roles.may(who, "answer", about) and concern.state not in ("taken-back", "upheld"),
        "may_settle": roles.may(who, "settle", about) and concern.state == "upheld",
        "may_hide": roles.may(who, "hide", about) or roles.may(who, "erase", about),
    }
    return render(request, "registry/concern.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest) -> HttpResponse:
    """Follow, add to, take back, or erase the words of one's own concern."""
    form = forms.Code(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "registry/follow.html", {"form": form}, status=422 if form.errors else 200)
    often.count(request, "follow")
    code, act, done, add = form.cleaned_data["code"], request.POST.get("act", ""), "", forms.Add()
    try:
        concern = asking.find(code)
    except asking.NoSuchReceipt:
        form.add_error("code", _("No concern has this code. Check it, letter by letter."))
        return render(request, "registry/follow.html", {"form": form}, status=422)
    if act == "add":
        add = forms.Add(request.POST)
        if add.is_valid():
            asking.add(code, add.cleaned_data["words"], now=clock.now())
            done, add = "add", forms.Add()
    elif act == "take-back":
        asking.take_back(code, now=clock.now())
        done = act
    elif act == "erase":
        asking.erase_own(code, now=clock.now())
        done = act
    concern = asking.find(code)
    context = {"concern": concern, "entry": concern.entry, "code": code, "done": done, "add": add}
    return render(request, "registry/following.html", context, status=422 if add.errors else 200)
