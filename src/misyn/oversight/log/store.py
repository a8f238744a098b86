"""The log itself: append, publish, prove, forget; and the folder it lives in.

Rules
-----
1. ``append`` returns when the entries are on disk, and not before. ``publish`` signs what was appended (after checking
   it, :mod:`misyn.oversight.log.publishing`) and brings the public folder up to it.
2. Where the folder holds a ``policy`` (C2SP tlog-policy), a checkpoint becomes public only when its witnesses have
   cosigned as the policy asks.
3. ``forget`` logs the removal first, then destroys what opens the entry. The entry and every proof remain.
4. Every proof is verified before it is handed out.

The folder: ``log.json`` (name, keys, database), ``log-1.key`` (private), ``log.sqlite3`` (unless PostgreSQL keeps it),
``public/`` (what a web server hosts), and ``policy`` where there is one.

Example:
    >>> import tempfile
    >>> from misyn.canonical import digest
    >>> from misyn.oversight.log import entries
    >>> with tempfile.TemporaryDirectory() as place, Log.create(Path(place), origin="example.org/log") as log:
    ...     receipt, = log.append([entries.commit("plan", digest(b"our plan"))])
    ...     published = log.publish()
    ...     log.prove(receipt.index).verify(receipt.entry.to_bytes())
    >>> published.checkpoint.size
    1
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from misyn.errors import LogBroken, LogUnavailable, NotProven, UsageError
from misyn.oversight.log import bulk, checkpoint, cosigning, notes, policy, publishing, sqlite, static, tree
from misyn.oversight.log.database import Database, Leaf
from misyn.oversight.log.entries import Entry, Opening, closed, commit, parse_opening
from misyn.oversight.log.proofs import Proof
from misyn.oversight.log.settings import Settings
from misyn.oversight.log.tiles import TileTree

if TYPE_CHECKING:
    from misyn.oversight.log.witness import Cosigner

DATABASE, PUBLIC, POLICY = "log.sqlite3", "public", "policy"


@dataclass(frozen=True)
class Receipt:
    """That an entry was taken in, and where; ``opening`` is for whoever submitted it."""

    index: int
    entry: Entry
    opening: Opening


class Log:
    """A log of our own, in a folder."""

    def __init__(self, folder: Path, settings: Settings, *, database: Database) -> None:
        self.folder, self.settings, self.database = folder, settings, database
        self._kept = publishing.StoredTiles(database)

    @classmethod
    def create(cls, folder: Path, *, origin: str, address: str | None = None) -> Self:
        """Make a log with its key; its first checkpoint, of no entries, is public when this returns.

        Args:
            folder: made when absent.
            origin: the log's name, best an address without ``https://`` that its operator owns.
            address: a PostgreSQL database (``postgresql://…``, without a password); None for SQLite in the folder.

        Raises:
            UsageError: a log is there already, or the name cannot be a log's.
        """
        if not notes.valid_name(origin) or len(origin) > 200:
            raise UsageError("expected a log's name without spaces and plus signs, such as example.org/log")
        settings = Settings.new(folder, origin=origin, address=address)
        with _database(folder, settings) as database:
            database.create(origin)
        settings.save(folder)
        log = cls.open(folder)
        try:
            log.publish()
        except BaseException:
            log.close()
            raise
        return log

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the log of a folder.

        Raises:
            InputError: there is none.
            LogBroken: the database is another log's.
        """
        settings = Settings.load(folder)
        database = _database(folder, settings)
        try:
            _check_origin(database, settings)
        except BaseException:
            database.close()
            raise
        return cls(folder, settings, database=database)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.settings.origin

    @property
    def keys(self) -> tuple[notes.NoteKey, ...]:
        """The public keys that have ever signed, oldest first; the last is the current one."""
        return tuple(one.key for one in self.settings.keys)

    @property
    def policy(self) -> policy.Policy | None:
        """What has to be cosigned before a checkpoint is public, or None."""
        path = self.folder / POLICY
        return policy.load(path) if path.is_file() else None

    @property
    def public(self) -> static.Folder:
        """The files a web server hosts."""
        return static.Folder(self.folder / PUBLIC)

    # --- appending and publishing ---

    def append(self, items: Sequence[tuple[Entry, Opening]]) -> tuple[Receipt, ...]:
        """Take entries in, all or none; once this returns they are on disk.

        Raises:
            LogUnavailable: they could not be written; nothing was acknowledged.
        """
        leaves = []
        for entry, opening in items:
            data = entry.to_bytes()
            leaves.append(Leaf(data, tree.leaf_hash(data), opening.to_bytes(entry)))
        first = self.database.append(leaves)
        return tuple(Receipt(first + n, entry, opening) for n, (entry, opening) in enumerate(items))

    def append_contents(self, kind: str, contents: Sequence[str]) -> range:
        """Take in many contents of one kind by their digests, all or none; once this returns they are on disk.

        Says the same as :meth:`append` of one :func:`misyn.oversight.log.entries.commit` each, in half the time; what
        opens them is in their proofs.

        Args:
            kind: one of :data:`misyn.oversight.log.entries.KINDS`, and no removal, which is about an entry.
            contents: ``sha256:…`` of each content.

        Returns:
            Their indexes, in the same order.

        Raises:
            UsageError: an unknown kind, or what should be a digest is none.
            LogUnavailable: they could not be written; nothing was acknowledged.
        """
        first = self.database.append_columns(bulk.leaves(kind, contents))
        return range(first, first + len(contents))

    def publish(self, *, witnesses: Iterable[Cosigner] = ()) -> checkpoint.SignedCheckpoint:
        """Sign what was appended, ask witnesses, and bring the public folder up to it.

        Returns:
            The latest checkpoint with its cosignatures; it is public unless a policy is not met yet.

        Raises:
            LogBroken: what is stored contradicts itself or its past; nothing was signed.
            LogUnavailable: the public folder could not be written.
        """
        with self._publishing() as since:
            latest = publishing.sign_next(self.database, origin=self.origin, signers=self._signers(), known=self.keys)
            for witness in witnesses:
                self._keep(latest, cosigning.ask(witness, latest, hashes=self._tree(latest.checkpoint.size)))
            return self._export(latest, since)

    def attach(self, answer: bytes, *, keys: Sequence[notes.Verifier]) -> checkpoint.SignedCheckpoint:
        """Take in the signature lines a witness gave for the latest checkpoint, and publish it if that suffices.

        Raises:
            NotProven: no line verifies under one of ``keys``.
        """
        with self._publishing() as since:
            latest = self.latest()
            self._keep(latest, cosigning.read(answer, latest, keys=keys))
            return self._export(latest, since)

    def restore_public(self) -> checkpoint.SignedCheckpoint:
        """Write every public file again, from what is stored, once that is shown to be what was signed.

        Raises:
            LogBroken: it is not; the public files are untouched, and may be the copy to restore from.
        """
        with self._publishing():
            latest = self.latest()
            publishing.check_stored(self.database, latest.checkpoint)
            return self._export(latest, 0)

    @contextlib.contextmanager
    def _publishing(self) -> Iterator[int]:
        """Be the only one who publishes; give the size that is public, compared with what is stored."""
        with self.database.exclusive("publish"):
            yield publishing.check_public(self.database, self.public.read(static.CHECKPOINT), known=self.keys)

    def _signers(self) -> list[notes.NoteSigner]:
        return [one.signer(self.folder) for one in self.settings.keys if one.active]

    def _export(self, latest: checkpoint.SignedCheckpoint, since: int) -> checkpoint.SignedCheckpoint:
        whole = self._with_cosignatures(latest)
        wanted = self.policy
        if wanted is not None and wanted.reached(wanted.times(whole.note)) is None:
            return whole
        kept, size = self._kept, latest.checkpoint.size
        folder = self.folder / PUBLIC
        static.write(folder, whole.to_bytes(), size=size, since=since, tile=kept.tile, entries=kept.entries)
        return whole

    def _with_cosignatures(self, signed: checkpoint.SignedCheckpoint) -> checkpoint.SignedCheckpoint:
        lines = "".join(self.database.cosignatures(signed.checkpoint.size))
        more = notes.parse_signatures(lines) if lines else ()
        return replace(signed, note=signed.note.with_signatures(more))

    # --- witnesses ---

    def request(self, old: int) -> bytes:
        """Write what a witness that knows ``old`` entries needs to cosign the latest checkpoint (add-checkpoint)."""
        latest = self.latest()
        return cosigning.request(latest, self._tree(latest.checkpoint.size), old=old)

    def _keep(self, latest: checkpoint.SignedCheckpoint, good: Sequence[notes.Signature]) -> None:
        rows = [(one.name, one.key_id, one.line) for one in good]
        self.database.add_cosignatures(latest.checkpoint.size, rows)

    # --- reading ---

    def latest(self) -> checkpoint.SignedCheckpoint:
        """Give the latest checkpoint signed, public or not, without cosignatures."""
        found = publishing.last_signed(self.database, self.keys)
        if found is None:
            raise LogUnavailable("this log has signed nothing yet. Next: publish it")
        return found

    def published(self) -> checkpoint.SignedCheckpoint:
        """Give the checkpoint that is public now."""
        signed = checkpoint.parse(static.checkpoint_of(self.public))
        checkpoint.by_log(signed, self.keys)
        return signed

    def entry(self, index: int) -> Entry:
        """Give a published or pending entry."""
        return Entry.from_bytes(self._leaf(index).entry)

    def opening(self, index: int) -> Opening | None:
        """Give what opens an entry, or None once it is forgotten."""
        found = self._leaf(index).opening
        return None if found is None else parse_opening(found)[1]

    def prove(self, index: int, *, opened: bool = True) -> Proof:
        """Prove an entry in the public checkpoint.

        Args:
            index: the entry.
            opened: carry the opening, so that whoever holds the content can check it; leave it out to show only that
                the entry exists.

        Raises:
            UsageError: the entry is not published.
            LogBroken: the proof made from what is stored does not hold.
        """
        signed = self.published()
        size = signed.checkpoint.size
        if not 0 <= index < size:
            raise UsageError(f"expected the index of one of {size} published entries, found {index}")
        leaf = self._leaf(index)
        path = tree.inclusion_path(index, size, mth=self._tree(size).mth)
        extra = leaf.opening if opened and leaf.opening is not None else closed(leaf.entry)
        proof = Proof(index, tuple(path), signed, extra)
        try:
            proof.verify(leaf.entry)
        except NotProven as error:
            raise LogBroken(f"the stored log does not prove entry {index} any more. Next: misyn log fsck") from error
        return proof

    def _leaf(self, index: int) -> Leaf:
        size = self.database.size()
        if not 0 <= index < size:
            raise UsageError(f"expected the index of one of {size} entries, found {index}")
        return self.database.leaf(index)

    def _tree(self, size: int) -> TileTree:
        return TileTree(size, self._kept.tile)

    # --- forgetting, and a change of keys ---

    def forget(self, index: int, *, reason: str) -> Receipt:
        """Log that an entry's opening is removed, then destroy it; the entry itself and its proofs remain.

        Args:
            index: the entry.
            reason: ``sha256:…`` of the text that says why; it is committed to like everything else.

        Returns:
            The receipt of the removal's own entry.
        """
        self._leaf(index)
        (receipt,) = self.append([commit("removal", reason, about=index)])
        self.database.destroy_opening(index)
        return receipt

    def sign_again(self) -> checkpoint.SignedCheckpoint:
        """Sign the latest checkpoint with the keys that are active now, and publish it."""
        with self._publishing() as since:
            latest = self.latest()
            text = latest.note.text
            note = notes.Note(text, tuple(signer.sign(text) for signer in self._signers()))
            self.database.replace_note(latest.checkpoint.size, note.to_bytes())
            return self._export(replace(latest, note=note), since)


def _database(folder: Path, settings: Settings) -> Database:
    if settings.address is None:
        return sqlite.connect(folder / DATABASE)
    from misyn.oversight.log import postgres  # noqa: PLC0415 - an extra

    return postgres.connect(settings.address)


def _check_origin(database: Database, settings: Settings) -> None:
    if database.origin() != settings.origin:
        raise LogBroken("the database is not the one of this folder's log. Next: check log.json")
