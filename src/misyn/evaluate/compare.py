"""Everything that is measured between the synthetic images and one medical set, with control and baseline.

Rules
-----
1. Each medical set is compared on its own; training, held-out and reference results never mix.
2. Baseline: medical images of other patients in the place of the synthetic ones, as many of them. For training images
   these are held-out images where there are any; else, and for every other set, a part of the set itself is drawn by
   patient and the rest is measured against.
3. Where fewer medical images can be drawn than there are synthetic ones, coverage, recall and the Fréchet distance are
   given a second time with as few synthetic images (``_same_n``): these depend on n.
4. Copies are suspected among synthetic against training images only, and only with held-out images to calibrate on.

Example:
    >>> room(40), room(10)
    (20, 0)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from misyn.evaluate import agreement, amplification, copies, grounding, left_out, measures, neighbours, visible
from misyn.evaluate.caveats import counted, small_groups
from misyn.evaluate.coverage import by_group
from misyn.evaluate.pair import Pair, Settings
from misyn.evaluate.sampling import generator, up_to
from misyn.evaluate.sets import HELD_OUT, SYNTHETIC, TRAINING, Sample
from misyn.results import Caveat, Estimate, HypothesisTest

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST = 10  # medical images a baseline needs
LAX = 0.5  # share of points made by chance from which being supported means nothing
WORTH_SAYING = 0.1  # below this share, that chance does as well as the synthetic images only says that neither is near
POINTS = 1000  # made for the chance run of support


@dataclass(kw_only=True, eq=False)
class Comparison:
    """What comparing with one medical set gave.

    Attributes:
        medical: the set.
        estimates, tests, caveats: the results.
        nearest: of every synthetic image, the nearest medical image.
        balls: who lies in whose ball, or None where a set has too few images.
        authentic: (M,) bool per synthetic image, or None.
        supported, exact: (M,) bool per synthetic image, or None where they cannot be told.
        looked: what looking for copies gave.
        agreement: (M,) per synthetic image, the share of near medical images with its label (NaN without one), or None.
    """

    medical: Sample
    nearest: neighbours.Neighbours
    exact: Bools
    balls: neighbours.PRDC | None = None
    authentic: Bools | None = None
    supported: Bools | None = None
    looked: copies.Copies = field(default_factory=copies.Copies)
    agreement: Floats | None = None
    estimates: list[Estimate] = field(default_factory=list)
    tests: list[HypothesisTest] = field(default_factory=list)
    caveats: list[Caveat] = field(default_factory=list)


def compare(samples: Mapping[str, Sample], *, origin: str, settings: Settings) -> Comparison:
    """Compare the synthetic images with one medical set.

    Args:
        samples: all sets of the study.
        origin: the medical set.
        settings: of the study.
    """
    medical, synthetic = samples[origin], samples[SYNTHETIC]
    held_out = unseen(samples) if origin == TRAINING else None
    main = Pair(medical=medical, other=synthetic, said="synthetic images", settings=settings, unseen=held_out)
    exact, looked = copies.look(main, held_out)
    result = Comparison(medical=medical, nearest=main.to_medical, exact=exact, looked=looked)
    result.balls, result.authentic = main.balls, measures.authentic(main)
    _support(result, main, samples)
    _agreement(result, main, samples)
    result.estimates += measures.all_of(main)
    result.tests += measures.whole_sets(main)
    _visible(result, main)
    result.estimates += looked.estimates
    result.caveats += [_too_few(main, n) for n in looked.too_few]
    if origin == TRAINING and HELD_OUT in samples and unseen(samples) is None:
        result.caveats.append(_too_few(main, 0))
    _baseline(result, main, samples)
    result.caveats += _caveats(main)
    return result


def room(n: int) -> int:
    """How many of n images may be drawn as a baseline, leaving as many behind; 0 where that is none worth drawing."""
    return n // 2 if n // 2 >= LEAST else 0


def unseen(samples: Mapping[str, Sample]) -> Sample | None:
    """Held-out images that are not, pixel by pixel, training images too; None where there are none."""
    held_out, training = samples.get(HELD_OUT), samples.get(TRAINING)
    if held_out is None or training is None:
        return held_out
    known = set(training.digests)
    kept = np.flatnonzero([digest not in known for digest in held_out.digests])
    return held_out.take(kept) if kept.size else None


def _calibration(main: Pair, samples: Mapping[str, Sample]) -> tuple[Floats, Ints, str]:
    """Distances of unseen medical images to their nearest one of another patient, their patients, and who they are."""
    held_out = unseen(samples)
    if main.medical.origin == TRAINING and held_out is not None:
        found = neighbours.nearest(
            held_out.features, main.medical.features, patients=(held_out.patients, main.medical.patients)
        )
        return found.distances[:, 0], held_out.patients, f"{len(held_out)} held-out images"
    said = f"{len(main.medical)} of {main.medical.name}, each against those of other patients"
    if main.passed_over is None:  # images of the same patient are near for that reason alone: no calibration
        return np.full(len(main.medical), np.inf), main.medical.patients, said
    return main.own.distances[:, 0], main.medical.patients, said


def _support(result: Comparison, main: Pair, samples: Mapping[str, Sample]) -> None:
    """Support: main, control (as baseline) and chance."""
    distances, patients, said = _calibration(main, samples)
    seed, origin = main.settings.seed, main.medical.origin
    to_medical = main.to_medical.distances[:, 0]
    found = grounding.support(to_medical, distances, patients=patients, random=generator(seed, "support", origin))
    if found is None:
        result.caveats.append(_too_few(main, len(np.unique(patients))))
        return
    result.supported = found.flags
    method = f"nearest medical image no farther than 95 % of unseen ones are from theirs; calibrated on {said}"
    estimand = "share of synthetic images supported by (not grounded in) medical images"
    supported = main.share("support", found.flags, estimand=estimand, method=method)
    result.estimates.append(supported)
    if found.control is not None:
        control = "share of unseen medical images supported when half of the patients judge the other half"
        result.estimates.append(main.control("support_baseline", found.control, control, method, len(distances)))
    random = generator(seed, "chance", origin)
    chance = grounding.chance(
        main.medical.features, n=min(1000, main.settings.most), threshold=found.threshold, random=random
    )
    text = "share of points supported whose features each come from a different medical image, drawn at random"
    result.estimates.append(main.control("support_chance", chance, text, method, POINTS))
    if chance >= min(LAX, max(supported.value, WORTH_SAYING)):
        result.caveats.append(_uninformative(main, chance, supported.value))


def _agreement(result: Comparison, main: Pair, samples: Mapping[str, Sample]) -> None:
    """Whether near medical images have the label a synthetic image was made for."""
    result.agreement = agreement.of_synthetic(main)
    if result.agreement is not None:
        held_out = unseen(samples) if main.medical.origin == TRAINING else None
        result.estimates += agreement.estimates(main, result.agreement, held_out)


def _visible(result: Comparison, pair: Pair) -> None:
    """Add what anyone could see differ, and how label and group go together."""
    for estimates, tests in (visible.compare(pair), amplification.compare(pair)):
        result.estimates += estimates
        result.tests += tests


def _baseline(result: Comparison, main: Pair, samples: Mapping[str, Sample]) -> None:
    """The same measures with medical images in the place of the synthetic ones (rules 2 and 3)."""
    found = _standing_in(main, samples)
    if found is None:
        result.caveats.append(_none(main))
        return
    result.estimates += measures.all_of(found)
    result.tests += measures.whole_sets(found)
    _visible(result, found)
    result.tests += left_out.tests(main, found)
    n = len(found.other)
    if n < len(main.other):
        result.caveats.append(_smaller(main, n))
        result.estimates += [e for e in measures.all_of(_fewer(main, n)) if e.name in SAME_N]


SAME_N = ("coverage_same_n", "recall_same_n", "frechet_same_n")


def _standing_in(main: Pair, samples: Mapping[str, Sample]) -> Pair | None:
    """Medical images in the place of the synthetic ones, and what they are measured against."""
    medical, wanted = main.medical, len(main.other)
    random = generator(main.settings.seed, "baseline", medical.origin)
    held_out = unseen(samples)
    if medical.origin == TRAINING and held_out is not None:
        other, rest, said = held_out.take(up_to(held_out.patients, wanted, random)), medical, "held-out images"
    else:
        chosen = up_to(medical.patients, min(wanted, room(len(medical))), random)
        apart = np.flatnonzero(~np.isin(medical.patients, medical.patients[chosen]))
        if len(apart) < LEAST:
            return None
        other, rest = medical.take(chosen), medical.take(apart)
        said = f"images drawn by {medical.unit} from {medical.name}"
    if len(other) < LEAST:
        return None
    return Pair(medical=rest, other=other, said=said, settings=main.settings, suffix="_baseline")


def _fewer(main: Pair, n: int) -> Pair:
    """The synthetic images again, as many as the baseline has."""
    random = generator(main.settings.seed, "same n", main.medical.origin)
    few = main.other.take(np.sort(random.permutation(len(main.other))[:n]))
    return Pair(medical=main.medical, other=few, said=main.said, settings=main.settings, suffix="_same_n")


def _caveats(main: Pair) -> Iterator[Caveat]:
    """What went wrong or missing in this comparison."""
    k = main.settings.k
    if main.balls is None:
        short = [sample for sample in (main.medical, main.other) if len(sample) <= k]
        named = " and ".join(f"{sample.name} are {len(sample)}" for sample in short)
        yield Caveat(
            "too-few-images",
            f"Precision, recall, density and coverage need more than {k} images in each set; {named}. None is given",
        )
    else:
        _, small = by_group(main.balls.covered, main.medical.members, patients=main.medical.patients)
        yield from small_groups(main.medical, small)
    if main.passed_over is None and len(main.medical) > k:
        yield Caveat(
            "same-patient-neighbours",
            f"Too few of {main.medical.name} are of other patients, so that images of the same patient count as "
            "neighbours. Distances and radii are then too small, and coverage and support too low",
        )


def _too_few(main: Pair, n: int) -> Caveat:
    return Caveat(
        "few-held-out",
        f"With {counted(n, main.medical.unit)} one cannot say how near unseen medical images come to "
        f"{main.medical.name} (19 are needed): support or suspected copies are not given",
    )


def _uninformative(main: Pair, chance: float, share: float) -> Caveat:
    return Caveat(
        "support-uninformative",
        f"Support by {main.medical.name} tells nothing here: {chance:.0%} of points made by mixing features of "
        f"different images are supported too, against {share:.0%} of the synthetic images",
    )


def _none(main: Pair) -> Caveat:
    return Caveat(
        "no-baseline",
        f"There are too few medical images to stand in the place of the synthetic ones against {main.medical.name} "
        f"({LEAST} are needed): what medical images of other patients would give, we cannot tell",
    )


def _smaller(main: Pair, n: int) -> Caveat:
    return Caveat(
        "baseline-smaller",
        f"Only {n} medical images could stand in the place of the {len(main.other)} synthetic ones against "
        f"{main.medical.name}. Coverage, recall and the Fréchet distance grow or shrink with that number; compare "
        "their baselines with the values marked same n",
    )
