"""What checking proofs comes to: for one proof, or for every proof that lies beside its file in a folder.

Rules
-----
1. An answer is yes with what was shown, or no with the reason. A proof too damaged to read is a no.
2. The answer always says how old the knowledge is, and what was weakened.

Example:
    >>> import tempfile
    >>> from datetime import UTC, datetime
    >>> from misyn.oversight.log import policy
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = (Path(place) / "plan.md.tlog-proof").write_bytes(b"damaged")
    ...     _ = (Path(place) / "plan.md").write_bytes(b"our plan")
    ...     question = Question(policy.parse("quorum none"), datetime(2026, 11, 22, tzinfo=UTC))
    ...     [answer.holds for answer in ask_folder(question, Path(place))]
    [False]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misyn.errors import InputError, MalformedLogData, NotProven
from misyn.oversight.log import client, proofs
from misyn.oversight.log.policy import Policy

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SCHEMA = "misyn/log-check/1"


@dataclass(frozen=True)
class Answer:
    """Whether a proof holds for a file; ``shown`` when it does, ``reason`` when it does not, ``order`` in words."""

    proof: str
    file: str | None
    shown: client.Shown | None = None
    reason: str | None = None
    order: str | None = None

    @property
    def holds(self) -> bool:
        """Whether everything asked for was shown."""
        return self.reason is None

    def as_json(self, now: datetime) -> dict[str, Any]:
        """Give the answer as one JSON object."""
        found: dict[str, Any] = {"schema": SCHEMA, "holds": self.holds, "proof": self.proof, "file": self.file}
        found |= {"reason": self.reason, "order": self.order}
        return found if self.shown is None else {**found, **describe(self.shown, now)}

    def lines(self, now: datetime) -> list[str]:
        """Give the answer in words."""
        name = self.file or self.proof
        if self.shown is None:
            return [f"NO  {name}: {self.reason}"]
        found = describe(self.shown, now)
        lines = [f"yes {name}: a {found['kind']}, entry {found['index']} of {found['log']}"]
        if found["signer"]:
            lines.append(f"    signed by {found['signer']['name']}, who states {found['signed_time']}")
        age = "nobody vouches for when it existed, and how old this knowledge is"
        if found["existed_by"] is not None and found["age_seconds"] is not None:
            who = ", ".join(found["witnesses"])
            age = f"existed by {found['existed_by']} ({who}); this knowledge is {found['age_seconds'] // 3600} h old"
        order = [self.order] if self.order else []
        return [*lines, *(f"    {one}" for one in (age, *order, *(f"unsafe: {weak}" for weak in found["unsafe"])))]


def describe(shown: client.Shown, now: datetime) -> dict[str, Any]:
    """Give what a proof shows as one JSON object."""
    trusted, stated = shown.trusted, shown.stated
    age = trusted.age(now)
    return {
        "log": shown.origin,
        "index": shown.index,
        "kind": shown.entry.kind,
        "about": shown.entry.about,
        "digest": shown.digest,
        "entries": trusted.checkpoint.size,
        "witnesses": list(trusted.witnesses),
        "existed_by": _time(trusted.by),
        "known_as_of": _time(trusted.as_of),
        "age_seconds": None if age is None else int(age.total_seconds()),
        "signer": None if stated is None else {"name": stated.signer.name, "certificate": stated.signer.certificate},
        "signed_time": None if stated is None else stated.time,
        "unsafe": list(shown.unsafe),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Question:
    """What is asked of every proof: whom to believe, as of when, and how strictly.

    Attributes:
        policy: whom to believe.
        now: the present time, with its time zone.
        roots: certificates to trust, where signers are to be verified.
        max_age: the oldest knowledge to accept.
        unsafe_without_cosignatures: believe the log's operator alone.
    """

    policy: Policy
    now: datetime
    roots: Sequence[Certificate] = ()
    max_age: timedelta | None = None
    unsafe_without_cosignatures: bool = False

    def show(self, proof: Path, file: Path | None) -> client.Shown:
        """Check one proof file, and that it is about ``file`` where one is given.

        Raises:
            InputError: a file cannot be read.
            NotProven: it does not hold.
        """
        try:
            data = proof.read_bytes()
        except OSError as error:
            raise InputError(f"expected a proof at {proof}: {error.strerror}") from error
        return client.check(
            data,
            self.policy,
            now=self.now,
            content=None if file is None else client.digest_of(file),
            roots=self.roots,
            max_age=self.max_age,
            unsafe_without_cosignatures=self.unsafe_without_cosignatures,
        )


def ask(question: Question, proof: Path, file: Path | None = None, *, before: Path | datetime | None = None) -> Answer:
    """Check one proof, and, where asked, that it shows its file before another proof's, or by a time.

    Raises:
        InputError: a file cannot be read.
    """
    name = None if file is None else str(file)
    try:
        shown = question.show(proof, file)
        if before is None:
            return Answer(str(proof), name, shown)
        later = before if isinstance(before, datetime) else replace(question, roots=()).show(before, None)
        return Answer(str(proof), name, shown, order=client.before(shown, later))
    except (NotProven, MalformedLogData) as error:
        return Answer(str(proof), name, reason=str(error))


def ask_folder(question: Question, folder: Path) -> tuple[Answer, ...]:
    """Check every ``NAME.tlog-proof`` in a folder (and below) against the file ``NAME`` beside it.

    Returns:
        One answer per proof, in the order of their paths. A proof whose file is not there is a no.
    """
    found = sorted(path for path in folder.rglob(f"*{proofs.SUFFIX}") if path.is_file())
    return tuple(_beside(question, proof) for proof in found)


def _beside(question: Question, proof: Path) -> Answer:
    file = proof.with_name(proof.name.removesuffix(proofs.SUFFIX))
    if not file.is_file():
        return Answer(str(proof), None, reason=f"expected {file.name} beside its proof, found no such file")
    return ask(question, proof, file)
