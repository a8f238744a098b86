"""The status of files and audits: what a registry says of the record that a file's declaration names, and as of when.

Rules
-----
1. A file without a declaration, or of a record that the registry does not know, stays ``unknown``.
2. Contested and withdrawn become a problem of the file, in words, with the time from which this is known.

Example:
    >>> file = {"declaration": None, "status": "unknown", "known_as_of": None, "problems": []}
    >>> files = {"files": [file], "summary": {}}
    >>> from datetime import UTC
    >>> from misyn.oversight.status.statuslist import StatusList
    >>> now = datetime(2026, 11, 22, tzinfo=UTC)
    >>> known = Known(StatusList("example.org/registry", "https://example.org", 1, now), now, 0, 1)
    >>> to_files(files, known, now=now)["files"][0]["status"]
    'unknown'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from misyn.oversight.status.known import Known
from misyn.oversight.status.statuslist import Standing
from misyn.results import Caveat

GRAVE = ("contested", "withdrawn")


def to_files(result: Mapping[str, Any], known: Known, *, now: datetime) -> dict[str, Any]:
    """Give the document of ``misyn verify --json`` with the status of every file.

    Args:
        result: the document without.
        known: what is known of the registry.
        now: the present time.
    """
    files = [_file(file, known, now) for file in result["files"]]
    counts = Counter(file["status"] for file in files)
    registry = described(known, now=now)
    return {
        **result,
        "files": files,
        "summary": {**result["summary"], "status": dict(sorted(counts.items()))},
        "registry": registry,
    }


def _file(file: Mapping[str, Any], known: Known, now: datetime) -> dict[str, Any]:
    declaration = file.get("declaration") or {}
    standing = known.standing(declaration.get("record"), now=now)
    as_of = spelled(known.as_of)
    if standing is None:
        return {**file, "known_as_of": as_of}
    problems = list(file["problems"])
    if standing.status in GRAVE:
        problems.append(sentence(standing, known))
    return {
        **file,
        "status": standing.status,
        "known_as_of": as_of,
        "problems": problems,
        "entry": page(standing, known),
        "proof": {"log": known.listed.origin, "index": known.index, "size": known.size},
    }


def page(standing: Standing, known: Known) -> str:
    """Where people read the entry."""
    return f"{known.listed.address}/en/entry/{standing.entry}/"


def sentence(standing: Standing, known: Known) -> str:
    """Say a grave status in words."""
    why = f" ({standing.reason})" if standing.reason else ""
    return (
        f"the technique is {standing.status} in {known.listed.origin} since {standing.since}{why}; known as of "
        f"{spelled(known.as_of)}: {page(standing, known)}"
    )


def caveats(records: Mapping[str, str], known: Known, *, now: datetime) -> tuple[Caveat, ...]:
    """Warnings that lead an audit: of each record (digest, to what it is) that is contested or withdrawn.

    Args:
        records: digest to words, such as "this record" or "a record that images name".
        known: what is known of the registry.
        now: the present time.
    """
    found = []
    for record, what in records.items():
        standing = known.standing(record, now=now)
        if standing is not None and standing.status in GRAVE:
            found.append(Caveat(f"registry-{standing.status}", f"{what}: {sentence(standing, known)}"))
    return tuple(found)


def described(known: Known, *, now: datetime) -> dict[str, Any]:
    """What is known, of which registry, as of when, and what weakens it."""
    return {
        "name": known.listed.origin,
        "known_as_of": spelled(known.as_of),
        "age": known.age(now),
        "log_entries": known.size,
        "notes": list(known.notes),
    }


def spelled(moment: datetime) -> str:
    """Spell a time as RFC 3339, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
