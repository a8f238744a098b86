"""How far apart are the means and spreads of two sets? The Fréchet distance, and how much of it is only few images.

Rules
-----
1. It is always real: it comes from singular values of a product of feature matrices, never from the square root of a
   non-symmetric matrix. With n < D no D × D matrix is built at all.
2. It is biased upwards, by about c/n. :func:`frechet_bounds` says how far: the distance at infinitely many images that
   halves of the sets point to, and what the triangle inequality leaves.

Sources: Dowson and Landau, J. Multivar. Anal. 1982; Heusel et al., NeurIPS 2017 (Fréchet); Chong and Forsyth, CVPR 2020
(its bias, extrapolated). How near the bounds come: ``docs/results/frechet-bias-2026-11-22.md``.

Example:
    >>> frechet([[0.0], [2.0]], [[3.0], [5.0]])
    9.0
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import svdvals

from misyn.errors import EvaluationError
from misyn.evaluate.points import Floats, Ints, matrix, same_features
from misyn.evaluate.sampling import halves


@dataclass(frozen=True)
class FrechetBounds:
    """Where the squared Fréchet distance would lie with infinitely many images.

    Attributes:
        extrapolated: ``2 F(n) − F(n/2)``, ≥ 0: without the bias that falls as 1/n. Where features outnumber images
            the bias falls more slowly, and this is still above the truth; else it lies on either side by chance.
        floor: the square of ``√F − √F(half of a, other half) − √F(half of b, other half)``, or 0: on average below the
            truth, because the square root of F is a distance, and halves lie farther apart than a set from its law.
    """

    extrapolated: float
    floor: float


def frechet(a: ArrayLike, b: ArrayLike) -> float:
    """Squared Fréchet distance between Gaussians fitted to two sets.

    ``|μ_a − μ_b|² + tr Σ_a + tr Σ_b − 2 tr (Σ_a Σ_b)^½`` with sample covariances (n − 1); the last trace is the nuclear
    norm of ``A Bᵀ``, A and B being the centred features over √(n − 1).

    Args:
        a: (N, D) features, N ≥ 2.
        b: (M, D) features, M ≥ 2.

    Returns:
        The distance, ≥ 0, in squared units of the features.

    Raises:
        EvaluationError: shapes differ, values are not finite, or a set has one image only.

    Example:
        >>> frechet([[0.0], [2.0]], [[3.0], [5.0]])
        9.0
    """
    first, second = two(a, b)
    mean = float(np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2))
    left, right = (_root(points) for points in (first, second))
    traces = float(np.sum(left**2) + np.sum(right**2))
    nuclear = float(svdvals(left @ right.T).sum())
    return max(0.0, mean + traces - 2 * nuclear)


def frechet_bounds(
    a: ArrayLike, b: ArrayLike, *, patients: tuple[Ints, Ints], random: np.random.Generator, splits: int = 8
) -> FrechetBounds | None:
    """Bound the small-sample bias of :func:`frechet` by splitting both sets in halves of whole patients.

    Args:
        a: (N, D) features.
        b: (M, D) features.
        patients: (N,) and (M,) numbers of patients; images of one patient stay in one half.
        random: splits.
        splits: how often.

    Returns:
        The bounds, or None where a half has fewer than two images.

    Raises:
        EvaluationError: as :func:`frechet`.

    Example:
        >>> random = np.random.default_rng(0)
        >>> a, b = random.normal(size=(80, 3)), random.normal(size=(80, 3))
        >>> found = frechet_bounds(a, b, patients=(np.arange(80), np.arange(80)), random=random)
        >>> found.extrapolated < frechet(a, b), found.floor
        (True, 0.0)
    """
    first, second = two(a, b)
    half, within = [], []
    for _ in range(splits):
        of_first, of_second = (halves(ids, random) for ids in patients)
        parts = [first[i] for i in of_first], [second[i] for i in of_second]
        if min(len(part) for both in parts for part in both) < 2:
            return None
        half += [frechet(parts[0][0], parts[1][0]), frechet(parts[0][1], parts[1][1])]
        within.append([frechet(*both) for both in parts])
    whole, apart = frechet(first, second), np.sqrt(np.mean(within, axis=0)).sum()
    return FrechetBounds(max(0.0, 2 * whole - float(np.mean(half))), max(0.0, float(np.sqrt(whole) - apart)) ** 2)


def two(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    """Two feature matrices of the same width, with at least two images each.

    Raises:
        EvaluationError: they are not.
    """
    first, second = matrix(a, name="first"), matrix(b, name="second")
    same_features(first, second)
    if min(len(first), len(second)) < 2:
        raise EvaluationError(
            f"expected at least 2 images in each set, found {len(first)} and {len(second)}: one image has no spread. "
            "Next: give more images"
        )
    return first, second


def _root(points: Floats) -> Floats:
    """A matrix R with ``RᵀR`` the sample covariance, of min(n, D) rows."""
    centred = (points - points.mean(axis=0)) / np.sqrt(len(points) - 1)
    if centred.shape[0] <= centred.shape[1]:
        return np.asarray(centred, np.float64)
    return np.asarray(np.linalg.qr(centred, mode="r"), np.float64)
