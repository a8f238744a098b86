"""What a reader believes: on whose word, as of when, and what that shows about a file.

Rules
-----
1. A checkpoint is believed when a log of the policy signed it and the policy's quorum of witnesses cosigned it. A
   policy that names no log believes nothing; one whose quorum is ``none`` has to be told
   ``unsafe_without_cosignatures``.
2. The answer says how old it is: the latest time for which a quorum vouches that this was the log. Offline, that is all
   one can know; where nobody vouches for a time, the age is unknown, and a wanted age is not met.
3. A cosignature from the future counts for nothing.
4. That A existed before B was logged is shown by the order of one log; that A existed by a time, by its witnesses'
   times. Nothing here shows that B did *not* exist earlier.

Sources: C2SP tlog-checkpoint, tlog-cosignature, tlog-policy, tlog-proof.

Example: see :func:`check`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from misyn.errors import InputError, MalformedLogData, NotProven, PolicyUnmet, TooOld, UsageError
from misyn.oversight.log import checkpoint, proofs, statements
from misyn.oversight.log.entries import Entry, parse_opening
from misyn.oversight.log.policy import NONE, Policy

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SKEW = timedelta(minutes=5)  # how far a witness's clock may be ahead of ours
WITHOUT = "accepted without the cosignatures of a quorum: one operator's word"
BLOCK = 1 << 20


@dataclass(frozen=True)
class Trusted:
    """A checkpoint that is believed.

    Attributes:
        signed: the checkpoint and its note.
        witnesses: the policy's names of those who cosigned.
        as_of: the latest time for which a quorum vouches that this was the log; None where nobody does.
        by: the time by which a quorum had seen it; None likewise.
        unsafe: what was weakened to believe it; empty when nothing was.
    """

    signed: checkpoint.SignedCheckpoint
    witnesses: tuple[str, ...]
    as_of: datetime | None
    by: datetime | None
    unsafe: tuple[str, ...] = ()

    @property
    def checkpoint(self) -> checkpoint.Checkpoint:
        """The log's name, size and root."""
        return self.signed.checkpoint

    def age(self, now: datetime) -> timedelta | None:
        """Say how old this knowledge is; None when that is unknown."""
        return None if self.as_of is None else max(now - self.as_of, timedelta())


def accept(
    data: bytes,
    policy: Policy,
    *,
    now: datetime,
    max_age: timedelta | None = None,
    unsafe_without_cosignatures: bool = False,
) -> Trusted:
    """Believe a checkpoint, or refuse.

    Args:
        data: the signed checkpoint, as a log serves it.
        policy: whom to believe.
        now: the present time, with its time zone.
        max_age: the oldest knowledge to accept; None accepts any age, and says it.
        unsafe_without_cosignatures: believe the log's operator alone where the quorum is not met.

    Raises:
        MalformedLogData: not a signed checkpoint.
        NotProven: not signed by a log of the policy, or a signature in a trusted name is wrong.
        PolicyUnmet: too few witnesses have cosigned.
        TooOld: older than ``max_age``, or of unknown age.
    """
    return accept_signed(
        checkpoint.parse(data),
        policy,
        now=now,
        max_age=max_age,
        unsafe_without_cosignatures=unsafe_without_cosignatures,
    )


def accept_signed(
    signed: checkpoint.SignedCheckpoint,
    policy: Policy,
    *,
    now: datetime,
    max_age: timedelta | None = None,
    unsafe_without_cosignatures: bool = False,
) -> Trusted:
    """Believe a checkpoint that is already read; see :func:`accept`."""
    checkpoint.by_log(signed, policy.logs)
    if not signed.checkpoint.possible:
        raise NotProven("the checkpoint is of no entries and states a root that is not the empty tree's")
    limit = int((now + SKEW).timestamp())
    times = {name: time for name, time in policy.times(signed.note).items() if time <= limit}
    latest, earliest = policy.reached(times), policy.reached(times, latest=False)
    if latest is None and not unsafe_without_cosignatures:
        raise PolicyUnmet(_unmet(times, policy))
    unsafe = (WITHOUT,) if latest is None else ()
    trusted = Trusted(signed, tuple(sorted(times)), _moment(latest), _moment(earliest), unsafe)
    _check_age(trusted, now, max_age)
    return trusted


def _unmet(times: dict[str, int], policy: Policy) -> str:
    if policy.quorum == NONE:
        return "the policy wants no witness, so this is one operator's word. Next: name witnesses, or believe it alone"
    who = ", ".join(sorted(times)) or "no witness it names"
    return f"the checkpoint is cosigned by {who}; the policy wants {policy.wants}. Next: wait for a newer checkpoint"


def _moment(time: int | None) -> datetime | None:
    return datetime.fromtimestamp(time, UTC) if time else None  # time zero states nothing


def _check_age(trusted: Trusted, now: datetime, max_age: timedelta | None) -> None:
    if max_age is None:
        return
    age = trusted.age(now)
    if age is None:
        raise TooOld("no quorum vouches for a time, so the age of this knowledge is unknown")
    if age > max_age:
        raise TooOld(f"this knowledge is {_words(age)} old, and {_words(max_age)} was asked for. Next: get a newer one")


def _words(span: timedelta) -> str:
    days, rest = divmod(int(span.total_seconds()), 86_400)
    return f"{days} d {rest // 3600} h" if days else f"{rest // 3600} h {rest % 3600 // 60} min"


@dataclass(frozen=True)
class Shown:
    """What a proof shows: that this was in a log.

    Attributes:
        origin, index: which log, and where in it.
        entry: what the log publishes.
        digest: the content the entry commits to; None where the opening was left out.
        trusted: the checkpoint it was shown in, with the age of that knowledge.
        stated: who said so, where a signed statement was verified.
        unsafe: what was weakened.
    """

    origin: str
    index: int
    entry: Entry
    digest: str | None
    trusted: Trusted
    stated: statements.Stated | None
    unsafe: tuple[str, ...] = ()


