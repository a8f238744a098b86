"""Fingerprint and label: written only when asked, found again, and what a match alone is worth."""

from __future__ import annotations

import dataclasses
import io
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

import misyn
from misyn.errors import EvidenceError, InputError, NoRoomForMark, UsageError
from misyn.marks import Declaration, Technique, fingerprint, mark, verify
from misyn.marks.collection import verify_all
from misyn.marks.label.letters import words_box

BOTH = ("metadata", "fingerprint")


@pytest.fixture
def stored(tmp_path: Path, built: dict[str, bytes], declaration: Declaration) -> tuple[Path, Path]:
    """A store that knows the pixels of the unmarked file."""
    (tmp_path / "plain.png").write_bytes(built["png"])
    store = tmp_path / "store"
    result = mark(tmp_path / "plain.png", declaration=declaration, out=tmp_path / "m.png", layers=BOTH, store=store)
    assert result.fingerprint == misyn.read(tmp_path / "plain.png").digest
    return store, tmp_path / "plain.png"


def test_pixels_that_the_store_knows_are_evidence_in_a_file_that_says_nothing(
    stored: tuple[Path, Path], declaration: Declaration
) -> None:
    store, plain = stored
    assert verify(plain).verdict == "no-evidence"
    verdict = verify(plain, store=store)
    assert (verdict.verdict, verdict.trusted, verdict.rules) == ("synthetic", False, ("S5",))
    assert verdict.declaration is None  # the file carries none
    (match,) = verdict.layers["fingerprint"]["matches"]
    assert match == {"declaration": declaration.digest, "content": declaration.to_json()}
    assert "lost or taken off" in verdict.problems[0]
    assert "store of fingerprints" in verdict.explain


def test_the_fingerprint_survives_lossless_conversion_and_no_changed_sample(
    stored: tuple[Path, Path], tmp_path: Path
) -> None:
    import tifffile
    from PIL import Image

    store, plain = stored
    pixels = misyn.read(plain).pixels
    tifffile.imwrite(tmp_path / "a.tif", pixels, compression="zlib")
    assert verify(tmp_path / "a.tif", store=store).verdict == "synthetic"
    changed = pixels.copy()
    changed[3, 3] ^= 1
    Image.fromarray(changed).save(tmp_path / "b.png")
    verdict = verify(tmp_path / "b.png", store=store)
    assert (verdict.verdict, verdict.layers["fingerprint"]["found"]) == ("no-evidence", False)


def test_without_a_store_nothing_is_searched_and_that_is_said(stored: tuple[Path, Path]) -> None:
    assert verify(stored[1]).layers["fingerprint"] == {"searched": False}


def test_another_techniques_declaration_on_known_pixels_is_contradictory(
    stored: tuple[Path, Path], declaration: Declaration
) -> None:
    store, plain = stored
    other = dataclasses.replace(declaration, technique=Technique(name="other"))
    mark(plain, declaration=other, in_place=True)
    verdict = verify(plain, store=store)
    assert (verdict.verdict, "C8" in verdict.rules) == ("contradictory", True)
    fingerprint.add(store, misyn.read(plain).digest, other)  # a store may know several
    assert verify(plain, store=store).verdict == "synthetic"


def test_a_header_of_acquisition_speaks_against_a_match(
    tmp_path: Path, declaration: Declaration, make_dicom: Callable[..., bytes]
) -> None:
    acquired = {"PatientID": "1", "Manufacturer": "m", "AcquisitionDate": "20260101"}
    (tmp_path / "a.dcm").write_bytes(make_dicom(**acquired))
    fingerprint.add(tmp_path, misyn.read(tmp_path / "a.dcm").digest, declaration)
    verdict = verify(tmp_path / "a.dcm", store=tmp_path)
    assert verdict.verdict == "contradictory"
    assert any(problem.startswith("this speaks against the mark") for problem in verdict.problems)


def test_a_blank_image_has_no_fingerprint(tmp_path: Path, declaration: Declaration) -> None:
    from PIL import Image

    Image.fromarray(np.zeros((40, 40), np.uint8)).save(tmp_path / "blank.png")
    store = tmp_path / "store"
    result = mark(tmp_path / "blank.png", declaration=declaration, out=tmp_path / "m.png", layers=BOTH, store=store)
    assert result.fingerprint is None
    assert any("single value" in note for note in result.notes)
    fingerprint.add(store, misyn.read(tmp_path / "blank.png").digest, declaration)  # as another program might
    verdict = verify(tmp_path / "blank.png", store=store)
    assert (verdict.verdict, verdict.rules) == ("no-evidence", ("P8",))


