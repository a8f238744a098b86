"""Signing: the one moment at which a log can lie, and everything that is checked before.

Rules
-----
1. Before a checkpoint is signed: every new entry hashes to its leaf; the tree grown from them begins, provably, with
   the tree that was signed before; and what is public is no further than, and no different from, what is stored.
   A flipped bit, a lost row, a database restored from an old backup: nothing is signed, and the error says why.
2. A signature is verified before it is stored, and stored before it leaves.
3. One process publishes at a time; others append meanwhile.

Sources: RFC 6962 section 2.1; C2SP tlog-checkpoint ("a log MUST not sign any checkpoint which is inconsistent").

Example: see :mod:`misyn.oversight.log.store`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from misyn.errors import LogBroken, MalformedLogData, NotProven
from misyn.oversight.log import checkpoint, notes, tree
from misyn.oversight.log.database import Database
from misyn.oversight.log.tiles import HEIGHT, WIDTH, Bundle, Tile, TileTree

NEXT = "Nothing was signed. Next: misyn log fsck"


class Growth:
    """The tree of ``size`` entries, grown from the stored tree of ``since``; ``nodes`` is what it adds.

    Raises:
        LogBroken: an entry is missing, or is not what was hashed when it was appended.
    """

    def __init__(self, database: Database, *, since: int, size: int) -> None:
        if size < since:
            raise LogBroken(f"{since} entries were signed, and the database has only {size}. {NEXT}")
        self._database, self._since, self.size = database, since, size
        self._fresh: dict[int, list[bytes]] = {1: list(self._leaf_tiles())}
        level = 1
        while size >> (HEIGHT * (level + 1)):
            self._fresh[level + 1] = list(self._tiles_above(level))
            level += 1

    @property
    def nodes(self) -> Iterator[tuple[int, int, bytes]]:
        """Give (level, index, hash) of the nodes to store."""
        for level, hashes in self._fresh.items():
            for index, one in enumerate(hashes, start=self._since >> (HEIGHT * level)):
                yield level, index, one

    def read(self, tile: Tile) -> bytes:
        """Give a tile's hashes, stored or fresh."""
        lo = tile.index * WIDTH
        hi = lo + tile.width
        if tile.level == 0:
            return b"".join(self._database.hashes(0, lo, hi))
        stored = min(hi, self._since >> (HEIGHT * tile.level))
        old = self._database.hashes(tile.level, lo, stored) if lo < stored else []
        base = self._since >> (HEIGHT * tile.level)
        return b"".join([*old, *self._fresh.get(tile.level, [])[max(lo, base) - base : max(hi - base, 0)]])

    def _leaf_tiles(self) -> Iterator[bytes]:
        """Check the entries since the last full tile, and give the root of every tile that is now full."""
        for lo in range(self._since - self._since % WIDTH, self.size, WIDTH):
            hashes = self._checked(lo, min(lo + WIDTH, self.size))
            if len(hashes) == WIDTH:
                yield tree.complete(hashes)

    def _checked(self, lo: int, hi: int) -> list[bytes]:
        hashes: list[bytes] = []
        for index, leaf in self._database.leaves(lo, hi):
            if index != lo + len(hashes) or tree.leaf_hash(leaf.entry) != leaf.hash:
                break
            hashes.append(leaf.hash)
        if len(hashes) != hi - lo:
            raise LogBroken(f"entry {lo + len(hashes)} is missing, or is not what was appended. {NEXT}")
        return hashes

    def _tiles_above(self, level: int) -> Iterator[bytes]:
        for index in range(self._since >> (HEIGHT * (level + 1)), self.size >> (HEIGHT * (level + 1))):
            data = self.read(Tile(level, index, WIDTH))
            yield tree.complete([data[at : at + tree.HASH] for at in range(0, len(data), tree.HASH)])


