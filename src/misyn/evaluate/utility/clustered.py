"""Intervals from what every image contributes to a measure, summed by patient.

Rules
-----
1. Images of one patient are not independent: their contributions are summed first, and the sums are what varies.
2. Quantiles are Student's, with one degree of freedom less than there are patients in the smaller class: with few of
   them a normal quantile is too narrow.
3. Values between 0 and 1 get their interval on the logit scale; none at 0 or 1, where nothing varies.

Sources: Obuchowski, Biometrics 1997; Brunner and Munzel, Biometrical Journal 2000 (degrees of freedom with
few); how well they hold: ``docs/results/utility-intervals-2026-11-22.md``.

Example:
    >>> given = (np.array([1, 1, 0, 1, 0, 1.0]) - 4 / 6) / 6
    >>> share(4 / 6, given, np.arange(6), freedom=5)
    Interval(low=0.177..., high=0.948...)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from misyn.evaluate.statistics import LEVEL, Interval

Floats = NDArray[np.float64]

FEWEST = 30  # patients under which nobody gets an interval


def error(given: Floats, patients: ArrayLike | None) -> float:
    """Standard error of a sum of contributions: (N,) summing to about 0; (N,) patients, None for one image each."""
    if patients is None:
        return float(np.sqrt((given**2).sum()))
    _, codes = np.unique(np.asarray(patients), return_inverse=True)
    sums = np.bincount(codes, weights=given)
    few = len(sums) / max(len(sums) - 1, 1) if len(sums) < len(given) else 1.0
    return float(np.sqrt(few * (sums**2).sum()))


def half(of_error: float, *, freedom: int, level: float = LEVEL) -> float:
    """Half the width of an interval around a value with this standard error."""
    return float(stats.t.isf((1 - level) / 2, max(freedom, 1))) * of_error


def share(value: float, given: Floats, patients: ArrayLike | None, *, freedom: int) -> Interval | None:
    """Interval of a value in (0, 1) on the logit scale, or None where it is 0 or 1 or nothing varies.

    Args:
        value: the sum's value.
        given: (N,) contributions.
        patients: (N,) equal where images are of one patient; None where every image is of another.
        freedom: degrees of freedom (rule 2).
    """
    spread = error(given, patients)
    if not 0 < value < 1 or spread == 0:
        return None
    around = half(spread / (value * (1 - value)), freedom=freedom)
    low, high = special.expit(special.logit(value) + np.array([-around, around]))
    return Interval(float(low), float(high))


def freedom(patients: ArrayLike | None, *classes: NDArray[np.bool_]) -> int:
    """One less than the patients that have images in the smallest of these classes.

    Example:
        >>> freedom([1, 1, 2, 3], np.array([True, True, True, False]), np.array([False, False, True, True]))
        1
    """
    who = np.arange(len(classes[0])) if patients is None else np.asarray(patients)
    return min(len(np.unique(who[of])) for of in classes) - 1
