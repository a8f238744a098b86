r"""The metadata layer of GIF: an XMP packet in an application extension before the first image.

Rules
-----
1. Every other block is copied as it lies. Extensions exist since 89a: an 87a file's version becomes 89a.
2. The XMP packet that is there is merged into and stays in its place; of several, the first is merged into and our
   properties are cut out of the others.
3. A packet is written as it is, followed by the 258-byte trailer that lets readers of sub-blocks find its end.

Follows the GIF89a specification (CompuServe, 1990) and ISO 16684-3, 3.2.2 (XMP in GIF).

Example:
    >>> from io import BytesIO
    >>> gif = b"GIF89a" + bytes(7) + b"\x21\xfe\x05hello\0" + b";"
    >>> inspect(BytesIO(gif)).texts
    (Text(place='gif', key='comment', text='hello'),)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from misyn.errors import MalformedImage
from misyn.images.limits import DEFAULT, Deadline
from misyn.marks.declaration import Declaration
from misyn.marks.inspection import MOST_TEXT, Gathering, Inspection, gathered
from misyn.marks.metadata import xmp
from misyn.marks.metadata.splice import Piece, Span, read_at, splice

XMP_HEAD = b"\x21\xff\x0bXMP DataXMP"
TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
MOST_BLOCKS = 1_000_000
_APPLICATION, _COMMENT, _CONTROL, _PLAIN_TEXT = 0xFF, 0xFE, 0xF9, 0x01


@dataclass(frozen=True)
class _Block:
    """An extension (``label`` 0 to 255), an image (-1) or the trailer (-2)."""

    label: int
    start: int
    end: int


def inspect(source: BinaryIO) -> Inspection:
    """Read what the blocks say of origin. Never raises for what a file holds after its signature."""
    return gathered("gif", _blocks(source), lambda block, to: _gather(block, source, to))


def write(source: BinaryIO, target: BinaryIO, declaration: Declaration) -> None:
    """Copy ``source`` to ``target`` with the declaration in its XMP packet.

    Raises:
        MalformedImage: the blocks do not fit the file.
        MarkError: the XMP packet that is there cannot be merged into.
    """
    splice(source, target, _pieces(source, declaration))


def _blocks(source: BinaryIO) -> Iterator[_Block]:
    """Yield the blocks up to the trailer."""
    head = read_at(source, 0, 13)
    if head[:6] not in (b"GIF87a", b"GIF89a"):
        raise MalformedImage("expected a GIF signature, found another")
    at, deadline = 13 + _table(head[10]), Deadline(DEFAULT)
    for _ in range(MOST_BLOCKS):
        block = _block_at(source, at, deadline)
        yield block
        if block.label == -2:
            return
        at = block.end
    raise MalformedImage(f"expected at most {MOST_BLOCKS} blocks, found more")


def _table(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _block_at(source: BinaryIO, at: int, deadline: Deadline) -> _Block:
    first = read_at(source, at, 1)
    if first == b";":
        return _Block(-2, at, at + 1)
    if first == b",":
        flags = read_at(source, at, 10)[9]
        return _Block(-1, at, _after_data(source, at + 10 + _table(flags) + 1, deadline))
    if first != b"!":
        raise MalformedImage("expected a GIF block, found something else. Next: copy the file again")
    label = read_at(source, at + 1, 1)[0]
    if _is_xmp(source, at):
        return _Block(label, at, _after_packet(source, at, deadline))
    return _Block(label, at, _after_data(source, at + 2, deadline))


def _is_xmp(source: BinaryIO, at: int) -> bool:
    source.seek(at)
    return source.read(len(XMP_HEAD)) == XMP_HEAD


def _after_data(source: BinaryIO, at: int, deadline: Deadline) -> int:
    """The byte after a run of sub-blocks."""
    source.seek(at)
    while True:
        deadline.check()
        size = source.read(1)
        if not size:
            raise MalformedImage("expected more GIF sub-blocks, found the file's end. Next: copy the file again")
        if size == b"\0":
            return source.tell()
        source.seek(size[0], 1)


def _after_packet(source: BinaryIO, at: int, deadline: Deadline) -> int:
    """The byte after an XMP extension: its trailer, or its sub-blocks where a writer left the trailer out."""
    found = _find(source, TRAILER, at + len(XMP_HEAD))
    return _after_data(source, at + 2, deadline) if found is None else found + len(TRAILER)


def _find(source: BinaryIO, wanted: bytes, at: int) -> int | None:
    """Find bytes within the bound of one packet, block by block."""
    source.seek(at)
    tail = source.read(MOST_TEXT + len(wanted))
    where = tail.find(wanted)
    return None if where < 0 else at + where


def _gather(block: _Block, source: BinaryIO, gathering: Gathering) -> None:
    if block.label == _COMMENT:
        gathering.carries("gif", "comment", _sub_blocks(source, block.start + 2).decode("utf-8", "replace"))
    elif block.label == _APPLICATION and _is_xmp(source, block.start):
        xmp.gather(_packet(block, source), gathering)


def _sub_blocks(source: BinaryIO, at: int) -> bytes:
    """Join a run of sub-blocks, within the bound."""
    parts, total = [], 0
    source.seek(at)
    while total <= MOST_TEXT and (size := source.read(1)) not in (b"", b"\0"):
        parts.append(source.read(size[0]))
        total += size[0]
    return b"".join(parts)


def _packet(block: _Block, source: BinaryIO) -> bytes:
    start = block.start + len(XMP_HEAD)
    if block.end - start > MOST_TEXT + len(TRAILER):
        return bytes(MOST_TEXT + 1)  # too long to be read; says so itself
    data = read_at(source, start, block.end - start)
    return data.removesuffix(TRAILER) if data.endswith(TRAILER) else _sub_blocks(source, start)


def _xmp_block(packet: bytes) -> bytes:
    return XMP_HEAD + packet + TRAILER


def _pieces(source: BinaryIO, declaration: Declaration) -> list[Piece]:
    """Plan the new file. After the application extensions at the start: a loop count wants to come first."""
    pieces: list[Piece] = []
    at, room, leading, merged = 6, 0, True, False
    for block in _blocks(source):
        leading = leading and block.label in (_APPLICATION, _COMMENT)
        room = block.end if leading else room or block.start
        if block.label == _APPLICATION and _is_xmp(source, block.start):
            packet = _packet(block, source)
            ours = xmp.without(packet) if merged else xmp.merge(packet, declaration)
            pieces += [Span(at, block.start), _xmp_block(ours)]
            at, merged = block.end, True
    if not merged:
        pieces, at = [Span(6, room), _xmp_block(xmp.build(declaration))], room
    return [b"GIF89a", *pieces, Span(at)]
