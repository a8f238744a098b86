"""How much would a measure vary with other patients and other draws? Told from parts of the patients, not by guessing.

Rules
-----
1. Parts are drawn *without* replacement, by patient, and as large a share of the synthetic images with them. (Drawn
   with replacement, repeated images would shrink the radii of nearest-neighbour balls.)
2. The variance of a measure of n patients is that between parts of b, times (b/n) / (1 − b/n): exact for means.
   Measures of neighbours depend on pairs of images too, of which two parts of half of the patients share fewer than of
   single images; then this variance is too large, by up to 1.5 for halves. Each measure's factor in :data:`INTERVALS`
   takes that back. It was chosen on one set of simulated studies and checked on others.
3. An interval exists only for measures, and from numbers of patients, where simulation of the whole procedure found the
   true value in 93 to 97 of 100 intervals (``benchmarks/intervals_by_patient.py``,
   ``docs/results/intervals-by-patient-2026-11-22.md``). Everything else is told why there is none.
4. The estimand is the measure *at this number of patients and images*: an interval does not undo bias.

Sources: Politis, Romano and Wolf, *Subsampling*, 1999; Efron and Stein, Ann. Statist. 1981 (why the jackknife's
variance is too large for measures of pairs); Shao and Wu, Ann. Statist. 1989 (delete-d jackknife).

Example:
    >>> random = np.random.default_rng(0)
    >>> all_of = Few(random.normal(size=(120, 4)), np.arange(120), random.normal(size=(120, 4)), None, groups={})
    >>> spread = spreads(all_of, k=5, random=random)
    >>> 0 < spread["coverage"].deviation < 0.1
    True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from misyn.evaluate.resampled import Few, measured
from misyn.evaluate.statistics import LEVEL, Interval, clopper_pearson

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PARTS = 100  # parts drawn
PATIENTS = 150  # of a part, where that is neither more than HALF of all nor less than LEAST
HALF, LEAST = 0.5, 0.15
MOST_IMAGES = 2500  # of either side of a part; sets that make larger parts get no interval
SIMULATED = 100  # patients from which intervals were found to hold
HALVED = 300  # patients up to which a part is half of them, as at 100
OF_GROUP, SHARE_OF_GROUP = 20, 0.25  # patients of a group, and their share of all, likewise
BOTH_WAYS = 5  # images for and against a share, under which its interval is at least the exact one for patients


@dataclass(frozen=True)
class Rule:
    """How a measure's interval is built.

    Attributes:
        scale: on which the interval is symmetric: the logit of a share, or the logarithm of a size.
        factor: multiplies the deviation (rule 2).
        pairs: how much it depends on pairs: the deviation is divided by √(1 + this × the parts' share).
        of: whose share it is.
        most: patients up to which the interval was found to hold.
    """

    scale: Literal["share", "size"]
    factor: float
    pairs: float = 0.0
    of: Literal["medical", "other"] = "medical"
    most: int = HALVED


INTERVALS: dict[str, Rule] = {
    "coverage": Rule("share", 1.0, pairs=0.47),
    "precision": Rule("share", 0.88, of="other", most=1000),
    "support": Rule("share", 1.0, pairs=0.36, of="other", most=1000),
    "clipped_coverage": Rule("share", 1.0, pairs=1.125, most=1000),
    "clipped_density": Rule("size", 1.0, pairs=0.45),
    "density": Rule("size", 1.0, pairs=0.7),
    "nearest_distance_median": Rule("size", 0.78),
}


@dataclass(frozen=True)
class Spread:
    """How a measure varies.

    Attributes:
        deviation: standard deviation that it would have over other patients and draws, before :class:`Rule`'s factor.
        parts: in how many parts it could be measured.
        share: of the patients that a part has.
    """

    deviation: float
    parts: int
    share: float = HALF


def spreads(few: Few, *, k: int, random: np.random.Generator, parts: int = PARTS) -> dict[str, Spread]:
    """Measure parts of the patients again and again.

    Args:
        few: all images of the comparison.
        k: neighbours that set the radius of a ball.
        random: draws the parts.
        parts: how many.

    Returns:
        Measure → spread, for those that could be measured in half of the parts or more.
    """
    share = fraction(few)
    found: dict[str, list[float]] = {}
    for _ in range(parts):
        for name, value in measured(_part(few, share, random), k=k).items():
            if np.isfinite(value):
                found.setdefault(name, []).append(value)
    patients = len(np.unique(few.patients))
    scale = (drawn := max(1, round(share * patients)) / patients) / (1 - drawn)
    return {
        name: Spread(float(np.sqrt(np.var(values, ddof=1) * scale)), len(values), share)
        for name, values in found.items()
        if len(values) >= parts / 2
    }


def fraction(few: Few) -> float:
    """Share of the patients and images that a part takes.

    Example:
        >>> points = np.zeros((400, 1))
        >>> fraction(Few(points, np.arange(400), points, None, groups={}))
        0.375
    """
    return min(HALF, max(LEAST, PATIENTS / len(np.unique(few.patients))))


def refused(few: Few) -> str | None:
    """Why no interval over other patients is given, or None.

    Example:
        >>> refused(Few(np.zeros((9, 1)), np.arange(9), np.zeros((9, 1)), None, groups={}))
        'under 100 patients or units no interval over other patients was found to hold'
    """
    others = len(few.other) if few.others is None else len(np.unique(few.others))
    if min(len(np.unique(few.patients)), others) < SIMULATED:
        return f"under {SIMULATED} patients or units no interval over other patients was found to hold"
    if fraction(few) * max(len(few.medical), len(few.other)) > MOST_IMAGES:
        return "the sets are larger than those for which intervals over other patients were simulated"
    return None


def _part(few: Few, share: float, random: np.random.Generator) -> Few:
    """Whole patients, drawn without replacement, and as large a share of all else."""
    chosen = _of_patients(few.patients, share, random)
    others = np.arange(len(few.other)) if few.others is None else few.others
    other = _of_patients(others, share, random)
    part = Few(
        medical=few.medical[chosen],
        patients=few.patients[chosen],
        other=few.other[other],
        others=None if few.others is None else few.others[other],
        groups={group: members[chosen] for group, members in few.groups.items()},
    )
    if few.unseen is None or few.unseen_patients is None:
        return part
    unseen = _of_patients(few.unseen_patients, share, random)
    return Few(**(vars(part) | {"unseen": few.unseen[unseen], "unseen_patients": few.unseen_patients[unseen]}))


def _of_patients(patients: Ints, share: float, random: np.random.Generator) -> Bools:
    """Which images belong to the patients drawn."""
    ids = np.unique(patients)
    kept = random.permutation(ids)[: max(1, round(share * len(ids)))]
    return np.isin(patients, kept)


def interval(name: str, value: float, spread: Spread, *, counted: int, units: int) -> Interval | None:
    """The 95 % interval of a measure.

    Args:
        name: a key of :data:`INTERVALS`.
        value: the measure; of clipped measures, before calibration or cutting.
        spread: from :func:`spreads`.
        counted: images of which ``value`` is the share, where it is one.
        units: patients (or other units) they belong to.

    Returns:
        The interval, or None where nothing varied. A share with fewer than :data:`BOTH_WAYS` images for it or against
        it gets at least the exact interval (Clopper and Pearson) of as many patients, which is too wide.

    Example:
        >>> interval("coverage", 0.8, Spread(0.05, 100), counted=100, units=100)
        Interval(low=0.69..., high=0.87...)
        >>> interval("coverage", 1.0, Spread(0.0, 100), counted=100, units=100)
        Interval(low=0.96..., high=1.0)
    """
    rule = INTERVALS[name]
    deviation = spread.deviation * rule.factor / np.sqrt(1 + rule.pairs * spread.share)
    half = float(stats.t.isf((1 - LEVEL) / 2, spread.parts - 1) * deviation)
    if rule.scale == "size":
        return None if half == 0 or value <= 0 else _widened(value, half / value, np.log, np.exp)
    inner = _widened(value, half / (value * (1 - value)), special.logit, special.expit) if 0 < value < 1 else None
    if min(value, 1 - value) * counted >= BOTH_WAYS:
        return inner if half else None
    exact = clopper_pearson(round(value * units), units)
    inner = inner or exact
    return Interval(min(inner.low, exact.low), max(inner.high, exact.high))


def _widened(value: float, half: float, there: np.ufunc, back: np.ufunc) -> Interval:
    """Half a width to both sides, on another scale."""
    middle = float(there(value))
    return Interval(float(back(middle - half)), float(back(middle + half)))


def of_groups(groups: Mapping[str, Ints], n: int) -> dict[str, Bools]:
    """Members as flags.

    Example:
        >>> of_groups({"sex=F": np.array([0, 2])}, 3)["sex=F"].tolist()
        [True, False, True]
    """
    found = {}
    for group, members in groups.items():
        found[group] = np.zeros(n, bool)
        found[group][members] = True
    return found
