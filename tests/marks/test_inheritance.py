"""What is made from synthetic images says synthetic too, and says from what it was made."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage, generate_uid

import misyn
from misyn.errors import MarkError, NoRoomForMark, UsageError
from misyn.marks import Declaration, Technique, inherit, mark, verify
from misyn.marks.inheritance import Source, look
from misyn.marks.inheritance.combining import MIXED_LIMITS

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
VOLUME = (np.arange(5 * 6 * 7).reshape(5, 6, 7) * 13 - 900).astype(np.int16)
GAN = Declaration(technique=Technique(name="gan", version="2"), responsible="B", created="2026-11-22T10:00:00Z")


def read_dataset(data: bytes) -> Any:
    return pydicom.dcmread(io.BytesIO(data))


@pytest.fixture
def ct(tmp_path: Path, declaration: Declaration, make_dicom: Callable[..., bytes]) -> Any:
    """A marked synthetic slice with an id of its own, as a pydicom data set."""
    path = tmp_path / "source.dcm"
    path.write_bytes(make_dicom(PatientID="SYN-1", StudyInstanceUID="1.2.3"))
    mark(path, declaration=declaration, in_place=True)
    return read_dataset(path.read_bytes())


def segmentation(source: Any) -> Any:
    """A binary SEG of one frame, with the attributes highdicom writes; like highdicom's, it inherits nothing itself."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = SegmentationStorage
    made.SOPClassUID, made.SOPInstanceUID, made.Modality = SegmentationStorage, generate_uid(), "SEG"
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.PatientID, made.PatientName = source.get("PatientID", ""), source.get("PatientName", "")
    made.StudyInstanceUID, made.SeriesInstanceUID = source.get("StudyInstanceUID", "1.2.3"), generate_uid()
    made.ImageType, made.SegmentationType = ["DERIVED", "PRIMARY"], "BINARY"
    made.Manufacturer, made.ManufacturerModelName = "highdicom", "a model"
    made.Rows, made.Columns, made.NumberOfFrames = source.Rows, source.Columns, 1
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated = made.BitsStored = 1
    made.HighBit = 0
    segment, derived, reference = Dataset(), Dataset(), Dataset()
    segment.SegmentNumber, segment.SegmentLabel, segment.SegmentAlgorithmType = 1, "a nodule", "AUTOMATIC"
    made.SegmentSequence = [segment]
    reference.ReferencedSOPClassUID = source.SOPClassUID
    reference.ReferencedSOPInstanceUID = source.SOPInstanceUID
    derived.SourceImageSequence = [reference]
    frame = Dataset()
    frame.DerivationImageSequence = [derived]
    made.PerFrameFunctionalGroupsSequence = [frame]
    mask = np.zeros((source.Rows, source.Columns), np.uint8)
    mask[10:20, 10:20] = 1
    made.PixelData = np.packbits(mask, bitorder="little").tobytes()
    return made


def test_a_segmentation_of_a_synthetic_image_says_synthetic_and_names_the_step(
    ct: Any, declaration: Declaration, tmp_path: Path
) -> None:
    plain = segmentation(ct)
    before = plain.to_json()
    made = inherit(plain, [ct], derivation="segmentation", now=NOW)
    assert made is not plain
    assert plain.to_json() == before
    assert made.SyntheticData == "YES"
    assert made.DerivationDescription.endswith(", by segmentation; no patient stands behind it.")
    (equipment,) = made.ContributingEquipmentSequence
    assert equipment.PurposeOfReferenceCodeSequence[0].CodeValue == "109100"
    assert (made.PatientID, made.StudyInstanceUID) == (ct.PatientID, ct.StudyInstanceUID)  # a synthetic one's own id
    assert made.PixelData == plain.PixelData
    made.save_as(tmp_path / "seg.dcm", enforce_file_format=True)
    verdict = verify(tmp_path / "seg.dcm")
    assert verdict.verdict == "synthetic"
    declared = Declaration.from_json(verdict.declaration or {})
    assert declared.technique == declaration.technique
    assert declared.created == "2026-11-23T09:00:00Z"
    assert declared.derivation is not None
    (source,) = declared.derivation.sources
    assert (source.origin, source.declaration) == ("synthetic", declaration.digest)
    assert declared.derived_from == (source.digest,) == (look(ct).digest,)


