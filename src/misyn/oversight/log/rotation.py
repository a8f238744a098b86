"""A log's new key, endorsed by its old one, so that those who know the old key can follow.

Rules
-----
1. A rotation is a note whose text names the log and the new key, signed by the old key and by the new one.
2. While both keys sign checkpoints, old and new clients believe the log. Then the old one is retired.
3. A key that was stolen can endorse anything: after a theft the new key must reach clients by another way.

Example: see :func:`endorse`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from misyn import atomic
from misyn.errors import MalformedLogData, NotProven, UsageError
from misyn.oversight.log import notes
from misyn.oversight.log.policy import Policy
from misyn.oversight.log.settings import KeyFile

if TYPE_CHECKING:
    from misyn.oversight.log.store import Log

HEADER = "misyn log key rotation/1"


def endorse(old: notes.NoteSigner, new: notes.NoteSigner) -> notes.Note:
    """Say, signed by both keys, that ``new`` is the log's key from now on.

    Example:
        >>> from misyn.signing import new_private
        >>> from misyn.oversight.log.policy import of
        >>> old, new = (notes.NoteSigner("example.org/log", new_private("ed25519")) for _ in range(2))
        >>> [key == new.verifier for key in follow(of(old.verifier), endorse(old, new)).logs]
        [False, True]
    """
    if old.name != new.name:
        raise MalformedLogData("expected one log's name for both keys, found two")
    text = f"{HEADER}\n{new.name}\n{new.verifier.vkey}\n"
    return notes.Note(text, (old.sign(text), new.sign(text)))


def follow(policy: Policy, note: notes.Note) -> Policy:
    """Add the endorsed key to a policy that knows the endorsing one.

    Raises:
        NotProven: a key the policy does not know, or the new key has not signed.
    """
    lines = note.text[:-1].split("\n")
    if len(lines) != 3 or lines[0] != HEADER:
        raise MalformedLogData("expected a log key rotation, found another note")
    new = notes.NoteKey.from_vkey(lines[2])
    known = [key for key in policy.logs if key.name == lines[1]]
    if new.name != lines[1] or not known:
        raise NotProven("the rotation is of a log that the policy does not name")
    notes.verified(note, known)
    notes.verified(note, [new])
    return policy if new in policy.logs else dataclasses.replace(policy, logs=(*policy.logs, new))


def rotate(log: Log) -> notes.Note:
    """Give a log a new key: from now on old and new keys sign, until the old ones are retired.

    Returns:
        The rotation, also public under ``keys/``: clients that know the old key can follow it.
    """
    current = [one for one in log.settings.keys if one.active][-1]
    fresh = KeyFile.new(log.folder, origin=log.origin)
    note = endorse(current.signer(log.folder), fresh.signer(log.folder))
    atomic.write_bytes(log.public.folder / "keys" / f"{fresh.key.key_id:08x}", note.to_bytes())
    _set_keys(log, (*log.settings.keys, fresh))
    return note


def retire(log: Log, key_id: int) -> None:
    """Stop signing with a key; it stays known, for what it has signed.

    Raises:
        UsageError: no such active key, or it is the only one.
    """
    active = {one.key.key_id for one in log.settings.keys if one.active}
    if key_id not in active or len(active) == 1:
        raise UsageError(f"expected one of {len(active)} active keys, not the last one. Next: misyn log rotate")
    _set_keys(
        log,
        tuple(dataclasses.replace(one, active=one.active and one.key.key_id != key_id) for one in log.settings.keys),
    )


def _set_keys(log: Log, keys: tuple[KeyFile, ...]) -> None:
    log.settings = dataclasses.replace(log.settings, keys=keys)
    log.settings.save(log.folder)
    log.sign_again()
