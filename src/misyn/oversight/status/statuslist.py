"""The status list: for every record that a registry knows, whether its entry is current, contested or withdrawn.

Rules
-----
1. The list is canonical JSON (RFC 8785); its digest is committed to by an entry of the registry's log, of kind
   ``status``. The proof of that entry, under a signed checkpoint, is the only reason to believe a list.
2. ``size`` says how many entries the log had when it was made: a list of smaller size is older.
3. Keys that a later version adds are kept.

Example:
    >>> from datetime import UTC
    >>> made = content("example.org/registry", address="https://example.org", size=3,
    ...                now=datetime(2026, 11, 22, tzinfo=UTC), records=[])
    >>> from misyn.canonical import canonical_bytes
    >>> parse(canonical_bytes(made)).made.isoformat()
    '2026-11-22T00:00:00+00:00'
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from misyn.canonical import is_digest
from misyn.errors import MalformedLogData

SCHEMA = "misyn/status/1"
FILE, PROOF, POLICY = "status.json", "status.json.tlog-proof", "policy"
KIND = "status"
STATUSES = ("current", "contested", "withdrawn")
MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Standing:
    """What a registry says of one record."""

    entry: int
    name: str
    status: str
    since: str
    reason: str = ""


@dataclass(frozen=True)
class StatusList:
    """A list that was read; whether it is believed is for :mod:`misyn.oversight.status.known`."""

    origin: str
    address: str
    size: int
    made: datetime
    records: Mapping[str, tuple[Standing, ...]] = field(default_factory=dict)


def content(
    origin: str, *, address: str, size: int, now: datetime, records: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Write a list.

    Args:
        origin: the registry's and its log's name.
        address: where people read the entries.
        size: how many entries the log has.
        now: the present time.
        records: rows of ``record`` (digest), ``entry``, ``name``, ``status``, ``since``, ``reason``.
    """
    made = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    whole = {"schema": SCHEMA, "registry": origin, "address": address, "size": size, "made": made}
    return {**whole, "records": [dict(row) for row in records]}


def parse(data: bytes) -> StatusList:
    """Read a list.

    Raises:
        MalformedLogData: it is none.
    """
    try:
        found = json.loads(data[: MOST_BYTES + 1])
        records: dict[str, tuple[Standing, ...]] = {}
        for row in found["records"]:
            records[_record(row)] = (*records.get(row["record"], ()), _standing(row))
        made = datetime.fromisoformat(found["made"])
        listed = StatusList(str(found["registry"]), str(found["address"]), int(found["size"]), made, records)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MalformedLogData(f"expected a registry's status list ({SCHEMA}), found something else") from error
    if found.get("schema") != SCHEMA:
        raise MalformedLogData(
            f"expected a registry's status list ({SCHEMA}), found another version. Next: update misyn"
        )
    return listed


def _record(row: Mapping[str, Any]) -> str:
    if not is_digest(row["record"]):
        raise ValueError("no digest")
    return str(row["record"])


def _standing(row: Mapping[str, Any]) -> Standing:
    if row["status"] not in STATUSES:
        raise ValueError("no status")
    return Standing(int(row["entry"]), str(row["name"]), row["status"], str(row["since"]), str(row.get("reason", "")))
