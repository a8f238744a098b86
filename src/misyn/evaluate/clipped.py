"""Density and coverage that a few odd images cannot lift: clipped, and calibrated so that they read as shares.

Rules
-----
1. *Clipped density*: no synthetic image counts for more than one, and no medical ball is wider than the median ball, so
   that one unusual medical image cannot vouch for many synthetic ones. Divided by what the medical images reach among
   themselves, and at most 1.
2. *Clipped coverage*: a medical image counts fully only when k synthetic images lie in its ball. The mean is turned
   into the share of good synthetic images that would be expected to reach it: a ball around the k-th neighbour of N
   images holds a share of the distribution that follows Beta(k, N − k), whatever the distribution.
3. The medical images' own neighbours pass over the same patient, as everywhere in this room.

Source: Salvy, Talbot and Thirion, *Enhanced Generative Model Evaluation with Clipped Density and Coverage*, ICLR 2026
(arXiv 2507.01761, July 2025). Written from the paper's definitions.

Example:
    >>> random = np.random.default_rng(0)
    >>> medical, synthetic = random.normal(size=(600, 8)), random.normal(size=(600, 8))
    >>> synthetic[:300] += 50  # half of them are bad
    >>> own = neighbours.within(medical, k=5)
    >>> found = neighbours.overlap(medical, synthetic, own=own)
    >>> round(density(medical, synthetic, own=own), 1), round(coverage(found.held, k=5, synthetic=600), 1)
    (0.5, 0.5)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from misyn.evaluate import balls, neighbours
from misyn.evaluate.points import matrix

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def density(medical: ArrayLike, synthetic: ArrayLike, *, own: neighbours.Neighbours) -> float:
    """Clipped density, in [0, 1]: 1 where synthetic images lie as densely among medical ones as these do themselves.

    Args:
        medical: (N, D) features.
        synthetic: (M, D) features.
        own: the k nearest others of every medical image, from :func:`misyn.evaluate.neighbours.within`.
    """
    return min(1.0, raw_density(medical, synthetic, own=own))


def raw_density(medical: ArrayLike, synthetic: ArrayLike, *, own: neighbours.Neighbours) -> float:
    """:func:`density` before it is cut at 1."""
    a, b = balls.prepare(matrix(medical, name="medical"), matrix(synthetic, name="synthetic"))
    radius = np.minimum(own.distances[:, -1], np.median(own.distances[:, -1]))
    found = balls.count(a, b, radius_a=radius, radius_b=np.zeros(len(b)))
    return relative(found.balls, among(own, radius), k=own.distances.shape[1])


def among(own: neighbours.Neighbours, radius: Floats) -> Ints:
    """In how many other medical images' clipped balls, border included, each medical image lies: (N,) int64."""
    inside = own.indices[own.distances <= radius[:, None]]
    return np.bincount(inside, minlength=len(radius))


def relative(synthetic: Ints, medical: Ints, *, k: int) -> float:
    """Mean of clipped counts over k, of synthetic over medical images; not yet cut at 1.

    Args:
        synthetic: (M,) balls that hold each synthetic image.
        medical: (N,) balls that hold each medical image.
        k: count from which an image counts fully.

    Example:
        >>> relative(np.array([0, 9]), np.array([5, 5]), k=5)
        0.5
    """
    reached = float(np.minimum(medical, k).mean())
    return float(np.minimum(synthetic, k).mean()) / reached if reached else 0.0


def coverage(held: Ints, *, k: int, synthetic: int) -> float:
    """Clipped coverage, in [0, 1]: the share of good synthetic images that would be expected to cover as much.

    Args:
        held: (N,) synthetic images in each medical ball.
        k: neighbours that set the radius of a ball, < N.
        synthetic: how many synthetic images there are.
    """
    return calibrated(float(np.minimum(held, k).mean()) / k, k=k, medical=len(held), synthetic=synthetic)


def calibrated(mean: float, *, k: int, medical: int, synthetic: int) -> float:
    """Turn a mean of clipped counts over k into a share of good synthetic images.

    Example:
        >>> level = expected(np.array([250]), k=5, medical=400)[0]
        >>> round(calibrated(level, k=5, medical=400, synthetic=500), 3)
        0.5
    """
    good = np.arange(synthetic + 1)
    return float(np.interp(mean, expected(good, k=k, medical=medical), good / synthetic))


def expected(good: Ints, *, k: int, medical: int) -> Floats:
    """Mean of ``min(count, k) / k`` over medical balls, when ``good`` images are drawn from the medical distribution.

    The count is beta-binomial: the ball's share of the distribution follows Beta(k, medical − k).

    Args:
        good: (G,) numbers of images, ≥ 0.
        k: neighbours that set the radius, < ``medical``.
        medical: images, one per patient.

    Example:
        >>> expected(np.array([0, 1]), k=1, medical=2)  # a ball of half of the distribution, on average
        array([0. , 0.5])
    """
    missing = np.zeros(len(good))
    for count in range(k):
        possible = good >= count
        n = np.where(possible, good, count)
        log = special.gammaln(n + 1) - special.gammaln(count + 1) - special.gammaln(n - count + 1)
        log = log + special.betaln(k + count, medical - k + n - count) - special.betaln(k, medical - k)
        missing += np.where(possible, (k - count) * np.exp(log), 0.0)
    return 1 - missing / k
