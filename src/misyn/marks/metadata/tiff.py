r"""The metadata layer of TIFF: an XMP packet in tag 700 of the first directory.

Rules
-----
1. Nothing that is there is rewritten: a new first directory is appended, with the old one's entries as they are plus
   tag 700, and the header points to it. Strips, tiles, other pages and private tags keep their places and bytes.
2. The old first directory and an earlier packet stay as unused bytes. Marking twice therefore grows a file.
3. A 32-bit TIFF that would pass 4 GB has no room; BigTIFF has.
4. The packet that is there is merged into. The mark is the file's: other pages need none.

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
from misyn.marks.metadata import exif, ifd, xmp
from misyn.marks.metadata.splice import Span, size_of, splice

_BYTE = 1


def inspect(source: BinaryIO) -> Inspection:
    """Read what the first directory says of origin. Never raises for what a file holds after its signature."""
    gathering = Gathering("tiff")
    try:
        layout = ifd.layout_of(source)
        packet = _packet(source, layout, ifd.directory_at(source, layout, layout.first), gathering)
        if packet is not None:
            xmp.gather(packet, gathering)
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
    size = size_of(source)
    start = size + -size % 8  # TIFF wants directories on a word boundary
    if not layout.big and start + 12 * len(directory.entries) + len(packet) + 64 > 0xFFFFFFFF:
        raise NoRoomForMark(
            "expected a TIFF below 4 GB with the mark in it, found a larger one. Next: convert it to BigTIFF"
        )
    appended = _directory(directory, layout, packet, start=start)
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


def _directory(directory: ifd.Directory, layout: ifd.Layout, packet: bytes, *, start: int) -> bytes:
    """Lay out the new first directory at ``start``: its entries, the next page's offset, then the packet."""
    kept = [entry for entry in directory.entries if entry.tag != ifd.XMP]
    one = struct.Struct(f"{layout.order}HH{'Q' if layout.big else 'I'}{layout.inline}s")
    count = struct.pack(layout.order + ("Q" if layout.big else "H"), len(kept) + 1)
    data_at = start + len(count) + one.size * (len(kept) + 1) + layout.inline
    ours = ifd.Entry(ifd.XMP, _BYTE, len(packet), struct.pack(layout.word, data_at))
    before = [entry for entry in kept if entry.tag < ifd.XMP]
    entries = [*before, ours, *(entry for entry in kept if entry.tag > ifd.XMP)]
    lines = b"".join(one.pack(entry.tag, entry.kind, entry.count, entry.raw) for entry in entries)
    return count + lines + struct.pack(layout.word, directory.following) + packet
