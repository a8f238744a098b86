"""What the detector looks at: the image with its anatomy taken out as far as one can, folded onto one tile.

Rules
-----
1. Twice: subtract the local mean, divide by the local standard deviation, clip. Edges and bright structures lose their
   weight, smooth tissue gains it, so that what is left is close to white noise plus the mark at every frequency.
   One pass leaves more anatomy in smooth MR slices, three lose more of the mark after JPEG 50 (measured).
2. Nothing here knows the key: the p-value's model needs that.

Source: whitening before correlation, G. Depovere, T. Kalker, J.-P. Linnartz, "Improved watermark detection
reliability using filtering before correlation", ICIP 1998.

Example:
    >>> flat = residual(np.full((64, 64), 7, np.float32))
    >>> float(abs(flat).max()), fold(flat).shape
    (0.0, (96, 96))
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from misyn.marks.watermark.pattern import TILE

_WINDOW = 5
_PASSES = 2
_CLIP = 2.0
# Added to the local deviation, as a share of its mean: keeps quantised flat areas from counting as signal.
_SOFT = 0.02


def residual(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take the anatomy out of a plane (Y, X): float32 of the same shape, in [-2, 2]."""
    low, high = float(plane.min()), float(plane.max())
    left = (plane - low) / (high - low) if high > low else np.zeros_like(plane)  # running sums stay exact enough
    for _ in range(_PASSES):
        left = _normalised(left - _mean(left))
    return left


def _normalised(left: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide by the local deviation and clip."""
    deviation = np.sqrt(np.maximum(_mean(left * left), 0))
    floor = _SOFT * float(deviation.mean()) + 1e-6
    return np.clip(left / (deviation + floor), -_CLIP, _CLIP)


def _mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over a window around every pixel."""
    return np.asarray(ndimage.uniform_filter(plane, _WINDOW, mode="reflect"), np.float32)


def fold(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum all tiles of a plane onto one, (TILE, TILE): a mark repeated adds up, anatomy does not (Kalker 1999)."""
    height, width = plane.shape
    whole = np.pad(plane, ((0, -height % TILE), (0, -width % TILE)))
    return np.asarray(whole.reshape(whole.shape[0] // TILE, TILE, -1, TILE).sum(axis=(0, 2)))
