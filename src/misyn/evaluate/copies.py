"""Look for copies of medical images, and ask what synthetic images say of who was trained on.

Rules
-----
1. Exact copies are looked for in every medical set. All else needs training images, and held-out ones to calibrate on.
2. A suspect is found by its best match in pixels (:mod:`misyn.evaluate.matching`) or by its distance in features; both
   share one rate of false alarms, calibrated by patient (:func:`misyn.evaluate.memorisation.suspects`).
3. Membership risk asks the other way round: do training patients have a synthetic image nearer than held-out patients
   do? One number per patient, so that its interval speaks of patients.

Source: misyn; membership after Hayes et al., PETS 2019 (distance attack), as an area under the curve.

Example:
    >>> Copies().suspected is None
    True
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from misyn.evaluate import matching, memorisation, neighbours
from misyn.evaluate.caveats import FEW
from misyn.evaluate.pair import Pair
from misyn.evaluate.sampling import Ints, generator, one_each
from misyn.evaluate.sets import TRAINING, Sample
from misyn.evaluate.statistics import superiority
from misyn.results import Estimate

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

MOST = 1000  # held-out images that calibrate, one per patient where there are more patients
NEAR = 4  # nearest training images in features that are also looked at in pixels


@dataclass(kw_only=True, eq=False)
class Copies:
    """What looking for copies gave.

    Attributes:
        matches: of every synthetic image, the training image it most looks like; None where it was not searched.
        suspected: (M,) bool, or None where it cannot be told.
        too_few: numbers of held-out patients that were too few to calibrate on.
        estimates: shares and membership risk.
    """

    matches: matching.Matches | None = None
    suspected: Bools | None = None
    too_few: list[int] = field(default_factory=list)
    estimates: list[Estimate] = field(default_factory=list)


def look(main: Pair, held_out: Sample | None) -> tuple[Bools, Copies]:
    """Look for copies of one medical set among the synthetic images.

    Args:
        main: the medical set and the synthetic images.
        held_out: unseen medical images to calibrate on, if the set is the training set and there are any.

    Returns:
        Exact copies, (M,) bool, and all else.
    """
    exact = _exact(main.medical, main.other)
    found = Copies()
    estimand = "share of synthetic images whose pixels are those of a medical image"
    found.estimates.append(main.share("exact_copies", exact, estimand=estimand, method="digest of decoded pixels"))
    if main.medical.origin == TRAINING and held_out is not None:
        _suspect(found, main, _calibrating(held_out, main.settings.seed))
        found.estimates += _membership(main, held_out)
    return exact, found


def _exact(medical: Sample, synthetic: Sample) -> Bools:
    """Exact copies; an image of one single value has nothing in it that could be copied."""
    known = {str(facts["digest"]) for facts in medical.facts if not facts["constant"]}
    return memorisation.exact_copies(known, synthetic.digests)


def _calibrating(held_out: Sample, seed: int) -> Sample:
    """At most MOST held-out images: where more, one per patient, drawn at random."""
    if len(held_out) <= MOST:
        return held_out
    random = generator(seed, "copies", "held-out")
    single = one_each(held_out.patients, random)
    return held_out.take(np.sort(random.permutation(single)[:MOST]))


def _suspect(found: Copies, main: Pair, held_out: Sample) -> None:
    """Calibrate on held-out images, and judge the synthetic ones."""
    unseen, _ = _distances(main.medical, held_out, patients=(held_out.patients, main.medical.patients))
    seen, found.matches = _distances(main.medical, main.other, patients=None)
    random = generator(main.settings.seed, "copies")
    judged = memorisation.suspects(seen, unseen, patients=held_out.patients, random=random)
    if judged is None:
        found.too_few.append(held_out.n_units)
        return
    found.suspected = judged.flags
    ways = (
        "in pixels (searched over turns, mirrorings and parts) or features"
        if len(judged.thresholds) > 1
        else "in pixels"
    )
    method = (
        f"nearer to a training image, {ways}, than the nearest image of {1 - judged.rate:.0%} of {held_out.n_units} "
        f"held-out patients or units is; at most {judged.rate:.0%} false alarms expected"
    )
    estimand = "share of synthetic images nearer to a training image than resemblance explains"
    found.estimates.append(main.share("copy_suspects", judged.flags, estimand=estimand, method=method))
    if judged.control is not None:
        text = "share of held-out images suspected when half of the patients judge the other half"
        found.estimates.append(main.control("copy_suspects_baseline", judged.control, text, method, len(held_out)))


def _distances(
    training: Sample, queries: Sample, *, patients: tuple[Ints, Ints] | None
) -> tuple[Floats, matching.Matches]:
    """Distances to training images in pixels and in features, (2, M), and the matches in pixels."""
    near = neighbours.nearest(queries.features, training.features, k=NEAR, patients=patients)
    if training.pictures is None or queries.pictures is None:  # pragma: no cover - a study always has them
        raise ValueError("pictures are missing")
    found = matching.match(queries.pictures, training.pictures, near=near.indices, patients=patients)
    return np.stack([found.distance, near.distances[:, 0]]), found


def _membership(main: Pair, held_out: Sample) -> Iterator[Estimate]:
    """How well the distance to the nearest synthetic image tells training from held-out patients."""
    known = np.intersect1d(main.medical.patients, held_out.patients)
    trained, unseen = (_nearest_of_patient(main.other, sample, but=known) for sample in (main.medical, held_out))
    if min(len(trained), len(unseen)) < FEW:
        return
    value, interval = superiority(trained, unseen)
    yield Estimate(
        name="membership_risk",
        value=value,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        reason="under 30 patients, or no overlap, this interval does not hold" if interval is None else None,
        estimand="chance that the nearest synthetic image lies nearer to a training patient than to a held-out patient "
        f"(0.5: none tells them apart), for other patients of the same source, given these {len(main.other)} synthetic "
        "images",
        method="area under the curve of the distance to the nearest synthetic image, smallest per patient; "
        "DeLong interval on the logit scale",
        unit=main.medical.unit,
        n_medical=len(trained) + len(unseen),
        n_synthetic=len(main.other),
        n_patients=len(trained) + len(unseen) if main.medical.patients_known and held_out.patients_known else None,
        set=TRAINING,
    )


def _nearest_of_patient(synthetic: Sample, sample: Sample, *, but: Ints) -> Floats:
    """Nearness (minus the distance) of every patient's nearest image to the synthetic ones, some patients left out."""
    kept = np.flatnonzero(~np.isin(sample.patients, but))
    if not kept.size:
        return np.empty(0)
    distances = neighbours.nearest(sample.features[kept], synthetic.features).distances[:, 0]
    _, codes = np.unique(sample.patients[kept], return_inverse=True)
    nearest = np.full(codes.max() + 1, np.inf)
    np.minimum.at(nearest, codes, distances)
    return -nearest
