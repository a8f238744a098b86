r"""Samples of WebP: the VP8L chunk of a lossless file is replaced, every other chunk stays.

Rules
-----
1. Lossy files are refused, and animations.

Follows RFC 9649 (WebP) sections 2.3 to 2.7.

Example:
    >>> parts(b"RIFF\x0c\0\0\0WEBPVP8L\0\0\0\0")
    [(b'VP8L', b'VP8L\x00\x00\x00\x00')]
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from PIL import Image as Picture

from misyn.errors import NoRoomForMark
from misyn.images.formats import read
from misyn.marks.samples import Stored, lossy_sentence


def load(path: Path) -> Stored:
    """Read the samples.

    Raises:
        NoRoomForMark: rule 1.
    """
    image = read(path)
    if image.lossy:
        raise NoRoomForMark(lossy_sentence("lossy WebP"))
    if "F" in image.axes:
        raise NoRoomForMark("expected one picture for a mark in the samples, found an animation. Next: save PNG frames")
    return Stored(image.pixels, image.axes)


def store(source: Path, target: Path, pixels: NDArray[Any]) -> None:
    """Write ``source`` with other samples."""
    encoded = io.BytesIO()
    Picture.fromarray(pixels).save(encoded, "WEBP", lossless=True, exact=True)
    new = next(whole for kind, whole in parts(encoded.getvalue()) if kind == b"VP8L")
    data = source.read_bytes()
    chunks = [new if kind == b"VP8L" else whole for kind, whole in parts(data)]
    size = 4 + sum(map(len, chunks))
    after = data[8 + int.from_bytes(data[4:8], "little") :]
    target.write_bytes(struct.pack("<4sI4s", b"RIFF", size, b"WEBP") + b"".join(chunks) + after)


def parts(data: bytes) -> list[tuple[bytes, bytes]]:
    """Split a WebP that has been read already into kinds and whole chunks, each with its padding."""
    found, at, end = [], 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, at)
        whole = data[at : at + 8 + length + length % 2]
        found.append((kind, whole + bytes((8 + length + length % 2) - len(whole))))
        at += 8 + length + length % 2
    return found
