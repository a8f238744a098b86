"""A log in SQLite: one file, no server, durable at every commit.

Rules
-----
1. WAL mode with ``synchronous=FULL``: a commit that returns is on disk (``fullfsync`` where the system has it).
2. What is deleted is overwritten (``secure_delete``), and the WAL, which may still hold it, is emptied.
3. Only its owner can read the file: it holds what opens the entries.
4. One connection per process and thread; the file lies on a local disk (WAL does not work over networks).

Sources: SQLite documentation of ``PRAGMA synchronous``, ``secure_delete`` and write-ahead logging.

Example: see :mod:`misyn.oversight.log.database`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from misyn.errors import LogBroken, LogUnavailable, MisynError, UsageError
from misyn.oversight.log.database import PATIENCE, Database
from misyn.oversight.log.locking import locked

SET_UP = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "fullfsync=ON",
    "checkpoint_fullfsync=ON",
    "secure_delete=ON",
    "trusted_schema=OFF",
    "cell_size_check=ON",
)
DAMAGE = ("malformed", "not a database", "corrupt", "decode", "no such", "UNIQUE", "NOT NULL")


def connect(path: Path) -> Database:
    """Open (or begin) a log's SQLite database.

    Raises:
        LogUnavailable: the file cannot be used.
        LogBroken: it is no SQLite database.
    """
    return Database(_Sqlite(path))


class _Sqlite:
    key = "INTEGER PRIMARY KEY"
    bytes = "BLOB"
    mark = "?"
    begin = "BEGIN IMMEDIATE"
    lock_state = ""
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its other files the same permissions
            self._connection = _set_up(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None))
        except (sqlite3.Error, OSError) as error:
            raise self.explain(error) from error

    def execute(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        return self._connection.execute(sql, values)

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        self._connection.executemany(sql, rows)

    @contextlib.contextmanager
    def exclusive(self, what: str) -> Iterator[None]:
        with locked(self._path.with_name(f"{self._path.name}.{what}.lock")):
            yield

    def integrity(self) -> list[str]:
        found = [str(row[0]) for row in self._connection.execute("PRAGMA integrity_check(20)")]
        return [] if found == ["ok"] else found

    def scrub(self) -> None:
        ((busy, _, _),) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if busy:
            raise LogUnavailable("another process still reads what was to be forgotten. Next: end it, then try again")

    def explain(self, error: Exception) -> MisynError:
        text = str(error)
        if "already exists" in text:
            return UsageError(f"expected no log in {self._path}, found one. Next: choose another place")
        if any(word in text for word in DAMAGE):
            return LogBroken(f"SQLite finds {self._path.name} damaged ({text}). Next: misyn log fsck")
        if "full" in text:
            return LogUnavailable("the disk is full; nothing was acknowledged. Next: make room, then try again")
        if "locked" in text:
            return LogUnavailable(f"another process kept the log locked for {PATIENCE:g} s. Next: try again")
        return LogUnavailable(f"SQLite cannot use {self._path.name} ({text}); nothing was acknowledged")

    def close(self) -> None:
        self._connection.close()


def _set_up(connection: sqlite3.Connection) -> sqlite3.Connection:
    try:
        for pragma in SET_UP:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection
