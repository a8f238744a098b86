"""What a log keeps: leaves, nodes, signed checkpoints and cosignatures; SQLite and PostgreSQL are its two dialects.

Rules
-----
1. A transaction that returns is on disk; each dialect says how it makes sure. Nothing is acknowledged before.
2. The number of entries is stored beside the entries: a row lost at the end is noticed, not shortened away.
3. Writers of several processes take turns by the database's own lock; :meth:`Database.exclusive` is for what takes
   longer than a transaction, such as publishing.
4. Every failure leaves as :class:`~misyn.errors.LogUnavailable` or :class:`~misyn.errors.LogBroken`.
5. What a damaged database gives back is not trusted to have its type: what should be bytes and is not, is empty bytes.

Example:
    >>> import tempfile
    >>> from pathlib import Path
    >>> from misyn.oversight.log import sqlite
    >>> with tempfile.TemporaryDirectory() as folder, sqlite.connect(Path(folder) / "log.sqlite3") as database:
    ...     database.create("example.org/log")
    ...     database.append([Leaf(b"entry", b"h" * 32, b"opening")]), database.size()
    (0, 1)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from misyn.errors import LogBroken, MisynError
from misyn.oversight.log.lines import LARGEST
from misyn.oversight.log.tiles import WIDTH
from misyn.oversight.log.tree import HASH

VERSION = "1"
CHUNK = WIDTH * 16  # rows held in memory while reading many
PATIENCE = 60.0  # seconds a writer waits for its turn
PAGE = 1000  # checkpoints held in memory while reading all

TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), size BIGINT NOT NULL)",
    "CREATE TABLE leaf (idx {key}, entry {bytes} NOT NULL, hash {bytes} NOT NULL, opening {bytes})",
    "CREATE TABLE node (level INTEGER, idx BIGINT, hash {bytes} NOT NULL, PRIMARY KEY (level, idx))",
    "CREATE TABLE checkpoint (size BIGINT PRIMARY KEY, note {bytes} NOT NULL)",
    "CREATE TABLE cosignature (size BIGINT, name TEXT, key_id BIGINT, line TEXT NOT NULL, "
    "PRIMARY KEY (size, name, key_id))",
)


class Leaf(NamedTuple):
    """One entry as it is kept: public bytes, their leaf hash, and the private opening (None once destroyed)."""

    entry: bytes
    hash: bytes
    opening: bytes | None


class Columns(NamedTuple):
    """Many leaves, column by column: what a batch is made and written as."""

    entries: Sequence[bytes]
    hashes: Sequence[bytes]
    openings: Sequence[bytes | None]


class Dialect(Protocol):
    """What differs between SQLite and PostgreSQL."""

    key: str
    bytes: str
    mark: str
    begin: str
    lock_state: str
    errors: tuple[type[Exception], ...]

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:  # noqa: ANN401 - each driver has its own cursor
        """Run one statement; its rows can be iterated over."""

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for many rows."""

    def exclusive(self, what: str) -> contextlib.AbstractContextManager[None]:
        """Let one process at a time, on any machine that shares the database, do this."""

    def integrity(self) -> list[str]:
        """Give the database's own complaints about itself."""

    def scrub(self) -> None:
        """Make what was deleted unreadable, as far as the database can."""

    def explain(self, error: Exception) -> MisynError:
        """Say in our words what the driver's error means."""

    def close(self) -> None:
        """Let go of the database."""


