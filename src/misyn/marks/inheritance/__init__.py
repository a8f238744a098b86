r"""What is made from a synthetic image says synthetic too: segmentations, resampled volumes, crops, augmentations.

Rules
-----
I1. The derived image inherits the technique of its synthetic sources, with the step that made it named in words
    (:mod:`misyn.marks.derivation`). Sources of different techniques are all listed, and the technique's name joins
    theirs.
I2. Sources that are not synthetic are said: *medical* where their header shows acquisition or the caller names them so,
    *undeclared* otherwise. The limits then say that what is shown may belong to a patient.
I3. An image-to-image technique gives its own ``declaration``, and its source images are declared by the digest of their
    pixels. Any other derived image names synthetic sources by digest and medical ones without: a digest links to a
    patient. What an image-to-image output was made from stays declared in what is derived from it.
I4. The patient link (names, ids, dates of birth, accession and study of a DICOM data set) is kept where an
    image-to-image technique declares its source, and where it is the one of a synthetic source itself; elsewhere it is
    removed.
I5. A source whose own statements contradict each other is refused, and so are sources that hand nothing down.
I6. What was given is never changed: a data set or an image comes back as a new one. Of an array, which carries nothing,
    the declaration comes back, to save it with.

Example:
    >>> import numpy as np
    >>> from datetime import UTC, datetime
    >>> from misyn.marks.declaration import Technique
    >>> source = Declaration(technique=Technique(name="pca"), responsible="A", created="2026-11-22T10:00:00Z")
    >>> now = datetime(2026, 11, 23, tzinfo=UTC)
    >>> inherit(np.zeros((4, 4)), [source], derivation="crop", now=now).derivation.sentence
    'crop of 1 synthetic image'
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from misyn.errors import NoRoomForMark, UsageError
from misyn.marks.declaration import Declaration
from misyn.marks.inheritance.combining import combine
from misyn.marks.inheritance.sources import Source, look

if TYPE_CHECKING:
    import numpy as np
    from nibabel.spatialimages import SpatialImage
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    Image = TypeVar("Image", bound=Dataset | SpatialImage)

__all__ = ["Source", "inherit", "look"]


@overload
def inherit(
    derived: NDArray[np.generic],
    sources: Iterable[object],
    *,
    derivation: str,
    medical: Iterable[object] = (),
    declaration: Declaration | None = None,
    responsible: str | None = None,
    now: datetime | None = None,
) -> Declaration: ...


@overload
def inherit(
    derived: Image,
    sources: Iterable[object],
    *,
    derivation: str,
    medical: Iterable[object] = (),
    declaration: Declaration | None = None,
    responsible: str | None = None,
    now: datetime | None = None,
) -> Image: ...


def inherit(
    derived: Any,
    sources: Iterable[object],
    *,
    derivation: str,
    medical: Iterable[object] = (),
    declaration: Declaration | None = None,
    responsible: str | None = None,
    now: datetime | None = None,
) -> Any:
    """Hand the declaration of synthetic sources down to what was made from them.

    Args:
        derived: a pydicom ``Dataset``, a nibabel NIfTI image, or an array.
        sources: the images it was made from, in order: paths, data sets, nibabel images, :class:`misyn.Image`,
            declarations, or :class:`Source` where both declaration and digest are known.
        derivation: the step, in words: ``segmentation``, ``crop``, ``resampled to 1 mm``.
        medical: further sources, which the caller knows to be medical images.
        declaration: of the technique that made this step, where it is one of its own (rule I3); otherwise inherited.
        responsible: who answers for the derived image; default: those who answer for the sources.
        now: the present time; default: when this is called.

    Returns:
        A new data set or image with the mark, not yet saved; of an array, the declaration to save it with.

    Raises:
        UsageError: nothing to derive from, or an object of no kind named above.
        MarkError: no source hands anything down, or one contradicts itself (rule I5).
        NoRoomForMark: a nibabel image of a format without room, such as MGH.
        RecordError: the resulting declaration does not hold.
        UnreadableImage: a source cannot be read.
    """
    found = [look(source) for source in sources] + [look(source, medical=True) for source in medical]
    moment = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    declared = combine(found, how=derivation, created=moment, own=declaration, responsible=responsible)
    return _into(derived, declared, found)


def _into(derived: object, declared: Declaration, sources: list[Source]) -> Any:  # noqa: ANN401 - as inherit says
    """Write the declaration into a new object of the same kind (rule I6)."""
    pydicom, nibabel = sys.modules.get("pydicom"), sys.modules.get("nibabel")
    if pydicom and isinstance(derived, pydicom.Dataset):
        from misyn.marks.inheritance import dicom  # noqa: PLC0415 - only where pydicom is there already

        return dicom.annotated(derived, declared, identities={i for source in sources for i in source.identities})
    if nibabel and isinstance(derived, nibabel.spatialimages.SpatialImage):
        from misyn.marks.inheritance import nifti  # noqa: PLC0415 - only where nibabel is there already

        if not isinstance(derived, nibabel.nifti1.Nifti1Pair):
            raise NoRoomForMark(
                "expected a NIfTI image, found one of a format without room for a declaration. "
                "Next: nibabel.Nifti1Image.from_image(image)"
            )
        return nifti.annotated(derived, declared)
    if hasattr(cast("Any", derived), "__array__"):
        return declared
    raise UsageError(
        f"expected a pydicom data set, a nibabel image or an array, found {type(derived).__name__}. "
        "Next: for a file, inherit for its array and mark the file with the declaration"
    )
