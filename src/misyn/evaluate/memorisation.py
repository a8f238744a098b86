"""Which synthetic images may repeat an image that the technique was trained on?

Rules
-----
1. An *exact copy* has the pixels of a medical image, whatever file holds them. It is a fact.
2. A *copy suspect* lies nearer to a training image, in pixels or in features, than unseen medical images of other
   patients do, but for a stated rate of false alarms, which is a rate of patients. It is a suspicion: without held-out
   images there is none, because resemblance cannot then be told from memorisation.
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
        flags: (M,) bool: nearer than the threshold in one of the ways of looking.
        thresholds: one per way of looking: the distance below which an image is suspected.
        rate: share of unseen patients of whom some image would be suspected all the same, at most.
        control: share of held-out images suspected when the thresholds come from the other half of the held-out
            patients; None where a half is too small to promise the rate.
    """

    flags: Bools
    thresholds: tuple[float, ...]
    rate: float
    control: float | None


def suspects(
    synthetic: ArrayLike, held_out: ArrayLike, *, patients: Ints, random: np.random.Generator
) -> Suspects | None:
    """Suspect the synthetic images that lie nearer to a training image than unseen medical images do.

    Each held-out patient counts once, with the image that lies nearest. Several ways of looking share the rate between
    them (Bonferroni); where held-out patients are too few for that, only the first is used.

    Args:
        synthetic: (M,) distances to the nearest training image, or (W, M) in W ways of looking, the best first.
        held_out: (H,) or (W, H) distances of held-out images to the nearest training image of another patient.
        patients: (H,) patient numbers of the held-out images.
        random: splits the held-out patients for the control.

    Returns:
        The suspects, or None where held-out patients are too few (under 19) to promise even the largest rate.

    Example:
        >>> held_out = np.linspace(1, 2, 100)
        >>> found = suspects([0.1, 1.5], held_out, patients=np.arange(100), random=np.random.default_rng(0))
        >>> found.flags, found.rate
        (array([ True, False]), 0.01)
    """
    given = np.atleast_2d(np.asarray(held_out, np.float64))
    known = np.isfinite(given).all(axis=0)
    calibration, patients = given[:, known], patients[known]
    looked = np.atleast_2d(np.asarray(synthetic, np.float64))
    for ways, rate in [(len(given), rate) for rate in RATES] + [(1, rate) for rate in RATES]:
        thresholds = _thresholds(calibration[:ways], patients, rate)
        if thresholds is not None:
            control = _control(calibration[:ways], patients, rate, random)
            return Suspects(_below(looked[:ways], thresholds), thresholds, rate, control)
    return None


def _thresholds(calibration: Floats, patients: Ints, rate: float) -> tuple[float, ...] | None:
    """One threshold per way of looking, from the nearest image of every patient."""
    if not len(patients):
        return None
    _, codes = np.unique(patients, return_inverse=True)
    nearest = np.full((len(calibration), codes.max() + 1), np.inf)
    for row, distances in zip(nearest, calibration, strict=True):
        np.minimum.at(row, codes, distances)
    found = [lower_threshold(row, rate=rate / len(calibration)) for row in nearest]
    return None if any(value is None for value in found) else tuple(value for value in found if value is not None)


def _below(distances: Floats, thresholds: tuple[float, ...]) -> Bools:
    """Below the threshold in any way of looking."""
    return np.asarray(np.any(distances < np.array(thresholds)[:, None], axis=0), np.bool_)


def _control(calibration: Floats, patients: Ints, rate: float, random: np.random.Generator) -> float | None:
    """Share of held-out images suspected, each half judged by thresholds from the other half's patients."""
    parts = halves(patients, random)
    found = [_thresholds(calibration[:, part], patients[part], rate) for part in parts]
    if found[0] is None or found[1] is None:
        return None
    flagged = _below(calibration[:, parts[0]], found[1]).sum() + _below(calibration[:, parts[1]], found[0]).sum()
    return float(flagged) / len(patients)
