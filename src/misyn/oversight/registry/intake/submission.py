"""The document that a publisher signs and sends with a bundle: which bundle, which records its images name, where to.

Rules
-----
1. The signature covers the whole document: another bundle, entry or registry needs another signature.
2. The root certificate of an account is remembered at its first publication; later ones must lead to the same.
3. The present time is an argument.

Example:
    >>> document(bundle="sha256:0", covers=[], origin="example.org/registry")["schema"]
    'misyn/publication/1'
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misyn.canonical import is_digest, record_digest
from misyn.errors import MisynError
from misyn.oversight.log import statements
from misyn.oversight.registry.intake.content import Refused

if TYPE_CHECKING:
    from misyn.signing import SigningKey

SCHEMA = "misyn/publication/1"
KIND = "record"
MOST_COVERS = 100


@dataclass(frozen=True)
class Signed:
    """A document whose signature holds: what it says, by whom, and under which root."""

    document: Mapping[str, Any]
    envelope: Mapping[str, Any]
    signer: str
    certificate: str


def document(
    *,
    bundle: str,
    covers: Sequence[str],
    origin: str,
    entry: int | None = None,
    language: str = "en",
) -> dict[str, Any]:
    """Say what is to be published.

    Args:
        bundle: digest of the bundle.
        covers: digests of the records that the images' declarations name.
        origin: the registry's name.
        entry: the entry of which this is a new version, or None for a new entry.
        language: of the record's own words.
    """
    return {
        "schema": SCHEMA,
        "bundle": bundle,
        "covers": sorted(set(covers)),
        "registry": origin,
        "entry": entry,
        "language": language,
    }


def sealed(what: Mapping[str, Any], data: bytes, *, key: SigningKey, now: datetime) -> dict[str, Any]:
    """Sign a document, and put it beside its bundle, as it is sent."""
    envelope = statements.seal(KIND, record_digest(what), key=key, now=now)
    return {"document": dict(what), "statement": envelope, "bundle": base64.b64encode(data).decode()}


def opened(what: Mapping[str, Any], envelope: Mapping[str, Any], *, origin: str, root: str, now: datetime) -> Signed:
    """Accept a signed document.

    Args:
        what: the document.
        envelope: the signed statement about it.
        origin: this registry's name.
        root: fingerprint of the root that the account has published under; empty at its first publication.
        now: the present time.

    Raises:
        Refused: it is not for this registry, not of this form, or the signature does not hold.
    """
    from misyn.signing import parse_chain  # noqa: PLC0415 - cryptography where it is needed
    from misyn.signing.certificates import fingerprint  # noqa: PLC0415

    _check(what, origin)
    try:
        chain = parse_chain(envelope["signatures"][0]["chain"].encode("ascii"))
        stated = statements.unseal(envelope, roots=chain[-1:], at=now)
    except (MisynError, LookupError, TypeError, AttributeError, ValueError) as error:
        raise Refused([("statement", "its signature does not hold")]) from error
    if root and fingerprint(chain[-1]) != root:
        raise Refused([("statement", "it is signed under another root than this account has published under")])
    if (stated.digest, stated.kind) != (record_digest(what), KIND):
        raise Refused([("statement", "it is about another document")])
    return Signed(what, json.loads(json.dumps(envelope)), stated.signer.name, fingerprint(chain[-1]))


def _check(what: Mapping[str, Any], origin: str) -> None:
    expected = document(bundle="", covers=[], origin=origin)
    covers = what.get("covers")
    if set(what) != set(expected) or what.get("schema") != SCHEMA or not is_digest(what.get("bundle")):
        raise Refused([("document", "it is of another form, or names no bundle")])
    if what.get("registry") != origin:
        raise Refused([("document.registry", "it is for another registry")])
    if not isinstance(covers, list) or len(covers) > MOST_COVERS or not all(is_digest(one) for one in covers):
        raise Refused([("document.covers", f"expected at most {MOST_COVERS} digests")])
    if not isinstance(what.get("language"), str) or not 2 <= len(what["language"]) <= 12:
        raise Refused([("document.language", "expected a language such as en")])
    if not (what.get("entry") is None or (type(what["entry"]) is int and what["entry"] > 0)):
        raise Refused([("document.entry", "expected the number of an entry, or nothing")])
