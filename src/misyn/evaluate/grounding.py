"""How well medical images support each synthetic image: the measurable shadow of grounding.

Rules
-----
1. Resemblance is not grounding: no patient stands behind a supported image. The word here is *supported*.
2. An image is supported when its nearest medical image is no farther than 95 of 100 unseen medical images are from
   theirs. The same patient never calibrates: unseen means of another patient.
3. The measure runs as main (synthetic), control (unseen medical images, half of the patients judged by the other half)
   and chance (points whose features each come from a different medical image). When chance supports half of its points,
   or more of them than of the synthetic images, support tells nothing, and a caveat says so.

Source: misyn; conformal thresholds as in :mod:`misyn.evaluate.statistics`; main, control and baseline after Giomi et
al., PETS 2023.

Example:
    >>> unseen = np.linspace(1.0, 2.0, 100)
    >>> found = support([1.5, 9.0], unseen, patients=np.arange(100), random=np.random.default_rng(0))
    >>> found.flags, 0.85 < found.control < 1
    (array([ True, False]), True)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misyn.evaluate import neighbours
from misyn.evaluate.sampling import Ints, halves
from misyn.evaluate.statistics import upper_threshold

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

SHARE = 0.95  # of unseen medical images that are supported, by construction


@dataclass(frozen=True)
class Support:
    """Which images the medical images support.

    Attributes:
        flags: (M,) bool.
        threshold: the distance up to which an image is supported.
        control: share of unseen medical images supported by a threshold from other patients, about 0.95; None where
            half of the patients are too few to calibrate.
    """

    flags: Bools
    threshold: float
    control: float | None


def support(synthetic: ArrayLike, unseen: ArrayLike, *, patients: Ints, random: np.random.Generator) -> Support | None:
    """Judge distances to the nearest medical image by those of unseen medical images.

    Args:
        synthetic: (M,) distances to the nearest medical image.
        unseen: (H,) distances of unseen medical images to the nearest one of another patient; infinite where there
            is none (left out).
        patients: (H,) patient numbers of the unseen images.
        random: splits the patients for the control.

    Returns:
        Support, or None where unseen images are too few (under 19) to calibrate.
    """
    calibration = np.asarray(unseen, np.float64)
    finite = np.isfinite(calibration)
    calibration, patients = calibration[finite], patients[finite]
    threshold = upper_threshold(calibration, share=SHARE)
    if threshold is None:
        return None
    return Support(np.asarray(synthetic) <= threshold, threshold, _control(calibration, patients, random))


def _control(calibration: Floats, patients: Ints, random: np.random.Generator) -> float | None:
    """Share supported when each half of the patients is judged by the other half."""
    parts = halves(patients, random)
    thresholds = [upper_threshold(calibration[part], share=SHARE) for part in parts]
    if thresholds[0] is None or thresholds[1] is None:
        return None
    kept = np.sum(calibration[parts[0]] <= thresholds[1]) + np.sum(calibration[parts[1]] <= thresholds[0])
    return float(kept) / len(calibration)


def chance(medical: Floats, *, n: int, threshold: float, random: np.random.Generator) -> float:
    """Share of points supported whose features each come from a different medical image, drawn at random.

    Such a point has every single feature of a medical image and shows none of them together.

    Args:
        medical: (N, D) features.
        n: points to make.
        threshold: of :func:`support`.
        random: makes them.

    Example:
        >>> line = np.repeat(np.linspace(0, 9, 50)[:, None], 6, axis=1)
        >>> chance(line, n=100, threshold=0.5, random=np.random.default_rng(0)) < 0.1
        True
    """
    picked = random.integers(len(medical), size=(n, medical.shape[1]))
    points = medical[picked, np.arange(medical.shape[1])]
    found = neighbours.nearest(points, medical)
    return float(np.mean(found.distances[:, 0] <= threshold))
