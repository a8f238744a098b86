"""Do two sets of images differ as wholes, and by how much?

Rules
-----
1. The Fréchet distance is always real: it comes from singular values of a product of feature matrices, never from the
   square root of a non-symmetric matrix. With n < D no D × D matrix is built at all.
2. A permutation test computes one Gram matrix; every permutation is a matrix product with it.
3. What is permuted is the unit of independence: images, or whole patients where patients are given. A patient's images
   move together, which is valid when patients of both sets bring about as many images each.
4. Both measures depend on n. Compare them only with the same measure between two sets of medical images at the same n.

Sources: Dowson and Landau, J. Multivar. Anal. 1982; Heusel et al., NeurIPS 2017 (Fréchet); Gretton et al., JMLR 2012
(unbiased MMD², Gaussian kernel, median heuristic); Phipson and Smyth, 2010 (p-value of a permutation test).

Example:
    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.normal(size=(80, 3)), rng.normal(size=(80, 3)) + 1
    >>> mmd_test(a, b, permutations=200, seed=0).p_value
    0.004975124378109453
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import svdvals

from misyn.errors import EvaluationError
from misyn.evaluate.points import Floats, matrix, same_features

TOGETHER = 250  # permutations multiplied at once: bounds memory at (n + m) × 250 float64
TIE = 1e-10  # relative; permuted statistics this close to the observed one count as equal to it


@dataclass(frozen=True)
class MMD:
    """A two-sample permutation test.

    Attributes:
        statistic: unbiased MMD², about 0 for equal distributions (may be negative), at most 2.
        p_value: (1 + permutations at least as extreme) / (1 + permutations), in (0, 1].
        bandwidth: of the Gaussian kernel, in units of the features: the median distance of the pooled images.
        permutations: how many.
        seed: of the permutations.
    """

    statistic: float
    p_value: float
    bandwidth: float
    permutations: int
    seed: int


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
    first, second = _two(a, b)
    mean = float(np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2))
    left, right = (_root(points) for points in (first, second))
    traces = float(np.sum(left**2) + np.sum(right**2))
    nuclear = float(svdvals(left @ right.T).sum())
    return max(0.0, mean + traces - 2 * nuclear)


def _two(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
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


def mmd_test(
    a: ArrayLike,
    b: ArrayLike,
    permutations: int = 1000,
    seed: int = 0,
    *,
    patients: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> MMD:
    """Test whether two sets come from one distribution, by permuting which set an image (or patient) belongs to.

    Args:
        a: (N, D) features, N ≥ 2.
        b: (M, D) features, M ≥ 2.
        permutations: number of random relabellings, ≥ 1.
        seed: of the relabellings.
        patients: (N,) and (M,) patient numbers, no patient in both sets; None when every image stands for itself.

    Returns:
        The test. Its null: both sets are draws from one distribution.

    Raises:
        EvaluationError: shapes differ, values are not finite, a set has fewer than 2 images, or a patient is in both.
    """
    first, second = _two(a, b)
    if permutations < 1:
        raise EvaluationError(f"expected 1 permutation or more, found {permutations}")
    gram, bandwidth = gaussian_gram(np.concatenate([first, second]))
    units, in_first = _units(len(first), len(second), patients)
    random = np.random.default_rng(seed)
    observed = float(_statistics(gram, in_first[units][:, None])[0])
    drawn = np.concatenate([_statistics(gram, labels[units]) for labels in _relabelled(in_first, permutations, random)])
    extreme = int(np.sum(drawn >= observed - TIE * np.abs(drawn)))
    return MMD(observed, (1 + extreme) / (1 + permutations), bandwidth, permutations, seed)


def mmd2(a: ArrayLike, b: ArrayLike) -> float:
    """Unbiased MMD² with the same kernel as :func:`mmd_test`, without a test.

    Example:
        >>> mmd2([[0.0], [1.0]], [[0.0], [1.0]]) < 0
        True
    """
    first, second = _two(a, b)
    gram, _ = gaussian_gram(np.concatenate([first, second]))
    return float(_statistics(gram, (np.arange(len(gram)) < len(first))[:, None])[0])


def gaussian_gram(points: Floats) -> tuple[Floats, float]:
    """Gaussian kernel between all pairs, zero on the diagonal, and its bandwidth (the median distance).

    The diagonal is zero because the unbiased statistic leaves it out.
    """
    centred = points - points.mean(axis=0)
    norms = np.einsum("ij,ij->i", centred, centred)
    gram = norms[:, None] + norms - 2 * (centred @ centred.T)
    np.maximum(gram, 0, out=gram)
    upper = gram[np.triu_indices(len(gram), 1)]
    median = (
        float(np.median(upper)) or float(upper.mean()) or 1.0
    )  # more than half of the pairs are equal: use the mean
    del upper
    gram /= -2 * median
    np.exp(gram, out=gram)
    np.fill_diagonal(gram, 0)
    return gram, float(np.sqrt(median))


def _units(
    n: int, m: int, patients: tuple[NDArray[np.int64], NDArray[np.int64]] | None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The unit of every image, and of every unit whether it belongs to the first set."""
    if patients is None:
        return np.arange(n + m), np.arange(n + m) < n
    if (len(patients[0]), len(patients[1])) != (n, m):
        raise EvaluationError(f"expected one patient per image, found {len(patients[0])} and {len(patients[1])}")
    if np.intersect1d(*patients).size:
        raise EvaluationError(
            "expected no patient in both sets, found some: their images cannot be relabelled apart. "
            "Next: leave those patients out of one set"
        )
    _, units = np.unique(np.concatenate(patients), return_inverse=True)
    in_first = np.zeros(units.max() + 1, bool)
    in_first[units[:n]] = True
    return units, in_first


def _relabelled(
    in_first: NDArray[np.bool_], permutations: int, random: np.random.Generator
) -> Iterator[NDArray[np.bool_]]:
    """Random relabellings of the units, as columns, some at a time."""
    for start in range(0, permutations, TOGETHER):
        columns = min(TOGETHER, permutations - start)
        yield random.permuted(np.tile(in_first[:, None], columns), axis=0)


def _statistics(gram: Floats, labels: NDArray[np.bool_]) -> Floats:
    """Unbiased MMD² for every column of labels (images × columns); −2 where a side has fewer than 2 images."""
    first = labels.astype(np.float64)
    to_first = gram @ first
    n = first.sum(axis=0)
    m = len(gram) - n
    inside = np.einsum("ij,ij->j", first, to_first)
    across = to_first.sum(axis=0) - inside
    outside = gram.sum() - inside - 2 * across
    with np.errstate(divide="ignore", invalid="ignore"):
        found = inside / (n * (n - 1)) + outside / (m * (m - 1)) - 2 * across / (n * m)
    return np.where((n < 2) | (m < 2), -2.0, found)
