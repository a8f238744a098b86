"""Hide abusive words, erase personal ones: never a concern's fact, kind, date or state.

Rules
-----
1. Both need a reason, which is public and logged.
2. Hidden words can be shown again; erased ones are gone, and earlier proofs still verify.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from misyn.errors import UsageError
from misyn.oversight.registry import roles
from misyn.oversight.registry.acts.asking import forget
from misyn.oversight.registry.acts.history import happened
from misyn.oversight.registry.models import Account, Concern, Text
from misyn.oversight.registry.models.text import ERASED, HIDDEN, SHOWN
from misyn.oversight.registry.roles import WrongState

REASONS = {
    "abuse": gettext_noop("it insults or threatens people"),
    "personal": gettext_noop("it holds personal details of somebody"),
    "patient": gettext_noop("it holds details of a patient"),
    "law": gettext_noop("a court or an authority ordered it"),
    "spam": gettext_noop("it advertises"),
}


def concern_of(text: Text) -> Concern:
    """Give the concern that a text belongs to."""
    found: Concern | None = Concern.objects.filter(
        Q(text=text) | Q(additions__text=text) | Q(answers__text=text)
    ).first()
    if found is None:
        raise UsageError("this text belongs to no concern")
    return found


@transaction.atomic
def hide(account: Account, text: Text, *, reason: str, now: datetime) -> None:
    """Hide a text, or show it again with the reason ``""``."""
    _change(account, text, act="hide", state=HIDDEN if reason else SHOWN, reason=reason, now=now)


@transaction.atomic
def erase(account: Account, text: Text, *, reason: str, now: datetime) -> None:
    """Erase a text for good."""
    if not reason:
        raise UsageError(f"expected a reason ({', '.join(REASONS)}), found none")
    _change(account, text, act="erase", state=ERASED, reason=reason, now=now)


def _change(account: Account, text: Text, *, act: str, state: str, reason: str, now: datetime) -> None:
    text = Text.objects.select_for_update().get(pk=text.pk)
    concern = concern_of(text)
    roles.require(account, act, roles.About(concern=concern))
    if reason and reason not in REASONS:
        raise UsageError(f"expected a reason ({', '.join(REASONS)}), found another")
    if text.state == ERASED:
        raise WrongState("this text is erased, for good")
    content = {"text": text.commitment, "state": state, "reason": REASONS.get(reason, ""), "by": account.shown_as}
    name = {HIDDEN: "hiding", SHOWN: "showing", ERASED: "erasure"}[state]
    happened(name, kind="removal", now=now, entry=concern.entry, about=concern.event, content=content)
    if state == ERASED:
        forget(text, REASONS[reason])
    else:
        text.state, text.reason = state, REASONS.get(reason, "")
        text.save(update_fields=["state", "reason"])
