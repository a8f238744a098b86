"""What this reader knows of a registry: read from a folder or a URL, checked against its log, kept, never older again.

Rules
-----
1. A list is believed when its log's proof holds under the policy: the one given, or the one kept, or, at the very first
   contact, the one that came with it; then the answer says that nobody compared the key.
2. A list that does not hold is an error, never "current". So is one that is older than what is kept, or lacks a record
   that was withdrawn: withdrawal does not wear off (it fails closed).
3. Where a URL does not answer, the kept list is used, and the answer says how old it is.
4. Beyond ``max_age`` nothing is "current" any more: it is "unknown". Contested and withdrawn stay what they were.

Example: see ``tests/registry/test_status.py``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from misyn import atomic
from misyn.canonical import digest
from misyn.errors import InputError, LogUnavailable, NotProven
from misyn.oversight.log import client, policy, static
from misyn.oversight.log.policy import Policy
from misyn.oversight.status import statuslist
from misyn.oversight.status.statuslist import FILE, POLICY, PROOF, Standing, StatusList

MAX_AGE = timedelta(days=30)
FIRST = "the registry's key was taken as it came; compare it with what its operator tells you"
OFFLINE = "the registry did not answer; this is what was known before"
_ORDER = {"current": 0, "unknown": 1, "contested": 2, "withdrawn": 3}


@dataclass(frozen=True)
class Known:
    """A list that is believed, and on whose word.

    Attributes:
        listed: the list.
        as_of: when it was made, as the registry says; the log proves that it said so.
        index: the log's entry that commits to it.
        size: of the checkpoint that proves it.
        notes: what weakens this knowledge, in sentences.
        vouched: by when witnesses had seen it, where a quorum vouches.
    """

    listed: StatusList
    as_of: datetime
    index: int
    size: int
    notes: tuple[str, ...] = ()
    vouched: datetime | None = None

    def standing(self, record: str | None, *, now: datetime, max_age: timedelta = MAX_AGE) -> Standing | None:
        """What is known of a record; None where the registry does not know it. The gravest of several speaks."""
        found = self.listed.records.get(record or "", ())
        if not found:
            return None
        gravest = max(found, key=lambda one: _ORDER[one.status])
        stale = now - self.as_of > max_age
        if gravest.status == "current" and stale:
            return Standing(gravest.entry, gravest.name, "unknown", gravest.since, "what is known is too old")
        return gravest

    def age(self, now: datetime) -> str:
        """How old this knowledge is, in words."""
        hours = max(int((now - self.as_of).total_seconds()) // 3600, 0)
        return f"{hours // 24} days {hours % 24} hours" if hours >= 24 else f"{hours} hours"


def of(
    place: str,
    *,
    now: datetime,
    trusted: Policy | None = None,
    memory: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Known:
    """Learn what a registry says.

    Args:
        place: its URL, its folder, a folder with a downloaded list, or the list's file itself.
        now: the present time, with its time zone.
        trusted: whom to believe; None: as rule 1.
        memory: where to keep what is known; None: the user's configuration folder.
        environ: where that is found.

    Raises:
        InputError: nothing is there.
        NotProven: the list does not hold, or is older than what was known.
    """
    keeping = _memory(memory, environ) / hashlib.sha256(_origin_of(place).encode()).hexdigest()[:16]
    kept = _read(static.Folder(keeping)) if (keeping / FILE).is_file() else None
    notes: list[str] = []
    try:
        found = _read(_source(place))
    except LogUnavailable:
        if kept is None:
            raise
        found, notes = kept, [OFFLINE]
    first = trusted is None and kept is None
    wanted = trusted or policy.parse((kept or found)[POLICY].decode())
    known = _believed(found, wanted, now, [*notes, *([FIRST] if first and "://" in place else [])])
    if kept is not None:
        _never_back(known, statuslist.parse(kept[FILE]))
    if found is not kept:
        for name in (POLICY, PROOF, FILE):
            atomic.write_bytes(keeping / name, (kept or found)[name] if name == POLICY else found[name])
    return known


def _memory(given: Path | None, environ: Mapping[str, str]) -> Path:
    from misyn.signing.folder import config_folder  # noqa: PLC0415 - formats must not pay for cryptography

    return given or config_folder(environ) / "registries"


def _origin_of(place: str) -> str:
    """Name what is kept: the URL, or the folder where it lies."""
    return place.rstrip("/") if "://" in place else str(Path(place).resolve())


def _source(place: str) -> static.Source:
    if "://" in place:
        return static.Web(f"{place.rstrip('/')}/status")
    path = Path(place)
    for folder in (path.parent if path.is_file() else path, path / "status", path.parent / "status"):
        if (folder / FILE).is_file():
            return static.Folder(folder)
    raise InputError(f"expected a registry, or a folder with its {FILE} and {PROOF}, at {place}; found none")


def _read(source: static.Source) -> dict[str, bytes]:
    found = {name: source.read(name) for name in (FILE, PROOF, POLICY)}
    if found[FILE] is None or found[PROOF] is None:
        raise LogUnavailable(f"expected {FILE} and {PROOF}, found not both. Next: download both, from the same moment")
    return {name: data or b"quorum none\n" for name, data in found.items()}


def _believed(found: Mapping[str, bytes], wanted: Policy, now: datetime, notes: list[str]) -> Known:
    listed = statuslist.parse(found[FILE])
    lone = wanted.quorum == policy.NONE
    shown = client.check(found[PROOF], wanted, now=now, content=digest(found[FILE]), unsafe_without_cosignatures=lone)
    if shown.entry.kind != statuslist.KIND or shown.origin != listed.origin:
        raise NotProven("the proof is of another kind of entry, or of another log than the list names")
    if listed.made > now + client.SKEW:
        raise NotProven("the list says that it was made in the future. Next: check this machine's clock")
    size = shown.trusted.checkpoint.size
    return Known(listed, listed.made, shown.index, size, (*notes, *shown.unsafe), shown.trusted.by)


def _never_back(known: Known, before: StatusList) -> None:
    """Refuse a list that is older than the one that was known, or that forgets a withdrawal (rule 2)."""
    if known.listed.origin != before.origin or known.listed.size < before.size:
        raise NotProven("the registry gave an older list than the one known before: it may hide a withdrawal. "
                        "Next: ask again, elsewhere; compare the checkpoints")  # fmt: skip
    for record, rows in before.records.items():
        gone = {row.entry for row in rows if row.status == "withdrawn"}
        still = {row.entry for row in known.listed.records.get(record, ()) if row.status == "withdrawn"}
        if gone - still:
            raise NotProven("the registry's list forgets a withdrawal that was known before. Nothing of it is believed")
