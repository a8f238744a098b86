"""The Merkle tree of RFC 6962: its hashes, and proofs of inclusion and of consistency.

Rules
-----
1. A leaf is ``SHA-256(0x00 ‖ entry)``, a node ``SHA-256(0x01 ‖ left ‖ right)``, the empty tree ``SHA-256("")``.
2. Verifying returns nothing or raises :class:`~misyn.errors.NotProven`; there is no third answer.
3. A proof has exactly as many hashes as its sizes ask for, each of 32 bytes. An empty tree proves nothing.
4. Proofs are made from a function ``mth(lo, hi)``, the hash of the entries ``lo … hi-1``; where it gets them (a list,
   a database, tiles of a stranger) is not this module's business.

Sources: RFC 6962 section 2.1 (hashes, how proofs are made), RFC 9162 sections 2.1.3.2 and 2.1.4.2 (how verified).

Example:
    >>> leaves = [leaf_hash(bytes([i])) for i in range(5)]
    >>> mth = lambda lo, hi: root(leaves[lo:hi])
    >>> verify_inclusion(leaves[3], index=3, size=5, path=inclusion_path(3, 5, mth=mth), root=root(leaves))
    >>> path = consistency_path(2, 5, mth=mth)
    >>> verify_consistency(2, 5, path=path, old_root=root(leaves[:2]), new_root=root(leaves))
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from hashlib import sha256

from misyn.errors import NotProven, UsageError

HASH = 32  # bytes of a SHA-256
EMPTY_ROOT = sha256(b"").digest()
LEAF = b"\x00"  # what a leaf is hashed with, so that no leaf is a node

RangeHash = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry (RFC 6962 section 2.1)."""
    return sha256(LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent."""
    return sha256(b"\x01" + left + right).digest()


def peaks(hashes: Sequence[bytes]) -> list[bytes]:
    """Hash leaves into the roots of the largest complete subtrees, from left to right.

    Example:
        >>> [len(peaks([b"x" * 32] * n)) for n in (1, 2, 3, 7, 8)]
        [1, 1, 2, 3, 1]
    """
    frontier = Frontier()
    for one in hashes:
        frontier.append(one)
    return frontier.peaks


def fold(peaks: Sequence[bytes]) -> bytes:
    """Hash the peaks of a tree into its root."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for left in reversed(peaks[:-1]):
        root = node_hash(left, root)
    return root


def root(hashes: Sequence[bytes]) -> bytes:
    """Hash leaf hashes into the root of their tree."""
    return fold(peaks(hashes))


def complete(hashes: Sequence[bytes]) -> bytes:
    """Hash a power of two of subtrees of one height into their root; faster than :func:`root`.

    Example:
        >>> four = [bytes([n]) * 32 for n in range(4)]
        >>> complete(four) == root(four)
        True
    """
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return hashes[0]


class Frontier:
    """The right edge of a growing tree: constant memory, the root at any moment.

    Example:
        >>> frontier = Frontier()
        >>> frontier.root() == EMPTY_ROOT
        True
        >>> frontier.append(leaf_hash(b"a"))
        >>> frontier.size, frontier.root() == leaf_hash(b"a")
        (1, True)
    """

    __slots__ = ("peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Take in the next leaf hash (or the root of the next complete subtree of one fixed height)."""
        self.peaks.append(leaf)
        whole = self.size
        while whole & 1:
            right = self.peaks.pop()
            self.peaks[-1] = node_hash(self.peaks[-1], right)
            whole >>= 1
        self.size += 1

    def root(self) -> bytes:
        """Hash what was taken in so far."""
        return fold(self.peaks)


def split(count: int) -> int:
    """Give the size of the left subtree: the largest power of two below ``count`` (> 1)."""
    return 1 << ((count - 1).bit_length() - 1)


def inclusion_path(index: int, size: int, *, mth: RangeHash) -> list[bytes]:
    """Prove that entry ``index`` is in the tree of ``size`` entries (RFC 6962 section 2.1.1).

    Raises:
        UsageError: there is no such entry.
    """
    if not 0 <= index < size:
        raise UsageError(f"expected the index of one of {size} entries, found {index}")
    lo, hi, path = 0, size, []
    while hi - lo > 1:
        middle = lo + split(hi - lo)
        if index < middle:
            path.append(mth(middle, hi))
            hi = middle
        else:
            path.append(mth(lo, middle))
            lo = middle
    return path[::-1]


def consistency_path(old: int, new: int, *, mth: RangeHash) -> list[bytes]:
    """Prove that the tree of ``new`` entries begins with the tree of ``old`` entries (RFC 6962 section 2.1.2).

    Raises:
        UsageError: ``old`` is not between 1 and ``new``.
    """
    if not 0 < old <= new:
        raise UsageError(f"expected an earlier size between 1 and {new}, found {old}")
    lo, hi, path = 0, new, []
    while old != hi:
        middle = lo + split(hi - lo)
        if old <= middle:
            path.append(mth(middle, hi))
            hi = middle
        else:
            path.append(mth(lo, middle))
            lo = middle
    if lo:
        path.append(mth(lo, hi))
    return path[::-1]


def verify_inclusion(leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Accept that the leaf with this hash is entry ``index`` of the tree with this root (RFC 9162 section 2.1.3.2).

    Raises:
        NotProven: it is not shown to be.
    """
    if not 0 <= index < size or len(leaf) != HASH:
        raise NotProven(f"expected one of {size} entries and its 32-byte hash, found index {index}, {len(leaf)} bytes")
    walk = _Walk(index, size - 1, what="inclusion")
    for sibling in path:
        leaf = node_hash(sibling, leaf) if walk.step(sibling) else node_hash(leaf, sibling)
    walk.finish(leaf, root)


def verify_consistency(old: int, new: int, *, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Accept that the tree of ``new`` entries begins with the tree of ``old`` entries (RFC 9162 section 2.1.4.2).

    Raises:
        NotProven: it is not shown to. An earlier size of zero is never accepted: an empty tree promises nothing.
    """
    if not 0 < old <= new:
        raise NotProven(f"consistency: expected an earlier size between 1 and {new}, found {old}")
    if old == new:
        if path or not hmac.compare_digest(old_root, new_root):
            raise NotProven(f"consistency: one size ({old}), and not the same root and an empty proof")
        return
    hashes = list(path) if old & (old - 1) else [old_root, *path]
    if not hashes or not path:
        raise NotProven(f"consistency: an empty proof from {old} to {new} entries")
    walk = _Walk(old - 1, new - 1, what="consistency")
    walk.skip_complete()
    walk.check(hashes[0])
    before = after = hashes[0]
    for sibling in hashes[1:]:
        if walk.step(sibling):
            before, after = node_hash(sibling, before), node_hash(sibling, after)
        else:
            after = node_hash(after, sibling)
    if not hmac.compare_digest(before, old_root):
        raise NotProven(f"consistency: the proof does not lead to the root of the earlier {old} entries")
    walk.finish(after, new_root)


class _Walk:
    """The way from a leaf to the root: ``at`` is where we are, ``last`` the rightmost place of this level."""

    def __init__(self, at: int, last: int, *, what: str) -> None:
        self.at, self.last, self.what = at, last, what

    def skip_complete(self) -> None:
        """Start above the largest subtree that both trees hold whole."""
        while self.at & 1:
            self._up()

    def check(self, sibling: bytes) -> None:
        if len(sibling) != HASH:
            raise NotProven(f"{self.what}: expected hashes of {HASH} bytes, found one of {len(sibling)}")

    def step(self, sibling: bytes) -> bool:
        """Go one level up; say whether the sibling is on the left."""
        self.check(sibling)
        if self.last == 0:
            raise NotProven(f"{self.what}: the proof is longer than its sizes ask for")
        left = bool(self.at & 1) or self.at == self.last
        if left:
            while self.at and not self.at & 1:
                self._up()
        self._up()
        return left

    def finish(self, found: bytes, expected: bytes) -> None:
        if self.last:
            raise NotProven(f"{self.what}: the proof is shorter than its sizes ask for")
        if not hmac.compare_digest(found, expected):
            raise NotProven(f"{self.what}: the proof does not lead to the expected root")

    def _up(self) -> None:
        self.at >>= 1
        self.last >>= 1
