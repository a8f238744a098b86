"""How one image was made by its technique: the part of a declaration that differs from image to image.

Rules
-----
1. The seed is text, so that no number is too large for it; with weights and condition it lets the image be drawn again.
2. What was asked is named by a digest, never quoted: a prompt may say more of a person than an image should carry. The
   digest of a short prompt can be found by trying prompts: it hides nothing from someone who guesses.
3. Keys it does not know survive a round trip.

Example:
    >>> Making.from_json(Making(seed="7").to_json()) == Making(seed="7")
    True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from misyn.errors import RecordError

_KEYS = ("seed", "condition")


@dataclass(frozen=True, kw_only=True)
class Making:
    """What made one image.

    Attributes:
        seed: of the randomness, as text, or None where it is not known.
        condition: digest of the prompt, class or other condition, or None where there was none or it is not known.
        unknown: keys this version does not know, kept.
    """

    seed: str | None = None
    condition: str | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON-like data."""
        return {**self.unknown, **{name: getattr(self, name) for name in _KEYS}}

    @classmethod
    def from_json(cls, data: object) -> Making:
        """Read it from what a JSON parser gave; the declaration checks the fields.

        Raises:
            RecordError: it is no mapping.
        """
        if not isinstance(data, Mapping):
            raise RecordError([("making", "expected a mapping with seed and condition, found something else")])
        known = {name: data.get(name) for name in _KEYS}
        return cls(**known, unknown={key: value for key, value in data.items() if key not in _KEYS})
