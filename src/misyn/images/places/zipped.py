r"""A ZIP archive as a place: its directory read entry by entry, its members inflated one by one, within bounds.

Rules
-----
1. The central directory decides; it is read as a stream, and refused before it fills the memory.
2. Refused, each by name: encrypted members, links and devices, members that overlap (the same bytes inflated again and
   again), and compression other than stored and deflate.
3. A member inflates to the size that was announced, and to the checksum, or it is damaged.
4. Nothing is unpacked under its own name.

Follows the ZIP file format specification (APPNOTE 6.3.10), sections 4.3 and 4.4.

Example:
    >>> import tempfile, zipfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     place = Path(name) / "a.zip"
    ...     with zipfile.ZipFile(place, "w") as archive:
    ...         archive.writestr("a.png", b"x"), archive.writestr("../b.png", b"y")
    ...     [(member.path, member.refusal is None) for member in survey(place, Bounds()).members]
    (None, None)
    [('../b.png', False), ('a.png', True)]
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from misyn.errors import MalformedImage
from misyn.images.places.member import Bounds, Listing, Survey, decoded, item_of, over_budget, stamp
from misyn.images.walking import check_count

_BLOCK = 1 << 18
_END, _END64, _WHERE64 = b"PK\5\6", b"PK\6\6", b"PK\6\7"
_ENTRY = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_METHODS = {0: "stored", 8: "deflated"}


@dataclass(frozen=True)
class Entry:
    """One entry of the central directory."""

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    unpacked: int
    mode: int
    offset: int

    @property
    def refusal(self) -> str | None:
        """Why it must not be opened, or None (rule 2)."""
        if self.flags & 0x41:  # encrypted, or strongly so
            return "an encrypted member"
        kind = stat.S_IFMT(self.mode)
        if kind == stat.S_IFLNK:
            return "a link"
        if kind not in (0, stat.S_IFREG):
            return "a pipe, a socket or a device"
        if self.method not in _METHODS:
            return "a member compressed in a way other than deflate"
        return None


def survey(place: Path, bounds: Bounds) -> Survey:
    """List an archive.

    Raises:
        MalformedImage: it has no directory that reads.
        LimitExceeded: it lists more files than ``bounds.max_files``.
    """
    with place.open("rb") as source:
        entries = list(_entries(source, bounds))
    overlapping = _overlapping(entries)
    listing = Listing(bounds)
    sizes: list[tuple[int, int]] = []
    mark = stamp(place)
    for at, entry in enumerate(entries):
        if entry.name.endswith("/") or stat.S_ISDIR(entry.mode):
            continue
        why = entry.refusal or ("a member that shares its bytes with another" if at in overlapping else None)
        before = len(listing.members)
        listing.add(entry.name, size=entry.unpacked, item=_item(place, entry, mark), refusal=why)
        sizes += [(entry.packed, entry.unpacked)] * (len(listing.members) - before)
    listed = zip(listing.members, sizes, strict=True)
    listing.members, _ = over_budget(((member, *size) for member, size in listed), bounds)
    return listing.survey("zip")


def _item(place: Path, entry: Entry, mark: list[int | str]) -> str:
    where: dict[str, Any] = {"zip": str(place), "stamp": mark, "at": entry.offset, "method": entry.method}
    return item_of({**where, "packed": entry.packed, "unpacked": entry.unpacked, "crc": entry.crc})


def _overlapping(entries: list[Entry]) -> set[int]:
    """The entries whose bytes reach into another's."""
    order = sorted(range(len(entries)), key=lambda at: entries[at].offset)
    found: set[int] = set()
    reach, holder = -1, -1
    for at in order:
        entry = entries[at]
        if entry.offset < reach:
            found |= {at, holder}
        end = entry.offset + _LOCAL.size + entry.packed
        if end > reach:
            reach, holder = end, at
    return found


