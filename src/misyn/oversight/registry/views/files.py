"""Proofs, events, status lists and the log itself, as files others can check; and the style sheet."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404

from misyn.errors import UsageError
from misyn.oversight.log import static
from misyn.oversight.log.store import Log
from misyn.oversight.registry import here
from misyn.oversight.registry.models import Event, Text
from misyn.oversight.registry.models.text import SHOWN
from misyn.oversight.status import statuslist

STYLE = Path(__file__).parents[1] / "static" / "style.css"
TYPES = {statuslist.FILE: "application/json", statuslist.PROOF: "text/plain", statuslist.POLICY: "text/plain"}


@lru_cache(maxsize=1)
def style_version() -> str:
    """Name the style sheet by its content, so that browsers may keep it for long."""
    return hashlib.sha256(STYLE.read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=1)
def _style() -> bytes:
    return STYLE.read_bytes()


def style(request: HttpRequest, version: str) -> HttpResponse:  # noqa: ARG001 - the name is the version
    """Give the style sheet."""
    response = HttpResponse(_style(), content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def icon(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Say that there is no picture for the address bar, so that browsers stop asking."""
    return HttpResponse(status=204, headers={"Cache-Control": "public, max-age=604800"})


def proof(request: HttpRequest, index: int) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Give the proof of an event (C2SP tlog-proof): of its content, which is public."""
    get_object_or_404(Event, index=index)
    with Log.open(here.place().log) as log:
        try:
            data = log.prove(index).to_bytes()
        except UsageError as error:  # not in a checkpoint yet
            raise Http404 from error
    response = HttpResponse(data, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="event-{index}.json.tlog-proof"'
    return response


def event(request: HttpRequest, index: int) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Give an event's content, the exact bytes whose digest the log commits to."""
    from misyn.canonical import canonical_bytes  # noqa: PLC0415 - where it is needed

    found = get_object_or_404(Event, index=index)
    return HttpResponse(canonical_bytes(found.content), content_type="application/json")


def words(request: HttpRequest, digest: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Give words with the salt that opens their commitment, where they may be read."""
    found = get_object_or_404(Text, commitment=f"sha256:{digest}", state=SHOWN)
    salt = bytes(found.salt or b"").hex()
    return JsonResponse({"commitment": found.commitment, "salt": salt, "words": found.body})


def status(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Give the status list, its proof, or the log's policy."""
    if name not in TYPES:
        raise Http404
    return _file(static.Folder(here.place().status).read(name), TYPES[name])


def log(request: HttpRequest, path: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Give a public file of the log (C2SP tlog-tiles)."""
    root = (here.place().log / "public").resolve()
    target = (root / path).resolve()
    if not target.is_relative_to(root) or any(part.startswith(".") for part in Path(path).parts):
        raise Http404
    return _file(static.Folder(root).read(path), "text/plain" if path == "checkpoint" else "application/octet-stream")


def _file(data: bytes | None, kind: str) -> HttpResponse:
    if data is None:
        raise Http404
    response = HttpResponse(data, content_type=kind)
    response.headers["Cache-Control"] = "public, max-age=10"
    return response
