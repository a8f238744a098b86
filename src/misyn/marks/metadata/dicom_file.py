r"""A DICOM file opened at its data set, whatever its transfer syntax, and closed again.

Rules
-----
1. A missing preamble or file meta information is tolerated: the data set's first element then tells its syntax.
2. A deflated data set is inflated within the limits of :mod:`misyn.images.limits`, and deflated again as it is written.

Follows DICOM PS3.10 section 7.1 and PS3.5 annex A.

Example:
    >>> open_file(BytesIO(b"\x08\x00\x1c\x00CS\x04\x00YES ")).syntax.explicit
    True
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import BinaryIO

from misyn.images.limits import DEFAULT, Deadline, inflate
from misyn.marks.metadata.dicom_elements import BIG, EXPLICIT, IMPLICIT, Element, Syntax, elements, looks_explicit
from misyn.marks.metadata.splice import Piece, Span, read_at, size_of, splice

PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_BEYOND_META = range(0x00030000, 0x100000000)
DEFLATED = ("1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205")
BIG_ENDIAN = "1.2.840.10008.1.2.2"


@dataclass(frozen=True)
class File:
    """A DICOM file opened at its data set; of a deflated one, ``source`` is the inflated copy."""

    source: BinaryIO
    syntax: Syntax
    start: int
    deflated: bool
    sop_class: str

    def walk(self) -> Iterator[Element]:
        """Yield the top elements up to the pixels; a tag out of order does not end the walk."""
        return elements(self.source, self.syntax, start=self.start, stops=PIXELS)

    def text(self, element: Element, *, most: int = 1024) -> bytes:
        """A short value, without its padding."""
        return read_at(self.source, element.value, min(element.length, most)).strip(b" \0")


def open_file(source: BinaryIO) -> File:
    """Find the data set and its syntax (rules 1 and 2).

    Raises:
        MalformedImage: the file meta information, or a deflated data set, does not hold.
        LimitExceeded: a deflated data set inflates beyond the limits.
    """
    start, syntax_uid, sop_class = meta_of(source)
    if syntax_uid in DEFLATED:
        data = inflate(read_at(source, start, size_of(source) - start), limits=DEFAULT)
        return File(BytesIO(data), _timed(EXPLICIT), 0, deflated=True, sop_class=sop_class)
    source.seek(start)
    big = syntax_uid == BIG_ENDIAN or (not syntax_uid and source.read(2) == b"\0\x08")
    little = EXPLICIT if looks_explicit(source, start) else IMPLICIT
    return File(source, _timed(BIG if big else little), start, deflated=False, sop_class=sop_class)


def _timed(syntax: Syntax) -> Syntax:
    """The same syntax, with the time for this file running from now."""
    return replace(syntax, deadline=Deadline(DEFAULT))


def meta_of(source: BinaryIO) -> tuple[int, str, str]:
    """Where the data set starts, its transfer syntax and the SOP class; the last two empty where not stated."""
    source.seek(0)
    start = 132 if source.read(132)[128:] == b"DICM" else 0
    found = {0x00020010: "", 0x00020002: ""}
    source.seek(start)
    if source.read(2) == b"\2\0":
        for element in elements(source, EXPLICIT, start=start, stops=_BEYOND_META):
            if element.tag in found:
                value = read_at(source, element.value, min(element.length, 128))
                found[element.tag] = value.decode("ascii", "replace").strip("\0 ")
            start = element.end
    return start, found[0x00020010], found[0x00020002]


def copy_with(file: File, source: BinaryIO, target: BinaryIO, pieces: Sequence[Piece]) -> None:
    """Write the file from pieces of its data set; one that was deflated is deflated again (rule 2)."""
    if not file.deflated:
        splice(source, target, pieces)
        return
    packer = Packer(target)
    splice(source, target, [Span(0, meta_of(source)[0])])
    splice(file.source, packer, pieces)  # type: ignore[arg-type]  # it only writes
    packer.finish()


class Packer:
    """Deflates what is written to it (PS3.5 A.5): raw deflate, padded to an even length."""

    def __init__(self, target: BinaryIO) -> None:
        self._target, self._deflate, self._size = target, zlib.compressobj(wbits=-zlib.MAX_WBITS), 0

    def write(self, data: bytes) -> None:
        """Deflate a block."""
        self._put(self._deflate.compress(data))

    def finish(self) -> None:
        """End the stream."""
        self._put(self._deflate.flush())
        self._target.write(bytes(self._size % 2))

    def _put(self, data: bytes) -> None:
        self._size += len(data)
        self._target.write(data)
