"""From the order in which a volume's file stores its axes to the one order of :class:`misyn.images.image.Image`.

Rules
-----
1. Axes are given as the file stores them, fastest first (column before row before slice); the result is ``F Z Y X C``.
   Samples are moved, never flipped or resampled: NIfTI's first axis becomes ``X`` whichever way the patient lies.
2. A frame, slice or channel axis of length one is dropped: a volume of one slice is a picture, and has the same digest.
3. An alpha channel is kept only where something in it is not opaque: many writers add one that says nothing, and a
   picture must not get another digest from being saved again.
4. Spacing is kept only where every spatial axis that is left has one that is finite and above zero.

Example:
    >>> import numpy as np
    >>> columns, rows, slices = Axis("X", 4, 0.5), Axis("Y", 3, 0.5), Axis("Z", 2, 5.0)
    >>> volume = arrange(np.arange(24), (columns, rows, slices))
    >>> volume.pixels.shape, volume.axes, volume.spacing
    ((2, 3, 4), 'ZYX', (5.0, 0.5, 0.5))
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from misyn.errors import UnsupportedImage
from misyn.images.limits import Limits, check_frames, check_pixels

ORDER = "FZYXC"


@dataclass(frozen=True)
class Axis:
    """One axis as a file declares it.

    Attributes:
        letter: what it is, one of ``F Z Y X C``.
        size: samples along it.
        spacing: millimetres between its samples, or None.
    """

    letter: str
    size: int
    spacing: float | None = None


class Arranged(NamedTuple):
    """Pixels, axes and spacing as :class:`misyn.images.image.Image` takes them."""

    pixels: NDArray[Any]
    axes: str
    spacing: tuple[float, ...] | None


def check(axes: Sequence[Axis], *, limits: Limits) -> int:
    """Check declared axes before anything is allocated for them.

    Args:
        axes: in any order.
        limits: ``max_pixels`` and ``max_frames`` apply.

    Returns:
        How many samples there are.

    Raises:
        LimitExceeded: too many samples or frames.
        MalformedImage: an axis of zero or fewer samples.
        UnsupportedImage: no rows or columns, or two axes of one kind.
    """
    letters = [axis.letter for axis in axes]
    if len(set(letters)) != len(letters) or not {"Y", "X"} <= set(letters):
        raise UnsupportedImage(
            "expected rows, columns, and at most one axis each of slices, frames and channels, found "
            f"{len(letters)} axes that do not fit. Next: save one image or volume per file"
        )
    check_pixels([axis.size for axis in axes], limits=limits)
    check_frames(next((axis.size for axis in axes if axis.letter == "F"), 1), limits=limits)
    return math.prod(axis.size for axis in axes)


def arrange(samples: NDArray[Any], axes: Sequence[Axis]) -> Arranged:
    """Bring samples in stored order into the canonical order.

    Args:
        samples: any shape, as many as the axes hold, fastest axis first in memory; any dtype.
        axes: fastest first, checked by :func:`check`.

    Returns:
        Contiguous pixels of the same dtype, the axes that are left, and their spacing in millimetres.
    """
    stored = tuple(reversed(axes))
    kept = [axis for axis in stored if axis.size > 1 or axis.letter in "YX"]
    ordered = sorted(kept, key=lambda axis: ORDER.index(axis.letter))
    shaped = samples.reshape([axis.size for axis in kept])
    pixels = np.ascontiguousarray(shaped.transpose([kept.index(axis) for axis in ordered]))
    return Arranged(pixels, "".join(axis.letter for axis in ordered), _spacing(ordered))


def _spacing(axes: Sequence[Axis]) -> tuple[float, ...] | None:
    found = tuple(axis.spacing for axis in axes if axis.letter in "ZYX")
    known = tuple(float(step) for step in found if step is not None and math.isfinite(step) and step > 0)
    return known if len(known) == len(found) else None


def without_opaque_alpha(pixels: NDArray[Any], *, opaque: int) -> NDArray[Any]:
    """Drop a last channel that is alpha and says nothing (rule 3), and the channel axis with it where one is left.

    Args:
        pixels: shape (..., C), C at least 2, the last channel being alpha.
        opaque: the sample that means opaque.

    Returns:
        Shape (..., C), (..., C - 1), or (...) where only one channel is left.

    Example:
        >>> without_opaque_alpha(np.full((2, 2, 4), 255, np.uint8), opaque=255).shape
        (2, 2, 3)
    """
    if not bool((pixels[..., -1] == opaque).all()):
        return pixels
    return np.ascontiguousarray(pixels[..., 0] if pixels.shape[-1] == 2 else pixels[..., :-1])
