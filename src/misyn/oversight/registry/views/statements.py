"""What is said here about other people's published work: quoted, dated, in versions, with their reply beside it."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from misyn.oversight.registry import clock, often, roles
from misyn.oversight.registry.acts import asking, stating
from misyn.oversight.registry.models import Statement
from misyn.oversight.registry.views import concerns, forms
from misyn.oversight.registry.views.context import account
from misyn.oversight.registry.views.remembered import same_for_everybody

both = require_http_methods(["GET", "HEAD", "POST"])


@same_for_everybody
def statements(request: HttpRequest) -> HttpResponse:
    """List all statements."""
    return render(request, "registry/statements.html", {"statements": Statement.objects.all()[:200]})


@same_for_everybody
def statement(request: HttpRequest, number: int) -> HttpResponse:
    """Show one statement: what is quoted, what is said, the reply beside it, older versions, notices."""
    found = get_object_or_404(Statement.objects.select_related("account"), pk=number)
    versions = list(found.versions.select_related("quotation", "said", "event"))
    about, who = roles.About(statement=found), account(request)
    context: dict[str, Any] = {
        "statement": found,
        "latest": versions[0],
        "older": versions[1:],
        "replies": found.replies.select_related("text", "event"),
        "notices": found.concerns.select_related("text"),
        "may_correct": roles.may(who, "correct", about) and found.withdrawn is None,
        "may_reply": roles.may(who, "reply", about),
        "may_unstate": roles.may(who, "unstate", about) and found.withdrawn is None,
    }
    return render(request, "registry/statement.html", context)


@both
def notice(request: HttpRequest, number: int) -> HttpResponse:
    """Send a notice: something that is said here is wrong."""
    found = get_object_or_404(Statement, pk=number)
    form = forms.Notice(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        often.count(request, "ask")
        raised = asking.ask(
            statement=found,
            kind="notice",
            words=form.cleaned_data["words"],
            language=get_language() or "en",
            now=clock.now(),
        )
        return concerns.receipt(request, raised)
    return _form(request, "notice", form, found)


@both
def state(request: HttpRequest) -> HttpResponse:
    """Say something about a work of others."""
    roles.require(account(request), "state")
    form = forms.State(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = stating.state(
            account(request),
            work=given["work"],
            authors=given["authors"],
            source=given["source"],
            said=_said(given),
            now=clock.now(),
        )
        return redirect("statement", number=made.pk)
    return _form(request, "state", form, None)


@both
def correct(request: HttpRequest, number: int) -> HttpResponse:
    """Say it differently, and why."""
    found = get_object_or_404(Statement, pk=number)
    roles.require(account(request), "correct", roles.About(statement=found))
    form = forms.Correct(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        stating.correct(
            account(request), found, _said(form.cleaned_data), why=form.cleaned_data["why"], now=clock.now()
        )
        return redirect("statement", number=found.pk)
    return _form(request, "state", form, found)


@both
def reply(request: HttpRequest, number: int) -> HttpResponse:
    """Put the authors' reply beside a statement."""
    found = get_object_or_404(Statement, pk=number)
    roles.require(account(request), "reply", roles.About(statement=found))
    form = forms.Reply(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        stating.reply(
            account(request), found, by=form.cleaned_data["by"], words=form.cleaned_data["words"], now=clock.now()
        )
        return redirect("statement", number=found.pk)
    return _form(request, "state", form, found)


@both
def unstate(request: HttpRequest, number: int) -> HttpResponse:
    """Withdraw a statement."""
    found = get_object_or_404(Statement, pk=number)
    roles.require(account(request), "unstate", roles.About(statement=found))
    form = forms.Withdraw(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        stating.unstate(account(request), found, why=form.cleaned_data["reason"], now=clock.now())
        return redirect("statement", number=found.pk)
    return _form(request, "state", form, found)


def _said(given: dict[str, Any]) -> stating.Said:
    return stating.Said(given["quotation"], given["where"], given["read_on"], given["said"])


def _form(request: HttpRequest, name: str, form: Form, found: Statement | None) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, f"registry/{name}.html", {"form": form, "statement": found}, status=status)
