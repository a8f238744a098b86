"""C2SP tlog-proof: one small file that proves, offline, that an entry is in a log.

Rules
-----
1. The file holds the entry's index, its inclusion path, the checkpoint with its cosignatures, and, as ``extra``, the
   opening that leads from the content to the entry.
2. ``extra`` is not authenticated by itself: it counts only because the commitment it leads to is in the tree.
3. :meth:`Proof.verify` shows inclusion in the checkpoint's tree. Whether the checkpoint is to be believed is for
   :mod:`misyn.oversight.log.client`.

Source: C2SP tlog-proof (Format).

Example:
    >>> from misyn.oversight.log import checkpoint, notes, tree
    >>> leaf = tree.leaf_hash(b"entry")
    >>> text = checkpoint.Checkpoint("example.org/log", 1, leaf).text
    >>> note = notes.Note(text, (notes.Signature("example.org/log", 1, b"s" * 64),))
    >>> proof = Proof(index=0, path=(), signed=checkpoint.parse(note.to_bytes()))
    >>> parse(proof.to_bytes()) == proof
    True
    >>> proof.verify(b"entry")
"""

from __future__ import annotations

from dataclasses import dataclass

from misyn.errors import MalformedLogData
from misyn.oversight.log import checkpoint
from misyn.oversight.log.lines import base64_text, decimal, text_of, unbase64
from misyn.oversight.log.notes import MOST_BYTES
from misyn.oversight.log.tree import HASH, leaf_hash, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
SUFFIX = ".tlog-proof"
LONGEST_PATH = 63


@dataclass(frozen=True)
class Proof:
    """That the entry ``index`` is in the tree of a signed checkpoint."""

    index: int
    path: tuple[bytes, ...]
    signed: checkpoint.SignedCheckpoint
    extra: bytes | None = None

    def verify(self, entry: bytes) -> None:
        """Accept that this entry is the one at ``index``, or raise NotProven."""
        tree = self.signed.checkpoint
        verify_inclusion(leaf_hash(entry), index=self.index, size=tree.size, path=self.path, root=tree.root)

    def to_bytes(self) -> bytes:
        """Write the proof as its one byte string."""
        extra = [] if self.extra is None else [f"extra {base64_text(self.extra)}"]
        lines = [HEADER, *extra, f"index {self.index}", *map(base64_text, self.path), "", ""]
        return "\n".join(lines).encode() + self.signed.to_bytes()


def parse(data: bytes) -> Proof:
    """Read a proof; nothing in it is believed yet.

    Raises:
        MalformedLogData: the bytes are not a proof.
    """
    head, blank, note = text_of(data, limit=MOST_BYTES).partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != HEADER:
        raise MalformedLogData(f"expected a proof that begins with {HEADER}, found something else")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = unbase64(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise MalformedLogData("expected the proof's index line, found another")
    index = decimal(lines.pop(0).removeprefix("index "))
    if len(lines) > LONGEST_PATH:
        raise MalformedLogData(f"expected at most {LONGEST_PATH} hashes in a proof, found {len(lines)}")
    path = tuple(unbase64(line, length=HASH) for line in lines)
    return Proof(index, path, checkpoint.parse(note.encode()), extra)
