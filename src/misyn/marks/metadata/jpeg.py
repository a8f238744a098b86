r"""The metadata layer of JPEG: an XMP packet in an ``APP1`` segment, after JFIF and EXIF.

Rules
-----
1. Every other segment and everything from the first scan on is copied as it lies.
2. The XMP packet that is there is merged into and stays in its place; of several, the first is merged into and our
   properties are cut out of the others. Extended XMP stays as it is.
3. A packet must fit one segment (65,502 bytes); a larger one has no room.

Follows ITU-T T.81 annex B (segments) and ISO 16684-3, 3.2.3 (XMP in JPEG).

Example:
    >>> from io import BytesIO
    >>> inspect(BytesIO(b"\xff\xd8\xff\xfe\0\7hello\xff\xd9")).texts
    (Text(place='jpeg', key='comment', text='hello'),)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from misyn.errors import MalformedImage, NoRoomForMark
from misyn.marks.declaration import Declaration
from misyn.marks.inspection import Gathering, Inspection, gathered
from misyn.marks.metadata import exif, xmp
from misyn.marks.metadata.splice import Piece, Span, read_at, splice

XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
EXIF_HEAD = b"Exif\0\0"
MOST_PACKET = 65_533 - len(XMP_HEAD)
MOST_SEGMENTS = 100_000
MOST_FILL = 65_536
_APP0, _APP1, _COMMENT, _SCAN, _END = 0xE0, 0xE1, 0xFE, 0xDA, 0xD9
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # T.81 table B.1: markers without a length


@dataclass(frozen=True)
class _Segment:
    marker: int
    start: int
    data_start: int
    end: int

    def data(self, source: BinaryIO) -> bytes:
        return read_at(source, self.data_start, self.end - self.data_start)


def inspect(source: BinaryIO) -> Inspection:
    """Read what the segments before the first scan say of origin. Never raises for what follows the first marker."""
    return gathered("jpeg", _segments(source), lambda segment, to: _gather(segment, source, to))


def write(source: BinaryIO, target: BinaryIO, declaration: Declaration) -> None:
    """Copy ``source`` to ``target`` with the declaration in its XMP packet.

    Raises:
        MalformedImage: the segments do not fit the file.
        MarkError: the XMP packet that is there cannot be merged into, or would outgrow its segment.
    """
    splice(source, target, _pieces(source, declaration))


def _segments(source: BinaryIO) -> Iterator[_Segment]:
    """Yield the segments before the first scan."""
    if read_at(source, 0, 2) != b"\xff\xd8":
        raise MalformedImage("expected a JPEG start, found another")
    at = 2
    for _ in range(MOST_SEGMENTS):
        start, marker = at, _marker(source, at)
        while marker == 0xFF and at - start < MOST_FILL:  # T.81 B.1.1.2: any number of fill bytes
            at += 1
            marker = _marker(source, at)
        at += 2
        if marker in (_SCAN, _END):
            return
        if marker in _ALONE:
            continue
        length = int.from_bytes(read_at(source, at, 2), "big")
        if length < 2:
            raise MalformedImage("expected a JPEG segment of two bytes or more, found less")
        segment = _Segment(marker, start, at + 2, at + length)
        at = segment.end
        yield segment
    raise MalformedImage(f"expected at most {MOST_SEGMENTS} segments before the pixels, found more")


def _marker(source: BinaryIO, at: int) -> int:
    two = read_at(source, at, 2)
    if two[0] != 0xFF:
        raise MalformedImage("expected a JPEG marker, found something else. Next: copy the file again")
    return two[1]


def _gather(segment: _Segment, source: BinaryIO, gathering: Gathering) -> None:
    if segment.marker == _COMMENT:
        gathering.carries("jpeg", "comment", segment.data(source).decode("utf-8", "replace"))
    elif segment.marker == _APP1:
        data = segment.data(source)
        if data.startswith(XMP_HEAD):
            xmp.gather(data[len(XMP_HEAD) :], gathering)
        elif data.startswith(EXIF_HEAD):
            exif.gather(data, gathering)


def _xmp_segment(packet: bytes) -> bytes:
    if len(packet) > MOST_PACKET:
        packet = _without_padding(packet)
    if len(packet) > MOST_PACKET:
        raise NoRoomForMark(
            f"expected an XMP packet of at most {MOST_PACKET} bytes, found a longer one with the declaration in it. "
            "Next: convert the picture to PNG, whose packets may be longer"
        )
    return b"\xff\xe1" + (2 + len(XMP_HEAD) + len(packet)).to_bytes(2, "big") + XMP_HEAD + packet


def _without_padding(packet: bytes) -> bytes:
    """Leave out the white space that XMP writers keep before the packet's end for later edits."""
    body, mark, end = packet.rpartition(b"<?xpacket end=")
    return body.rstrip() + b"\n" + mark + end if mark else packet


def _pieces(source: BinaryIO, declaration: Declaration) -> list[Piece]:
    """Plan the new file (rules 1 and 2)."""
    pieces: list[Piece] = []
    at, room, leading, merged = 0, 2, True, False
    for segment in _segments(source):
        data = segment.data(source) if segment.marker == _APP1 else b""
        leading = leading and (segment.marker == _APP0 or data.startswith(EXIF_HEAD))
        room = segment.end if leading else room
        if data.startswith(XMP_HEAD):
            packet = data[len(XMP_HEAD) :]
            ours = xmp.without(packet) if merged else xmp.merge(packet, declaration)
            pieces += [Span(at, segment.start), _xmp_segment(ours)]
            at, merged = segment.end, True
    if not merged:
        pieces, at = [Span(0, room), _xmp_segment(xmp.build(declaration))], room
    return [*pieces, Span(at)]
