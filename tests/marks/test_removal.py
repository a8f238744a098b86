"""What someone could try with files: copy a declaration, strip layers one by one, cut files, glue two together."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file

import misyn
from misyn.errors import AcquiredFromPatient, MisynError, NoRoomForMark
from misyn.marks import Declaration, mark, verify
from misyn.marks.metadata import writer_for

ALL = ("metadata", "fingerprint", "label")


def medical() -> Any:
    return pydicom.dcmread(str(get_testdata_file("CT_small.dcm", download=False)))


def written(data: bytes, kind: str, declaration: Declaration) -> bytes:
    target = io.BytesIO()
    writer_for(kind).write(io.BytesIO(data), target, declaration)
    return target.getvalue()


def test_a_declaration_copied_onto_a_medical_image_is_contradictory_and_the_header_is_named_as_evidence(
    declaration: Declaration, make_dicom: Callable[..., bytes], tmp_path: Path
) -> None:
    source: Any = pydicom.dcmread(io.BytesIO(written(make_dicom(), "dicom", declaration)))
    victim = medical()
    stolen = {0x0008001C, 0x00082111, 0x0018A001, 0x4D530010, 0x4D531001}
    victim.update({element.tag: element for element in source if element.tag in stolen})
    victim.save_as(tmp_path / "victim.dcm")
    verdict = verify(tmp_path / "victim.dcm")
    assert (verdict.verdict, verdict.trusted) == ("contradictory", False)
    assert {"S1", "S2", "C3"} <= set(verdict.rules)
    against = [problem for problem in verdict.problems if problem.startswith("this speaks against the mark")]
    assert against == [
        "this speaks against the mark: its DICOM header says ORIGINAL and names a patient, a device and an acquisition"
    ]
    assert str(victim.PatientID) not in str(verdict.as_json())


def test_a_forced_mark_on_a_medical_image_is_recorded_and_still_contradictory(
    declaration: Declaration, tmp_path: Path
) -> None:
    path = tmp_path / "ct.dcm"
    medical().save_as(path)
    before = path.read_bytes()
    with pytest.raises(AcquiredFromPatient):
        mark(path, declaration=declaration, in_place=True)
    assert path.read_bytes() == before
    result = mark(path, declaration=declaration, in_place=True, force="a test")
    assert result.as_json()["forced"] == "a test"
    verdict = verify(path)
    assert verdict.verdict == "contradictory"
    assert {"C3", "P4"} <= set(verdict.rules)


def without(dataset: Any, *tags: int) -> Any:
    for tag in tags:
        if tag in dataset:
            del dataset[tag]
    return dataset


STRIPS: list[tuple[str, tuple[int, ...]]] = [
    ("the tag", (0x0008001C,)),
    ("the equipment", (0x0018A001,)),
    ("the sentence", (0x00082111,)),
    ("the private block", (0x4D530010, 0x4D531001)),
    ("the overlay", tuple(0x60000000 | n for n in (0x10, 0x11, 0x22, 0x40, 0x50, 0x100, 0x102, 0x1500, 0x3000))),
]


@pytest.mark.parametrize("order", range(4))
def test_layers_stripped_one_by_one_leave_the_rest_speaking_and_then_only_the_store(
    order: int, declaration: Declaration, make_dicom: Callable[..., bytes], tmp_path: Path
) -> None:
    path, store = tmp_path / "a.dcm", tmp_path / "store"
    path.write_bytes(make_dicom())
    mark(path, declaration=declaration, in_place=True, layers=ALL, store=store)
    strips = STRIPS[:]
    random.Random(order).shuffle(strips)  # noqa: S311 - an order
    for n, (_, tags) in enumerate(strips):
        assert verify(path).verdict == "synthetic"
        without(dataset := pydicom.dcmread(path), *tags).save_as(path)
        del dataset
        expected = "synthetic" if n + 1 < len(strips) else "no-evidence"
        assert verify(path).verdict == expected
        assert verify(path, store=store).verdict == "synthetic"
    verdict = verify(path, store=store)
    assert verdict.rules == ("S5",)
    assert verdict.layers["metadata"]["found"] is False


@pytest.mark.parametrize("name", ["png", "jpeg", "webp", "tiff", "gif", "nifti", "nrrd", "mha", "dicom-explicit"])
def test_a_truncated_file_never_raises_and_never_loses_a_declaration_that_lies_before_the_cut(
    name: str, built: dict[str, bytes], declaration: Declaration, tmp_path: Path
) -> None:
    kind = {"mha": "metaimage"}.get(name, name.partition("-")[0])
    whole = written(built[name], kind, declaration)
    end = whole.index(b"misyn/declaration/1") + 2 * len(declaration.to_text())
    path = tmp_path / "cut"
    for cut in sorted({*range(0, len(whole), max(1, len(whole) // 60)), len(whole) - 1}):
        path.write_bytes(whole[:cut])
        verdict = verify(path)
        assert verdict.verdict in ("synthetic", "contradictory", "no-evidence", "unreadable")
        if end <= cut and kind in ("png", "jpeg", "nifti", "nrrd", "metaimage", "dicom"):
            assert verdict.declaration == declaration.to_json(), cut


def test_a_dicom_file_with_a_tiff_in_its_preamble_is_judged_as_dicom_and_says_so(
    built: dict[str, bytes], declaration: Declaration, tmp_path: Path
) -> None:
    whole = bytearray(written(built["dicom-explicit"], "dicom", declaration))
    whole[:8] = b"II*\0\x08\0\0\0"
    (tmp_path / "a").write_bytes(whole)
    verdict = verify(tmp_path / "a")
    assert (verdict.verdict, verdict.format) == ("synthetic", "dicom")
    assert "the same bytes also start as tiff; that part was not looked at" in verdict.problems


@pytest.mark.parametrize("name", ["png", "jpeg", "gif", "webp"])
def test_a_mark_in_bytes_behind_a_picture_is_not_the_pictures(
    name: str, built: dict[str, bytes], declaration: Declaration, tmp_path: Path
) -> None:
    """A marked file glued behind an unmarked one is in its bytes and not in its image."""
    (tmp_path / "a").write_bytes(built[name] + written(built["png"], "png", declaration))
    verdict = verify(tmp_path / "a")
    assert (verdict.verdict, verdict.format) == ("no-evidence", name)
    assert verdict.layers["metadata"]["found"] is False


@pytest.mark.parametrize(
    ("name", "data", "suggestion"),
    [
        ("a.mgh", b"\0\0\0\1" + bytes(400), "NIfTI"),
        ("a.mgz", b"\x1f\x8b\x08" + bytes(40), "NIfTI"),
        ("a.jp2", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40), "PNG or TIFF"),
        ("a.bmp", b"BM" + bytes(60), "PNG"),
        ("a.npy", b"\x93NUMPY" + bytes(60), "NIfTI"),
        ("a.mnc", b"\x89HDF\r\n\x1a\n" + bytes(60), "NIfTI"),
    ],
)
def test_formats_without_room_are_refused_with_one_to_convert_to(
    name: str, data: bytes, suggestion: str, declaration: Declaration, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(MisynError, match=f"(?i)convert it to {suggestion}|save it as {suggestion}"):
        mark(path, declaration=declaration, in_place=True)
    assert path.read_bytes() == data


@pytest.mark.parametrize("kind", ["MGHImage", "AnalyzeImage", "Spm99AnalyzeImage"])
def test_mgh_and_analyze_as_nibabel_writes_them_are_refused_naming_nifti(
    kind: str, declaration: Declaration, tmp_path: Path
) -> None:
    import nibabel
    import numpy as np

    image = getattr(nibabel, kind)(np.zeros((4, 5, 6), np.float32), np.eye(4))
    path = tmp_path / ("a.mgz" if kind == "MGHImage" else "a.img")
    nibabel.save(image, path)
    header = path if kind == "MGHImage" else path.with_suffix(".hdr")
    before = header.read_bytes()
    with pytest.raises(NoRoomForMark, match="convert it to NIfTI"):
        mark(header, declaration=declaration, in_place=True)
    assert header.read_bytes() == before


def test_verify_says_of_a_format_without_room_that_it_cannot_tell(tmp_path: Path) -> None:
    (tmp_path / "a.mgh").write_bytes(b"\0\0\0\1" + bytes(400))
    assert verify(tmp_path / "a.mgh").verdict == "unreadable"
    assert misyn.verify is verify
