"""Reviews by people who are not the authors, and concerns: what others say about a record.

Rules
-----
1. A review counts when its reviewer is named, is not among those responsible, decides, and gives a reason.
2. A review names the digest of what was judged (its *basis*). When that changes, the review has ended.
3. An upheld concern stands against what it is about until it is answered.

Example:
    >>> from misyn.practice.record import parse
    >>> record = parse("{misyn: 1, technique: {name: demo}, responsible: A. Person}")
    >>> rows = [{"reviewer": "B. Other", "about": "P1", "decision": "agree", "reason": "checked", "basis": "x"}]
    >>> [r.reviewer for r in valid({"reviews": Evidence("reviews", {"reviews": rows})}, record)]
    ['B. Other']
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from misyn.practice.record import Record, people
from misyn.results import Evidence


@dataclass(frozen=True, kw_only=True)
class Review:
    """One judgement. ``about`` is a recommendation's id or ``claim:<id>``; ``basis`` the digest of what was judged."""

    reviewer: str
    about: str
    decision: Literal["agree", "disagree"]
    reason: str
    basis: str
    interests: str = ""
    date: str = ""


def valid(evidence: Mapping[str, Evidence], record: Record) -> tuple[Review, ...]:
    """The reviews that count (rule 1), in their order."""
    mine = {_folded(name) for name in record.responsible}
    return tuple(review for review in _all(evidence) if _folded(review.reviewer) not in mine)


def own(evidence: Mapping[str, Evidence], record: Record) -> tuple[Review, ...]:
    """The reviews that do not count because their reviewer is responsible for the technique."""
    counted = valid(evidence, record)
    return tuple(review for review in _all(evidence) if review not in counted)


def concerns(evidence: Mapping[str, Evidence]) -> tuple[Mapping[str, Any], ...]:
    """The concerns that were raised: ``id``, ``about``, ``state`` (open, upheld, answered, dismissed), ``text``."""
    return _rows(evidence, "concerns")


def standing(about: str, evidence: Mapping[str, Evidence]) -> tuple[Mapping[str, Any], ...]:
    """The upheld concerns that stand against a claim (``claim:<id>``) or the whole technique."""
    return tuple(
        row for row in concerns(evidence) if row.get("state") == "upheld" and row.get("about") in {about, "technique"}
    )


def _all(evidence: Mapping[str, Evidence]) -> tuple[Review, ...]:
    rows = [_review(row) for row in _rows(evidence, "reviews")]
    return tuple(review for review in rows if review is not None)


def _review(row: Mapping[str, Any]) -> Review | None:
    names, decision, reason = people(row.get("reviewer")), row.get("decision"), str(row.get("reason") or "").strip()
    if not names or not reason or decision not in {"agree", "disagree"}:
        return None
    told = {key: str(row.get(key) or "") for key in ("about", "basis", "interests", "date")}
    return Review(reviewer=names[0], decision=decision, reason=reason, **told)


def _rows(evidence: Mapping[str, Evidence], kind: str) -> tuple[Mapping[str, Any], ...]:
    found = evidence.get(kind)
    rows = found.content.get(kind) if found else None
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        return ()
    return tuple(row for row in rows if isinstance(row, Mapping))


def _folded(name: str) -> str:
    """A name as people compare it: case, spaces, dots and composed letters do not make another person."""
    folded = unicodedata.normalize("NFKC", name).casefold().replace(".", " ")
    return " ".join(folded.split())
