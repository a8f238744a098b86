r"""The user's own segmentation models: one table of predicted masks per model, on the same held-out medical images.

Rules
-----
1. The first file is the baseline (medical images only); the arm is called by the file's name.
2. Columns: ``image`` (any unique text), ``mask`` (file of the drawn mask), ``prediction`` (file of the predicted one),
   and where known ``patient`` and ``group:<column>``. Files are relative to the table. What is not 0 is the lesion.
3. Size of what was drawn is a group: ``size=small`` … by thirds, so that harm to small lesions is seen.
4. Mean gains are tested by paired t on sums by patient.

Example:
    >>> MEASURES["dice"].startswith("Dice")
    True
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from misyn import images
from misyn.errors import TableError
from misyn.evaluate.coverage import SMALLEST, members_of
from misyn.evaluate.sets import HELD_OUT, numbered
from misyn.evaluate.utility import clustered
from misyn.evaluate.utility.gains import BOTH, PREFIX
from misyn.evaluate.utility.judged import Panel, Weighed
from misyn.evaluate.utility.resampling import Draws
from misyn.evaluate.utility.segmentation import Overlap, by_size, overlap
from misyn.evaluate.utility.tables import KEY, PATIENT, PredictionFile, groups_of, same_images
from misyn.evaluate.utility.writing import Writer
from misyn.results import Estimate, HypothesisTest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MASK, PREDICTION = "mask", "prediction"
COLUMNS = (MASK, PREDICTION)
MEASURES = {
    "dice": "Dice overlap of predicted and drawn masks, mean over images",
    "hausdorff95": "distance that 95 of 100 border points do not exceed, mean over images",
}
METHOD = "masks predicted by the user's own models"


@dataclass(frozen=True, eq=False)
class MaskArm:
    """One model's masks against the drawn ones: measure → (N,) values."""

    name: str
    values: Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class Masks:
    """All models' masks on one panel of images."""

    panel: Panel
    arms: tuple[MaskArm, ...]

    def estimates(self, *, seed: int) -> Iterator[Estimate]:
        """What every model reaches and gains, overall and by group, least gain first."""
        writer = Writer.of(self.panel, seed=seed)
        for arm in self.arms:
            for name, said in MEASURES.items():
                measure = _mean(arm.values[name])
                yield writer.estimate(f"{PREFIX}{name}_{arm.name}", measure, None, self.panel.everyone, said=said)
        for arm in self.arms[1:]:
            for name in MEASURES:
                found = [self._gain(writer, arm, name, rows, group) for group, rows in self._groups()]
                yield found[0]
                yield from sorted(found[1:], key=lambda estimate: estimate.value, reverse=name != "dice")

    def tests(self) -> Iterator[HypothesisTest]:
        """A paired t test of every gain in Dice, by patient."""
        for arm in self.arms[1:]:
            for group, rows in self._groups():
                gain = (arm.values["dice"] - self.arms[0].values["dice"])[rows]
                patients = self.panel.patients[rows]
                error = clustered.error((gain - gain.mean()) / len(gain), patients)
                freedom = max(len(np.unique(patients)) - 1, 1)
                p = 1.0 if error == 0 else float(2 * stats.t.sf(abs(gain.mean()) / error, freedom))
                yield HypothesisTest(
                    name=_gain_name("dice", arm),
                    statistic=float(gain.mean()),
                    p_value=p,
                    null=f"{arm.name} and {self.arms[0].name} reach the same mean Dice",
                    method=f"paired t test on sums by {self.panel.unit}",
                    n_medical=len(rows),
                    n_synthetic=0,
                    set=HELD_OUT,
                    group=group,
                )

    def _groups(self) -> list[tuple[str | None, Ints]]:
        large = {name: rows for name, rows in self.panel.members.items() if self.panel.units(rows) >= SMALLEST}
        return [(None, self.panel.everyone), *large.items()]

    def _gain(self, writer: Writer, arm: MaskArm, name: str, rows: Ints, group: str | None) -> Estimate:
        gain = (arm.values[name] - self.arms[0].values[name])[rows]
        said = f"{MEASURES[name]}: {arm.name} minus {self.arms[0].name}"
        return writer.estimate(_gain_name(name, arm), _mean(gain), None, rows, said=said, group=group)


def read(files: Sequence[PredictionFile]) -> Masks:
    """Read and compare all masks.

    Args:
        files: the baseline first; loaded by :mod:`tables` with the columns ``mask`` and ``prediction``.

    Raises:
        TableError: other images than in the first file, or rows without a mask.
        UnreadableImage: a mask does not read.
        EvaluationError: a predicted mask has another shape than the drawn one.
    """
    first = files[0]
    same_images(first, files[1:], column=MASK)
    keys = sorted(first.rows)
    overlaps = [[_overlap(found, key) for key in keys] for found in files]
    sizes = by_size([row.area for row in overlaps[0]]).tolist()
    groups = [{**group, "size": size} for group, size in zip(groups_of(first, keys), sizes, strict=True)]
    patients = [first.rows[key].get(PATIENT) for key in keys]
    panel = Panel(
        patients=numbered([patients])[0],
        unit=PATIENT if PATIENT in first.columns else KEY,
        patients_known=PATIENT in first.columns and None not in patients,
        method=METHOD,
        members=members_of([None] * len(keys), groups),
    )
    arms = [MaskArm(found.name, _values(rows)) for found, rows in zip(files, overlaps, strict=True)]
    return Masks(panel, tuple(arms))


def _overlap(found: PredictionFile, key: str) -> Overlap:
    row = found.rows[key]
    places = [row[column] for column in COLUMNS]
    if None in places:
        raise TableError(f"expected a drawn and a predicted mask for every image in {found.name}, found rows without")
    drawn, predicted = (images.read(found.path.parent / Path(str(place))) for place in places)
    return overlap(np.squeeze(drawn.pixels) > 0, np.squeeze(predicted.pixels) > 0)


def _values(rows: Sequence[Overlap]) -> dict[str, Floats]:
    return {name: np.array([getattr(row, name) for row in rows]) for name in MEASURES}


def _gain_name(measure: str, arm: MaskArm) -> str:
    return f"{PREFIX}{measure}_gain" + ("" if arm.name == BOTH else f"_{arm.name}")


def _mean(values: Floats) -> Weighed:
    return lambda weights: Draws.mean(weights, values)
