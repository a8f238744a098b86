"""On images that were made and acquired elsewhere: aggregates only."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import pytest

import misyn
from misyn.errors import MisynError
from misyn.marks.collection import verify_files
from misyn.marks.declaration import Declaration
from misyn.marks.evidence import summarise
from misyn.marks.metadata import writer_for
from misyn.marks.verifying import verify

pytestmark = pytest.mark.data


def folder(data_dir: Path, name: str) -> Path:
    if not (data_dir / name).is_dir():
        pytest.skip(f"the development images {name} are not here")
    return data_dir / name


def test_text_to_image_dermoscopy_is_synthetic_and_undeclared_by_its_own_text(data_dir: Path) -> None:
    paths = sorted(folder(data_dir, "derm_t2im").rglob("*.png"))
    files = verify_files(paths, workers=0)
    evidence = summarise(files)
    assert evidence["n_files"] == 200
    assert evidence["verdicts"] == {"synthetic": 200, "contradictory": 0, "no-evidence": 0, "unreadable": 0}
    assert evidence["foreign"] == {"png:parameters": 200}
    assert (evidence["foreign_only"], evidence["declared"]) == (200, 0)
    assert evidence["problems"] == {
        "undeclared: only the generator's own PNG text says so; no standard mark, no declaration": 200
    }
    revealed = [file["layers"]["foreign"]["traces"][0]["reveals"] for file in files]
    assert all({"prompt", "seed", "sampler", "model hash"} <= found.keys() for found in revealed)
    assert sum("CodeFormer" in found.get("post-processing", "") for found in revealed) >= 50


def test_medical_photographs_and_volumes_show_no_evidence(data_dir: Path) -> None:
    paths = sorted(folder(data_dir, "wound_fuseg").rglob("*.jpg"))[:200]
    paths += sorted(folder(data_dir, "ham10000").rglob("*.jpg"))[:200]
    paths += sorted(folder(data_dir, "niivue").glob("*.nii.gz"))
    evidence = summarise(verify_files(paths, workers=0))
    assert evidence["verdicts"]["no-evidence"] == evidence["n_files"] > 6


def test_volumes_keep_their_samples(data_dir: Path, declaration: Declaration, tmp_path: Path) -> None:
    for path in sorted(folder(data_dir, "niivue").glob("*.nii.gz"))[:3]:
        copy = tmp_path / path.name
        with path.open("rb") as source, copy.open("wb") as target:
            writer_for("nifti").write(source, target, declaration)
        assert misyn.read(copy).digest == misyn.read(path).digest


def test_malformed_dicom_is_judged_and_marked_or_refused_and_no_pixel_changes(
    data_dir: Path, declaration: Declaration, tmp_path: Path
) -> None:
    paths = sorted(path for path in folder(data_dir, "dicom_fuzz").rglob("*.dcm"))
    evidence = summarise([verify(path) for path in paths])
    assert evidence["verdicts"]["synthetic"] == evidence["verdicts"]["contradictory"] == 0
    written = 0
    for path in paths:
        copy = tmp_path / "copy.dcm"
        with path.open("rb") as source, copy.open("w+b") as target:
            try:
                writer_for("dicom").write(source, target, declaration)
            except MisynError:
                continue
            mark = writer_for("dicom").read(target)
        assert mark is not None
        assert mark.declarations == (declaration,)
        written += 1
        if written % 10 == 0:
            assert digest(copy) == digest(path)
    assert written > len(paths) // 2


def digest(path: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return misyn.read(path).digest
        except MisynError as error:
            return type(error).__name__


def test_a_marked_copy_of_a_synthetic_picture_keeps_the_generators_own_text(
    data_dir: Path, declaration: Declaration
) -> None:
    path = next(iter(sorted(folder(data_dir, "derm_t2im").rglob("*.png"))))
    target = io.BytesIO()
    with path.open("rb") as source:
        writer_for("png").write(source, target, declaration)
    assert b"tEXtparameters\0" in target.getvalue()
