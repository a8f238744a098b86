"""Everything public, as files: entries, concerns, reviews, statements, events and declared images; and a feed.

Rules
-----
1. The same rows in every form: CSV (UTF-8, RFC 4180), JSON (a list of objects), Parquet where ``pyarrow`` is there.
2. Overdue concerns stand first. Hidden and erased words are left out, and said to be.
3. Rows are streamed from the database; a table of 100,000 rows needs no more memory than its file.
4. A cell that a spreadsheet would run as a formula is quoted with an apostrophe.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from misyn.oversight.registry import clock, here
from misyn.oversight.registry.acts.history import spelled
from misyn.oversight.registry.models import Concern, Declared, Entry, Event, Judgement, Publication, StatementVersion
from misyn.oversight.registry.models.concern import OPEN

Row = dict[str, Any]
FORMS = ("csv", "json", "parquet")
MOST_FEED = 50


def entries() -> Iterator[Row]:
    """One row for each entry."""
    for one in Entry.objects.order_by("id").iterator(500):
        yield {
            "entry": one.pk,
            "name": one.name,
            "version": one.version,
            "responsible": one.responsible,
            "status": one.status,
            "status_since": spelled(one.status_since),
            "status_reason": one.status_reason,
            "answer_days": one.answer_days,
            "declared_images": one.declared,
            "created": spelled(one.created),
            "changed": spelled(one.changed),
        }


def concerns() -> Iterator[Row]:
    """One row for each concern, overdue ones first."""
    now = clock.now()
    rows = Concern.objects.select_related("text", "event").prefetch_related("answers__text", "answers__account")
    late, rest = rows.filter(state=OPEN, due__lt=now), rows.exclude(state=OPEN, due__lt=now)
    for part in (late, rest):
        for one in part.iterator(500):
            yield concern_row(one, now)


def concern_row(one: Concern, now: datetime) -> Row:
    """One concern, as everybody may have it."""
    last = next(iter(reversed(one.answers.all())), None)
    return {
        "concern": one.pk,
        "entry": one.entry_id,
        "statement": one.statement_id,
        "kind": one.kind,
        "state": one.state,
        "overdue": one.overdue(now),
        "created": spelled(one.created),
        "due": spelled(one.due),
        "words": one.text.shown,
        "words_state": one.text.state,
        "answered": spelled(last.created) if last else None,
        "answered_by": last.account.shown_as if last else None,
        "answer": last.text.shown if last else None,
        "log_index": one.event.index,
    }


def reviews() -> Iterator[Row]:
    """One row for each finding that was judged."""
    rows = Judgement.objects.select_related("review__publication", "review__account", "review__interests", "reason")
    for one in rows.order_by("id").iterator(500):
        yield {
            "review": one.review_id,
            "entry": one.review.publication.entry_id,
            "version": one.review.publication.number,
            "reviewer": one.review.account.shown_as,
            "how": one.review.how,
            "interests": one.review.interests.shown,
            "finding": one.finding,
            "agrees": one.agrees,
            "reason": one.reason.shown,
            "reopened": spelled(one.reopened) if one.reopened else None,
            "created": spelled(one.review.created),
        }


def statements() -> Iterator[Row]:
    """One row for each version of each statement."""
    rows = StatementVersion.objects.select_related("statement", "quotation", "said", "event")
    for one in rows.order_by("id").iterator(500):
        yield {
            "statement": one.statement_id,
            "version": one.number,
            "work": one.statement.work,
            "authors": one.statement.authors,
            "source": one.statement.source,
            "quotation": one.quotation.shown,
            "where": one.where,
            "read_on": one.read_on.isoformat(),
            "said": one.said.shown,
            "why": one.why,
            "withdrawn": spelled(one.statement.withdrawn) if one.statement.withdrawn else None,
            "created": spelled(one.created),
        }


def events() -> Iterator[Row]:
    """One row for each event, with its place in the log."""
    for one in Event.objects.order_by("index").iterator(500):
        yield {
            "log_index": one.index,
            "act": one.act,
            "entry": one.entry_id,
            "digest": one.digest,
            "created": spelled(one.created),
        }


def declared() -> Iterator[Row]:
    """One row for each declared synthetic image."""
    rows = Declared.objects.order_by("pixels", "id").values_list("pixels", "entry_id")
    for pixels, entry in rows.iterator(5000):
        yield {"pixels": f"sha256:{pixels}", "entry": entry}


TABLES: tuple[tuple[str, str, Callable[[], Iterator[Row]]], ...] = (
    ("entries", gettext_noop("Entries"), entries),
    ("concerns", gettext_noop("Concerns and answers"), concerns),
    ("reviews", gettext_noop("Reviews"), reviews),
    ("statements", gettext_noop("Works of others"), statements),
    ("events", gettext_noop("What happened"), events),
    ("declared", gettext_noop("Declared images"), declared),
)


def page(request: HttpRequest) -> HttpResponse:
    """Say what there is."""
    tables = [(name, _(words)) for name, words, _rows in TABLES]
    return render(request, "registry/data.html", {"tables": tables, "forms": FORMS})


def table(request: HttpRequest, table: str, form: str) -> StreamingHttpResponse | HttpResponse:  # noqa: ARG001
    """Give one table in one form."""
    rows = next((rows for name, _words, rows in TABLES if name == table), None)
    if rows is None or form not in FORMS:
        raise Http404
    if form == "parquet":
        return HttpResponse(_parquet(rows()), content_type="application/vnd.apache.parquet")
    kinds = {"csv": (_csv, "text/csv; charset=utf-8"), "json": (_json, "application/json")}
    write, kind = kinds[form]
    return StreamingHttpResponse(write(rows()), content_type=kind)


def _csv(rows: Iterator[Row]) -> Iterator[str]:
    buffer = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(buffer, list(row))
            writer.writeheader()
        writer.writerow({key: _cell(value) for key, value in row.items()})
        if buffer.tell() > 1 << 16:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any) -> Any:  # noqa: ANN401 - a value of a row
    """Keep a spreadsheet from running what people wrote (rule 4)."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _json(rows: Iterator[Row]) -> Iterator[str]:
    yield "["
    for n, row in enumerate(rows):
        yield ("," if n else "") + json.dumps(row, ensure_ascii=False)
    yield "]\n"


