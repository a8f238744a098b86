"""Whatever makes numbers mislead is a warning with a name that leads, or an error; no file is left out in silence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image as Pillow

from discs import disc, discs
from misyn.errors import EvaluationError, NoImages
from misyn.evaluate.pair import Settings
from misyn.evaluate.study import Evaluation, Sets, evaluate
from misyn.images.collection import Collection, collect
from misyn.report import page

QUICK = Settings(permutations=19)


def run(sets: Sets, out: Path) -> Evaluation:
    return evaluate(sets, out=out, workers=0, settings=QUICK)


def rows(out: Path) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = pq.ParquetFile(out / "per-image.parquet").read().to_pylist()
    return found


def volumes(folder: Path, n: int, *, hole: bool = False) -> Collection:
    """Small volumes of floats; with a hole, some voxels are no numbers."""
    folder.mkdir()
    for number in range(n):
        stack = np.stack([disc(100 + number + z)[::2, ::2].astype(np.float32) for z in range(3)], axis=-1)
        if hole:
            stack[:4] = np.nan
        nibabel.Nifti1Image(stack, np.eye(4)).to_filename(folder / f"{number}.nii")  # type: ignore[no-untyped-call]
    return collect(folder)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many ways to differ at once: volumes of floats with holes against grey pictures, and two files cut short."""
    place = tmp_path_factory.mktemp("broken")
    training = discs(place / "t", 22)
    for name in ("cut.png", "patient-17.png"):
        (place / "t" / name).write_bytes(training.items[0].path.read_bytes()[:60])
    items = tuple(replace(item, label="only") for item in collect(place / "t").items)
    medical = Collection(items, unit="image", patients_known=False)
    content = run(Sets(synthetic=volumes(place / "v", 8, hole=True), training=medical), place / "out").content
    page.write(
        place / "out", audit=None, evaluation=content, marks=None, record=None, images=place / "out/per-image.parquet"
    )
    return place / "out"


def test_every_cause_is_named_and_form_leads(broken: Path) -> None:
    ids = [warning["id"] for warning in json.loads((broken / "evaluation.json").read_text("utf-8"))["warnings"]]
    expected = {
        *("size-differs", "planes-differ", "bit-depth-differs"),
        *("patients-unknown", "one-label", "nan-pixels", "unreadable-files", "no-held-out"),
    }
    assert expected <= set(ids)
    assert ids[0] in expected, "any test finds a difference of form first"
    assert ids.index("size-differs") < ids.index("patients-unknown") < ids.index("nan-pixels")


def test_a_file_that_could_not_be_read_has_a_row_with_the_reason(broken: Path) -> None:
    found = [row for row in rows(broken) if row["error"]]
    assert sorted(Path(row["path"]).name for row in found) == ["cut.png", "patient-17.png"]
    assert {row["origin"] for row in found} == {"training"}
    assert all(row["error"].startswith("MalformedImage: ") and row["digest"] is None for row in found)


def test_the_report_names_it_and_the_evidence_that_leaves_the_machine_does_not(broken: Path) -> None:
    assert "patient-17.png" in (broken / "report.html").read_text("utf-8")
    assert "patient-17" not in (broken / "evaluation.json").read_text("utf-8")


def test_a_set_of_which_nothing_reads_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    sets = Sets(synthetic=collect(tmp_path / "s"), training=discs(tmp_path / "t", 6))
    with pytest.raises(NoImages, match="at least one readable image among the synthetic images"):
        run(sets, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_sets_without_any_difference_are_an_error(tmp_path: Path) -> None:
    for name in ("t", "s"):
        (tmp_path / name).mkdir()
        for number in range(6):
            Pillow.fromarray(np.full((40, 40), 90, np.uint8)).save(tmp_path / name / f"{number}.png")
    sets = Sets(synthetic=collect(tmp_path / "s"), training=collect(tmp_path / "t"))
    with pytest.raises(EvaluationError, match="all images are identical"):
        run(sets, tmp_path / "out")
