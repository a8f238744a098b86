"""C2SP tlog-cosignature: a witness says that at this time this was the largest tree it had seen grow, consistently.

Rules
-----
1. Two kinds: ML-DSA-44 (type 0x06, preferred, safe against quantum computers, names the witness in what is signed)
   and Ed25519 (type 0x04) for places whose ``cryptography`` has no ML-DSA.
2. The time is part of what is signed. Time zero (ML-DSA only) makes no statement about time.
3. ML-DSA cosignatures do not cover extension lines: a checkpoint that has any is refused, not half signed.

Source: C2SP tlog-cosignature (Format, Ed25519 signed message, ML-DSA-44 signed message).

Example:
    >>> from misyn.signing import new_private
    >>> from misyn.oversight.log.checkpoint import Checkpoint
    >>> signer = WitnessSigner("witness.example/w1", new_private("ed25519"))
    >>> text = Checkpoint("example.org/log", 1, b"r" * 32).text
    >>> signed = signer.cosign(text, time=1_700_000_000)
    >>> signer.verifier.verify(text, signed.signature); time_of(signed)
    1700000000
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from misyn.errors import MalformedLogData, NotProven, UsageError
from misyn.oversight.log.checkpoint import parse_text
from misyn.oversight.log.lines import LARGEST
from misyn.oversight.log.notes import Signature, format_vkey, key_id, parse_vkey, valid_name

if TYPE_CHECKING:
    from misyn.signing import Private

ED25519 = 0x04
ML_DSA_44 = 0x06
PUBLIC_BYTES = {ED25519: 32, ML_DSA_44: 1312}
SIGNATURE_BYTES = {ED25519: 64, ML_DSA_44: 2420}
LABEL = b"subtree/v1\n\x00"


def time_of(signature: Signature) -> int:
    """Give the time a cosignature states, in POSIX seconds; 0 says nothing about time."""
    return int.from_bytes(signature.signature[:8], "big")


@dataclass(frozen=True)
class WitnessKey:
    """The public half of a witness's key; ``kind`` is 0x04 (Ed25519) or 0x06 (ML-DSA-44)."""

    name: str
    kind: int
    public: bytes
    key_id: int = field(init=False)

    def __post_init__(self) -> None:
        if len(self.public) != PUBLIC_BYTES.get(self.kind) or not valid_name(self.name):
            raise MalformedLogData("expected a witness's key (type 04 or 06) of its length, and a name without spaces")
        object.__setattr__(self, "key_id", key_id(self.name, self.kind, public=self.public))

    @classmethod
    def from_vkey(cls, text: str) -> WitnessKey:
        """Read the one-line form."""
        return cls(*parse_vkey(text))

    @property
    def vkey(self) -> str:
        """The one-line form, for a policy file."""
        return format_vkey(self.name, self.kind, public=self.public)

    def verify(self, text: str, signature: bytes) -> None:
        """Accept the cosignature on a checkpoint's text, or raise NotProven."""
        if len(signature) != 8 + SIGNATURE_BYTES[self.kind]:
            raise NotProven(f"the cosignature in the name of {self.name!r} has not the length of its kind")
        try:
            message = _message(self.name, self.kind, text, int.from_bytes(signature[:8], "big"))
        except (MalformedLogData, UsageError) as error:
            raise NotProven(f"the cosignature in the name of {self.name!r} is on no checkpoint it can cover") from error
        _verify(self.kind, self.public, signature[8:], message, self.name)


@dataclass(frozen=True)
class WitnessSigner:
    """A witness's key; an ML-DSA-44 or an Ed25519 private key decides the kind."""

    name: str
    private: Private = field(repr=False)

    @property
    def verifier(self) -> WitnessKey:
        """The public half."""
        public = self.private.public_key().public_bytes_raw()
        kind = next(kind for kind, length in PUBLIC_BYTES.items() if length == len(public))
        return WitnessKey(self.name, kind, public)

    def cosign(self, text: str, *, time: int) -> Signature:
        """Cosign a checkpoint's text at ``time`` (POSIX seconds), and verify it before it leaves.

        Raises:
            UsageError: the text has extension lines that an ML-DSA cosignature cannot cover.
        """
        key = self.verifier
        signature = struct.pack(">Q", time) + self.private.sign(_message(self.name, key.kind, text, time))
        key.verify(text, signature)
        return Signature(self.name, key.key_id, signature)


def _message(name: str, kind: int, text: str, time: int) -> bytes:
    """Build the bytes that are signed."""
    if not 0 <= time <= LARGEST:
        raise UsageError("expected a time in POSIX seconds below 2^63")
    checkpoint = parse_text(text)
    if not checkpoint.possible:
        raise UsageError("a checkpoint of no entries states a root that is not the empty tree's")
    if kind == ED25519:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    if checkpoint.extension:
        raise UsageError("an ML-DSA-44 cosignature covers no extension lines, and this checkpoint has some")
    stamp = struct.pack(">Q", time)
    span = struct.pack(">QQ", 0, checkpoint.size)
    return LABEL + _opaque(name) + stamp + _opaque(checkpoint.origin) + span + checkpoint.root


def _opaque(text: str) -> bytes:
    data = text.encode()
    if not 0 < len(data) < 256:
        raise UsageError("expected the names of witness and log to have 1 to 255 bytes")
    return bytes([len(data)]) + data


def _verify(kind: int, public: bytes, signature: bytes, message: bytes, name: str) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - help and formats must not pay for it

    try:
        if kind == ED25519:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        else:
            from misyn.signing import ml_dsa_public  # noqa: PLC0415

            ml_dsa_public(public).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise NotProven(f"the cosignature in the name of {name!r} is not its own") from error