class Database:
    """The tables of a log, in one of the dialects."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._dialect.close()

    def create(self, origin: str) -> None:
        """Make the tables of a new log.

        Raises:
            UsageError: the database holds a log already.
        """
        with self._transaction():
            for table in TABLES:
                self._run(table.format(key=self._dialect.key, bytes=self._dialect.bytes))
            self._run("INSERT INTO meta (name, value) VALUES (?, ?)", ("origin", origin))
            self._run("INSERT INTO meta (name, value) VALUES (?, ?)", ("version", VERSION))
            self._run("INSERT INTO state (one, size) VALUES (1, 0)")

    def origin(self) -> str:
        """Give the name of the log that is kept here, and refuse a layout of another version."""
        found = dict(self._rows("SELECT name, value FROM meta"))
        if found.get("version") != VERSION:
            raise LogBroken(f"expected a log's database of version {VERSION}, found another. Next: update misyn")
        return str(found.get("origin"))

    # --- leaves ---

    def append(self, leaves: Sequence[Leaf]) -> int:
        """Add entries at the end, in one transaction; once this returns they are on disk.

        Returns:
            The index of the first.
        """
        return self.append_columns(Columns(*zip(*leaves, strict=True)) if leaves else Columns((), (), ()))

    def append_columns(self, leaves: Columns) -> int:
        """Add many entries at the end, as :meth:`append` does."""
        with self._transaction():
            first = self._size(self._dialect.lock_state)
            after = first + len(leaves.entries)
            rows = zip(range(first, after), *leaves, strict=True)
            self._run_many("INSERT INTO leaf (idx, entry, hash, opening) VALUES (?, ?, ?, ?)", rows)
            self._run("UPDATE state SET size = ? WHERE one = 1", (after,))
        return first

    def size(self) -> int:
        """Count the entries, published or not."""
        return self._size("")

    def _size(self, lock: str) -> int:
        rows = list(self._rows(f"SELECT size FROM state WHERE one = 1{lock}"))  # noqa: S608 - our own words
        if len(rows) != 1:
            raise LogBroken("the database does not say how many entries it has. Next: misyn log fsck")
        return int(rows[0][0])

    def leaves(self, lo: int, hi: int) -> Iterator[tuple[int, Leaf]]:
        """Give the entries ``lo … hi-1`` that are there, in order, with constant memory."""
        for start in range(lo, hi, CHUNK):
            end = min(hi, start + CHUNK)
            sql = "SELECT idx, entry, hash, opening FROM leaf WHERE idx >= ? AND idx < ? ORDER BY idx"
            for idx, entry, hashed, opening in self._rows(sql, (start, end)):
                yield idx, Leaf(_blob(entry), _blob(hashed), None if opening is None else _blob(opening))

    def leaf(self, index: int) -> Leaf:
        """Give one entry.

        Raises:
            LogBroken: it is not there, though the log says it has so many.
        """
        for _, leaf in self.leaves(index, index + 1):
            return leaf
        raise LogBroken(f"entry {index} is missing from the database. Next: misyn log fsck")

    def bounds(self) -> tuple[int, int, int]:
        """Give (how many leaves are there, lowest index, highest index); the last two -1 when there are none."""
        ((count, lowest, highest),) = self._rows("SELECT count(*), min(idx), max(idx) FROM leaf")
        return int(count), -1 if lowest is None else int(lowest), -1 if highest is None else int(highest)

    def index_of(self, hashed: bytes) -> int | None:
        """Find the first entry with this leaf hash; reads the whole table."""
        found = list(self._rows("SELECT min(idx) FROM leaf WHERE hash = ?", (hashed,)))
        return None if found[0][0] is None else int(found[0][0])

    def destroy_opening(self, index: int) -> None:
        """Forget what opens an entry, for good."""
        with self._transaction():
            self._run("UPDATE leaf SET opening = NULL WHERE idx = ?", (index,))
        with self._told():
            self._dialect.scrub()

    # --- nodes, checkpoints, cosignatures ---

    def hashes(self, level: int, lo: int, hi: int) -> list[bytes]:
        """Give the hashes ``lo … hi-1`` of a tile level; level 0 are the leaf hashes.

        Raises:
            LogBroken: one is missing, or is no hash.
        """
        table, where = ("leaf", "") if level == 0 else ("node", "level = ? AND ")
        sql = f"SELECT hash FROM {table} WHERE {where}idx >= ? AND idx < ? ORDER BY idx"  # noqa: S608 - our own words
        values = (lo, hi) if level == 0 else (level, lo, hi)
        found = [_blob(row[0]) for row in self._rows(sql, values)]
        if len(found) != hi - lo or any(len(one) != HASH for one in found):
            raise LogBroken(f"hashes {lo} to {hi - 1} of level {level} are not all there. Next: misyn log fsck")
        return found

    def node_bounds(self) -> dict[int, int]:
        """Give, for each level above 0, how many nodes are stored."""
        return {int(level): int(n) for level, n in self._rows("SELECT level, count(*) FROM node GROUP BY level")}

    def add_checkpoint(self, size: int, note: bytes, *, nodes: Iterable[tuple[int, int, bytes]]) -> None:
        """Keep a signed checkpoint and the nodes its tree adds, in one transaction."""
        with self._transaction():
            self._run_many("INSERT INTO node (level, idx, hash) VALUES (?, ?, ?)", nodes)
            self._run("INSERT INTO checkpoint (size, note) VALUES (?, ?)", (size, note))

    def replace_note(self, size: int, note: bytes) -> None:
        """Keep another note of the same checkpoint, as after a change of keys."""
        with self._transaction():
            self._run("UPDATE checkpoint SET note = ? WHERE size = ?", (note, size))

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Give (size, note) of everything ever signed, smallest first."""
        last = -1
        sql = f"SELECT size, note FROM checkpoint WHERE size > ? ORDER BY size LIMIT {PAGE}"  # noqa: S608 - a number
        while found := list(self._rows(sql, (last,))):
            yield from ((int(size), _blob(note)) for size, note in found)
            last = int(found[-1][0])

    def latest(self, *, most: int = LARGEST) -> tuple[int, bytes] | None:
        """Give (size, note) of the largest checkpoint signed (of at most ``most`` entries), or None."""
        sql = "SELECT size, note FROM checkpoint WHERE size <= ? ORDER BY size DESC LIMIT 1"
        found = list(self._rows(sql, (most,)))
        return (int(found[0][0]), _blob(found[0][1])) if found else None

    def add_cosignatures(self, size: int, lines: Iterable[tuple[str, int, str]]) -> None:
        """Keep witnesses' signature lines as (name, key ID, line); a newer one takes its predecessor's place."""
        with self._transaction():
            for name, key_id, line in lines:
                same = (size, name, key_id)
                self._run("DELETE FROM cosignature WHERE size = ? AND name = ? AND key_id = ?", same)
                self._run(
                    "INSERT INTO cosignature (size, name, key_id, line) VALUES (?, ?, ?, ?)",
                    (size, name, key_id, line),
                )

    def cosignatures(self, size: int) -> list[str]:
        """Give the witnesses' signature lines on the checkpoint of this size."""
        return [str(row[0]) for row in self._rows("SELECT line FROM cosignature WHERE size = ? ORDER BY name", (size,))]

    # --- the rest ---

    def exclusive(self, what: str) -> contextlib.AbstractContextManager[None]:
        """Let one process at a time do this."""
        return self._dialect.exclusive(what)

    def integrity(self) -> list[str]:
        """Give the database's own complaints about itself."""
        with self._told():
            return self._dialect.integrity()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._told():
            self._dialect.execute(self._dialect.begin)
            try:
                yield
                self._dialect.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(*self._dialect.errors):  # the first error is the one that tells
                    self._dialect.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._dialect.errors as error:
            raise self._dialect.explain(error) from error

    def _run(self, sql: str, values: Sequence[Any] = ()) -> None:
        self._dialect.execute(sql.replace("?", self._dialect.mark), values)

    def _run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._dialect.execute_many(sql.replace("?", self._dialect.mark), rows)

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        with self._told():
            yield from self._dialect.execute(sql.replace("?", self._dialect.mark), values)


def _blob(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""