def test_a_store_is_appended_to_and_an_altered_one_is_not_believed(
    stored: tuple[Path, Path], declaration: Declaration
) -> None:
    store, plain = stored
    connection = sqlite3.connect(store / fingerprint.FILE)
    for change in ("delete from fingerprint", "update fingerprint set declaration = ''"):
        with pytest.raises(sqlite3.IntegrityError, match="append only"):
            connection.execute(change)
    altered = "update fingerprint set declaration = replace(declaration, '.', '!')"
    connection.executescript(f"drop trigger unchanged; {altered}")
    connection.close()
    with pytest.raises(EvidenceError, match="altered"):
        fingerprint.find(store, misyn.read(plain).digest)
    verdict = verify(plain, store=store)
    assert (verdict.verdict, verdict.rules) == ("no-evidence", ("P8",))


def test_a_store_that_is_none_is_refused_once(tmp_path: Path, stored: tuple[Path, Path]) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / fingerprint.FILE).write_bytes(b"no database" * 100)
    for place in (tmp_path / "absent", tmp_path / "bad"):
        with pytest.raises(InputError, match="store of fingerprints"):
            verify(stored[1], store=place)
        with pytest.raises(InputError, match="store of fingerprints"):
            verify_all([stored[1]], store=place, workers=0)
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("arguments", [{"layers": BOTH}, {"store": "x"}])
def test_layer_and_store_go_together(
    arguments: dict[str, Any], stored: tuple[Path, Path], declaration: Declaration
) -> None:
    with pytest.raises(UsageError, match="together"):
        mark(stored[1], declaration=declaration, in_place=True, **arguments)


def picture(place: Path, pixels: Any) -> Path:
    import imagecodecs

    if place.suffix == ".png":
        place.write_bytes(imagecodecs.png_encode(pixels))
    else:
        from PIL import Image

        Image.fromarray(pixels).save(place)
    return place


@pytest.mark.parametrize("side", [64, 200, 512, 2048])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("colour", [False, True])
def test_a_burned_in_label_is_legible_at_every_size_and_depth(
    side: int, dtype: Any, colour: bool, declaration: Declaration, tmp_path: Path
) -> None:
    shape = (side, side, 3) if colour else (side, side)
    noise = np.random.default_rng(0).integers(0, 4095 if dtype is np.uint16 else 255, shape).astype(dtype)
    path = picture(tmp_path / "a.png", noise)
    result = mark(path, declaration=declaration, out=tmp_path / "b.png", layers=("metadata", "label"))
    assert np.array_equal(misyn.read(path).pixels, noise)
    made = misyn.read(tmp_path / "b.png").pixels
    box = words_box(side, side)
    high, wide = box.dots.shape
    corner, rest = made[-high:, :wide], made.copy()
    rest[-high:, :wide] = noise[-high:, :wide]
    assert np.array_equal(rest, noise)  # nothing else changes
    dark, bright = corner[~box.dots], corner[box.dots]
    assert int(bright.min()) - int(dark.max()) >= 0.9 * int(np.ptp(noise))
    assert wide >= 0.3 * side  # about half as wide as the image, or as small as letters can be
    assert result.declaration.label == box.words
    assert any("pixels of this copy" in note for note in result.notes)
    verdict = verify(tmp_path / "b.png")
    assert verdict.layers["label"] == {"searched": False, "found": True, "kind": "burned-in", "words": box.words}


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.tif"])
def test_other_pictures_are_labelled_too_and_jpeg_stays_close(
    name: str, declaration: Declaration, tmp_path: Path
) -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (128, 1))
    path = picture(tmp_path / name, np.dstack([ramp] * 3) if name == "a.webp" else ramp)
    mark(path, declaration=declaration, out=tmp_path / f"b{path.suffix}", layers=("metadata", "label"))
    before, after = (misyn.read(p).pixels.astype(int) for p in (path, tmp_path / f"b{path.suffix}"))
    assert np.abs(after[:100] - before[:100]).max() <= (4 if name == "a.jpg" else 0)
    assert np.abs(after[-8:, :90] - before[-8:, :90]).max() > 100


@pytest.mark.parametrize("colours", [200, 5000])
def test_a_gif_is_labelled_and_keeps_its_colours_where_they_fit(
    colours: int, declaration: Declaration, tmp_path: Path
) -> None:
    levels = np.random.default_rng(0).integers(0, 255, (colours, 3), np.uint8)
    path = picture(tmp_path / "a.gif", levels[np.arange(128 * 128).reshape(128, 128) % min(colours, 256)])
    before = misyn.read(path).pixels
    mark(path, declaration=declaration, out=tmp_path / "b.gif", layers=("metadata", "label"))
    after, box = misyn.read(tmp_path / "b.gif").pixels, words_box(128, 128)
    high, wide = box.dots.shape
    changed = np.abs(after.astype(int) - before)
    changed[-high:, :wide] = 0
    assert changed.max() == 0 if colours < 256 else changed.mean() < 8
    corner = after[-high:, :wide]
    assert int(corner[box.dots].min()) - int(corner[~box.dots].max()) > 200
    assert verify(tmp_path / "b.gif").layers["label"]["words"] == box.words


