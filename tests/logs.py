"""What tests of the log share: logs, witnesses and entries that are the same every time."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from misyn.canonical import digest
from misyn.oversight.log import notes, policy
from misyn.oversight.log.cosignature import WitnessSigner
from misyn.oversight.log.entries import Entry, Opening, commit
from misyn.oversight.log.store import Log, Receipt
from misyn.oversight.log.witness import Witness
from misyn.signing import Kind, new_private

ORIGIN = "example.org/log"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
OPEN: list[Log] = []  # logs that tests made; those of a test are closed at its end


def content(number: int) -> bytes:
    return b"content %d" % number


def item(number: int, kind: str = "declaration", about: int | None = None) -> tuple[Entry, Opening]:
    """An entry whose salt follows from its number, so that the same log can be made twice."""
    return commit(kind, digest(content(number)), about=about, salt=sha256(b"salt %d" % number).digest())


def fill(log: Log, *numbers: int) -> tuple[Receipt, ...]:
    return log.append([item(number) for number in numbers])


def made(folder: Path, count: int = 0, *, origin: str = ORIGIN, address: str | None = None) -> Log:
    """A published log of ``count`` entries."""
    log = Log.create(folder, origin=origin, address=address)
    OPEN.append(log)
    if count:
        fill(log, *range(count))
        log.publish()
    return log


def worker(*arguments: object) -> list[str]:
    """The command of a process that writes to a log (``log_worker.py``)."""
    here = Path(__file__).parent
    return [sys.executable, str(here / "log_worker.py"), *map(str, arguments)]


def witness(
    folder: Path,
    name: str,
    *logs: Log,
    kind: Kind = "ed25519",
    at: datetime = NOW,
    keys: tuple[notes.NoteKey, ...] = (),
) -> Witness:
    """A witness that knows these logs, with its clock standing still."""
    folder.mkdir(parents=True, exist_ok=True)
    known: dict[str, list[notes.NoteKey]] = {}
    for key in (*keys, *(key for log in logs for key in log.keys)):
        known.setdefault(key.name, []).append(key)
    signer = WitnessSigner(f"{name}.example", new_private(kind))
    return Witness(signer, known, memory=folder / f"{name}.sqlite3", clock=lambda: int(at.timestamp()))


def wanting(needed: int, *witnesses: Witness, log: Log) -> policy.Policy:
    """The policy: this log, and ``needed`` of these witnesses."""
    return policy.of(*log.keys, witnesses=tuple(one.key for one in witnesses), needed=needed)
