"""Files in, proofs out: what ``misyn log append`` does, and what a registry does for those who publish.

Rules
-----
1. All files of one call are logged together, or none.
2. A proof is written beside its file (or into a folder), whole, and only once its checkpoint is public. Where a policy
   is not met yet, the entry is logged, and its proof comes later (``misyn log prove``).

Example:
    >>> import tempfile
    >>> from datetime import UTC
    >>> with tempfile.TemporaryDirectory() as place:
    ...     Log.create(Path(place) / "log", origin="example.org/log").close()
    ...     plan = Path(place) / "plan.md"
    ...     _ = plan.write_text("our plan")
    ...     done, = files(Path(place) / "log", [plan], kind="plan", now=datetime(2026, 11, 22, tzinfo=UTC))
    >>> done.index, done.proof.name
    (0, 'plan.md.tlog-proof')
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from misyn import atomic
from misyn.errors import UsageError
from misyn.oversight.log import proofs, statements
from misyn.oversight.log.client import digest_of
from misyn.oversight.log.entries import Entry, Opening, commit
from misyn.oversight.log.store import Log

if TYPE_CHECKING:
    from misyn.oversight.log.witness import Cosigner
    from misyn.signing import SigningKey


@dataclass(frozen=True)
class Submitted:
    """A file that was logged: where, and its proof's path (None while its checkpoint is not public)."""

    file: Path
    index: int
    proof: Path | None


def files(
    folder: Path,
    paths: Sequence[Path],
    *,
    kind: str,
    now: datetime,
    about: int | None = None,
    key: SigningKey | None = None,
    witnesses: Sequence[Path | Cosigner] = (),
    out: Path | None = None,
) -> tuple[Submitted, ...]:
    """Log files, publish, and write their proofs.

    Args:
        folder: the log.
        paths: the files; only their salted digests are logged.
        kind: what they are (:data:`misyn.oversight.log.entries.KINDS`).
        now: the present time, with its time zone.
        about: index of the earlier entry that they are about.
        key: sign a statement about each file with it, and commit to that as well.
        witnesses: folders of witnesses to ask, or witnesses somewhere else.
        out: folder for the proofs; None puts each beside its file.

    Raises:
        UsageError: two files of one name for one folder of proofs.
        LogUnavailable: nothing was logged, or what was logged could not be made public.
    """
    targets = [(out or path.parent) / f"{path.name}{proofs.SUFFIX}" for path in paths]
    if len(set(targets)) != len(targets):
        raise UsageError("two of the files have one name, and their proofs would have one place. Next: log them apart")
    contents = [digest_of(path) for path in paths]
    with Log.open(folder) as log:
        if key is None and about is None:
            indexes: Sequence[int] = log.append_contents(kind, contents)
        else:
            items = [_item(content, kind, about, key, now) for content in contents]
            indexes = [receipt.index for receipt in log.append(items)]
        log.publish(witnesses=[_witness(one, now) for one in witnesses])
        size = log.published().checkpoint.size
        return tuple(
            Submitted(path, index, _write(log, index, target, size))
            for path, index, target in zip(paths, indexes, targets, strict=True)
        )


def _item(content: str, kind: str, about: int | None, key: SigningKey | None, now: datetime) -> tuple[Entry, Opening]:
    statement = None if key is None else statements.seal(kind, content, key=key, now=now)
    return commit(kind, content, about=about, statement=statement)


def _write(log: Log, index: int, target: Path, size: int) -> Path | None:
    if index >= size:
        return None
    atomic.write_bytes(target, log.prove(index).to_bytes())
    return target


def _witness(place: Path | Cosigner, now: datetime) -> Cosigner:
    if not isinstance(place, Path):
        return place
    from misyn.oversight.log import witness_folder  # noqa: PLC0415 - most logs have witnesses elsewhere

    return witness_folder.load(place, clock=lambda: int(now.timestamp()))
