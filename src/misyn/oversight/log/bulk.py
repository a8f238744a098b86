"""Many entries of one kind at once, written straight as the bytes that are kept.

Rules
-----
1. The bytes are those that :func:`misyn.oversight.log.entries.commit` leads to; a property test holds it to that.
2. Each entry has a salt of its own, 32 bytes of the system's randomness.
3. Nothing here is signed and nothing is about an earlier entry: those are made one by one.

Example:
    >>> from misyn.canonical import digest
    >>> from misyn.oversight.log import entries
    >>> from misyn.oversight.log.tree import leaf_hash
    >>> found = leaves("plan", [digest(b"our plan")], salts=bytes(32))
    >>> entry, opening = entries.commit("plan", digest(b"our plan"), salt=bytes(32))
    >>> found == ([entry.to_bytes()], [leaf_hash(entry.to_bytes())], [opening.to_bytes(entry)])
    True
"""

from __future__ import annotations

import contextlib
import os
from binascii import b2a_base64, hexlify
from collections.abc import Sequence
from hashlib import sha256

from misyn.errors import UsageError
from misyn.oversight.log.database import Columns
from misyn.oversight.log.entries import DOMAIN, KINDS, OPENING, SALT, SCHEMA
from misyn.oversight.log.tree import LEAF

NAMED = "sha256:"
_ENTRY = b'{"commitment":"sha256:%b","kind":"%b","schema":"%b"}'
_OPENING = b'{"digest":"sha256:%b","entry":"%b","salt":"%b","schema":"%b"}'


def leaves(kind: str, contents: Sequence[str], *, salts: bytes | None = None) -> Columns:
    """Commit to many contents by their digests.

    Args:
        kind: one of :data:`misyn.oversight.log.entries.KINDS`, and no removal, which is about an entry.
        contents: ``sha256:…`` of each content.
        salts: 32 bytes for each, one after another; fresh random ones when None.

    Raises:
        UsageError: an unknown kind, or what should be a digest is none.
    """
    if kind not in KINDS or kind == "removal":
        raise UsageError(f"expected a kind of entry ({', '.join(KINDS)}) other than a removal, found {kind!r}")
    plain, raw = _digests(contents)
    salts = os.urandom(len(raw)) if salts is None else salts
    places = range(0, len(raw), SALT)
    committed = [hexlify(sha256(DOMAIN + salts[at : at + SALT] + raw[at : at + SALT]).digest()) for at in places]
    template = _ENTRY % (b"%b", kind.encode(), SCHEMA.encode())
    opened = _OPENING % (b"%b", template.replace(b'"', b'\\"'), b"%b", OPENING.encode())
    written = [template % commitment for commitment in committed]
    openings = [
        opened % (plain[2 * at : 2 * at + 2 * SALT], commitment, b2a_base64(salts[at : at + SALT], newline=False))
        for at, commitment in zip(places, committed, strict=True)
    ]
    return Columns(written, [sha256(LEAF + entry).digest() for entry in written], openings)


def _digests(contents: Sequence[str]) -> tuple[bytes, bytes]:
    """The hex digits and the bytes of all digests; the same check as one by one, in less time."""
    start = len(NAMED)
    if {len(one) for one in contents} <= {start + 2 * SALT} and {one[:start] for one in contents} <= {NAMED}:
        plain = "".join([one[start:] for one in contents])
        with contextlib.suppress(ValueError):  # of what is no hexadecimal digit
            raw = bytes.fromhex(plain)
            if raw.hex() == plain:
                return plain.encode(), raw
    raise UsageError("expected each content's digest as sha256:<64 hex digits>, found something else")
