"""A reader with a memory: what a log was when it was last believed, and whether what it says now grew from that.

Rules
-----
1. A smaller log than the one remembered is refused: it is stale, or was rolled back.
2. Another root at the same size, or a larger tree that does not begin with the remembered one, is misbehaviour: the
   error carries both signed checkpoints, and anyone who has the log's key can check them.
3. Files that do not belong to the checkpoint they lie beside are the host's fault, not the log's: another error.
4. What is newly believed is remembered before it is given back.

Sources: RFC 9162 section 8.2 (what monitors do); C2SP tlog-tiles.

Example: see ``docs/log.md``.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from misyn import atomic
from misyn.errors import InputError, LogMisbehaved, NotProven, TooOld
from misyn.oversight.log import checkpoint, client, static, tree
from misyn.oversight.log.policy import Policy
from misyn.oversight.log.tiles import TileTree

SCHEMA = "misyn/log-memory/1"


class Follower:
    """Follows logs, remembering the last believed checkpoint of each in a file.

    Args:
        memory: the file; made when absent.
        policy: whom to believe.
    """

    def __init__(self, memory: Path, policy: Policy) -> None:
        self._memory, self._policy = memory, policy

    def follow(
        self,
        source: static.Source,
        *,
        now: datetime,
        max_age: timedelta | None = None,
        unsafe_without_cosignatures: bool = False,
    ) -> client.Trusted:
        """Believe what a place serves now, as :func:`client.accept` does, if it grew from what is remembered.

        Raises:
            TooOld: smaller than what is remembered, or older than ``max_age``.
            LogMisbehaved: it contradicts what is remembered.
            NotProven: it is not shown to be either.
        """
        trusted = client.accept(
            static.checkpoint_of(source),
            self._policy,
            now=now,
            max_age=max_age,
            unsafe_without_cosignatures=unsafe_without_cosignatures,
        )
        known = self._load()
        old = known.get(trusted.checkpoint.origin)
        if old is not None:
            check_growth(checkpoint.parse(old.encode()), trusted.signed, source=source)
        known[trusted.checkpoint.origin] = trusted.signed.to_bytes().decode()
        text = json.dumps({"schema": SCHEMA, "checkpoints": known}, indent=1, ensure_ascii=False)
        atomic.write_bytes(self._memory, text.encode())
        return trusted

    def remembered(self, origin: str) -> checkpoint.Checkpoint | None:
        """Give the last believed checkpoint of a log."""
        found = self._load().get(origin)
        return None if found is None else checkpoint.parse(found.encode()).checkpoint

    def _load(self) -> dict[str, str]:
        try:
            found = json.loads(self._memory.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise InputError(
                f"the memory {self._memory.name} is damaged. Next: restore it, or begin another"
            ) from error
        if not isinstance(found, dict) or found.get("schema") != SCHEMA:
            raise InputError(f"the memory {self._memory.name} is of another version. Next: begin another")
        return dict(found["checkpoints"])


def check_growth(old: checkpoint.SignedCheckpoint, new: checkpoint.SignedCheckpoint, *, source: static.Source) -> None:
    """Accept that ``new`` grew from ``old``, by the tiles that a place serves; both are believed already.

    Raises:
        TooOld: it is smaller.
        LogMisbehaved: it did not.
        NotProven: the tiles are not those of ``new``.
    """
    before, after = old.checkpoint, new.checkpoint
    compare(old, new)
    if after.size < before.size:
        raise TooOld(
            f"the place serves {after.size} entries of a log known to have {before.size}: it is stale, or the log was "
            "rolled back. Next: ask another mirror"
        )
    if before.size in {0, after.size}:
        return
    hashes = TileTree(after.size, static.tile_reader(source))
    served = hashes.earlier(before.size).root()
    path = tree.consistency_path(before.size, after.size, mth=hashes.mth)
    try:
        tree.verify_consistency(before.size, after.size, path=path, old_root=served, new_root=after.root)
    except NotProven as error:
        raise NotProven("the tiles served are not those of the checkpoint. Next: ask another mirror") from error
    if served != before.root:
        raise misbehaved(
            old, new, what=f"{after.size} entries do not begin with the {before.size} it had signed before"
        )


def compare(one: checkpoint.SignedCheckpoint, other: checkpoint.SignedCheckpoint) -> None:
    """Refuse two checkpoints of one log that cannot both be true by themselves; both are believed already.

    Raises:
        LogMisbehaved: one size, two roots.
    """
    a, b = one.checkpoint, other.checkpoint
    if a.origin == b.origin and a.size == b.size and a.root != b.root:
        raise misbehaved(one, other, what=f"it has signed two different trees of {a.size} entries")


def misbehaved(one: checkpoint.SignedCheckpoint, other: checkpoint.SignedCheckpoint, *, what: str) -> LogMisbehaved:
    """Make the error that carries two signed checkpoints which cannot both be true."""
    evidence = (one.to_bytes(), other.to_bytes())
    return LogMisbehaved(f"the log {one.checkpoint.origin} rewrote its past: {what}", evidence=evidence)