def check(
    data: bytes,
    policy: Policy,
    *,
    now: datetime,
    content: str | None = None,
    roots: Sequence[Certificate] = (),
    max_age: timedelta | None = None,
    unsafe_without_cosignatures: bool = False,
) -> Shown:
    """Check a proof file, offline.

    Args:
        data: the proof (C2SP tlog-proof, with misyn's opening as its extra).
        policy: whom to believe.
        now: the present time, with its time zone.
        content: ``sha256:…`` of the file it is said to be about; None to learn only what the proof says.
        roots: certificates to trust, where the entry commits to a signed statement and its signer is to be verified.
        max_age: the oldest knowledge to accept.
        unsafe_without_cosignatures: believe the log's operator alone.

    Raises:
        MalformedLogData: not such a proof.
        NotProven: anything that should hold does not.

    Example:
        >>> import tempfile
        >>> from misyn.canonical import digest
        >>> from misyn.oversight.log import entries, policy
        >>> from misyn.oversight.log.store import Log
        >>> with tempfile.TemporaryDirectory() as place, Log.create(Path(place), origin="example.org/log") as log:
        ...     _ = log.append([entries.commit("plan", digest(b"our plan"))]), log.publish()
        ...     data, wanted = log.prove(0).to_bytes(), policy.of(*log.keys)
        >>> now = datetime(2026, 11, 22, tzinfo=UTC)
        >>> shown = check(data, wanted, now=now, content=digest(b"our plan"), unsafe_without_cosignatures=True)
        >>> shown.entry.kind, shown.index, shown.unsafe == (WITHOUT,)
        ('plan', 0, True)
    """
    proof = proofs.parse(data)
    if proof.extra is None:
        raise MalformedLogData("expected a proof that carries its entry, found one without. Next: misyn log prove")
    trusted = accept_signed(
        proof.signed,
        policy,
        now=now,
        max_age=max_age,
        unsafe_without_cosignatures=unsafe_without_cosignatures,
    )
    entry, opening = parse_opening(proof.extra)
    proof.verify(entry.to_bytes())
    if opening is None:
        if content is not None:
            raise NotProven("the proof shows an entry, not what it commits to: its opening was left out or destroyed")
        return Shown(proof.signed.checkpoint.origin, proof.index, entry, None, trusted, None, trusted.unsafe)
    opening.check(entry)
    if content is not None and content != opening.digest:
        raise NotProven("the proof is about another file: what it commits to is not this content")
    stated = _stated(opening.statement, entry, opening.digest, roots, at=trusted.by or now)
    return Shown(proof.signed.checkpoint.origin, proof.index, entry, opening.digest, trusted, stated, trusted.unsafe)


def _stated(
    statement: object, entry: Entry, content: str, roots: Sequence[Certificate], *, at: datetime
) -> statements.Stated | None:
    """Verify the signed statement as of the time its log shows, so that it outlives its signer's certificate."""
    if not roots:
        return None
    if not isinstance(statement, dict):
        raise NotProven("a trusted signer was asked for, and this entry commits to no signed statement")
    stated = statements.unseal(statement, roots=roots, at=at)
    if (stated.digest, stated.kind) != (content, entry.kind):
        raise NotProven("the signed statement is about another content or kind than the entry")
    return stated


def before(earlier: Shown, later: Shown | datetime) -> str:
    """Show that something existed before something else was logged, or by a time; give the reason in words.

    Raises:
        NotProven: the proofs do not show it.
    """
    if isinstance(later, datetime):
        return _by(earlier, later)
    if earlier.origin != later.origin:
        raise NotProven("the two are in different logs, whose orders cannot be compared. Next: compare with a time")
    if earlier.index >= later.index:
        raise NotProven(f"entry {earlier.index} does not come before entry {later.index} of {later.origin}")
    same = earlier.trusted.checkpoint == later.trusted.checkpoint
    if not same and (earlier.unsafe or later.unsafe):
        raise NotProven("the two proofs are from different checkpoints, and no quorum shows that they are of one log. "
                        "Next: make both proofs again, from one checkpoint")  # fmt: skip
    where = "of one checkpoint" if same else "of checkpoints whose witnesses saw one log grow"
    return f"entry {earlier.index} comes before entry {later.index} in {later.origin}, {where}"


def _by(earlier: Shown, time: datetime) -> str:
    by = earlier.trusted.by
    if by is None:
        raise NotProven("no quorum of witnesses states a time, so nothing shows when this existed")
    if by > time:
        raise NotProven(f"a quorum of witnesses had seen it by {by:%Y-%m-%d %H:%M} UTC, and not earlier")
    return f"a quorum of witnesses ({', '.join(earlier.trusted.witnesses)}) had seen it by {by:%Y-%m-%d %H:%M:%S} UTC"


def digest_of(path: Path) -> str:
    """Name a file by the SHA-256 of its bytes, with constant memory.

    Raises:
        InputError: it cannot be read.
    """
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                found.update(block)
    except OSError as error:
        raise InputError(f"expected a readable file at {path}: {error.strerror}") from error
    return "sha256:" + found.hexdigest()


def parse_time(text: str) -> datetime:
    """Read a time as RFC 3339 or ISO 8601 spells it; without a zone it is UTC.

    Raises:
        UsageError: it is none.

    Example:
        >>> parse_time("2026-11-22").isoformat()
        '2026-11-22T00:00:00+00:00'
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"expected a time such as 2026-11-22T12:00:00Z, found {text!r}") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
