"""C2SP tlog-witness: somebody else who remembers how large the log was, and cosigns only what grew from that.

Rules
-----
1. Per log, the witness remembers the largest tree it has cosigned. It cosigns a checkpoint only with a proof that its
   tree begins with the remembered one.
2. Comparing and remembering are one transaction, on disk before the cosignature leaves: two requests at once can
   never make the witness forget.
3. Answers are those of the protocol: 200 · 400 (malformed, or a shrinking size) · 403 (no trusted key signed) · 404
   (unknown log) · 409 (another size remembered, which is told; or another root at the same size) · 422 (the proof does
   not hold). What a trusted key signed and contradicts the remembered tree is kept as evidence.
4. No HTTP here: a request is bytes, an answer is status, type and bytes. Any server, or a file, can carry them.

Source: C2SP tlog-witness (add-checkpoint).

Example: see :class:`Witness`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from misyn.errors import LogUnavailable, MalformedLogData, NotProven, UsageError
from misyn.oversight.log import checkpoint, notes, tree
from misyn.oversight.log.cosignature import WitnessKey, WitnessSigner
from misyn.oversight.log.lines import base64_text, decimal, text_of, unbase64

LONGEST_PROOF = 63
PATIENCE = 60.0
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """What a witness answers: an HTTP status, a content type and a body."""

    status: int
    body: bytes
    content_type: str = TEXT_TYPE

    @property
    def known(self) -> int | None:
        """The size a 409 tells, or None."""
        if self.status != 409 or self.content_type != SIZE_TYPE:
            return None
        try:
            return decimal(self.body.decode("ascii").removesuffix("\n"))
        except (UnicodeDecodeError, MalformedLogData):
            return None


class Cosigner(Protocol):
    """A witness as a log sees it, wherever it runs."""

    @property
    def key(self) -> WitnessKey:
        """The key its cosignatures verify under."""

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one request."""


@dataclass(frozen=True)
class Request:
    """The body of add-checkpoint: the size the witness knows, a consistency proof from it, and a checkpoint."""

    old: int
    path: tuple[bytes, ...]
    signed: checkpoint.SignedCheckpoint

    def to_bytes(self) -> bytes:
        """Write the request as its one byte string."""
        lines = [f"old {self.old}", *map(base64_text, self.path), "", ""]
        return "\n".join(lines).encode() + self.signed.to_bytes()


def parse_request(body: bytes) -> Request:
    """Read a request; nothing in it is believed yet.

    Raises:
        MalformedLogData: not a request.
    """
    head, blank, note = text_of(body, limit=notes.MOST_BYTES).partition("\n\n")
    lines = head.split("\n")
    if not blank or not lines[0].startswith("old ") or len(lines) - 1 > LONGEST_PROOF:
        raise MalformedLogData("expected an old size, at most 63 hashes, a blank line and a checkpoint")
    path = tuple(unbase64(line, length=tree.HASH) for line in lines[1:])
    return Request(decimal(lines[0].removeprefix("old ")), path, checkpoint.parse(note.encode()))


