"""What a guard needs to know of each file, read once: cached by the digest of the file's bytes.

Rules
-----
1. A fact is cached under the digest of the bytes it was read from, the version of misyn, the trusted roots, and what
   lies beside a NIfTI file: whatever could change a verdict changes the name it is kept under.
2. The cache is one SQLite file; several processes may use it. One that is damaged is said, never believed.
3. A file that cannot be read is a fact too, and is not cached.

Example:
    >>> facts_of("no such file", trust=None)["verdict"]
    'unreadable'
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import misyn
from misyn import engine
from misyn.canonical import digest
from misyn.errors import InputError, UnreadableImage

Facts = dict[str, Any]


def gather(paths: Sequence[Path], *, cache: Path | None, trust: Path | None, workers: int) -> tuple[list[Facts], int]:
    """Facts of every file, in order, and how many were read rather than remembered.

    Raises:
        InputError: the cache is no cache.
        SigningError: ``trust`` cannot be read.
    """
    with contextlib.ExitStack() as stack:
        known = None if cache is None else stack.enter_context(contextlib.closing(_open(cache)))
        names = [_name(path, trust) if known is not None else None for path in paths]
        found = [_remembered(known, name) for name in names]
        missing = [n for n, fact in enumerate(found) if fact is None]
        read = engine.map(
            partial(facts_of, trust=None if trust is None else str(trust)),
            [str(paths[n]) for n in missing],
            workers=workers,
        )
        for n, row in zip(missing, read, strict=True):
            found[n] = row.value if row.value is not None else {"verdict": "unreadable", "why": str(row.error)}
        _remember(known, [(names[n], found[n]) for n in missing])
    return [fact or {} for fact in found], len(missing)


def facts_of(item: str, *, trust: str | None) -> Facts:
    """What one file says, as JSON-like data."""
    from misyn.images.formats import read  # noqa: PLC0415 - a process of its own may do this
    from misyn.marks import verify  # noqa: PLC0415

    path = Path(item)
    verdict = verify(path, trust=None if trust is None else Path(trust))
    facts: Facts = {
        "verdict": verdict.verdict,
        "trusted": verdict.trusted,
        "declaration": None if verdict.declaration is None else dict(verdict.declaration),
        "why": "; ".join(verdict.problems),
        "pixels": None,
        "patient": None,
    }
    if verdict.verdict != "unreadable":
        try:
            image = read(path)
            facts |= {"pixels": image.digest, "patient": image.patient.id}
        except UnreadableImage as error:
            facts |= {"verdict": "unreadable", "why": str(error)}
    return facts


def _name(path: Path, trust: Path | None) -> str | None:
    """What a fact is kept under (rule 1)."""
    try:
        own = path.read_bytes()
        beside = path.with_name(path.name.split(".")[0] + ".json")
        sidecar = digest(beside.read_bytes()) if ".nii" in path.name and beside.is_file() else ""
        roots = "" if trust is None else digest(trust.read_bytes())
    except OSError:
        return None
    parts = (misyn.__version__, path.suffix, hashlib.sha256(own).hexdigest(), sidecar, roots)
    return digest("\0".join(parts).encode())


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        opened = sqlite3.connect(path, timeout=30)
        with opened:
            opened.execute("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, content TEXT NOT NULL)")
    except sqlite3.DatabaseError as error:
        raise InputError(f"expected a cache of verdicts at {path}, found something else. Next: delete it") from error
    return opened


def _remembered(known: sqlite3.Connection | None, name: str | None) -> Facts | None:
    if known is None or name is None:
        return None
    row = known.execute("SELECT content FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else dict(json.loads(row[0]))


def _remember(known: sqlite3.Connection | None, rows: Sequence[tuple[str | None, Facts | None]]) -> None:
    """Keep what was read; what could not be read is read again next time (rule 3)."""
    if known is None:
        return
    kept = [(name, json.dumps(fact)) for name, fact in rows if name and fact and fact["verdict"] != "unreadable"]
    with known:
        known.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", kept)