@pytest.mark.parametrize("made_in_memory", [True, False])
def test_the_digest_of_a_source_is_that_of_its_file(ct: Any, made_in_memory: bool, tmp_path: Path) -> None:
    ct.save_as(tmp_path / "a.dcm")
    digest = misyn.read(tmp_path / "a.dcm").digest
    assert look(ct if made_in_memory else tmp_path / "a.dcm").digest == digest
    assert look(misyn.read(tmp_path / "a.dcm")).digest == digest


def test_a_nibabel_volume_keeps_its_declaration_when_it_is_resampled_or_sliced(
    declaration: Declaration, tmp_path: Path
) -> None:
    import nibabel
    from nibabel import processing

    place = tmp_path / "volume.nii.gz"
    nib: Any = nibabel
    resample: Any = processing.resample_to_output
    nib.save(nib.Nifti1Image(VOLUME, np.diag([2.0, 2, 3, 1])), place)
    mark(place, declaration=declaration, in_place=True)
    source = nib.load(place)
    for name, made in (
        ("resampled to 1 mm", resample(source, (1, 1, 1), order=0)),
        ("crop", source.slicer[1:4, :, 2:]),
        ("augmentation: flip", nib.Nifti1Image(np.asanyarray(source.dataobj)[::-1], source.affine)),
    ):
        got = inherit(made, [source], derivation=name, now=NOW)
        assert got is not made
        assert np.array_equal(np.asanyarray(got.dataobj), np.asanyarray(made.dataobj))
        assert np.array_equal(got.affine, made.affine)
        nib.save(got, tmp_path / "made.nii")
        verdict = verify(tmp_path / "made.nii")
        assert verdict.verdict == "synthetic"
        declared = Declaration.from_json(verdict.declaration or {})
        assert declared.derivation is not None
        assert declared.derivation.how == name
        assert declared.derived_from == (misyn.read(place).digest,)
        assert len(nib.load(tmp_path / "made.nii").header.extensions) == 1
        assert np.array_equal(np.asanyarray(nib.load(tmp_path / "made.nii").dataobj), np.asanyarray(made.dataobj))


def test_a_format_of_nibabels_without_room_is_refused() -> None:
    import nibabel

    nib: Any = nibabel
    image = nib.MGHImage(np.zeros((2, 2, 2), np.float32), np.eye(4))
    with pytest.raises(NoRoomForMark, match="Nifti1Image"):
        inherit(image, [GAN], derivation="crop", now=NOW)


def test_of_an_array_the_declaration_comes_back_to_save_it_with(
    built: dict[str, bytes], declaration: Declaration, tmp_path: Path
) -> None:
    from PIL import Image

    path = tmp_path / "a.png"
    path.write_bytes(built["png"])
    mark(path, declaration=declaration, in_place=True)
    source = misyn.read(path)
    crop = source.pixels[4:20, 8:30]
    declared = inherit(crop, [source], derivation="crop", now=NOW)
    Image.fromarray(crop).save(tmp_path / "crop.png")
    mark(tmp_path / "crop.png", declaration=declared, in_place=True)
    again = Declaration.from_json(verify(tmp_path / "crop.png").declaration or {})
    assert again == declared
    assert again.derived_from == (source.digest,)
    # and once more: what was derived from is still named
    twice = inherit(crop[::2], [tmp_path / "crop.png"], derivation="every second row", now=NOW)
    assert twice.derived_from == (misyn.read(tmp_path / "crop.png").digest, source.digest)


