"""What people with a role have to do: answer, settle, review, moderate, withdraw, and look after accounts.

Rules
-----
1. Every page asks :mod:`misyn.oversight.registry.roles` before it shows a form, and every act asks again.
2. Overdue concerns stand first, for the owner and for moderators.
"""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from misyn.oversight.registry import clock, roles
from misyn.oversight.registry.acts import accounts, answering, moderating, reviewing, standing
from misyn.oversight.registry.models import Account, Concern, Entry, Text, Token
from misyn.oversight.registry.models.concern import OPEN
from misyn.oversight.registry.views import facts, forms
from misyn.oversight.registry.views.context import account

both = require_http_methods(["GET", "HEAD", "POST"])
MOST = 100


def desk(request: HttpRequest) -> HttpResponse:
    """Show what there is to do."""
    who = account(request)
    roles.require(who, "desk")
    waiting = Concern.objects.filter(state=OPEN).select_related("entry", "statement", "text")
    if not who.has("moderator"):
        waiting = waiting.filter(entry__owner=who)
    rows = list(waiting[:MOST])
    context = {
        "waiting": rows,
        "entries": Entry.objects.filter(owner=who)[:MOST],
        "to_review": Entry.objects.exclude(owner=who).exclude(status="withdrawn")[:MOST] if who.has("reviewer") else [],
        "may_state": roles.may(who, "state"),
        "may_account": roles.may(who, "account"),
    }
    return render(request, "registry/desk.html", context)


@both
def answer(request: HttpRequest, number: int) -> HttpResponse:
    """Answer a concern, or settle an upheld one."""
    concern = get_object_or_404(Concern.objects.select_related("entry", "text"), pk=number)
    settles = concern.state == "upheld"
    roles.require(account(request), "settle" if settles else "answer", roles.About(concern=concern))
    form = (forms.Settle if settles else forms.Answer)(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        answering.answer(
            account(request),
            concern,
            outcome=given.get("outcome", standing.SETTLED),
            effect=given.get("effect") or "contested",
            words=given["words"],
            now=clock.now(),
        )
        return redirect("concern", number=concern.pk)
    return _form(request, "answer", form, {"concern": concern, "settles": settles})


@both
def moderate(request: HttpRequest, number: int) -> HttpResponse:
    """Hide, show or erase the words of a concern or answer; never the concern."""
    text = get_object_or_404(Text, pk=number)
    concern = moderating.concern_of(text)
    about, who = roles.About(concern=concern), account(request)
    if not roles.may(who, "erase", about):
        roles.require(who, "hide", about)
    form = forms.Moderate(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        act, reason = form.cleaned_data["act"], form.cleaned_data["reason"]
        if act == "erase":
            moderating.erase(who, text, reason=reason, now=clock.now())
        else:
            moderating.hide(who, text, reason=reason if act == "hide" else "", now=clock.now())
        return redirect("concern", number=concern.pk)
    return _form(request, "moderate", form, {"concern": concern, "text": text})


@both
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Withdraw an entry, for good."""
    entry = get_object_or_404(Entry, pk=number)
    roles.require(account(request), "withdraw", roles.About(entry=entry))
    form = forms.Withdraw(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        standing.withdraw(account(request), entry, reason=form.cleaned_data["reason"], now=clock.now())
        return redirect("entry", number=entry.pk)
    return _form(request, "withdraw", form, {"entry": entry})


@both
def review(request: HttpRequest, number: int) -> HttpResponse:
    """Review the newest publication of an entry, finding by finding."""
    entry = get_object_or_404(Entry, pk=number)
    who = account(request)
    roles.require(who, "review", roles.About(entry=entry))
    publication = entry.latest
    found = facts.findings(publication.content["audit"])
    form = forms.Review(request.POST if request.method == "POST" else None, findings=found)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        judged = [
            reviewing.Judged(one.id, given[f"decision-{one.id}"] == "agree", given[f"reason-{one.id}"])
            for one in found
            if given.get(f"decision-{one.id}")
        ]
        reviewing.review(
            who, publication, interests=given["interests"], judgements=judged, how=given["how"], now=clock.now()
        )
        return redirect("entry-reviewer", number=entry.pk)
    rows = [(one, form[f"decision-{one.id}"], form[f"reason-{one.id}"]) for one in found]
    return _form(request, "review", form, {"entry": entry, "rows": rows})


@both
def people(request: HttpRequest) -> HttpResponse:
    """List accounts, and make one; its password comes once, on this page."""
    roles.require(account(request), "account")
    form = forms.NewAccount(request.POST if request.method == "POST" else None)
    made: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        given, password = form.cleaned_data, Token.new_secret()
        accounts.make(given["name"], roles=given["roles"], shown_as=given["shown_as"], password=password)
        made, form = {"name": given["name"], "password": password}, forms.NewAccount()
    context = {"accounts": Account.objects.order_by("name")[:MOST], "made": made}
    return _form(request, "people", form, context, status=201 if made else 200)


@both
def tokens(request: HttpRequest) -> HttpResponse:
    """List one's own tokens, make one, end one."""
    who = account(request)
    roles.require(who, "desk")
    if request.method == "POST" and request.POST.get("end", "").isdigit():
        Token.objects.filter(account=who, pk=int(request.POST["end"])).update(revoked=True)
        return redirect("tokens")
    form = forms.NewToken(request.POST if request.method == "POST" else None)
    made = ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = accounts.token(who, scopes=given["scopes"], label=given["label"], now=clock.now())
        form = forms.NewToken()
    context = {"tokens": who.tokens.filter(revoked=False), "made": made}
    return _form(request, "tokens", form, context, status=201 if made else 200)


def _form(request: HttpRequest, name: str, form: Form, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, f"registry/{name}.html", {"form": form, **context}, status=422 if form.errors else status)
