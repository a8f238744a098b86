r"""Samples to the bytes of a file, before the mark is added.

Rules
-----
1. No sample changes: formats that lose information are not written here.
2. :data:`ENCODERS` is the ordered list; the first whose ending fits the name is used.
3. What a format cannot hold is refused with the formats that can.

To add a format: write ``encode(pixels) -> bytes`` and add one line to :data:`ENCODERS`.

Example:
    >>> import numpy as np
    >>> encoder_for("a.PNG").encode(np.zeros((4, 4), np.uint16))[:4]
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


@dataclass(frozen=True)
class Encoder:
    """One format: the images room's name for it, the endings it answers to, and how to encode."""

    format: str
    endings: tuple[str, ...]
    encode: Callable[[NDArray[Any]], bytes]


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


def _png(pixels: NDArray[Any]) -> bytes:
    """8- or 16-bit grey ``(Y, X)`` or colour ``(Y, X, 3)``."""
    import imagecodecs  # noqa: PLC0415 - only when a PNG is born

    if pixels.dtype not in (np.uint8, np.uint16) or not _is_picture(pixels):
        raise _cannot("PNG holds uint8 or uint16 of shape (Y, X) or (Y, X, 3)", pixels)
    return bytes(imagecodecs.png_encode(pixels))


def _tiff(pixels: NDArray[Any]) -> bytes:
    """Any number type; ``(Y, X)``, ``(Z, Y, X)`` or ``(Y, X, 3)``."""
    import tifffile  # noqa: PLC0415 - only when a TIFF is born

    if pixels.ndim not in (2, 3) or pixels.dtype.kind not in "uif":
        raise _cannot("TIFF holds numbers of shape (Y, X), (Z, Y, X) or (Y, X, 3)", pixels)
    buffer = io.BytesIO()
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    tifffile.imwrite(buffer, pixels, photometric="rgb" if colour else "minisblack", metadata=None)
    return buffer.getvalue()


def _nifti(pixels: NDArray[Any]) -> bytes:
    """Any NIfTI number type; ``(Z, Y, X)`` or ``(Y, X)``, stored as x, y, z with 1 mm voxels."""
    import nibabel  # noqa: PLC0415 - only when a volume is born

    if pixels.ndim not in (2, 3) or pixels.dtype.kind not in "uif" or pixels.dtype.itemsize > 8:
        raise _cannot("NIfTI holds numbers of shape (Z, Y, X) or (Y, X)", pixels)
    image = nibabel.Nifti1Image(pixels.T, np.eye(4), dtype=pixels.dtype)  # type: ignore[no-untyped-call]
    return bytes(image.to_bytes())


def _nifti_compressed(pixels: NDArray[Any]) -> bytes:
    import gzip  # noqa: PLC0415 - only when a volume is born

    return gzip.compress(_nifti(pixels), mtime=0)  # no time: the same samples make the same bytes


def _is_picture(pixels: NDArray[Any]) -> bool:
    return pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[-1] == 3)


def _cannot(holds: str, pixels: NDArray[Any]) -> UsageError:
    return UsageError(
        f"{holds}; found {pixels.dtype} of shape {pixels.shape}. Next: convert the samples, or save as .tiff or .nii.gz"
    )


ENCODERS = (
    Encoder("png", (".png",), _png),
    Encoder("tiff", (".tif", ".tiff"), _tiff),
    Encoder("nifti", (".nii.gz",), _nifti_compressed),
    Encoder("nifti", (".nii",), _nifti),
)
