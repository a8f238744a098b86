r"""The bytes before the samples of a NIfTI file: taken apart, changed, and put together again.

Rules
-----
1. What is not understood is kept byte for byte; ``vox_offset`` moves with the extensions.
2. A gzip file is inflated and deflated in one pass, block by block, within the limits of the images room.
3. Everything declared is bounded before it is followed: extensions by number and size, samples by their place.

Follows nifti1.h (2007-10-05) and nifti2.h (2012-05-15), "Extending the header".

Example:
    >>> from io import BytesIO
    >>> header = (348).to_bytes(4, "little") + bytes(340) + b"n+1\0" + bytes(4)
    >>> read(BytesIO(header)).extensions
    ()
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from misyn.errors import MalformedImage, NoRoomForMark
from misyn.images.limits import DEFAULT, check_bytes, check_header, check_ratio
from misyn.marks.metadata.packing import Packing
from misyn.marks.metadata.splice import Piece, Span, ends_early, read_at, size_of, splice

COMMENT = 6
MOST_EXTENSIONS = 10_000
_GZIP = b"\x1f\x8b"
_SINGLE = (b"n+1\0", b"n+2\0\r\n\x1a\n")
_PAIR = (b"ni1\0", b"ni2\0\r\n\x1a\n")


@dataclass(frozen=True)
class Version:
    """Where a version keeps its magic, its ``descrip`` and its ``vox_offset`` (with its struct code)."""

    size: int
    magic: tuple[int, int]
    descrip: int
    offset: tuple[int, str]


_VERSIONS = {348: Version(348, (344, 4), 148, (108, "f")), 540: Version(540, (4, 8), 240, (168, "q"))}


@dataclass(frozen=True)
class Extension:
    """One header extension: its ``code``, and its bytes with size and code before them."""

    code: int
    raw: bytes


@dataclass(frozen=True)
class Header:
    """The bytes before the samples, taken apart."""

    version: Version
    order: str
    single: bool
    raw: bytes
    extensions: tuple[Extension, ...]
    samples: int | None  # where they start in a single file
    rest: bytes  # between the last extension and the samples

    @property
    def descrip(self) -> bytes:
        """The text, without its zeros."""
        return self.raw[self.version.descrip : self.version.descrip + 80].partition(b"\0")[0]


def rewrite(source: BinaryIO, target: BinaryIO, change: Callable[[Header], Header]) -> None:
    """Copy the samples behind new header bytes; gzip stays gzip (rule 4)."""
    with plain_of(source) as plain:
        header = read(plain)
        ahead = _ahead(change(header))
        pieces: list[Piece] = [ahead] if header.samples is None else [ahead, Span(header.samples)]
        if plain is source:
            splice(plain, target, pieces)
            return
        with Packing(target) as packed:
            splice(plain, cast("BinaryIO", packed), pieces)


class _Inflating(gzip.GzipFile):
    """A gzip stream that stops at the limits of the images room; ``packed`` is its size on the disk."""

    packed = 0

    def read(self, size: int | None = -1) -> bytes:
        """Read, and check what has been inflated so far."""
        data = super().read(size)
        check_bytes(self.tell(), limits=DEFAULT)
        check_ratio(self.packed, self.tell(), limits=DEFAULT)
        return data


@contextmanager
def plain_of(source: BinaryIO) -> Iterator[BinaryIO]:
    """Give the stream, inflated where it is gzip; what gzip finds damaged becomes an error of ours."""
    source.seek(0)
    head = source.read(2)
    source.seek(0)
    if head != _GZIP:
        yield source
        return
    try:
        with _Inflating(fileobj=source, mode="rb") as plain:
            plain.packed = size_of(source)
            source.seek(0)
            yield cast("BinaryIO", plain)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise MalformedImage("expected a whole gzip stream, found a damaged one. Next: copy the file again") from error


def read(source: BinaryIO) -> Header:
    """Take a header apart.

    Raises:
        MalformedImage: it does not hold.
        NoRoomForMark: Analyze 7.5.
    """
    size = read_at(source, 0, 4)
    for order in ("little", "big"):
        version = _VERSIONS.get(int.from_bytes(size, "little" if order == "little" else "big"))
        if version:
            return _header(source, version, "<" if order == "little" else ">")
    raise MalformedImage("expected a NIfTI header, found another. Next: copy the file again")


def _header(source: BinaryIO, version: Version, order: str) -> Header:
    raw = read_at(source, 0, version.size)
    magic = raw[version.magic[0] : sum(version.magic)]
    if magic not in _SINGLE + _PAIR:
        raise NoRoomForMark(
            "expected NIfTI, found Analyze 7.5, whose header has no room for a mark. Next: convert it to NIfTI"
        )
    single = magic in _SINGLE
    least = version.size + 4
    samples = _samples(raw, version, order, least=least) if single else None
    source.seek(version.size)
    extender = source.read(4)  # a pair's header may end before them
    extensions: list[Extension] = []
    if extender[:1] not in (b"", b"\0"):
        extensions = list(_extensions(source, order, end=samples))
    after = least + sum(len(extension.raw) for extension in extensions)
    rest = read_at(source, after, samples - after) if samples is not None and samples > after else b""
    return Header(version, order, single, raw, tuple(extensions), samples, rest)


def _samples(raw: bytes, version: Version, order: str, *, least: int) -> int:
    """``vox_offset``; zero means right after the header and its four extension bytes."""
    at, code = version.offset
    (declared,) = struct.unpack_from(order + code, raw, at)
    if declared == 0:
        return least
    if not math.isfinite(declared) or declared < least:
        raise MalformedImage("expected samples after the header, found a vox_offset inside it")
    check_header(int(declared), limits=DEFAULT)
    return int(declared)


def _extensions(source: BinaryIO, order: str, *, end: int | None) -> Iterator[Extension]:
    """Yield the extensions, up to the samples or the header file's end."""
    total = 0
    for _ in range(MOST_EXTENSIONS):
        at = source.tell()
        head = source.read(8) if end is None or at + 16 <= end else b""
        if len(head) < 8 or not any(head):
            return
        size, code = struct.unpack(order + "ii", head)
        if size < 16 or size % 16 or (end is not None and at + size > end):
            raise MalformedImage("expected a NIfTI extension that fits before the samples, found another")
        total += size
        check_header(total, limits=DEFAULT)
        data = source.read(size - 8)
        if len(data) != size - 8:
            raise ends_early()
        yield Extension(code, head + data)
    raise MalformedImage(f"expected at most {MOST_EXTENSIONS} extensions, found more")


def extended(header: Header, content: bytes, instead_of: Callable[[Extension], bool]) -> Header:
    """The header with one more comment last."""
    if any(header.rest):
        raise NoRoomForMark(
            "expected samples right after the header's extensions, found bytes of unknown meaning between them. "
            "Next: save the volume again with software that writes plain NIfTI"
        )
    kept = tuple(extension for extension in header.extensions if not instead_of(extension))
    return replace(header, extensions=(*kept, Extension(COMMENT, _extension(content, header.order))))


def _ahead(header: Header) -> bytes:
    """Everything before the samples."""
    extensions = b"".join(extension.raw for extension in header.extensions)
    raw = bytearray(header.raw)
    if header.single:
        place, code = header.version.offset
        struct.pack_into(header.order + code, raw, place, len(raw) + 4 + len(extensions))
    return bytes(raw) + b"\1\0\0\0" + extensions


def _extension(content: bytes, order: str) -> bytes:
    size = -(-(8 + len(content)) // 16) * 16
    return struct.pack(order + "ii", size, COMMENT) + content.ljust(size - 8, b"\0")
