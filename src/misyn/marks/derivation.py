"""By what step an image was derived, and from which images: the part of a declaration that a derived image adds.

Rules
-----
1. The step is named in words (*segmentation*, *resampled to 1 mm*, *crop*), and every source image is listed in order.
2. A source is ``synthetic`` (with its technique and its declaration's digest, where it has one), ``medical`` (its
   header shows acquisition, or whoever derived says so), or ``undeclared``: nothing in it says anything.
3. Only synthetic sources are named by the digest of their pixels; a medical image's digest would link to a patient, and
   is declared by image-to-image techniques alone.
4. Keys it does not know survive a round trip.

Example:
    >>> step = Derivation(how="crop", sources=(SourceImage(origin="synthetic", technique="pca"),))
    >>> Derivation.from_json(step.to_json()) == step, step.is_mixed
    (True, False)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from misyn.errors import RecordError

ORIGINS = ("synthetic", "medical", "undeclared")
_SOURCE = ("origin", "technique", "version", "declaration", "digest")


@dataclass(frozen=True, kw_only=True)
class SourceImage:
    """One image that another was derived from.

    Attributes:
        origin: ``synthetic``, ``medical`` or ``undeclared`` (rule 2).
        technique: what made it, where it is synthetic and says so; otherwise empty.
        version: the technique's version, or empty.
        declaration: digest of its declaration, or None.
        digest: digest of its pixels (:attr:`misyn.Image.digest`), or None (rule 3).
        unknown: keys this version does not know, kept.
    """

    origin: str
    technique: str = ""
    version: str = ""
    declaration: str | None = None
    digest: str | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON-like data."""
        return {**self.unknown, **{name: getattr(self, name) for name in _SOURCE}}


@dataclass(frozen=True, kw_only=True)
class Derivation:
    """The step and its sources.

    Attributes:
        how: the step in words; never empty.
        sources: the images it was derived from, in order.
        unknown: keys this version does not know, kept.
    """

    how: str
    sources: tuple[SourceImage, ...] = ()
    unknown: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def is_mixed(self) -> bool:
        """Whether a source is not synthetic, as far as anyone said."""
        return any(source.origin != "synthetic" for source in self.sources)

    @property
    def sentence(self) -> str:
        """What it was made from, in words.

        Example:
            >>> both = SourceImage(origin="synthetic"), SourceImage(origin="medical")
            >>> Derivation(how="mean", sources=both).sentence
            'mean of 1 synthetic image and 1 medical image'
        """
        counts = Counter(source.origin for source in self.sources)
        parts = [f"{counts[o]} {_NAMES[o]}{'s' if counts[o] > 1 else ''}" for o in ORIGINS if counts[o]]
        return f"{self.how} of {' and '.join(parts)}" if parts else self.how

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON-like data."""
        return {**self.unknown, "how": self.how, "sources": [source.to_json() for source in self.sources]}

    @classmethod
    def from_json(cls, data: object) -> Derivation:
        """Read it from what a JSON parser gave; the declaration checks the fields.

        Raises:
            RecordError: it has another shape.
        """
        given = data.get("sources", []) if isinstance(data, Mapping) else None
        if not isinstance(data, Mapping) or not isinstance(given, list | tuple):
            raise RecordError([("derivation", "expected a mapping with how and sources, found something else")])
        if not all(isinstance(source, Mapping) for source in given):
            raise RecordError([("derivation.sources", "expected mappings, found something else")])
        return cls(
            how=data.get("how", ""),
            sources=tuple(_source(source) for source in given),
            unknown={key: value for key, value in data.items() if key not in ("how", "sources")},
        )


_NAMES = {"synthetic": "synthetic image", "medical": "medical image", "undeclared": "undeclared image"}


def _source(given: Mapping[str, Any]) -> SourceImage:
    known = {name: given[name] for name in _SOURCE if given.get(name) is not None}
    unknown = {key: value for key, value in given.items() if key not in _SOURCE}
    return SourceImage(**{"origin": "", **known}, unknown=unknown)
