"""A log's side of witnessing: ask for cosignatures, and take in only those that verify.

Rules
-----
1. A witness that remembers another size says so, and is asked again from there, once.
2. A witness that remembers more than the log has is believed: the log has lost something, and stops.
3. What a witness answers is verified under its key before it is kept; lines of other keys are ignored.

Source: C2SP tlog-witness (add-checkpoint).

Example: see :meth:`misyn.oversight.log.store.Log.publish`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from misyn.errors import LogBroken, MalformedLogData, UsageError
from misyn.oversight.log import checkpoint, notes, tree
from misyn.oversight.log.witness import Request

if TYPE_CHECKING:
    from misyn.oversight.log.tiles import TileTree
    from misyn.oversight.log.witness import Cosigner


def request(latest: checkpoint.SignedCheckpoint, hashes: TileTree, *, old: int) -> bytes:
    """Write the request for a witness that knows ``old`` entries.

    Raises:
        UsageError: the log has fewer.
    """
    size = latest.checkpoint.size
    if not 0 <= old <= size:
        raise UsageError(f"expected a size from 0 to {size}, found {old}")
    path = tree.consistency_path(old, size, mth=hashes.mth) if old else []
    return Request(old, tuple(path), latest).to_bytes()


def ask(witness: Cosigner, latest: checkpoint.SignedCheckpoint, *, hashes: TileTree) -> tuple[notes.Signature, ...]:
    """Ask one witness, and give the cosignatures it gave: none where it refuses.

    Raises:
        LogBroken: it remembers a larger log than this one.
        NotProven: what it gave does not verify under its key.
    """
    answer = witness.add_checkpoint(request(latest, hashes, old=0))
    if answer.status == 409 and answer.known is not None:
        if answer.known > latest.checkpoint.size:
            raise LogBroken(
                f"{witness.key.name} has cosigned {answer.known} entries, and the log has {latest.checkpoint.size}: it "
                "may have been restored from an older copy. Next: restore the newest copy, or a mirror's"
            )
        answer = witness.add_checkpoint(request(latest, hashes, old=answer.known))
    return read(answer.body, latest, keys=[witness.key]) if answer.status == 200 else ()


def read(
    answer: bytes, latest: checkpoint.SignedCheckpoint, *, keys: Sequence[notes.Verifier]
) -> tuple[notes.Signature, ...]:
    """Read a witness's answer: its signature lines that verify on the latest checkpoint.

    Raises:
        NotProven: no line is of one of ``keys``, or one in its name is wrong.
    """
    try:
        signatures = notes.parse_signatures(answer.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise MalformedLogData("expected signature lines from the witness, found other bytes") from error
    return notes.verified(notes.Note(latest.note.text, signatures), keys)
