r"""Samples of PNG: the IDAT chunks are replaced, every other chunk stays where it lies.

Rules
-----
1. The new chunks IHDR and IDAT are libpng's; grey, RGB and alpha of 8 and 16 bits. A palette becomes RGB or grey, and
   the chunks that only mean something with it (PLTE, tRNS, sBIT, bKGD, hIST) go.
2. Animations are refused.

Follows PNG third edition (W3C, 2025) sections 5.3 and 11.2.

Example:
    >>> parts(PNG + b"\0\0\0\0IEND\xae\x42\x60\x82rest")
    [(b'IEND', b'\x00\x00\x00\x00IEND\xaeB`\x82'), (b'', b'rest')]
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import imagecodecs
from numpy.typing import NDArray

from misyn.errors import NoRoomForMark
from misyn.images.formats import read
from misyn.marks.samples import Stored

PNG = b"\x89PNG\r\n\x1a\n"
_OF_COLOUR_TYPE = (b"PLTE", b"tRNS", b"sBIT", b"bKGD", b"hIST")


def load(path: Path) -> Stored:
    """Read the samples.

    Raises:
        NoRoomForMark: rule 2.
    """
    image = read(path)
    if "F" in image.axes or any(kind == b"acTL" for kind, _ in parts(path.read_bytes())):
        raise NoRoomForMark(
            "expected one picture for a mark in the samples, found an animated PNG. Next: save single frames"
        )
    if image.axes == "YXC" and image.pixels.shape[-1] == 2:
        raise NoRoomForMark(
            "expected grey, RGB or RGBA for a mark in the samples, found grey with transparency. Next: make it opaque"
        )
    return Stored(image.pixels, image.axes)


def store(source: Path, target: Path, pixels: NDArray[Any]) -> None:
    """Write ``source`` with other samples."""
    old = parts(source.read_bytes())
    new = parts(bytes(imagecodecs.png_encode(pixels)))
    head = next(whole for kind, whole in new if kind == b"IHDR")
    data = b"".join(whole for kind, whole in new if kind == b"IDAT")
    left_out = _OF_COLOUR_TYPE if _colour(old) != head[16:18] else ()
    written = [PNG]
    for kind, whole in old:
        if kind == b"IHDR":
            written.append(head)
        elif kind == b"IDAT":
            written.append(data)
            data = b""
        elif kind not in left_out:
            written.append(whole)
    target.write_bytes(b"".join(written))


def parts(data: bytes) -> list[tuple[bytes, bytes]]:
    """Split a PNG that has been read already into kinds and whole chunks; what follows IEND has an empty kind."""
    found, at = [], len(PNG)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        found.append((kind, data[at : at + 12 + length]))
        at += 12 + length
        if kind == b"IEND":
            break
    return [*found, (b"", data[at:])] if data[at:] else found


def _colour(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """Bit depth and colour type."""
    return next(whole for kind, whole in chunks if kind == b"IHDR")[16:18]
