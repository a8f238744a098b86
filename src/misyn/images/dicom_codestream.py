"""What a compressed frame says of its own size, read before a decoder believes it.

Rules
-----
1. A frame that declares more samples than the data set does is refused: the data set's own size was checked, this one
   would be allocated unchecked.
2. Only sizes are read; everything else is the decoder's business. A stream whose size cannot be found passes, for the
   decoder to refuse.

Follows ITU-T T.81 section B.2.2 (JPEG frame header), T.87 annex C (JPEG-LS) and T.800 annex A.5.1 (JPEG 2000 SIZ).

Example:
    >>> samples(bytes.fromhex("ffd8 ffc0 0011 08 0040 0020 03") + bytes(9))  # 64 rows, 32 columns, 3 components
    6144
"""

from __future__ import annotations

import re
from struct import unpack_from

# Start of frame: baseline to arithmetic lossless, without DHT (C4), JPG (C8) and DAC (CC); and JPEG-LS (F7).
_FRAME_STARTS = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN, _END = 0xDA, 0xD9
# Codestream (SOC, SIZ); never inside coded data. Anywhere, because a JP2 file may wrap it in boxes.
_J2K = re.compile(rb"\xff\x4f\xff\x51")
_J2K_HEADER = 42  # SOC, SIZ marker, and SIZ up to its number of components


def samples(stream: bytes) -> int:
    """Count the samples (rows × columns × components) a JPEG, JPEG-LS or JPEG 2000 stream declares; 0 where unknown.

    Example:
        >>> samples(b"neither")
        0
    """
    if stream[:2] == b"\xff\xd8":
        return _jpeg(stream)
    return max((_jpeg2000(stream, match.start()) for match in _J2K.finditer(stream)), default=0)


def _jpeg(stream: bytes) -> int:
    at = 2
    while at + 10 <= len(stream):
        at = stream.find(b"\xff", at)  # as decoders do: skip what is not a marker
        if at < 0 or at + 10 > len(stream):
            return 0
        marker = stream[at + 1]
        if marker in _FRAME_STARTS:
            rows, columns, components = unpack_from(">HHB", stream, at + 5)
            return int(max(rows, 1) * columns * components)  # 0 rows: told later, by DNL
        if marker in (_START_OF_SCAN, _END):
            return 0
        if marker in (0x00, 0xFF):
            at += 1
        else:
            at += 2 if marker in _WITHOUT_LENGTH else 2 + max(int(unpack_from(">H", stream, at + 2)[0]), 2)
    return 0


def _jpeg2000(stream: bytes, at: int) -> int:
    if at + _J2K_HEADER > len(stream):
        return 0
    right, bottom, left, top = unpack_from(">4I", stream, at + 8)
    (components,) = unpack_from(">H", stream, at + 40)
    return int(max(right - left, 0) * max(bottom - top, 0) * components)
