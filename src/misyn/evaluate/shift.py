"""Do two sets of images differ as wholes, and by how much?

Rules
-----
1. The Fréchet distance is that of :mod:`misyn.evaluate.moments`.
2. A permutation test computes one Gram matrix; every permutation is a matrix product with it.
3. What is permuted is the unit of independence: images, or whole patients where patients are given. A patient's images
   move together, which is valid when patients of both sets bring about as many images each.
4. Compare a distance only with the same distance between two sets of medical images at the same n.

Sources: Gretton et al., JMLR 2012 (unbiased MMD², Gaussian kernel, median heuristic); Székely and
Rizzo, J. Stat. Plan. Inference 2013 (energy distance); Phipson and Smyth, 2010 (p-value of a permutation test).

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

from misyn.errors import EvaluationError
from misyn.evaluate.moments import frechet, two
from misyn.evaluate.points import Floats

__all__ = ["MMD", "Energy", "energy_test", "frechet", "mmd2", "mmd_test"]

TOGETHER = 250  # permutations multiplied at once: bounds memory at (n + m) × 250 float64
NEVER = -1e300  # a relabelling that leaves a side without two images is never extreme
TIE = 1e-10  # relative; permuted statistics this close to the observed one count as equal to it


@dataclass(frozen=True)
class Energy:
    """A two-sample permutation test.

    Attributes:
        statistic: unbiased energy distance, in units of the features: about 0 for equal laws (may be negative).
        p_value: (1 + permutations at least as extreme) / (1 + permutations), in (0, 1].
        permutations: how many.
        seed: of the permutations.
    """

    statistic: float
    p_value: float
    permutations: int
    seed: int


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
    first, second = two(a, b)
    gram, bandwidth = gaussian_gram(np.concatenate([first, second]))
    observed, p = _permuted(gram, _units(len(first), len(second), patients), permutations=permutations, seed=seed)
    return MMD(observed, p, bandwidth, permutations, seed)


def energy_test(
    a: ArrayLike,
    b: ArrayLike,
    permutations: int = 1000,
    seed: int = 0,
    *,
    patients: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> Energy:
    """Test as :func:`mmd_test`, with the energy distance: no bandwidth to choose, and it sees far tails.

    ``2 E|A − B| − E|A − A′| − E|B − B′|``, each mean over pairs of different images; arguments as :func:`mmd_test`.

    Raises:
        EvaluationError: as :func:`mmd_test`.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> energy_test(rng.normal(size=(60, 3)), rng.normal(size=(60, 3)) + 1, permutations=200).p_value
        0.004975124378109453
    """
    first, second = two(a, b)
    gram = squared_distances(np.concatenate([first, second]))
    np.sqrt(gram, out=gram)
    np.negative(gram, out=gram)
    observed, p = _permuted(gram, _units(len(first), len(second), patients), permutations=permutations, seed=seed)
    return Energy(observed, p, permutations, seed)


def _permuted(
    gram: Floats, given: tuple[NDArray[np.int64], NDArray[np.bool_]], *, permutations: int, seed: int
) -> tuple[float, float]:
    """The statistic of one Gram matrix and its p-value, from relabelled units.

    Raises:
        EvaluationError: no permutation is asked for.
    """
    if permutations < 1:
        raise EvaluationError(f"expected 1 permutation or more, found {permutations}")
    units, in_first = given
    random = np.random.default_rng(seed)
    observed = float(_statistics(gram, in_first[units][:, None])[0])
    drawn = np.concatenate([_statistics(gram, labels[units]) for labels in _relabelled(in_first, permutations, random)])
    extreme = int(np.sum(drawn >= observed - TIE * np.abs(drawn)))
    return observed, (1 + extreme) / (1 + permutations)


def mmd2(a: ArrayLike, b: ArrayLike) -> float:
    """Unbiased MMD² with the same kernel as :func:`mmd_test`, without a test.

    Example:
        >>> mmd2([[0.0], [1.0]], [[0.0], [1.0]]) < 0
        True
    """
    first, second = two(a, b)
    gram, _ = gaussian_gram(np.concatenate([first, second]))
    return float(_statistics(gram, (np.arange(len(gram)) < len(first))[:, None])[0])


def gaussian_gram(points: Floats) -> tuple[Floats, float]:
    """Gaussian kernel between all pairs, zero on the diagonal, and its bandwidth (the median distance).

    The diagonal is zero because the unbiased statistic leaves it out.
    """
    gram = squared_distances(points)
    upper = gram[np.triu_indices(len(gram), 1)]
    median = (
        float(np.median(upper)) or float(upper.mean()) or 1.0
    )  # more than half of the pairs are equal: use the mean
    del upper
    gram /= -2 * median
    np.exp(gram, out=gram)
    np.fill_diagonal(gram, 0)
    return gram, float(np.sqrt(median))


def squared_distances(points: Floats) -> Floats:
    """Squared distances between all pairs, zero on the diagonal: (N, D) to (N, N)."""
    centred = points - points.mean(axis=0)
    norms = np.einsum("ij,ij->i", centred, centred)
    found = norms[:, None] + norms - 2 * (centred @ centred.T)
    np.maximum(found, 0, out=found)
    np.fill_diagonal(found, 0)
    return np.asarray(found, np.float64)


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
    """Unbiased MMD² for every column of labels (images × columns); hugely negative where a side has under 2 images."""
    first = labels.astype(np.float64)
    to_first = gram @ first
    n = first.sum(axis=0)
    m = len(gram) - n
    inside = np.einsum("ij,ij->j", first, to_first)
    across = to_first.sum(axis=0) - inside
    outside = gram.sum() - inside - 2 * across
    with np.errstate(divide="ignore", invalid="ignore"):
        found = inside / (n * (n - 1)) + outside / (m * (m - 1)) - 2 * across / (n * m)
    return np.where((n < 2) | (m < 2), NEVER, found)
