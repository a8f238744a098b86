"""One walk over everything a log keeps, from its entries up to what was signed, tile by tile.

Rules
-----
1. Per tile of 256: what the entries hash to, the leaf hashes that are stored, and the node above them. Where two of
   them disagree, the third (or a signed root inside the tile) decides which one changed.
2. Every signed root is compared with the tree as it was at that size.
3. Memory is flat: one tile of entries, and one tile of hashes per level.

Sources: RFC 6962 section 2.1; C2SP tlog-tiles.

Example: see :mod:`misyn.oversight.log.fsck`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from misyn.oversight.log import tree
from misyn.oversight.log.checkpoint import Checkpoint
from misyn.oversight.log.tiles import HEIGHT, WIDTH

MOST = 100  # problems told; the rest is counted
RESTORE = "restore it from a mirror or a backup that fsck finds clean"


@dataclass(frozen=True)
class Problem:
    """One thing that is not what it was: where, what, and what to do next."""

    where: str
    what: str
    next: str


@dataclass
class Report:
    """What was read, and what was wrong with it."""

    origin: str
    entries: int = 0
    checkpoints: int = 0
    root: bytes = tree.EMPTY_ROOT
    problems: list[Problem] = field(default_factory=list)
    untold: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing was wrong."""
        return not self.problems

    def add(self, where: str, what: str, *, todo: str = RESTORE) -> None:
        """Note a problem."""
        if len(self.problems) < MOST:
            self.problems.append(Problem(where, what, todo))
        else:
            self.untold += 1


class Kept(Protocol):
    """Where a log is kept: a database, or a folder of files."""

    def span(self, lo: int, hi: int) -> Sequence[tuple[bytes | None, bytes | None]]:
        """Give (entry, leaf hash) of the entries ``lo … hi-1``; None for what is not there."""

    def node(self, level: int, index: int) -> bytes | None:
        """Give a stored node above the leaves, or None."""

    def content(self, index: int, entry: bytes) -> None:
        """Look into an entry that is what was signed."""


