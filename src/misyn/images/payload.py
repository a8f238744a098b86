r"""The block of samples behind a volume's header: raw, or compressed as a whole, in the same file or beside it.

Rules
-----
1. What a header declares is compared with what the file can hold before memory is taken: a raw block must be there in
   full, a compressed one may not promise more than ``max_ratio`` allows.
2. Compressed blocks are inflated piece by piece into place; checksums are checked, so damage never becomes pixels.
3. A data file named by a header stays inside the header's folder (links are followed before that is judged), and is a
   regular file. Its name is never repeated in a message: errors are about the file that was asked for.
4. What is read is in native byte order and may be written to: later rooms hand it to libraries that insist on that.

Follows RFC 1950 (zlib) and RFC 1952 (gzip, several members included).

Example:
    >>> import tempfile
    >>> from misyn.images.limits import DEFAULT
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "samples.raw"
    ...     _ = path.write_bytes(b"\0\1\0\2")
    ...     read_samples(Payload(path), count=2, dtype=np.dtype(">u2"), limits=DEFAULT).tolist()
    [1, 2]
"""

from __future__ import annotations

import bz2
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from misyn.errors import MalformedImage, UnreadableImage, UnsupportedImage
from misyn.images.limits import GZIP, Deadline, Limits, check_bytes, check_elements, check_header, check_ratio

Codec = Literal["raw", "gzip", "zlib", "bzip2"]

_BLOCK = 1 << 20
_LINE = 1 << 20
_WBITS: dict[str, int] = {"gzip": GZIP, "zlib": zlib.MAX_WBITS}


@dataclass(frozen=True)
class Payload:
    """Where samples lie and how they are written.

    Attributes:
        path: the file that holds them.
        offset: bytes of the file before the block.
        codec: how the block is compressed.
        skip: bytes of the inflated block before the first sample.
    """

    path: Path
    offset: int = 0
    codec: Codec = "raw"
    skip: int = 0


def size_of(path: Path, *, limits: Limits) -> int:
    """Bytes in a regular file, checked against ``max_bytes``.

    Raises:
        UnreadableImage: there is no such regular file.
        LimitExceeded: it is too large.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in a name that a header gave
        raise _absent() from error
    if not stat.S_ISREG(status.st_mode):
        raise _absent()
    check_bytes(status.st_size, limits=limits)
    return status.st_size


def _absent() -> UnreadableImage:
    return UnreadableImage(
        "expected a regular file that holds the samples, found none. Next: keep header and data file together"
    )


def beside(header: Path, name: str) -> Path:
    """Find the data file that a header names.

    Args:
        header: the header's own path.
        name: the name it gives, relative to its own folder.

    Raises:
        UnsupportedImage: the name leads out of the header's folder.
        MalformedImage: it is no name at all.

    Example:
        >>> beside(Path("scan.mhd"), "../../secret.raw")  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        UnsupportedImage: expected a data file inside the folder of its header, found a name that leads out of it ...
    """
    if not name or "\0" in name or len(name) > 4096:
        raise MalformedImage("expected the name of a data file, found none. Next: write the header again")
    folder = header.parent.resolve()
    found = (folder / name.replace("\\", "/")).resolve()
    if not found.is_relative_to(folder):
        raise UnsupportedImage(
            "expected a data file inside the folder of its header, found a name that leads out of it. "
            "Next: put the two together, or convert them to one file"
        )
    return found


def header_lines(path: Path, *, limits: Limits) -> Iterator[tuple[str, int]]:
    """Yield the lines of a text header, each with the offset at which the next one starts.

    The caller stops at the line that ends its kind of header; what follows may be samples.

    Raises:
        LimitExceeded: the lines so far hold more than ``max_header`` bytes, or are more than ``max_elements``.
    """
    end = count = 0
    with path.open("rb") as stream:
        while line := stream.readline(_LINE):
            end, count = end + len(line), count + 1
            check_elements(count, limits=limits)
            check_header(end, limits=limits)
            yield line.decode("utf-8", errors="replace").rstrip("\r\n"), end


def read_samples(payload: Payload, *, count: int, dtype: np.dtype[Any], limits: Limits) -> NDArray[Any]:
    """Read exactly ``count`` samples.

    Args:
        payload: where they lie.
        count: how many, checked against ``max_pixels`` by the caller.
        dtype: as stored, byte order included.
        limits: ``max_bytes``, ``max_ratio`` and ``seconds`` apply.

    Returns:
        Shape (count,), the same kind of samples in native byte order, writable.

    Raises:
        MalformedImage: the file ends before the last sample, or its compressed block is damaged.
        LimitExceeded: the file is too large, promises too much, or takes too long.
    """
    size = size_of(payload.path, limits=limits)
    wanted = payload.skip + count * dtype.itemsize
    if payload.codec == "raw" and size < payload.offset + wanted:
        raise _short()
    check_bytes(wanted, limits=limits)
    check_ratio(size - payload.offset, wanted, limits=limits)
    samples = np.empty(count, dtype)
    _fill(samples.view(np.uint8).data, payload, limits=limits)
    if not dtype.isnative:
        samples = samples.byteswap(inplace=True).view(dtype.newbyteorder("="))
    return samples


def _short() -> MalformedImage:
    return MalformedImage(
        "expected every sample that the header declares, found a file that ends before. Next: copy the file again"
    )


def _fill(target: memoryview, payload: Payload, *, limits: Limits) -> None:
    """Copy the block into ``target``, then take one piece more, which makes the decoder check its checksum."""
    deadline = Deadline(limits)
    skip, filled = payload.skip, 0
    for piece in _pieces(payload):
        deadline.check()
        if filled == len(target):
            return
        part = piece[skip:] if skip < len(piece) else b""
        skip = max(0, skip - len(piece))
        part = part[: len(target) - filled]
        target[filled : filled + len(part)] = part
        filled += len(part)
    if filled < len(target):
        raise _short()


def _pieces(payload: Payload) -> Iterator[bytes]:
    """Yield the inflated block in pieces of at most 1 MiB.

    Raises:
        MalformedImage: the compressed block is damaged or ends early.
    """
    with payload.path.open("rb") as stream:
        stream.seek(payload.offset)
        try:
            yield from _inflated(stream, payload.codec)
        except (zlib.error, OSError, EOFError) as error:
            raise MalformedImage(
                f"expected a whole {payload.codec} block of samples, found a damaged one. Next: copy the file again"
            ) from error


def _inflated(stream: IO[bytes], codec: Codec) -> Iterator[bytes]:
    if codec == "bzip2":
        with bz2.BZ2File(stream) as inflating:
            yield from iter(lambda: inflating.read(_BLOCK), b"")
    elif codec == "raw":
        yield from iter(lambda: stream.read(_BLOCK), b"")
    else:
        yield from _deflated(stream, wbits=_WBITS[codec])


def _deflated(stream: IO[bytes], *, wbits: int) -> Iterator[bytes]:
    """Inflate one zlib stream or the members of a gzip file; what follows them is no sample and is left alone."""
    pending = stream.read(_BLOCK)
    first = True
    while first or (wbits == GZIP and pending[:2] == b"\x1f\x8b"):
        first = False
        decoder = zlib.decompressobj(wbits)
        while not decoder.eof:
            piece = decoder.decompress(pending, _BLOCK)
            pending = decoder.unconsumed_tail or (b"" if decoder.eof else stream.read(_BLOCK))
            if not piece and not pending and not decoder.eof:
                raise EOFError
            yield piece
        pending = decoder.unused_data
        if len(pending) < 2:
            pending += stream.read(_BLOCK)
