"""Whether evidence still speaks of the technique, data and code that the record describes.

Rules
-----
1. Evidence is stale when it names a version, weights, code or data other than the record's, or is dated before the
   record says one of them changed.
2. Where neither side names a thing, nothing is assumed: freshness is then the reader's question, not a status.

Source: ``speaks_of`` (dotted record path to value) and ``created`` in evidence content, where given.

Example:
    >>> from misyn.practice.record import parse
    >>> record = parse("{misyn: 1, technique: {name: demo, version: '2'}, responsible: A}")
    >>> stale(record, {"evaluation": Evidence("evaluation", {"speaks_of": {"technique.version": "1"}})}, "evaluation")
    "the evaluation speaks of technique.version '1', the record of '2'"
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from misyn.practice.record import Record
from misyn.results import Evidence

_DATED = (
    "technique.released",
    *(f"data.{role}.changed" for role in ("training", "held_out", "reference", "synthetic")),
)
_ROLES = {"training": "training", "held-out": "held_out", "reference": "reference", "synthetic": "synthetic"}


def stale(record: Record, evidence: Mapping[str, Evidence], kind: str) -> str | None:
    """Why one kind of evidence no longer speaks of what the record describes, or None."""
    found = evidence.get(kind)
    if found is None:
        return None
    reason = _named(record, found.content, kind) or _dated(record, found.content, kind)
    return reason or (_made_by_another(record, evidence) if kind == "evaluation" else None)


def _named(record: Record, content: Mapping[str, Any], kind: str) -> str | None:
    told = content.get("speaks_of")
    spoken = dict(told) if isinstance(told, Mapping) else {}
    sets = content.get("sets")
    for role, row in sets.items() if isinstance(sets, Mapping) else ():
        if isinstance(row, Mapping) and row.get("digest") and role in _ROLES:
            spoken.setdefault(f"data.{_ROLES[role]}.digest", row["digest"])
    for path, value in spoken.items():
        now = record.get(str(path))
        if now is not None and str(now) != str(value):
            return f"the {kind} speaks of {path} '{value}', the record of '{now}'"
    return None


def _dated(record: Record, content: Mapping[str, Any], kind: str) -> str | None:
    created = str(content.get("created") or "")[:10]
    for path in _DATED:
        changed = str(record.get(path) or "")[:10]
        if created and changed and created < changed:
            return f"the {kind} is of {created}, and {path} is {changed}"
    return None


def _made_by_another(record: Record, evidence: Mapping[str, Evidence]) -> str | None:
    """The evaluated files themselves may declare another version than the record describes."""
    marks, version = evidence.get("marks"), record.get("technique.version")
    if marks is None or version is None:
        return None
    name = str(record.get("technique.name"))
    for row in marks.content.get("techniques", []):
        if str(row.get("name")) == name and str(row.get("version")) != str(version):
            return f"{row.get('n')} synthetic files are of version '{row.get('version')}', the record of '{version}'"
    return None
