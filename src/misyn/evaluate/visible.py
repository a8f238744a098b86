"""What anyone could see differ: attributes of images, who is shown how often, what a classifier tells apart.

Rules
-----
1. One image per patient enters on the medical side, so that what is compared and permuted is independent.
2. An effect is the chance that a synthetic image has more of an attribute than a medical one (0.5: no difference). Its
   interval speaks of other draws of the technique *and* other patients of the same source.
3. Tests of attributes are permutation tests of ranks, corrected together (Holm).

Sources: those of :mod:`attributes`, :mod:`ranks` and :mod:`classifier`.

Example:
    >>> said(ATTRIBUTES[0], 0.731)
    'in 73 of 100 pairs the synthetic image is brighter than the medical one (50: no difference)'
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from misyn.evaluate import classifier
from misyn.evaluate.attributes import ATTRIBUTES, Attribute
from misyn.evaluate.caveats import FEW
from misyn.evaluate.masks import ANATOMY
from misyn.evaluate.measures import drawn
from misyn.evaluate.pair import Pair
from misyn.evaluate.ranks import rank_test
from misyn.evaluate.sampling import generator
from misyn.evaluate.sets import SYNTHETIC, Sample
from misyn.evaluate.statistics import Interval, clopper_pearson, superiority
from misyn.results import Estimate, HypothesisTest

Floats = NDArray[np.float64]

FINER = 10  # times as many permutations as the study's: Holm over many tests needs small p-values
NARROW = "hardly any pair overlaps, or a set has under 30 images: the interval does not hold there"
LEAST = 10  # images of a group, in either set, for its share to be given


def said(attribute: Attribute, value: float) -> str:
    """An effect in words."""
    return (
        f"in {100 * value:.0f} of 100 pairs the synthetic image is {attribute.more} than the medical one "
        "(50: no difference)"
    )


def compare(pair: Pair) -> tuple[list[Estimate], list[HypothesisTest]]:
    """Attributes, shares of groups and the classifier; tests of attributes for the synthetic images only."""
    if min(pair.medical.n_units, pair.other.n_units) < FEW:
        return [], []
    medical, other = drawn(pair)
    estimates, tests = list(_groups(pair)), []
    for found in (_attributes(pair, medical, other), _anatomy(pair), _classifier(pair, medical, other)):
        estimates += found[0]
        tests += found[1]
    return estimates, tests


def _attributes(pair: Pair, medical: Sample, other: Sample) -> tuple[list[Estimate], list[HypothesisTest]]:
    if medical.attributes is None or other.attributes is None:
        return [], []
    known = np.flatnonzero(np.isfinite(medical.attributes).all(axis=0) & np.isfinite(other.attributes).all(axis=0))
    return _shifts(
        pair, [ATTRIBUTES[a] for a in known], other.attributes[:, known], medical.attributes[:, known], use="attributes"
    )


def _anatomy(pair: Pair) -> tuple[list[Estimate], list[HypothesisTest]]:
    """Size and parts of the marked anatomy, over the images that have a mask."""
    kept = []
    for sample in (pair.medical, pair.other):
        if sample.anatomy is None:
            return [], []
        kept.append(sample.take(np.flatnonzero(np.isfinite(sample.anatomy).all(axis=1))))
    if min(sample.n_units for sample in kept if len(sample)) < FEW or not all(map(len, kept)):
        return [], []
    medical, other = drawn(replace(pair, medical=kept[0], other=kept[1]))
    assert medical.anatomy is not None and other.anatomy is not None  # noqa: S101 - both were kept for theirs
    return _shifts(pair, list(ANATOMY), other.anatomy, medical.anatomy, use="anatomy")


def _shifts(
    pair: Pair, attributes: list[Attribute], first: Floats, second: Floats, *, use: str
) -> tuple[list[Estimate], list[HypothesisTest]]:
    """Effect and test of each attribute: synthetic (first) against medical images, one per patient."""
    estimates = [_effect(pair, a, first[:, n], second[:, n]) for n, a in enumerate(attributes)]
    if pair.suffix or not attributes:
        return estimates, []
    random = generator(pair.settings.seed, use, pair.medical.origin)
    many = FINER * pair.settings.permutations - 1
    p_values = rank_test(first, second, permutations=many, random=random)
    return estimates, [
        HypothesisTest(
            name=estimate.name,
            statistic=estimate.value,
            p_value=float(p),
            null=f"{pair.said} and {pair.medical.name} have the same distribution of {a.what}",
            method=f"permutation test of ranks, {many} permutations; one image per patient or unit",
            n_medical=len(second),
            n_synthetic=len(first),
            set=pair.medical.origin,
            seed=pair.settings.seed,
        )
        for estimate, a, p in zip(estimates, attributes, p_values, strict=True)
    ]


def _effect(pair: Pair, attribute: Attribute, other: np.ndarray, medical: np.ndarray) -> Estimate:
    value, interval = superiority(other, medical)
    return _estimate(
        pair,
        f"shift_{attribute.name}",
        value,
        interval=interval,
        n=(len(medical), len(other)),
        estimand=f"chance that an image of {pair.said} is {attribute.more} than an image of another patient of the "
        f"same source as {pair.medical.name} ({attribute.what}): {said(attribute, value)}",
        method="area under the curve, one image per patient or unit; DeLong interval on the logit scale",
    )


def _classifier(pair: Pair, medical: Sample, other: Sample) -> tuple[list[Estimate], list[HypothesisTest]]:
    """The classifier's area under the curve and its test."""
    random = generator(pair.settings.seed, "classifier", pair.medical.origin, pair.suffix)
    permutations = pair.settings.permutations
    found = classifier.tell_apart(medical.features, other.features, permutations=permutations, random=random)
    method = "ridge regression on features, learned from half of the images and patients, judged on the other half"
    estimate = _estimate(
        pair,
        "c2st",
        found.auc,
        interval=found.interval,
        n=(found.n_medical, found.n_synthetic),
        estimand=f"chance that this classifier gives one of {pair.said} a higher score than an image of another "
        f"patient of the same source as {pair.medical.name} (0.5: not told apart)",
        method=f"{method}; DeLong interval on the logit scale, given the classifier",
    )
    test = HypothesisTest(
        name="c2st" + pair.suffix,
        statistic=found.auc,
        p_value=found.p_value,
        null=f"{pair.said} and {pair.medical.name} are draws from one distribution of features",
        method=f"{method}; permutation test of ranks, {permutations} permutations",
        n_medical=found.n_medical,
        n_synthetic=found.n_synthetic,
        set=pair.medical.origin,
        seed=pair.settings.seed,
    )
    return [estimate], [test]


