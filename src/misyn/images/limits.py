"""Limits that protect the machine from what a file says of itself.

Rules
-----
1. A file is not trusted: every size it declares is checked before memory or time is spent on it.
2. Each limit is a named setting of :class:`Limits`; passing one raises :class:`misyn.errors.LimitExceeded`, whose
   ``limit`` is that name and whose message says what was found, what is allowed, and how to allow more.
3. Checks come before the work they guard: samples before decoding, bytes before reading, each block while inflating.
4. Time is checked between steps (frames, elements, blocks). A single call into a C decoder cannot be interrupted from
   here: :func:`misyn.engine.map` with ``seconds`` kills the process of a file that hangs in one.
5. A compression ratio means nothing on small output (the mask of one organ in a whole CT deflates several hundredfold),
   so ``max_ratio`` is asked only of output larger than ``ratio_from`` bytes.

Follows RFC 1951 (deflate) and RFC 1952 (gzip) where it inflates.

Example:
    >>> check_pixels((40_000, 40_000, 3), limits=DEFAULT)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    LimitExceeded: expected at most 536,870,912 samples per image, found 4,800,000,000 ...
    >>> check_pixels((512, 512), limits=DEFAULT)
"""

from __future__ import annotations

import math
import stat
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from misyn.errors import LimitExceeded, MalformedImage, UnreadableImage

