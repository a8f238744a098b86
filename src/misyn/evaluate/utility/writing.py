"""How measures of arms are written down: one estimate with its bootstrap interval, one test, always the same way.

Rules
-----
1. Every estimate speaks of these trained models on further patients; the sentence says so.
2. The interval comes from contributions by patient or from the paired bootstrap, or there is none and a reason.

Example:
    >>> from misyn.evaluate.utility.judged import Panel
    >>> panel = Panel(patients=np.arange(60), unit="patient", patients_known=True, method="a model")
    >>> writer = Writer.of(panel, seed=0)
    >>> mean = lambda weights: Draws.mean(weights, np.arange(60.0))
    >>> found = writer.estimate("utility_x", mean, None, panel.everyone, said="mean")
    >>> found.value, found.low < 29.5 < found.high, found.n_patients
    (29.5, True, 60)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from misyn.evaluate.sampling import generator
from misyn.evaluate.sets import HELD_OUT
from misyn.evaluate.statistics import Interval
from misyn.evaluate.utility import clustered
from misyn.evaluate.utility.judged import Arm, Panel, Weighed
from misyn.evaluate.utility.resampling import Draws
from misyn.results import Estimate

Ints = NDArray[np.int64]

UNSTABLE = "too few patients, or a class too rare, for an interval by patient"
BOOTSTRAP = "; percentile interval of {n} paired bootstrap draws by {unit}"
CLUSTERED = "; interval from contributions summed by {unit}, after DeLong and Obuchowski"


@dataclass(frozen=True, eq=False)
class Writer:
    """A panel of images with the draws that every measure of a study shares."""

    panel: Panel
    draws: Draws
    seed: int

    @classmethod
    def of(cls, panel: Panel, *, seed: int) -> Writer:
        """Draw patients once for all measures and arms."""
        return cls(panel, Draws.of(panel.patients, random=generator(seed, "utility", "bootstrap")), seed)

    def estimate(
        self, name: str, measure: Weighed, arm: Arm | None, images: Ints, *, said: str, group: str | None = None
    ) -> Estimate:
        """A measure of some images, with its interval.

        Args:
            name: of the estimate.
            measure: of one weight per image.
            arm: whose number of synthetic images is told; None for none.
            images: indices into the panel.
            said: what is measured, in words.
            group: these images' group, or None for all.
        """
        interval = self.draws.of_images(images).interval(measure)
        value = float(measure(np.ones((1, len(images))))[0])
        return self._written(name, value, arm, images, said=said, group=group, interval=interval, why=UNSTABLE)

    def known(
        self,
        name: str,
        value: float,
        interval: Interval | None,
        arm: Arm,
        images: Ints,
        *,
        said: str,
        group: str | None = None,
    ) -> Estimate:
        """A value whose interval the caller has from contributions by patient; none under 30 patients."""
        enough = self.panel.units(images) >= clustered.FEWEST
        kept = interval if enough else None
        how = CLUSTERED.format(unit=self.panel.unit)
        return self._written(name, value, arm, images, said=said, group=group, interval=kept, why=UNSTABLE, how=how)

    def bare(self, name: str, value: float, arm: Arm, *, said: str, why: str) -> Estimate:
        """A value of all images without an interval, and why there is none."""
        return self._written(name, value, arm, self.panel.everyone, said=said, group=None, interval=None, why=why)

    def _written(
        self,
        name: str,
        value: float,
        arm: Arm | None,
        images: Ints,
        *,
        said: str,
        group: str | None,
        interval: Interval | None,
        why: str,
        how: str | None = None,
    ) -> Estimate:
        panel = self.panel
        how = how or BOOTSTRAP.format(n=len(self.draws.counts), unit=panel.unit)
        return Estimate(
            name=name,
            value=value,
            low=interval.low if interval else None,
            high=interval.high if interval else None,
            reason=None if interval else why,
            estimand=f"{said}, of these trained models on further {panel.unit}s like the held-out ones",
            unit=panel.unit,
            n_medical=len(images),
            n_synthetic=(arm.n_synthetic or 0) if arm else 0,
            n_patients=panel.units(images) if panel.patients_known else None,
            group=group,
            set=HELD_OUT,
            method=panel.method + (how if interval else ""),
            seed=self.seed,
        )
