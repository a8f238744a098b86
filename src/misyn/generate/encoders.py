r"""Samples to the bytes of a file, before the mark is added.

Rules
-----
1. No sample changes: formats that lose information are not written here.
2. :data:`ENCODERS` is the ordered list; the first whose ending fits the name is used.
3. What a format cannot hold is refused with the formats that can; so is a template's geometry.

To add a format: write ``encode(pixels, context) -> bytes`` and add one line to :data:`ENCODERS`.

Example:
    >>> import numpy as np
    >>> encoder_for("a.PNG").encode(np.zeros((4, 4), np.uint16), Context())[:4]
    b'\x89PNG'
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.errors import UsageError
from misyn.generate.geometry import Geometry


@dataclass(frozen=True)
class Context:
    """What a format may need besides samples.

    Attributes:
        name: the file's path below its folder.
        geometry: the template's, or None.
        made: digest that UIDs follow from.
        now: the time of birth, RFC 3339.
        link: whether a declared image-to-image source keeps its patient link.
    """

    name: str = ""
    geometry: Geometry | None = None
    made: str = ""
    now: str = "1970-01-01T00:00:00Z"
    link: bool = False


@dataclass(frozen=True)
class Encoder:
    """One format: the images room's name for it, the endings it answers to, and how to encode."""

    format: str
    endings: tuple[str, ...]
    encode: Callable[[NDArray[Any], Context], bytes]


def encoder_for(name: str) -> Encoder:
    """Choose the encoder by a name's ending.

    Raises:
        UsageError: none has that ending.
    """
    for encoder in ENCODERS:
        if name.lower().endswith(encoder.endings):
            return encoder
    known = ", ".join(ending for encoder in ENCODERS for ending in encoder.endings)
    raise UsageError(f"expected a name ending in one of {known}, found {name!r}")


def _png(pixels: NDArray[Any], context: Context) -> bytes:
    """8- or 16-bit grey ``(Y, X)`` or colour ``(Y, X, 3)``."""
    import imagecodecs  # noqa: PLC0415 - only when a PNG is born

    _no_geometry("PNG", context)
    if pixels.dtype not in (np.uint8, np.uint16) or not _is_picture(pixels):
        raise _cannot("PNG holds uint8 or uint16 of shape (Y, X) or (Y, X, 3)", pixels)
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(pixels)))


def _tiff(pixels: NDArray[Any], context: Context) -> bytes:
    """Any number type; ``(Y, X)``, ``(Z, Y, X)`` or ``(Y, X, 3)``."""
    import tifffile  # noqa: PLC0415 - only when a TIFF is born

    _no_geometry("TIFF", context)
    if pixels.ndim not in (2, 3) or pixels.dtype.kind not in "uif":
        raise _cannot("TIFF holds numbers of shape (Y, X), (Z, Y, X) or (Y, X, 3)", pixels)
    buffer = io.BytesIO()
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    tifffile.imwrite(buffer, pixels, photometric="rgb" if colour else "minisblack", metadata=None)
    return buffer.getvalue()


def _nifti(pixels: NDArray[Any], context: Context) -> bytes:
    """Any NIfTI number type; ``(Y, X)``, ``(Z, Y, X)`` or ``(T, Z, Y, X)``, stored as x, y, z, t.

    Voxels of 1 mm, or where and how large the template's are.
    """
    import nibabel  # noqa: PLC0415 - only when a volume is born

    if pixels.ndim not in (2, 3, 4) or pixels.dtype.kind not in "uif" or pixels.dtype.itemsize > 8:
        raise _cannot("NIfTI holds numbers of shape (Y, X), (Z, Y, X) or (T, Z, Y, X)", pixels)
    like = context.geometry
    affine = np.eye(4) if like is None else like.affine
    if affine is None:
        raise UsageError(
            "expected a NIfTI template or an affine for NIfTI, found DICOM. Next: save as .dcm, or leave it out"
        )
    if like is not None and like.shape is not None and (*pixels.T.shape, 1)[:3] != like.shape[:3]:
        raise UsageError(
            f"expected samples of the template's size {like.shape[::-1]}, found {pixels.shape}: its geometry would be "
            "wrong. Next: give a template of this size, or an affine"
        )
    image = nibabel.Nifti1Image(pixels.T, affine, dtype=pixels.dtype)  # type: ignore[no-untyped-call]
    if like is not None:
        image.header.set_xyzt_units("mm")  # type: ignore[no-untyped-call]
        image.set_qform(affine, code=like.codes[0])  # type: ignore[no-untyped-call]
        image.set_sform(affine, code=like.codes[1])  # type: ignore[no-untyped-call]
    return bytes(image.to_bytes())


def _nifti_compressed(pixels: NDArray[Any], context: Context) -> bytes:
    import gzip  # noqa: PLC0415 - only when a volume is born

    return gzip.compress(_nifti(pixels, context), mtime=0)  # no time: the same samples make the same bytes


def _dicom(pixels: NDArray[Any], context: Context) -> bytes:
    """uint8, uint16, int16, or physical values with a template; planes, colours and frames."""
    from misyn.generate import dicom  # noqa: PLC0415 - only when DICOM is born

    like = context.geometry
    if like is not None and like.dataset is None:
        raise UsageError(
            "expected a DICOM template for DICOM, found NIfTI or an affine. Next: save as .nii.gz, or none"
        )
    dataset = None if like is None else like.dataset
    return dicom.encode(pixels, like=dataset, name=context.name, made=context.made, now=context.now, link=context.link)


def _no_geometry(format: str, context: Context) -> None:  # noqa: A002 - the house's word for it
    if context.geometry is not None:
        raise UsageError(
            f"expected a format with room for geometry, found {format}, which has none. "
            "Next: leave like out, or save as .dcm or .nii.gz"
        )


def _is_picture(pixels: NDArray[Any]) -> bool:
    return pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[-1] == 3)


def _cannot(holds: str, pixels: NDArray[Any]) -> UsageError:
    return UsageError(
        f"{holds}; found {pixels.dtype} of shape {pixels.shape}. "
        "Next: convert the samples, or save as .tiff, .nii.gz or .dcm"
    )


ENCODERS = (
    Encoder("png", (".png",), _png),
    Encoder("tiff", (".tif", ".tiff"), _tiff),
    Encoder("nifti", (".nii.gz",), _nifti_compressed),
    Encoder("nifti", (".nii",), _nifti),
    Encoder("dicom", (".dcm",), _dicom),
)