def sign_next(
    database: Database, *, origin: str, signers: Sequence[notes.NoteSigner], known: Sequence[notes.NoteKey]
) -> checkpoint.SignedCheckpoint:
    """Sign the log as it is now, if it grew since it was last signed; give the latest checkpoint.

    Args:
        database: where the log is kept; the caller holds its lock for publishing.
        origin: the log's name.
        signers: the keys that sign now.
        known: the public keys that have ever signed.

    Raises:
        LogBroken: what is stored contradicts itself or what was signed before.
    """
    last = last_signed(database, known)
    since = last.checkpoint.size if last else 0
    size = database.size()
    if last and size == since:
        return last
    growth = Growth(database, since=since, size=size)
    grown = TileTree(size, growth.read)
    now = checkpoint.Checkpoint(origin, size, grown.root())
    if last and since:
        _check_growth(last.checkpoint, now, grown)
    note = notes.Note(now.text, tuple(signer.sign(now.text) for signer in signers))
    database.add_checkpoint(size, note.to_bytes(), nodes=growth.nodes)
    return checkpoint.SignedCheckpoint(now, note)


def _check_growth(old: checkpoint.Checkpoint, new: checkpoint.Checkpoint, grown: TileTree) -> None:
    path = tree.consistency_path(old.size, new.size, mth=grown.mth)
    try:
        tree.verify_consistency(old.size, new.size, path=path, old_root=old.root, new_root=new.root)
    except NotProven as error:
        raise LogBroken(
            f"the stored tree of {new.size} entries does not begin with the {old.size} signed before. {NEXT}"
        ) from error


def check_stored(database: Database, signed: checkpoint.Checkpoint) -> None:
    """Hash every stored entry again, and accept that they are what was signed.

    Raises:
        LogBroken: they are not.
    """
    growth = Growth(database, since=0, size=signed.size)
    if TileTree(signed.size, growth.read).root() != signed.root:
        raise LogBroken(f"the {signed.size} entries in the database are not what was signed. Next: misyn log fsck")


def last_signed(database: Database, known: Sequence[notes.NoteKey]) -> checkpoint.SignedCheckpoint | None:
    """Give the latest stored checkpoint, its signature verified, or None before the first."""
    found = database.latest()
    return None if found is None else stored(found, known)


def stored(found: tuple[int, bytes], known: Sequence[notes.NoteKey]) -> checkpoint.SignedCheckpoint:
    """Read a checkpoint that the database gave, and verify that the log has signed it.

    Raises:
        LogBroken: it is not what was signed.
    """
    size, data = found
    try:
        signed = checkpoint.parse(data)
        checkpoint.by_log(signed, known)
    except (NotProven, MalformedLogData) as error:
        raise LogBroken(f"the stored checkpoint of {size} entries is not what was signed ({error}). {NEXT}") from error
    if signed.checkpoint.size != size:
        raise LogBroken(f"the checkpoint stored as that of {size} entries is another's. {NEXT}")
    return signed


def check_public(database: Database, public: bytes | None, *, known: Sequence[notes.NoteKey]) -> int:
    """Compare what is public with what is stored, and give the public size (0 where nothing is public).

    Raises:
        LogBroken: the public log is ahead of the stored one, or another: the database is not the one that signed it.
    """
    if public is None:
        return 0
    try:
        signed = checkpoint.parse(public)
        checkpoint.by_log(signed, known)
    except (NotProven, MalformedLogData) as error:
        raise LogBroken(f"the public checkpoint is not one this log has signed ({error}). {NEXT}") from error
    size = signed.checkpoint.size
    found = database.latest(most=size)
    if found is None or stored(found, known).checkpoint != signed.checkpoint:
        raise LogBroken(
            f"the public log has {size} entries that the database does not have: it may have been restored from an "
            "older copy. Nothing was signed, for that would be a fork. Next: restore the newest copy, or a mirror's"
        )
    return size


class StoredTiles:
    """Tiles and bundles, from the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tile(self, tile: Tile) -> bytes:
        """Give a tile's hashes."""
        lo = tile.index * WIDTH
        return b"".join(self._database.hashes(tile.level, lo, lo + tile.width))

    def entries(self, bundle: Bundle) -> list[bytes]:
        """Give a bundle's entries."""
        lo = bundle.index * WIDTH
        return [leaf.entry for _, leaf in self._database.leaves(lo, lo + bundle.width)]
