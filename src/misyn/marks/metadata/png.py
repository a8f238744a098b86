r"""The metadata layer of PNG: an XMP packet in an ``iTXt`` chunk before the first ``IDAT``.

Rules
-----
1. Every other chunk is copied as it lies, damaged checksums included; so is what follows ``IEND``.
2. The XMP packet that is there is merged into and stays in its place; of several, the first is merged into and our
   properties are cut out of the others.
3. Texts (``tEXt``, ``zTXt``, ``iTXt``) and ``eXIf`` are read for other programs' traces, inflated within a bound.
4. A chunk that claims more bytes than the file has ends the reading; what came before counts.

Follows PNG third edition (W3C, 2025) sections 5.3, 11.3.3 and ISO 16684-3, 3.2.7 (XMP in PNG).

Example:
    >>> from io import BytesIO
    >>> chunk = _chunk(b"tEXt", b"parameters\0Steps: 20")
    >>> inspect(BytesIO(SIGNATURE + chunk)).texts
    (Text(place='png', key='parameters', text='Steps: 20'),)
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from misyn.errors import MalformedImage, UnreadableImage
from misyn.images.limits import Limits, inflate
from misyn.marks.declaration import Declaration
from misyn.marks.inspection import MOST_TEXT, Gathering, Inspection, gathered
from misyn.marks.metadata import exif, xmp
from misyn.marks.metadata.splice import Piece, Span, ends_early, read_at, size_of, splice

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = b"XML:com.adobe.xmp"
MOST_CHUNKS = 100_000
_TEXT_KINDS = (b"tEXt", b"zTXt", b"iTXt")
_TEXT_LIMITS = Limits(max_bytes=MOST_TEXT, ratio_from=MOST_TEXT)


@dataclass(frozen=True)
class _Chunk:
    kind: bytes
    start: int
    length: int

    @property
    def end(self) -> int:
        """The byte after its checksum."""
        return self.start + 12 + self.length

    def data(self, source: BinaryIO) -> bytes:
        return read_at(source, self.start + 8, self.length)


def inspect(source: BinaryIO) -> Inspection:
    """Read what the file's chunks say of origin. Never raises for what a file holds after its signature."""
    return gathered("png", _chunks(source), lambda chunk, to: _gather(chunk, source, to))


def write(source: BinaryIO, target: BinaryIO, declaration: Declaration) -> None:
    """Copy ``source`` to ``target`` with the declaration in its XMP packet.

    Raises:
        MalformedImage: the chunks do not fit the file.
        MarkError: the XMP packet that is there cannot be merged into.
    """
    splice(source, target, _pieces(source, declaration))


def _chunks(source: BinaryIO) -> Iterator[_Chunk]:
    """Yield the chunks up to IEND, without reading their data."""
    size = size_of(source)
    if read_at(source, 0, 8) != SIGNATURE:
        raise MalformedImage("expected a PNG signature, found another")
    at = len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        length, kind = struct.unpack(">I4s", read_at(source, at, 8))
        chunk = _Chunk(kind, at, length)
        if chunk.end > size:
            raise ends_early()
        yield chunk
        if kind == b"IEND":
            return
        at = chunk.end
    raise MalformedImage(f"expected at most {MOST_CHUNKS} chunks, found more")


def _gather(chunk: _Chunk, source: BinaryIO, gathering: Gathering) -> None:
    if chunk.kind not in (*_TEXT_KINDS, b"eXIf"):
        return
    if chunk.length > MOST_TEXT:
        gathering.passes_over(f"a PNG text of more than {MOST_TEXT} bytes was not read")
    elif chunk.kind == b"eXIf":
        exif.gather(chunk.data(source), gathering)
    else:
        _gather_text(chunk, source, gathering)


def _gather_text(chunk: _Chunk, source: BinaryIO, gathering: Gathering) -> None:
    try:
        keyword, value = _text(chunk.kind, chunk.data(source))
    except UnreadableImage:
        gathering.passes_over(f"a compressed PNG text was not read: damaged, or more than {MOST_TEXT} bytes")
        return
    if keyword == XMP_KEYWORD:
        xmp.gather(value, gathering)
    else:
        encoding = "utf-8" if chunk.kind == b"iTXt" else _latin_or_utf8(value)
        gathering.carries("png", keyword.decode("latin-1"), value.decode(encoding, "replace"))


def _latin_or_utf8(value: bytes) -> str:
    """The standard says Latin-1 for tEXt; many programs write UTF-8."""
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _text(kind: bytes, data: bytes) -> tuple[bytes, bytes]:
    """Split a text chunk into keyword and text, inflated within the bound."""
    keyword, _, rest = data.partition(b"\0")
    if kind == b"tEXt":
        return keyword, rest
    if kind == b"zTXt":
        return keyword, inflate(rest[1:], limits=_TEXT_LIMITS, wbits=zlib.MAX_WBITS)
    compressed = rest[:1] == b"\1"
    value = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return keyword, inflate(value, limits=_TEXT_LIMITS, wbits=zlib.MAX_WBITS) if compressed else value


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))


def _xmp_chunk(packet: bytes) -> bytes:
    return _chunk(b"iTXt", XMP_KEYWORD + b"\0\0\0\0\0" + packet)


def _packet(chunk: _Chunk, source: BinaryIO) -> bytes | None:
    """The XMP packet in a chunk, or None where it holds another text."""
    if chunk.kind != b"iTXt" or not read_at(
        source, chunk.start + 8, chunk.length if chunk.length < 18 else 18
    ).startswith(XMP_KEYWORD + b"\0"):
        return None
    return _text(chunk.kind, chunk.data(source))[1]


def _pieces(source: BinaryIO, declaration: Declaration) -> list[Piece]:
    """Plan the new file (rules 1 and 2)."""
    pieces: list[Piece] = []
    at, pixels, merged = 0, None, False
    for chunk in list(_chunks(source)):
        if chunk.kind == b"IDAT" and pixels is None:
            pieces.append(Span(at, chunk.start))
            pixels, at = len(pieces), chunk.start
        packet = _packet(chunk, source)
        if packet is not None:
            ours = xmp.without(packet) if merged else xmp.merge(packet, declaration)
            pieces += [Span(at, chunk.start), _xmp_chunk(ours)]
            at, merged = chunk.end, True
    if pixels is None:
        raise MalformedImage("expected an IDAT chunk, found none. Next: copy the file again")
    if not merged:
        pieces.insert(pixels, _xmp_chunk(xmp.build(declaration)))
    return [*pieces, Span(at)]
