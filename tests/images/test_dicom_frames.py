"""Frames become slices only when they are a regular stack; samples become values frame by frame where they must."""

from __future__ import annotations

import io
from collections.abc import Sequence as Items
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from misyn.errors import LimitExceeded
from misyn.images import DEFAULT, Image, Limits
from misyn.images.containment import contained
from misyn.images.dicom_frames import steps_along
from misyn.images.dicom_image import decode

AXIAL = [1, 0, 0, 0, 1, 0]
CORONAL = [1, 0, 0, 0, 0, -1]


def item(**elements: Any) -> Dataset:
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def group(**macros: Dataset) -> Dataset:
    return item(**{keyword: Sequence([macro]) for keyword, macro in macros.items()})


def enhanced(
    frames: Items[Dataset], shared: Dataset | None, *, count: int | None = None, implicit: bool = False
) -> bytes:
    count = len(frames) if count is None else count
    made = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.4.1",
        SOPInstanceUID="1.2.3",
        Modality="MR",
        NumberOfFrames=count,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=2,
        Columns=2,
        BitsAllocated=16,
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=0,
        PixelData=np.arange(4 * count, dtype="<u2").tobytes(),
    )
    made.PerFrameFunctionalGroupsSequence = Sequence(list(frames))
    if shared is not None:
        made.SharedFunctionalGroupsSequence = Sequence([shared])
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = UID(ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian)
    made.file_meta.MediaStorageSOPClassUID, made.file_meta.MediaStorageSOPInstanceUID = made.SOPClassUID, UID("1.2.3")
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, made, enforce_file_format=True)
    return buffer.getvalue()


def at(*position: float) -> Dataset:
    return group(PlanePositionSequence=item(ImagePositionPatient=list(position)))


def stack(positions: Items[Items[float]], orientation: list[int] = AXIAL, **settings: Any) -> Image:
    shared = group(
        PlaneOrientationSequence=item(ImageOrientationPatient=orientation),
        PixelMeasuresSequence=item(PixelSpacing=[0.5, 0.25]),
    )
    return decode(enhanced([at(*position) for position in positions], shared, **settings))


@pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])
def test_a_regular_stack_is_a_volume(implicit: bool) -> None:
    found = stack([(0, 0, 0), (0, 0, 3), (0, 0, 6)], implicit=implicit)
    assert (found.axes, found.shape, found.spacing) == ("ZYX", (3, 2, 2), (3.0, 0.5, 0.25))


def test_direction_of_the_stack_does_not_matter() -> None:
    assert stack([(0, 0, 6), (0, 0, 3), (0, 0, 0)]).spacing == (3.0, 0.5, 0.25)


def test_slices_step_along_their_own_normal() -> None:
    assert stack([(0, 0, 0), (0, 2, 0), (0, 4, 0)], CORONAL).spacing == (2.0, 0.5, 0.25)
    assert stack([(0, 0, 0), (0, 0, 2), (0, 0, 4)], CORONAL).axes == "FYX"


@pytest.mark.parametrize(
    "positions",
    [
        [(0, 0, 0), (0, 0, 3), (0, 0, 7)],
        [(0, 0, 0), (0, 0, 0), (0, 0, 0)],
        [(0, 0, 0), (1, 0, 3), (0, 0, 6)],
        [(0, 0, 0), (0, 0, 3), (0, 0, 0)],
        [(0, 0, 0), (0, 0), (0, 0, 6)],
    ],
    ids=["a gap", "one place in time", "sideways", "back and forth", "no position"],
)
def test_frames_that_are_no_stack_stay_frames(positions: Items[Items[float]]) -> None:
    found = stack(positions)
    assert (found.axes, found.spacing) == ("FYX", (0.5, 0.25))


def test_small_jitter_is_still_regular() -> None:
    assert stack([(0, 0, 0), (0.01, 0, 3.01), (0, 0, 6)]).axes == "ZYX"


def test_frames_of_two_orientations_stay_frames() -> None:
    frames = [at(0, 0, z) for z in (0, 3)]
    for frame, orientation in zip(frames, (AXIAL, CORONAL), strict=True):
        frame.PlaneOrientationSequence = Sequence([item(ImageOrientationPatient=orientation)])
    assert decode(enhanced(frames, None)).axes == "FYX"


def test_orientation_that_is_no_direction_is_no_stack() -> None:
    assert steps_along([(0, 0, 0), (0, 0, 1)], (0, 0, 0, 0, 0, 0)) is None
    assert steps_along([(0, 0, 0), (0, 0, 1)], (1, 0, 0, 1, 0, 0)) is None
    assert steps_along([(0, 0, 0)], (1, 0, 0, 0, 1, 0)) is None


def rescaled(slope: float, intercept: float) -> Dataset:
    return group(PixelValueTransformationSequence=item(RescaleSlope=slope, RescaleIntercept=intercept))


def test_each_frame_has_its_own_terms() -> None:
    found = decode(enhanced([rescaled(1, 0), rescaled(10, -5)], None))
    assert isinstance(found.slope, np.ndarray)
    assert found.slope.tolist() == [1, 10]
    assert found.values()[1].tolist() == [[35, 45], [55, 65]]


def test_terms_that_are_all_alike_are_one_number() -> None:
    found = decode(enhanced([rescaled(2, -5), rescaled(2, -5)], None))
    assert (found.slope, found.intercept) == (2.0, -5.0)


def test_a_frame_comes_before_what_is_shared() -> None:
    found = decode(enhanced([rescaled(3, 0), Dataset()], rescaled(2, 1)))
    assert isinstance(found.slope, np.ndarray)
    assert isinstance(found.intercept, np.ndarray)
    assert (found.slope.tolist(), found.intercept.tolist()) == ([3, 2], [0, 1])


def test_shared_terms_hold_for_all() -> None:
    found = decode(enhanced([Dataset(), Dataset()], rescaled(2, 1)))
    assert (found.slope, found.intercept) == (2.0, 1.0)


@pytest.mark.parametrize(
    "frames",
    [[rescaled(2, 0), Dataset()], [rescaled(0, 0), rescaled(1, 0)]],
    ids=["one frame without", "a slope of zero"],
)
def test_terms_that_do_not_cover_every_frame_are_ignored_and_said(frames: list[Dataset]) -> None:
    found = decode(enhanced(frames, None))
    assert (found.slope, found.attributes["values"]) == (1.0, "ignored")


def test_groups_that_are_not_as_many_as_frames_are_left_out() -> None:
    found = decode(enhanced([at(0, 0, 0)], None, count=3))
    assert (found.axes, found.shape) == ("FYX", (3, 2, 2))


def test_groups_without_limit_are_refused() -> None:
    with pytest.raises(LimitExceeded) as caught:
        decode(enhanced([Dataset()] * 50, None, count=2), limits=Limits(max_frames=10))
    assert caught.value.limit == "max_frames"


def test_one_frame_is_a_plain_image() -> None:
    found = stack([(0, 0, 0)])
    assert (found.axes, found.shape, found.spacing) == ("YX", (2, 2), (0.5, 0.25))


def test_frames_beyond_the_declared_number_are_kept_as_pydicom_keeps_them() -> None:
    data = enhanced([Dataset(), Dataset()], None)
    fewer = data.replace(b"IS\x02\x002 ", b"IS\x02\x001 ")
    assert fewer != data
    with contained("dicom", path=None, limits=DEFAULT):
        found = decode(fewer)
    assert (found.shape, found.attributes["frames_declared"]) == ((2, 2, 2), "1")
