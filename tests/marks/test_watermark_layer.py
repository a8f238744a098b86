"""The watermark as a layer: written into every format without loss, looked for by verify, and never a verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from scipy import ndimage

from misyn.cli import main
from misyn.errors import AcquiredFromPatient, NoRoomForMark
from misyn.images.formats import read
from misyn.marks import mark, verify
from misyn.marks.declaration import Declaration
from misyn.marks.sighting import ALARM, Search
from misyn.marks.watermark import PUBLIC, Key, embed

LAYERS = ("metadata", "watermark")
PRIVATE = Key(b"only the holders may know this")


def _scene(shape: tuple[int, ...], span: float, seed: int = 0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    values = 0.05 * rng.normal(size=shape)
    for size in (2, 6, 20):
        values += ndimage.gaussian_filter(rng.normal(size=shape), size) * size
    return np.asarray(span * (values - values.min()) / np.ptp(values))


GREY = _scene((272, 260), 220).astype(np.uint8)
DEEP = _scene((272, 260), 3000).astype(np.uint16)
COLOUR = np.stack([_scene((272, 260), 200, s) for s in range(3)], axis=-1).astype(np.uint8)
VOLUME = np.stack([_scene((260, 256), 2000, s) for s in range(3)]).astype(np.int16)


def _write_png(path: Path, pixels: NDArray[Any] = GREY) -> None:
    import imagecodecs

    path.write_bytes(bytes(imagecodecs.png_encode(pixels)))


def _write_tiff(path: Path) -> None:
    import tifffile

    tifffile.imwrite(path, COLOUR, photometric="rgb", compression="zlib", predictor=True, description="kept")


def _write_webp(path: Path) -> None:
    from PIL import Image

    Image.fromarray(COLOUR).save(path, "WEBP", lossless=True)


def _write_nifti(path: Path) -> None:
    import nibabel

    nibabel.save(nibabel.Nifti1Image(VOLUME.T, np.diag([2.0, 2, 3, 1])), path)  # type: ignore[no-untyped-call]


def _write_itk(path: Path) -> None:
    import SimpleITK

    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(VOLUME), str(path), True)


Writer = Callable[[Path], None]
FILES: dict[str, Writer] = {
    "grey.png": _write_png,
    "deep.png": lambda path: _write_png(path, DEEP),
    "colour.png": lambda path: _write_png(path, COLOUR),
    "a.tif": _write_tiff,
    "a.webp": _write_webp,
    "a.nii.gz": _write_nifti,
    "a.nii": _write_nifti,
    "a.nrrd": _write_itk,
    "a.mha": _write_itk,
}
SYNTAXES = {
    "explicit": "1.2.840.10008.1.2.1",
    "big endian": "1.2.840.10008.1.2.2",
    "deflated": "1.2.840.10008.1.2.1.99",
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
}


def _bounded(before: NDArray[Any], after: NDArray[Any]) -> None:
    change = after.astype(float) - before
    low, high = np.percentile(before, [0.5, 99.5])
    assert change.any()
    assert np.abs(change).max() <= 0.01 * (high - low)
    assert abs(change.mean()) <= 0.0005 * (high - low)


@pytest.mark.parametrize("name", FILES)
def test_every_format_without_loss_carries_it(name: str, tmp_path: Path, declaration: Declaration) -> None:
    path, out = tmp_path / name, tmp_path / "marked" / name
    FILES[name](path)
    before = path.read_bytes()
    result = mark(path, declaration=declaration, out=out, layers=LAYERS)
    assert (result.layers, result.notes) == (LAYERS, ())
    assert path.read_bytes() == before
    _bounded(read(path).pixels, read(out).pixels)
    verdict = verify(out)
    assert verdict.verdict == "synthetic"
    assert verdict.layers["watermark"]["found"]
    assert verdict.layers["watermark"]["p_value"] <= 1e-6
    assert not verify(path).layers["watermark"]["found"]
    assert "P10" not in verdict.rules


@pytest.mark.parametrize("name", SYNTAXES)
def test_dicom_without_loss_carries_it(
    name: str, tmp_path: Path, declaration: Declaration, make_dicom: Callable[..., bytes]
) -> None:
    path, out = tmp_path / "a.dcm", tmp_path / "b.dcm"
    path.write_bytes(make_dicom(SYNTAXES[name], pixels=DEEP))
    assert mark(path, declaration=declaration, out=out, layers=LAYERS).layers == LAYERS
    _bounded(DEEP, read(out).pixels)
    assert verify(out).layers["watermark"]["found"]
    assert verify(out).verdict == "synthetic"


@pytest.mark.parametrize(("name", "options"), [("a.jpg", {"quality": 95}), ("a.webp", {"quality": 90}), ("a.gif", {})])
def test_what_loses_information_is_refused_whole(
    name: str, options: dict[str, Any], tmp_path: Path, declaration: Declaration
) -> None:
    from PIL import Image

    path = tmp_path / name
    Image.fromarray(GREY).save(path, **options)
    before = path.read_bytes()
    with pytest.raises(NoRoomForMark, match="before it is saved with loss"):
        mark(path, declaration=declaration, in_place=True, layers=LAYERS)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("pixels", "why"),
    [
        (np.zeros((64, 64), np.uint8), "flat"),
        (_scene((64, 64), 60).astype(np.uint8), "100 integer steps"),
        (_scene((20, 20), 250).astype(np.uint8), "find it again"),
    ],
)
def test_an_image_without_room_gets_the_other_layers_and_the_result_says_so(
    pixels: NDArray[np.uint8], why: str, tmp_path: Path, declaration: Declaration
) -> None:
    path = tmp_path / "a.png"
    _write_png(path, pixels)
    result = mark(path, declaration=declaration, in_place=True, layers=LAYERS)
    assert result.layers == ("metadata",)
    assert any(note.startswith("no watermark was written") and why in note for note in result.notes)
    assert np.array_equal(read(path).pixels, pixels)
    assert verify(path).verdict == "synthetic"


def test_it_is_written_before_the_credential_and_marking_again_does_not_strengthen_it(
    tmp_path: Path, declaration: Declaration
) -> None:
    pytest.importorskip("c2pa")
    from misyn import signing

    key = signing.create(tmp_path / "key", owner="Example", now=datetime.now(UTC))
    path = tmp_path / "a.png"
    _write_png(path)
    layers = ("metadata", "credential", "watermark")
    mark(path, declaration=declaration, in_place=True, layers=layers, key=key)
    once = read(path)
    verdict = verify(path, trust=tmp_path / "key" / "root.pem")
    assert (verdict.trusted, verdict.layers["watermark"]["found"]) == (True, True)
    again = mark(path, declaration=declaration, in_place=True, layers=layers, key=key)
    assert "the watermark was there already" in again.notes
    assert "watermark" in again.layers
    assert read(path).digest == once.digest
    assert verify(path, trust=tmp_path / "key" / "root.pem").trusted


def test_a_private_key_is_found_by_its_holders_and_the_public_one_by_all(
    tmp_path: Path, declaration: Declaration
) -> None:
    path = tmp_path / "a.nii"
    _write_nifti(path)
    before = read(path).pixels
    mark(path, declaration=declaration, in_place=True, layers=LAYERS, watermark_key=PRIVATE)
    _bounded(before, read(path).pixels)
    layer = verify(path, search=Search((PUBLIC, PRIVATE))).layers["watermark"]
    assert [one["key"] for one in layer["keys"]] == ["public", PRIVATE.id]
    assert all(one["p_value"] <= 1e-6 for one in layer["keys"])
    assert "holders" not in json.dumps(layer)
    stranger = verify(path, search=Search((Key(b"someone who guesses it"),))).layers["watermark"]
    assert not stranger["found"]


def test_planted_on_a_medical_image_it_is_no_verdict_and_is_worth_asking_about(
    tmp_path: Path, declaration: Declaration, make_dicom: Callable[..., bytes]
) -> None:
    facts = {"Manufacturer": "A maker", "PatientID": "17", "AcquisitionDate": "20260101"}
    path = tmp_path / "a.dcm"
    path.write_bytes(make_dicom(pixels=DEEP, **facts))
    with pytest.raises(AcquiredFromPatient):
        mark(path, declaration=declaration, in_place=True, layers=LAYERS)
    path.write_bytes(make_dicom(pixels=embed(DEEP, axes="YX"), **facts))
    verdict = verify(path)
    assert verdict.verdict == "no-evidence"
    assert verdict.rules == ("P10",)
    assert "worth asking about" in verdict.problems[0]
    assert "planted" in verdict.problems[0]
    assert "worth asking about" in verdict.explain


def test_a_watermark_alone_is_never_synthetic(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for key, words in ((PUBLIC, "anyone can plant"), (PRIVATE, "a private key")):
        _write_png(path, embed(GREY, axes="YX", key=key))
        verdict = verify(path, search=Search((PUBLIC, PRIVATE)))
        assert (verdict.verdict, verdict.trusted, verdict.declaration) == ("no-evidence", False, None)
        assert words in verdict.problems[0]


@pytest.mark.slow
def test_the_thorough_search_finds_a_turned_and_reduced_image(tmp_path: Path) -> None:
    from PIL import Image

    small = Image.fromarray(embed(_scene((420, 400), 220).astype(np.uint8), axes="YX")).resize((240, 252)).rotate(9)
    path = tmp_path / "a.png"
    _write_png(path, np.array(small))
    assert verify(path).layers["watermark"]["p_value"] > ALARM
    layer = verify(path, search=Search(thorough=True)).layers["watermark"]
    assert layer["found"]
    assert "scales 0.4 to 2.5" in layer["search"]


def test_without_the_search_no_pixel_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    _write_png(path)
    monkeypatch.setattr("misyn.images.formats.read", None)
    assert verify(path, search=None).layers["watermark"] == {"p_value": None, "search": None, "searched": False}


def test_pixels_that_cannot_be_read_are_not_searched_and_the_reason_is_kept(
    tmp_path: Path, declaration: Declaration
) -> None:
    path = tmp_path / "a.png"
    _write_png(path)
    mark(path, declaration=declaration, in_place=True)
    path.write_bytes(path.read_bytes()[:-400])
    verdict = verify(path)
    assert verdict.verdict == "synthetic"
    assert verdict.layers["watermark"]["searched"] is False
    assert verdict.layers["watermark"]["reason"].startswith("the pixels were not read")


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "misyn.yaml"
    path.write_text("misyn: 1\ntechnique: {name: pca}\nresponsible: A. Author\n")
    return path


def run(*arguments: object) -> Any:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_commands_write_and_find_it(tmp_path: Path, record: Path) -> None:
    from misyn import signing

    signing.create(tmp_path / "key", owner="Example", now=datetime.now(UTC))
    place, out = tmp_path / "drawn", tmp_path / "marked"
    place.mkdir()
    _write_png(place / "a.png")
    both = ("--layers", "metadata,watermark", "--key", tmp_path / "key")
    assert run("mark", place, "--record", record, "--out", out, *both).exit_code == 0
    found = json.loads(run("verify", out, "--key", tmp_path / "key", "--json", "--workers", 0).stdout)
    layer = found["files"][0]["layers"]["watermark"]
    assert layer["found"]
    assert len(layer["keys"]) == 2
    off = json.loads(run("verify", out, "--no-watermark", "--json", "--workers", 0).stdout)
    assert off["files"][0]["layers"]["watermark"]["searched"] is False
    assert run("verify", out, "--no-watermark", "--thorough").exit_code == 2


def test_thorough_says_how_long_it_took_in_text_and_not_in_json(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    _write_png(path, GREY[:64, :64])
    told = run("verify", path, "--thorough", "--workers", 0)
    assert "the thorough search took" in told.stdout
    first, second = (run("verify", path, "--thorough", "--json", "--workers", 0).stdout for _ in range(2))
    assert first == second
    assert "took" not in first


@pytest.mark.parametrize("name", ["a.png", "a.tiff", "a.nii.gz", "a.dcm"])
def test_an_image_can_be_born_with_it(name: str, tmp_path: Path, record: Path) -> None:
    from misyn.generate.born import born

    pixels = VOLUME if name == "a.nii.gz" else DEEP
    with born(record, out=tmp_path / "born", watermark=True) as birth:
        path = birth.save(pixels, name)
        birth.save(np.zeros((32, 32), np.uint16), f"flat-{name}")
    assert birth.without_watermark == 1
    verdict = verify(path)
    assert verdict.verdict == "synthetic"
    assert verdict.layers["watermark"]["p_value"] <= 1e-6
    _bounded(pixels, read(path).pixels)
