"""Entries of a log as evidence of an audit: what ``misyn audit`` writes down, and ``misyn check`` proves again.

Rules
-----
1. A row says which log, which entry, which checkpoint, what content, and carries the proof that shows all of it. Rows
   are made of proofs that hold, and nothing else in them is believed.
2. Rows are compared with each other, so they have to be of one log: proofs of one log from several checkpoints are
   accepted only where a quorum of witnesses saw it grow from one to the other.
3. A plan that has to be signed (``roots``) is signed by somebody those certify; other entries need no signature.

Source: issue list of the project's design, item *Oversight I*; C2SP tlog-proof.

Example:
    >>> import tempfile
    >>> from datetime import UTC
    >>> from pathlib import Path
    >>> from misyn.canonical import digest
    >>> from misyn.oversight.log import entries, policy
    >>> from misyn.oversight.log.store import Log
    >>> with tempfile.TemporaryDirectory() as place, Log.create(Path(place), origin="example.org/log") as log:
    ...     _ = log.append([entries.commit("plan", digest(b"our plan"))]), log.publish()
    ...     data, wanted = log.prove(0).to_bytes(), policy.of(*log.keys)
    >>> now = datetime(2026, 11, 22, tzinfo=UTC)
    >>> row = Prover(wanted, now=now, unsafe_without_cosignatures=True).row(data)
    >>> row["kind"], row["index"], row["digest"] == digest(b"our plan")
    ('plan', 0, True)
    >>> Prover(wanted, now=now, unsafe_without_cosignatures=True).prove(row)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misyn.errors import NotProven
from misyn.oversight.log import client
from misyn.oversight.log.policy import Policy

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SCHEMA = "misyn/log/1"
_SPLIT = (
    "its checkpoint is another than that of the proofs before it, and no quorum shows that both are of one log. Next: "
    "make the proofs again, from one checkpoint"
)


@dataclass
class Prover:
    """Accepts rows one after another, as of one time and one policy.

    Attributes:
        policy: whom to believe.
        now: the present time, with its time zone.
        roots: certificates of those who may have signed a plan; empty asks for no signature.
        unsafe_without_cosignatures: believe the log's operator alone.
    """

    policy: Policy
    now: datetime = field(kw_only=True)
    roots: Sequence[Certificate] = field(default=(), kw_only=True)
    unsafe_without_cosignatures: bool = field(default=False, kw_only=True)
    _seen: dict[str, client.Trusted] = field(default_factory=dict, init=False, repr=False)

    def row(self, proof: bytes) -> dict[str, Any]:
        """The row that a proof file is evidence of.

        Raises:
            MalformedLogData: not such a proof.
            NotProven: it does not hold, or cannot be compared with those before it (rule 2).
        """
        shown = self._shown(proof, None)
        checkpoint = shown.trusted.checkpoint
        return {
            "log": shown.origin,
            "index": shown.index,
            "kind": shown.entry.kind,
            "digest": shown.digest,
            "size": checkpoint.size,
            "root": "sha256:" + checkpoint.root.hex(),
            "proof": proof.decode("utf-8"),
        }

    def prove(self, row: Mapping[str, Any]) -> None:
        """Accept a row: its proof holds, and everything else in it is what the proof shows.

        Raises:
            MalformedLogData: it carries no proof of that form.
            NotProven: it does not hold, or says another thing than its proof.
        """
        proof, content = row.get("proof"), row.get("digest")
        if not (isinstance(proof, str) and isinstance(content, str)):
            raise NotProven("expected a proof and the digest it is about, found none")
        found = self.row(proof.encode())
        for key in sorted(row):
            if key not in found or found[key] != row[key]:
                raise NotProven(_other(key, found))

    def _shown(self, proof: bytes, content: str | None) -> client.Shown:
        unsafe = self.unsafe_without_cosignatures
        shown = client.check(proof, self.policy, now=self.now, content=content, unsafe_without_cosignatures=unsafe)
        if shown.digest is None:
            raise NotProven("the proof shows an entry, not what it commits to, so it is evidence of no content")
        if self.roots and shown.entry.kind == "plan":
            client.check(proof, self.policy, now=self.now, roots=self.roots, unsafe_without_cosignatures=unsafe)
        first = self._seen.setdefault(shown.origin, shown.trusted)
        if first.checkpoint != shown.trusted.checkpoint and (first.unsafe or shown.unsafe):
            raise NotProven(_SPLIT)
        return shown


def _other(key: str, found: Mapping[str, Any]) -> str:
    if key in found:
        return f"the proof shows {key} {found[key]}, and the row says another"
    return f"no proof shows what the row says under {key[:40]!a}"
