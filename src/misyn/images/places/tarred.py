r"""A tar archive as a place, plain or compressed: its headers walked, its members copied out one by one.

Rules
-----
1. Headers are read here, not by :mod:`tarfile`: a header that announces a gigabyte of name must cost nothing.
2. Links, devices, pipes and sparse files are refused, each by name.
3. A compressed archive is unpacked once, within ``max_unpacked`` and ``max_ratio``, into the scratch folder.
4. Damage ends the walk; the members before it count, and a problem says so.

Follows POSIX.1-2008 pax (ustar and extended headers) and the GNU long name.

Example:
    >>> import io, tarfile, tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     place = Path(name) / "a.tar"
    ...     with tarfile.open(place, "w") as archive:
    ...         link = tarfile.TarInfo("link"); link.type = tarfile.SYMTYPE; link.linkname = "/"
    ...         archive.addfile(link), archive.addfile(tarfile.TarInfo("a.png"), io.BytesIO())
    ...     [(member.path, member.refusal is None) for member in survey(place, Bounds()).members]
    (None, None)
    [('a.png', True), ('link', False)]
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from misyn.atomic import replacing
from misyn.errors import LimitExceeded, MalformedImage
from misyn.images.places.member import Bounds, Listing, Survey, decoded, item_of, over_budget, stamp
from misyn.images.walking import check_count

RECORD = 512
_LONGEST_EXTENDED = 64 << 10
_BLOCK = 1 << 20
_REGULAR = b"\0" + b"07"
_REFUSED = {
    **dict.fromkeys(b"12", "a link"),
    **dict.fromkeys(b"346", "a pipe, a socket or a device"),
    ord("S"): "a sparse file",
}
_OPENERS: tuple[tuple[bytes, Callable[[str, str], Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\0", lzma.open),
)


class Header(NamedTuple):
    """One member's header: its name, what it is, and where its bytes lie."""

    name: str
    kind: int
    size: int
    start: int


def is_tar(head: bytes) -> bool:
    """Whether these bytes start a tar archive: the magic, or, in old ones, a checksum that holds."""
    return len(head) >= RECORD and (head[257:262] == b"ustar" or (bool(head[0]) and _sum_holds(head[:RECORD])))


def opener_of(head: bytes) -> Callable[[Path], BinaryIO] | None:
    """How to open a compressed file, by its first bytes; None where it is not compressed."""
    opener = next((opener for magic, opener in _OPENERS if head.startswith(magic)), None)
    return None if opener is None else lambda path: cast("BinaryIO", opener(str(path), "rb"))


def survey(place: Path, bounds: Bounds, scratch: Path | None = None) -> Survey:
    """List an archive.

    Args:
        place: the archive.
        bounds: what it may cost.
        scratch: a folder for what a compressed one unpacks to.

    Raises:
        LimitExceeded: it unpacks to too much, or lists too many files.
        MalformedImage: it is compressed and damaged.
    """
    with place.open("rb") as source:
        opener = opener_of(source.read(8))
    if opener is not None:
        place = _unpacked(place, opener, bounds, scratch or Path.cwd())
    listing, sizes, mark = Listing(bounds), list[int](), stamp(place)
    with place.open("rb") as source:
        try:
            for count, header in enumerate(_headers(source), start=1):
                check_count(count, most=bounds.max_files)
                _take(listing, sizes, header, place, mark)
        except MalformedImage:
            listing.problems.append(
                f"the archive is damaged: nothing after the first {len(listing.members)} files could be listed"
            )
    pairs = zip(listing.members, sizes, strict=True)
    listing.members, _ = over_budget(((member, size, size) for member, size in pairs), bounds)
    return listing.survey("tar")


def _take(listing: Listing, sizes: list[int], header: Header, place: Path, mark: list[int | str]) -> None:
    if header.kind == ord("5") or header.name.endswith("/"):
        return
    why = None if header.kind in _REGULAR else _REFUSED.get(header.kind, "a member of a kind that is not known")
    record: dict[str, Any] = {"tar": str(place), "stamp": mark, "at": header.start, "size": header.size}
    before = len(listing.members)
    listing.add(header.name.removeprefix("./"), size=header.size, item=item_of(record), refusal=why)
    sizes += [header.size] * (len(listing.members) - before)


