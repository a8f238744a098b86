"""Certificates: issued to a key, and verified up to a root that the caller trusts.

Rules
-----
1. A chain is leaf first. Every certificate was valid at the time asked about, and was issued by the next.
2. An issuer is a certification authority that may sign certificates, within its path length; a leaf is none, and may
   sign (digitalSignature, emailProtection).
3. No roots, no trust.

Sources: RFC 5280 sections 4.2.1 and 6.1; C2PA 2.1 section 14.5.

Example: see :mod:`misyn.signing`.

    >>> verify(b"", b"", chain=(), roots=(), at=datetime(2026, 1, 1))  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    misyn.errors.SigningError: no trusted root was named, so nothing can be trusted. Next: --trust root.pem
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from misyn.errors import SigningError

SKEW = timedelta(hours=1)  # clocks of others may run behind ours
LONGEST_CHAIN = 5
OTHER_USES = (
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Signer:
    """Who signed, once it is verified: the name on the certificate, and digests that identify it and its root."""

    name: str
    certificate: str
    root: str
    not_after: datetime


def verify(
    data: bytes,
    signature: bytes,
    *,
    chain: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
) -> Signer:
    """Accept that the owner of ``chain[0]`` signed these bytes, certified at ``at`` by one of ``roots``.

    Raises:
        SigningError: no root is trusted, the chain does not end in one, a certificate is expired or not meant for
            this, or the signature is not its key's.
    """
    root = _trusted_root(chain, roots, at)
    leaf = chain[0]
    _check_leaf(leaf)
    try:
        public_key(leaf).verify(signature, data)
    except InvalidSignature as error:
        raise SigningError("the signature is not the one of these bytes and this certificate") from error
    return Signer(common_name(leaf), fingerprint(leaf), fingerprint(root), leaf.not_valid_after_utc)


def _trusted_root(
    chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime
) -> x509.Certificate:
    """Walk from the leaf to a trusted root."""
    if not roots:
        raise SigningError("no trusted root was named, so nothing can be trusted. Next: --trust root.pem")
    if not 0 < len(chain) <= LONGEST_CHAIN:
        raise SigningError(f"expected 1 to {LONGEST_CHAIN} certificates beside the signature, found {len(chain)}")
    for depth, one in enumerate(chain):
        _check_time(one, at)
        issuers = [*roots, *chain[depth + 1 : depth + 2]]
        above = next((issuer for issuer in issuers if issuer != one and _issued(one, issuer, depth)), None)
        if above is None:
            break
        if above in roots:
            _check_time(above, at)
            return above
    raise SigningError("the certificate leads to no trusted root. Next: ask its owner for root.pem, and compare it")


def _check_time(one: x509.Certificate, at: datetime) -> None:
    if not one.not_valid_before_utc <= at <= one.not_valid_after_utc:
        raise SigningError("a certificate was not valid at the time it is asked about. Next: misyn key renew")


def _issued(one: x509.Certificate, issuer: x509.Certificate, below: int) -> bool:
    """Say whether ``issuer`` may issue and did issue ``one``, with ``below`` authorities between it and the leaf."""
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
        one.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature):
        return False
    deep_enough = constraints.path_length is None or constraints.path_length >= below
    return constraints.ca and usage.key_cert_sign and deep_enough


def _check_leaf(leaf: x509.Certificate) -> None:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (x509.ExtensionNotFound, ValueError) as error:
        raise SigningError("the certificate does not say what it may be used for") from error
    if constraints.ca or not usage.digital_signature or ExtendedKeyUsageOID.EMAIL_PROTECTION not in purposes:
        raise SigningError("the certificate is not meant for signing (digitalSignature, emailProtection, not a CA)")


def certify(
    private: Ed25519PrivateKey,
    *,
    owner: str,
    issuer: tuple[Ed25519PrivateKey, x509.Certificate] | None,
    now: datetime,
    days: int,
) -> x509.Certificate:
    """Issue a root (``issuer`` is None) or a leaf; a leaf never outlives its root."""
    signer, above = issuer or (private, None)
    name = _name(owner, owner if above else f"{owner[:50]} misyn root")
    start = now.replace(microsecond=0) - SKEW
    end = start + timedelta(days=days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(above.subject if above else name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(min(end, above.not_valid_after_utc) if above else end)
    )
    for extension, critical in _extensions(private.public_key(), signer.public_key(), leaf=above is not None):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, None)


def _name(owner: str, common: str) -> x509.Name:
    pairs = ((NameOID.ORGANIZATION_NAME, owner), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in pairs])


def _extensions(
    public: Ed25519PublicKey, issuer: Ed25519PublicKey, *, leaf: bool
) -> list[tuple[x509.ExtensionType, bool]]:
    others = dict.fromkeys(OTHER_USES, False)
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=not leaf, path_length=None if leaf else 0), True),
        (x509.KeyUsage(digital_signature=leaf, key_cert_sign=not leaf, crl_sign=not leaf, **others), True),
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False),
    ]
    if leaf:
        found.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False))
    return found


def load_roots(path: Path) -> tuple[x509.Certificate, ...]:
    """Read certificates to trust from a PEM file."""
    try:
        return parse_certificates(path.read_bytes(), str(path))
    except OSError as error:
        raise SigningError(f"expected trusted certificates at {path}: {error.strerror}") from error


def parse_chain(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Read a chain that came with a signature; nothing about it is trusted yet."""
    return parse_certificates(pem, "the chain beside a signature")


def parse_certificates(pem: bytes, where: str) -> tuple[x509.Certificate, ...]:
    """Read certificates of Ed25519 keys from PEM; ``where`` is for the message."""
    try:
        found = tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise SigningError(f"expected certificates in PEM in {where}, found something else") from error
    for one in found:
        public_key(one)
    return found


def to_pem(chain: Sequence[x509.Certificate]) -> bytes:
    """Spell certificates in PEM, in their order."""
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain)


def public_key(certificate: x509.Certificate) -> Ed25519PublicKey:
    """Give the certified key; kinds other than Ed25519 are refused."""
    try:
        public = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SigningError("expected a certificate of an Ed25519 key, found another kind") from error
    if not isinstance(public, Ed25519PublicKey):
        raise SigningError("expected a certificate of an Ed25519 key, found another kind")
    return public


def common_name(certificate: x509.Certificate) -> str:
    """Give the name on a certificate."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else "(no name)"


def fingerprint(certificate: x509.Certificate) -> str:
    """Name a certificate by the SHA-256 of its bytes."""
    return "sha256:" + certificate.fingerprint(hashes.SHA256()).hex()
