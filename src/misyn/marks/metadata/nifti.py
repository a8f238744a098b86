r"""The metadata layer of NIfTI-1 and NIfTI-2: a header extension with the declaration, and ``descrip``.

Rules
-----
1. The declaration goes into an extension with ecode 6 (comment) as JSON: ``{"declaration": …, "descrip": …}``, where
   ``descrip`` is the header's own text as it was before. Many programs drop extensions.
2. ``descrip`` (80 bytes, the last one zero) therefore says ``SyntheticData=YES`` too, with the technique's name and the
   text that was there as far as they fit.
3. Other extensions, every other byte of the header and all samples stay as they are; ``vox_offset`` moves.
4. A gzip file is inflated and deflated in one pass, block by block; a pair's ``.img`` is not touched.
5. Analyze 7.5 has no extension: no room. So have bytes of unknown meaning between extensions and samples.

Follows nifti1.h (2007-10-05) and nifti2.h (2012-05-15), "Extending the header".

Example:
    >>> from io import BytesIO
    >>> header = (348).to_bytes(4, "little") + bytes(144) + b"SyntheticData=YES pca".ljust(80, b"\0")
    >>> mark = inspect(BytesIO(header.ljust(344, b"\0") + b"n+1\0" + bytes(4))).mark
    >>> mark.statements
    (Statement(field='descrip', value='SyntheticData=YES pca', synthetic=True),)
"""

from __future__ import annotations

import gzip
import json
import math
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from misyn.errors import MalformedImage, NoRoomForMark, UnreadableImage
from misyn.images.limits import DEFAULT, check_bytes, check_header, check_ratio
from misyn.marks.declaration import Declaration, unique_keys
from misyn.marks.inspection import MOST_TEXT, Gathering, Inspection
from misyn.marks.metadata.packing import Packing
from misyn.marks.metadata.splice import Piece, Span, ends_early, read_at, size_of, splice

COMMENT = 6
DESCRIP = b"SyntheticData="
MOST_EXTENSIONS = 10_000
_GZIP = b"\x1f\x8b"
_SINGLE = (b"n+1\0", b"n+2\0\r\n\x1a\n")
_PAIR = (b"ni1\0", b"ni2\0\r\n\x1a\n")


@dataclass(frozen=True)
class _Version:
    """Where a version keeps its magic, its ``descrip`` and its ``vox_offset`` (with its struct code)."""

    size: int
    magic: tuple[int, int]
    descrip: int
    offset: tuple[int, str]


_VERSIONS = {348: _Version(348, (344, 4), 148, (108, "f")), 540: _Version(540, (4, 8), 240, (168, "q"))}


@dataclass(frozen=True)
class Extension:
    """One header extension: its ``code``, and its bytes with size and code before them."""

    code: int
    raw: bytes


@dataclass(frozen=True)
class _Header:
    """The bytes before the samples, taken apart."""

    version: _Version
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


def inspect(source: BinaryIO) -> Inspection:
    """Read what the header says of origin. Never raises for what a file holds after its signature."""
    gathering = Gathering("nifti")
    try:
        with _plain(source) as plain:
            header = _read(plain)
    except UnreadableImage as error:
        gathering.breaks(error)
        return gathering.result()
    except NoRoomForMark:
        gathering.passes_over("Analyze 7.5 has no room for a mark")
        return gathering.result()
    _gather_descrip(header.descrip, gathering)
    for extension in header.extensions:
        _gather(extension, gathering)
    return gathering.result()


def write(source: BinaryIO, target: BinaryIO, declaration: Declaration) -> None:
    """Copy ``source`` to ``target`` with the declaration in its header; gzip stays gzip.

    Raises:
        MalformedImage: the header or its extensions do not hold.
        NoRoomForMark: Analyze 7.5, or bytes of unknown meaning where the extension would go.
    """
    _rewrite(source, target, lambda header: _declared(header, declaration))


def extensions_of(source: BinaryIO) -> tuple[Extension, ...]:
    """Read the header's extensions, in the order of the file.

    Raises:
        MalformedImage: the header or its extensions do not hold.
        NoRoomForMark: Analyze 7.5, which has none.
    """
    with _plain(source) as plain:
        return _read(plain).extensions


def put_extension(
    source: BinaryIO,
    target: BinaryIO,
    content: bytes,
    *,
    instead_of: Callable[[Extension], bool],
    declaration: Declaration | None = None,
) -> None:
    """Copy ``source`` to ``target`` with a further comment in its header, instead of those ``instead_of`` names.

    With ``declaration``, what :func:`write` does is done in the same pass: a gzip file is deflated once.

    Raises:
        MalformedImage, NoRoomForMark: as :func:`write`.
    """

    def changed(header: _Header) -> _Header:
        return _extended(header if declaration is None else _declared(header, declaration), content, instead_of)

    _rewrite(source, target, changed)


