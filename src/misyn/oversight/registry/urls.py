"""Every address of the registry: pages in two languages, files, open data, and the API.

Rules
-----
1. Pages carry their language in the address (``/en/…``, ``/de/…``), so that a link means one page.
2. Files and data have one address.
"""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import get_language_from_request

from misyn.oversight.registry import open_data
from misyn.oversight.registry.api import api
from misyn.oversight.registry.views import concerns, desk, entries, files, lookups, signing_in, statements


def front(request: HttpRequest) -> HttpResponse:
    """Lead to the front page in the reader's language."""
    return redirect(f"/{get_language_from_request(request)}/")


pages = [
    path("", entries.home, name="home"),
    path("about/", entries.about_page, name="about"),
    path("entry/<int:number>/", entries.public, name="entry"),
    path("entry/<int:number>/reviewer/", entries.reviewer, name="entry-reviewer"),
    path("entry/<int:number>/developer/", entries.developer, name="entry-developer"),
    path("entry/<int:number>/ask/", concerns.ask, name="ask"),
    path("entry/<int:number>/withdraw/", desk.withdraw, name="withdraw"),
    path("entry/<int:number>/review/", desk.review, name="review"),
    path("concern/<int:number>/", concerns.read, name="concern"),
    path("concern/<int:number>/answer/", desk.answer, name="answer"),
    path("text/<int:number>/moderate/", desk.moderate, name="moderate"),
    path("follow/", concerns.follow, name="follow"),
    path("look-up/", lookups.look_up, name="look-up"),
    path("look-up/upload/", lookups.upload, name="upload"),
    path("statements/", statements.statements, name="statements"),
    path("statements/new/", statements.state, name="state"),
    path("statements/<int:number>/", statements.statement, name="statement"),
    path("statements/<int:number>/notice/", statements.notice, name="notice"),
    path("statements/<int:number>/correct/", statements.correct, name="correct"),
    path("statements/<int:number>/reply/", statements.reply, name="reply"),
    path("statements/<int:number>/withdraw/", statements.unstate, name="unstate"),
    path("data/", open_data.page, name="data"),
    path("sign-in/", signing_in.sign_in, name="sign-in"),
    path("sign-out/", signing_in.sign_out, name="sign-out"),
    path("desk/", desk.desk, name="desk"),
    path("desk/accounts/", desk.people, name="accounts"),
    path("desk/tokens/", desk.tokens, name="tokens"),
]
urlpatterns = [
    path("", front, name="front"),
    *i18n_patterns(*pages),
    path("entry/<int:number>/badge.svg", entries.badge, name="badge"),
    path("entry/<int:number>/report-<int:version>.html", entries.report, name="report"),
    path("entry/<int:number>/version-<int:version>.json", open_data.publication, name="publication"),
    path("event/<int:index>.json", files.event, name="event"),
    path("event/<int:index>.json.tlog-proof", files.proof, name="proof"),
    path("words/<slug:digest>.json", files.words, name="words"),
    path("feed.atom", open_data.feed, name="feed"),
    path("data/<slug:table>.<slug:form>", open_data.table, name="table"),
    path("status/<str:name>", files.status, name="status"),
    path("log/<path:path>", files.log, name="log"),
    path("favicon.ico", files.icon, name="icon"),
    path("style-<slug:version>.css", files.style, name="style"),
    path("api/", api.urls),
]
_ERRORS = "misyn.oversight.registry.views.errors"
handler400, handler403 = f"{_ERRORS}.bad", f"{_ERRORS}.forbidden"
handler404, handler500 = f"{_ERRORS}.missing", f"{_ERRORS}.broken"
