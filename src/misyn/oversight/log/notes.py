"""C2SP signed-note: a text, signed by one or more keys; and the Ed25519 key a log signs with.

Rules
-----
1. The text means nothing until a trusted key has signed it: :func:`verified` is the only way to believe a note.
2. Signatures of unknown keys are ignored. A signature of a known key that does not verify spoils the whole note.
3. A key is its name *and* its key ID together; a match of one alone is an unknown key.
4. At most :data:`MOST_SIGNATURES` signature lines and :data:`MOST_BYTES` bytes are read.

Source: C2SP signed-note (Format, Signatures, Signature types; type 0x01).

Example:
    >>> key = NoteKey.from_vkey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    >>> f"{key.name} {key.key_id:08x}"
    'PeterNeumann c74f20a3'
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from misyn.errors import MalformedLogData, NotProven
from misyn.oversight.log.lines import base64_text, text_of, unbase64

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

DASH = "— "  # U+2014, space
MOST_SIGNATURES = 100
MOST_BYTES = 1_000_000
ED25519 = 0x01


class Verifier(Protocol):
    """A public key with a name, that says whether a signature on a note's text is its own."""

    @property
    def name(self) -> str:
        """The key's name: a log's origin, a witness's name."""

    @property
    def key_id(self) -> int:
        """Four bytes that tell keys of one name apart."""

    @property
    def vkey(self) -> str:
        """The one-line form of name, ID, type and key."""

    def verify(self, text: str, signature: bytes) -> None:
        """Accept the signature, or raise NotProven."""


@dataclass(frozen=True)
class Signature:
    """One signature line: who claims to have signed, and the bytes after the key ID."""

    name: str
    key_id: int
    signature: bytes

    @property
    def line(self) -> str:
        """The line as a note carries it, with its newline."""
        return f"{DASH}{self.name} {base64_text(struct.pack('>I', self.key_id) + self.signature)}\n"


@dataclass(frozen=True)
class Note:
    """A text (ending in a newline) and its signatures, none of them verified yet."""

    text: str
    signatures: tuple[Signature, ...] = ()

    def to_bytes(self) -> bytes:
        """Write the note as its one byte string."""
        return (self.text + "\n" + "".join(one.line for one in self.signatures)).encode()

    def with_signatures(self, more: Sequence[Signature]) -> Note:
        """Add signatures; one of a key that has signed before takes the earlier one's place."""
        keys = {(one.name, one.key_id) for one in more}
        kept = [one for one in self.signatures if (one.name, one.key_id) not in keys]
        return Note(self.text, (*kept, *more))


def parse(data: bytes) -> Note:
    """Read a note; nothing in it is believed yet.

    Raises:
        MalformedLogData: the bytes are not a signed note.
    """
    whole = text_of(data, limit=MOST_BYTES)
    text, blank, signatures = whole.rpartition("\n\n")
    if not blank or not text or not signatures.endswith("\n"):
        raise MalformedLogData("expected text, a blank line and signature lines, found something else")
    return Note(text + "\n", parse_signatures(signatures))


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """Read signature lines, each with its newline."""
    if not lines.endswith("\n") or lines.count("\n") > MOST_SIGNATURES:
        raise MalformedLogData(f"expected 1 to {MOST_SIGNATURES} whole signature lines, found something else")
    return tuple(_parse_line(line) for line in lines[:-1].split("\n"))


def _parse_line(line: str) -> Signature:
    name, _, payload = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not valid_name(name):
        raise MalformedLogData("expected a signature line (dash, key name, base64), found something else")
    signature = unbase64(payload)
    if len(signature) < 5:
        raise MalformedLogData("expected a key ID and a signature, found fewer than 5 bytes")
    return Signature(name, int.from_bytes(signature[:4], "big"), signature[4:])


def valid_name(name: str) -> bool:
    """Say whether this can be a key's name: not empty, no spaces, no plus, no control characters."""
    return bool(name) and "+" not in name and not any(c.isspace() or c < " " for c in name)


def verified(note: Note, verifiers: Sequence[Verifier]) -> tuple[Signature, ...]:
    """Give the signatures of trusted keys, each verified, one per key.

    Raises:
        NotProven: no trusted key has signed, or a signature in a trusted key's name is wrong.
    """
    found = verified_any(note, verifiers)
    if not found:
        raise NotProven("expected the signature of a trusted key, found none. Next: compare the key with its owner's")
    return found


def verified_any(note: Note, verifiers: Sequence[Verifier]) -> tuple[Signature, ...]:
    """Give the signatures of these keys, each verified; none is an answer too."""
    known = {(one.name, one.key_id): one for one in verifiers}
    found: dict[tuple[str, int], Signature] = {}
    for one in note.signatures:
        key = known.get((one.name, one.key_id))
        if key is not None and (one.name, one.key_id) not in found:
            key.verify(note.text, one.signature)
            found[one.name, one.key_id] = one
    return tuple(found.values())


def key_id(name: str, kind: int, *, public: bytes) -> int:
    """Derive a key's ID from its name, signature type and public bytes."""
    return int.from_bytes(sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4], "big")


def format_vkey(name: str, kind: int, *, public: bytes) -> str:
    """Spell a public key in one line: name, key ID, type and key."""
    return f"{name}+{key_id(name, kind, public=public):08x}+{base64_text(bytes([kind]) + public)}"


def parse_vkey(text: str) -> tuple[str, int, bytes]:
    """Read a one-line public key as (name, signature type, public bytes).

    Raises:
        MalformedLogData: another form, or a key ID that is not this key's.
    """
    name, _, rest = text.partition("+")
    stated, _, encoded = rest.partition("+")
    if not valid_name(name) or not encoded:
        raise MalformedLogData("expected a public key as name+keyid+base64, found something else")
    key = unbase64(encoded)
    if len(key) < 2 or stated != f"{key_id(name, key[0], public=key[1:]):08x}":
        raise MalformedLogData(f"the key ID of {name!r} is not the one of its key. Next: ask its owner again")
    return name, key[0], key[1:]


@dataclass(frozen=True)
class NoteKey:
    """The public half of a log's key: Ed25519 over the note's text (signature type 0x01)."""

    name: str
    public: bytes
    key_id: int = field(init=False)

    def __post_init__(self) -> None:
        if len(self.public) != 32 or not valid_name(self.name):
            raise MalformedLogData("expected an Ed25519 key of 32 bytes and a name without spaces or plus")
        object.__setattr__(self, "key_id", key_id(self.name, ED25519, public=self.public))

    @classmethod
    def from_vkey(cls, text: str) -> NoteKey:
        """Read the one-line form."""
        name, kind, public = parse_vkey(text)
        if kind != ED25519:
            raise MalformedLogData(f"expected a log's key (type 01), found type {kind:02x}")
        return cls(name, public)

    @property
    def vkey(self) -> str:
        """The one-line form, for a policy file."""
        return format_vkey(self.name, ED25519, public=self.public)

    def verify(self, text: str, signature: bytes) -> None:
        """Accept the signature on the text, or raise NotProven."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - help and formats must not pay for it
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError) as error:
            raise NotProven(f"the signature in the name of {self.name!r} is not its own") from error


@dataclass(frozen=True)
class NoteSigner:
    """A log's key: signs the text of notes."""

    name: str
    private: Ed25519PrivateKey = field(repr=False)

    @property
    def verifier(self) -> NoteKey:
        """The public half."""
        return NoteKey(self.name, self.private.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """Sign a text, and verify the signature before it leaves."""
        signature = self.private.sign(text.encode())
        self.verifier.verify(text, signature)
        return Signature(self.name, self.verifier.key_id, signature)
