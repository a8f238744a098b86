"""One medical set against one other set, and how an estimate of the two is written down.

Rules
-----
1. The other set is the synthetic images, or medical images in their place (the baseline). Both run the same code.
2. An interval speaks of one thing only: other draws of the technique, the medical images being given. So it exists for
   shares and means of what each synthetic image does alone (precision, density, distance, authenticity), and not for
   what needs the synthetic images together (recall, coverage, Fréchet, MMD²).
3. There is none with fewer than 20 patients, none when synthetic images repeat each other or share patients, and none
   for a baseline.

Example:
    >>> Settings().k, Settings(seed=3).permutations
    (5, 1000)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from misyn.evaluate import neighbours
from misyn.evaluate.caveats import FEW
from misyn.evaluate.sets import SYNTHETIC, Sample
from misyn.evaluate.statistics import Interval, clopper_pearson
from misyn.results import Estimate

Bools = NDArray[np.bool_]

REPEATED = 0.05  # share of synthetic images that may repeat another before they are no independent draws

TOGETHER = (
    "it depends on all synthetic images together; no interval has been validated, and resampling shrinks the radii"
)
FITTED = "its bias depends on n; no interval has been validated"
TESTED = "see the permutation test mmd"
ONE_DRAW = "one draw of medical images; how much it varies between draws is not measured yet"
FEWER_DRAWN = "one draw of fewer synthetic images, to compare with a baseline; see the estimate from all of them"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a study fixes beforehand.

    Attributes:
        k: neighbours that set the radius of a ball.
        permutations: relabellings of each test.
        most: images per set that enter a test or MMD².
        seed: of everything random, ≥ 0.
        margin: largest difference in downstream area under the curve that counts as none, or None where none was fixed.
    """

    k: int = 5
    permutations: int = 1000
    most: int = 2000
    seed: int = 0
    margin: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """A medical set, what stands against it, and how results are named.

    Attributes:
        medical: the set measured against.
        other: the synthetic images, or medical ones in their place.
        suffix: ends every name: nothing, ``_baseline`` or ``_same_n``.
        said: what ``other`` is, in words.
        settings: of the study.
    """

    medical: Sample
    other: Sample
    said: str
    settings: Settings
    suffix: str = ""

    @cached_property
    def passed_over(self) -> NDArray[np.int64] | None:
        """Patient numbers by which neighbours are passed over; None where too few other patients are left."""
        return self.medical.patients if self.medical.others(self.settings.k) else None

    @cached_property
    def own(self) -> neighbours.Neighbours:
        """The k nearest others of every medical image."""
        return neighbours.within(self.medical.features, k=self.settings.k, patients=self.passed_over)

    @cached_property
    def to_medical(self) -> neighbours.Neighbours:
        """The nearest medical image of every other image; of another patient where the others are medical."""
        patients = None if self.other.origin == SYNTHETIC else (self.other.patients, self.medical.patients)
        return neighbours.nearest(self.other.features, self.medical.features, patients=patients)

    @cached_property
    def balls(self) -> neighbours.PRDC | None:
        """Who lies in whose ball; None where a set has no more than k images."""
        if min(len(self.medical), len(self.other)) <= self.settings.k:
            return None
        return neighbours.overlap(self.medical.features, self.other.features, own=self.own)

    @cached_property
    def no_interval(self) -> str | None:
        """Why no interval may be given, or None (rule 3)."""
        if self.suffix:
            return FEWER_DRAWN if self.other.origin == SYNTHETIC else ONE_DRAW
        if self.medical.n_units < FEW:
            return f"fewer than {FEW} patients or units: nothing can be said of others"
        if len(set(self.other.digests)) < (1 - REPEATED) * len(self.other):
            return "many synthetic images repeat each other: they are no independent draws"
        if self.other.unit != "image" and self.other.n_units < len(self.other):
            return "several synthetic images belong to one patient: they are no independent draws"
        return None

    def estimate(
        self,
        name: str,
        value: float,
        *,
        estimand: str,
        method: str,
        interval: Interval | None = None,
        reason: str | None = None,
        group: str | None = None,
        n_medical: int | None = None,
        n_patients: int | None = None,
        seed: int | None = None,
    ) -> Estimate:
        """An estimate of this pair; an interval is kept only where rule 3 allows one."""
        reason = self.no_interval or reason
        kept = None if self.no_interval else interval
        return Estimate(
            name=name + self.suffix,
            value=value,
            low=kept.low if kept else None,
            high=kept.high if kept else None,
            reason=None if kept else reason or "too few images for an interval",
            estimand=f"{estimand}, {self._given}",
            unit=self._unit(drawn=interval is not None),
            n_medical=len(self.medical) if n_medical is None else n_medical,
            n_synthetic=len(self.other),
            n_patients=self.medical.n_patients if group is None else n_patients,
            group=group,
            set=self.medical.origin,
            method=method,
            seed=self.settings.seed if self.suffix else seed,
        )

    def share(self, name: str, flags: Bools, *, estimand: str, method: str, seed: int | None = None) -> Estimate:
        """The share of other images for which something holds, with its exact interval."""
        interval = clopper_pearson(int(flags.sum()), len(flags))
        return self.estimate(
            name,
            float(flags.mean()),
            estimand=estimand,
            method=f"{method}; Clopper–Pearson",
            interval=interval,
            seed=seed,
        )

    def _unit(self, *, drawn: bool) -> str:
        """What counts as independent: drawn synthetic images for an interval, else the medical set's patients."""
        if drawn and self.other.origin == SYNTHETIC:
            return "image"
        return self.medical.unit

    @property
    def _given(self) -> str:
        draws = "for independent draws of the technique" if self.other.origin == SYNTHETIC else f"for {self.said}"
        return f"{draws}, given these {len(self.medical)} of {self.medical.name}"

    @property
    def near(self) -> str:
        """How neighbours are found, in words."""
        same = (
            ""
            if self.passed_over is None or self.medical.unit == "image"
            else f"; same {self.medical.unit} passed over"
        )
        return f"k = {self.settings.k} nearest neighbours by Euclidean distance of features{same}"
