"""Current, contested, withdrawn: derived from what was answered and withdrawn, never typed in.

Rules
-----
1. Withdrawn is final: by a withdrawal, or by an upheld concern whose effect is withdrawal.
2. Contested while an upheld concern is not settled. Only somebody other than the owner settles.
3. Nothing else changes the status: not time, not a new version, not silence.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from misyn.oversight.registry import roles
from misyn.oversight.registry.acts.history import happened
from misyn.oversight.registry.models import Account, Entry
from misyn.oversight.registry.models.concern import UPHELD
from misyn.oversight.registry.models.entry import CONTESTED, CURRENT, WITHDRAWN

SETTLED = "settled"


def derive(entry: Entry) -> str:
    """Derive the status of an entry (rules 1 and 2)."""
    if entry.events.filter(act="withdrawal").exists():
        return WITHDRAWN
    effects = [_effect(list(concern.answers.all())) for concern in entry.concerns.filter(state=UPHELD)]
    return WITHDRAWN if WITHDRAWN in effects else CONTESTED if CONTESTED in effects else CURRENT


def _effect(answers: list[object]) -> str:
    """What the answers of one upheld concern come to: withdrawal stays, anything else can be settled."""
    effects = [str(getattr(one, "effect", "")) for one in answers]
    return WITHDRAWN if WITHDRAWN in effects else next((one for one in reversed(effects) if one), CONTESTED)


def renew(entry: Entry, *, now: datetime, reason: str = "") -> None:
    """Write the derived status, and when it changed."""
    status = derive(entry)
    if status != entry.status:
        entry.status, entry.status_since, entry.status_reason = status, now, reason[:400]
    entry.changed = now
    entry.save(update_fields=["status", "status_since", "status_reason", "changed"])


@transaction.atomic
def withdraw(account: Account, entry: Entry, *, reason: str, now: datetime) -> None:
    """Withdraw an entry, for good; the reason is public.

    Raises:
        NotAllowed: neither its owner nor an operator.
        WrongState: it is withdrawn already.
    """
    entry = Entry.objects.select_for_update().get(pk=entry.pk)
    roles.require(account, "withdraw", roles.About(entry=entry))
    content = {"by": account.shown_as, "reason": reason[:400]}
    happened("withdrawal", kind="withdrawal", now=now, entry=entry, about=entry.latest.event, content=content)
    renew(entry, now=now, reason=reason)
