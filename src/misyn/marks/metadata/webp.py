r"""The metadata layer of WebP: an XMP packet in the ``XMP `` chunk of an extended file.

Rules
-----
1. Every other chunk is copied as it lies. A simple file (one VP8 or VP8L chunk) becomes an extended one: its VP8X chunk
   takes canvas size and alpha from the bitstream's own header, which is not changed.
2. The XMP packet that is there is merged into and stays in its place; of several, the first is merged into and our
   properties are cut out of the others. A new one comes last, after EXIF.
3. What follows the RIFF chunk is copied and not read.

Follows RFC 9649 (WebP) sections 2.3 to 2.7, RFC 6386 section 9.1 (VP8 frame header).

Example:
    >>> from io import BytesIO
    >>> body = b"WEBP" + b"VP8L" + (5).to_bytes(4, "little") + b"\x2f\0\0\0\0\0"
    >>> inspect(BytesIO(b"RIFF" + len(body).to_bytes(4, "little") + body)).mark is None
    True
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from misyn.errors import MalformedImage, NoRoomForMark
from misyn.marks.declaration import Declaration
from misyn.marks.inspection import MOST_TEXT, Gathering, Inspection, gathered
from misyn.marks.metadata import exif, xmp
from misyn.marks.metadata.splice import Piece, Span, ends_early, read_at, size_of, splice

MOST_CHUNKS = 100_000
_XMP, _EXIF, _EXTENDED = b"XMP ", b"EXIF", b"VP8X"
_XMP_FLAG, _ALPHA_FLAG = 0x04, 0x10  # RFC 9649 section 2.7


@dataclass(frozen=True)
class _Chunk:
    kind: bytes
    start: int
    length: int

    @property
    def end(self) -> int:
        """The byte after its padding."""
        return self.start + 8 + self.length + self.length % 2

    def data(self, source: BinaryIO, n: int | None = None) -> bytes:
        return read_at(source, self.start + 8, self.length if n is None else min(n, self.length))


def inspect(source: BinaryIO) -> Inspection:
    """Read what the chunks say of origin. Never raises for what a file holds after its signature."""
    return gathered("webp", _chunks(source), lambda chunk, to: _gather(chunk, source, to))


def write(source: BinaryIO, target: BinaryIO, declaration: Declaration) -> None:
    """Copy ``source`` to ``target`` with the declaration in its XMP packet.

    Raises:
        MalformedImage: the chunks do not fit the file.
        MarkError: the XMP packet that is there cannot be merged into, or the file would outgrow RIFF's 4 GB.
    """
    splice(source, target, _pieces(source, declaration))


def _riff_end(source: BinaryIO) -> int:
    """The byte after the RIFF chunk, as it declares itself."""
    head = read_at(source, 0, 12)
    if head[:4] != b"RIFF" or head[8:] != b"WEBP":
        raise MalformedImage("expected a WebP signature, found another")
    return 8 + int.from_bytes(head[4:8], "little")


def _chunks(source: BinaryIO) -> Iterator[_Chunk]:
    """Yield the chunks inside RIFF, without reading their data."""
    end, size, at = _riff_end(source), size_of(source), 12
    for _ in range(MOST_CHUNKS):
        if at + 8 > end:
            return
        kind, length = struct.unpack("<4sI", read_at(source, at, 8))
        chunk = _Chunk(kind, at, length)
        if chunk.start + 8 + length > min(size, end):
            raise ends_early()
        yield chunk
        at = chunk.end
    raise MalformedImage(f"expected at most {MOST_CHUNKS} chunks, found more")


def _gather(chunk: _Chunk, source: BinaryIO, gathering: Gathering) -> None:
    if chunk.kind not in (_XMP, _EXIF):
        return
    if chunk.length > MOST_TEXT:
        gathering.passes_over(f"a WebP metadata chunk of more than {MOST_TEXT} bytes was not read")
    elif chunk.kind == _XMP:
        xmp.gather(chunk.data(source), gathering)
    else:
        exif.gather(chunk.data(source), gathering)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(data)) + data + bytes(len(data) % 2)


def _pieces(source: BinaryIO, declaration: Declaration) -> list[Piece]:
    """Plan the new file (rules 1 and 2)."""
    chunks = list(_chunks(source))
    if not chunks:
        raise MalformedImage("expected a WebP chunk, found none. Next: copy the file again")
    pieces: list[Piece] = [_extended(chunks[0], source)]
    merged = False
    for chunk in chunks[1:] if chunks[0].kind == _EXTENDED else chunks:
        if chunk.kind == _XMP:
            packet = chunk.data(source)
            pieces.append(_chunk(_XMP, xmp.without(packet) if merged else xmp.merge(packet, declaration)))
            merged = True
        else:
            pieces += _whole(chunk, source)
    if not merged:
        pieces.append(_chunk(_XMP, xmp.build(declaration)))
    return [_riff(pieces), *pieces, Span(min(_riff_end(source), size_of(source)))]


def _whole(chunk: _Chunk, source: BinaryIO) -> list[Piece]:
    """A chunk as it lies; some writers leave the last one's padding out, and another chunk follows now."""
    end = min(chunk.end, size_of(source))
    return [Span(chunk.start, end), bytes(chunk.end - end)]


def _riff(pieces: list[Piece]) -> bytes:
    sizes = (len(p) if isinstance(p, bytes) else (p.end or p.start) - p.start for p in pieces)
    total = 4 + sum(sizes)
    if total > 0xFFFFFFFE:
        raise NoRoomForMark(
            "expected a file below RIFF's 4 GB with the mark in it, found a larger one. Next: convert it to PNG"
        )
    return struct.pack("<4sI4s", b"RIFF", total, b"WEBP")


def _extended(first: _Chunk, source: BinaryIO) -> bytes:
    """The VP8X chunk: the one that is there with the XMP flag set, or a new one (rule 1)."""
    if first.kind == _EXTENDED:
        if first.length < 10:
            raise MalformedImage("expected a VP8X chunk of 10 bytes, found a shorter one")
        data = first.data(source)
        return _chunk(_EXTENDED, bytes([data[0] | _XMP_FLAG]) + data[1:])
    width, height, alpha = _canvas(first, source)
    flags = _XMP_FLAG | (_ALPHA_FLAG if alpha else 0)
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return _chunk(_EXTENDED, bytes([flags, 0, 0, 0]) + size)


def _canvas(chunk: _Chunk, source: BinaryIO) -> tuple[int, int, bool]:
    """Width, height and use of alpha, from the header of a simple file's bitstream."""
    data = chunk.data(source, 10)
    if chunk.kind == b"VP8L" and len(data) >= 5 and data[0] == 0x2F:  # RFC 9649 section 3.4
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    if chunk.kind == b"VP8 " and len(data) == 10 and data[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(data[k : k + 2], "little") & 0x3FFF for k in (6, 8))
        if width and height:
            return width, height, False
    raise MalformedImage("expected a VP8, VP8L or VP8X chunk first, found none that holds. Next: copy the file again")
