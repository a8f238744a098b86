"""What marking one file did.

Rules
-----
1. A result says what was written and where; sentences that a person should read are ``notes``.
2. Nothing of a file's pixels or patient is in it.

Example:
    >>> MarkResult.__dataclass_fields__["notes"].default
    ()
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from misyn.marks.declaration import Declaration


@dataclass(frozen=True, kw_only=True)
class MarkResult:
    """What marking one file did.

    Attributes:
        path: the file that was given.
        target: where the marked file is.
        format: its format's name.
        layers: the layers written.
        declaration: what was written; its ``forced`` is the reason, where force was needed.
        notes: sentences a person should read: links, earlier marks, what force overrode.
        credential: digest of the credential that was signed, for a time stamp or a log; None without one.
        fingerprint: digest of the pixels that the store now knows; None where none was stored.
    """

    path: Path
    target: Path
    format: str
    layers: tuple[str, ...]
    declaration: Declaration
    notes: tuple[str, ...] = ()
    credential: str | None = None
    fingerprint: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Give what ``misyn mark --json`` shows of one file."""
        return {
            "path": str(self.path),
            "target": str(self.target),
            "format": self.format,
            "layers": list(self.layers),
            "declaration": self.declaration.digest,
            "forced": self.declaration.forced,
            "credential": self.credential,
            "fingerprint": self.fingerprint,
            "notes": list(self.notes),
        }
