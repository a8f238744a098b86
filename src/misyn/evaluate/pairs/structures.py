"""What does one picture show that the other does not? Blobs, at three sizes, with how clearly the other lacks them.

Rules
-----
1. A *structure* is a local extremum of the scale-normalised Laplacian of a Gaussian of 1.5, 3 or 6 pixels (a spot of
   about 4, 8 or 17 pixels across), bright or dark, with a response of at least :data:`FAINT` of the picture's range.
   Translation may turn dark into bright, so only the size of a response counts.
2. Its *excess* is its response over the largest response of the other picture, at the same size and the next ones,
   within :data:`REACH` widths both ways, plus :data:`FLOOR` and three times the other picture's own noise. About 1: the
   other picture shows it too. 5: it shows at most a fifth of it.
3. Pictures are brought to at most :data:`LONGEST` pixels, and to a common range (percentiles 1 and 99), first.
4. What excess is too much is not decided here: pairs of medical images decide it
   (:mod:`misyn.evaluate.pairs.thresholds`).

Sources: Lindeberg, Int. J. Comput. Vis. 1998 (scale-normalised Laplacian); the comparison: misyn.

Example:
    >>> y, x = np.mgrid[:96, :96]
    >>> ground = np.random.default_rng(0).normal(0.5, 0.02, (96, 96)).astype(np.float32)
    >>> spot = (0.4 * np.exp(-((y - 30) ** 2 + (x - 60) ** 2) / 32)).astype(np.float32)
    >>> found = excesses(ground + spot, ground)[0]
    >>> found.row, found.column, found.excess > 3
    (30, 60, True)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from misyn.evaluate.pairs.error import resized

Plane = NDArray[np.float32]
Floats = NDArray[np.float64]

WIDTHS = (1.5, 3.0, 6.0)
REACH = 1.5
FAINT = 0.05
FLOOR = 0.02
LONGEST = 512
MOST = 20  # structures kept per plane, the largest excess first


@dataclass(frozen=True)
class Structure:
    """One structure of a picture.

    Attributes:
        row, column: where, in pixels of the picture as given.
        width: of the Gaussian that fits it, in the same pixels.
        excess: response over what the other picture explains.
    """

    row: int
    column: int
    width: float
    excess: float


def excesses(picture: Plane, other: Plane) -> list[Structure]:
    """The structures of a picture, those first that the other picture lacks most clearly.

    Args:
        picture: (Y, X) grey values, any range.
        other: (Y, X) likewise, of the same shape.
    """
    scale = max(1.0, max(picture.shape) / LONGEST)
    shape = tuple(max(1, round(side / scale)) for side in picture.shape)
    here, there = (_responses(_ranged(image, shape)) for image in (picture, other))
    found = [s for n in range(len(WIDTHS)) for s in _at(here[n], there, n)]
    found.sort(key=lambda s: (-s.excess, s.width, s.row, s.column))
    return [
        Structure(round(s.row * scale), round(s.column * scale), s.width * scale, s.excess)
        for s in _apart(found)[:MOST]
    ]


def _ranged(image: Plane, shape: tuple[int, ...]) -> Plane:
    """Scaled down, and to the range of percentiles 1 and 99."""
    small = image if image.shape == shape else resized(image, shape)
    low, high = np.percentile(small, (1, 99))
    return np.asarray((small - low) / max(float(high - low), 1e-6), np.float32)


def _responses(image: Plane) -> list[Plane]:
    """Size of the scale-normalised Laplacian at every width."""
    return [np.abs(width**2 * ndimage.gaussian_laplace(image, width)).astype(np.float32) for width in WIDTHS]


def _at(response: Plane, other: list[Plane], n: int) -> list[Structure]:
    """Structures of one width."""
    size = 2 * round(WIDTHS[n]) + 1
    peaks = (ndimage.maximum_filter(response, size) == response) & (response >= FAINT)
    near = np.max([_reached(other[m], WIDTHS[n]) for m in range(max(0, n - 1), min(len(WIDTHS), n + 2))], axis=0)
    floor = FLOOR + 3 * float(np.median(other[n]))
    rows, columns = np.nonzero(peaks)
    found = response[rows, columns] / (near[rows, columns] + floor)
    return [Structure(int(r), int(c), WIDTHS[n], float(e)) for r, c, e in zip(rows, columns, found, strict=True)]


def _reached(response: Plane, width: float) -> Plane:
    """The largest response within reach."""
    return np.asarray(ndimage.maximum_filter(response, 2 * round(REACH * width) + 1), np.float32)


def _apart(found: list[Structure]) -> list[Structure]:
    """One structure per place: what lies within another's width is the same, seen at another size."""
    kept: list[Structure] = []
    for one in found:
        if len(kept) < MOST and all(
            np.hypot(one.row - k.row, one.column - k.column) > 2 * max(one.width, k.width) for k in kept
        ):
            kept.append(one)
    return kept
