"""C2SP tlog-checkpoint: a log's name, its size and its root hash, as the text of a signed note.

Rules
-----
1. Three lines that are not empty: origin, size in decimal, root in base64. Extension lines are kept and never written.
2. The key's name is the log's origin: a checkpoint signed under another name is another log's.

Source: C2SP tlog-checkpoint (Note text, Signatures).

Example:
    >>> text = Checkpoint("example.org/log", 0, bytes.fromhex("e3b0c44298fc1c14" "9afbf4c8996fb924"
    ...                   "27ae41e4649b934c" "a495991b7852b855")).text
    >>> parse_text(text).size
    0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from misyn.errors import MalformedLogData, NotProven
from misyn.oversight.log import notes
from misyn.oversight.log.lines import base64_text, decimal, unbase64
from misyn.oversight.log.tree import EMPTY_ROOT, HASH


@dataclass(frozen=True)
class Checkpoint:
    """What a log says it is: ``size`` entries under the hash ``root``."""

    origin: str
    size: int
    root: bytes
    extension: tuple[str, ...] = ()

    @property
    def possible(self) -> bool:
        """Whether such a tree can exist: an empty one has the one root that the empty tree has."""
        return self.size > 0 or self.root == EMPTY_ROOT

    @property
    def text(self) -> str:
        """The text of the note."""
        return "\n".join((self.origin, str(self.size), base64_text(self.root), *self.extension)) + "\n"


def parse_text(text: str) -> Checkpoint:
    """Read the text of a checkpoint.

    Raises:
        MalformedLogData: the text is not a checkpoint's.
    """
    lines = text[:-1].split("\n")
    if not text.endswith("\n") or len(lines) < 3 or not all(lines):
        raise MalformedLogData("expected a checkpoint of at least three lines, none of them empty; found another text")
    return Checkpoint(lines[0], decimal(lines[1]), unbase64(lines[2], length=HASH), tuple(lines[3:]))


@dataclass(frozen=True)
class SignedCheckpoint:
    """A checkpoint with the note that carries it; its signatures are not verified by being here."""

    checkpoint: Checkpoint
    note: notes.Note

    def to_bytes(self) -> bytes:
        """The note's bytes, as a log serves them."""
        return self.note.to_bytes()


def parse(data: bytes) -> SignedCheckpoint:
    """Read a signed checkpoint; nothing in it is believed yet."""
    note = notes.parse(data)
    return SignedCheckpoint(parse_text(note.text), note)


def by_log(signed: SignedCheckpoint, keys: Sequence[notes.Verifier]) -> None:
    """Accept that the log of this origin signed: one of ``keys`` under the origin's name.

    Raises:
        NotProven: none of these keys has this name, or none signed.
    """
    origin = signed.checkpoint.origin
    own = [key for key in keys if key.name == origin]
    if not own:
        raise NotProven(f"expected a checkpoint of {_names(keys)}, found one of another log")
    notes.verified(signed.note, own)


def _names(keys: Sequence[notes.Verifier]) -> str:
    return " or ".join(sorted({repr(key.name) for key in keys})) or "a trusted log (none is named)"