class Walk:
    """Walks over ``size`` entries, of which the first ``noded`` have their nodes stored.

    Args:
        kept: where the log is kept.
        report: takes in what is wrong.
        size: how many entries there should be.
        noded: how many of them the stored nodes cover.
        signed: everything that was signed, smallest first.
        progress: called with (done, all).
    """

    def __init__(
        self,
        kept: Kept,
        report: Report,
        *,
        size: int,
        noded: int,
        signed: Iterator[Checkpoint],
        progress: Callable[[int, int], None],
    ) -> None:
        self._kept, self._report, self._size, self._noded = kept, report, size, noded
        self._signed, self._progress = signed, progress
        self._next = next(signed, None)
        self._frontier = tree.Frontier()  # over full tiles
        self._levels: dict[int, list[bytes]] = {}
        self._placed: dict[int, int] = {}
        self._lost_from = size + 1  # from here on entries are missing, and no root can be compared
        self._over_gap: bytes | None = None  # the stored node over a tile in which entries are missing

    def run(self) -> None:
        """Walk, and leave the report."""
        self._compare(0, [], self._due(0))
        hashes: list[bytes] = []
        for lo in range(0, self._size, WIDTH):
            hashes = self._tile(lo, min(lo + WIDTH, self._size))
            if len(hashes) == WIDTH:
                node = self._over_gap or tree.complete(hashes)
                self._place(1, node)
                self._frontier.append(node)
                hashes = []
            self._progress(min(lo + WIDTH, self._size), self._size)
        self._report.entries = self._size
        self._report.root = self._root(hashes)
        self._too_large()

    def _tile(self, lo: int, hi: int) -> list[bytes]:
        """Check one tile of entries, and give the leaf hashes to believe."""
        found = self._kept.span(lo, hi)
        of_entries = [None if entry is None else tree.leaf_hash(entry) for entry, _ in found]
        stored = [hashed if hashed is not None and len(hashed) == tree.HASH else None for _, hashed in found]
        signed = self._due(hi)
        by_stored = [other or one or bytes(tree.HASH) for one, other in zip(of_entries, stored, strict=True)]
        by_entries = [one or other or bytes(tree.HASH) for one, other in zip(of_entries, stored, strict=True)]
        believed, certain = self._judge(lo, (by_stored, by_entries), signed)
        for offset, right in enumerate(believed):
            self._blame(lo + offset, of_entries[offset], stored[offset], right if offset < certain else None)
            entry = found[offset][0]
            if entry is not None and of_entries[offset] == right:
                self._kept.content(lo + offset, entry)
        self._compare(lo, believed[: self._gap(lo, of_entries, stored)], signed)
        return believed

    def _gap(self, lo: int, of_entries: list[bytes | None], stored: list[bytes | None]) -> int:
        """Give how many leaves of the tile come before one that is missing altogether."""
        self._over_gap = None
        for offset, pair in enumerate(zip(of_entries, stored, strict=True)):
            if pair == (None, None):
                self._over_gap = self._kept.node(1, lo // WIDTH) if len(stored) == WIDTH else None
                if self._over_gap is None:
                    self._lost_from = min(self._lost_from, lo + offset + 1)
                return offset
        return len(stored)

    def _judge(
        self, lo: int, versions: tuple[list[bytes], list[bytes]], signed: list[Checkpoint]
    ) -> tuple[list[bytes], int]:
        """Give the version that the node above, or what was signed in this tile, confirms; and of how many leaves."""
        if versions[0] == versions[1]:
            return versions[0], len(versions[0])
        for one in versions:
            if len(one) == WIDTH and self._kept.node(1, lo // WIDTH) == tree.complete(one):
                return one, len(one)
        for one in versions:
            if signed and self._root(one[: signed[-1].size - lo]) == signed[-1].root:
                return one, signed[-1].size - lo
        return versions[0], 0

    def _blame(self, index: int, of_entry: bytes | None, stored: bytes | None, right: bytes | None) -> None:
        if of_entry is None:
            self._report.add(f"entry {index}", "is missing")
        elif stored is None:
            self._report.add(f"leaf hash of entry {index}", "is missing; the entry is there")
        elif of_entry != stored and right is None:
            self._report.add(f"entry {index}", "does not hash to its leaf, and no signature says which of them changed")
        elif of_entry != right and right is not None:
            self._report.add(f"entry {index}", "is not what was signed: its bytes changed")
        elif stored != right and right is not None:
            self._report.add(f"leaf hash of entry {index}", "changed; the entry is what was signed")

    def _root(self, hashes: list[bytes]) -> bytes:
        return tree.fold([*self._frontier.peaks, *tree.peaks(hashes)])

    def _due(self, size: int) -> list[Checkpoint]:
        """Take everything that was signed of at most so many entries."""
        due = []
        while self._next is not None and self._next.size <= size:
            due.append(self._next)
            self._next = next(self._signed, None)
        return due

    def _compare(self, lo: int, hashes: list[bytes], signed: list[Checkpoint]) -> None:
        for one in signed:
            known = one.size <= lo + len(hashes) and lo < self._lost_from
            if known and self._root(hashes[: one.size - lo]) != one.root:
                where = f"checkpoint of {one.size} entries"
                self._report.add(where, "was signed over another tree: the entries are not what was signed")

    def _place(self, level: int, node: bytes) -> None:
        """Compare a node with the stored one; a full tile of them makes a node of the next level."""
        index = self._placed.get(level, 0)
        self._placed[level] = index + 1
        end = (index + 1) << (HEIGHT * level)
        if end <= min(self._noded, self._lost_from) and self._kept.node(level, index) != node:
            self._report.add(f"node {level}/{index}", "is missing, or is not the hash of what is below it")
        hashes = self._levels.setdefault(level, [])
        hashes.append(node)
        if len(hashes) == WIDTH:
            self._place(level + 1, tree.complete(hashes))
            hashes.clear()

    def _too_large(self) -> None:
        while self._next is not None:
            what = f"was signed, and only {self._size} entries are there"
            self._report.add(f"checkpoint of {self._next.size} entries", what)
            self._next = next(self._signed, None)