def test_sources_of_different_techniques_are_all_listed(declaration: Declaration) -> None:
    declared = inherit(np.zeros((4, 4)), [declaration, GAN], derivation="mean", now=NOW)
    assert declared.technique.name == 'pca "mole" & co 1.2; gan 2'
    assert declared.responsible == f"{declaration.responsible}; B"
    assert declared.derivation is not None
    assert [(s.technique, s.declaration) for s in declared.derivation.sources] == [
        (declaration.technique.name, declaration.digest),
        ("gan", GAN.digest),
    ]
    assert declared.derivation.sentence == "mean of 2 synthetic images"
    assert Declaration.from_json(declared.to_text()) == declared


def medical() -> Any:
    return pydicom.dcmread(str(get_testdata_file("CT_small.dcm", download=False)))


def test_a_mix_of_synthetic_and_medical_sources_says_so_and_drops_the_patient(ct: Any, tmp_path: Path) -> None:
    patient = medical()
    made = inherit(segmentation(patient), [ct, patient], derivation="lesion pasted in", now=NOW)
    assert "made in part from other images" in made.DerivationDescription
    assert str(made.PatientID) == str(made.PatientName) == ""
    assert made.StudyInstanceUID != patient.StudyInstanceUID
    made.save_as(tmp_path / "mix.dcm", enforce_file_format=True)
    verdict = verify(tmp_path / "mix.dcm")
    assert verdict.verdict == "synthetic"
    declared = Declaration.from_json(verdict.declaration or {})
    assert declared.derivation is not None
    assert declared.derivation.sentence == "lesion pasted in of 1 synthetic image and 1 medical image"
    assert declared.limits == MIXED_LIMITS
    assert declared.derivation.sources[1].digest is None  # it would link to the patient
    assert look(patient).digest not in declared.derived_from
    data = (tmp_path / "mix.dcm").read_bytes()
    for value in (patient.PatientID, str(patient.PatientName), patient.StudyInstanceUID):
        assert str(value).encode() not in data


def test_an_unmarked_source_is_undeclared_unless_the_caller_knows_it(ct: Any, make_dicom: Callable[..., bytes]) -> None:
    unmarked = read_dataset(make_dicom())
    for arguments, origin in (([ct, unmarked], "undeclared"), ([ct], "medical")):
        known = [unmarked] if origin == "medical" else []
        declared = inherit(np.zeros(3), arguments, medical=known, derivation="mean", now=NOW)
        assert declared.derivation is not None
        assert declared.derivation.sources[1].origin == origin
    with pytest.raises(MarkError, match="says synthetic"):
        inherit(np.zeros(3), [ct], medical=[ct], derivation="mean", now=NOW)


def test_an_image_to_image_technique_declares_its_source_by_digest_and_keeps_the_patient_link(tmp_path: Path) -> None:
    patient = medical()
    own = Declaration(
        technique=Technique(name="denoiser", kind="image-to-image"), responsible="A", created="2026-11-22T10:00:00Z"
    )
    made = inherit(medical(), [patient], derivation="denoising", declaration=own, now=NOW)
    assert made.PatientID == patient.PatientID
    made.save_as(tmp_path / "out.dcm")
    verdict = verify(tmp_path / "out.dcm")
    assert verdict.verdict == "synthetic"
    assert any("image-to-image" in problem for problem in verdict.problems)
    declared = Declaration.from_json(verdict.declaration or {})
    assert declared.derived_from == (look(patient).digest,)
    assert declared.limits == MIXED_LIMITS
    # a crop of it is still that patient's, and says from which image
    crop = inherit(medical(), [made], derivation="crop", now=NOW)
    assert crop.PatientID == patient.PatientID
    assert look(patient).digest in look(crop).declaration.derived_from  # type: ignore[union-attr]


def test_any_other_technique_loses_the_patient_link_of_a_template() -> None:
    made = inherit(medical(), [GAN], derivation="saved with another header", now=NOW)
    assert str(made.PatientID) == ""
    assert made.PatientSex == medical().PatientSex
    assert made.ImageType[0] == "DERIVED"


