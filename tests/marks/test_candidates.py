"""Perceptual fingerprints in a store: candidates for a person to look at, which decide nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import data as pictures

from misyn.marks import fingerprint, mark, perceptual, verify
from misyn.marks.declaration import Declaration

PICTURES: Any = pictures  # without types


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    return np.asarray(PICTURES.camera())[::2, ::2]


@pytest.fixture
def store(tmp_path: Path, picture: NDArray[np.uint8], declaration: Declaration) -> Path:
    Image.fromarray(picture).save(tmp_path / "known.png")
    layers = ("metadata", "fingerprint")
    mark(tmp_path / "known.png", declaration=declaration, in_place=True, layers=layers, store=tmp_path / "store")
    return tmp_path / "store"


def saved(path: Path, pixels: NDArray[Any], **options: Any) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.mark.parametrize("change", ["jpeg", "smaller", "brighter"])
def test_a_changed_copy_is_a_candidate_and_the_verdict_stays_what_the_file_says(
    change: str, store: Path, picture: NDArray[np.uint8], declaration: Declaration, tmp_path: Path
) -> None:
    path = tmp_path / "found.png"
    if change == "jpeg":
        path = saved(tmp_path / "found.jpg", picture, quality=60)
    elif change == "smaller":
        saved(path, np.asarray(Image.fromarray(picture).resize((128, 128))))
    else:
        saved(path, (picture * 0.8 + 20).astype(np.uint8))
    verdict = verify(path, store=store)
    assert (verdict.verdict, verdict.trusted, verdict.rules) == ("no-evidence", False, ("P11",))
    (candidate,) = verdict.layers["fingerprint"]["candidates"]
    assert candidate["kind"] == "perceptual"
    assert candidate["bits"] <= perceptual.NEAR
    assert candidate["techniques"] == [declaration.technique.name]
    assert (verdict.layers["fingerprint"]["found"], verdict.layers["fingerprint"]["matches"]) == (False, [])


def test_a_stranger_and_a_flipped_copy_are_no_candidates(
    store: Path, picture: NDArray[np.uint8], tmp_path: Path
) -> None:
    for pixels in (np.asarray(PICTURES.coins()), picture[:, ::-1].copy()):
        verdict = verify(saved(tmp_path / "found.png", pixels), store=store)
        assert (verdict.rules, verdict.layers["fingerprint"]["candidates"]) == ((), [])


def test_the_very_pixels_are_a_match_and_no_candidate(store: Path, picture: NDArray[np.uint8], tmp_path: Path) -> None:
    verdict = verify(saved(tmp_path / "found.png", picture), store=store)
    assert (verdict.verdict, verdict.rules) == ("synthetic", ("S5",))
    assert verdict.layers["fingerprint"]["candidates"] == []


def test_a_store_that_grew_while_it_was_used_and_one_from_before_candidates(
    store: Path, picture: NDArray[np.uint8], declaration: Declaration, tmp_path: Path
) -> None:
    changed = saved(tmp_path / "found.jpg", picture, quality=60)
    assert len(verify(changed, store=store).layers["fingerprint"]["candidates"]) == 1
    other = "sha256:" + "1" * 64
    fingerprint.add(store, other, declaration, look=perceptual.fingerprint(picture))
    assert len(verify(changed, store=store).layers["fingerprint"]["candidates"]) == 2
    with sqlite3.connect(store / fingerprint.FILE) as connection:
        connection.execute("drop table look")
    connection.close()
    assert verify(changed, store=store).layers["fingerprint"]["candidates"] == []
