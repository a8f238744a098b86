"""Append what happened to the log: the last step of every act, inside its transaction.

Rules
-----
1. The entry is durable in the log before the transaction commits. If the commit then fails, the log holds a commitment
   to something that never came to be, which harms nobody; the other way round, something would be public and unlogged.
2. Content holds no words of people, only commitments to them, so that it can be public for ever.

Example:
    >>> from datetime import UTC, datetime
    >>> spelled(datetime(2026, 11, 22, 12, 0, 5, 9, UTC))
    '2026-11-22T12:00:05Z'
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from misyn.canonical import record_digest
from misyn.errors import UsageError
from misyn.oversight.log import entries
from misyn.oversight.log.store import Log
from misyn.oversight.registry import here
from misyn.oversight.registry.models import Entry, Event

SCHEMA = "misyn/event/1"


def spelled(moment: datetime) -> str:
    """Spell a time as RFC 3339, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def happened(
    act: str,
    *,
    kind: str,
    now: datetime,
    entry: Entry | None = None,
    about: Event | None = None,
    content: Mapping[str, Any] | None = None,
) -> Event:
    """Append an event.

    Args:
        act: what happened, in one word.
        kind: of the log's entry (:data:`misyn.oversight.log.entries.KINDS`).
        now: the present time.
        entry: the registry's entry it is about, or None.
        about: the earlier event it is about, or None.
        content: what is said besides; public.
    """
    whole = {
        "schema": SCHEMA,
        "act": act,
        "entry": entry.pk if entry else None,
        "time": spelled(now),
        **(content or {}),
    }
    return append(act, kind=kind, content=whole, entry=entry, about=about, now=now)


def append(
    act: str,
    *,
    kind: str,
    content: Mapping[str, Any],
    now: datetime,
    entry: Entry | None = None,
    about: Event | None = None,
    statement: Mapping[str, Any] | None = None,
) -> Event:
    """Append content as it is, with the signed statement about it where there is one."""
    if not transaction.get_connection().in_atomic_block:
        raise UsageError("an event is appended inside the transaction of its act")
    digest = record_digest(content)
    item = entries.commit(kind, digest, about=about.index if about else None, statement=statement)
    with Log.open(here.place().log) as log:
        (receipt,) = log.append([item])
    return Event.objects.create(
        index=receipt.index, act=act, entry=entry, content=dict(content), digest=digest, created=now
    )
