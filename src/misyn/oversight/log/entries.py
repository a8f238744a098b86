"""What the log publishes: that something of a kind exists, as a salted commitment that can be opened, or forgotten.

Rules
-----
1. An entry says its kind and a commitment; where it is about an earlier entry (an answer, a withdrawal, a removal), its
   index. Never text, names, paths, digests in the clear, or anything else that could be personal.
2. The commitment is SHA-256 over a domain, 32 random bytes (the salt), the content's digest and, where there is one,
   the digest of the signed statement. Without the salt nobody can find out, by trying, what was committed to. Who has
   the salt and the content can prove it.
3. When the salt is destroyed, the entry remains and opens no more: every proof still holds.
4. An entry has one spelling (RFC 8785). Keys that a later version adds are kept.

Example:
    >>> opening = Opening(digest=digest(b"a plan"), salt=bytes(32))
    >>> entry = Entry("plan", opening.commitment)
    >>> Entry.from_bytes(entry.to_bytes()) == entry
    True
    >>> opening.check(entry)
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from misyn.canonical import canonical_bytes, digest, is_digest, record_digest
from misyn.errors import EvidenceError, MalformedLogData, NotProven, UsageError
from misyn.oversight.log.lines import LARGEST, base64_text, unbase64

KINDS = ("declaration", "record", "plan", "evidence", "concern", "answer", "review", "withdrawal", "removal", "status")
SCHEMA = "misyn/log-entry/1"
OPENING = "misyn/log-opening/1"
DOMAIN = b"misyn/log-commitment/1\n"
SALT = 32
KIND = re.compile(r"[a-z][a-z-]{0,31}")
OWN = {"about", "commitment", "kind", "schema"}


@dataclass(frozen=True)
class Entry:
    """One public entry. ``about`` is the index of an earlier entry, ``more`` what a later version says besides."""

    kind: str
    commitment: str
    about: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Write the entry in its one spelling."""
        if self.more:
            return canonical_bytes({**self.more, **self._own()})
        about = "" if self.about is None else f'"about":{self.about},'
        return f'{{{about}"commitment":"{self.commitment}","kind":"{self.kind}","schema":"{SCHEMA}"}}'.encode()

    def _own(self) -> dict[str, Any]:
        own: dict[str, Any] = {"commitment": self.commitment, "kind": self.kind, "schema": SCHEMA}
        return own if self.about is None else {**own, "about": self.about}

    @classmethod
    def from_bytes(cls, data: bytes) -> Entry:
        """Read an entry.

        Raises:
            MalformedLogData: not an entry of this schema, or not in its one spelling.
        """
        try:
            found = json.loads(data.decode())
        except (ValueError, RecursionError) as error:
            raise MalformedLogData("expected an entry in JSON, found something else") from error
        if not isinstance(found, dict) or found.get("schema") != SCHEMA:
            raise MalformedLogData(f"expected an entry of schema {SCHEMA}, found another")
        kind, commitment, about = found.get("kind"), found.get("commitment"), found.get("about")
        if not (isinstance(kind, str) and KIND.fullmatch(kind) and is_digest(commitment) and _is_index(about)):
            raise MalformedLogData("expected an entry with kind, commitment and, perhaps, about; found other values")
        entry = cls(kind, commitment, about, {key: value for key, value in found.items() if key not in OWN})
        if _spelled(entry) != data:
            raise MalformedLogData("expected an entry in its one spelling (RFC 8785), found another")
        return entry


def _is_index(about: object) -> bool:
    return about is None or (type(about) is int and 0 <= about <= LARGEST)


def _spelled(entry: Entry) -> bytes:
    try:
        return entry.to_bytes()
    except (EvidenceError, RecursionError) as error:
        raise MalformedLogData("expected an entry that RFC 8785 can spell") from error


