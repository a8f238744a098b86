"""Write a file as pieces of the old one with new bytes between them.

Rules
-----
1. What is not replaced is copied byte for byte, block by block: a 50 MB volume costs one block of memory.
2. A source that ends before a piece does is an error, never a shorter file.

Example:
    >>> from io import BytesIO
    >>> target = BytesIO()
    >>> splice(BytesIO(b"header|pixels"), target, [Span(0, 6), b" + mark", Span(6)])
    >>> target.getvalue()
    b'header + mark|pixels'
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from misyn.errors import MalformedImage

BLOCK = 1 << 20


@dataclass(frozen=True)
class Span:
    """Bytes ``start`` to ``end`` of the source; to its end where ``end`` is None."""

    start: int
    end: int | None = None


Piece = Span | bytes


def splice(source: BinaryIO, target: BinaryIO, pieces: Iterable[Piece]) -> None:
    """Write the pieces to ``target``, one after the other.

    Raises:
        MalformedImage: the source ends early.
    """
    for piece in pieces:
        if isinstance(piece, bytes):
            target.write(piece)
        else:
            _copy(source, target, piece)


def _copy(source: BinaryIO, target: BinaryIO, span: Span) -> None:
    source.seek(span.start)
    left = None if span.end is None else span.end - span.start
    while left is None or left > 0:
        block = source.read(BLOCK if left is None else min(BLOCK, left))
        if not block:
            break
        target.write(block)
        left = None if left is None else left - len(block)
    if left:
        raise ends_early()


def ends_early() -> MalformedImage:
    """Build, not raise, the error for a file that is shorter than it says."""
    return MalformedImage("expected the bytes the file announces, found its end before them. Next: copy the file again")


def size_of(source: BinaryIO) -> int:
    """Size of a seekable stream in bytes; its position moves to the end."""
    return source.seek(0, os.SEEK_END)


def read_at(source: BinaryIO, start: int, n: int) -> bytes:
    """Read exactly ``n`` bytes at ``start``.

    Raises:
        MalformedImage: the source ends early.
    """
    source.seek(start)
    data = source.read(n)
    if len(data) != n:
        raise ends_early()
    return data