def _entries(source: BinaryIO, bounds: Bounds) -> Iterator[Entry]:
    start, size, shift = _directory(source)
    source.seek(start)
    count, left = 0, size
    while left >= _ENTRY.size:
        fixed = source.read(_ENTRY.size)
        if len(fixed) < _ENTRY.size or fixed[:4] != b"PK\1\2":
            raise _damaged()
        parts = _ENTRY.unpack(fixed)
        name, extra = source.read(parts[10]), source.read(parts[11])
        source.seek(parts[12], 1)
        left -= _ENTRY.size + sum(parts[10:13])
        count += 1
        check_count(count, most=bounds.max_files)
        yield _entry(parts, name, extra, shift)


def _entry(parts: tuple[Any, ...], name: bytes, extra: bytes, shift: int) -> Entry:
    packed, unpacked, offset = _wide(extra, parts[8], parts[9], parts[16])
    mode = parts[15] >> 16 if parts[1] >> 8 == 3 else 0  # made on a Unix
    text = decoded(name, utf8=True)
    return Entry(text, parts[3], parts[4], parts[7], packed, unpacked, mode, offset + shift)


def _wide(extra: bytes, packed: int, unpacked: int, offset: int) -> tuple[int, int, int]:
    """The 64-bit sizes where the 32-bit ones are full (APPNOTE 4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            values = iter(struct.unpack(f"<{min(length, 24) // 8}Q", extra[at + 4 : at + 4 + min(length, 24) // 8 * 8]))
            unpacked = next(values, unpacked) if unpacked == 0xFFFFFFFF else unpacked
            packed = next(values, packed) if packed == 0xFFFFFFFF else packed
            offset = next(values, offset) if offset == 0xFFFFFFFF else offset
        at += 4 + length
    return packed, unpacked, offset


def _directory(source: BinaryIO) -> tuple[int, int, int]:
    """Where the central directory starts, its size, and by how much offsets are shifted by what lies before."""
    end = source.seek(0, 2)
    tail_at = max(0, end - 22 - 0xFFFF)
    source.seek(tail_at)
    tail = source.read()
    where = tail.rfind(_END)
    if where < 0 or where + 22 > len(tail):
        raise _damaged()
    size, offset = struct.unpack_from("<II", tail, where + 12)
    at = tail_at + where
    if where >= 20 and tail[where - 20 : where - 16] == _WHERE64:  # it is there for many members, too
        (at,) = struct.unpack_from("<Q", tail, where - 12)
        source.seek(at)
        wide = source.read(56)
        if wide[:4] != _END64 or len(wide) < 56:
            raise _damaged()
        size, offset = struct.unpack_from("<QQ", wide, 40)
    start = at - size
    if start < 0 or start < offset:
        raise _damaged()
    return start, size, start - offset


def _damaged() -> MalformedImage:
    return MalformedImage("expected a ZIP archive with a directory, found a damaged one. Next: copy the file again")


def unpack(record: dict[str, Any], target: BinaryIO) -> None:
    """Inflate one member.

    Raises:
        MalformedImage: it is damaged, or not what the directory says (rule 3).
        OSError: the archive cannot be read.
    """
    with Path(record["zip"]).open("rb") as source:
        source.seek(record["at"])
        fixed = source.read(_LOCAL.size)
        if len(fixed) < _LOCAL.size or fixed[:4] != b"PK\3\4":
            raise _broken()
        parts = _LOCAL.unpack(fixed)
        source.seek(parts[9] + parts[10], 1)
        crc = total = 0
        for block in _blocks(source, record):
            total += len(block)
            if total > record["unpacked"]:
                raise _broken()
            crc = zlib.crc32(block, crc)
            target.write(block)
    if total != record["unpacked"] or crc != record["crc"]:
        raise _broken()


def _blocks(source: BinaryIO, record: dict[str, Any]) -> Iterator[bytes]:
    left = record["packed"]
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    while left > 0:
        data = source.read(min(_BLOCK, left))
        if not data:
            raise _broken()
        left -= len(data)
        if record["method"] == 0:
            yield data
            continue
        full = False
        while data or full:
            try:
                block = stream.decompress(data, _BLOCK)
            except zlib.error as error:
                raise _broken() from error
            yield block
            data, full = stream.unconsumed_tail, len(block) == _BLOCK


def _broken() -> MalformedImage:
    return MalformedImage(
        "expected a member that unpacks to what the archive's directory says, found a damaged one. "
        "Next: copy the archive again"
    )
