"""Keys that sign: made, kept, found, certified by a root, and verified against roots one trusts.

Rules
-----
1. A signing key is Ed25519. Its certificate chain is root → leaf; the leaf may sign (digitalSignature, EKU
   emailProtection: what C2PA credentials ask for) and may not certify; the root may certify and nothing else.
2. Private keys are files only their owner can read, from their first byte on; one that others can read is refused.
3. Nothing is overwritten: a second key goes to another folder, a new leaf comes from :func:`renew`.
4. Trust is in roots the caller names. No roots, no trust: an empty list refuses.
5. A key is found by what was given, then ``MISYN_KEY``, then the user's configuration folder. A place that was named
   and holds no key is an error, never a reason to look elsewhere.
6. The present time is an argument.

A key folder holds ``signing.pem`` (private key, then leaf, then root), ``root.pem`` (to hand to those who should
trust it), ``root.key`` (signs the next leaf; better kept offline) and ``watermark.key`` (32 bytes that the private
marks in pixels are drawn from; those who hold it find them).

Sources: RFC 5280 sections 4.2 and 6.1; RFC 8032; RFC 8410; C2PA 2.1 section 14.5 (certificate profile).

Example:
    >>> import tempfile
    >>> from datetime import UTC, datetime
    >>> from pathlib import Path
    >>> now = datetime(2026, 11, 22, tzinfo=UTC)
    >>> with tempfile.TemporaryDirectory() as place:
    ...     key = create(Path(place) / "key", owner="Example Hospital", now=now)
    ...     signer = verify(b"plan", key.sign(b"plan"), chain=key.chain, roots=key.chain[-1:], at=now)
    >>> signer.name
    'Example Hospital'
"""

from __future__ import annotations

from misyn.signing.certificates import Signer, load_roots, parse_chain, verify
from misyn.signing.folder import SigningKey, config_folder, create, find, load, renew, watermark_secret
from misyn.signing.keys import (
    Kind,
    Private,
    best_kind,
    ml_dsa_available,
    ml_dsa_public,
    new_private,
    read_private,
    write_private,
)

__all__ = [
    "Kind",
    "Private",
    "Signer",
    "SigningKey",
    "best_kind",
    "config_folder",
    "create",
    "find",
    "load",
    "load_roots",
    "ml_dsa_available",
    "ml_dsa_public",
    "new_private",
    "parse_chain",
    "read_private",
    "renew",
    "verify",
    "watermark_secret",
    "write_private",
]
