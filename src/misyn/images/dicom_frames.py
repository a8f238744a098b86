"""What a DICOM header says of frames: how samples become values, and where frames lie in space.

Rules
-----
1. A frame's own functional group comes before the shared one, and both before attributes at the top of the data set.
2. Frames are slices (axis ``Z``) only when each has a position, all one orientation, and the steps along the normal
   are equal within 1 %, without a step sideways of more than that; otherwise they are frames (``F``).
3. A slope that is zero, or terms that are not finite, mean nothing: samples stay as they are, and ``kind`` says so.

Follows DICOM PS3.3 sections C.7.6.16 (functional groups), C.7.6.2 (image plane), C.11.1 (modality LUT),
C.8.8.3 (RT dose).

Example:
    >>> steps_along([(0, 0, 0), (0, 0, 2.5), (0, 0, 5)], (1, 0, 0, 0, 1, 0))
    2.5
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.images.dicom_header import Header
from misyn.images.limits import check_frames

_TOLERANCE = 0.01


@dataclass(frozen=True)
class Frames:
    """The functional groups of an image: one header per frame where the file has them, and one shared.

    Attributes:
        header: the data set.
        own: one header per frame, empty where the file has none or not as many as frames.
        shared: what holds for all frames, or None.
        count: frames as decoded.
    """

    header: Header
    own: tuple[Header, ...]
    shared: Header | None
    count: int

    def groups(self, keyword: str) -> list[Header | None]:
        """Return one macro (such as ``PlanePositionSequence``) per frame, by rule 1; only one where it is shared."""
        shared = self.shared.item(keyword) if self.shared else None
        if not self.own:
            return [shared]
        return [frame.item(keyword) or shared for frame in self.own]


@dataclass(frozen=True)
class Terms:
    """``values = samples × slope + intercept``: numbers, or one per frame. ``kind`` says where they come from."""

    slope: float | NDArray[np.float64]
    intercept: float | NDArray[np.float64]
    kind: str


def frames(header: Header, *, count: int) -> Frames:
    """Read the functional groups of an image of ``count`` decoded frames.

    Raises:
        LimitExceeded: there are more groups than ``max_frames``, or parsing them passes another limit.
    """
    own = header.items("PerFrameFunctionalGroupsSequence")
    check_frames(len(own), limits=header.budget.limits, path=header.budget.path)
    shared = header.item("SharedFunctionalGroupsSequence")
    return Frames(header, own if len(own) == count else (), shared, count)


def terms(found: Frames) -> Terms:
    """Find how samples become values (rule 3).

    Returns:
        ``kind`` is ``rescale``, ``dose`` (Gy, or relative), ``none``, ``table`` (a modality LUT, which no slope can
        say; samples are left as they are) or ``ignored``.
    """
    header = found.header
    if header.items("ModalityLUTSequence"):
        return Terms(1.0, 0.0, "table")
    dose = header.number("DoseGridScaling")
    if dose is not None:
        return Terms(dose, 0.0, "dose") if dose else Terms(1.0, 0.0, "ignored")
    if "RescaleSlope" in header or "RescaleIntercept" in header:
        return _terms([header])
    groups = found.groups("PixelValueTransformationSequence")
    present = [group for group in groups if group is not None]
    if not present:
        return Terms(1.0, 0.0, "none")
    return _terms(present) if len(present) == len(groups) else Terms(1.0, 0.0, "ignored")


def _terms(groups: Sequence[Header]) -> Terms:
    slopes = np.array([_number_or(group, "RescaleSlope", 1.0) for group in groups], np.float64)
    intercepts = np.array([_number_or(group, "RescaleIntercept", 0.0) for group in groups], np.float64)
    if not (np.isfinite(slopes).all() and np.isfinite(intercepts).all() and slopes.all()):
        return Terms(1.0, 0.0, "ignored")
    if (slopes == slopes[0]).all() and (intercepts == intercepts[0]).all():
        return Terms(float(slopes[0]), float(intercepts[0]), "rescale")
    return Terms(slopes, intercepts, "rescale")


def _number_or(header: Header, keyword: str, default: float) -> float:
    """Return a number; the default where the element is absent; NaN where it is there and is no finite number."""
    if keyword not in header:
        return default
    number = header.number(keyword)
    return float("nan") if number is None else number


def placing(found: Frames) -> tuple[str, tuple[float, ...] | None, str]:
    """Say what the leading axis of several frames is, and the spacing.

    Returns:
        ``F`` or ``Z`` (empty for one frame); millimetres along ``Z Y X`` or ``Y X``, or None; and the plane in which
        the spacing holds: ``patient``, or ``detector`` for projections that give no other.
    """
    plane, where = _plane_spacing(found)
    if found.count == 1:
        return "", plane, where
    step = _step(found)
    if step is None:
        return "F", plane, where
    return "Z", (step, *plane) if plane else None, where


def _plane_spacing(found: Frames) -> tuple[tuple[float, ...] | None, str]:
    measures = found.groups("PixelMeasuresSequence")
    own = {group.numbers("PixelSpacing") for group in measures if group is not None}
    candidates = [
        (found.header.numbers("PixelSpacing"), "patient"),
        (own.pop() if len(own) == 1 else (), "patient"),
        (found.header.numbers("ImagerPixelSpacing"), "detector"),
    ]
    for spacing, where in candidates:
        if len(spacing) == 2 and min(spacing) > 0:
            return spacing, where
    return None, "patient"


def _step(found: Frames) -> float | None:
    """Distance between neighbouring slices in millimetres where rule 2 holds, else None."""
    offsets = found.header.numbers("GridFrameOffsetVector")
    if len(offsets) == found.count:
        return steps_along([(0, 0, offset) for offset in offsets], (1, 0, 0, 0, 1, 0))
    if len(found.own) != found.count:
        return None
    orientations = {_numbers(group, "ImageOrientationPatient") for group in found.groups("PlaneOrientationSequence")}
    positions = [_numbers(group, "ImagePositionPatient") for group in found.groups("PlanePositionSequence")]
    if len(orientations) != 1 or any(len(position) != 3 for position in positions):
        return None
    return steps_along(positions, orientations.pop())


def _numbers(group: Header | None, keyword: str) -> tuple[float, ...]:
    return group.numbers(keyword) if group is not None else ()


def steps_along(positions: Sequence[Sequence[float]], orientation: Sequence[float]) -> float | None:
    """Measure the step from slice to slice along the normal of their plane.

    Args:
        positions: (x, y, z) of the first sample of each slice, millimetres, at least two.
        orientation: direction cosines of row and column, six numbers.

    Returns:
        The step in millimetres, positive, or None where the slices are not a regular stack (rule 2).
    """
    if len(orientation) != 6 or len(positions) < 2:
        return None
    normal = np.cross(orientation[:3], orientation[3:])
    length = float(np.linalg.norm(normal))
    if not np.isclose(length, 1.0, atol=_TOLERANCE):
        return None
    moves: NDArray[Any] = np.diff(np.asarray(positions, np.float64), axis=0)
    along = moves @ (normal / length)
    step = float(along.mean())
    sideways = np.linalg.norm(moves - np.outer(along, normal / length), axis=1)
    allowed = _TOLERANCE * abs(step)
    regular = abs(step) > 0 and np.abs(along - step).max() <= allowed and sideways.max() <= allowed
    return abs(step) if regular else None
