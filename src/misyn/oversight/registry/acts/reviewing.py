"""Review a publication, finding by finding; and reopen what a new publication changes.

Rules
-----
1. A reviewer declares their interests, in words, also where there are none.
2. Nobody reviews their own: not the owner, nobody named as responsible, nobody of the signer's name.
3. Each judgement agrees with a finding or disputes it, with a reason, and names the digest of what it judged: the
   words read and the very results used (:func:`misyn.practice.reviewed.basis`).
4. When a new publication changes that digest, the judgement is reopened, which is logged; until somebody judges again,
   it counts for nothing.

Example:
    >>> members = {"record": {"misyn": 1, "technique": {"name": "demo"}, "responsible": "A"}, "audit": {}}
    >>> basis(members, "T1") == basis(members, "T1"), basis(members, "T99") is None
    (True, True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from misyn.errors import UsageError
from misyn.oversight.registry import roles
from misyn.oversight.registry.acts.asking import checked
from misyn.oversight.registry.acts.history import happened
from misyn.oversight.registry.intake.content import Content
from misyn.oversight.registry.models import Account, Judgement, Publication, Review, Text
from misyn.oversight.registry.models.review import INVITED, VOLUNTEERED
from misyn.practice import reviewed
from misyn.practice.record import people
from misyn.practice.reviews import _folded as folded_name


@dataclass(frozen=True)
class Judged:
    """One finding: agreed or disputed, and why."""

    finding: str
    agrees: bool
    reason: str


def basis(members: Mapping[str, Any], finding: str) -> str | None:
    """Name what a judgement of this finding judges, or None where there is no such finding."""
    content = Content("", members)
    return reviewed.basis(finding, content.record, content.evidence)


@transaction.atomic
def review(
    account: Account,
    publication: Publication,
    *,
    interests: str,
    judgements: Sequence[Judged],
    now: datetime,
    how: str = VOLUNTEERED,
) -> Review:
    """Review a publication.

    Raises:
        NotAllowed: no reviewer, or it is their own.
        WrongState: it is not the newest publication, or withdrawn.
        UsageError: no interests stated, no finding judged, or one that is not there.
    """
    entry = publication.entry
    roles.require(account, "review", roles.About(entry=entry))
    if _own(account, publication):
        raise roles.NotAllowed(
            "nobody reviews their own: you are named as responsible or as signer. Next: ask somebody else"
        )
    if publication.pk != entry.latest.pk:
        raise roles.WrongState("a newer version was published. Next: review that one")
    rows = [(one, basis(publication.content, one.finding)) for one in judgements]
    if not rows or any(digest is None for _, digest in rows) or how not in (INVITED, VOLUNTEERED):
        raise UsageError("expected at least one finding of this publication, found none, or one that it has not")
    kept = Text.keep(checked(interests))
    reasons = [Text.keep(checked(one.reason)) for one, _ in rows]
    said = [
        {"finding": one.finding, "agrees": one.agrees, "basis": digest, "reason": text.commitment}
        for (one, digest), text in zip(rows, reasons, strict=True)
    ]
    content = {"by": account.shown_as, "how": how, "interests": kept.commitment, "judgements": said}
    event = happened("review", kind="review", now=now, entry=entry, about=publication.event, content=content)
    made = Review.objects.create(
        publication=publication, account=account, how=how, interests=kept, event=event, created=now
    )
    for (one, digest), text in zip(rows, reasons, strict=True):
        Judgement.objects.create(review=made, finding=one.finding, agrees=one.agrees, basis=digest or "", reason=text)
    return made


def _own(account: Account, publication: Publication) -> bool:
    names = {
        folded_name(name) for name in (*people(publication.content["record"].get("responsible")), publication.signer)
    }
    return bool({folded_name(account.name), folded_name(account.shown_as)} & names)


def reopen(publication: Publication, *, now: datetime) -> int:
    """Reopen the judgements on earlier publications whose basis this one changes (rule 4); give how many."""
    open_ones = Judgement.objects.filter(review__publication__entry=publication.entry, reopened=None)
    changed = [
        one for one in open_ones.select_related("review__event") if basis(publication.content, one.finding) != one.basis
    ]
    by_review: dict[int, list[Judgement]] = {}
    for one in changed:
        by_review.setdefault(one.review_id, []).append(one)
    for rows in by_review.values():
        content = {"findings": [one.finding for one in rows], "because": "the evidence changed"}
        event = rows[0].review.event
        happened("reopening", kind="review", now=now, entry=publication.entry, about=event, content=content)
    Judgement.objects.filter(pk__in=[one.pk for one in changed]).update(reopened=now)
    return len(changed)