GZIP = 16 + zlib.MAX_WBITS
RAW_DEFLATE = -zlib.MAX_WBITS
_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one file may cost. Every field is a setting; the defaults fit a 4 GB machine and a whole-body CT.

    Attributes:
        max_bytes: bytes of a file as it lies on the disk, and of any stream inflated from it.
        max_pixels: samples (rows × columns × slices × frames × channels) of one image, decoded.
        max_ratio: decompressed bytes per compressed byte, asked of output larger than ``ratio_from``.
        ratio_from: bytes of decompressed output up to which ``max_ratio`` is not asked.
        max_depth: sequences nested in sequences, or any other structure that contains itself.
        max_frames: frames, pages or volumes in one file.
        max_header: bytes of header or text, without pixels.
        max_elements: data elements, items, or key-value pairs in a header; each may cost a kilobyte once parsed.
        seconds: wall-clock seconds for reading one file.

    Example:
        >>> Limits(max_pixels=10**6).max_pixels, Limits().max_depth
        (1000000, 32)
    """

    max_bytes: int = 4 << 30
    max_pixels: int = 1 << 29
    max_ratio: float = 200.0
    ratio_from: int = 256 << 20
    max_depth: int = 32
    max_frames: int = 100_000
    max_header: int = 64 << 20
    max_elements: int = 1_000_000
    seconds: float = 60.0


DEFAULT = Limits()

_WHAT = {
    "max_bytes": "bytes in the file or in what it inflates to",
    "max_pixels": "samples per image",
    "max_ratio": "decompressed bytes per compressed byte",
    "max_depth": "levels of nesting",
    "max_frames": "frames in the file",
    "max_header": "bytes of header",
    "max_elements": "elements in the header",
    "seconds": "seconds of reading",
}


def exceeded(name: str, found: float | None, *, limits: Limits, path: Path | None = None) -> LimitExceeded:
    """Build, not raise, the error for one limit.

    Args:
        name: a field of :class:`Limits`.
        found: what was found, or None where only "more than allowed" is known.
        limits: the settings in force.
        path: the file.

    Example:
        >>> print(exceeded("max_depth", 40, limits=DEFAULT))
        expected at most 32 levels of nesting, found 40. Next: if you trust the file, read it with Limits(max_depth=...)
    """
    allowed = getattr(limits, name)
    shown = "more" if found is None else _number(found)
    error = LimitExceeded(
        f"expected at most {_number(allowed)} {_WHAT[name]}, found {shown}. "
        f"Next: if you trust the file, read it with Limits({name}=...)",
        path=path,
    )
    error.limit = name
    return error


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() or value >= 100 else f"{value:.3g}"


def _check(name: str, found: float, *, limits: Limits, path: Path | None) -> None:
    if found > getattr(limits, name):
        raise exceeded(name, found, limits=limits, path=path)


def check_bytes(n: int, *, limits: Limits, path: Path | None = None) -> None:
    """Refuse a file, or an inflated stream, of more than ``max_bytes`` bytes."""
    _check("max_bytes", n, limits=limits, path=path)


def check_pixels(shape: Iterable[int], *, limits: Limits, path: Path | None = None) -> None:
    """Refuse more than ``max_pixels`` samples; ``shape`` is every axis, channels too, as the header declares it.

    Raises:
        LimitExceeded: the product is too large.
        MalformedImage: an axis is negative or zero.

    Example:
        >>> check_pixels((0, 10), limits=DEFAULT)
        Traceback (most recent call last):
        misyn.errors.MalformedImage: expected at least one sample along every axis, found an axis of 0
    """
    shape = tuple(int(axis) for axis in shape)
    if min(shape, default=1) < 1:
        raise MalformedImage(f"expected at least one sample along every axis, found an axis of {min(shape)}", path=path)
    _check("max_pixels", math.prod(shape), limits=limits, path=path)


def check_ratio(compressed: int, decompressed: int, *, limits: Limits, path: Path | None = None) -> None:
    """Refuse output (bytes, declared or counted so far) out of proportion to its compressed bytes (rule 5)."""
    if decompressed > limits.ratio_from:
        _check("max_ratio", decompressed / max(compressed, 1), limits=limits, path=path)


def check_depth(n: int, *, limits: Limits, path: Path | None = None) -> None:
    """Refuse nesting deeper than ``max_depth``."""
    _check("max_depth", n, limits=limits, path=path)


def check_frames(n: int, *, limits: Limits, path: Path | None = None) -> None:
    """Refuse more than ``max_frames`` frames, pages or volumes."""
    _check("max_frames", n, limits=limits, path=path)


def check_header(n: int, *, limits: Limits, path: Path | None = None) -> None:
    """Refuse a header of more than ``max_header`` bytes."""
    _check("max_header", n, limits=limits, path=path)


def check_elements(n: int, *, limits: Limits, path: Path | None = None) -> None:
    """Refuse a header of more than ``max_elements`` elements."""
    _check("max_elements", n, limits=limits, path=path)


@dataclass(frozen=True)
class Deadline:
    """The moment by which a file must be read. Call :meth:`check` between steps (rule 4).

    Attributes:
        limits: its ``seconds`` count from the creation of this object.
        path: the file.
        clock: seconds that only grow; an argument so that tests need not wait.

    Example:
        >>> ticks = iter([0.0, 1.0, 99.0])
        >>> deadline = Deadline(DEFAULT, clock=lambda: next(ticks))
        >>> deadline.check()
        >>> deadline.check()  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        LimitExceeded: expected at most 60 seconds of reading, found 99...
    """

    limits: Limits
    path: Path | None = None
    clock: Callable[[], float] = time.monotonic
    started: float = field(init=False)

    def __post_init__(self) -> None:
        """Start counting."""
        object.__setattr__(self, "started", self.clock())

    def check(self) -> None:
        """Raise once the time is over.

        Raises:
            LimitExceeded: more than ``limits.seconds`` have passed.
        """
        _check("seconds", self.clock() - self.started, limits=self.limits, path=self.path)


def read_bytes(path: Path, *, limits: Limits = DEFAULT) -> bytes:
    """Read a whole file once, after checking what it is and how large it says it is.

    Returns:
        Its bytes, at most ``limits.max_bytes`` of them.

    Raises:
        LimitExceeded: the file is larger than ``max_bytes``.
        UnreadableImage: there is no such file, it is not a regular file (a pipe would hang), it may not be read, or it
            grows while it is read.
    """
    size = _size(path)
    check_bytes(size, limits=limits, path=path)
    data = read_head(path, size + 1)
    if len(data) > size:
        raise UnreadableImage(
            "expected a finished file, found one that grows while it is read. Next: read it once it is written",
            path=path,
        )
    return data


@contextmanager
def opened(path: Path, *, limits: Limits = DEFAULT) -> Iterator[BinaryIO]:
    """Open a file to read it part by part, after checking what it is and how large it says it is.

    Raises:
        LimitExceeded: the file is larger than ``max_bytes``.
        UnreadableImage: as :func:`read_bytes`, except that growth is not noticed.
    """
    check_bytes(_size(path), limits=limits, path=path)
    try:
        stream = path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error
    with stream:
        yield stream


def read_head(path: Path, n: int) -> bytes:
    """Read the first ``n`` bytes of a regular file, fewer where it is shorter.

    Raises:
        UnreadableImage: as :func:`read_bytes`.
    """
    _size(path)
    try:
        with path.open("rb") as stream:
            return stream.read(n)
    except OSError as error:
        raise _unreadable(path, error) from error


def _size(path: Path) -> int:
    """Size of a regular file in bytes; anything else is refused before it is opened."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
        raise UnreadableImage(f"expected a regular file, found {kind}. Next: give the path of an image file", path=path)
    return status.st_size


