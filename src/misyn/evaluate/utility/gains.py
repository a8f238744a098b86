"""What every arm reaches and what it gains over medical images alone: overall, by class, by group, worst first.

Rules
-----
1. ``utility_gain`` is the arm trained on both minus the arm trained on medical images: below 0 the synthetic images
   harm. Harm is written down as help is.
2. Intervals of areas, rates and their gains come from contributions by patient (:mod:`clustered`), of all else from the
   paired bootstrap by patient; tests are DeLong's, corrected with all other comparisons of the study
   (:mod:`misyn.evaluate.families`).
3. Groups and intersections with fewer than ten patients get no number. Groups come worst first.
4. Equivalence is said only by two one-sided tests with a margin given beforehand.

Example:
    >>> GAIN
    'utility_gain'
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from misyn.evaluate.coverage import SMALLEST, crossed
from misyn.evaluate.sets import HELD_OUT
from misyn.evaluate.statistics import Interval
from misyn.evaluate.utility import clustered
from misyn.evaluate.utility import judged as measures
from misyn.evaluate.utility.auroc import DeLong, macro_auroc, macro_delong, macro_interval
from misyn.evaluate.utility.equivalence import tost
from misyn.evaluate.utility.judged import Arm, Judged, Rate, used_classes
from misyn.evaluate.utility.writing import Writer
from misyn.results import Estimate, HypothesisTest

Ints = NDArray[np.int64]

PREFIX = "utility_"
GAIN = "utility_gain"
BOTH = "both"
RATES = ("sensitivity", "specificity")
NOT_SMOOTH = "the largest of several differences: biased upwards and not smooth, so no bootstrap holds"
NOT_VALIDATED = "no interval was validated"


def gain_name(arm: Arm) -> str:
    """``utility_gain`` for the arm trained on both, ``utility_gain_<arm>`` for others."""
    return GAIN if arm.name == BOTH else f"{GAIN}_{arm.name}"


@dataclass(frozen=True, eq=False)
class Board:
    """Judged predictions, and what writes their measures down."""

    judged: Judged
    writer: Writer

    @classmethod
    def of(cls, judged: Judged, *, seed: int) -> Board:
        """Draw patients once for all measures and arms."""
        return cls(judged, Writer.of(judged, seed=seed))

    def estimates(self) -> Iterator[Estimate]:
        """Every arm overall, gains overall, by class, by group worst first, and gaps between groups."""
        everyone = self.judged.everyone
        used = used_classes(self.judged, everyone)
        for arm in self.judged.arms:
            yield from self._reached(arm, everyone, used)
        for arm in self.judged.arms[1:]:
            yield from self._gained(arm, everyone, used)
        yield from self._by_group()
        yield from self._gaps()

    def curve(self, arms: Sequence[Arm]) -> Iterator[Estimate]:
        """What the arms of a learning curve reach overall."""
        everyone = self.judged.everyone
        for arm in arms:
            yield self._area(arm, everyone, used_classes(self.judged, everyone))

    def tests(self, *, margin: float | None) -> Iterator[HypothesisTest]:
        """DeLong's test of every gain, and equivalence where a margin is given."""
        for arm in self.judged.arms[1:]:
            everyone = self.judged.everyone
            overall = self._delong(arm, everyone, used_classes(self.judged, everyone))
            yield self._tested(gain_name(arm), overall.difference, overall.p_value, arm, everyone)
            for group, images, used in self._groups():
                found = self._delong(arm, images, used)
                yield self._tested(gain_name(arm), found.difference, found.p_value, arm, images, group=group)
            if margin is not None:
                yield self._equivalent(arm, overall, margin=margin)

    def _reached(self, arm: Arm, images: Ints, used: list[int]) -> Iterator[Estimate]:
        """What one arm reaches on all images."""
        yield self._area(arm, images, used)
        classes = self.judged.classes
        for name in RATES:
            rate = measures.rate(self.judged, arm, used, sensitivity=name == "sensitivity")
            if rate is not None:
                yield self._rate(f"{PREFIX}{name}_{arm.name}", rate, arm, said=SAID[name])
        if not arm.probabilities:
            return
        for name, measure in (
            ("brier", measures.brier(classes, arm)),
            ("calibration", measures.in_the_large(classes, arm, used)),
        ):
            yield self.writer.estimate(f"{PREFIX}{name}_{arm.name}", measure, arm, images, said=SAID[name])
        value = measures.slope(classes, arm, used)
        name = f"{PREFIX}calibration_slope_{arm.name}"
        yield self.writer.bare(name, value, arm, said="calibration slope", why=NOT_VALIDATED)

    def _gained(self, arm: Arm, images: Ints, used: list[int]) -> Iterator[Estimate]:
        yield self._gain(arm, images, used, group=None)
        for name in RATES:
            pair = [
                measures.rate(self.judged, a, used, sensitivity=name == "sensitivity")
                for a in (self.judged.arms[0], arm)
            ]
            if pair[0] is not None and pair[1] is not None:
                yield self._rate_gain(gain_name(arm).replace("gain", f"{name}_gain"), pair[0], pair[1], arm, name)

    def _rate(self, name: str, rate: Rate, arm: Arm, *, said: str) -> Estimate:
        interval = clustered.share(rate.value, rate.given, self.judged.patients, freedom=rate.freedom)
        return self.writer.known(name, rate.value, interval, arm, self.judged.everyone, said=said)

    def _rate_gain(self, name: str, first: Rate, second: Rate, arm: Arm, measure: str) -> Estimate:
        error = clustered.error(second.given - first.given, self.judged.patients)
        value, half = second.value - first.value, clustered.half(error, freedom=second.freedom)
        interval = Interval(value - half, value + half) if error else None
        return self.writer.known(name, value, interval, arm, self.judged.everyone, said=f"gain in {SAID[measure]}")

    def _gain(self, arm: Arm, images: Ints, used: list[int], *, group: str | None) -> Estimate:
        found = self._delong(arm, images, used)
        interval = Interval(found.low, found.high) if found.error else None
        said = f"{SAID['auroc']}: {arm.said} minus {self.judged.arms[0].said}"
        name = gain_name(arm)
        return self.writer.known(name, found.difference, interval, arm, images, said=said, group=group)

    def _area(self, arm: Arm, images: Ints, used: list[int], *, group: str | None = None) -> Estimate:
        classes, scores, patients = self.judged.classes[images], arm.scores[images], self.judged.patients[images]
        value = macro_auroc(classes, scores, used=used)
        interval = macro_interval(classes, scores, patients=patients, used=used)
        name = f"{PREFIX}auroc_{arm.name}"
        return self.writer.known(name, value, interval, arm, images, said=f"{SAID['auroc']}, {arm.said}", group=group)

    def _groups(self) -> Iterator[tuple[str, Ints, list[int]]]:
        """Classes, groups and intersections that are large enough: name, images, classes judged in them."""
        judged = self.judged
        everyone = judged.everyone
        if len(judged.names) > 2:
            for c in used_classes(judged, everyone):
                if judged.units(np.flatnonzero(judged.classes == c)) >= SMALLEST:
                    yield f"label={judged.names[c]}", everyone, [c]
        for group, images in [*judged.members.items(), *crossed(judged.members).items()]:
            used = used_classes(judged, images)
            if used and judged.units(images) >= SMALLEST:
                yield group, images, used

    def _by_group(self) -> Iterator[Estimate]:
        for arm in self.judged.arms[1:]:
            found = [self._gain(arm, images, used, group=group) for group, images, used in self._groups()]
            yield from sorted(found, key=lambda estimate: estimate.value)
        for arm in self.judged.arms:
            for group, images, used in self._groups():
                yield self._area(arm, images, used, group=group)

    def _gaps(self) -> Iterator[Estimate]:
        """Best minus worst group of every column, in every arm, over the classes that all its groups have."""
        by_column: dict[str, list[tuple[Ints, list[int]]]] = {}
        for group, images, used in self._groups():
            if " & " not in group and not group.startswith("label="):
                by_column.setdefault(group.split("=", 1)[0], []).append((images, used))
        for column, groups in by_column.items():
            common = sorted(set.intersection(*(set(used) for _, used in groups)))
            if len(groups) > 1 and common:
                for arm in self.judged.arms:
                    yield self._gap(column, arm, [images for images, _ in groups], common)

    def _gap(self, column: str, arm: Arm, groups: Sequence[Ints], used: list[int]) -> Estimate:
        values = [macro_auroc(self.judged.classes[i], arm.scores[i], used=used) for i in groups]
        said = f"best minus worst {SAID['auroc']} over {len(values)} groups of {column}"
        name = f"{PREFIX}gap_{column}_{arm.name}"
        return self.writer.bare(name, max(values) - min(values), arm, said=said, why=NOT_SMOOTH)

    def _delong(self, arm: Arm, images: Ints, used: list[int]) -> DeLong:
        first, classes, patients = self.judged.arms[0], self.judged.classes[images], self.judged.patients[images]
        return macro_delong(classes, first.scores[images], arm.scores[images], patients=patients, used=used)

    def _tested(
        self, name: str, statistic: float, p: float, arm: Arm, images: Ints, *, group: str | None = None
    ) -> HypothesisTest:
        return HypothesisTest(
            name=name,
            statistic=statistic,
            p_value=p,
            null=f"{arm.said} and {self.judged.arms[0].said} order held-out images equally well",
            method=f"DeLong's test, clustered by {self.judged.unit}",
            n_medical=len(images),
            n_synthetic=arm.n_synthetic or 0,
            set=HELD_OUT,
            group=group,
        )

    def _equivalent(self, arm: Arm, overall: DeLong, *, margin: float) -> HypothesisTest:
        p = tost(overall.difference, overall.error, margin=margin)
        name = gain_name(arm).replace("gain", "equivalence")
        return replace(
            self._tested(name, overall.difference, p, arm, self.judged.everyone),
            null=f"{arm.said} and {self.judged.arms[0].said} differ by {margin:g} or more",
            method=f"two one-sided tests, margin {margin:g} given beforehand; error after DeLong",
        )


SAID = {
    "auroc": "area under the ROC curve, mean over classes",
    "sensitivity": "sensitivity at thresholds fixed on validation images, mean over classes",
    "specificity": "specificity at thresholds fixed on validation images, mean over classes",
    "brier": "Brier score",
    "calibration": "distance between predicted and found shares, mean over classes",
}
