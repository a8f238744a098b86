"""Signed statements: somebody who can be named says this of a file, in a form other programs can verify.

Rules
-----
1. The statement is an in-toto Statement (which file, by digest; what is said of it) in a DSSE envelope, signed by a
   :class:`misyn.signing.SigningKey`; the certificate chain travels beside the signature.
2. The signature covers type and payload together (DSSE's pre-authentication encoding), so that bytes signed here can
   never be taken for something else.
3. Opening verifies first, then reads. Nothing of the payload is looked at before.

Sources: DSSE v1 (envelope and protocol), in-toto attestation framework v1 (Statement).

Example:
    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misyn.canonical import canonical_bytes
from misyn.errors import NotProven, SigningError
from misyn.oversight.log.lines import base64_text, unbase64

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from misyn.signing import Signer, SigningKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:misyn:statement:1"


@dataclass(frozen=True)
class Stated:
    """A verified statement: of which content, what, by whom, and when the signer says it was."""

    digest: str
    kind: str
    time: str
    signer: Signer


def pae(payload_type: str, payload: bytes) -> bytes:
    """Encode type and payload into the bytes that are signed (DSSE v1)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(kind: str, content: str, *, key: SigningKey, now: datetime) -> dict[str, Any]:
    """Sign that this content, by its digest, is what it is said to be: a plan, a record, a declaration.

    Args:
        kind: what it is, one of :data:`misyn.oversight.log.entries.KINDS`.
        content: ``sha256:…`` of the content.
        key: whose word it is.
        now: the time the signer states; only a log can show that it is true.
    """
    payload = canonical_bytes(
        {
            "_type": STATEMENT,
            "subject": [{"digest": {"sha256": content.removeprefix("sha256:")}}],
            "predicateType": PREDICATE,
            "predicate": {"kind": kind, "time": now.isoformat(timespec="seconds")},
        }
    )
    signature = {"sig": base64_text(key.sign(pae(PAYLOAD_TYPE, payload))), "chain": key.chain_pem.decode("ascii")}
    return {"payloadType": PAYLOAD_TYPE, "payload": base64_text(payload), "signatures": [signature]}


def unseal(envelope: Mapping[str, Any], *, roots: Sequence[Certificate], at: datetime) -> Stated:
    """Accept a statement whose signer one of ``roots`` certifies at the time ``at``.

    Raises:
        NotProven: not such an envelope, or the signature or its certificates do not hold.
    """
    from misyn.signing import parse_chain, verify  # noqa: PLC0415 - formats must not pay for cryptography

    try:
        signature = envelope["signatures"][0]
        payload = unbase64(envelope["payload"])
        signed = pae(envelope["payloadType"], payload)
        chain = parse_chain(signature["chain"].encode("ascii"))
        signer = verify(signed, unbase64(signature["sig"], length=64), chain=chain, roots=roots, at=at)
    except SigningError as error:
        raise NotProven(f"the signed statement does not hold: {error}") from error
    except (KeyError, IndexError, TypeError, AttributeError, UnicodeEncodeError) as error:
        raise NotProven("expected a signed statement (a DSSE envelope with its chain), found another form") from error
    return _read(payload, signer, str(envelope["payloadType"]))


def _read(payload: bytes, signer: Signer, payload_type: str) -> Stated:
    try:
        found = json.loads(payload)
        if payload_type != PAYLOAD_TYPE or found["_type"] != STATEMENT or found["predicateType"] != PREDICATE:
            raise NotProven("the signed statement is of another type, which says nothing of a file here")
        predicate = found["predicate"]
        (subject,) = found["subject"]
        return Stated("sha256:" + subject["digest"]["sha256"], predicate["kind"], predicate["time"], signer)
    except (ValueError, KeyError, TypeError) as error:
        raise NotProven("the signed statement names no file and kind") from error
