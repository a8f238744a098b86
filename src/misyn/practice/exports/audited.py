"""Read an audit folder so that nothing in it has to be believed: evidence is what its digest says, or is refused.

Rules
-----
1. The audit is of this very record; an audit of an earlier state is refused.
2. Evidence that is altered is refused; evidence that is named and not there is told.
3. Only the files that ``audit.json`` names are opened, in the folder itself; rows per image never are.

Example:
    >>> from misyn.practice.record import parse
    >>> read(Path("nowhere"), parse("{misyn: 1, technique: {name: demo}, responsible: A}"))
    Traceback (most recent call last):
    misyn.errors.EvidenceError: expected an audit folder with audit.json, found none in nowhere. Next: misyn audit
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from misyn.canonical import digest
from misyn.errors import EvidenceError
from misyn.practice.record import Record
from misyn.results import Evidence

MOST = 64 * 1024 * 1024  # bytes of one evidence file


@dataclass(frozen=True)
class Audited:
    """What an audit folder holds: evidence by kind, warnings, and what is named and not there."""

    evidence: Mapping[str, Evidence]
    warnings: tuple[Mapping[str, Any], ...] = ()
    absent: tuple[tuple[str, str], ...] = ()


def read(folder: Path, record: Record) -> Audited:
    """Read an audit folder (rule 2)."""
    path = folder / "audit.json"
    if not path.is_file():
        raise EvidenceError(f"expected an audit folder with audit.json, found none in {folder}. Next: misyn audit")
    content = _json(path)
    if content.get("record") != record.digest:
        raise EvidenceError(
            f"expected an audit of this record ({record.digest[:19]}…), found one of another "
            f"({str(content.get('record'))[:19]}…) in {folder}. Next: run misyn audit again"
        )
    evidence, absent = {}, []
    for row in mappings(content.get("evidence")):
        name = Path(str(row.get("file"))).name
        place, kind = folder / name, name.removesuffix(".json")
        if place.is_file():
            evidence[kind] = Evidence(kind, _checked(place, str(row.get("digest"))))
        else:
            absent.append((kind, str(row.get("digest"))))
    return Audited(evidence, tuple(mappings(content.get("warnings"))), tuple(absent))


def _checked(path: Path, expected: str) -> dict[str, Any]:
    """Evidence that is what its digest says."""
    content = _json(path)
    if digest(path.read_bytes()) != expected or Evidence("", content).digest != expected:
        raise EvidenceError(
            f"expected {path.name} to be {expected[:19]}…, as audit.json says, found other content. "
            "Next: run misyn audit again; evidence is never edited"
        )
    return content


def _json(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        data = file.read(MOST + 1)
    try:
        content = json.loads(data) if len(data) <= MOST else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise EvidenceError(f"expected a JSON object up to {MOST >> 20} MB in {path}, found none. Next: misyn audit")
    return content


def mappings(value: object) -> list[Mapping[str, Any]]:
    """The mappings of a list; of anything else, none."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
