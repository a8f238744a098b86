"""C2SP tlog-tiles: the tree as tiles of up to 256 hashes, the entries as bundles, each with its path.

Rules
-----
1. A tile at level L holds the roots of complete subtrees of 256**L entries; a full one has 256 hashes, 8,192 bytes.
2. For a tree of size s, level L has floor(s / 256**L) hashes; the last tile is partial when 256 does not divide that.
   Empty tiles do not exist.
3. A tile that is read has exactly the bytes its size asks for; which hashes they are is proven by the root above them.

Source: C2SP tlog-tiles (Merkle Tree, Partial Tiles, Log entries).

Example:
    >>> Tile(0, 1234067, 256).path, Tile(2, 0, 1).path
    ('tile/0/x001/x234/067', 'tile/2/000.p/1')
    >>> [(one.level, one.width) for one in tiles_of(300)]
    [(0, 256), (0, 44), (1, 1)]
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from misyn.errors import MalformedLogData, UsageError
from misyn.oversight.log.tree import EMPTY_ROOT, HASH, complete, node_hash, split

HEIGHT = 8
WIDTH = 1 << HEIGHT  # hashes in a full tile, entries in a full bundle
MOST_ENTRY = 2**16 - 1  # bytes; a bundle spells lengths in two
REMEMBERED = 64  # tiles one tree of tiles keeps in memory


@dataclass(frozen=True)
class Tile:
    """``width`` hashes at ``level``, beginning with hash ``index * 256``."""

    level: int
    index: int
    width: int

    @property
    def path(self) -> str:
        """Where it is served, relative to the log's prefix."""
        return f"tile/{self.level}/{_number(self.index)}{_suffix(self.width)}"

    @property
    def full_path(self) -> str:
        """Where the full tile is served that this one becomes."""
        return f"tile/{self.level}/{_number(self.index)}"


@dataclass(frozen=True)
class Bundle:
    """``width`` entries, beginning with entry ``index * 256``."""

    index: int
    width: int

    @property
    def path(self) -> str:
        """Where it is served, relative to the log's prefix."""
        return f"tile/entries/{_number(self.index)}{_suffix(self.width)}"

    @property
    def full_path(self) -> str:
        """Where the full bundle is served that this one becomes."""
        return f"tile/entries/{_number(self.index)}"


def _number(index: int) -> str:
    parts = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        parts.append(f"x{index % 1000:03d}")
    return "/".join(reversed(parts))


def _suffix(width: int) -> str:
    return "" if width == WIDTH else f".p/{width}"


def bundles_of(size: int, *, since: int = 0) -> Iterator[Bundle]:
    """List the bundles a log of ``size`` entries serves and a log of ``since`` entries did not."""
    for index in range(since // WIDTH, -(-size // WIDTH)):
        width = min(WIDTH, size - index * WIDTH)
        if index * WIDTH + width > since:
            yield Bundle(index, width)


def tiles_of(size: int, *, since: int = 0) -> Iterator[Tile]:
    """List the tiles a log of ``size`` entries serves and a log of ``since`` entries did not."""
    level = 0
    while size:
        yield from (Tile(level, one.index, one.width) for one in bundles_of(size, since=since))
        level, size, since = level + 1, size // WIDTH, since // WIDTH


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Write entries one after another, each with its length in two bytes, big endian.

    Raises:
        UsageError: an entry is longer than 65,535 bytes.
    """
    for entry in entries:
        if len(entry) > MOST_ENTRY:
            raise UsageError(f"expected an entry of at most {MOST_ENTRY} bytes, found {len(entry)}")
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def decode_bundle(data: bytes, *, width: int) -> list[bytes]:
    """Read exactly ``width`` entries.

    Raises:
        MalformedLogData: more, fewer, or cut off.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data) and len(entries) <= width:
        length = int.from_bytes(data[at : at + 2], "big")
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(data) or len(entries) != width:
        raise MalformedLogData(f"expected a bundle of {width} whole entries, found another number or a torn one")
    return entries


class TileTree:
    """The hash of any range of a log, from its tiles: what proofs are made of.

    Args:
        size: entries in the tree.
        read: gives a tile's hashes, one after another.
    """

    def __init__(self, size: int, read: Callable[[Tile], bytes]) -> None:
        self.size = size
        self._read = read
        self._kept: dict[tuple[int, int], bytes] = {}

    def root(self) -> bytes:
        """Hash the whole log."""
        return self.mth(0, self.size)

    def mth(self, lo: int, hi: int) -> bytes:
        """Hash the entries ``lo … hi-1``, a range that begins where a complete subtree of its size would."""
        count = hi - lo
        if count == 0:
            return EMPTY_ROOT
        if count & (count - 1) == 0:
            return self._complete(lo, count.bit_length() - 1)
        middle = lo + split(count)
        return node_hash(self.mth(lo, middle), self.mth(middle, hi))

    def earlier(self, size: int) -> TileTree:
        """Give the tree as these tiles have it at a smaller size."""
        return TileTree(size, lambda tile: self._tile(tile.level, tile.index)[: tile.width * HASH])

    def peaks(self) -> list[bytes]:
        """Give the roots of the largest complete subtrees, from left to right; :func:`tree.fold` makes the root."""
        found, lo = [], 0
        for height in range(self.size.bit_length() - 1, -1, -1):
            if self.size >> height & 1:
                found.append(self._complete(lo, height))
                lo += 1 << height
        return found

    def _complete(self, lo: int, height: int) -> bytes:
        level, above = divmod(height, HEIGHT)
        first = lo >> (HEIGHT * level)
        index, start = divmod(first, WIDTH)
        hashes = self._tile(level, index)[start * HASH : (start + (1 << above)) * HASH]
        return complete([hashes[at : at + HASH] for at in range(0, len(hashes), HASH)])

    def _tile(self, level: int, index: int) -> bytes:
        if (level, index) not in self._kept:
            width = min(WIDTH, (self.size >> (HEIGHT * level)) - index * WIDTH)
            data = self._read(Tile(level, index, width))
            if len(data) != width * HASH:
                raise MalformedLogData(f"expected {width} hashes in tile {level}/{index}, found {len(data)} bytes")
            if len(self._kept) >= REMEMBERED:
                del self._kept[next(iter(self._kept))]
            self._kept[level, index] = data
        return self._kept[level, index]
