"""Predictions of several arms on the same held-out medical images, and the measures of one arm.

Rules
-----
1. The first arm is the baseline: medical images only.
2. A measure is a function of one weight per image, so that its value (weights of 1) and its bootstrap are one piece of
   code; a rate is a sum of contributions, because near 1 the bootstrap's interval is too narrow.
3. A threshold is per class, one against the rest, fixed on validation images; without any, sensitivity and
   specificity are not given.

Sources: Van Calster et al., BMC Medicine 2019 (calibration in the large, slope); Brier 1950.

Example:
    >>> truth = np.array([0, 0, 1, 1])
    >>> scores = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])
    >>> thresholds(truth, scores, sensitivity=0.9, fewest=1)
    (0.4, 0.7)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from misyn.evaluate.utility import clustered
from misyn.evaluate.utility.auroc import judged_classes
from misyn.evaluate.utility.resampling import Draws

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SENSITIVITY = 0.9
FEWEST_POSITIVE = 10  # validation images of a class under which no threshold is fixed
SHARP = 1e-6  # probabilities are kept this far from 0 and 1 where their logit is taken

Weighed = Callable[[Floats], Floats]
Thresholds = tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Arm:
    """One model's predictions.

    Attributes:
        name: ``medical``, ``synthetic``, ``both``, or what a file of predictions is called.
        said: in words, what it was trained on.
        scores: (N, C) probabilities, or scores where they need not be probabilities.
        thresholds: per class, or None where none could be fixed.
        n_medical, n_synthetic: images it was trained on; None where that is not known.
        probabilities: whether rows of ``scores`` are probabilities; calibration is measured only then.
    """

    name: str
    said: str
    scores: Floats
    thresholds: Thresholds
    n_medical: int | None = None
    n_synthetic: int | None = None
    probabilities: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """The images that judge, whatever is judged on them.

    Attributes:
        patients: (N,) numbers.
        members: group → indices of its images, labels left out.
        unit, patients_known: as in :class:`misyn.images.collection.Collection`.
        method: what made the predictions, in words.
    """

    patients: Ints
    unit: str
    patients_known: bool
    method: str
    members: Mapping[str, Ints] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.patients)

    @property
    def everyone(self) -> Ints:
        """Indices of all images."""
        return np.arange(len(self))

    def units(self, images: Ints) -> int:
        """Different patients among some images."""
        return len(np.unique(self.patients[images]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged(Panel):
    """Every arm's predictions of classes.

    Attributes:
        classes: (N,) true class numbers.
        names: (C,) class names, as in ``label=…``.
        arms: the baseline first.
    """

    classes: Ints
    names: tuple[str, ...]
    arms: tuple[Arm, ...]


def thresholds(
    classes: Ints, scores: Floats, *, sensitivity: float = SENSITIVITY, fewest: int = FEWEST_POSITIVE
) -> Thresholds:
    """Per class, the largest score that still finds the asked share of its validation images.

    Args:
        classes: (N,) of validation images.
        scores: (N, C).
        sensitivity: share to find, in (0, 1].
        fewest: images of a class under which it gets None.
    """
    found: list[float | None] = []
    for c in range(scores.shape[1]):
        own = np.sort(scores[classes == c, c])
        missed = int(np.floor((1 - sensitivity) * len(own) + 1e-9))
        found.append(float(own[missed]) if len(own) >= fewest else None)
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Rate:
    """A mean over classes of the share of its images that are judged rightly.

    Attributes:
        value: in [0, 1].
        given: (N,) contributions of the images, summing to 0.
        freedom: degrees of freedom of its interval.
    """

    value: float
    given: Floats
    freedom: int


def rate(judged: Judged, arm: Arm, used: list[int], *, sensitivity: bool) -> Rate | None:
    """Sensitivity, or specificity, at the arm's thresholds, mean over classes; None where it has none."""
    given = [(c, limit) for c in used if (limit := arm.thresholds[c]) is not None]
    if not given:
        return None
    among = [(judged.classes == c) == sensitivity for c, _ in given]
    right = [((arm.scores[:, c] >= limit) == sensitivity) for c, limit in given]
    values = [float(r[a].mean()) for r, a in zip(right, among, strict=True)]
    parts = [a * (r - v) / a.sum() for r, a, v in zip(right, among, values, strict=True)]
    few = clustered.freedom(judged.patients, *among)
    return Rate(float(np.mean(values)), np.asarray(np.mean(parts, axis=0)), few)


def brier(classes: Ints, arm: Arm) -> Weighed:
    """Mean squared distance of the probabilities from what was so, halved: 0 best, 1 worst."""
    errors = ((arm.scores - np.eye(arm.scores.shape[1])[classes]) ** 2).sum(axis=1) / 2
    return lambda weights: Draws.mean(weights, errors)


def in_the_large(classes: Ints, arm: Arm, used: list[int]) -> Weighed:
    """Mean over classes of how far the predicted share of a class is from its share: 0 best."""
    gaps = [arm.scores[:, c] - (classes == c) for c in used]
    return lambda weights: np.mean([np.abs(Draws.mean(weights, gap)) for gap in gaps], axis=0)


def slope(classes: Ints, arm: Arm, used: list[int]) -> float:
    """Mean over classes of the calibration slope: 1 best, under 1 overconfident."""
    return float(np.mean([_slope(classes == c, arm.scores[:, c]) for c in used]))


def _slope(positive: NDArray[np.bool_], probability: Floats) -> float:
    """Slope of a logistic regression of the truth on the logit of the probability."""
    logit = special.logit(np.clip(probability, SHARP, 1 - SHARP))

    def loss(found: Floats) -> tuple[float, Floats]:
        line = found[0] + found[1] * logit
        error = special.expit(line) - positive
        return float(np.logaddexp(0, line).sum() - line[positive].sum()), np.array([error.sum(), error @ logit])

    return float(optimize.fmin_l_bfgs_b(loss, np.array([0.0, 1.0]))[0][1])


def used_classes(judged: Judged, images: Ints) -> list[int]:
    """The classes that can be judged among some images."""
    return judged_classes(judged.classes[images], len(judged.names))
