"""Derive everything that is judged, from a record and its evidence: once when auditing, and again when checking.

Rules
-----
1. One function derives; ``misyn audit`` writes what it returns, ``misyn check`` compares with what it returns.
2. Nothing is read from disk here and nothing is measured.

Example:
    >>> from misyn.practice.record import parse
    >>> derived = derive(parse("{misyn: 1, technique: {name: demo}, responsible: A. Person}"), {})
    >>> derived["phase"], len(derived["findings"]), derived["claims"]
    (0, 39, [])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from misyn.practice import claims, findings, phases
from misyn.practice.measured import Measured
from misyn.practice.record import Record
from misyn.results import Caveat, Evidence, as_json

SCHEMA = "misyn/audit/1"


def derive(record: Record, evidence: Mapping[str, Evidence], *, caveats: Sequence[Caveat] = ()) -> dict[str, Any]:
    """Derive the judged part of ``audit.json``, as JSON-like content.

    Args:
        record: the record.
        evidence: by kind, as in :func:`misyn.practice.findings.judge`.
        caveats: what was noticed while the evidence was gathered; these lead the evaluation's own warnings.
    """
    phase = phases.derive(evidence, record)
    content: dict[str, Any] = as_json(
        {
            "schema": SCHEMA,
            "record": record.digest,
            "technique": record.get("technique"),
            "phase": phase.number,
            "scope": phase.scope,
            "warnings": [*caveats, *warnings(evidence)],
            "findings": findings.judge(record, evidence),
            "claims": claims.judge(record, evidence, phase),
            "limitations": record.get("limitations", {}),
            "evidence": [{"kind": kind, "digest": e.digest, "file": f"{kind}.json"} for kind, e in evidence.items()],
        }
    )
    return content


def warnings(evidence: Mapping[str, Evidence]) -> list[Caveat]:
    """The warnings that the evaluation carries, in its order."""
    found = evidence.get("evaluation")
    return [Caveat(name, text) for name, text in Measured(found.content).warnings.items()] if found else []
