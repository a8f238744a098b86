"""One medical set against one other set, and how an estimate of the two is written down.

Rules
-----
1. The other set is the synthetic images, or medical images in their place (the baseline). Both run the same code.
2. From 100 patients on, the interval speaks of other patients of the same source *and* other draws, at this number of
   both, for the measures for which that was simulated (:mod:`misyn.evaluate.subsampling`); for baselines too.
3. Below, it speaks of other draws of the technique only, the medical images being given. So it exists for shares and
   means of what each synthetic image does alone (precision, density, distance, authenticity), and not for what needs
   the synthetic images together (recall, coverage), and never for a baseline.
4. There is none with fewer than 20 patients, none when synthetic images repeat each other or share patients, and none
   for the Fréchet distance and MMD².

Example:
    >>> Settings().k, Settings(seed=3).permutations
    (5, 1000)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from misyn.evaluate import neighbours
from misyn.evaluate.caveats import FEW
from misyn.evaluate.caveats import counted as counted_units
from misyn.evaluate.resampled import Few
from misyn.evaluate.sampling import generator
from misyn.evaluate.sets import SYNTHETIC, Sample
from misyn.evaluate.statistics import Interval, clopper_pearson
from misyn.evaluate.subsampling import INTERVALS, OF_GROUP, SHARE_OF_GROUP, Spread, of_groups, refused, spreads
from misyn.evaluate.subsampling import interval as subsampled
from misyn.results import Estimate

Bools = NDArray[np.bool_]

REPEATED = 0.05  # share of synthetic images that may repeat another before they are no independent draws

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
        unseen: medical images that calibrate support, or None: then ``medical`` does itself.
    """

    medical: Sample
    other: Sample
    said: str
    settings: Settings
    suffix: str = ""
    unseen: Sample | None = None

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
        return self._not_independent

    @cached_property
    def _not_independent(self) -> str | None:
        """Why nothing here counts as independent, or None (rule 4)."""
        if self.medical.n_units < FEW:
            return f"fewer than {FEW} patients or units: nothing can be said of others"
        if len(set(self.other.digests)) < (1 - REPEATED) * len(self.other):
            return "many synthetic images repeat each other: they are no independent draws"
        if self.other.unit != "image" and self.other.n_units < len(self.other):
            return "several synthetic images belong to one patient: they are no independent draws"
        return None

    @cached_property
    def few(self) -> Few:
        """The images as :mod:`misyn.evaluate.subsampling` draws parts of them."""
        return Few(
            medical=self.medical.features,
            patients=self.medical.patients,
            other=self.other.features,
            others=None if self.other.origin == SYNTHETIC else self.other.patients,
            groups=of_groups(self.medical.members | self.medical.crossed, len(self.medical)),
            unseen=None if self.unseen is None else self.unseen.features,
            unseen_patients=None if self.unseen is None else self.unseen.patients,
        )

    @cached_property
    def no_parts(self) -> str | None:
        """Why no interval over other patients is given, or None (rule 2)."""
        if self.suffix and self.other.origin == SYNTHETIC:
            return FEWER_DRAWN
        if self.balls is None or self.passed_over is None:
            return "too few images of other patients for an interval over patients"
        return self._not_independent or refused(self.few)

    @cached_property
    def spreads(self) -> Mapping[str, Spread]:
        """How much measures vary between parts of the patients; empty where no interval may come of it."""
        if self.no_parts:
            return {}
        random = generator(self.settings.seed, "parts", self.medical.origin, self.suffix)
        return spreads(self.few, k=self.settings.k, random=random)

    def by_patient(self, name: str, value: float, *, group: str | None, counted: int, units: int) -> Interval | None:
        """The interval over other patients and other draws, where it was found to hold (rule 2)."""
        spread = self.spreads.get(name if group is None else f"{name}[{group}]")
        if name not in INTERVALS or spread is None or units < max(OF_GROUP, SHARE_OF_GROUP * self.medical.n_units):
            return None
        if self.medical.n_units > INTERVALS[name].most:
            return None
        if INTERVALS[name].of == "other":
            counted, units = len(self.other), self.other.n_units
        return subsampled(name, value, spread, counted=counted, units=units)

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
        units: int | None = None,
        seed: int | None = None,
        raw: float | None = None,
        back: Callable[[float], float] = float,
    ) -> Estimate:
        """An estimate of this pair, with the interval over patients, else the one given where rules 3 and 4 allow it.

        Args:
            name: of the measure, without suffix.
            value: of it.
            estimand: in words, up to what is given.
            method: how it was computed.
            interval: over other draws only.
            reason: why there is none.
            group: of medical images.
            n_medical: images counted, where these are not all medical ones.
            units: patients or other units they belong to, likewise.
            seed: of any randomness in the value.
            raw: the measure whose spread is known, where ``value`` is made of it by ``back``.
            back: increasing.
        """
        patients = self.medical.n_units if units is None else units
        counted = len(self.medical) if n_medical is None else n_medical
        wide = self.by_patient(name, value if raw is None else raw, group=group, counted=counted, units=patients)
        if wide is not None:
            kept: Interval | None = Interval(back(wide.low), back(wide.high))
            reason, given, method = None, self._at_this_n, f"{method}; interval by parts of the patients"
        else:
            kept, given = (None if self.no_interval else interval), self._given
            reason = None if kept else self.no_interval or reason or "too few images for an interval"
        return Estimate(
            name=name + self.suffix,
            value=value,
            low=kept.low if kept else None,
            high=kept.high if kept else None,
            reason=reason,
            estimand=f"{estimand}, {given}",
            unit=self._unit(drawn=interval is not None and wide is None),
            n_medical=counted,
            n_synthetic=len(self.other),
            n_patients=patients if self.medical.patients_known else None,
            group=group,
            set=self.medical.origin,
            method=method,
            seed=self.settings.seed if self.suffix or wide else seed,
        )

    def control(self, name: str, value: float, estimand: str, method: str, n: int) -> Estimate:
        """A number that says what another one is worth; ``n`` images stood in the place of the synthetic ones."""
        return Estimate(
            name=name,
            value=value,
            estimand=estimand,
            method=method,
            reason=ONE_DRAW,
            unit=self.medical.unit,
            n_medical=len(self.medical),
            n_synthetic=n,
            n_patients=self.medical.n_patients,
            set=self.medical.origin,
            seed=self.settings.seed,
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
    def _at_this_n(self) -> str:
        patients = counted_units(self.medical.n_units, self.medical.unit)
        draws = "other draws of the technique" if self.other.origin == SYNTHETIC else "others in their place"
        return (
            f"for other patients of the same source as {self.medical.name} and {draws}, at this number of both "
            f"({len(self.medical)} images of {patients}, {len(self.other)} of {self.said})"
        )

    @property
    def near(self) -> str:
        """How neighbours are found, in words."""
        same = (
            ""
            if self.passed_over is None or self.medical.unit == "image"
            else f"; same {self.medical.unit} passed over"
        )
        return f"k = {self.settings.k} nearest neighbours by Euclidean distance of features{same}"
