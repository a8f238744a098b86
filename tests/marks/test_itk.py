"""Files that ITK shall write again: why it refuses SyntheticData, what the mode leaves out, and what survives."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file

from misyn.marks import Declaration, mark, verify
from misyn.marks.metadata import ITK, writer_for


@pytest.fixture
def slice_of(tmp_path: Path) -> Path:
    """A derived CT slice: ITK reads images with a geometry."""
    made: Any = pydicom.dcmread(str(get_testdata_file("CT_small.dcm", download=False)))
    made.ImageType, made.PatientID, made.PatientName = ["DERIVED", "PRIMARY"], "", ""
    made.save_as(tmp_path / "plain.dcm")
    return tmp_path / "plain.dcm"


def written(path: Path, declaration: Declaration, *, itk: bool) -> bytes:
    target = io.BytesIO()
    with path.open("rb") as source:
        (ITK if itk else writer_for("dicom")).write(source, target, declaration)
    return target.getvalue()


def save_again(path: Path, target: Path) -> None:
    import SimpleITK

    SimpleITK.WriteImage(SimpleITK.ReadImage(str(path)), str(target))


def test_simpleitk_writes_a_file_of_this_mode_and_the_sentence_survives(
    slice_of: Path, declaration: Declaration, tmp_path: Path
) -> None:
    path, again = tmp_path / "itk.dcm", tmp_path / "again.dcm"
    path.write_bytes(written(slice_of, declaration, itk=True))
    marked = pydicom.dcmread(path)
    assert "SyntheticData" not in marked
    assert marked.ContributingEquipmentSequence[-1].PurposeOfReferenceCodeSequence[0].CodeValue == "109100"
    assert verify(path).declaration == declaration.to_json()
    save_again(path, again)
    verdict = verify(again)
    assert verdict.verdict == "synthetic"
    assert [field["field"] for field in verdict.layers["metadata"]["fields"]] == ["DerivationDescription (0008,2111)"]
    assert verdict.declaration is None  # what is lost: ITK drops sequences and private blocks


@pytest.mark.parametrize("value", ["YES", "NO"])
def test_the_mode_takes_out_the_element_that_is_there(slice_of: Path, declaration: Declaration, value: str) -> None:
    made: Any = pydicom.dcmread(slice_of)
    made.add_new(0x0008001C, "CS", value)
    made.save_as(slice_of)
    assert "SyntheticData" not in pydicom.dcmread(io.BytesIO(written(slice_of, declaration, itk=True)))


@pytest.mark.parametrize("tag", [0x0008001C, 0x0018FFF1])
def test_itk_refuses_any_element_that_its_dictionary_does_not_know(slice_of: Path, tag: int, tmp_path: Path) -> None:
    """When the first of these passes, ITK's dictionary has caught up, and the mode can go."""
    made: Any = pydicom.dcmread(slice_of)
    made.add_new(tag, "CS", "YES")
    made.save_as(tmp_path / "unknown.dcm")
    with pytest.raises(RuntimeError, match="invalid logic"):
        save_again(tmp_path / "unknown.dcm", tmp_path / "again.dcm")


def test_the_mode_carries_a_credential_too(slice_of: Path, declaration: Declaration, tmp_path: Path) -> None:
    pytest.importorskip("c2pa", reason="credentials need the extra: pip install 'misyn[credential]'")
    from misyn.signing import create

    key = create(tmp_path / "keys", owner="Example Lab", now=datetime.now(UTC))
    result = mark(slice_of, declaration=declaration, in_place=True, itk=True, key=key)
    assert any("SyntheticData was left out" in note for note in result.notes)
    assert "SyntheticData" not in pydicom.dcmread(slice_of)
    assert verify(slice_of, trust=key.chain[-1:]).trusted is True
    save_again(slice_of, tmp_path / "again.dcm")
    assert verify(tmp_path / "again.dcm").verdict == "synthetic"
