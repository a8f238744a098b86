"""Which synthetic images may repeat an image that the technique was trained on?

Rules
-----
1. An *exact copy* has the pixels of a medical image, whatever file holds them. It is a fact.
2. A *copy suspect* lies nearer to a training image than unseen medical images of other patients do, but for a stated
   rate of false alarms. It is a suspicion: without held-out images there is none, because resemblance cannot then be
   told from memorisation.
3. *Authenticity* follows the definition: the nearest medical image's own distances are looked up by the index of that
   medical image. (A published implementation and its descendants look them up by the index of the synthetic image.)

Sources: Alaa et al., ICML 2022 (authenticity); conformal thresholds as in :mod:`misyn.evaluate.statistics`.

Example:
    >>> medical = [[0.0], [1.0], [5.0], [9.0]]
    >>> authenticity(medical, [[0.1], [2.5], [5.0]])
    array([False,  True, False])
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misyn.errors import EvaluationError
from misyn.evaluate import neighbours
from misyn.evaluate.sampling import Ints, halves
from misyn.evaluate.statistics import lower_threshold

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

RATES = (0.01, 0.02, 0.05)  # false alarms promised, the first that the number of held-out images allows


def authenticity(medical: ArrayLike, synthetic: ArrayLike, *, patients: NDArray[np.int64] | None = None) -> Bools:
    """Which synthetic images are authentic: farther from their nearest medical image than that image is from its own.

    Args:
        medical: (N, D) features, N ≥ 2.
        synthetic: (M, D) features.
        patients: (N,) patient numbers; a medical image's own nearest is then of another patient.

    Returns:
        (M,) bool, True = authentic. An exact copy never is.

    Raises:
        EvaluationError: shapes differ, values are not finite, or a medical image has no other to compare with.
    """
    to_medical = neighbours.nearest(synthetic, medical)
    own = neighbours.within(medical, patients=patients)
    return authentic(to_medical, own)


def authentic(to_medical: neighbours.Neighbours, own: neighbours.Neighbours) -> Bools:
    """Authenticity from distances already known.

    Args:
        to_medical: the nearest medical image of every synthetic image.
        own: the nearest other medical image of every medical image.

    Raises:
        EvaluationError: a medical image has no other to compare with.
    """
    of_nearest = own.distances[to_medical.indices[:, 0], 0]  # by the medical image's index (rule 3)
    if not np.isfinite(of_nearest).all():
        raise EvaluationError(
            "expected another medical image (of another patient, where patients are given) for each, found none. "
            "Next: give more medical images"
        )
    authentic: Bools = of_nearest < to_medical.distances[:, 0]
    return authentic


def exact_copies(medical: Collection[str], synthetic: Sequence[str]) -> Bools:
    """Which synthetic images have the pixels of a medical image.

    Args:
        medical: digests of canonical pixels (:attr:`misyn.images.Image.digest`).
        synthetic: (M,) likewise.

    Returns:
        (M,) bool.

    Example:
        >>> exact_copies({"sha256:aa"}, ["sha256:bb", "sha256:aa"])
        array([False,  True])
    """
    known = frozenset(medical)
    return np.array([digest in known for digest in synthetic], bool)


@dataclass(frozen=True)
class Suspects:
    """What calibration on held-out medical images makes of distances to training images.

    Attributes:
        flags: (M,) bool: nearer than the threshold.
        threshold: distance below which an image is suspected.
        rate: share of unseen medical images that would be suspected all the same, at most.
        control: share of held-out images suspected when the threshold comes from the other half of the held-out
            patients; None where a half is too small to promise the rate.
    """

    flags: Bools
    threshold: float
    rate: float
    control: float | None


def suspects(
    synthetic: ArrayLike, held_out: ArrayLike, *, patients: Ints, random: np.random.Generator
) -> Suspects | None:
    """Suspect the synthetic images that lie nearer to a training image than unseen medical images do.

    Args:
        synthetic: (M,) distances to the nearest training image.
        held_out: (H,) distances of held-out images to the nearest training image of another patient.
        patients: (H,) patient numbers of the held-out images.
        random: splits the held-out patients for the control.

    Returns:
        The suspects, or None where held-out images are too few (under 19) to promise even the largest rate.

    Example:
        >>> held_out = np.linspace(1, 2, 100)
        >>> found = suspects([0.1, 1.5], held_out, patients=np.arange(100), random=np.random.default_rng(0))
        >>> found.flags, found.rate
        (array([ True, False]), 0.01)
    """
    calibration = np.asarray(held_out, np.float64)
    calibration, patients = calibration[np.isfinite(calibration)], patients[np.isfinite(calibration)]
    for rate in RATES:
        threshold = lower_threshold(calibration, rate=rate)
        if threshold is not None:
            control = _control(calibration, patients, rate, random)
            return Suspects(np.asarray(synthetic) < threshold, threshold, rate, control)
    return None


def _control(calibration: Floats, patients: Ints, rate: float, random: np.random.Generator) -> float | None:
    """Share of held-out images suspected, each half judged by a threshold from the other half's patients."""
    parts = halves(patients, random)
    thresholds = [lower_threshold(calibration[part], rate=rate) for part in parts]
    if thresholds[0] is None or thresholds[1] is None:
        return None
    flagged = np.sum(calibration[parts[0]] < thresholds[1]) + np.sum(calibration[parts[1]] < thresholds[0])
    return float(flagged) / len(calibration)
