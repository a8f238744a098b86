"""DICOM is born with a template's geometry and nothing else of it; a declared source alone keeps the patient link."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 - its usual name
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

import misyn
from misyn.errors import MarkError, UsageError
from misyn.generate import dicom
from misyn.generate.born import Birth, born

NOW = datetime(2026, 11, 22, 10, 0, 5, tzinfo=UTC)
TEMPLATES = ("CT_small.dcm", "MR_small.dcm", "examples_overlay.dcm", "examples_palette.dcm")
NUMBERS = ("OW", "OB", "US", "SS", "UL", "CS", "DS", "IS")  # numbers and codes may be the same by chance
MADE: dict[str, Any] = {"made": "sha256:" + "0" * 64, "now": "2026-11-22T10:00:05Z"}


def template(name: str) -> Path:
    found = get_testdata_file(name, download=False)
    assert isinstance(found, str)
    return Path(found)


def opened(tmp_path: Path, *, kind: str = "generation") -> Any:
    path = tmp_path / "misyn.yaml"
    path.write_text(f"misyn: 1\ntechnique: {{name: toy, version: '1', kind: {kind}}}\nresponsible: A. Author\n")
    return born(path, out=tmp_path / "out", now=NOW)


def volume_of(path: Path) -> Any:
    return nibabel.load(path)


def elements(dataset: Dataset) -> Iterator[Any]:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from elements(item)
        else:
            yield element


@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_of_the_template_but_its_geometry_is_in_the_file(tmp_path: Path, name: str) -> None:
    like = pydicom.dcmread(template(name))
    for number, keyword in enumerate(("PatientName", "PatientID", "AccessionNumber", "StudyID", "InstitutionName")):
        setattr(like, keyword, f"SECRET{number}")
    like.PatientBirthDate, like.StudyDate, like.AcquisitionDate = "19010203", "19020304", "19030405"
    like.add_new(0x00091001, "LO", "SECRETPRIVATE")
    like.OtherPatientIDsSequence = pydicom.Sequence([Dataset()])
    like.OtherPatientIDsSequence[0].PatientID = "SECRETNESTED"
    like.save_as(tmp_path / "like.dcm")
    pixels = np.zeros((like.Rows, like.Columns), np.int16)
    with opened(tmp_path) as birth:
        path = birth.save(pixels, "a.dcm", like=tmp_path / "like.dcm")
    data = path.read_bytes()
    kept = {*dicom.GEOMETRY, *dicom.PIXELS, "SOPClassUID", "SpecificCharacterSet"}
    for element in elements(like):
        value = str(element.value).encode()
        telling = element.VR not in NUMBERS and len(value) > 5 and not value.startswith(b"1.2.840.10008.")
        if element.keyword not in kept and telling:
            assert value not in data, element.keyword
    assert b"SECRET" not in data
    made = pydicom.dcmread(path)
    for keyword in (
        "PixelSpacing",
        "ImageOrientationPatient",
        "ImagePositionPatient",
        "RescaleSlope",
        "SliceThickness",
    ):
        assert made.get(keyword) == like.get(keyword), keyword
    assert made.SyntheticData == "YES"
    assert str(made.PatientName) == "SYNTHETIC^IMAGE"
    assert (made.StudyDate, made.ContentTime) == ("20261122", "100005")
    assert misyn.verify(path).verdict == "synthetic"


def test_another_reader_finds_samples_and_geometry(tmp_path: Path) -> None:
    like = template("CT_small.dcm")
    pixels = np.random.default_rng(0).integers(-1000, 2000, (128, 128)).astype(np.int16)
    with opened(tmp_path) as birth:
        path = birth.save(pixels, "a.dcm", like=like)
    found, source = sitk.ReadImage(str(path)), sitk.ReadImage(str(like))
    slope, intercept = 1, -1024
    assert np.array_equal(sitk.GetArrayFromImage(found)[0], pixels * slope + intercept)
    for fact in ("GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(found, fact)() == getattr(source, fact)()
    assert np.array_equal(misyn.read(path).pixels, pixels)


def test_physical_values_are_stored_by_the_templates_rescale_and_never_clipped(tmp_path: Path) -> None:
    like = template("CT_small.dcm")
    values = np.linspace(-1000, 1000, 128 * 128, dtype=np.float32).reshape(128, 128).round()
    with opened(tmp_path) as birth:
        path = birth.save(values, "a.dcm", like=like)
        with pytest.raises(UsageError, match="clip them"):
            birth.save(values * 1000, "b.dcm", like=like)
        with pytest.raises(UsageError, match="whole numbers"):
            birth.save(values, "c.dcm")
    assert np.array_equal(misyn.read(path).values(), values)


def test_slices_beside_each_other_are_one_series_in_one_new_frame(tmp_path: Path) -> None:
    like = template("CT_small.dcm")
    pixels = np.zeros((128, 128), np.int16)
    with opened(tmp_path) as birth:
        paths = [birth.save(pixels, name, like=like) for name in ("a/001.dcm", "a/002.dcm", "b/001.dcm")]
    first, second, other = (pydicom.dcmread(path) for path in paths)
    source = pydicom.dcmread(like)
    assert first.SeriesInstanceUID == second.SeriesInstanceUID != other.SeriesInstanceUID
    assert len({one.SOPInstanceUID for one in (first, second, other)}) == 3
    assert first.FrameOfReferenceUID == second.FrameOfReferenceUID != source.FrameOfReferenceUID
    assert first.PatientID == second.PatientID != other.PatientID
    assert all(uid.is_valid for uid in (first.SOPInstanceUID, first.StudyInstanceUID, first.FrameOfReferenceUID))


@pytest.mark.parametrize(
    ("shape", "dtype", "frames", "class_uid"),
    [
        ((8, 6), np.uint8, None, dicom.CAPTURE),
        ((8, 6, 3), np.uint8, None, dicom.CAPTURE),
        ((5, 8, 6), np.uint8, 5, dicom.BYTES),
        ((5, 8, 7), np.uint16, 5, dicom.WORDS),
        ((5, 8, 6), np.int16, 5, dicom.WORDS),
        ((4, 8, 6, 3), np.uint8, 4, dicom.COLOURS),
    ],
)
def test_planes_colours_and_frames_come_back(
    tmp_path: Path, shape: tuple[int, ...], dtype: type[np.generic], frames: int | None, class_uid: str
) -> None:
    pixels = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    with opened(tmp_path) as birth:
        path = birth.save(pixels, "a.dcm")
    made = pydicom.dcmread(path)
    assert np.array_equal(made.pixel_array, pixels)
    assert np.array_equal(misyn.read(path).pixels, pixels)
    assert made.get("NumberOfFrames") == frames
    assert made.SOPClassUID == class_uid
    assert made.ConversionType == "SYN"


def enhanced(frames: int) -> Dataset:
    """The header of an enhanced MR with a patient in it, as far as geometry goes."""
    like = Dataset()
    like.SOPClassUID, like.PatientName, like.PatientID = "1.2.840.10008.5.1.4.1.1.4.1", "SECRET", "SECRET"
    like.Rows, like.Columns, like.NumberOfFrames, like.Modality = 8, 6, frames, "MR"
    measures, orientation = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.5, 0.5], 2
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared = Dataset()
    shared.PixelMeasuresSequence = pydicom.Sequence([measures])
    shared.PlaneOrientationSequence = pydicom.Sequence([orientation])
    like.SharedFunctionalGroupsSequence = pydicom.Sequence([shared])
    groups = []
    for number in range(frames):
        place, content, group = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = [1, 2, 2 * number]
        content.FrameAcquisitionDateTime = "19010203040506"
        group.PlanePositionSequence, group.FrameContentSequence = pydicom.Sequence([place]), pydicom.Sequence([content])
        groups.append(group)
    like.PerFrameFunctionalGroupsSequence = pydicom.Sequence(groups)
    return like


def test_an_enhanced_template_gives_every_frame_its_plane(tmp_path: Path) -> None:
    like = enhanced(4)
    pixels = np.zeros((4, 8, 6), np.uint16)
    with opened(tmp_path) as birth:
        path = birth.save(pixels, "a.dcm", like=like)
        with pytest.raises(UsageError, match="as many frames"):
            birth.save(pixels[1:], "b.dcm", like=like)
    made = pydicom.dcmread(path)
    places = [group.PlanePositionSequence[0].ImagePositionPatient for group in made.PerFrameFunctionalGroupsSequence]
    assert places == [[1, 2, 2 * number] for number in range(4)]
    assert made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing == [0.5, 0.5]
    assert misyn.read(path).spacing == (2.0, 0.5, 0.5)
    assert b"SECRET" not in path.read_bytes()
    assert b"1901" not in path.read_bytes()
    assert misyn.verify(path).verdict == "synthetic"


def test_a_template_of_another_size_or_kind_is_refused(tmp_path: Path) -> None:
    nibabel.Nifti1Image(np.zeros((4, 5, 6), np.int16), np.eye(4)).to_filename(tmp_path / "a.nii")  # type: ignore[no-untyped-call]
    ct, volume = template("CT_small.dcm"), tmp_path / "a.nii"
    with opened(tmp_path) as birth:
        for pixels, name, like, said in (
            (np.zeros((8, 8), np.int16), "a.dcm", ct, "this size"),
            (np.zeros((128, 128), np.int16), "a.nii.gz", ct, "save as .dcm"),
            (np.zeros((8, 8), np.int16), "a.dcm", volume, "save as .nii.gz"),
            (np.zeros((6, 5, 3), np.int16), "a.nii", volume, "template of this size"),
            (np.zeros((8, 8), np.uint8), "a.png", ct, "which has none"),
            (np.zeros((8, 8), np.uint8), "a.tiff", ct, "which has none"),
            (np.zeros((8, 8), np.int16), "a.dcm", 7, "found int"),
            (np.zeros((8, 8), np.int64), "a.dcm", None, "int64"),
        ):
            with pytest.raises(UsageError, match=said):
                birth.save(pixels, name, like=like)
    assert [path.name for path in birth.out.iterdir()] == []


def test_a_nifti_template_gives_its_affine_and_no_text(tmp_path: Path) -> None:
    affine = np.array([[-2, 0.1, 0, 5], [0, 2, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1.0]])
    like = nibabel.Nifti1Image(np.zeros((4, 5, 6), np.int16), affine)  # type: ignore[no-untyped-call]
    like.header["descrip"] = b"SECRET name"
    like.to_filename(tmp_path / "like.nii.gz")
    volume = np.random.default_rng(0).random((6, 5, 4)).astype(np.float32)
    with opened(tmp_path) as birth:
        paths = [
            birth.save(volume, "a.nii.gz", like=tmp_path / "like.nii.gz"),
            birth.save(volume, "b.nii", like=affine),
            birth.save(np.stack([volume] * 2), "c.nii.gz", like=tmp_path / "like.nii.gz"),
        ]
    for path in paths:
        found = volume_of(path)
        assert np.allclose(found.affine, affine)
        assert b"SECRET" not in bytes(found.header["descrip"])
    assert np.array_equal(volume_of(paths[0]).get_fdata(dtype=np.float32).T, volume)
    assert volume_of(paths[2]).shape == (4, 5, 6, 2)


def test_an_image_to_image_output_keeps_its_patient_and_names_its_source(tmp_path: Path) -> None:
    source = template("CT_small.dcm")
    like = pydicom.dcmread(source)
    with opened(tmp_path, kind="image-to-image") as birth:
        path = birth.save(like.pixel_array, "a.dcm", like=source, how="denoised")
    made, verdict = pydicom.dcmread(path), misyn.verify(path)
    assert (made.PatientID, made.PatientName) == (like.PatientID, like.PatientName)
    assert made.StudyInstanceUID == like.StudyInstanceUID
    assert made.FrameOfReferenceUID == like.FrameOfReferenceUID
    assert made.SeriesInstanceUID != like.SeriesInstanceUID
    assert made.SOPInstanceUID != like.SOPInstanceUID
    assert made.SourceImageSequence[0].ReferencedSOPInstanceUID == like.SOPInstanceUID
    assert verdict.verdict == "synthetic"
    assert verdict.declaration is not None
    assert verdict.declaration["derived_from"] == [misyn.read(source).digest]
    assert verdict.declaration["derivation"]["how"] == "denoised"
    assert "may belong to a patient" in verdict.declaration["limits"]


def test_an_image_to_image_technique_without_a_source_is_refused(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8), np.uint8)
    with opened(tmp_path, kind="image-to-image") as birth:
        assert isinstance(birth, Birth)
        with pytest.raises(UsageError, match="expected the source"):
            birth.save(pixels, "a.png")
        header = pydicom.dcmread(template("CT_small.dcm"), stop_before_pixels=True)
        with pytest.raises(MarkError, match="pixels of every source"):
            birth.save(np.zeros((128, 128), np.int16), "a.dcm", like=header)


def test_the_same_birth_gives_the_same_bytes() -> None:
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8)
    first, again = (dicom.encode(pixels, like=None, name="a.dcm", **MADE) for _ in range(2))
    assert first == again
    assert first != dicom.encode(pixels, like=None, name="b.dcm", **MADE)


def test_the_toolkit_of_others_finds_no_broken_element(tmp_path: Path) -> None:
    if shutil.which("dcmdump") is None:
        pytest.skip("dcmtk is not installed, so its reader is not asked")
    with opened(tmp_path) as birth:
        birth.save(np.zeros((128, 128), np.int16), "a.dcm", like=template("CT_small.dcm"))
        birth.save(np.zeros((3, 8, 8), np.uint16), "b.dcm")
    for path in birth.out.glob("*.dcm"):
        found = subprocess.run(["dcmdump", "+E", str(path)], capture_output=True, text=True, check=False)
        assert found.returncode == 0
        assert "W:" not in found.stderr
        assert "E:" not in found.stderr
