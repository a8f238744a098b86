"""Squared distances between many points: fast where a bound decides, exact where it does not.

Rules
-----
1. A matrix product gives every squared distance approximately, with a proven bound on its rounding error. Only pairs
   the bound leaves open are computed again, directly, in float64. So results do not depend on the product's precision,
   on the number of threads, or on how work is cut into blocks.
2. Memory is bounded: one block of the distance matrix at a time (:data:`BLOCK` entries), never the whole.
3. Points are centred and scaled before they are rounded to float32; exact distances use the points as given.

The bound: for points ``a``, ``b`` in D dimensions, rounded with unit ``u``, the computed ``|a|² + |b|² − 2a·b`` differs
from the true squared distance by at most ``(D + 32) u (|a|² + |b|²)``: ``γ_D`` for the dot product in any order of
summation (Higham, *Accuracy and Stability of Numerical Algorithms*, section 3.1), the rest for rounding the points
(``4u (|a|² + |b|²)``), the two norms and the two additions. :data:`FLOOR` covers underflow.

Example:
    >>> far = np.array([[1e8, 0.0], [1e8, 1e-3], [-1e8, 0.0]])
    >>> a = Points(far)
    >>> squared(a, a, rows=np.array([0]), columns=np.array([1]))
    array([1.e-06])
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misyn.errors import EvaluationError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BLOCK = 1 << 22  # entries of the distance matrix held at once (16 MB in float32)
PAIRS = 1 << 21  # float64 entries held while exact distances are computed (16 MB each)
PAD = 64  # points are padded to a multiple of this, so that columns can be looked at in groups
CROWDED = 0.02  # share of a float32 block left open by its bound above which a float64 block is cheaper
FLOOR = 1e-30  # absolute slack in scaled units, far above what underflow can cost


def matrix(values: ArrayLike, *, name: str) -> Floats:
    """Check a feature matrix and return it as float64.

    Raises:
        EvaluationError: it is not two-dimensional, is empty, or holds NaN or infinity.
    """
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.ndim != 2 or 0 in array.shape:
        raise EvaluationError(
            f"expected {name} as a non-empty (images, features) array, found shape {array.shape}. "
            "Next: give one row of features per image"
        )
    if not np.isfinite(array).all():
        bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
        raise EvaluationError(
            f"expected finite {name} features, found NaN or infinity in {len(bad)} of {len(array)} rows "
            f"(first: row {bad[0]}). Next: leave those images out, or fill the pixels that cause it"
        )
    return array


def same_features(a: Floats, b: Floats) -> None:
    """Refuse two sets whose features were not computed alike.

    Raises:
        EvaluationError: the numbers of columns differ.
    """
    if a.shape[1] != b.shape[1]:
        raise EvaluationError(
            f"expected both sets in the same features, found {a.shape[1]} and {b.shape[1]} columns. "
            "Next: compute both with the same extractor and the same preprocessing"
        )


@dataclass(frozen=True)
class Points:
    """Points prepared for block-wise distances.

    Attributes:
        exact: (N, D) float64, as given.
        centre: (D,) subtracted before rounding; both sides of a product share it.
        scale: multiplies after centring; both sides of a product share it.
    """

    exact: Floats
    centre: Floats = field(default_factory=lambda: np.zeros(1))
    scale: float = 1.0

    def __len__(self) -> int:
        return len(self.exact)

    @cached_property
    def single(self) -> Rounded:
        """The points in float32, padded."""
        return Rounded.of(self, np.float32)

    @cached_property
    def double(self) -> Rounded:
        """The points in float64, padded."""
        return Rounded.of(self, np.float64)


def prepare(*sets: Floats) -> tuple[Points, ...]:
    """Centre and scale several sets alike: mean of the first at the origin, longest vector of length at most 1."""
    centre = sets[0].mean(axis=0)
    longest = max(float(np.abs(points - centre).max()) for points in sets) * np.sqrt(sets[0].shape[1])
    scale = 2.0 ** -np.ceil(np.log2(longest)) if longest > 0 else 1.0  # a power of two rounds nothing
    return tuple(Points(points, centre, float(scale)) for points in sets)


@dataclass(frozen=True)
class Rounded:
    """Points in one precision, with what the bound needs.

    Attributes:
        values: (P, D), P a multiple of :data:`PAD`; padding rows are zero.
        norms: (P,) squared lengths; infinite for padding rows, so that nothing is near them.
        unit: relative error bound of a squared distance, per ``|a|² + |b|²``.
        n: points before padding.
    """

    values: NDArray[np.floating]
    norms: NDArray[np.floating]
    unit: float
    n: int

    @classmethod
    def of(cls, points: Points, dtype: type[np.floating]) -> Rounded:
        """Round, pad and measure."""
        n, dimension = points.exact.shape
        values = np.zeros((-(-n // PAD) * PAD, dimension), dtype)
        values[:n] = (points.exact - points.centre) * points.scale
        norms = np.full(len(values), np.inf)
        norms[:n] = np.einsum("ij,ij->i", values[:n], values[:n], dtype=np.float64)
        unit = (dimension + 32) * float(np.finfo(dtype).eps) / 2
        return cls(values, norms.astype(dtype), unit, n)


@dataclass(frozen=True)
class Block:
    """Lower bounds of scaled squared distances between a run of rows and all (padded) columns.

    Attributes:
        rows: the run of rows.
        lower: (rows, P); true scaled squared distances lie in ``[lower, lower + slack]``.
        row_slack, column_slack: slack is their outer sum, at least :data:`FLOOR`.
    """

    rows: slice
    lower: NDArray[np.floating]
    row_slack: NDArray[np.floating]
    column_slack: NDArray[np.floating]

    def slack(self, rows: Ints, columns: Ints) -> NDArray[np.floating]:
        """Width of the interval for some pairs; ``rows`` count from the start of the block."""
        found: NDArray[np.floating] = self.row_slack[rows] + self.column_slack[columns] + FLOOR
        return found


def runs(rows: Points, columns: Points) -> Iterator[slice]:
    """Cut the rows so that each run against all columns makes one block."""
    step = max(1, BLOCK // (len(columns) + PAD))
    for start in range(0, len(rows), step):
        yield slice(start, min(start + step, len(rows)))


def block(rows: Points, columns: Points, run: slice, *, double: bool = False) -> Block:
    """One run of rows against all columns; ``double`` narrows the bound 5 × 10⁸ times, at twice the time."""
    left, right = (rows.double, columns.double) if double else (rows.single, columns.single)
    lower = left.values[run] @ right.values.T
    lower *= -2
    lower += (left.norms[run] * (1 - left.unit))[:, None]
    lower += right.norms * (1 - right.unit)
    lower -= FLOOR
    return Block(run, lower, 2 * left.unit * left.norms[run], 2 * right.unit * right.norms)


def squared(a: Points, b: Points, *, rows: Ints, columns: Ints) -> Floats:
    """Exact squared distances of some pairs, float64, from the points as given (unscaled).

    Args:
        a: N points.
        b: M points.
        rows: (P,) indices into ``a``.
        columns: (P,) indices into ``b``.

    Returns:
        (P,) squared distances, ≥ 0.
    """
    found = np.empty(len(rows))
    step = max(1, PAIRS // a.exact.shape[1])
    for start in range(0, len(rows), step):
        run = slice(start, start + step)
        difference = a.exact[rows[run]] - b.exact[columns[run]]
        found[run] = np.einsum("ij,ij->i", difference, difference)
    return found
