r"""The signature of a manifest, checked at another time than now, without the C2PA library.

Rules
-----
1. Only needed where a certificate has expired and a proof shows the credential to be older (rule 4 of
   :mod:`misyn.marks.credential.reading`): the library knows no time but now.
2. The claim and the signature of the *active* manifest are taken, each of which must be there exactly once.
3. The library has checked before that the claim binds its assertions and the image; this module checks who signed the
   claim, and whether a trusted root stood behind the certificate at the time.
4. Ed25519 only: what ``misyn key new`` makes. Others stay ``invalid`` once they have expired.

Follows ISO 19566-5 (JUMBF boxes), RFC 9052 section 4.4 (Sig_structure), RFC 9360 (x5chain), C2PA 2.1 "Digital
signatures".

Example:
    >>> signed_at(b"", "urn:c2pa:1", roots=(), at=None)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    misyn.errors.MalformedImage: expected one claim and one signature in the active manifest, found others
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from misyn.errors import MalformedImage
from misyn.marks.credential import cbor
from misyn.signing.certificates import Signer, verify

CLAIMS = ("c2pa.claim", "c2pa.claim.v2")
SIGNATURE = "c2pa.signature"
_X5CHAIN = (33, "x5chain")
_MOST_DEPTH = 8


@dataclass(frozen=True)
class _Box:
    """A JUMBF box: its type, its label where it is a superbox, and what is in it."""

    kind: bytes
    label: str
    content: bytes


def signed_at(manifest: bytes, active: str, *, roots: Sequence[x509.Certificate], at: datetime) -> Signer:
    """Verify the active manifest's signature and its chain, at a time.

    Raises:
        SigningError: the signature or the chain does not hold at that time.
        MalformedImage: the manifest has not one claim and one signature, or they are not as the standards say.
    """
    boxes = [box for store in _boxes(manifest) for box in _inside(store) if box.label == active]
    parts = [part for box in boxes for part in _inside(box)]
    claims = [part for part in parts if part.label in CLAIMS]
    signatures = [part for part in parts if part.label == SIGNATURE]
    if len(claims) != 1 or len(signatures) != 1:
        raise MalformedImage("expected one claim and one signature in the active manifest, found others")
    protected, chain, signature = _sign1(_cbor_in(signatures[0]))
    signed = cbor.encode_array([b"Signature1", protected, b"", _cbor_in(claims[0])], texts=1)
    return verify(signed, signature, chain=chain, roots=roots, at=at)


def _boxes(data: bytes, depth: int = 0) -> Iterator[_Box]:
    """Yield the boxes in these bytes (ISO 19566-5 section 4)."""
    at = 0
    while at + 8 <= len(data) and depth < _MOST_DEPTH:
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + size if size else len(data)
        if not end - at >= 8 or end > len(data):
            raise MalformedImage("expected JUMBF boxes that fit their manifest, found others")
        content = data[at + 8 : end]
        yield _Box(kind, _label(content) if kind == b"jumb" else "", content)
        at = end


def _inside(box: _Box) -> Iterator[_Box]:
    return _boxes(box.content) if box.kind == b"jumb" else iter(())


def _label(content: bytes) -> str:
    """The label in a superbox's description box: after its UUID and one byte of switches."""
    size = int.from_bytes(content[:4], "big")
    described = content[8:size] if content[4:8] == b"jumd" else b""
    return described[17:].partition(b"\0")[0].decode("utf-8", "replace")


def _cbor_in(box: _Box) -> bytes:
    """The one CBOR box in a superbox."""
    found = [inner.content for inner in _inside(box) if inner.kind == b"cbor"]
    if len(found) != 1:
        raise MalformedImage("expected one CBOR box in a claim or signature, found others")
    return found[0]


def _sign1(data: bytes) -> tuple[bytes, tuple[x509.Certificate, ...], bytes]:
    """Protected header, chain and signature of a COSE_Sign1."""
    found = cbor.decode(data)
    if not isinstance(found, list) or len(found) != 4:
        raise MalformedImage("expected a COSE signature, found something else")
    protected, unprotected, _, signature = found
    if not isinstance(protected, bytes) or not isinstance(signature, bytes):
        raise MalformedImage("expected a COSE signature, found something else")
    headers = [cbor.decode(protected), unprotected]
    chains = [header[name] for header in headers if isinstance(header, dict) for name in _X5CHAIN if name in header]
    if len(chains) != 1:
        raise MalformedImage("expected one certificate chain in a COSE signature, found others")
    certificates = chains[0] if isinstance(chains[0], list) else [chains[0]]
    return protected, tuple(_certificate(one) for one in certificates), signature


def _certificate(data: object) -> x509.Certificate:
    try:
        if isinstance(data, bytes):
            return x509.load_der_x509_certificate(data)
    except ValueError:
        pass
    raise MalformedImage("expected certificates in a COSE signature, found something else")
