"""What all pairs of a study say, by patient.

Rules
-----
1. A patient is one number: the mean over the patient's pairs; of structures, whether any pair has one that counts.
2. The interval of a mean over patients is Student's t, on the logarithm for errors, from :data:`ENOUGH` patients on:
   simulated with skewed errors it held 93.1 to 95.2 % (``docs/results/pairs-2026-11-22.md``). Shares of patients are
   exact (Clopper and Pearson). It speaks of other patients of the same source, and the technique as it is.
3. Baselines: the source in the place of the synthetic image, where there is a target (doing nothing); for structures,
   targets judged by the other half of the patients.

Example:
    >>> REGIONS[0]
    'whole'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from misyn.evaluate.caveats import FEW
from misyn.evaluate.pairs import thresholds
from misyn.evaluate.sampling import generator
from misyn.evaluate.statistics import LEVEL, Interval, clopper_pearson
from misyn.results import Caveat, Estimate

Floats = NDArray[np.float64]
Measured = Mapping[str, Any]

ENOUGH = 30
REGIONS = ("whole", "centre", "border", "marked", "unmarked")
MEASURES = {
    "error": "mean absolute difference of grey values, in shares of their range",
    "psnr": "peak signal-to-noise ratio in decibels, at most 100",
    "ssim": "structural similarity",
}
KINDS = {"hallucinated": "shows a structure that its source does not", "lost": "lacks a structure of its source"}


@dataclass(frozen=True, kw_only=True)
class Study:
    """The pairs that could be measured.

    Attributes:
        measured: what :func:`misyn.evaluate.pairs.measured.describe` gave for each.
        patients: (N,) numbers of patients or other units.
        unit: what they count.
        known: whether they are patients.
        seed: of everything random.
    """

    measured: Sequence[Measured]
    patients: NDArray[np.int64]
    unit: str
    known: bool
    seed: int

    @property
    def n(self) -> int:
        """Patients or other units."""
        return len(np.unique(self.patients))

    @property
    def against(self) -> str:
        """``target`` where any pair has one, else ``source``."""
        return "target" if any(pair["against"] == "target" for pair in self.measured) else "source"


@dataclass(frozen=True)
class Limits:
    """The excess from which a structure counts, by kind, and what calibrated it; None where nothing could."""

    of: Mapping[str, float]
    by: str


def limits(study: Study) -> Limits | None:
    """The thresholds of this study: from targets where enough patients have one, else from the sources' own noise."""
    for against, said in (("target", "targets"), (None, "the sources' own noise and half a pixel of movement")):
        largest = {kind: _largest(study, f"control_{kind}", against=against) for kind in KINDS}
        found = {kind: thresholds.threshold(values) for kind, values in largest.items()}
        if all(value is not None for value in found.values()):
            kept = {kind: value for kind, value in found.items() if value is not None}
            return Limits(kept, f"{said} of {len(largest['lost'])} patients or units")
    return None


def _largest(study: Study, name: str, *, against: str | None = None) -> Floats:
    """Every patient's largest control value, of pairs with a target only where so asked."""
    kept = [n for n, pair in enumerate(study.measured) if against in {None, pair["against"]}]
    values = np.array([float(study.measured[n][name]) for n in kept])
    _, codes = np.unique(study.patients[kept], return_inverse=True)
    found = np.full(len(np.unique(codes)), -np.inf)
    np.maximum.at(found, codes, values)
    return found


def counted(pair: Measured, kind: str, limit: float) -> list[list[float]]:
    """The structures of a pair that count."""
    return [row for row in pair[kind] if row[0] > limit]


def estimates(study: Study) -> Iterator[Estimate]:
    """Error, PSNR and SSIM by region with their baselines, and structures made up or lost."""
    kept = [n for n, pair in enumerate(study.measured) if pair["against"] == study.against]
    for suffix, part in (("", "regions"), ("_baseline", "baseline")):
        for name in MEASURES:
            for region in REGIONS:
                yield from _mean(study, kept, part=part, name=name, region=region, suffix=suffix)
    found = limits(study)
    if found is not None:
        for kind in KINDS:
            yield from _structures(study, kind, found)


