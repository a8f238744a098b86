"""In and out, for people with a role."""

from __future__ import annotations

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from misyn.oversight.registry import clock, often
from misyn.oversight.registry.acts import accounts
from misyn.oversight.registry.views import forms


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in; one answer for a wrong name, a wrong password and a locked account."""
    form = forms.SignIn(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        often.count(request, "sign-in")
        found = accounts.sign_in(form.cleaned_data["name"], form.cleaned_data["password"], now=clock.now())
        if found is not None:
            login(request, found, backend="django.contrib.auth.backends.ModelBackend")
            return redirect(_next(request))
        form.add_error(None, _("Name and password do not match, or there were too many tries. Wait 15 minutes."))
    return render(request, "registry/sign_in.html", {"form": form}, status=422 if form.errors else 200)


def _next(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "")
    own = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return wanted if own else "desk"


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    logout(request)
    return redirect("home")
