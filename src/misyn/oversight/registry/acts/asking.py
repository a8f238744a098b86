"""Raise a concern, follow it, add to it, take it back, erase one's own words: by anyone, with a receipt and no account.

Rules
-----
1. A receipt's code is 100 random bits in words one can write down; only its hash is kept.
2. An answer is due by a date that is fixed when the concern is raised.
3. Who holds the code may take a concern back while it is not upheld, and may erase their own words at any time. The
   fact, kind, date and state stay.

Example:
    >>> code = new_code()
    >>> len(code), folded(code.lower().replace("-", " ")) == folded(code)
    (24, True)
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.utils.translation import gettext_noop

from misyn.errors import UsageError
from misyn.oversight.registry.acts.history import happened, spelled
from misyn.oversight.registry.acts.standing import renew
from misyn.oversight.registry.models import Addition, Concern, Entry, Event, Statement, Text
from misyn.oversight.registry.models.concern import ANSWERED, KINDS, NOT_UPHELD, OPEN, TAKEN_BACK
from misyn.oversight.registry.models.text import ERASED
from misyn.oversight.registry.roles import WrongState

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no I, O, 0, 1
LONGEST = 5000
DAYS = 30


class NoSuchReceipt(UsageError):
    """No concern has this code."""


@dataclass(frozen=True)
class Raised:
    """A concern that was raised, and the code that only its author has."""

    concern: Concern
    code: str


def new_code() -> str:
    """Make a receipt's code: five groups of four letters."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(20))
    return "-".join(letters[at : at + 4] for at in range(0, 20, 4))


def folded(code: str) -> str:
    """Read a code as people type it, and hash it."""
    return sha256("".join(one for one in code.upper() if one in LETTERS).encode()).hexdigest()


@transaction.atomic
def ask(
    *,
    kind: str,
    words: str,
    now: datetime,
    entry: Entry | None = None,
    statement: Statement | None = None,
    language: str = "en",
) -> Raised:
    """Raise a concern about an entry, or a notice about a statement.

    Raises:
        UsageError: no such kind, no words, or too many.
    """
    if kind not in dict(KINDS) or (entry is None) == (statement is None):
        raise UsageError(f"expected a kind of concern ({', '.join(dict(KINDS))}), found another")
    text = Text.keep(checked(words))
    days = entry.answer_days if entry else DAYS
    due, code = now + timedelta(days=days), new_code()
    content = {"kind": kind, "due": spelled(due), "text": text.commitment}
    if statement:
        content["statement"] = str(statement.pk)
    event = happened("concern", kind="concern", now=now, entry=entry, about=_about(entry, statement), content=content)
    concern = Concern.objects.create(
        entry=entry,
        statement=statement,
        kind=kind,
        text=text,
        language=language[:12],
        receipt=folded(code),
        event=event,
        created=now,
        due=due,
    )
    if entry:
        renew(entry, now=now)
    return Raised(concern, code)


def _about(entry: Entry | None, statement: Statement | None) -> Event | None:
    if entry:
        return entry.latest.event
    return statement.versions.all()[0].event if statement else None


def checked(words: str) -> str:
    """Accept words.

    Raises:
        UsageError: none, or too many.
    """
    kept = words.encode("utf-8", "replace").decode().replace("\x00", "").strip()
    if not 1 <= len(kept) <= LONGEST:
        raise UsageError(f"expected 1 to {LONGEST} letters, found {len(kept)}")
    return kept


def find(code: str) -> Concern:
    """Find the concern of a receipt.

    Raises:
        NoSuchReceipt: there is none.
    """
    rows = Concern.objects.select_related("entry", "statement", "text", "event")
    found: Concern | None = rows.filter(receipt=folded(code)).first()
    if found is None:
        raise NoSuchReceipt("no concern has this code. Next: check the code, letter by letter")
    return found


@transaction.atomic
def add(code: str, words: str, *, now: datetime) -> Addition:
    """Add words to a concern; one that was answered without being upheld is open again, due as before or in 14 days."""
    concern = find(code)
    if concern.state == TAKEN_BACK:
        raise WrongState("this concern was taken back. Next: raise a new one")
    text = Text.keep(checked(words))
    event = happened(
        "addition",
        kind="concern",
        now=now,
        entry=concern.entry,
        about=concern.event,
        content={"text": text.commitment},
    )
    if concern.state in (ANSWERED, NOT_UPHELD):
        concern.state, concern.due = OPEN, max(concern.due, now + timedelta(days=14))
        concern.save(update_fields=["state", "due"])
    return Addition.objects.create(concern=concern, text=text, event=event, created=now)


@transaction.atomic
def take_back(code: str, *, now: datetime) -> Concern:
    """Take one's own concern back; it stays listed, as taken back."""
    concern = find(code)
    if concern.state not in (OPEN, ANSWERED, NOT_UPHELD):
        raise WrongState("this concern was upheld or taken back before, and stays as it is")
    happened("taking-back", kind="concern", now=now, entry=concern.entry, about=concern.event)
    concern.state = TAKEN_BACK
    concern.save(update_fields=["state"])
    return concern


@transaction.atomic
def erase_own(code: str, *, now: datetime) -> int:
    """Erase one's own words, all of them; give how many texts."""
    concern = find(code)
    texts = [concern.text, *(one.text for one in concern.additions.select_related("text"))]
    gone = [text for text in texts if text.state != ERASED]
    for text in gone:
        content = {"text": text.commitment, "reason": gettext_noop("asked for by the one who wrote it")}
        happened("erasure", kind="removal", now=now, entry=concern.entry, about=concern.event, content=content)
        forget(text, content["reason"])
    return len(gone)


def forget(text: Text, reason: str) -> None:
    """Forget words and salt, for good; the commitment stays."""
    text.body, text.salt, text.state, text.reason = "", None, ERASED, reason[:400]
    text.save(update_fields=["body", "salt", "state", "reason"])
