r"""Deflate what is written, fast where it is small and block by block where it is not.

Rules
-----
1. Up to :data:`AT_ONCE` bytes wait and are deflated at once by libdeflate, several times faster than zlib; more go
   through zlib as they come, so that a volume costs one block of memory.
2. No time and no name in the gzip header: the same bytes in, the same bytes out.

Follows RFC 1952 (gzip).

Example:
    >>> import gzip
    >>> from io import BytesIO
    >>> target = BytesIO()
    >>> with Packing(target) as packed:
    ...     _ = packed.write(b"samples")
    >>> gzip.decompress(target.getvalue())
    b'samples'
"""

from __future__ import annotations

import gzip
from types import TracebackType
from typing import BinaryIO

AT_ONCE = 8 << 20
LEVEL = 6


class Packing:
    """A gzip stream to write to; closed well by leaving its ``with`` block without an error."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._waiting = bytearray()
        self._stream: gzip.GzipFile | None = None

    def __enter__(self) -> Packing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()
        elif kind is None:
            import imagecodecs  # noqa: PLC0415 - only where something is deflated

            self._target.write(imagecodecs.gzip_encode(bytes(self._waiting), level=LEVEL))

    def write(self, data: bytes) -> int:
        """Take a block."""
        if self._stream is None and len(self._waiting) + len(data) <= AT_ONCE:
            self._waiting += data
        else:
            self._flow().write(data)
        return len(data)

    def _flow(self) -> gzip.GzipFile:
        if self._stream is None:
            self._stream = gzip.GzipFile(filename="", fileobj=self._target, mode="wb", compresslevel=LEVEL, mtime=0)
            self._stream.write(self._waiting)
            self._waiting.clear()
        return self._stream
