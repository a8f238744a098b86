"""A page whose parts are missing: every absence becomes a sentence in its place."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from misyn.errors import EvidenceError
from misyn.report import page
from report.parsed import parse
from report.toy_study import Study, estimate

PARTS = ("audit", "marks", "record", "evaluation")


@pytest.mark.parametrize("present", list(itertools.product([True, False], repeat=4)))
def test_any_part_may_be_missing(study: Study, present: tuple[bool, ...]) -> None:
    for part, there in zip(PARTS, present, strict=True):
        if not there:
            setattr(study, part, None)
    tree = parse(study.write())
    assert len(tree.by_class("tile")) == 4
    assert ("Marks were not looked for" in tree.text) == (study.marks is None)
    assert ("There is no record" in tree.text) == (study.audit is None)
    assert "However good the numbers above" in tree.text


def test_without_an_evaluation_there_need_be_no_table_of_images(tmp_path: Path) -> None:
    written = page.write(
        tmp_path, audit=None, evaluation=None, marks=None, record=None, images=tmp_path / "absent.parquet"
    )
    text = parse(written.read_text(encoding="utf-8")).text
    assert text.count("We cannot tell") >= 3
    assert "Nothing was measured." in text
    assert "for publishing" not in text


@pytest.mark.parametrize("content", [None, b"", b"PAR1 but not really"])
def test_an_evaluation_whose_table_of_images_is_not_there_is_refused(study: Study, content: bytes | None) -> None:
    table = study.folder / "images.parquet"
    if content is not None:
        table.write_bytes(content)
    with pytest.raises(EvidenceError, match="expected"):
        page.write(study.folder, audit=None, evaluation=study.evaluation, marks=None, record=None, images=table)
    assert not (study.folder / page.NAME).exists()


def only(study: Study, *origins: str) -> None:
    """Leave only some sets of images."""
    assert study.evaluation
    study.rows = [row for row in study.rows if row["origin"] in origins]
    study.evaluation["sets"] = {name: study.evaluation["sets"].get(name, {}) for name in origins}


def test_without_held_out_images_suspected_copies_are_said_to_be_out_of_reach(study: Study) -> None:
    only(study, "training", "synthetic")
    assert study.evaluation
    study.evaluation["estimates"] = [estimate("exact_copies", 0.0)]
    for row in study.rows:
        row.update(copy_suspect=None, exact_copy=False if row["origin"] == "synthetic" else None)
    text = parse(study.write()).text
    assert "near copies could not be looked for without held-out images" in text
    assert "Suspected copies could not be looked for" in text


def test_a_reference_set_is_never_taken_for_the_training_images(study: Study) -> None:
    assert study.evaluation
    for row in study.rows:
        row["origin"] = {"training": "reference"}.get(row["origin"], row["origin"])
    study.evaluation["sets"]["reference"] = study.evaluation["sets"].pop("training")
    for number in [*study.evaluation["estimates"], *study.evaluation["tests"]]:
        number["set"] = "reference"
    study.evaluation["estimates"] = [e for e in study.evaluation["estimates"] if e["name"] != "exact_copies"]
    study.evaluation["estimates"].append(estimate("exact_copies", 0.0, set="reference"))
    tree = parse(study.write())
    assert "the training images are not known" in tree.by_class("tile")[2].text
    assert "24 reference medical images" in tree.by_id("top").text


def test_one_image_of_each_kind_is_enough(study: Study) -> None:
    study.rows = [next(row for row in study.rows if row["origin"] == o) for o in ("training", "synthetic")]
    study.evaluation = {"estimates": [estimate("coverage", 1.0, n_medical=1, n_synthetic=1)], "sets": {}}
    tree = parse(study.write())
    assert "1 synthetic image, compared with 1 training image" in tree.by_id("top").text
    assert len(tree.by_id("look").all("img")) >= 2


def test_nulls_and_nan_are_unknown_and_never_zero(study: Study) -> None:
    nothing = {"supported": None, "covered": None, "exact_copy": None, "copy_suspect": None}
    numbers = dict.fromkeys(("nearest_distance", "x", "y"), float("nan"))
    for row in study.rows:
        row.update(nothing | numbers)
    study.evaluation = {"estimates": [estimate("coverage", float("nan")), estimate("support", float("inf"))]}
    tree = parse(study.write())
    text = tree.text
    assert "We cannot tell what is missing" in tree.by_class("tile")[0].text
    assert "There is no map" in text
    assert not re.search(r"\b(nan|inf|None)\b", text)


def test_empty_tables_are_read_as_no_images(study: Study) -> None:
    study.rows = []
    study.evaluation = {"estimates": [], "tests": [], "warnings": [], "sets": {}}
    assert "lists no synthetic image" in parse(study.write()).text


def test_galleries_are_bounded_and_so_is_the_page(study: Study) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)
    Pillow.fromarray(noise).save(study.folder / "noise.png")
    for row in study.rows * 1:
        row["path"] = row["nearest"] = str(study.folder / "noise.png")
        row["covered"] = False if row["origin"] != "synthetic" else None
        row["copy_suspect"] = True if row["origin"] == "synthetic" else None
    text = study.write()
    pairs = [len(gallery.all("details")) for gallery in parse(text).by_class("gallery")]
    assert max(pairs) <= 12
    assert len(text.encode()) < 5_000_000
