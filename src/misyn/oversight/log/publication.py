"""Marks made public: their declaration's entry in a log, and proof of the age of their credentials.

Rules
-----
1. A declaration is logged *before* it is written into a file, once for each that differs (force, a label), without its
   ``log_entry``, which then names the log and the index. What the entry opens to is kept beside its proof.
2. ``log_entry`` is a statement like any other in a declaration: it is shown true by ``misyn log check``.
3. Credentials are listed when the run ends, also where it ends early: what was signed is then in a list
   (:mod:`misyn.marks.credential.ages`), which is logged, and time-stamped where an authority is named.
4. A log shows a time only through its witnesses: without them an entry has an order and no date.
5. Nothing of a file is logged, and no network is used, except for an authority that is named.

Example:
    >>> with opened(proofs=None) as nobody:
    ...     nobody is None
    True
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misyn import atomic
from misyn.errors import EvidenceError, MalformedLogData, NotProven, UsageError
from misyn.marks.credential import ages
from misyn.marks.credential.trust import anchors_from
from misyn.marks.declaration import Declaration
from misyn.oversight.log import submit
from misyn.oversight.log.proofs import SUFFIX
from misyn.oversight.log.store import Log

if TYPE_CHECKING:
    from misyn.oversight.log.answers import Question
    from misyn.signing import SigningKey


@dataclass
class Publication:
    """One run's dealings with a log, an authority and a folder of proofs.

    Attributes:
        proofs: where lists and proofs go.
        now: the present time.
        log: the log's folder, or None.
        witnesses: folders of witnesses to ask.
        authority: a time-stamping authority's address, or None.
        key: who signs what is logged, or None.
    """

    proofs: Path
    now: datetime
    log: Path | None = None
    witnesses: Sequence[Path] = ()
    authority: str | None = None
    key: SigningKey | None = None
    _entries: dict[str, str] = field(default_factory=dict)
    _credentials: list[str] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _list: Path | None = None

    def declaration(self, declaration: Declaration) -> Declaration:
        """Log a declaration that is about to be written, and give it with its entry (rule 1)."""
        if self.log is None:
            return declaration
        plain = replace(declaration, log_entry=None)
        if plain.digest not in self._entries:
            self._entries[plain.digest] = self._logged(plain)
        return replace(plain, log_entry=self._entries[plain.digest])

    def credential(self, digest: str | None) -> None:
        """Note a credential that was signed."""
        if digest is not None:
            self._credentials.append(digest)

    def finish(self) -> None:
        """List the credentials, log the list, and have it stamped (rule 3)."""
        if not self._credentials:
            if self.authority is not None:
                self._notes.append("nothing was time-stamped: no credential was signed (--key)")
            return
        self._list = ages.write_list(self.proofs, self._credentials)
        if self.log is not None:
            self._submit(self._list, "evidence")
        if ages.stamped(self._list, authority=self.authority) is None and self.log is None:
            self._notes.append(
                f"nothing shows the age of these credentials yet: send {self._list.name}.tsq to a time-stamping "
                f"authority and keep its answer as {self._list.name}.tsr"
            )

    def as_json(self) -> dict[str, Any]:
        """Give what ``misyn mark --json`` shows of it."""
        return {
            "proofs": str(self.proofs),
            "log_entries": sorted(self._entries.values()),
            "credentials": len(self._credentials),
            "list": None if self._list is None else self._list.name,
            "notes": list(self._notes),
        }

    def _logged(self, declaration: Declaration) -> str:
        data = declaration.to_bytes()
        path = self.proofs / f"declaration-{declaration.digest.removeprefix('sha256:')[:16]}.json"
        atomic.write_bytes(path, data)
        return self._submit(path, "declaration")

    def _submit(self, path: Path, kind: str) -> str:
        log = self.log
        if log is None:
            raise UsageError("expected a log, found none. Next: --log FOLDER")
        done = submit.files(log, [path], kind=kind, now=self.now, key=self.key, witnesses=self.witnesses)
        if done[0].proof is None:
            self._notes.append(
                f"entry {done[0].index} is logged and its proof is pending: too few witnesses have cosigned. "
                f"Next: misyn log prove LOG {done[0].index} --out {path.name}{SUFFIX}"
            )
        elif kind == "evidence" and not self.witnesses and self.authority is None:
            self._notes.append("no witness was asked, so the log shows an order and no date (--witness, --tsa)")
        with Log.open(log) as opened_log:
            return f"{opened_log.origin}#{done[0].index}"


@contextmanager
def opened(
    *,
    proofs: Path | None,
    now: datetime | None = None,
    log: Path | None = None,
    witnesses: Sequence[Path] = (),
    authority: str | None = None,
    key: SigningKey | None = None,
) -> Iterator[Publication | None]:
    """Publish what is marked in this block; None where nothing is to be published.

    Args:
        proofs: folder for lists and proofs; needed for everything else.
        now: the present time, with its zone.
        log: a log's folder.
        witnesses: folders of witnesses to ask.
        authority: a time-stamping authority's address.
        key: who signs what is logged.

    Raises:
        UsageError: a log or an authority without a folder of proofs.
        LogError: the log cannot be used; nothing was marked before its declaration was logged.
        SigningError: the authority gives no answer; what was marked is whole.
    """
    if proofs is None or now is None:
        if log is not None or authority is not None:
            raise UsageError("expected a folder for the proofs, found none. Next: --proofs FOLDER")
        yield None
        return
    publication = Publication(proofs, now, log, tuple(witnesses), authority, key)
    try:
        yield publication
    finally:
        publication.finish()


def from_log(folder: Path, question: Question) -> ages.Ages:
    """Read what a log's proofs in a folder show of the credentials they list.

    Args:
        folder: of lists with their proofs.
        question: whom to believe.

    Raises:
        InputError: the folder is not there.
    """
    found = ages.Ages()
    for path, data in ages.lists_in(folder):
        proof = ages.beside(path, SUFFIX)
        if proof.is_file():
            found |= _shown(question, path, data, proof)
    return found


def _shown(question: Question, path: Path, data: bytes, proof: Path) -> ages.Ages:
    try:
        time = question.show(proof, path).trusted.by
        listed = ages.read_list(data)
    except (NotProven, MalformedLogData, EvidenceError) as error:
        return ages.Ages(problems=(f"{path.name}: {error}",))
    if time is None:
        return ages.Ages(problems=(f"{path.name}: no quorum of witnesses states when the log held it",))
    return ages.Ages(dict.fromkeys(listed, time))


def ages_in(folder: Path, *, now: datetime, policy: Path | None, authorities: Path | None) -> ages.Ages:
    """Read everything a folder of proofs shows of the age of credentials.

    Args:
        folder: of lists with their proofs and time stamps.
        now: the present time, with its zone.
        policy: whose log to believe (C2SP tlog-policy); None believes no log.
        authorities: roots of time-stamping authorities (PEM); None believes none.

    Raises:
        InputError: the folder is not there.
        MalformedLogData: the policy is none.
        SigningError: the roots cannot be read.
    """
    from misyn.oversight.log import policy as policies  # noqa: PLC0415
    from misyn.oversight.log.answers import Question  # noqa: PLC0415

    found = ages.Ages()
    if policy is not None:
        found |= from_log(folder, Question(policies.load(policy), now, unsafe_without_cosignatures=True))
    if authorities is not None:
        found |= ages.from_time_stamps(folder, roots=anchors_from(authorities).certificates)
    return found
