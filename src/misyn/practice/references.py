"""Resolve what a record names as evidence: ``evaluation:<name>``, ``file:<path>``, or a digest.

Rules
-----
1. A name that resolves to nothing present is missing evidence, whatever the record says about it.
2. ``evaluation:<name>`` names one measure (``evaluation:coverage[sex=F]``), or the whole with ``evaluation:default``.
3. Files are looked for beside the record and are never opened here: a person, or the room that wrote them, reads them.

Example:
    >>> measure("evaluation:coverage[sex=F]")
    ('coverage', 'sex=F', None)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from misyn.canonical import is_digest
from misyn.errors import UsageError
from misyn.practice import expects
from misyn.practice.measured import Measured, Row
from misyn.practice.record import Record
from misyn.results import Evidence

WHOLE = "default"


def present(value: Any, record: Record, evidence: Mapping[str, Evidence]) -> bool:  # noqa: ANN401 - text, texts or None
    """Whether something is named, and all that is named is there."""
    named = texts(value)
    return bool(named) and all(_present(text, record, evidence) for text in named)


def texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - text, texts or None
    """What the schema calls texts, as a tuple."""
    return () if not value else (value,) if isinstance(value, str) else tuple(str(item) for item in value)


def measure(reference: str) -> tuple[str, str | None, str | None] | None:
    """Read ``evaluation:name[selection]`` as (name, group, set); None when it is something else."""
    kind, _, name = reference.partition(":")
    if kind.strip() != "evaluation" or not name.strip():
        return None
    try:
        term = expects.parse(f"{name.strip()} >= 0")[0]
    except UsageError:
        return None
    return term.name, term.group, term.set


def row(reference: str, measured: Measured) -> Row | None:
    """The estimate or test that ``evaluation:<name>`` names, or None."""
    named = measure(reference)
    if named is None:
        return None
    name, group, chosen = named
    return measured.estimate(name, set=chosen, group=group) or measured.test(name, set=chosen, group=group)


def _present(text: str, record: Record, evidence: Mapping[str, Evidence]) -> bool:
    if is_digest(text):
        return any(item.digest == text for item in evidence.values())
    kind, _, name = text.partition(":")
    if kind == "file":
        return bool(name) and record.has(name.strip())
    found = evidence.get("evaluation")
    if kind != "evaluation" or found is None:
        return False
    return name.strip() == WHOLE or row(text, Measured(found.content)) is not None
