r"""Manifest stores where the C2PA library put them, found without it.

Rules
-----
1. A store is found by the JUMBF description that every C2PA store starts with; nothing of it is judged here.
2. PNG and WebP hold it in one piece. JPEG cuts it into APP11 segments, GIF into sub-blocks: both are joined. TIFF
   points at it from a directory; what an earlier signing left behind is not pointed at and does not count.
3. The bytes are for counting and naming (is one there, what is its digest), and for checking an expired signature. What
   a store says comes from the library alone.

Follows C2PA 2.1 annex A (embedding), ISO 19566-5 (JUMBF) and ISO 10918-4 / 18477-3 annex B (APP11).

Example:
    >>> from io import BytesIO
    >>> get(BytesIO(b"\x89PNG\r\n\x1a\n and no manifest"), "png") is None
    True
"""

from __future__ import annotations

from typing import BinaryIO

from misyn.errors import MalformedImage
from misyn.marks.credential.places import MOST_MANIFEST
from misyn.marks.metadata import ifd
from misyn.marks.metadata.splice import BLOCK, ends_early, read_at

# Type jumd, the UUID of a C2PA store, "requestable, with a label", and the label.
STORE = b"jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71\x03c2pa\0"
TIFF_TAG = 52545
MOST_DIRECTORIES = 100_000
_BEFORE = 12  # the store's length and type, and the description's length
_SEGMENT = 12  # of an APP11 segment: marker, length, "JP", instance, sequence number


def get(source: BinaryIO, format: str) -> bytes | None:  # noqa: A002 - the word of the house for it
    """Read the store of a file whose format C2PA embeds into; None where there is none.

    Raises:
        MalformedImage: a store starts and does not fit the file.
    """
    if format == "tiff":
        return _pointed_at(source)
    found = _find(source)
    if found is None:
        return None
    start = found - _BEFORE
    size = int.from_bytes(read_at(source, start, 4), "big")
    if not len(STORE) < size <= MOST_MANIFEST:
        raise MalformedImage("expected a C2PA manifest store of a plausible size, found another")
    joiner = {"jpeg": _joined_segments, "gif": _joined_blocks}.get(format, read_at)
    return joiner(source, start, size)


def _pointed_at(source: BinaryIO) -> bytes | None:
    """What tag 52545 of the first directory that has one points at."""
    layout = ifd.layout_of(source)
    at, seen = layout.first, set[int]()
    while at and at not in seen and len(seen) < MOST_DIRECTORIES:
        seen.add(at)
        directory = ifd.directory_at(source, layout, at)
        entry = directory.get(TIFF_TAG)
        if entry is not None:
            store = ifd.value_of(source, layout, entry, longest=MOST_MANIFEST)
            if store is None:
                raise MalformedImage("expected a C2PA manifest store of a plausible size, found another")
            return store
        at = directory.following
    return None


def _find(source: BinaryIO) -> int | None:
    """Where the first store's description starts, block by block."""
    source.seek(0)
    at, tail = 0, b""
    while block := source.read(BLOCK):
        data = tail + block
        where = data.find(STORE)
        if where >= 0:
            return at - len(tail) + where
        at, tail = at + len(block), data[-len(STORE) :]
    return None


def _joined_segments(source: BinaryIO, start: int, size: int) -> bytes:
    """Every further segment repeats the store's length and type before it goes on."""
    at, store = start - _SEGMENT, b""
    while len(store) < size:
        head = read_at(source, at, 4)
        end = at + 2 + int.from_bytes(head[2:], "big")
        skip = _SEGMENT + (8 if store else 0)
        if head[:2] != b"\xff\xeb" or end <= at + skip:
            raise MalformedImage("expected further segments of a C2PA manifest store, found something else")
        store += read_at(source, at + skip, end - at - skip)
        at = end
    return store[:size]


def _joined_blocks(source: BinaryIO, start: int, size: int) -> bytes:
    """The first byte before the store is its first sub-block's length."""
    source.seek(start - 1)
    store = b""
    while len(store) < size:
        length = source.read(1)
        if length in (b"", b"\0"):
            raise ends_early()
        store += source.read(length[0])
    return store[:size]
