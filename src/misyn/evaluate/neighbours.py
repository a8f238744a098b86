"""Nearest neighbours, and what the balls around them say: precision, recall, density, coverage.

Rules
-----
1. Exact: neighbours and counts are those of float64 distances computed directly, whatever the precision of the matrix
   products in between (:mod:`misyn.evaluate.points`). Ties go to the lower index.
2. A point is never its own neighbour within a set. With ``patients``, neither is any image of the same patient.
3. Memory is bounded by blocks; 100,000 × 100,000 points never stand in memory at once.
4. A ball holds what lies *nearer* than its radius, not at it, as in the reference implementation.

Sources: Kynkäänniemi et al., NeurIPS 2019 (improved precision and recall); Naeem et al., ICML 2020 (density, coverage).

Example:
    >>> rng = np.random.default_rng(0)
    >>> found = prdc(rng.normal(size=(500, 8)), rng.normal(size=(500, 8)), k=5)
    >>> 0.9 < found.density < 1.1, 0.9 < found.coverage < 1.0
    (True, True)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misyn.errors import EvaluationError
from misyn.evaluate import balls
from misyn.evaluate.points import (
    CROWDED,
    FLOOR,
    PAD,
    Block,
    Bools,
    Floats,
    Ints,
    Points,
    block,
    matrix,
    prepare,
    runs,
    same_features,
    squared,
)


@dataclass(frozen=True)
class Neighbours:
    """The k nearest targets of every query.

    Attributes:
        indices: (N, k) int64 into the targets, nearest first; −1 where fewer than k targets are allowed.
        distances: (N, k) float64, ascending, in the units of the features; infinite where the index is −1.
    """

    indices: Ints
    distances: Floats


@dataclass(frozen=True)
class PRDC:
    """What the k-nearest-neighbour balls of two sets say of each other, per image and as shares.

    Attributes:
        k: neighbours that set the radius of a ball.
        balls: (M,) int64: in how many medical balls each synthetic image lies, in [0, N].
        held: (N,) int64: how many synthetic images lie in this medical image's ball, in [0, M].
        recalled: (N,) bool: this medical image lies in the ball of some synthetic image.
    """

    k: int
    balls: Ints
    held: Ints
    recalled: Bools

    @property
    def covered(self) -> Bools:
        """(N,) bool: a synthetic image lies in this medical image's ball."""
        return np.asarray(self.held > 0)

    @property
    def precision(self) -> float:
        """Share of synthetic images inside at least one medical ball, in [0, 1]."""
        return float(np.mean(self.balls > 0))

    @property
    def recall(self) -> float:
        """Share of medical images inside at least one synthetic ball, in [0, 1]."""
        return float(np.mean(self.recalled))

    @property
    def density(self) -> float:
        """Mean number of medical balls around a synthetic image, over k; about 1 for equal distributions, ≥ 0."""
        return float(np.sum(self.balls) / (self.k * len(self.balls)))

    @property
    def coverage(self) -> float:
        """Share of medical images whose ball holds a synthetic image, in [0, 1]."""
        return float(np.mean(self.covered))


def prdc(medical: ArrayLike, synthetic: ArrayLike, k: int = 5, *, patients: NDArray[np.int64] | None = None) -> PRDC:
    """Precision, recall, density and coverage of synthetic against medical images.

    Args:
        medical: (N, D) features, N > k.
        synthetic: (M, D) features, M > k.
        k: neighbours that set the radius of a ball.
        patients: (N,) a number per medical image that images of one patient share: a ball's radius then reaches to the
            k-th nearest image of *other* patients. None reproduces the published definition.

    Returns:
        Shares and the indicators behind them.

    Raises:
        EvaluationError: shapes differ, values are not finite, or a set has too few images for k.

    Example:
        >>> points = np.arange(6.0)[:, None]
        >>> prdc(points, points[:4], k=1).coverage
        0.6666666666666666
    """
    own = within(medical, k=k, patients=patients)
    return overlap(medical, synthetic, own=own)


def overlap(medical: ArrayLike, synthetic: ArrayLike, *, own: Neighbours) -> PRDC:
    """:func:`prdc` where the medical images' own neighbours are already known.

    Args:
        medical: (N, D) features.
        synthetic: (M, D) features, M > k.
        own: the k nearest others of every medical image, from :func:`within`; its width is k.

    Raises:
        EvaluationError: as :func:`prdc`.
    """
    a, b = prepare(*_pair(medical, synthetic))
    k = own.distances.shape[1]
    _enough(own, k, name="medical")
    of_synthetic = _search(b, b, k, within=True, groups=None)
    _enough(of_synthetic, k, name="synthetic")
    found = balls.count(a, b, radius_a=own.distances[:, -1], radius_b=of_synthetic.distances[:, -1])
    return PRDC(k, found.balls, found.held, found.recalled)