def _rewrite(source: BinaryIO, target: BinaryIO, change: Callable[[_Header], _Header]) -> None:
    """Copy the samples behind new header bytes; gzip stays gzip (rule 4)."""
    with _plain(source) as plain:
        header = _read(plain)
        ahead = _ahead(change(header))
        pieces: list[Piece] = [ahead] if header.samples is None else [ahead, Span(header.samples)]
        if plain is source:
            splice(plain, target, pieces)
            return
        with Packing(target) as packed:
            splice(plain, cast("BinaryIO", packed), pieces)


def companions(path: Path) -> tuple[Path, ...]:
    """The ``.img`` beside a ``.hdr``, which a copy needs too."""
    stem, ending, _ = path.name.lower().rpartition(".hdr")
    if not ending:
        return ()
    names = (path.name[: len(stem)] + "." + kind for kind in ("img", "IMG", "img.gz", "IMG.GZ"))
    found = [path.with_name(name) for name in names if path.with_name(name).is_file()]
    return tuple(found[:1])


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
def _plain(source: BinaryIO) -> Iterator[BinaryIO]:
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


def _read(source: BinaryIO) -> _Header:
    size = read_at(source, 0, 4)
    for order in ("little", "big"):
        version = _VERSIONS.get(int.from_bytes(size, "little" if order == "little" else "big"))
        if version:
            return _header(source, version, "<" if order == "little" else ">")
    raise MalformedImage("expected a NIfTI header, found another. Next: copy the file again")


def _header(source: BinaryIO, version: _Version, order: str) -> _Header:
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
    return _Header(version, order, single, raw, tuple(extensions), samples, rest)


def _samples(raw: bytes, version: _Version, order: str, *, least: int) -> int:
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


def _ours(extension: Extension) -> dict[str, object] | None:
    """The content of an extension of ours (rule 1), or None."""
    text = extension.raw[8:].rstrip(b"\0")
    if extension.code != COMMENT or not text.startswith(b'{"declaration":') or len(text) > MOST_TEXT:
        return None
    try:
        content = json.loads(text, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError):
        content = {}
    return content if isinstance(content, dict) else {}


def _gather(extension: Extension, gathering: Gathering) -> None:
    if extension.code != COMMENT:
        return
    content = _ours(extension)
    if content is None:
        gathering.carries("nifti", "comment", extension.raw[8 : MOST_TEXT + 8].rstrip(b"\0").decode("utf-8", "replace"))
        return
    # Parsed again from its own text, so that the declaration's own strict parser sees it.
    declared = content.get("declaration")
    gathering.declares("a NIfTI extension", json.dumps(declared) if isinstance(declared, dict) else "")


def _gather_descrip(descrip: bytes, gathering: Gathering) -> None:
    if descrip[: len(DESCRIP)].lower() == DESCRIP.lower():
        value = descrip[len(DESCRIP) :].upper()
        if value.startswith((b"YES", b"NO")):
            gathering.says("descrip", descrip.decode("latin-1"), synthetic=value.startswith(b"YES"))
    elif descrip:
        gathering.carries("nifti", "descrip", descrip.decode("latin-1"))


def _declared(header: _Header, declaration: Declaration) -> _Header:
    """The header with the mark in it (rules 1 and 2)."""
    original = _original(header)
    content = json.dumps({"declaration": declaration.to_json(), "descrip": original}, separators=(",", ":"))
    at = header.version.descrip
    raw = header.raw[:at] + _descrip(declaration, original).ljust(80, b"\0") + header.raw[at + 80 :]
    changed = replace(header, raw=raw)
    return _extended(changed, content.encode("ascii"), lambda extension: _ours(extension) is not None)


def _extended(header: _Header, content: bytes, instead_of: Callable[[Extension], bool]) -> _Header:
    """The header with one more comment last."""
    if any(header.rest):
        raise NoRoomForMark(
            "expected samples right after the header's extensions, found bytes of unknown meaning between them. "
            "Next: save the volume again with software that writes plain NIfTI"
        )
    kept = tuple(extension for extension in header.extensions if not instead_of(extension))
    return replace(header, extensions=(*kept, Extension(COMMENT, _extension(content, header.order))))


def _ahead(header: _Header) -> bytes:
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


def _original(header: _Header) -> str:
    """``descrip`` as it was before the first mark; Latin-1 keeps any byte."""
    for extension in header.extensions:
        content = _ours(extension)
        if content is not None and isinstance(content.get("descrip"), str):
            return str(content["descrip"])[:80]
    text = header.descrip.decode("latin-1")
    return text.partition("; ")[2] if header.descrip.startswith(DESCRIP) else text


def _descrip(declaration: Declaration, original: str) -> bytes:
    """Rule 2: the statement first, then as much of name and earlier text as 79 bytes hold."""
    statement = DESCRIP + b"YES"
    name = declaration.technique.name.encode("ascii", "replace").replace(b";", b",")
    before = original.encode("latin-1", "replace")
    tail = b"; " + before if before else b""
    full = statement + b" " + name + tail
    return full if len(full) <= 79 else (statement + tail if tail else full)[:79]
