"""One way to write a record as bytes, and to name bytes by what they are.

Rules
-----
1. Records become bytes by RFC 8785 (JSON Canonicalization Scheme): same record, same bytes, on every machine.
2. A digest is written ``sha256:<64 hex digits>`` everywhere it is read by people or programs.
3. NaN and infinity are not JSON: they are refused here, so that no record can carry them by accident.

Example:
    >>> canonical_bytes({"b": 1.0, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    >>> digest(b"")
    'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from misyn.errors import EvidenceError

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def canonical_bytes(record: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """Write a JSON-like record as its one canonical byte string (RFC 8785).

    Args:
        record: mappings with text keys, sequences, text, finite numbers, booleans and None.

    Raises:
        EvidenceError: the record holds something JSON cannot say, such as NaN or an integer beyond 2**53.
    """
    import rfc8785  # noqa: PLC0415 - `misyn --help` must not pay for it

    try:
        return rfc8785.dumps(record)
    except rfc8785.CanonicalizationError as error:
        raise EvidenceError(
            f"expected a record that JSON can say, found a value it cannot ({error}). "
            "Next: replace NaN, infinity, bytes or very large integers by text or null"
        ) from error


def digest(data: bytes | bytearray | memoryview) -> str:
    """Name bytes by their SHA-256, as ``sha256:<hex>``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def record_digest(record: Mapping[str, Any] | Sequence[Any]) -> str:
    """Name a record by the SHA-256 of its canonical bytes.

    Example:
        >>> record_digest({"a": 1}) == digest(b'{"a":1}')
        True
    """
    return digest(canonical_bytes(record))


def is_digest(text: object) -> TypeGuard[str]:
    """Say whether this is a digest as rule 2 writes it."""
    return isinstance(text, str) and DIGEST.fullmatch(text) is not None