def nearest(
    queries: ArrayLike,
    targets: ArrayLike,
    *,
    k: int = 1,
    patients: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> Neighbours:
    """The k nearest targets of every query.

    Args:
        queries: (N, D) features.
        targets: (M, D) features.
        k: how many.
        patients: a number per query and a number per target; targets with the query's number are passed over.

    Raises:
        EvaluationError: shapes differ, values are not finite, or k < 1.

    Example:
        >>> nearest([[0.0], [9.0]], [[1.0], [8.5]]).distances.ravel()
        array([1. , 0.5])
    """
    a, b = prepare(*_pair(queries, targets))
    groups = None if patients is None else _groups(*patients, len(a), len(b))
    return _search(a, b, k, within=False, groups=groups)


def within(points: ArrayLike, *, k: int = 1, patients: NDArray[np.int64] | None = None) -> Neighbours:
    """The k nearest other points of every point of one set; with ``patients``, of other patients.

    Raises:
        EvaluationError: values are not finite, or k < 1.

    Example:
        >>> within([[0.0], [1.0], [5.0]]).indices.ravel()
        array([1, 0, 1])
        >>> within([[0.0], [1.0], [5.0]], patients=np.array([7, 7, 8])).indices.ravel()
        array([2, 2, 1])
    """
    (a,) = prepare(matrix(points, name="the"))
    return _search(a, a, k, within=True, groups=_groups(patients, patients, len(a), len(a)))


def _pair(medical: ArrayLike, synthetic: ArrayLike) -> tuple[Floats, Floats]:
    a, b = matrix(medical, name="medical"), matrix(synthetic, name="synthetic")
    same_features(a, b)
    return a, b


def _groups(
    rows: NDArray[np.int64] | None, columns: NDArray[np.int64] | None, n: int, m: int
) -> tuple[Ints, Ints] | None:
    """Check patient numbers against the points they belong to."""
    if rows is None or columns is None:
        return None
    if len(rows) != n or len(columns) != m:
        raise EvaluationError(f"expected one patient per image, found {len(rows)} for {n} and {len(columns)} for {m}")
    return np.asarray(rows, np.int64), np.asarray(columns, np.int64)


def _enough(found: Neighbours, k: int, *, name: str) -> None:
    """Refuse a radius that reaches nothing."""
    missing = int(np.sum(found.indices[:, -1] < 0))
    if missing:
        raise EvaluationError(
            f"expected more than k = {k} {name} images (of other patients, where patients are given), found too few "
            f"for {missing} of {len(found.indices)}. Next: give more images, or a smaller k"
        )


def _search(a: Points, b: Points, k: int, *, within: bool, groups: tuple[Ints, Ints] | None) -> Neighbours:
    """Search every row's k nearest columns, a block of rows at a time."""
    if k < 1:
        raise EvaluationError(f"expected k of 1 or more, found {k}")
    indices = np.full((len(a), k), -1, np.int64)
    distances = np.full((len(a), k), np.inf)
    for found, masked in _blocks(a, b, within=within, groups=groups):
        rows, columns = _candidates(found, k)
        if len(rows) > CROWDED * found.lower.size + 16 * k * len(found.lower):
            found = _masked(block(a, b, found.rows, double=True), masked)  # noqa: PLW2901 - same block, finer
            rows, columns = _candidates(found, k)
        start = found.rows.start
        exact = squared(a, b, rows=rows + start, columns=columns)
        _keep(indices[found.rows], distances[found.rows], rows, columns, exact)
    return Neighbours(indices, np.sqrt(distances))


def _blocks(
    a: Points, b: Points, *, within: bool, groups: tuple[Ints, Ints] | None
) -> Iterator[tuple[Block, tuple[Ints, Ints]]]:
    """Blocks in which pairs that may not be neighbours are infinitely far, and those pairs."""
    order = None if groups is None else np.argsort(groups[1], kind="stable")
    for run in runs(a, b):
        own = np.arange(run.start, run.stop)
        masked = (own - run.start, own) if within else (own[:0], own[:0])
        if groups is not None and order is not None:
            masked = _same_patient(groups[0][run], groups[1], order)
        yield _masked(block(a, b, run), masked), masked


def _same_patient(rows: Ints, columns: Ints, order: Ints) -> tuple[Ints, Ints]:
    """All pairs (row, column) with the same patient; ``order`` sorts the columns by patient."""
    first = np.searchsorted(columns, rows, side="left", sorter=order)
    count = np.searchsorted(columns, rows, side="right", sorter=order) - first
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(np.arange(len(rows)), count), order[np.repeat(first, count) + offset]


def _masked(found: Block, masked: tuple[Ints, Ints]) -> Block:
    found.lower[masked] = np.inf
    return found


def _candidates(found: Block, k: int) -> tuple[Ints, Ints]:
    """Pairs that may be among a row's k nearest: those whose lower bound does not exceed the k-th smallest upper bound.

    The k-th smallest over groups of columns of (a group's smallest lower bound + its largest slack) is at least the
    row's k-th smallest upper bound, and costs one pass instead of a selection.
    """
    height, width = found.lower.shape
    size = PAD if width >= 8 * k * PAD else 1
    smallest = found.lower.reshape(height, width // size, size).min(axis=2)
    slack = np.where(np.isinf(found.column_slack), 0, found.column_slack).reshape(-1, size).max(axis=1)
    upper = smallest + slack + found.row_slack[:, None] + np.float32(2 * FLOOR)
    place = min(k, upper.shape[1]) - 1
    limit = np.partition(upper, place, axis=1)[:, place]
    if k > upper.shape[1]:
        limit[:] = np.inf
    np.minimum(limit, np.finfo(limit.dtype).max, out=limit)  # what is infinitely far is nobody's neighbour
    flat = np.flatnonzero(found.lower <= limit[:, None])
    return flat // width, flat % width


def _keep(indices: Ints, distances: Floats, rows: Ints, columns: Ints, exact: Floats) -> None:
    """Write each row's k smallest candidates, ties by column, into the views given."""
    order = np.lexsort((columns, exact, rows))
    rows, columns, exact = rows[order], columns[order], exact[order]
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows, side="left")
    chosen = rank < indices.shape[1]
    indices[rows[chosen], rank[chosen]] = columns[chosen]
    distances[rows[chosen], rank[chosen]] = exact[chosen]
