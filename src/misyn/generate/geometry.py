"""Where the pixels of a template are, and nothing else of it.

Rules
-----
1. ``like`` is a path, a pydicom data set, a nibabel image, or a 4 × 4 affine. DICOM gives geometry to DICOM, NIfTI and
   affines to NIfTI; a picture has none to give or take. What does not fit is refused, never dropped in silence.
2. A template is read for this alone. Its names, ids, texts and extensions are not looked at.

Example:
    >>> import numpy as np
    >>> geometry(np.diag([2.0, 2.0, 3.0, 1.0])).affine.diagonal().tolist()
    [2.0, 2.0, 3.0, 1.0]
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from misyn.errors import MalformedImage, UsageError
from misyn.images.formats import sniff

if TYPE_CHECKING:
    from pydicom import Dataset


@dataclass(frozen=True, eq=False)
class Geometry:
    """A template's geometry: of DICOM its data set, of NIfTI its affine, sizes and codes."""

    dataset: Dataset | None = None
    affine: NDArray[np.float64] | None = None
    shape: tuple[int, ...] | None = None
    codes: tuple[int, int] = (2, 2)


def geometry(like: object) -> Geometry:
    """Read the geometry of a template.

    Raises:
        UsageError: it is nothing that has one.
        UnreadableImage: the file cannot be read.
    """
    if isinstance(like, Geometry):
        return like
    if isinstance(like, str | Path):
        return _of_file(Path(like))
    pydicom, nibabel = sys.modules.get("pydicom"), sys.modules.get("nibabel")
    if pydicom and isinstance(like, pydicom.Dataset):
        return Geometry(dataset=like)
    if nibabel and isinstance(like, nibabel.spatialimages.SpatialImage):
        return _of_volume(like)
    if hasattr(like, "__array__") and np.asarray(like).shape == (4, 4):
        return Geometry(affine=np.asarray(like, np.float64))
    raise UsageError(
        f"expected like as a DICOM or NIfTI file, a data set, a nibabel image or a 4 × 4 affine, found "
        f"{type(like).__name__}. Next: give one of these, or leave like out"
    )


def _of_file(path: Path) -> Geometry:
    name = sniff(path).name
    if name == "dicom":
        import pydicom  # noqa: PLC0415 - only where a template is one

        try:
            return Geometry(dataset=pydicom.dcmread(path, stop_before_pixels=True, force=True))
        except Exception as error:
            raise MalformedImage(f"expected a DICOM template, found one that breaks its rules: {path}") from error
    if name == "nifti":
        import nibabel  # noqa: PLC0415

        try:
            return _of_volume(nibabel.load(path))
        except Exception as error:
            raise MalformedImage(f"expected a NIfTI template, found one that breaks its rules: {path}") from error
    raise UsageError(f"expected a template with geometry (DICOM or NIfTI), found {name}. Next: leave like out")


def _of_volume(image: Any) -> Geometry:  # noqa: ANN401 - a nibabel image
    header = image.header
    codes = (int(header["qform_code"]), int(header["sform_code"])) if "qform_code" in header else (2, 2)
    return Geometry(affine=np.asarray(image.affine, np.float64), shape=tuple(image.shape[:3]), codes=codes)
