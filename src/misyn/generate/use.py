"""What a guard allows, and where it finds what it needs to know.

Rules
-----
1. A policy names the split and the purpose. It allows nothing by leaving something out: images that say nothing of
   their origin need a recorded one (``medical``), evaluation never takes synthetic images, contradictions never pass.
2. What weakens a check is named ``unsafe_…``, and leaves a trace in the declaration of use.

Example:
    >>> Use(split="evaluation", purpose="testing a classifier", medical="clinic A, 2019, dermoscopy").is_evaluation
    True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from misyn.errors import UsageError
from misyn.images.collection import Collection

if TYPE_CHECKING:
    from misyn.generate.guard import Guarded

SPLITS = ("training", "validation", "evaluation")


@dataclass(frozen=True, kw_only=True)
class Use:
    """A policy.

    Attributes:
        split: ``training``, ``validation`` or ``evaluation``; the last two are for measuring, and take no synthetic
            image.
        purpose: what the images are used for, in words; part of the declaration of use.
        medical: where images that say nothing of their origin come from: one sentence for all, or a mapping from path
            or file name to one. None refuses them.
        about: patients, labels and groups by file (:func:`misyn.images.collect`), where the data set does not say them.
        against: guards of the other splits; a patient of theirs is refused here, and so are their pixels.
        known: further medical images that synthetic ones may have been made from, so that their patients are known.
        trust: roots whose signatures are trusted (PEM); None trusts nobody.
        only_trusted: refuse declarations that no trusted party signed.
        leave_out: leave refused images out, and count them, instead of refusing the data set.
        cache: a file for verdicts by digest, so that each image is read once; None keeps none.
        out: a folder for ``declaration-of-use.json`` and ``.md``; None writes none.
        workers: processes that read; 0 reads in this one.
        key: of the image's path where the data set's items are mappings.
        unsafe_unknown_sources: let synthetic images pass that were made from images nobody here knows, and whose
            patient can therefore not be told.
    """

    split: str
    purpose: str
    medical: str | Mapping[str, str] | None = None
    about: Collection | None = None
    against: Sequence[Guarded] = ()
    known: Collection | None = None
    trust: Path | str | None = None
    only_trusted: bool = False
    leave_out: bool = False
    cache: Path | str | None = None
    out: Path | str | None = None
    workers: int = 0
    key: str = "image"
    unsafe_unknown_sources: bool = False

    def __post_init__(self) -> None:
        """Refuse a policy that does not say what it is for (rule 1)."""
        if self.split not in SPLITS:
            raise UsageError(f"expected a split out of {', '.join(SPLITS)}, found {self.split!r}")
        if not self.purpose.strip():
            raise UsageError("expected a purpose, found none. Next: say what the images are used for")

    @property
    def is_evaluation(self) -> bool:
        """Whether this split is for measuring."""
        return self.split != "training"

    def origin_of(self, path: Path) -> str | None:
        """The recorded origin of a file that says nothing, or None."""
        if self.medical is None or isinstance(self.medical, str):
            return self.medical or None
        found = (self.medical.get(name) for name in (str(path), path.as_posix(), path.name, path.stem))
        return next((origin for origin in found if origin), None)
