r"""The strict small encodings that every C2SP text shares: decimal numbers, base64, lines.

Rules
-----
1. One value has one spelling: no leading zeros, no spaces, no line breaks inside base64, no spare bits at its end.
   What another program might read differently is refused.
2. A message says what was expected; it does not repeat the bytes, which a stranger chose.

Source: the conventions sections of C2SP tlog-checkpoint and tlog-witness; RFC 4648 section 4.

Example:
    >>> decimal("20852163"), unbase64("AAE=")
    (20852163, b'\x00\x01')
"""

from __future__ import annotations

import base64
import binascii
import re

from misyn.errors import MalformedLogData

DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
LARGEST = 2**63 - 1  # sizes and times fit a signed 64-bit integer everywhere


def decimal(text: str) -> int:
    """Read a number as the C2SP texts spell it.

    Raises:
        MalformedLogData: not ASCII digits, a leading zero, or beyond 2⁶³ - 1.
    """
    if not DECIMAL.fullmatch(text) or int(text) > LARGEST:
        raise MalformedLogData("expected a decimal number without leading zeros, below 2^63; found something else")
    return int(text)


def base64_text(data: bytes) -> str:
    """Spell bytes in standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def unbase64(text: str, *, length: int | None = None) -> bytes:
    """Read standard base64, of exactly ``length`` bytes when given.

    Raises:
        MalformedLogData: another spelling, or another length.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise MalformedLogData("expected standard base64, found something else") from error
    if base64_text(data) != text:
        raise MalformedLogData("expected base64 in its one spelling, found spare bits at its end")
    if length is not None and len(data) != length:
        raise MalformedLogData(f"expected {length} bytes in base64, found {len(data)}")
    return data


def text_of(data: bytes, *, limit: int) -> str:
    """Decode UTF-8 without control characters other than newline (signed-note, Format).

    Raises:
        MalformedLogData: too long, not UTF-8, or with control characters.
    """
    if len(data) > limit:
        raise MalformedLogData(f"expected at most {limit} bytes of text, found {len(data)}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedLogData("expected text in UTF-8, found other bytes") from error
    if any(character < " " and character != "\n" for character in text):
        raise MalformedLogData("expected text without control characters, found one")
    return text
