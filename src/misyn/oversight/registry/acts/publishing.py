"""Publish a bundle: a new entry, or a new version of one's own; and list the images that were declared.

Rules
-----
1. The log's entry commits to the signed document itself, so that its proof carries the publisher's signature.
2. A record that another account's entry speaks for is not taken over: the digest stays where it was published first.
3. What is shown is what the bundle holds; nothing is added but who signed it and when.
4. Images are listed by the digest of their pixels, when their maker chooses to, in batches of which each is an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from misyn.canonical import DIGEST, record_digest
from misyn.errors import MisynError, NotProven, UsageError
from misyn.oversight.log import client, policy
from misyn.oversight.log.store import Log
from misyn.oversight.registry import here, roles
from misyn.oversight.registry.acts import reviewing
from misyn.oversight.registry.acts.history import append, happened
from misyn.oversight.registry.acts.standing import renew
from misyn.oversight.registry.intake import submission
from misyn.oversight.registry.intake.content import Content, Refused, accept
from misyn.oversight.registry.models import Account, Cover, Declared, Entry, Event, Publication
from misyn.practice.record import people
from misyn.report.facts import Facts
from misyn.report.page import render

MOST_DAYS, DAYS = 90, 30
MOST_DECLARED = 10_000
SEARCHED = ("problem.need", "use.intended", "technique.description", "technique.kind", "technique.method")


def publish(
    account: Account, *, document: dict[str, Any], statement: dict[str, Any], data: bytes, now: datetime
) -> Publication:
    """Publish.

    Args:
        account: who publishes.
        document: what is published (:func:`misyn.oversight.registry.intake.submission.document`).
        statement: the signed statement about it.
        data: the bundle.
        now: the present time.

    Raises:
        Refused: the bundle or the signature does not hold, or it is no aggregate.
        NotAllowed, WrongState: not this account, or not to this entry.
    """
    roles.require(account, "publish")
    signed = submission.opened(document, statement, origin=here.place().origin, root=account.root, now=now)
    content = accept(data, proven=_proven(now))
    if content.digest != document["bundle"]:
        raise Refused([("document.bundle", "it names another bundle than the one that was sent")])
    report = _report(content)
    with transaction.atomic():
        return _kept(account, signed, content, report, now)


def _proven(now: datetime) -> Any:  # noqa: ANN401 - a callable of misyn.practice.checking
    """Hold a status that rests on a log only where this registry's own log proves it."""

    def proven(row: Any) -> None:  # noqa: ANN401 - an entry of log evidence
        with Log.open(here.place().log) as log:
            wanted = policy.of(*log.keys)
        proof = str(row.get("proof", "")).encode()
        shown = client.check(proof, wanted, now=now, content=row.get("digest"), unsafe_without_cosignatures=True)
        if (shown.index, shown.entry.kind) != (row.get("index"), row.get("kind")):
            raise NotProven("the proof is of another entry")

    return proven


def _report(content: Content) -> str:
    """The report page, from what is public alone: no picture is in it, because none was sent."""
    members = content.members
    facts = Facts(
        audit=content.audit, evaluation=members.get("evaluation", {}), marks=members.get("marks"),
        record=members["record"], rows=(),
    )  # fmt: skip
    try:
        return render(facts)
    except (MisynError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise Refused([("bundle.zip", "no report can be written from it")]) from error


def _kept(account: Account, signed: submission.Signed, content: Content, report: str, now: datetime) -> Publication:
    entry = _entry(account, signed, content, now)
    event = append(
        "publication", kind=submission.KIND, content=signed.document, entry=entry, statement=signed.envelope, now=now
    )
    number = entry.publications.count() + 1
    made = Publication.objects.create(
        entry=entry,
        number=number,
        bundle=content.digest,
        record=content.record.digest,
        phase=int(content.audit["phase"]),
        content=dict(content.members),
        report=report,
        signer=signed.signer,
        certificate=signed.certificate,
        event=event,
        created=now,
    )
    _cover(entry, {*signed.document["covers"], content.record.digest}, account)
    if not account.root:
        account.root = signed.certificate
        account.save(update_fields=["root"])
    if number > 1:
        reviewing.reopen(made, now=now)
    renew(entry, now=now)
    return made


def _entry(account: Account, signed: submission.Signed, content: Content, now: datetime) -> Entry:
    record, wanted = content.record, signed.document["entry"]
    technique = record.get("technique") or {}
    facts = {
        "name": str(technique.get("name"))[:200],
        "version": str(technique.get("version") or "")[:80],
        "responsible": "; ".join(people(record.get("responsible")))[:400],
        "language": signed.document["language"],
        "answer_days": _days(record.get("oversight.answer_within_days")),
        "words": _words(content),
    }
    if wanted is None:
        return Entry.objects.create(owner=account, status_since=now, created=now, changed=now, **facts)
    entry: Entry | None = Entry.objects.select_for_update().filter(pk=wanted).first()
    if entry is None:
        raise Refused([("document.entry", "there is no such entry")])
    roles.require(account, "publish-version", roles.About(entry=entry))
    for key, value in facts.items():
        setattr(entry, key, value)
    entry.save()
    return entry


def _days(given: object) -> int:
    """In how many days an answer is due: what the record promises, within reason."""
    days = int(given) if isinstance(given, int | float) and not isinstance(given, bool) else DAYS
    return min(max(days, 1), MOST_DAYS)


def _words(content: Content) -> str:
    record = content.record
    people_named = people(record.get("responsible"))
    kinds = [str(row.get("modality")) for row in (record.get("data") or {}).values() if isinstance(row, dict)]
    found = [record.get("technique.name"), record.get("technique.version"), *people_named, *kinds]
    return " ".join(str(one) for one in (*found, *(record.get(key) for key in SEARCHED)) if one).casefold()[:4000]


def _cover(entry: Entry, digests: set[str], account: Account) -> None:
    """Let an entry speak for records, except where another account's entry does already (rule 2)."""
    taken = set(Cover.objects.filter(digest__in=digests).exclude(entry__owner=account).values_list("digest", flat=True))
    rows = [Cover(digest=one, entry=entry) for one in sorted(digests - taken)]
    Cover.objects.bulk_create(rows, ignore_conflicts=True)


def declare(account: Account, entry: Entry, digests: Sequence[str], *, now: datetime) -> Event:
    """List declared synthetic images by the digests of their pixels.

    Raises:
        UsageError: none, too many at once, or something else than digests.
    """
    if not 1 <= len(digests) <= MOST_DECLARED or not all(DIGEST.fullmatch(one) for one in digests):
        raise UsageError(f"expected 1 to {MOST_DECLARED} digests sha256:<64 hex digits>")
    with transaction.atomic():
        entry = Entry.objects.select_for_update().get(pk=entry.pk)
        roles.require(account, "declare", roles.About(entry=entry))
        unique = sorted(set(digests))
        content = {"images": len(unique), "digest": record_digest(unique)}
        event = happened(
            "declaration", kind="declaration", now=now, entry=entry, about=entry.latest.event, content=content
        )
        Declared.objects.bulk_create(
            [Declared(pixels=one.removeprefix("sha256:"), entry=entry) for one in unique],
            ignore_conflicts=True,
            batch_size=1000,
        )
        entry.declared, entry.changed = entry.images.count(), now
        entry.save(update_fields=["declared", "changed"])
        return event