def _groups(pair: Pair) -> Iterator[Estimate]:
    """Shares of groups and labels among the synthetic images, where these carry them, and among the medical ones."""
    if pair.suffix or pair.other.origin != SYNTHETIC:
        return
    members, medical = pair.other.members, pair.medical.members
    for group in sorted({*members, *medical}):
        column = group.split("=", 1)[0]
        if not any(name.split("=", 1)[0] == column for name in members):
            continue  # synthetic images do not say
        counts = len(members.get(group, ())), len(medical.get(group, ()))
        if max(counts) >= LEAST:
            yield from _shares(pair, group, *counts)


def _shares(pair: Pair, group: str, synthetic: int, medical: int) -> Iterator[Estimate]:
    estimand = f"share of images said to be of {group}"
    interval = clopper_pearson(synthetic, len(pair.other)) if pair.no_interval is None else None
    n = (len(pair.medical), len(pair.other))
    yield _estimate(
        pair,
        "group_share",
        synthetic / n[1],
        interval=interval,
        n=n,
        group=group,
        estimand=f"{estimand}, among {pair.said}",
        method="count; Clopper–Pearson",
        reason=pair.no_interval,
    )
    yield _estimate(
        pair,
        "group_share_baseline",
        medical / n[0],
        interval=None,
        n=n,
        group=group,
        estimand=f"{estimand}, among {pair.medical.name}",
        method="count",
        reason="a count of these medical images, not an estimate of others",
    )


def _estimate(
    pair: Pair,
    name: str,
    value: float,
    *,
    interval: Interval | None,
    n: tuple[int, int],
    estimand: str,
    method: str,
    group: str | None = None,
    reason: str | None = None,
) -> Estimate:
    kept = None if pair.no_interval else interval
    return Estimate(
        name=name + pair.suffix,
        value=value,
        low=kept.low if kept else None,
        high=kept.high if kept else None,
        reason=None if kept else reason or pair.no_interval or NARROW,
        estimand=estimand,
        unit=pair.medical.unit,
        n_medical=n[0],
        n_synthetic=n[1],
        n_patients=pair.medical.n_patients,
        group=group,
        set=pair.medical.origin,
        method=method,
        seed=pair.settings.seed,
    )
