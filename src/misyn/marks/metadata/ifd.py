r"""TIFF directories: the skeleton of TIFF files, and of the EXIF inside JPEG, PNG and WebP.

Rules
-----
1. A directory is read only as far as asked: entries first, values one by one, each within a bound.
2. Both byte orders, 32-bit and 64-bit (BigTIFF) files.
3. An offset beyond the file, a directory of more than :data:`MOST_ENTRIES` entries, a value longer than asked for:
   errors.

Follows TIFF 6.0 section 2, the BigTIFF design (Aware Systems, 2007) and Exif 3.0 section 4.6.

Example:
    >>> from io import BytesIO
    >>> tiff = BytesIO(b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHI4s", 271, 2, 4, b"ACM\0") + bytes(4))
    >>> layout = layout_of(tiff)
    >>> exif_facts(tiff, layout)
    {'Make': 'ACM'}
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from misyn.errors import MalformedImage
from misyn.marks.metadata.splice import read_at

MOST_ENTRIES = 4096
DESCRIPTION = 270
XMP = 700
EXIF = 34665

# TIFF 6.0 section 2 and BigTIFF: bytes per value of each type.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_IMAGE_TEXTS = {270: "ImageDescription", 271: "Make", 272: "Model", 305: "Software", 315: "Artist"}
_EXIF_TEXTS = {36867: "DateTimeOriginal", 37510: "UserComment"}
_LONGEST = 1 << 16


@dataclass(frozen=True)
class Layout:
    """How a TIFF file writes numbers: byte order (``<`` or ``>``), 64-bit or not, where its first directory lies."""

    order: str
    big: bool
    first: int

    @property
    def word(self) -> str:
        """Struct code of an offset."""
        return self.order + ("Q" if self.big else "I")

    @property
    def inline(self) -> int:
        """Bytes of a value that lie in the entry itself; also the bytes of an offset."""
        return 8 if self.big else 4

    @property
    def pointer(self) -> int:
        """Where in the file the first directory's offset is written."""
        return 8 if self.big else 4


@dataclass(frozen=True)
class Entry:
    """One entry as it lies in the file: ``raw`` is the value or its offset."""

    tag: int
    kind: int
    count: int
    raw: bytes


@dataclass(frozen=True)
class Directory:
    """One directory: its entries in file order, and the next one's offset (0 for none)."""

    entries: tuple[Entry, ...]
    following: int

    def get(self, tag: int) -> Entry | None:
        """The first entry of this tag, or None."""
        return next((entry for entry in self.entries if entry.tag == tag), None)


def layout_of(source: BinaryIO) -> Layout:
    """Read the file header.

    Raises:
        MalformedImage: this is no TIFF header.
    """
    head = read_at(source, 0, 8)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    version = struct.unpack(f"{order}H", head[2:4])[0] if order else 0
    if order and version == 42:
        return Layout(order, big=False, first=struct.unpack(f"{order}I", head[4:8])[0])
    if order and version == 43 and struct.unpack(f"{order}HH", head[4:8]) == (8, 0):
        return Layout(order, big=True, first=struct.unpack(f"{order}Q", read_at(source, 8, 8))[0])
    raise MalformedImage("expected a TIFF header, found another. Next: copy the file again")


def directory_at(source: BinaryIO, layout: Layout, offset: int) -> Directory:
    """Read one directory.

    Raises:
        MalformedImage: it lies beyond the file, or has too many entries.
    """
    width, code = (8, "Q") if layout.big else (2, "H")
    (n,) = struct.unpack(layout.order + code, read_at(source, offset, width))
    if not 0 < n <= MOST_ENTRIES:
        raise MalformedImage(f"expected 1 to {MOST_ENTRIES} entries in a TIFF directory, found {n}")
    one = struct.Struct(f"{layout.order}HH{'Q' if layout.big else 'I'}{layout.inline}s")
    data = read_at(source, offset + width, n * one.size + layout.inline)
    entries = tuple(Entry(*one.unpack_from(data, k * one.size)) for k in range(n))
    (following,) = struct.unpack_from(layout.word, data, n * one.size)
    return Directory(entries, following)


def value_of(source: BinaryIO, layout: Layout, entry: Entry, *, longest: int = _LONGEST) -> bytes | None:
    """Read an entry's value as bytes; None where it is longer than ``longest`` or of a type that is not known.

    Raises:
        MalformedImage: it lies beyond the file.
    """
    size = _SIZES.get(entry.kind, 0) * entry.count
    if size == 0 or size > longest:
        return None
    if size <= layout.inline:
        return entry.raw[:size]
    (offset,) = struct.unpack(layout.word, entry.raw)
    return read_at(source, offset, size)


def exif_facts(source: BinaryIO, layout: Layout) -> dict[str, str]:
    """Read the texts of the first directory and of its EXIF directory, by their standard names; unsafe to show.

    Raises:
        MalformedImage: a directory lies beyond the file.
    """
    first = directory_at(source, layout, layout.first)
    facts = _texts(source, layout, first, _IMAGE_TEXTS | _EXIF_TEXTS)  # TIFF/EP keeps both in one directory
    pointer = first.get(EXIF)
    place = value_of(source, layout, pointer) if pointer else None
    if place and len(place) in (4, 8):
        offset = int.from_bytes(place, "little" if layout.order == "<" else "big")
        facts |= _texts(source, layout, directory_at(source, layout, offset), _EXIF_TEXTS)
    return facts


def _texts(source: BinaryIO, layout: Layout, directory: Directory, names: dict[int, str]) -> dict[str, str]:
    facts = {}
    for entry in directory.entries:
        if entry.tag in names:
            value = value_of(source, layout, entry)
            text = _decode(value, layout, comment=names[entry.tag] == "UserComment") if value else ""
            if text:
                facts[names[entry.tag]] = text
    return facts


def _decode(value: bytes, layout: Layout, *, comment: bool) -> str:
    """Text of an ASCII value, or of a UserComment, which names its encoding in its first eight bytes."""
    if comment and value.startswith(b"UNICODE\0"):
        return _utf16(value[8:], layout).strip("\0 ")
    if comment:
        value = value[8:] if value[:8] in (b"ASCII\0\0\0", bytes(8)) else value
    return value.decode("utf-8", "replace").strip("\0 ")


def _utf16(value: bytes, layout: Layout) -> str:
    """Exif leaves the byte order of UNICODE comments open: the side on which ASCII's zero bytes lie tells it."""
    even, odd = value[0:64:2].count(0), value[1:64:2].count(0)
    if even == odd:
        return value.decode("utf-16-le" if layout.order == "<" else "utf-16-be", "replace")
    return value.decode("utf-16-be" if even > odd else "utf-16-le", "replace")
