"""A verified copy of somebody else's log: every entry hashed again, nothing of it believed before.

Rules
-----
1. Entries are fetched, hashed and grown onto the tree we have; only when that leads to the checkpoint's root does
   anything change here. Tiles are never fetched: they follow from the entries.
2. The log must have grown from what the mirror holds (:mod:`misyn.oversight.log.follower`); a contradiction is kept
   under ``evidence/``, and the mirror stays what it was.
3. Memory is flat: one bundle at a time, the rest on disk.

Source: C2SP tlog-tiles.

Example: see ``docs/log.md``.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from misyn import atomic
from misyn.canonical import digest
from misyn.errors import LogMisbehaved, NotProven, TooOld
from misyn.oversight.log import checkpoint, client, follower, static, tree
from misyn.oversight.log.policy import Policy
from misyn.oversight.log.tiles import WIDTH, Bundle, Tile, TileTree, bundles_of, decode_bundle, encode_bundle

INCOMING, EVIDENCE = ".incoming", "evidence"
Progress = Callable[[int, int], None]


def mirror(
    source: static.Source,
    folder: Path,
    *,
    policy: Policy,
    now: datetime,
    unsafe_without_cosignatures: bool = False,
    progress: Progress | None = None,
) -> client.Trusted:
    """Bring a mirror up to what a place serves now.

    Args:
        source: the log, or another mirror of it.
        folder: the mirror; made when absent. It can be served like the log itself.
        policy: whom to believe.
        now: the present time, with its time zone.
        unsafe_without_cosignatures: believe the log's operator alone.
        progress: called with (entries done, entries to do).

    Raises:
        NotProven: not believed; :class:`LogMisbehaved` where it contradicts what the mirror holds.
        TooOld: the place serves less than the mirror holds.
        LogUnavailable: the place does not answer, or the mirror cannot be written.
    """
    trusted = client.accept(
        static.checkpoint_of(source), policy, now=now, unsafe_without_cosignatures=unsafe_without_cosignatures
    )
    held = static.Folder(folder).read(static.CHECKPOINT)
    old = None if held is None else checkpoint.parse(held)
    with _evidence(folder):
        if old is not None:
            follower.compare(old, trusted.signed)
            _not_smaller(old, trusted.signed)
        _fetch(source, folder, old, trusted.signed, progress or (lambda _done, _all: None))
    return trusted


def _not_smaller(old: checkpoint.SignedCheckpoint, new: checkpoint.SignedCheckpoint) -> None:
    if old.checkpoint.origin != new.checkpoint.origin:
        raise NotProven("the place serves another log than the one mirrored here. Next: choose another folder")
    if new.checkpoint.size < old.checkpoint.size:
        raise TooOld(
            f"the place serves {new.checkpoint.size} entries of a log mirrored up to {old.checkpoint.size}: it is "
            "stale, or the log was rolled back. Next: ask another mirror"
        )


def _fetch(
    source: static.Source,
    folder: Path,
    old: checkpoint.SignedCheckpoint | None,
    new: checkpoint.SignedCheckpoint,
    progress: Progress,
) -> None:
    since, size = old.checkpoint.size if old else 0, new.checkpoint.size
    incoming = folder / INCOMING
    shutil.rmtree(incoming, ignore_errors=True)
    try:
        _check_entries(source, folder, incoming, (old, new), progress)
        staged = _Staged(incoming, folder)
        static.write(folder, new.to_bytes(), size=size, since=since, tile=staged.tile, entries=staged.entries)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _check_entries(
    source: static.Source,
    folder: Path,
    incoming: Path,
    between: tuple[checkpoint.SignedCheckpoint | None, checkpoint.SignedCheckpoint],
    progress: Progress,
) -> None:
    """Fetch what is new and hash it onto what is here; it must end at the new root, and have passed through the old.

    Only where it ends at the root the log signed is the log to blame for not having passed through the old one.
    """
    old, new = between
    since, size = old.checkpoint.size if old else 0, new.checkpoint.size
    start = since - since % WIDTH
    passed = b""  # the root at the size the mirror has
    frontier = tree.Frontier()
    frontier.size, frontier.peaks = start, TileTree(start, static.tile_reader(static.Folder(folder))).peaks()
    for bundle in bundles_of(size, since=start):
        entries = static.entries_of(source, bundle)
        path = incoming / bundle.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_bundle(entries))  # not synced: after a crash the mirror begins again
        for entry in entries:
            if frontier.size == since:
                passed = frontier.root()
            frontier.append(tree.leaf_hash(entry))
        progress(frontier.size - start, size - start)
    if frontier.root() != new.checkpoint.root:
        raise NotProven("the entries served are not those of the checkpoint. Next: ask another mirror")
    if old is not None and since < size and passed != old.checkpoint.root:
        raise follower.misbehaved(old, new, what=f"its first {since} entries are not those mirrored here")


class _Staged:
    """Bundles that were fetched and checked, and the tiles that follow from them."""

    def __init__(self, incoming: Path, folder: Path) -> None:
        self._incoming, self._folder = incoming, folder

    def entries(self, bundle: Bundle) -> list[bytes]:
        return decode_bundle((self._incoming / bundle.path).read_bytes(), width=bundle.width)

    def tile(self, tile: Tile) -> bytes:
        if tile.level == 0:
            return b"".join(map(tree.leaf_hash, self.entries(Bundle(tile.index, tile.width))))
        first = tile.index * WIDTH
        return b"".join(self._root_of(tile.level - 1, index) for index in range(first, first + tile.width))

    def _root_of(self, level: int, index: int) -> bytes:
        data = (self._folder / Tile(level, index, WIDTH).path).read_bytes()
        return tree.complete([data[at : at + tree.HASH] for at in range(0, len(data), tree.HASH)])


@contextmanager
def _evidence(folder: Path) -> Iterator[None]:
    """Keep the signed checkpoints of a contradiction, named by what they are."""
    try:
        yield
    except LogMisbehaved as error:
        for one in error.evidence:
            atomic.write_bytes(folder / EVIDENCE / f"{digest(one)[7:23]}.checkpoint", one)
        raise
