r"""Words of people. The log commits to them with a salt; when they are erased, salt and words go, the commitment stays.

Rules
-----
1. A commitment is SHA-256 over a domain, 32 random bytes and the words: without the salt nobody can try out words.
2. Hidden words (abuse) stay kept and are not shown; erased words (somebody's own data) are gone, salt included.
3. Both say why, and both are events of their own.

Example:
    >>> commitment(b"\0" * 32, "Was my image used?")[:20]
    'sha256:516a036682da9'
"""

from __future__ import annotations

import secrets

from django.db import models

from misyn.canonical import digest
from misyn.oversight.registry.models.kept import Kept

DOMAIN = b"misyn/registry-text/1\n"
SHOWN, HIDDEN, ERASED = "shown", "hidden", "erased"
STATES = [(SHOWN, "shown"), (HIDDEN, "hidden"), (ERASED, "erased")]


def commitment(salt: bytes, words: str) -> str:
    """Commit to words (rule 1)."""
    return digest(DOMAIN + salt + words.encode())


class Text(Kept):
    """Words, and what became of them."""

    body = models.TextField(blank=True)
    salt = models.BinaryField(null=True)
    commitment = models.CharField(max_length=71)
    state = models.CharField(max_length=8, choices=STATES, default=SHOWN)
    reason = models.CharField(max_length=400, blank=True)

    def __str__(self) -> str:
        return self.commitment

    @classmethod
    def keep(cls, words: str) -> Text:
        """Keep words under a new salt."""
        salt = secrets.token_bytes(32)
        return cls.objects.create(body=words, salt=salt, commitment=commitment(salt, words))

    @property
    def shown(self) -> str:
        """The words where they may be read, or nothing."""
        return self.body if self.state == SHOWN else ""
