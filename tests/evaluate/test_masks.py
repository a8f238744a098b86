"""Claims on marked anatomy: what counts as inside, which mask belongs to which image, and what a study says of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from discs import discs
from misyn.evaluate import masks
from misyn.evaluate.pair import Settings
from misyn.evaluate.study import Sets, evaluate


def test_size_is_the_share_inside_and_parts_are_separate() -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[:5, :4] = 255
    mask[10:12, 10:15] = 255
    mask[19, 19] = 255  # a single pixel is no part
    assert masks.size_of(mask) == (31 / 400, 2)


def test_a_mask_may_be_labels_or_a_compressed_picture() -> None:
    labels = np.zeros((10, 10), np.uint8)
    labels[:2], labels[5:7] = 1, 13
    assert masks.size_of(labels) == (0.4, 2)
    blurred = np.full((10, 10), 3, np.uint8)  # what JPEG leaves beside an edge
    blurred[:5] = 250
    assert masks.size_of(blurred) == (0.5, 1)
    assert masks.size_of(np.zeros((4, 4), np.uint8)) == (0.0, 0)


def drawn(folder: Path, names: list[str], side: int) -> Path:
    folder.mkdir()
    for name in names:
        mask = np.zeros((40, 40), np.uint8)
        mask[:side, :side] = 255
        Pillow.fromarray(mask).save(folder / f"{name}.png")
    return folder


def test_larger_anatomy_is_found_and_missing_masks_are_counted(tmp_path: Path) -> None:
    training, synthetic = discs(tmp_path / "t", 40), discs(tmp_path / "s", 40, start=500)
    names = [[item.path.stem for item in c.items] for c in (training, synthetic)]
    folders = {
        "training": drawn(tmp_path / "tm", names[0], 10),
        "synthetic": drawn(tmp_path / "sm", names[1][:35], 20),
    }
    sets = Sets(synthetic=synthetic, training=training, masks=folders)
    found = evaluate(sets, out=tmp_path / "out", workers=0, settings=Settings(permutations=99))
    values = {e.name: (e.value, e.n_synthetic) for e in found.estimates if e.group is None}
    assert values["shift_anatomy_size"] == (1.0, 35)
    assert values["shift_anatomy_parts"] == (0.5, 35)
    told = {c.id: c.text for c in found.caveats}
    assert told["masks-missing"].startswith("The synthetic images: 5 of 40 have no mask")
    assert {t.name: t.p_adjusted < 0.05 for t in found.tests if t.p_adjusted is not None}["shift_anatomy_size"]


def test_a_name_that_several_masks_bear_belongs_to_none(tmp_path: Path) -> None:
    training = discs(tmp_path / "t", 3)
    names = [item.path.stem for item in training.items]
    place = tmp_path / "masks"
    place.mkdir()
    drawn(place / "a", names, 5)
    drawn(place / "b", names[:1], 5)
    assert set(masks.of_images(training, place)) == {str(item.path) for item in training.items[1:]}