def _parquet(rows: Iterator[Row]) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - heavy, and needed here alone
    from pyarrow import parquet  # noqa: PLC0415

    buffer = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(list(rows)), buffer)
    return buffer.getvalue()


def publication(request: HttpRequest, number: int, version: int) -> JsonResponse:  # noqa: ARG001 - Django's signature
    """Give everything that was published, as JSON."""
    one = get_object_or_404(Publication.objects.select_related("event"), entry_id=number, number=version)
    return JsonResponse(
        {
            "entry": number,
            "version": version,
            "bundle": one.bundle,
            "signer": one.signer,
            "certificate": one.certificate,
            "log_index": one.event.index,
            "content": one.content,
        }
    )


def feed(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Give what happened last, as Atom (RFC 4287); no words of people are in it."""
    site = here.place().address
    found = Atom1Feed(
        title=here.place().origin,
        link=f"{site}/",
        feed_url=f"{site}/feed.atom",
        description="What happened in this registry",
        language="en",
    )
    for one in Event.objects.select_related("entry")[:MOST_FEED]:
        where = f"{site}/en/entry/{one.entry_id}/" if one.entry_id else f"{site}/en/statements/"
        found.add_item(
            title=f"{one.act}: {one.entry.title if one.entry else 'a statement'}",
            link=where,
            description=f"Entry {one.index} of the log.",
            unique_id=f"{site}/event/{one.index}.json",
            pubdate=one.created,
            updateddate=one.created,
        )
    return HttpResponse(found.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
