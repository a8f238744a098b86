"""What the credential layer found in one file.

Rules
-----
1. A *trusted* or *untrusted* credential holds: its signature is its certificate's, and it binds these pixels. An
   *invalid* one does not, or can no longer be known to.
2. The name on a certificate is the issuer only where the credential is trusted; elsewhere it is what someone claims.
3. A credential may come from any issuer. It speaks of synthetic origin only where its own source type says so, and
   carries a declaration only where misyn's assertion is in it.

Example:
    >>> ABSENT.state, ABSENT.holds
    ('absent', False)
    >>> Credential(state="untrusted", binding="embedded", name="Example Hospital").as_json()["issuer"] is None
    True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from misyn.marks.declaration import Declaration

State = Literal["trusted", "untrusted", "invalid", "absent", "not searched"]


@dataclass(frozen=True, kw_only=True)
class Credential:
    """The credential layer of one file.

    Attributes:
        state: see the package's rule 2; ``not searched`` where the C2PA library is not installed.
        binding: ``embedded`` or ``detached``, or None where none was found.
        declaration: the signed declaration, or None.
        synthetic: what the signed source type says: True synthetic, False captured, None nothing.
        name: who signed, as the certificate has it, safe to show (rule 2).
        generator: the program that made the claim, safe to show.
        digest: of the manifest store: what a time stamp or a log entry speaks about.
        image: ``bound``; ``changed`` where other bytes surround the pixels that were signed; ``other`` where the pixels
            are not the ones that were signed; ``unknown`` where that could not be told.
        codes: C2PA's failure codes, and ours.
        problems: sentences for people.
    """

    state: State = "absent"
    binding: Literal["embedded", "detached"] | None = None
    declaration: Declaration | None = None
    synthetic: bool | None = None
    name: str | None = None
    generator: str | None = None
    digest: str | None = None
    image: Literal["bound", "changed", "other", "unknown"] = "unknown"
    codes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether signature and binding hold (rule 1)."""
        return self.state in ("trusted", "untrusted")

    @property
    def says_synthetic(self) -> bool:
        """Whether it holds and says that the image is synthetic."""
        return self.holds and self.synthetic is True

    @property
    def found(self) -> bool:
        """Whether a manifest is there, whatever it is worth."""
        return self.binding is not None

    def as_json(self) -> dict[str, Any]:
        """Give the layer's object of ``misyn verify --json``."""
        if not self.found:
            return {"state": self.state, "searched": self.state != "not searched", "found": False}
        return {
            "state": self.state,
            "searched": self.state != "not searched",
            "found": True,
            "binding": self.binding,
            "synthetic": self.synthetic,
            "issuer": self.name if self.state == "trusted" else None,
            "claimed_issuer": self.name,
            "generator": self.generator,
            "image": self.image,
            "declaration": None if self.declaration is None else self.declaration.digest,
            "digest": self.digest,
            "codes": list(self.codes),
        }


ABSENT = Credential()
