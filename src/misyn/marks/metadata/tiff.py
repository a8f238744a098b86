r"""The metadata layer of TIFF: an XMP packet in tag 700 of the first directory.

Rules
-----
1. Nothing that is there is rewritten: a new first directory is appended, with the old one's entries as they are plus
   tag 700, and the header points to it. Strips, tiles, other pages and private tags keep their places and bytes.
2. The old first directory and an earlier packet stay as unused bytes. Marking twice therefore grows a file.
3. A 32-bit TIFF that would pass 4 GB has no room; BigTIFF has.
4. The packet that is there is merged into. The mark is the file's: other pages need none.
5. The description of an OME-TIFF gets an annotation too (:mod:`misyn.marks.metadata.ome`), appended like the packet.

Follows TIFF 6.0 section 2, the BigTIFF design, and ISO 16684-3, 3.2.9 (XMP in TIFF).

Example:
    >>> from io import BytesIO
    >>> tiff = b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHI4s", 256, 3, 1, b"\1\0\0\0") + bytes(4)
    >>> inspect(BytesIO(tiff)).mark is None
    True
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from misyn.errors import NoRoomForMark, UnreadableImage
from misyn.marks.declaration import Declaration
from misyn.marks.inspection import MOST_TEXT, Gathering, Inspection
from misyn.marks.metadata import exif, ifd, ome, xmp
from misyn.marks.metadata.splice import Span, size_of, splice

_BYTE, _ASCII = 1, 2


def inspect(source: BinaryIO) -> Inspection:
    """Read what the first directory says of origin. Never raises for what a file holds after its signature."""
    gathering = Gathering("tiff")
    try:
        layout = ifd.layout_of(source)
        packet = _packet(source, layout, ifd.directory_at(source, layout, layout.first), gathering)
        if packet is not None:
            xmp.gather(packet, gathering)
        _gather_ome(source, layout, gathering)
        exif.gather_directory(source, layout, gathering)
    except UnreadableImage as error:
        gathering.breaks(error)
    return gathering.result()


def write(source: BinaryIO, target: BinaryIO, declaration: Declaration) -> None:
    """Copy ``source`` to ``target`` with the declaration in a new first directory.

    Raises:
        MalformedImage: the directory lies beyond the file.
        MarkError: the XMP packet that is there cannot be merged into, or a 32-bit file would pass 4 GB.
    """
    layout = ifd.layout_of(source)
    directory = ifd.directory_at(source, layout, layout.first)
    packet = xmp.merge(_packet(source, layout, directory, Gathering("tiff")), declaration)
    values = {ifd.XMP: (_BYTE, packet)} | _described(source, layout, directory, declaration)
    size = size_of(source)
    start = size + -size % 8  # TIFF wants directories on a word boundary
    more = sum(len(value) for _, value in values.values())
    if not layout.big and start + 12 * len(directory.entries) + more + 64 > 0xFFFFFFFF:
        raise NoRoomForMark(
            "expected a TIFF below 4 GB with the mark in it, found a larger one. Next: convert it to BigTIFF"
        )
    appended = _directory(directory, layout, values, start=start)
    after = layout.pointer + layout.inline
    pointer = struct.pack(layout.word, start)
    splice(source, target, [Span(0, layout.pointer), pointer, Span(after, size), bytes(start - size), appended])


def _packet(source: BinaryIO, layout: ifd.Layout, directory: ifd.Directory, gathering: Gathering) -> bytes | None:
    entry = directory.get(ifd.XMP)
    if entry is None:
        return None
    packet = ifd.value_of(source, layout, entry, longest=MOST_TEXT)
    if packet is None:
        gathering.passes_over(f"an XMP packet of more than {MOST_TEXT} bytes, or of no known type, was not read")
        return b"" if entry.count == 0 else bytes([0xFF])
    return packet


def _description(source: BinaryIO, layout: ifd.Layout, directory: ifd.Directory) -> bytes | None:
    """The description of the first page where it is OME-XML, without the zeros that end it."""
    entry = directory.get(ifd.DESCRIPTION)
    value = ifd.value_of(source, layout, entry, longest=ome.MOST_XML) if entry and entry.kind == _ASCII else None
    return value.rstrip(b"\0") if value is not None and ome.is_ome(value) else None


def _gather_ome(source: BinaryIO, layout: ifd.Layout, gathering: Gathering) -> None:
    description = _description(source, layout, ifd.directory_at(source, layout, layout.first))
    declared = None if description is None else ome.get(description)
    if declared is not None:
        gathering.declares("the OME-XML", declared)


def _described(
    source: BinaryIO, layout: ifd.Layout, directory: ifd.Directory, declaration: Declaration
) -> dict[int, tuple[int, bytes]]:
    """The new description of an OME-TIFF, by its tag (rule 5)."""
    description = _description(source, layout, directory)
    if description is None or not ome.parses(description):
        return {}
    return {ifd.DESCRIPTION: (_ASCII, ome.put(description, declaration) + b"\0")}


def _directory(
    directory: ifd.Directory, layout: ifd.Layout, values: dict[int, tuple[int, bytes]], *, start: int
) -> bytes:
    """Lay out the new first directory at ``start``: its entries, the next page's offset, then the new values."""
    kept = [entry for entry in directory.entries if entry.tag not in values]
    one = struct.Struct(f"{layout.order}HH{'Q' if layout.big else 'I'}{layout.inline}s")
    count = struct.pack(layout.order + ("Q" if layout.big else "H"), len(kept) + len(values))
    at = start + len(count) + one.size * (len(kept) + len(values)) + layout.inline
    data = b""
    for tag, (kind, value) in values.items():
        kept.append(ifd.Entry(tag, kind, len(value), struct.pack(layout.word, at + len(data))))
        data += value + bytes(len(value) % 2)
    kept.sort(key=lambda entry: entry.tag)
    lines = b"".join(one.pack(entry.tag, entry.kind, entry.count, entry.raw) for entry in kept)
    return count + lines + struct.pack(layout.word, directory.following) + data
