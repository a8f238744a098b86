"""Can a simple classifier tell synthetic from medical images it has not learned from?

Rules
-----
1. It learns from one half of the images and is judged on the other; no patient is in both halves.
2. The classifier is ridge regression on features, in closed form: no training loop, nothing to tune.
3. Its score is an area under the curve on the judged half. The p-value permutes which judged image is synthetic, so it
   is exact given the classifier.

Sources: Lopez-Paz and Oquab, ICLR 2017 (classifier two-sample test); Hoerl and Kennard 1970 (ridge).

Example:
    >>> random = np.random.default_rng(0)
    >>> a, b = random.normal(size=(100, 4)), random.normal(size=(100, 4)) + 1
    >>> found = tell_apart(a, b, permutations=199, random=random)
    >>> found.p_value, found.auc > 0.8
    (0.005, True)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from misyn.evaluate.ranks import rank_test
from misyn.evaluate.sampling import halves
from misyn.evaluate.statistics import Interval, superiority

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RIDGE = 1.0  # of the features' mean variance times the number of images


@dataclass(frozen=True)
class ToldApart:
    """What the judged half says.

    Attributes:
        auc: chance that a synthetic image gets a higher score than a medical one; 0.5 = not told apart.
        interval: of ``auc``, given the classifier; None where it does not hold.
        p_value: of the permutation test, in (0, 1].
        n_medical, n_synthetic: judged images.
    """

    auc: float
    interval: Interval | None
    p_value: float
    n_medical: int
    n_synthetic: int


def tell_apart(medical: Floats, synthetic: Floats, *, permutations: int, random: np.random.Generator) -> ToldApart:
    """Learn from half of the images, judge the other half.

    Args:
        medical: (N, D) features, one image per patient, N ≥ 4.
        synthetic: (M, D) features, M ≥ 4.
        permutations: of the judged images' labels.
        random: splits and permutes.
    """
    a, b = (halves(np.arange(len(points)), random) for points in (medical, synthetic))
    weights = _ridge(medical[a[0]], synthetic[b[0]])
    scores = [synthetic[b[1]] @ weights, medical[a[1]] @ weights]
    value, interval = superiority(*scores)
    p = rank_test(scores[0][:, None], scores[1][:, None], permutations=permutations, random=random, two_sided=False)
    return ToldApart(value, interval, float(p[0]), len(a[1]), len(b[1]))


def _ridge(medical: Floats, synthetic: Floats) -> Floats:
    """Weights of the features: larger scores are more synthetic."""
    points = np.concatenate([medical, synthetic])
    target = np.concatenate([np.full(len(medical), -1 / len(medical)), np.full(len(synthetic), 1 / len(synthetic))])
    centred = points - points.mean(axis=0)
    covariance = centred.T @ centred / len(points)
    covariance[np.diag_indices(len(covariance))] += RIDGE * max(float(np.trace(covariance)) / len(covariance), 1e-12)
    return np.asarray(linalg.solve(covariance, centred.T @ target, assume_a="pos"))
