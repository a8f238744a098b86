"""Area under the ROC curve: its value, and two of them compared on the same images.

Rules
-----
1. Ties count half, as in the Mann–Whitney statistic.
2. The comparison is DeLong's: every image contributes its share of wins, and the variance is that of the
   contributions. With patients, contributions are summed by patient first, so that several images of one patient count
   as one (the clustered form of Obuchowski).
3. Several classes: the mean over classes of one against the rest. Contributions add up in the same way.

Sources: DeLong, DeLong and Clarke-Pearson, Biometrics 1988; Obuchowski, Biometrics 1997; Sun and Xu, IEEE Signal
Processing Letters 2014 (computing it by ranks).

Example:
    >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from misyn.errors import EvaluationError
from misyn.evaluate.statistics import LEVEL, Interval
from misyn.evaluate.utility import clustered

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class DeLong:
    """Two areas under the curve on the same images.

    Attributes:
        difference: second minus first, in [-1, 1].
        low, high: its interval at the level asked for; not cut at -1 and 1.
        p_value: two-sided, of no difference; 1 where the scores order all images alike.
        first, second: the areas, in [0, 1].
        error: standard error of the difference.
    """

    difference: float
    low: float
    high: float
    p_value: float
    first: float
    second: float
    error: float


def auroc(y: ArrayLike, score: ArrayLike) -> float:
    """Chance that an image with the condition gets a higher score than one without.

    Args:
        y: (N,) 0 or 1, or bool; both must occur.
        score: (N,) finite; higher means more likely.

    Returns:
        In [0, 1]; 0.5 is chance.

    Raises:
        EvaluationError: shapes differ, a score is not finite, or only one class occurs.
    """
    positive, values = _checked(y, score)
    return float(_wins(positive, values)[positive].mean())


def delong(
    y: ArrayLike, score_a: ArrayLike, score_b: ArrayLike, *, patients: ArrayLike | None = None, level: float = LEVEL
) -> DeLong:
    """Compare two scores of the same images: is ``score_b``'s area larger?

    Args:
        y: (N,) 0 or 1, or bool; both must occur, each at least twice.
        score_a: (N,) finite; higher means more likely.
        score_b: likewise, of the other model.
        patients: (N,) equal where images are of one patient; None where every image is of another.
        level: of the interval.

    Raises:
        EvaluationError: shapes differ, a score is not finite, or a class occurs less than twice.
    """
    positive, a = _checked(y, score_a)
    b = _checked(y, score_b)[1]
    if min(positive.sum(), (~positive).sum()) < 2:
        raise EvaluationError("expected at least two images of each class, found fewer. Next: give more images")
    given = contributions(positive, b) - contributions(positive, a)
    first, second = auroc(positive, a), auroc(positive, b)
    few = clustered.freedom(patients, positive, ~positive)
    return _compared(first, second, error=clustered.error(given, patients), freedom=few, level=level)


def macro_delong(
    classes: Ints, a: Floats, b: Floats, *, patients: ArrayLike | None = None, used: Sequence[int] | None = None
) -> DeLong:
    """Compare two sets of class probabilities by the mean over classes of one against the rest.

    Args:
        classes: (N,) class numbers.
        a: (N, C) scores.
        b: likewise, of the other model.
        patients: (N,) equal where images are of one patient.
        used: the classes to judge; None for :func:`judged_classes`.

    Raises:
        EvaluationError: no class has two images and two others.
    """
    used = _used(classes, a, used)
    given = _macro_contributions(classes, b, used) - _macro_contributions(classes, a, used)
    first, second = (macro_auroc(classes, scores, used=used) for scores in (a, b))
    few = _freedom(classes, patients, used)
    return _compared(first, second, error=clustered.error(given, patients), freedom=few, level=LEVEL)


def macro_auroc(classes: Ints, scores: Floats, *, used: Sequence[int] | None = None) -> float:
    """Mean over classes of one against the rest: (N,) class numbers, (N, C) scores; ``used`` as in macro_delong."""
    return float(np.mean([auroc(classes == c, scores[:, c]) for c in _used(classes, scores, used)]))


def macro_interval(
    classes: Ints,
    scores: Floats,
    *,
    patients: ArrayLike | None = None,
    used: Sequence[int] | None = None,
) -> Interval | None:
    """Interval of :func:`macro_auroc` by patient, on the logit scale, where areas near 1 need it.

    Returns:
        The interval, or None where the area is 0 or 1: nothing can then be said of further patients.
    """
    used = _used(classes, scores, used)
    given = _macro_contributions(classes, scores, used)
    few = _freedom(classes, patients, used)
    return clustered.share(macro_auroc(classes, scores, used=used), given, patients, freedom=few)


def judged_classes(classes: Ints, n: int) -> list[int]:
    """The classes with two images and two others; of two classes only the second, which says the same as the first.

    Example:
        >>> judged_classes(np.array([0, 0, 1, 1, 2]), 3), judged_classes(np.array([0, 0, 1, 1]), 2)
        ([0, 1], [1])
    """
    counts = np.bincount(classes, minlength=n)
    used = [c for c in range(n) if 2 <= counts[c] <= len(classes) - 2]
    return used[-1:] if n == 2 else used


def _used(classes: Ints, scores: Floats, used: Sequence[int] | None) -> Sequence[int]:
    found = judged_classes(classes, scores.shape[1]) if used is None else used
    if not found:
        raise EvaluationError("expected a class with at least two images and two others, found none")
    return found


def _macro_contributions(classes: Ints, scores: Floats, used: Sequence[int]) -> Floats:
    return np.asarray(np.mean([contributions(classes == c, scores[:, c]) for c in used], axis=0))


def contributions(positive: Bools, score: Floats) -> Floats:
    """What every image adds to the area beyond its expected share: (N,), summing to 0.

    The sum of their squares is DeLong's variance.
    """
    wins = _wins(positive, score)
    found = np.empty(len(score))
    for side in (positive, ~positive):
        n = int(side.sum())
        found[side] = (wins[side] - wins[side].mean()) / n * np.sqrt(n / (n - 1))
    return found


def _freedom(classes: Ints, patients: ArrayLike | None, used: Sequence[int]) -> int:
    return min(clustered.freedom(patients, classes == c, classes != c) for c in used)


def _compared(first: float, second: float, *, error: float, freedom: int, level: float) -> DeLong:
    """The p-value is DeLong's, of the normal law; the interval is Student's, which holds with few patients too."""
    difference = second - first
    half = clustered.half(error, freedom=freedom, level=level)
    p = 1.0 if error == 0 else float(2 * stats.norm.sf(abs(difference) / error))
    return DeLong(
        difference=difference,
        low=difference - half,
        high=difference + half,
        p_value=p,
        first=first,
        second=second,
        error=error,
    )


def _wins(positive: Bools, score: Floats) -> Floats:
    """Share of images of the other class that each image is rightly ranked against, ties counting half."""
    ranks = stats.rankdata(score)
    found = np.empty(len(score))
    n, m = int(positive.sum()), int((~positive).sum())
    found[positive] = (ranks[positive] - stats.rankdata(score[positive])) / m
    found[~positive] = 1 - (ranks[~positive] - stats.rankdata(score[~positive])) / n
    return found


def _checked(y: ArrayLike, score: ArrayLike) -> tuple[Bools, Floats]:
    truth, values = np.asarray(y), np.asarray(score, np.float64)
    if truth.ndim != 1 or truth.shape != values.shape:
        raise EvaluationError(f"expected one class and one score per image, found {truth.shape} and {values.shape}")
    if not np.isfinite(values).all():
        raise EvaluationError("expected finite scores, found NaN or infinity. Next: score every image")
    if not np.isin(truth, (0, 1)).all() or len(np.unique(truth)) != 2:
        raise EvaluationError("expected the classes 0 and 1, both of them, found others or only one")
    return truth.astype(bool), values