def _mean(study: Study, kept: list[int], *, part: str, name: str, region: str, suffix: str) -> Iterator[Estimate]:
    """One measure of one region: the mean over patients."""
    rows = [(n, study.measured[n][part]) for n in kept if study.measured[n][part]]
    values = {n: found[region][name] for n, found in rows if name in found.get(region, {})}
    if not values:
        return
    patients = study.patients[list(values)]
    by_patient = np.array(
        [np.mean([v for n, v in values.items() if study.patients[n] == p]) for p in np.unique(patients)]
    )
    subject = "synthetic images" if not suffix else "sources in their place"
    where = "" if region == "whole" else f", in the region {region}"
    interval = mean_interval(by_patient, logarithm=name == "error")
    yield _estimate(
        study,
        f"pair_{name}{suffix}",
        float(by_patient.mean()),
        interval,
        pairs=len(values),
        patients=len(by_patient),
        group=None if region == "whole" else f"region={region}",
        estimand=f"mean over patients of the {MEASURES[name]} between {subject} and their {study.against}{where}, for "
        "other patients of the same source",
        method=f"mean by patient; {'window of Wang et al. 2004; ' if name == 'ssim' else ''}t interval",
    )


def mean_interval(values: Floats, *, logarithm: bool) -> Interval | None:
    """Student's t interval of a mean over patients; None under :data:`ENOUGH`, or where nothing varies.

    Example:
        >>> mean_interval(np.linspace(1, 2, 30), logarithm=False)
        Interval(low=1.38..., high=1.61...)
    """
    mean, n = float(values.mean()), len(values)
    if n < ENOUGH or (logarithm and mean <= 0):
        return None
    half = float(stats.t.isf((1 - LEVEL) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    if logarithm:
        return Interval(mean * float(np.exp(-half / mean)), mean * float(np.exp(half / mean)))
    return Interval(mean - half, mean + half)


def _structures(study: Study, kind: str, found: Limits) -> Iterator[Estimate]:
    """Share of patients with a structure that counts, and the same of medical images."""
    limit = found.of[kind]
    flags = [bool(counted(pair, kind, limit)) for pair in study.measured]
    ids = np.unique(study.patients)
    hit = np.isin(ids, study.patients[np.flatnonzero(flags)])
    method = (
        f"spots of about 4, 8 or 17 pixels whose response is more than {limit:.3g} times what the other image shows "
        f"there; calibrated on {found.by}, of whom at most 5 % of new ones are expected to have one"
    )
    write = partial(_estimate, study, pairs=len(flags), patients=len(ids), group=None)
    yield write(
        f"pair_{kind}",
        float(hit.mean()),
        clopper_pearson(int(hit.sum()), len(hit)) if len(hit) >= FEW else None,
        estimand=f"share of patients of whom some synthetic image {KINDS[kind]}, for other patients of the same source",
        method=f"{method}; Clopper–Pearson",
    )
    against = "target" if found.by.startswith("targets") else None
    random = generator(study.seed, "pairs", kind)
    control = thresholds.control(_largest(study, f"control_{kind}", against=against), random)
    if control is not None:
        text = f"share of patients of whom some image of the control {KINDS[kind]}, when half of them judge the others"
        yield write(f"pair_{kind}_baseline", control, None, estimand=text, method=method, reason=ONE_SPLIT)


ONE_SPLIT = "one split of the patients; how much it varies between splits is not measured"


def _estimate(
    study: Study,
    name: str,
    value: float,
    interval: Interval | None,
    *,
    pairs: int,
    patients: int,
    group: str | None,
    estimand: str,
    method: str,
    reason: str | None = None,
) -> Estimate:
    few = (
        f"under {ENOUGH} patients or units no interval of such a mean was found to hold" if patients < ENOUGH else None
    )
    return Estimate(
        name=name,
        value=value,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        reason=None if interval else reason or few or "nothing varies between patients",
        estimand=estimand,
        unit=study.unit,
        n_medical=pairs,
        n_synthetic=pairs,
        n_patients=patients if study.known else None,
        group=group,
        method=method,
        seed=study.seed if name.endswith("_baseline") else None,
    )


def caveats(study: Study, problems: Sequence[str]) -> Iterator[Caveat]:
    """What a reader must know before any of these numbers."""
    without = sum(pair["against"] == "source" for pair in study.measured)
    if without:
        alone = "Error is then only the change from the source" if study.against == "source" else "They have no error"
        yield Caveat(
            "no-target",
            f"{without} of {len(study.measured)} pairs have no target, the medical image that the synthetic one stands "
            f"in for: whether it shows what is there, we cannot tell. {alone}",
        )
    if limits(study) is None:
        yield Caveat(
            "structures-uncalibrated",
            f"With fewer than {thresholds.FEWEST} patients one cannot say how much two medical images of one patient "
            "differ: structures made up or lost are not counted",
        )
    if not study.known:
        yield Caveat(
            "patients-unknown",
            "Which pairs come from the same patient is not known; each source counts as a patient of its own. "
            "Intervals are too narrow wherever a patient has several images",
        )
    for problem in problems:
        yield Caveat("pairs-incomplete", f"Pairs: {problem}")
