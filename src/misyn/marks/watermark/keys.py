"""Keys of the watermark: what marker and detector share.

Rules
-----
1. The public key is printed here. It cannot protect anything; see the threat model in the package's docstring.
2. A private key is at least 16 bytes. It never appears in a ``repr``, an error or a result; its ``id`` does.
3. From a key to numbers by SHAKE-256 (FIPS 202) alone: the same on every machine and with every version of numpy.
4. The phases are uniform and independent for whoever does not know the key: the p-value rests on this.

Example:
    >>> PUBLIC.id
    'public'
    >>> Key(b"0123456789abcdef")
    Key(id='private:199ad7118f9a')
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from misyn.errors import UsageError

_PUBLIC_TEXT = b"misyn watermark, public key, version 1"
_PURPOSE = b"misyn/watermark/1/phases\0"


@dataclass(frozen=True)
class Key:
    """What marks and finds a watermark.

    Attributes:
        secret: at least 16 bytes, from ``secrets.token_bytes`` for instance.
        id: a name that reveals nothing: ``public``, or the first 12 hexadecimal digits of a digest.

    Raises:
        UsageError: the secret is shorter than 16 bytes.
    """

    secret: bytes = field(repr=False)
    id: str = field(init=False)

    def __post_init__(self) -> None:
        """Refuse a key that could be guessed; derive the name."""
        if len(self.secret) < 16:
            raise UsageError(
                f"expected a watermark key of at least 16 bytes, found {len(self.secret)}. "
                "Next: make one with secrets.token_bytes(32)"
            )
        digest = hashlib.sha256(b"misyn/watermark/1/id\0" + self.secret).hexdigest()[:12]
        object.__setattr__(self, "id", "public" if self.secret == _PUBLIC_TEXT else f"private:{digest}")

    def stream(self, n: int) -> bytes:
        """Return ``n`` bytes that look random to whoever lacks the key.

        Example:
            >>> PUBLIC.stream(4).hex()
            '9b37fbc2'
        """
        return hashlib.shake_256(_PURPOSE + self.secret).digest(n)


PUBLIC = Key(_PUBLIC_TEXT)