def test_an_image_to_image_technique_without_its_sources_pixels_is_refused() -> None:
    own = Declaration(
        technique=Technique(name="denoiser", kind="image-to-image"), responsible="A", created="2026-11-22T10:00:00Z"
    )
    with pytest.raises(MarkError, match="pixels of every source"):
        inherit(np.zeros(3), [Source()], derivation="denoising", declaration=own, now=NOW)


def test_nothing_is_inherited_from_nothing(built: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(built["png"])
    with pytest.raises(MarkError, match="synthetic source to inherit from"):
        inherit(np.zeros(3), [tmp_path / "a.png"], derivation="crop", now=NOW)
    with pytest.raises(UsageError, match="found none"):
        inherit(np.zeros(3), [], derivation="crop", now=NOW)
    with pytest.raises(UsageError, match="found ndarray"):
        inherit(np.zeros(3), [np.zeros(3)], derivation="crop", now=NOW)
    with pytest.raises(UsageError, match="found dict"):
        inherit({}, [GAN], derivation="crop", now=NOW)  # type: ignore[call-overload]


def test_a_source_that_contradicts_itself_is_refused(ct: Any, make_dicom: Callable[..., bytes]) -> None:
    both = read_dataset(make_dicom())
    both.update({e.tag: e for e in ct if e.tag.is_private or e.keyword == "ContributingEquipmentSequence"})
    both.add_new(0x0008001C, "CS", "NO")
    with pytest.raises(MarkError, match="contradiction"):
        inherit(np.zeros(3), [both], derivation="crop", now=NOW)


def test_a_source_that_only_a_standard_field_calls_synthetic_needs_someone_responsible(
    make_dicom: Callable[..., bytes],
) -> None:
    source = read_dataset(make_dicom())
    source.add_new(0x0008001C, "CS", "YES")
    with pytest.raises(MarkError, match="someone responsible"):
        inherit(np.zeros(3), [source], derivation="crop", now=NOW)
    declared = inherit(np.zeros(3), [source], derivation="crop", responsible="C", now=NOW)
    assert (declared.technique.name, declared.responsible) == ("technique not declared", "C")


@pytest.fixture
def key(tmp_path: Path) -> Any:
    pytest.importorskip("c2pa", reason="the credential layer needs c2pa-python; pip install 'misyn[credential]'")
    from misyn.signing import create, load

    create(tmp_path / "keys", owner="Example Lab", now=datetime.now(UTC))
    return load(tmp_path / "keys")


def test_a_crop_does_not_carry_the_credential_that_was_signed_for_its_source(
    key: Any, declaration: Declaration, make_dicom: Callable[..., bytes], tmp_path: Path
) -> None:
    import nibabel

    nib: Any = nibabel
    nib.save(nib.Nifti1Image(VOLUME, np.eye(4)), tmp_path / "v.nii")
    (tmp_path / "a.dcm").write_bytes(make_dicom())
    for name in ("v.nii", "a.dcm"):
        mark(tmp_path / name, declaration=declaration, in_place=True, key=key)
        assert verify(tmp_path / name).layers["credential"]["found"] is True
    nib.save(
        inherit(nib.load(tmp_path / "v.nii").slicer[:2], [tmp_path / "v.nii"], derivation="crop"), tmp_path / "c.nii"
    )
    crop: Any = pydicom.dcmread(tmp_path / "a.dcm")
    crop.Rows = 10
    crop.PixelData = crop.PixelData[: 10 * crop.Columns * 2]
    inherit(crop, [tmp_path / "a.dcm"], derivation="crop").save_as(tmp_path / "c.dcm")
    for name in ("c.nii", "c.dcm"):
        verdict = verify(tmp_path / name)
        assert (verdict.verdict, verdict.layers["credential"]["found"]) == ("synthetic", False)
    # an own mark signs the derived image anew
    declared = Declaration.from_json(verify(tmp_path / "c.dcm").declaration or {})
    mark(tmp_path / "c.dcm", declaration=declared, in_place=True, key=key)
    assert verify(tmp_path / "c.dcm", trust=key.chain[-1:]).trusted is True