def _unpacked(place: Path, opener: Callable[[Path], BinaryIO], bounds: Bounds, scratch: Path) -> Path:
    """Unpack a compressed archive within its bounds (rule 3)."""
    packed = place.stat().st_size
    name = hashlib.sha256("\0".join(map(str, (place.absolute(), *stamp(place)))).encode("utf-8", "replace")).hexdigest()
    target = scratch / f"{name[:16]}.tar"
    if target.exists():  # whole: it was renamed into place
        return target
    scratch.mkdir(parents=True, exist_ok=True)
    total = 0
    try:
        with opener(place) as source, replacing(target) as file:
            while block := source.read(_BLOCK):
                total += len(block)
                if total > bounds.max_unpacked or bounds.passed(packed, total):
                    raise _too_large(total, bounds)
                file.write(block)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise MalformedImage(
            "expected a compressed archive that unpacks, found a damaged one. Next: copy the file again"
        ) from error
    return target


def _too_large(total: int, bounds: Bounds) -> LimitExceeded:
    error = LimitExceeded(
        f"expected an archive that unpacks to at most {bounds.max_unpacked:,} bytes and {bounds.max_ratio:g} times its "
        f"size, found more than {total:,} bytes. Next: if you trust it, unpack it and scan the folder"
    )
    error.limit = "max_unpacked"
    return error


def _headers(source: BinaryIO) -> Iterator[Header]:
    """Yield the members' headers, with the names and sizes that extended headers give."""
    end = source.seek(0, 2)
    at, name, size = 0, None, None
    while at + RECORD <= end:
        source.seek(at)
        head = source.read(RECORD)
        if head == bytes(RECORD):
            return
        if not _sum_holds(head):
            raise _damaged()
        kind, length, start = head[156], _number(head[124:136]), at + RECORD
        if kind in b"xgLK":
            if length > _LONGEST_EXTENDED or start + length > end:
                raise _damaged()
            extended = source.read(length)
            if kind == ord("L"):
                name = extended.rstrip(b"\0")
            elif kind == ord("x"):
                given = _pax(extended)
                name, size = given.get(b"path", name), _decimal(given.get(b"size"), size)
            at = start + -(-length // RECORD) * RECORD
            continue
        length = length if size is None else size
        if kind in _REGULAR and start + length > end:
            raise _damaged()
        yield Header(decoded(name if name is not None else _name(head)), kind, length, start)
        at = start + (-(-length // RECORD) * RECORD if kind not in b"12346" else 0)
        name = size = None


def _sum_holds(head: bytes) -> bool:
    try:
        said = int(head[148:156].strip(b"\0 ") or b"-1", 8)
    except ValueError:
        return False
    return said == sum(head[:148]) + 8 * 32 + sum(head[156:RECORD])


def _number(field: bytes) -> int:
    """Octal digits, or, with the first bit set, a binary number."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    try:
        return int(field.strip(b"\0 ") or b"0", 8)
    except ValueError:
        raise _damaged() from None


def _name(head: bytes) -> bytes:
    name, prefix = head[:100].partition(b"\0")[0], head[345:500].partition(b"\0")[0]
    return prefix + b"/" + name if prefix and head[257:263] == b"ustar\0" else name


def _pax(data: bytes) -> dict[bytes, bytes]:
    """The records of an extended header: ``length key=value`` and a line feed."""
    found: dict[bytes, bytes] = {}
    while data:
        digits, _, _ = data.partition(b" ")
        length = _decimal(digits, None)
        if length is None or not len(digits) < length <= len(data):
            raise _damaged()
        key, _, value = data[len(digits) + 1 : length].rstrip(b"\n").partition(b"=")
        found[key] = value
        data = data[length:]
    return found


def _decimal(digits: bytes | None, otherwise: int | None) -> int | None:
    return int(digits) if digits is not None and digits.isdigit() and len(digits) < 20 else otherwise


def _damaged() -> MalformedImage:
    return MalformedImage("expected a tar archive with whole headers, found a damaged one. Next: copy the file again")


def unpack(record: dict[str, Any], target: BinaryIO) -> None:
    """Copy one member out.

    Raises:
        MalformedImage: the archive ends before it does.
        OSError: the archive cannot be read.
    """
    with Path(record["tar"]).open("rb") as source:
        source.seek(record["at"])
        left = record["size"]
        while left > 0:
            block = source.read(min(_BLOCK, left))
            if not block:
                raise _damaged()
            target.write(block)
            left -= len(block)