@dataclass(frozen=True)
class Opening:
    """What opens a commitment: the content's digest, the salt, and, where it was signed, the signed statement."""

    digest: str
    salt: bytes = field(repr=False)
    statement: Mapping[str, Any] | None = None

    @property
    def commitment(self) -> str:
        """What is committed to: the content's digest, and the digest of the signed statement about it."""
        committed = DOMAIN + self.salt + bytes.fromhex(self.digest[7:])
        if self.statement is not None:
            committed += bytes.fromhex(record_digest(self.statement)[7:])
        return "sha256:" + sha256(committed).hexdigest()

    def check(self, entry: Entry) -> None:
        """Accept that this opens the entry's commitment.

        Raises:
            NotProven: it does not.
        """
        if not hmac.compare_digest(self.commitment, entry.commitment):
            raise NotProven("the opening does not lead to the entry's commitment: another file, salt or statement")

    def to_bytes(self, entry: Entry) -> bytes:
        """Write the opening with its entry, as a proof file carries it."""
        if self.statement is None and not entry.more:
            quoted = entry.to_bytes().decode().replace('"', '\\"')
            return (
                f'{{"digest":"{self.digest}","entry":"{quoted}","salt":"{base64_text(self.salt)}","schema":"{OPENING}"}}'
            ).encode()
        found: dict[str, Any] = {"schema": OPENING, "entry": entry.to_bytes().decode(), "digest": self.digest}
        found["salt"] = base64_text(self.salt)
        return canonical_bytes(found if self.statement is None else {**found, "statement": self.statement})


def closed(entry: bytes) -> bytes:
    """Write an entry without what opens it, as a proof file carries it."""
    return canonical_bytes({"schema": OPENING, "entry": entry.decode()})


def parse_opening(data: bytes) -> tuple[Entry, Opening | None]:
    """Read an entry and what opens it (None where it was left out); whether it does is for :meth:`Opening.check`.

    Raises:
        MalformedLogData: another form.
    """
    try:
        found = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise MalformedLogData("expected an opening in JSON, found something else") from error
    if not isinstance(found, dict) or found.get("schema") != OPENING or not isinstance(found.get("entry"), str):
        raise MalformedLogData(f"expected an opening of schema {OPENING} with its entry, found another")
    entry = Entry.from_bytes(found["entry"].encode("utf-8", "surrogatepass"))
    if "salt" not in found and "digest" not in found:
        return entry, None
    content, salt, statement = found.get("digest"), found.get("salt"), found.get("statement")
    if not (is_digest(content) and isinstance(salt, str)) or not (statement is None or isinstance(statement, dict)):
        raise MalformedLogData("expected an opening with digest, salt and, perhaps, a statement; found other values")
    return entry, Opening(content, unbase64(salt, length=SALT), statement)


def commit(
    kind: str,
    content: str,
    *,
    about: int | None = None,
    statement: Mapping[str, Any] | None = None,
    salt: bytes | None = None,
) -> tuple[Entry, Opening]:
    """Commit to content by its digest.

    Args:
        kind: one of :data:`KINDS`.
        content: ``sha256:…`` of the content, as :func:`misyn.canonical.digest` gives it.
        about: index of the earlier entry that this one is about.
        statement: a signed statement about the content; it is committed to as well.
        salt: 32 bytes; fresh random ones when None.

    Raises:
        UsageError: an unknown kind, or what should be a digest is none.
    """
    if kind not in KINDS:
        raise UsageError(f"expected a kind of entry ({', '.join(KINDS)}), found {kind!r}")
    if not is_digest(content):
        raise UsageError("expected the content's digest as sha256:<64 hex digits>, found something else")
    if kind == "removal" and about is None:
        raise UsageError("a removal says which entry it is about. Next: give its index")
    opening = Opening(content, secrets.token_bytes(SALT) if salt is None else salt, statement)
    return Entry(kind, opening.commitment, about), opening


__all__ = ["KINDS", "Entry", "Opening", "commit", "digest", "parse_opening"]
