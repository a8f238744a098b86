"""A log in PostgreSQL: the same tables, for writers on several machines.

Rules
-----
1. ``synchronous_commit`` is switched on for every session, whatever the server's default. A server that runs with
   ``fsync`` off cannot keep that promise: ``fsck`` says so.
2. Writers take turns by a row lock; what takes longer (publishing) by an advisory lock, across machines.
3. What is deleted is vacuumed away from the table. The server's own write-ahead log and backups keep it until they are
   recycled: that is the operator's to arrange (``docs/log.md``).
4. No password in a stored address: PostgreSQL's own means (``PGPASSWORD``, ``.pgpass``, a service file) have a place.

Source: PostgreSQL documentation, reliability and the write-ahead log.

Example: see :mod:`misyn.oversight.log.database`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from misyn.errors import LogBroken, LogUnavailable, MissingExtra, MisynError, UsageError
from misyn.oversight.log.database import PATIENCE, Database

if TYPE_CHECKING:
    import psycopg

SCHEMES = ("postgresql://", "postgres://")
PROMISES = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
CLASS_OF = {  # SQLSTATE, by its first characters
    "42P07": "there",
    "42P01": "damaged",
    "53100": "full",
    "XX001": "damaged",
    "XX002": "damaged",
    "23": "damaged",
}


def is_address(text: str) -> bool:
    """Say whether this names a PostgreSQL database."""
    return text.startswith(SCHEMES)


def check_address(text: str) -> None:
    """Refuse an address with a password in it.

    Raises:
        UsageError: it has one.
    """
    authority = text.split("://", 1)[-1].split("/", 1)[0]
    if ":" in authority.rpartition("@")[0] or "password=" in text:
        raise UsageError("expected a database address without a password. Next: use PGPASSWORD or a .pgpass file")


def connect(address: str) -> Database:
    """Open a log's PostgreSQL database (``postgresql://…``).

    Raises:
        MissingExtra: psycopg is not installed.
        LogUnavailable: the server does not answer, or refuses.
    """
    return Database(_Postgres(address))


class _Postgres:
    key = "BIGINT PRIMARY KEY"
    bytes = "BYTEA"
    mark = "%s"
    begin = "BEGIN"
    lock_state = " FOR UPDATE"

    def __init__(self, address: str) -> None:
        try:
            import psycopg  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingExtra("logs in PostgreSQL", package="psycopg", extra="postgres") from error
        self.errors: tuple[type[Exception], ...] = (psycopg.Error,)
        try:
            self._connection: psycopg.Connection[Any] = psycopg.connect(address, autocommit=True)
            self.execute("SET synchronous_commit TO on")
            self.execute(f"SET lock_timeout TO '{PATIENCE:g}s'")
        except psycopg.Error as error:
            raise self.explain(error) from error

    def execute(self, sql: str, values: Sequence[object] = ()) -> Any:  # noqa: ANN401 - psycopg's cursor
        cursor = self._connection.execute(sql, values)
        return cursor if cursor.description else ()

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(sql, rows)

    @contextlib.contextmanager
    def exclusive(self, what: str) -> Iterator[None]:
        key = "hashtextextended(current_schema() || '/misyn-log/' || %s, 0)"
        try:
            self.execute(f"SELECT pg_advisory_lock({key})", (what,))
        except self.errors as error:
            raise self.explain(error) from error
        try:
            yield
        finally:
            with contextlib.suppress(*self.errors):  # a lost connection has let go of it
                self.execute(f"SELECT pg_advisory_unlock({key})", (what,))

    def integrity(self) -> list[str]:
        found = {name: self.execute(f"SHOW {name}").fetchone()[0] for name in PROMISES}
        return [f"the server runs with {name} {found[name]}" for name in PROMISES if found[name] != PROMISES[name]]

    def scrub(self) -> None:
        self.execute("VACUUM FULL leaf")

    def explain(self, error: Exception) -> MisynError:
        state = getattr(error, "sqlstate", None) or ""
        meaning = next((CLASS_OF[start] for start in CLASS_OF if state.startswith(start)), "")
        if meaning == "there":
            return UsageError("expected no log in this database, found one. Next: choose another database or schema")
        if meaning == "damaged":
            return LogBroken(f"PostgreSQL finds the log's tables damaged or missing ({state}). Next: misyn log fsck")
        if meaning == "full":
            return LogUnavailable("the server's disk is full; nothing was acknowledged. Next: make room, try again")
        return LogUnavailable(f"PostgreSQL cannot be used now ({state or 'no answer'}); nothing was acknowledged")

    def close(self) -> None:
        self._connection.close()
