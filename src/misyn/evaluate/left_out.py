"""Are some groups of patients left out? A permutation test for every group, corrected together.

Rules
-----
1. What counts is how often images *look like* a group: a classifier of features, learned from one part of the medical
   images, says of every other image how likely it is of the group. A technique that leaves a group out makes fewer
   images that look so than medical images of other patients do.
2. It is judged on medical images the classifier has not seen, of other patients, one per patient. Without held-out
   images each half of the patients judges the other, and each half has half of the synthetic images.
3. Permuted is which of the judged images count as synthetic, so that the test is exact given the classifier (with two
   halves, very nearly: type I error is simulated). Its scores are continuous: no ties make it shy.
4. What lies far from all medical images looks like nobody: it gets the group's share. A technique that is bad
   everywhere is thus not said to leave one group out.
5. A group is tested when it, and everybody else, has :data:`misyn.evaluate.coverage.SMALLEST` patients (or other units)
   or more in every part that is learned from: patients, as coverage counts them.
6. It is one-sided: a group that is shown more often than medical images show it is not found.

Source: misyn; the classifier is linear discriminant analysis (Fisher 1936) with a ridge, its scores posterior
probabilities as in the counting of classes (Forman, Data Min. Knowl. Disc. 2008); permutation p-values after Phipson
and Smyth 2010. Power and type I error: ``docs/results/left-out-2026-11-22.md``.

Example:
    >>> random = np.random.default_rng(0)
    >>> group = np.arange(400) < 40
    >>> medical, others = (random.normal(size=(400, 8)) + 2 * group[:, None] for _ in range(2))
    >>> part = Part(medical, {"sex=F": group}, judged=others, synthetic=random.normal(size=(400, 8)))
    >>> by_group([part], permutations=199, random=random)["sex=F"].p_value
    0.005
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from misyn.evaluate import neighbours
from misyn.evaluate.caveats import FEW
from misyn.evaluate.coverage import SMALLEST
from misyn.evaluate.pair import Pair
from misyn.evaluate.sampling import generator, one_each
from misyn.evaluate.sets import Sample
from misyn.results import HypothesisTest

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RIDGE = 0.1  # of the features' mean variance
NEAR = 0.99  # share of medical images that are no farther from their nearest than what may look like a group
TOGETHER = 500  # permutations looked at together
FINER = 10  # times as many permutations as the study's: Holm over many groups needs small p-values


@dataclass(frozen=True, eq=False)
class Part:
    """Images to learn from, and images to judge.

    Attributes:
        learned: (N, D) features of medical images.
        members: group → (N,) bool, who belongs to it.
        judged: (J, D) features of medical images of other patients, one per patient.
        synthetic: (M, D) features.
    """

    learned: Floats
    members: Mapping[str, Bools]
    judged: Floats
    synthetic: Floats


@dataclass(frozen=True)
class LeftOut:
    """One group's test.

    Attributes:
        shortfall: share of medical images that look like the group, minus that of synthetic images, in [−1, 1].
        p_value: (1 + permutations at least as extreme) / (1 + permutations), in (0, 1].
    """

    shortfall: float
    p_value: float


def by_group(parts: Sequence[Part], *, permutations: int, random: np.random.Generator) -> dict[str, LeftOut]:
    """Test every group that all parts have.

    Args:
        parts: one, or two that judge each other.
        permutations: how many, ≥ 1.
        random: makes them.
    """
    groups = [name for name in parts[0].members if all(name in part.members for part in parts)]
    if not groups:
        return {}
    observed, drawn = np.zeros(len(groups)), np.zeros((permutations, len(groups)))
    for part in parts:
        scores = looks(part, groups) / len(parts)
        medical = np.arange(len(scores)) < len(part.judged)
        weights = np.where(medical, 1 / medical.sum(), -1 / (~medical).sum())
        observed += weights @ scores
        drawn += _permuted(weights, scores, permutations=permutations, random=random)
    p_values = (1 + np.sum(drawn >= observed, axis=0)) / (1 + permutations)
    return {g: LeftOut(float(s), float(p)) for g, s, p in zip(groups, observed, p_values, strict=True)}


def _permuted(weights: Floats, scores: Floats, *, permutations: int, random: np.random.Generator) -> Floats:
    """The statistic under random relabelling: (permutations, groups)."""
    found: Floats = np.empty((permutations, scores.shape[1]))
    for start in range(0, permutations, TOGETHER):
        rows = min(TOGETHER, permutations - start)
        found[start : start + rows] = random.permuted(np.tile(weights, (rows, 1)), axis=1) @ scores
    return found


def looks(part: Part, groups: Sequence[str]) -> Floats:
    """How likely each judged image is of each group: (J + M, groups) in [0, 1], medical images first."""
    points = np.concatenate([part.judged, part.synthetic])
    members = np.stack([part.members[name] for name in groups], axis=1).astype(np.float64)
    share = members.mean(axis=0)
    centre = part.learned.mean(axis=0)
    centred = part.learned - centre
    apart = (centred.T @ members) / members.sum(axis=0) / (1 - share)  # mean of the group minus mean of the others
    weights = linalg.solve(_ridged(centred), apart, assume_a="pos")
    within = np.maximum(1 - share * (1 - share) * np.sum(apart * weights, axis=0), 0.05)
    weights /= within  # by the spread within groups instead of the whole
    middle = apart * (0.5 - share)  # half way between the two means, seen from the centre
    score = (points - centre) @ weights - np.sum(weights * middle, axis=0) + special.logit(share)
    return np.asarray(np.where(_far(part.learned, points)[:, None], share, special.expit(score)), np.float64)


def _ridged(centred: Floats) -> Floats:
    """Covariance with a ridge."""
    covariance = centred.T @ centred / len(centred)
    covariance[np.diag_indices(len(covariance))] += RIDGE * max(float(np.trace(covariance)) / len(covariance), 1e-12)
    return np.asarray(covariance)


def _far(medical: Floats, points: Floats) -> Bools:
    """Which points lie farther from their nearest medical image than almost all medical images do."""
    limit = np.quantile(neighbours.within(medical).distances[:, 0], NEAR)
    return np.asarray(neighbours.nearest(points, medical).distances[:, 0] > limit)


def tests(main: Pair, baseline: Pair) -> Iterator[HypothesisTest]:
    """Test every group of the medical set against which the baseline was measured.

    Args:
        main: the medical set and the synthetic images.
        baseline: medical images in the synthetic images' place, and what they were measured against.
    """
    medical, origin = baseline.medical, baseline.medical.origin
    if min(medical.n_units, baseline.other.n_units, main.other.n_units) < FEW:
        return
    random = generator(main.settings.seed, "left out", origin)
    parts = _parts(main, baseline, random)
    many = FINER * main.settings.permutations - 1
    units = _units(main.medical)
    for group, found in by_group(parts, permutations=many, random=random).items():
        yield HypothesisTest(
            name="left_out",
            statistic=found.shortfall,
            p_value=found.p_value,
            null=f"{main.said} and {baseline.said} are draws from one distribution; the statistic is the share of "
            f"medical images that look like {group}, minus that of synthetic images",
            method=f"linear discriminant analysis with a ridge, learned from {_learned(parts)}, judged on others, one "
            f"per patient or unit; permutation test of its posterior probability, one-sided, {many} permutations; "
            f"{units[group]} patients or units of the group",
            n_medical=len(main.medical.members[group]),
            n_synthetic=sum(len(part.synthetic) for part in parts),
            set=origin,
            group=group,
            seed=main.settings.seed,
        )


def _learned(parts: Sequence[Part]) -> str:
    return " and ".join(str(len(part.learned)) for part in parts) + " medical images"


def _parts(main: Pair, baseline: Pair, random: np.random.Generator) -> list[Part]:
    """One part where held-out images judge; else two halves that judge each other."""
    most, other = main.settings.most, main.other.features
    drawn = random.permutation(len(other))
    if baseline.other.origin != baseline.medical.origin:
        return [_part(baseline.medical, baseline.other, other[np.sort(drawn[:most])], most=most, random=random)]
    half = len(drawn) // 2
    return [
        _part(learned, judged, other[np.sort(rows[:most])], most=most, random=random)
        for learned, judged, rows in (
            (baseline.medical, baseline.other, drawn[:half]),
            (baseline.other, baseline.medical, drawn[half:]),
        )
    ]


def _part(learned: Sample, judged: Sample, synthetic: Floats, *, most: int, random: np.random.Generator) -> Part:
    units, members = _units(learned), {}
    for group, images in learned.members.items():
        if SMALLEST <= units[group] <= learned.n_units - SMALLEST:
            members[group] = np.isin(np.arange(len(learned)), images)
    single = one_each(judged.patients, random)
    few = np.sort(random.permutation(single)[:most])
    return Part(learned.features, members, judged.features[few], synthetic)


def _units(sample: Sample) -> dict[str, int]:
    """Patients (or other units) of every group."""
    return {group: len(np.unique(sample.patients[images])) for group, images in sample.members.items()}
