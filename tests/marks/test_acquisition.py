"""Headers that show acquisition from a patient, carried by others' converters into formats that know no patients."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from misyn.errors import AcquiredFromPatient
from misyn.marks import mark, verify
from misyn.marks.acquisition import shown_by
from misyn.marks.declaration import Declaration
from misyn.marks.metadata import inspect_file
from misyn.marks.metadata.sidecar import path_of


def scanned(folder: Path, **changes: Any) -> Path:
    """A DICOM slice of pydicom's, with what a scanner writes about a patient, a device and a time."""
    import pydicom
    from pydicom.data import get_testdata_file

    path = folder / "mr.dcm"
    found = pydicom.dcmread(str(get_testdata_file("MR_small.dcm")))
    found.ImageType, found.AcquisitionDate, found.AcquisitionTime = ["ORIGINAL", "PRIMARY"], "20260102", "093045.120"
    for name, value in changes.items():
        setattr(found, name, value)
    found.save_as(path)
    return path


def converted(source: Path, kind: str) -> Path:
    """The slice as others save it elsewhere."""
    target = source.parent / f"out.{kind}"
    if kind == "nii":
        program = shutil.which("dcm2niix")
        if program is None:
            pytest.skip("dcm2niix is not installed")
        command = [program, "-b", "y", "-z", "n", "-f", "out", "-o", str(source.parent), str(source.parent)]
        subprocess.run(command, check=True, capture_output=True)
    else:
        import SimpleITK

        SimpleITK.WriteImage(SimpleITK.ReadImage(str(source)), str(target))
    return target


def rules(path: Path) -> list[str]:
    kind = {".nii": "nifti", ".nrrd": "nrrd", ".mha": "metaimage", ".dcm": "dicom"}[path.suffix]
    return [rule.id for rule in shown_by(inspect_file(path, kind).facts)]


@pytest.mark.parametrize(("kind", "expected"), [("nrrd", ["A1"]), ("mha", ["A1"]), ("nii", ["A5", "A6"])])
def test_a_converted_scan_is_refused_and_a_forced_mark_on_it_is_contradictory(
    tmp_path: Path, declaration: Declaration, kind: str, expected: list[str]
) -> None:
    path = converted(scanned(tmp_path), kind)
    assert rules(path) == expected
    before = path.read_bytes()
    with pytest.raises(AcquiredFromPatient, match="acquisition"):
        mark(path, declaration=declaration, in_place=True)
    assert path.read_bytes() == before
    result = mark(path, declaration=declaration, in_place=True, force="a phantom was scanned")
    assert result.declaration.forced == "a phantom was scanned"
    verdict = verify(path)
    assert verdict.verdict == "contradictory"
    assert any("this speaks against the mark" in problem for problem in verdict.problems)
    assert rules(path) == expected


def test_each_rule_needs_all_its_parts(tmp_path: Path) -> None:
    assert rules(converted(scanned(tmp_path, ImageType=["DERIVED", "SECONDARY"]), "mha")) == []
    assert rules(converted(scanned(tmp_path, PatientID=""), "nrrd")) == []


def test_a_sidecar_shows_acquisition_by_image_type_device_and_time(tmp_path: Path, built: dict[str, bytes]) -> None:
    path = tmp_path / "a.nii"
    path.write_bytes(built["nifti"])
    whole = {"ImageType": ["ORIGINAL", "PRIMARY"], "Manufacturer": "m", "AcquisitionTime": "09:30:45"}

    def with_sidecar(content: dict[str, Any]) -> list[str]:
        path_of(path).write_text(json.dumps(content))
        return rules(path)

    assert with_sidecar(whole) == ["A5"]
    for name in whole:
        less = {key: value for key, value in whole.items() if key != name}
        assert with_sidecar(less) == []
    without_type = {key: value for key, value in whole.items() if key != "ImageType"} | {"EchoTime": 0.003}
    assert with_sidecar(without_type) == ["A5"]
    assert with_sidecar(whole | {"ImageType": ["DERIVED"]}) == []
    assert with_sidecar(whole | {"Manufacturer": {"a": 1}}) == []


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        (b"TE=2.9;Time=145432.000", True),
        (b"TE=2.4e+02;Time=93045.120;phase=1", True),
        (b"TR=2000;Time=1234.000", True),
        (b"TE=2.4e+02;Time=0.000", False),
        (b"FSL5.0", False),
        (b"Time=145432.000", False),
    ],
)
def test_descrip_shows_acquisition_by_an_echo_time_and_a_time_and_after_a_mark_too(
    tmp_path: Path, built: dict[str, bytes], declaration: Declaration, text: bytes, shows: bool
) -> None:
    path = tmp_path / "a.nii"
    data = bytearray(built["nifti"])
    data[148:228] = text.ljust(80, b"\0")
    path.write_bytes(data)
    assert rules(path) == (["A6"] if shows else [])
    mark(path, declaration=declaration, in_place=True, force="reason" if shows else None)
    assert rules(path) == (["A6"] if shows else [])


@pytest.mark.parametrize("kind", ["nrrd", "mha"])
def test_the_tag_that_itk_carried_over_from_dicom_is_read(tmp_path: Path, kind: str) -> None:
    path = scanned(tmp_path, ImageType=["DERIVED", "SECONDARY"], SyntheticData="YES")
    verdict = verify(converted(path, kind))
    assert (verdict.verdict, verdict.trusted) == ("synthetic", False)
    assert verdict.layers["metadata"]["fields"][0]["field"] == "SyntheticData (0008|001c)"
