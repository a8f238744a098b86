"""Any image as 2D planes of brightness: grey or colour, one slice or many, any number type.

Rules
-----
1. ``axes`` are those of :class:`misyn.images.image.Image`: ``F Z Y X C`` in that order, always with ``Y`` and ``X``.
2. Brightness is the luma of ITU-R BT.601 for three channels, the same without the fourth (opacity) for four, and the
   mean for any other number: luma is what JPEG keeps best.
3. Samples that are not finite count as the plane's smallest finite one; they are never changed.

Example:
    >>> stack = np.zeros((5, 32, 48, 3), np.uint8)
    >>> as_planes(stack, axes="ZYXC").shape, brightness(as_planes(stack, axes="ZYXC")[0]).shape
    ((5, 32, 48, 3), (32, 48))
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.errors import UsageError

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def as_planes(pixels: NDArray[Any], *, axes: str) -> NDArray[Any]:
    """View pixels as (planes, Y, X, channels).

    Raises:
        UsageError: the axes do not describe the pixels, there are none, or they are not integers or real floats.
    """
    if len(axes) != pixels.ndim or axes not in {
        f + z + "YX" + c for f in ("", "F") for z in ("", "Z") for c in ("", "C")
    }:
        raise UsageError(
            f"expected axes over F Z Y X C in that order, one for each of {pixels.ndim} dimensions, with Y and X; "
            f"found {axes!r}. Next: pass Image.axes"
        )
    if pixels.dtype.kind not in "iuf":
        raise UsageError(f"expected integer or floating-point samples, found {pixels.dtype}. Next: convert the pixels")
    y = axes.index("Y")
    height, width = pixels.shape[y : y + 2]
    if pixels.size == 0:
        raise UsageError(f"expected at least one sample, found shape {pixels.shape}")
    return pixels.reshape(-1, height, width, pixels.shape[-1] if axes.endswith("C") else 1)


def brightness(plane: NDArray[Any]) -> NDArray[np.float32]:
    """Brightness of one plane (Y, X, channels), float32, shape (Y, X), finite everywhere."""
    channels = plane.shape[-1]
    if channels in (3, 4):
        luma = plane[..., :3].astype(np.float32) @ _LUMA
    else:
        luma = plane.mean(axis=-1, dtype=np.float32) if channels > 1 else plane[..., 0].astype(np.float32)
    if plane.dtype.kind == "f" and not np.isfinite(luma).all():
        known = luma[np.isfinite(luma)]
        luma = np.where(np.isfinite(luma), luma, known.min() if known.size else np.float32(0))
    return luma


def spread_over(n: int, *, most: int) -> NDArray[np.int64]:
    """Indices of at most ``most`` of ``n`` planes, evenly spread.

    Example:
        >>> spread_over(10, most=3).tolist(), spread_over(2, most=3).tolist()
        ([0, 4, 9], [0, 1])
    """
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))
