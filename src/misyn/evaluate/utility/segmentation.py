"""How well a predicted mask meets the drawn one: Dice, Hausdorff distance, and both by the size of what was drawn.

Rules
-----
1. Both masks empty: Dice 1, distance 0. One empty: Dice 0, and the distance is the image's diagonal, the worst there
   can be, so that a missed lesion never drops out of a mean.
2. Distances are between borders, in the unit of ``spacing`` (pixels without one).
3. Sizes are thirds of the drawn areas: what harms small lesions must not hide behind large ones.

Sources: Dice 1945; Huttenlocher et al., IEEE TPAMI 1993; Maier-Hein et al., Nature Methods 2024 (which to read when).

Example:
    >>> drawn, found = np.zeros((2, 8, 8), bool)
    >>> drawn[2:6, 2:6], found[2:6, 3:7] = True, True
    >>> dice(drawn, found), hausdorff(drawn, found)
    (0.75, 1.0)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from misyn.errors import EvaluationError

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

SIZES = ("small", "medium", "large")


@dataclass(frozen=True)
class Overlap:
    """One predicted mask against the drawn one.

    Attributes:
        dice: in [0, 1], 1 best.
        hausdorff: largest distance between the borders, in the unit of the spacing.
        hausdorff95: the distance that 95 of 100 border points do not exceed.
        area: of what was drawn, in that unit to the power of the dimensions.
    """

    dice: float
    hausdorff: float
    hausdorff95: float
    area: float


def overlap(drawn: ArrayLike, found: ArrayLike, *, spacing: Sequence[float] | None = None) -> Overlap:
    """Everything about one pair of masks.

    Args:
        drawn: (H, W) or (D, H, W) bool, by a person.
        found: likewise, by the model.
        spacing: size of a sample along each axis; None for 1.

    Raises:
        EvaluationError: shapes differ.
    """
    a, b = _checked(drawn, found)
    step = np.ones(a.ndim) if spacing is None else np.asarray(spacing, np.float64)
    distances = _distances(a, b, step)
    area = float(a.sum() * step.prod())
    return Overlap(dice(a, b), float(distances.max()), float(np.percentile(distances, 95)), area)


def dice(drawn: ArrayLike, found: ArrayLike) -> float:
    """Twice the common area over the sum of both areas, in [0, 1].

    Raises:
        EvaluationError: shapes differ.
    """
    a, b = _checked(drawn, found)
    total = int(a.sum()) + int(b.sum())
    return 1.0 if total == 0 else 2 * int((a & b).sum()) / total


def hausdorff(drawn: ArrayLike, found: ArrayLike, *, spacing: Sequence[float] | None = None) -> float:
    """The largest distance from a border point of one mask to the other's border.

    Raises:
        EvaluationError: shapes differ.
    """
    return overlap(drawn, found, spacing=spacing).hausdorff


def by_size(areas: ArrayLike) -> NDArray[np.str_]:
    """Name every drawn area ``small``, ``medium`` or ``large``, by thirds of all of them; ties go to the smaller.

    Example:
        >>> by_size([1, 2, 3, 40, 50, 60]).tolist()
        ['small', 'small', 'medium', 'medium', 'large', 'large']
    """
    values = np.asarray(areas, np.float64)
    limits = np.quantile(values, [1 / 3, 2 / 3], method="inverted_cdf")
    return np.asarray(SIZES)[np.searchsorted(limits, values, side="left")]


def _distances(a: Bools, b: Bools, step: Floats) -> Floats:
    """Distances of both masks' border points to the other border (rule 1 where one is empty)."""
    if not a.any() and not b.any():
        return np.zeros(1)
    if not a.any() or not b.any():
        return np.array([np.linalg.norm(np.array(a.shape) * step)])
    borders = [mask & ~ndimage.binary_erosion(mask) for mask in (a, b)]
    to = [ndimage.distance_transform_edt(~border, sampling=step) for border in borders]
    return np.concatenate([to[1][borders[0]], to[0][borders[1]]])


def _checked(drawn: ArrayLike, found: ArrayLike) -> tuple[Bools, Bools]:
    a, b = np.asarray(drawn, bool), np.asarray(found, bool)
    if a.shape != b.shape or a.ndim < 2:
        raise EvaluationError(f"expected two masks of one shape, found {a.shape} and {b.shape}")
    return a, b
