"""The default classifier: multinomial logistic regression on features.

Rules
-----
1. Nothing is tuned on the images that judge: the penalty is the one of :data:`PENALTIES` that orders the validation
   images best.
2. Every class weighs the same in the loss, whatever its share, so that arms differ in their images and not in their
   class sizes.
3. The fit is deterministic: a convex loss, started at zero, solved to a fixed tolerance.

A penalised linear model is a modest classifier on purpose: it is the same for everyone, needs no graphics card, and
what it cannot use is said with its name. Give ``--predictions`` to judge your own models.

Source: Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, 2nd edition, section 4.4.

Example:
    >>> random = np.random.default_rng(0)
    >>> classes = np.arange(90) % 3
    >>> points = random.normal(size=(90, 2)) + 4 * np.eye(3)[classes][:, :2]
    >>> model = fit(points, classes, n_classes=3, penalty=0.01)
    >>> float((model.probabilities(points).argmax(axis=1) == classes).mean()) > 0.9
    True
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from misyn.evaluate.utility.auroc import judged_classes, macro_auroc

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PENALTIES = (1.0, 0.1, 0.01)  # on the mean loss, features scaled to variance 1; strongest first
ITERATIONS = 200
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Logistic:
    """A fitted model: centre and scale (D,) of the features, weights (D + 1, C), the last row the intercepts."""

    centre: Floats
    scale: Floats
    weights: Floats

    def probabilities(self, points: Floats) -> Floats:
        """(N, C) probabilities in [0, 1], rows summing to 1, for (N, D) features."""
        return np.asarray(special.softmax(_design((points - self.centre) / self.scale) @ self.weights, axis=1))


def fit(points: Floats, classes: Ints, *, n_classes: int, penalty: float) -> Logistic:
    """Fit by L-BFGS.

    Args:
        points: (N, D) features.
        classes: (N,) in 0 … n_classes - 1; a class without images gets probability near 0.
        n_classes: C.
        penalty: of the squared weights, > 0; intercepts are free.
    """
    centre, scale = points.mean(axis=0), points.std(axis=0)
    scale[scale == 0] = 1.0
    design = _design((points - centre) / scale)
    target = np.eye(n_classes)[classes]
    share = target / np.maximum(target.sum(axis=0), 1) / max(int((target.sum(axis=0) > 0).sum()), 1)
    weight = share.sum(axis=1)

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(design.shape[1], n_classes)
        logs = special.log_softmax(design @ weights, axis=1)
        slope = design.T @ (np.exp(logs) * weight[:, None] - share)
        slope[:-1] += penalty * weights[:-1]
        value = -(share * logs).sum() + penalty / 2 * (weights[:-1] ** 2).sum()
        return float(value), slope.ravel()

    start = np.zeros(design.shape[1] * n_classes)
    found = optimize.fmin_l_bfgs_b(loss, start, maxiter=ITERATIONS, pgtol=TOLERANCE)[0]
    return Logistic(centre, scale, found.reshape(design.shape[1], n_classes))


def chosen(points: Floats, classes: Ints, *, judge: tuple[Floats, Ints], n_classes: int) -> Logistic:
    """The model whose penalty orders the validation images best; the stronger penalty where they tie.

    Args:
        points: (N, D) features to fit on.
        classes: (N,) of these.
        judge: validation images and their classes.
        n_classes: C.
    """
    if not judged_classes(judge[1], n_classes):
        return fit(points, classes, n_classes=n_classes, penalty=PENALTIES[1])
    models = [fit(points, classes, n_classes=n_classes, penalty=penalty) for penalty in PENALTIES]
    reached = [macro_auroc(judge[1], model.probabilities(judge[0])) for model in models]
    return models[int(np.argmax(reached))]


def _design(points: Floats) -> Floats:
    return np.hstack([points, np.ones((len(points), 1))])
