"""All declared digests that begin with a few digits: the registry does not learn which of them was meant.

Rules
-----
1. Three digits are the shortest prefix: with 100,000 declared images about 24 begin with any three.
2. The same prefix gives the same list to everybody; nothing of the question is kept.

Example:
    >>> accepted("sha256:ABC1"), accepted("xyz"), accepted("ab")
    ('abc1', None, None)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from misyn.oversight.registry.models import Declared

SHORTEST, LONGEST = 3, 64
MOST = 500


@dataclass(frozen=True)
class Match:
    """A declared image: its digest, and the entry that declares it."""

    pixels: str
    entry: int
    title: str
    responsible: str
    status: str


def accepted(text: str) -> str | None:
    """Read a prefix as people type it, or None where it is none."""
    found = text.strip().lower().removeprefix("sha256:")
    return found if re.fullmatch(rf"[0-9a-f]{{{SHORTEST},{LONGEST}}}", found) else None


def matches(prefix: str) -> list[Match]:
    """Give the declared images whose digest begins so, at most :data:`MOST`."""
    top = prefix + "g"  # the first text after everything that begins with the prefix
    rows = Declared.objects.filter(pixels__gte=prefix, pixels__lt=top).select_related("entry").order_by("pixels", "id")
    return [
        Match(row.pixels, row.entry_id, row.entry.title, row.entry.responsible, row.entry.status) for row in rows[:MOST]
    ]
