"""The evidence bundle: one file with everything an audit's statuses were derived from.

Rules
-----
1. A bundle is a ZIP archive of JSON members, stored and not compressed, in one order, with one time: the same audit
   gives the same bytes. Each member is its canonical bytes, so its SHA-256 is the digest that names it.
2. It holds what may leave the machine (:mod:`misyn.practice.disclosure`), and statuses derived from exactly that. Where
   the full evidence gave another status, ``local`` in its ``audit.json`` lists it.
3. Reading is bounded: size, number of members, names from a list, nothing compressed, nothing written to disk.
4. What it says is believed by nobody here: :mod:`misyn.practice.checking` derives it again.

Source: issue list of the project's design, item *Findings and report*; ZIP by APPNOTE 6.3.10, section 4.3.

Example:
    >>> import tempfile
    >>> from misyn.practice.record import parse
    >>> record = parse("{misyn: 1, technique: {name: demo}, responsible: A. Person}")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = write(Path(folder) / "bundle.zip", record=record, evidence={}, caveats=(), version="1", seed=0)
    ...     members, problems = members_of(bytes_of(Path(folder) / "bundle.zip"))
    >>> list(members), problems
    (['bundle.json', 'record.json', 'audit.json'], [])
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from misyn.atomic import write_bytes
from misyn.canonical import canonical_bytes, digest
from misyn.errors import EvidenceError
from misyn.practice import derivation, disclosure
from misyn.practice.record import Record
from misyn.results import Caveat, Evidence

NAME = "bundle.zip"
SCHEMA = "misyn/bundle/1"
MANIFEST, RECORD, AUDIT = "bundle.json", "record.json", "audit.json"
MEMBERS = (MANIFEST, RECORD, AUDIT, *(f"{kind}.json" for kind in disclosure.KINDS))
MOST_BYTES = 64 << 20
_TIME = (1980, 1, 1, 0, 0, 0)
_BROKEN = (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, RuntimeError, OSError)
_DAMAGED = "its bytes are not what the archive says of them; it was not read"
_TOO_LARGE = "the members are larger than the archive; it was not read"
_GROUPS = Caveat(
    "groups-withheld",
    "Groups under ten, and what would give them away, were withheld from this bundle; what rests on them is judged as "
    "if it had not been measured",
)


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be: where in the bundle, and what."""

    where: str
    what: str


def write(
    path: Path,
    *,
    record: Record,
    evidence: Mapping[str, Evidence],
    caveats: Sequence[Caveat],
    version: str,
    seed: int,
) -> str:
    """Write a bundle of what may leave the machine, whole or not at all; return its digest.

    Args:
        path: the bundle's file.
        record: the record that was audited.
        evidence: all evidence, by kind.
        caveats: what was noticed while the evidence was gathered.
        version: of misyn.
        seed: of the audit.
    """
    shown = disclosure.disclose(record, evidence)
    told = [Caveat(c.id, disclosure.scrubbed(c.text, record)) for c in caveats]
    told += [_GROUPS] if any(e.content.get("suppressed") for e in shown.evidence.values()) else []
    derived = derivation.derive(shown.record, shown.evidence, caveats=told)
    audit = derived | made(version, seed) | {"local": _local(derived, record, evidence)}
    contents = {RECORD: dict(shown.record.content), AUDIT: audit}
    contents |= {f"{kind}.json": dict(e.content) for kind, e in shown.evidence.items()}
    data = packed({name: canonical_bytes(content) for name, content in contents.items()})
    write_bytes(path, data)
    return digest(data)


def made(version: str, seed: int) -> dict[str, Any]:
    """What an audit says of how it was made; the name of the record's file is withheld."""
    return {"misyn": version, "seed": seed, "command": f"misyn audit misyn.yaml --seed {seed}"}


def _local(derived: Mapping[str, Any], record: Record, evidence: Mapping[str, Evidence]) -> list[dict[str, str]]:
    """The statuses that the full evidence gave, where what is disclosed gives another (rule 2)."""
    whole = derivation.derive(record, evidence)
    rows = []
    for part, about in (("findings", ""), ("claims", "claim:")):
        for here, there in zip(derived[part], whole[part], strict=True):
            if here["status"] != there["status"]:
                rows.append({"about": f"{about}{there['id']}", "status": there["status"]})
    return rows


def packed(members: Mapping[str, bytes]) -> bytes:
    """Put members, without their manifest, into the one archive that holds them (rule 1)."""
    manifest = {"schema": SCHEMA, "members": {name: digest(data) for name, data in members.items()}}
    every = {MANIFEST: canonical_bytes(manifest), **members}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(every, key=MEMBERS.index):
            info = zipfile.ZipInfo(name, _TIME)
            info.create_system, info.external_attr = 3, 0o100644 << 16  # the same on every system
            archive.writestr(info, every[name])
    return buffer.getvalue()


def bytes_of(path: Path) -> bytes:
    """The bytes of a bundle's file.

    Raises:
        EvidenceError: there is no such file, or it is larger than a bundle may be.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise EvidenceError(f"expected a bundle that can be read, found {error.strerror} at {path}") from error
    if len(data) > MOST_BYTES:
        raise EvidenceError(f"expected a bundle of at most {MOST_BYTES >> 20} MiB, found more. Nothing was read")
    return data


def members_of(data: bytes) -> tuple[dict[str, bytes], list[Difference]]:
    """The members misyn knows, and what is wrong with the archive (rule 3).

    Raises:
        EvidenceError: it is no archive.
    """
    found: list[Difference] = []
    members: dict[str, bytes] = {}
    room = len(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist()[: 2 * len(MEMBERS)]:
                room -= info.file_size
                problem = _problem(info, members) if room >= 0 else _TOO_LARGE
                raw = None if problem else _raw(archive, info)
                if raw is None:
                    found.append(Difference(quoted(info.filename), problem or _DAMAGED))
                else:
                    members[info.filename] = raw
    except _BROKEN as error:
        raise EvidenceError("expected a bundle written by misyn audit, found no whole ZIP archive") from error
    found += [
        Difference(name, "it is missing")
        for name in (MANIFEST, RECORD, AUDIT)
        if name not in members and not any(name in f.where for f in found)
    ]
    return members, found


def _raw(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | None:
    """A member's bytes, or None where they are not what the archive says of them."""
    try:
        return archive.read(info)
    except _BROKEN:
        return None


def _problem(info: zipfile.ZipInfo, members: Mapping[str, bytes]) -> str | None:
    if info.filename not in MEMBERS:
        return "no member of a bundle has this name; it was not read"
    if info.filename in members:
        return "it is there twice; the second was not read"
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size or info.flag_bits & 1:
        return "it is compressed or encrypted, and members of a bundle are neither; it was not read"
    return None


def quoted(name: str) -> str:
    """A name from outside, as something that can be printed."""
    return ascii(name[:80])
