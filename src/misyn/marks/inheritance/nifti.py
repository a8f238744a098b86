"""Inheritance for nibabel images: the metadata layer's own writer, on the header alone.

Rules
-----
1. The header is written as bytes, marked by :mod:`misyn.marks.metadata.nifti`, and read back into a new image over the
   same data: voxels are neither read nor copied. A credential that came with a copied header is taken out: it was
   signed for the source's voxels.
2. A NIfTI header has no field for a patient; texts in ``aux_file`` and ``db_name`` are the caller's.

Follows nifti1.h, "Extending the header".

Example:
    >>> import nibabel, numpy as np
    >>> image = nibabel.Nifti1Image(np.zeros((2, 3, 4), np.int16), np.eye(4))
    >>> digest(image) == digest(nibabel.Nifti1Image(np.zeros((2, 3, 4), np.int16), 2 * np.eye(4)))
    True
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from misyn.marks.credential.nifti import is_ours
from misyn.marks.declaration import Declaration
from misyn.marks.inheritance.sources import digest_of
from misyn.marks.metadata import writer_for
from misyn.marks.metadata.nifti_header import Extension


def annotated(image: Any, declaration: Declaration) -> Any:  # noqa: ANN401 - nibabel publishes no types
    """Give an image over the same data whose header is marked."""
    target = BytesIO()
    writer_for("nifti").write(BytesIO(header_bytes(image)), target, declaration)
    target.seek(0)
    header = type(image.header).from_fileobj(target)
    header["vox_offset"] = 0  # nibabel finds the place anew when it saves
    header.extensions[:] = [one for one in header.extensions if not _is_credential(one)]
    return type(image)(image.dataobj, image.affine, header, extra=dict(image.extra))


def _is_credential(extension: Any) -> bool:  # noqa: ANN401
    """Whether an extension holds a credential, which was signed for the source's voxels."""
    content = extension.content
    raw = content if isinstance(content, bytes) else str(content).encode()
    return is_ours(Extension(extension.get_code(), bytes(8) + raw))


def header_bytes(image: Any) -> bytes:  # noqa: ANN401
    """The header with its extensions, as it would be saved, without voxels."""
    target = BytesIO()
    header = image.header.copy()
    header["vox_offset"] = 0
    header.write_to(target)
    return target.getvalue().ljust(int(header["vox_offset"]), b"\0")


def digest(image: Any) -> str:  # noqa: ANN401
    """Digest of the canonical pixels, as the image would be saved."""
    import nibabel  # noqa: PLC0415 - there already, or no such image would be

    kind = nibabel.Nifti2Image if isinstance(image, nibabel.Nifti2Pair) else nibabel.Nifti1Image
    single = image if isinstance(image, kind) else kind(image.dataobj, image.affine, image.header)  # type: ignore[no-untyped-call]
    return digest_of(single.to_bytes(), suffix=".nii")
