"""One declaration from those of the sources: rules I1 to I3 of :mod:`misyn.marks.inheritance`.

Rules
-----
1. Those of the package; this module carries them out on declarations alone, without images.

Example:
    >>> from misyn.marks.declaration import Technique
    >>> def by(name):
    ...     return Declaration(technique=Technique(name=name), responsible="A", created="2026-11-22T10:00:00Z")
    >>> sources = [Source(declaration=by("a")), Source(declaration=by("b"))]
    >>> combine(sources, how="mean", created="2026-11-23T10:00:00Z").technique.name
    'a; b'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from misyn.errors import MarkError, UsageError
from misyn.marks.declaration import INTRINSIC_LIMITS, Declaration, Technique
from misyn.marks.derivation import Derivation, SourceImage
from misyn.marks.inheritance.sources import Source

MIXED_LIMITS = (
    "Part of this synthetic image comes from images that are not synthetic: what it shows may belong to a patient. "
    "What the technique added lacks inherent grounding in medical phenomena, cannot fully represent the training "
    "images, and brings distribution shift and bias."
)
UNDECLARED = "technique not declared"


def combine(
    sources: Sequence[Source], *, how: str, created: str, own: Declaration | None = None, responsible: str | None = None
) -> Declaration:
    """Make the declaration of a derived image.

    Args:
        sources: what each source says, in order.
        how: the step, in words.
        created: the present time, RFC 3339.
        own: the declaration of the step's own technique, or None to inherit.
        responsible: who answers for the derived image, or None for those who answer for the sources.

    Raises:
        UsageError: there are no sources.
        MarkError: no source is synthetic and the step has no technique of its own; or an image-to-image technique does
            not know its source's pixels.
        RecordError: the declaration does not hold.
    """
    if not sources:
        raise UsageError("expected the images this one was derived from, found none. Next: name its sources")
    synthetic = [source for source in sources if source.synthetic]
    if own is None and not synthetic:
        raise MarkError(
            "expected a synthetic source to inherit from, found only sources that say nothing of the kind. Next: mark "
            "the source, or give the declaration of the technique that made this image"
        )
    base = own or _inherited(synthetic, created=created, responsible=responsible)
    by_digest = base.technique.kind == "image-to-image" and own is not None
    listed = tuple(_listed(source, by_digest=by_digest) for source in sources)
    step = Derivation(how=how, sources=listed)
    digests = [source.digest for source in listed if source.digest]
    if by_digest and len(digests) < len(sources):
        raise MarkError(
            "expected the pixels of every source of an image-to-image technique, found a source without. "
            "Next: give its path, or a Source with its digest"
        )
    earlier = [digest for source in synthetic if source.declaration for digest in source.declaration.derived_from]
    limits = MIXED_LIMITS if step.is_mixed and base.limits == INTRINSIC_LIMITS else base.limits
    return replace(
        base,
        created=created,
        responsible=responsible or base.responsible,
        derived_from=tuple(dict.fromkeys([*digests, *earlier])),
        derivation=step,
        limits=limits,
    )


def _listed(source: Source, *, by_digest: bool) -> SourceImage:
    """How a source is named in the derivation (rule I3)."""
    declared = source.declaration
    return SourceImage(
        origin="synthetic" if source.synthetic else "medical" if source.medical else "undeclared",
        technique=declared.technique.name if declared else "",
        version=declared.technique.version if declared else "",
        declaration=declared.digest if declared else None,
        digest=source.digest if source.synthetic or by_digest else None,
    )


def _inherited(sources: Sequence[Source], *, created: str, responsible: str | None) -> Declaration:
    """The declaration of synthetic sources as one (rule I1)."""
    declared = [source.declaration for source in sources if source.declaration]
    answers = responsible or "; ".join(dict.fromkeys(d.responsible for d in declared))
    if not answers:
        raise MarkError(
            "expected someone responsible, found sources that are synthetic and name nobody. Next: give responsible"
        )
    techniques = list(dict.fromkeys(_key(d.technique) for d in declared))
    if len(techniques) == 1 and len(declared) == len(sources):
        return replace(declared[0], responsible=answers, forced=None, log_entry=None, label=None, making=None)
    names = [" ".join(filter(None, key)) for key in techniques]
    names += [UNDECLARED] if len(declared) < len(sources) else []
    uses = {d.intended_use for d in declared}
    return Declaration(
        technique=Technique(name=_cut("; ".join(names), 200), kind=_one([d.technique.kind for d in declared])),
        responsible=_cut(answers, 2000),
        created=created,
        intended_use=uses.pop() if len(uses) == 1 else "",
    )


def _key(technique: Technique) -> tuple[str, str]:
    return technique.name, technique.version


def _one(kinds: Sequence[str]) -> str:
    """The kind they share, or ``other``."""
    return kinds[0] if len(set(kinds)) == 1 else "other"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