def test_a_picture_is_never_labelled_in_place_and_what_has_no_place_is_refused(
    tmp_path: Path, built: dict[str, bytes], declaration: Declaration
) -> None:
    layers = ("metadata", "label")
    for name, data in (("a.png", built["png"]), ("a.nii", built["nifti"]), ("a.gif", built["gif-animated"])):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(UsageError, match="label"):
            mark(path, declaration=declaration, in_place=True, layers=layers)
        if name != "a.png":
            with pytest.raises(NoRoomForMark, match="visible label"):
                mark(path, declaration=declaration, out=tmp_path / "out", layers=layers)
        assert path.read_bytes() == data
    small = picture(tmp_path / "small.png", np.arange(32 * 32, dtype=np.uint8).reshape(32, 32))
    with pytest.raises(NoRoomForMark, match="at least 55"):
        mark(small, declaration=declaration, out=tmp_path / "b.png", layers=layers)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.gif", "a.nii", "a.png", "small.png"]


def test_a_label_stays_named_when_the_same_technique_marks_again(declaration: Declaration, tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", np.arange(64 * 64, dtype=np.uint16).reshape(64, 64))
    mark(path, declaration=declaration, out=tmp_path / "b.png", layers=("metadata", "label"))
    mark(tmp_path / "b.png", declaration=declaration, in_place=True)
    assert verify(tmp_path / "b.png").layers["label"]["found"] is True


@pytest.mark.formats("dicom")
def test_a_dicom_label_is_an_overlay_that_pydicom_reads_and_the_pixels_stay(
    sample: tuple[str, Path], declaration: Declaration, make_dicom: Callable[..., bytes]
) -> None:
    path = sample[1]
    before = misyn.read(path).digest
    for _ in range(2):
        mark(path, declaration=declaration, in_place=True, layers=("metadata", "label"))
        dataset: Any = pydicom.dcmread(path)
        assert misyn.read(path).digest == before
        assert 0x60020010 not in dataset
        plane = dataset.overlay_array(0x6000)
        box = words_box(64, 48)
        high, wide = box.dots.shape
        assert np.array_equal(plane[-high:, :wide].astype(bool), box.dots)
        assert plane.sum() == box.dots.sum()
        verdict = verify(path)
        assert verdict.layers["label"] == {"searched": False, "found": True, "kind": "overlay", "words": "SYNTHETIC"}
        assert verdict.verdict == "synthetic"


def test_an_overlay_alone_says_synthetic_and_a_missing_one_is_noticed(
    tmp_path: Path, declaration: Declaration, make_dicom: Callable[..., bytes]
) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(make_dicom())
    mark(path, declaration=declaration, in_place=True, layers=("metadata", "label"))
    marked: Any = pydicom.dcmread(path)
    stripped = pydicom.dcmread(io.BytesIO(make_dicom()))
    stripped.update({e.tag: e for e in marked if e.tag.group == 0x6000})
    stripped.save_as(tmp_path / "overlay.dcm")
    verdict = verify(tmp_path / "overlay.dcm")
    assert (verdict.verdict, verdict.rules) == ("synthetic", ("S6",))
    for element in [e.tag for e in marked if e.tag.group == 0x6000]:
        del marked[element]
    marked.save_as(tmp_path / "without.dcm")
    verdict = verify(tmp_path / "without.dcm")
    assert "P9" in verdict.rules
    assert verdict.layers["label"]["found"] is False


def test_an_overlay_goes_beside_other_overlays(
    tmp_path: Path, declaration: Declaration, make_dicom: Callable[..., bytes]
) -> None:
    other: Any = pydicom.dcmread(io.BytesIO(make_dicom()))
    other.add_new(0x60000010, "US", 48)
    other.add_new(0x60000022, "LO", "someone else's")
    other.save_as(tmp_path / "a.dcm")
    mark(tmp_path / "a.dcm", declaration=declaration, in_place=True, layers=("metadata", "label"))
    dataset: Any = pydicom.dcmread(tmp_path / "a.dcm")
    assert dataset[0x60000022].value == "someone else's"
    assert dataset[0x60021500].value == "misyn"
