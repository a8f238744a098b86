"""Is this image declared? By the first digits of its digest, or by upload, after a warning.

Rules
-----
1. "Declared" is said with by whom; "no evidence" is said with what it does not mean.
2. An upload is read in a process of its own, from memory; neither it nor its name nor its digest is kept or logged.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from misyn.oversight.registry import often
from misyn.oversight.registry.lookup import limited, prefix
from misyn.oversight.registry.models import Cover
from misyn.oversight.registry.views import forms


def look_up(request: HttpRequest) -> HttpResponse:
    """Show all declared images whose digest begins with these digits."""
    given = request.GET.get("digits")
    form = forms.Prefix(request.GET if given is not None else None)
    found = prefix.accepted(given or "")
    if given is not None and found is None and form.is_valid():
        form.add_error("digits", _("Expected 3 to 64 digits: 0 to 9 and a to f."))
    context = {"form": form, "prefix": found, "matches": prefix.matches(found) if found else None, "most": prefix.MOST}
    return render(request, "registry/lookup.html", context, status=422 if form.is_bound and form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Look one uploaded image up (rule 2)."""
    if not limited.offered():
        raise Http404
    sent = request.method == "POST"
    form = forms.Upload(request.POST if sent else None, request.FILES if sent else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "registry/upload.html", {"form": form}, status=422 if form.errors else 200)
    often.count(request, "upload")
    found = limited.read(form.cleaned_data["image"].read())
    matches = prefix.matches(found["pixels"]) if found["pixels"] else []
    covers = Cover.objects.select_related("entry").filter(digest=found["record"] or "")
    context = {"found": found, "matches": matches, "entries": [one.entry for one in covers]}
    response = render(request, "registry/looked.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response