def _unreadable(path: Path, error: Exception) -> UnreadableImage:
    found = f"an operating system error ({type(error).__name__})"
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        found = "no such file"
    elif isinstance(error, PermissionError):
        found = "a file this user may not read"
    return UnreadableImage(f"expected a readable file, found {found}. Next: check the path and its rights", path=path)


def inflate(
    data: bytes | memoryview, *, limits: Limits = DEFAULT, path: Path | None = None, wbits: int = RAW_DEFLATE
) -> bytes:
    """Inflate a stream block by block, stopping at the first limit it passes.

    Args:
        data: compressed bytes.
        limits: ``max_bytes``, ``max_ratio`` and ``seconds`` apply to the output.
        path: the file, for the error.
        wbits: :data:`RAW_DEFLATE`, :data:`GZIP`, or any value :func:`zlib.decompressobj` takes. Only the first member
            of a gzip file is inflated.

    Returns:
        The decompressed bytes. What follows the stream is ignored.

    Raises:
        LimitExceeded: before more than one block (1 MiB) beyond the limit is held.
        MalformedImage: the stream is damaged or ends early.

    Example:
        >>> inflate(zlib.compress(b"pixels"), wbits=zlib.MAX_WBITS)
        b'pixels'
        >>> bomb = zlib.compress(bytes(10**7))
        >>> inflate(bomb, wbits=zlib.MAX_WBITS, limits=Limits(max_bytes=10**6))  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        LimitExceeded: expected at most 1,000,000 bytes ...
    """
    deadline = Deadline(limits, path)
    stream = zlib.decompressobj(wbits)
    blocks: list[bytes] = []
    total, pending = 0, bytes(data)
    while not stream.eof:
        block = _inflate_block(stream, pending, path=path)
        pending = stream.unconsumed_tail
        total += len(block)
        check_bytes(total, limits=limits, path=path)
        check_ratio(len(data), total, limits=limits, path=path)
        deadline.check()
        blocks.append(block)
    return b"".join(blocks)


def _inflate_block(stream: zlib._Decompress, pending: bytes, *, path: Path | None) -> bytes:
    try:
        block = stream.decompress(pending, _BLOCK)
    except zlib.error as error:
        raise MalformedImage(
            "expected a whole deflate stream, found a damaged one. Next: copy the file again", path=path
        ) from error
    if not block and not stream.eof:
        raise MalformedImage(
            "expected a whole deflate stream, found one that ends early. Next: copy the file again", path=path
        )
    return block
