"""Features that were computed once, kept on disk by the digest of the image's content.

Rules
-----
1. The key is made of the image's content (samples and every fact that shapes preparation), the extractor with its
   preprocessing, and the study's plan. So a renamed file is found again, and a changed one never is.
2. Results are the same bytes with and without a cache.
3. One SQLite file, written in transactions: after a kill it holds what it held before. At most :data:`MOST` bytes of
   values are kept; what was used longest ago goes first.
4. Off unless asked for, readable by its owner only: features and small pictures of medical images lie in it.
5. A file that is not ours is never touched; one that is damaged is an error that says so, and nothing is lost with it.

Follows the SQLite file format (application id 0x6d69736e, ``misn``).

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Cache(Path(folder)) as cache:
    ...     cache.keep({"key": {"vector": "AACAPw=="}})
    ...     cache.find(["key", "other"])
    {'key': {'vector': 'AACAPw=='}}
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from misyn.canonical import record_digest
from misyn.errors import InputError

NAME = "features.sqlite"
MOST = 4 << 30
APPLICATION = 0x6D69736E
TOGETHER = 500  # keys asked for at once
FORM = 1  # raised whenever the same plan prepares the same image in another way
TABLE = "CREATE TABLE IF NOT EXISTS features (key TEXT PRIMARY KEY, value BLOB NOT NULL, used INTEGER NOT NULL)"

Value = Mapping[str, Any]


def key_of(content: str, *, by: str) -> str:
    """The key of one image.

    Args:
        content: digest of the image (:mod:`misyn.evaluate.survey`).
        by: digest of extractor and plan (:func:`misyn.evaluate.features.made_by`).
    """
    return record_digest({"content": content, "by": by, "form": FORM})


class Cache:
    """An open cache.

    Args:
        folder: where the file lies; made where it is not there.
        most: bytes of values that are kept.

    Raises:
        InputError: the folder cannot be used, or the file there is not a cache or is damaged.
    """

    def __init__(self, folder: Path, *, most: int = MOST) -> None:
        self._most, self._path = most, folder / NAME
        with self._explained():
            folder.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            self._file = sqlite3.connect(self._path, timeout=60)
            self._check()
            self._file.execute("PRAGMA auto_vacuum = FULL")
            self._file.execute(TABLE)
            self._file.execute(f"PRAGMA application_id = {APPLICATION}")
            self._file.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def find(self, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The values that are known, by key; they count as used now."""
        found: dict[str, dict[str, Any]] = {}
        with self._explained(), self._file:
            now = self._next()
            for start in range(0, len(keys), TOGETHER):
                some = list(keys[start : start + TOGETHER])
                marks = ",".join("?" * len(some))
                rows = self._file.execute(f"SELECT key, value FROM features WHERE key IN ({marks})", some)  # noqa: S608 - question marks only
                found |= {key: json.loads(value) for key, value in rows}
                self._file.execute(f"UPDATE features SET used = ? WHERE key IN ({marks})", [now, *some])  # noqa: S608
        return found

    def keep(self, values: Mapping[str, Value]) -> None:
        """Add values, all or none, and let go of what was used longest ago where there are too many."""
        with self._explained(), self._file:
            now = self._next()
            rows = [(key, json.dumps(value, separators=(",", ":")), now) for key, value in values.items()]
            self._file.executemany("INSERT OR REPLACE INTO features VALUES (?, ?, ?)", rows)
            self._file.execute(
                "DELETE FROM features WHERE key IN (SELECT key FROM (SELECT key, sum(length(value)) OVER "
                "(ORDER BY used DESC, key) AS upto FROM features) WHERE upto > ?)",
                [self._most],
            )

    def _next(self) -> int:
        """A number larger than any use before: order, not time."""
        (latest,) = self._file.execute("SELECT coalesce(max(used), 0) FROM features").fetchone()
        return int(latest) + 1

    def _check(self) -> None:
        """Refuse a database that someone else made (rule 5)."""
        (owner,) = self._file.execute("PRAGMA application_id").fetchone()
        (tables,) = self._file.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and owner != APPLICATION:
            raise InputError(
                f"expected {self._path} to be a cache of misyn, found another database. Next: give another folder"
            )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError) as error:
            raise InputError(
                f"expected {self._path} to be a whole cache, found: {error}. Next: remove that file; only time is lost"
            ) from error
