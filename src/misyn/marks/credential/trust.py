"""The roots a caller trusts, and what a caller knows of when a credential existed.

Rules
-----
1. Trust is in certificates the caller names, by file or as they are; a file without one is refused, not ignored.
2. No roots, no trust: every credential that holds is then ``untrusted``.
3. A credential whose certificate has expired needs proof that it existed while the certificate was valid. Such a proof
   (an RFC 3161 time stamp, an inclusion in a transparency log) is checked by whoever supplies it: this package asks one
   question, "from when on did this manifest exist?", by digest, and believes the answer.

Example:
    >>> anchors_from(None).pem
    ''
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from misyn.errors import SigningError
from misyn.signing.certificates import to_pem

Trust = Path | str | Sequence[x509.Certificate] | None
Proof = Callable[[str], datetime | None]
"""From a manifest store's digest to the time, with its zone, from which on it is proven to exist; None: unknown."""


@dataclass(frozen=True)
class Anchors:
    """Trusted certificates, as objects and as PEM text."""

    certificates: tuple[x509.Certificate, ...] = ()
    pem: str = ""


def anchors_from(trust: Trust) -> Anchors:
    """Read what a caller trusts.

    Raises:
        SigningError: the file cannot be read, or holds no certificate.
    """
    if trust is None:
        return Anchors()
    found = _load(Path(trust)) if isinstance(trust, Path | str) else tuple(trust)
    if not found:
        raise SigningError("expected at least one certificate to trust, found none. Next: --trust root.pem")
    return Anchors(found, to_pem(found).decode("ascii"))


def _load(path: Path) -> tuple[x509.Certificate, ...]:
    """Certificates of any kind of key: other issuers' roots are not Ed25519."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except OSError as error:
        raise SigningError(f"expected trusted certificates at {path}: {error.strerror}") from error
    except ValueError as error:
        raise SigningError(f"expected certificates in PEM in {path}, found something else") from error