class Witness:
    r"""A witness: its key, the logs it knows, and its memory.

    Args:
        signer: its key.
        logs: for each log's name, the public keys it trusts.
        memory: file of what it has cosigned; made when absent.
        clock: gives the present time in POSIX seconds.

    Example:
        >>> import tempfile
        >>> from misyn.signing import new_private
        >>> key = notes.NoteSigner("example.org/log", new_private("ed25519"))
        >>> text = checkpoint.Checkpoint("example.org/log", 1, b"r" * 32).text
        >>> body = b"old 0\n\n" + notes.Note(text, (key.sign(text),)).to_bytes()
        >>> with tempfile.TemporaryDirectory() as place:
        ...     signer = WitnessSigner("witness.example/w1", new_private("ed25519"))
        ...     memory = Path(place) / "memory.sqlite3"
        ...     witness = Witness(signer, {key.name: [key.verifier]}, memory=memory, clock=lambda: 1_700_000_000)
        ...     [witness.add_checkpoint(body).status, witness.add_checkpoint(body).status]
        [200, 409]
    """

    def __init__(
        self,
        signer: WitnessSigner,
        logs: Mapping[str, Sequence[notes.NoteKey]],
        *,
        memory: Path,
        clock: Callable[[], int],
    ) -> None:
        if not logs:
            raise UsageError("a witness that knows no log can cosign nothing. Next: name a log's key")
        self._signer, self._logs, self._memory, self._clock = signer, logs, memory, clock

    @property
    def key(self) -> WitnessKey:
        """The key its cosignatures verify under."""
        return self._signer.verifier

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one request (rule 3).

        Raises:
            LogUnavailable: the memory cannot be read or written; nothing was cosigned.
        """
        try:
            request = parse_request(body)
        except MalformedLogData as error:
            return _refusal(400, str(error))
        new = request.signed.checkpoint
        keys = self._logs.get(new.origin)
        if keys is None:
            return _refusal(404, "this witness does not know the log")
        try:
            checkpoint.by_log(request.signed, keys)
        except NotProven as error:
            return _refusal(403, str(error))
        if request.old > new.size:
            return _refusal(400, "the old size is larger than the checkpoint's")
        with self._transaction() as memory:
            return self._compare(memory, request)

    def remembered(self, origin: str) -> tuple[int, bytes]:
        """Give the size and root last cosigned for a log; (0, the empty tree's root) where there is none."""
        with self._transaction() as memory:
            return _recall(memory, origin)

    def evidence(self) -> list[bytes]:
        """Give the signed checkpoints that contradicted what was remembered."""
        with self._transaction() as memory:
            return [bytes(row[0]) for row in memory.execute("SELECT note FROM evidence ORDER BY number")]

    def _compare(self, memory: sqlite3.Connection, request: Request) -> Answer:
        new = request.signed.checkpoint
        size, root = _recall(memory, new.origin)
        conflict = Answer(409, f"{size}\n".encode(), SIZE_TYPE)
        if request.old != size:
            return conflict
        if 0 < size == new.size and root != new.root:
            _testify(memory, request)
            return conflict
        if not _grows(request, size, root):
            _testify(memory, request)
            return _refusal(422, "the proof does not show that this tree begins with the one cosigned before")
        try:
            line = self._signer.cosign(request.signed.note.text, time=self._clock()).line
        except UsageError as error:
            return _refusal(400, str(error))
        values = (new.origin, new.size, new.root, request.signed.to_bytes())
        memory.execute("INSERT OR REPLACE INTO seen (origin, size, root, note) VALUES (?, ?, ?, ?)", values)
        return Answer(200, line.encode())

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the memory alone; what was changed is on disk when the block ends."""
        try:
            with closing(sqlite3.connect(self._memory, timeout=PATIENCE, isolation_level=None)) as memory:
                for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON"):
                    memory.execute(f"PRAGMA {pragma}")
                memory.execute("BEGIN IMMEDIATE")
                memory.execute(
                    "CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INTEGER, root BLOB, note BLOB)"
                )
                memory.execute("CREATE TABLE IF NOT EXISTS evidence (number INTEGER PRIMARY KEY, note BLOB UNIQUE)")
                yield memory
                memory.execute("COMMIT")
        except sqlite3.Error as error:
            raise LogUnavailable(f"the witness's memory cannot be used ({error}); nothing was cosigned") from error


def _recall(memory: sqlite3.Connection, origin: str) -> tuple[int, bytes]:
    found = memory.execute("SELECT size, root FROM seen WHERE origin = ?", (origin,)).fetchone()
    if found is None:
        return 0, tree.EMPTY_ROOT
    if type(found[0]) is not int or not isinstance(found[1], bytes) or len(found[1]) != tree.HASH:
        raise LogUnavailable("the witness's memory is damaged; nothing was cosigned. Next: restore it")
    return found[0], found[1]


def _grows(request: Request, size: int, root: bytes) -> bool:
    new = request.signed.checkpoint
    if size == 0:
        return not request.path and (new.size > 0 or new.root == root)  # from the empty tree everything grows
    try:
        tree.verify_consistency(size, new.size, path=request.path, old_root=root, new_root=new.root)
    except NotProven:
        return False
    return True


def _testify(memory: sqlite3.Connection, request: Request) -> None:
    memory.execute("INSERT OR IGNORE INTO evidence (note) VALUES (?)", (request.signed.to_bytes(),))


def _refusal(status: int, why: str) -> Answer:
    return Answer(status, (why + "\n").encode())
