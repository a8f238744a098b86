"""Which points lie in whose ball: the counts behind precision, recall, density and coverage.

Rules
-----
1. One block of the distance matrix decides both questions: inside the ball of the column, inside the ball of the row.
2. A pair whose bounds lie on one side of the radius is decided by them; any other by its exact distance.
3. A ball holds what lies nearer than its radius, not at it.

Example:
    >>> a, b = prepare(np.array([[0.0], [4.0]]), np.array([[1.0]]))
    >>> found = count(a, b, radius_a=np.array([2.0, 2.0]), radius_b=np.array([5.0]))
    >>> found.balls, found.held, found.recalled
    (array([1]), array([1, 0]), array([ True,  True]))
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from misyn.evaluate.points import CROWDED, Block, Bools, Floats, Ints, Points, block, prepare, runs, squared

__all__ = ["Balls", "count", "prepare"]

STEP = 1 << 20  # open pairs looked at together
ROUNDING = 4e-7  # relative slack for squaring a radius and rounding it to float32


@dataclass(frozen=True)
class Balls:
    """Counts over all pairs of N points ``a`` and M points ``b``.

    Attributes:
        balls: (M,) int64: in how many balls around ``a`` each ``b`` lies.
        held: (N,) int64: how many ``b`` lie in this ``a``'s ball.
        recalled: (N,) bool: this ``a`` lies in some ``b``'s ball.
    """

    balls: Ints
    held: Ints
    recalled: Bools


def count(a: Points, b: Points, *, radius_a: Floats, radius_b: Floats) -> Balls:
    """Count, block by block, who lies in whose ball.

    Args:
        a: N points.
        b: M points, prepared together with ``a``.
        radius_a: (N,) radii in the units of the features.
        radius_b: (M,) likewise.
    """
    result = Balls(np.zeros(len(b), np.int64), np.zeros(len(a), np.int64), np.zeros(len(a), bool))
    for run in runs(b, a):
        _count_run(result, a, b, run, radius_a, radius_b)
    return result


def _count_run(result: Balls, a: Points, b: Points, run: slice, radius_a: Floats, radius_b: Floats) -> None:
    """Add one run of rows of ``b`` to the counts."""
    wide = np.full(len(a.single.norms), -1.0)  # padding columns hold nothing
    wide[: len(a)] = radius_a
    found = block(b, a, run)
    limits = _limits(found, wide, radius_b[run], scale=a.scale)
    if max(np.count_nonzero(found.lower <= limit) for limit in limits) > CROWDED * found.lower.size:
        found = block(b, a, run, double=True)
        limits = _limits(found, wide, radius_b[run], scale=a.scale)
    for flat in _open(found, limits[0]):
        rows, columns = _inside(a, b, found, flat, wide[flat % len(wide)])
        result.balls[run] += np.bincount(rows, minlength=run.stop - run.start)
        result.held[:] += np.bincount(columns, minlength=len(a))
    for flat in _open(found, limits[1]):
        _, columns = _inside(a, b, found, flat, radius_b[run][flat // len(wide)])
        result.recalled[columns] = True


def _limits(found: Block, columns: Floats, rows: Floats, *, scale: float) -> tuple[Floats, Floats]:
    """Scaled squared radii, rounded upwards, shaped to compare with the block; what lies above them is outside."""
    of_columns = np.where(columns < 0, -1.0, (columns * scale) ** 2 * (1 + ROUNDING))
    of_rows = (rows * scale) ** 2 * (1 + ROUNDING)
    kind = found.lower.dtype
    return of_columns.astype(kind)[None, :], of_rows.astype(kind)[:, None]


def _open(found: Block, limit: Floats) -> list[Ints]:
    """Flat positions of the pairs that may lie inside, in handy portions."""
    flat = np.flatnonzero(found.lower <= limit)
    return [flat[start : start + STEP] for start in range(0, len(flat), STEP)]


def _inside(a: Points, b: Points, found: Block, flat: Ints, radius: Floats) -> tuple[Ints, Ints]:
    """Those of the open pairs that do lie inside ``radius`` (one per pair)."""
    rows, columns = np.divmod(flat, found.lower.shape[1])
    upper = found.lower.ravel()[flat] + found.slack(rows, columns)
    inside = upper < (radius * a.scale) ** 2 * (1 - ROUNDING)
    doubtful = np.flatnonzero(~inside)
    exact = squared(b, a, rows=rows[doubtful] + found.rows.start, columns=columns[doubtful])
    inside[doubtful] = np.sqrt(exact) < radius[doubtful]
    return rows[inside], columns[inside]
