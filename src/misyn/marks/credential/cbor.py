r"""As much CBOR as a COSE signature needs.

Rules
-----
1. Definite lengths only; integers, byte and text strings, arrays, maps with each key once, tags (dropped), null and
   booleans. Anything else is refused: a COSE header of ours has none of it.
2. Bounded: depth, and every length, before it is followed. Nothing may follow the item.

Follows RFC 8949 sections 3 and 4.2.

Example:
    >>> decode(b"\x82\x01\xa1\x18\x21\x41x")
    [1, {33: b'x'}]
    >>> decode(encode_array([b"text", b"bytes"], texts=1))
    ['text', b'bytes']
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from misyn.errors import MalformedImage

_MOST_DEPTH = 16
_SIMPLE = {20: False, 21: True, 22: None}


def decode(data: bytes) -> Any:  # noqa: ANN401 - whatever the bytes say
    """Decode one item that fills the bytes.

    Raises:
        MalformedImage: these bytes are not such an item.
    """
    value, at = _item(data, 0, 0)
    if at != len(data):
        raise _not_cbor()
    return value


def _item(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    major, number, at = _head(data, at)
    if depth > _MOST_DEPTH:
        raise _not_cbor()
    if major in (2, 3):
        return _string(data, at, number, text=major == 3)
    if major == 4:
        return _array(data, at, number, depth)
    if major == 5:
        return _map(data, at, number, depth)
    if major == 6:
        return _item(data, at, depth + 1)
    if major == 7:
        if number not in _SIMPLE:
            raise _not_cbor()
        return _SIMPLE[number], at
    return (number if major == 0 else -1 - number), at


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument, and where the content starts."""
    if at >= len(data):
        raise _not_cbor()
    major, short = data[at] >> 5, data[at] & 31
    at += 1
    if short < 24:
        return major, short, at
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(short)
    if size is None or at + size > len(data) or major == 7:
        raise _not_cbor()
    return major, int.from_bytes(data[at : at + size], "big"), at + size


def _string(data: bytes, at: int, size: int, *, text: bool) -> tuple[bytes | str, int]:
    raw = data[at : at + size]
    if len(raw) != size:
        raise _not_cbor()
    try:
        return (raw.decode() if text else raw), at + size
    except UnicodeDecodeError as error:
        raise _not_cbor() from error


def _array(data: bytes, at: int, size: int, depth: int) -> tuple[list[Any], int]:
    if size > len(data) - at:
        raise _not_cbor()
    values = []
    for _ in range(size):
        value, at = _item(data, at, depth + 1)
        values.append(value)
    return values, at


def _map(data: bytes, at: int, size: int, depth: int) -> tuple[dict[int | str, Any], int]:
    if size > len(data) - at:
        raise _not_cbor()
    found: dict[int | str, Any] = {}
    for _ in range(size):
        key, at = _item(data, at, depth + 1)
        if not isinstance(key, int | str) or key in found:
            raise _not_cbor()
        found[key], at = _item(data, at, depth + 1)
    return found, at


def encode_array(items: Sequence[bytes], *, texts: int) -> bytes:
    """Encode strings as an array: the first ``texts`` as text, the others as bytes."""
    parts = [_encode_head(3 if n < texts else 2, len(item)) + item for n, item in enumerate(items)]
    return _encode_head(4, len(items)) + b"".join(parts)


def _encode_head(major: int, number: int) -> bytes:
    """The shortest form (RFC 8949 section 4.2.1)."""
    if number < 24:
        return bytes([major << 5 | number])
    size = next(size for size in (1, 2, 4, 8) if number < 1 << 8 * size)
    return bytes([major << 5 | 24 + size.bit_length() - 1]) + number.to_bytes(size, "big")


def _not_cbor() -> MalformedImage:
    return MalformedImage("expected CBOR as a COSE signature has it, found something else")
