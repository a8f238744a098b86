"""Small pictures: the label is in the pixels, depth and volumes reach the screen, medical pictures stay as they are."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from misyn.images.image import Image
from misyn.report import pictures
from misyn.report.windows import show
from report.parsed import parse
from report.toy_study import Study, draw


def decoded(uri: str) -> NDArray[np.uint8]:
    data = base64.b64decode(uri.partition(",")[2])
    return np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))


def carries_label(shown: NDArray[np.uint8]) -> bool:
    """Whether the lower edge is a black strip with white letters across its middle."""
    strip = shown[-12:].astype(int).mean(axis=2)
    return bool((strip < 40).mean() > 0.4 and (strip[:, strip.shape[1] // 4 : -strip.shape[1] // 4] > 180).sum() > 20)


def test_the_label_is_burnt_into_every_synthetic_picture_and_into_no_medical_one(study: Study) -> None:
    shown = [(i.attributes["alt"], decoded(i.attributes["src"])) for i in parse(study.write()).all("img")]
    assert shown
    for alt, pixels in shown:
        assert carries_label(pixels) == alt.startswith("Synthetic")


@pytest.mark.parametrize("shape", [(28, 28), (512, 384, 3), (3, 4000), (4000, 3), (1, 1), (160, 160, 3)])
def test_the_label_fits_pictures_of_any_shape(shape: tuple[int, ...]) -> None:
    grey = np.full(shape, 200, np.uint8)
    plain, labelled = pictures.scaled(grey), pictures.label(grey)
    assert max(labelled.size) <= pictures.LARGEST + 50
    assert labelled.width >= pictures.NARROWEST
    assert carries_label(np.asarray(labelled))
    assert not carries_label(np.asarray(plain))


def test_the_label_hides_nothing_of_the_picture() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (200, 256), np.uint8)
    labelled = np.asarray(pictures.label(grey))
    assert np.array_equal(labelled[:200, :, 0], grey)


def test_small_pictures_keep_their_pixels_visible() -> None:
    checkers = (np.indices((28, 28)).sum(axis=0) % 2 * 255).astype(np.uint8)
    large = np.asarray(pictures.scaled(checkers))[:, :, 0]
    assert large.shape == (168, 168)
    assert np.array_equal(large[::6, ::6], checkers)


def test_the_default_reader_is_the_images_room(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", kind=0, seed=1)
    found = pictures.picture(tmp_path / "a.png", synthetic=True)
    assert found.reason is None
    assert carries_label(decoded(found.uri or ""))


def test_a_missing_file_has_a_reason_and_no_picture(tmp_path: Path) -> None:
    found = pictures.picture(tmp_path / "absent.png", synthetic=False)
    assert found.uri is None
    assert found.reason


def image(pixels: NDArray[np.generic], axes: str = "YX", **more: object) -> Image:
    return Image(pixels=pixels, axes=axes, format="nrrd", **more)  # type: ignore[arg-type]


def test_one_hot_pixel_does_not_make_a_deep_picture_black() -> None:
    ramp = np.arange(10_000, dtype=np.uint16).reshape(100, 100)
    ramp[0, 0] = 65535
    grey = show(image(ramp)).grey
    assert 100 < np.median(grey) < 156
    assert grey.max() == 255


def test_eight_bits_are_shown_as_they_are() -> None:
    dark = np.full((4, 4), 10, np.uint8)
    assert np.array_equal(show(image(dark)).grey, dark)


def test_ct_is_shown_through_one_window_for_every_image() -> None:
    units = np.array([[-1000, -300], [400, 3000]], np.int16)
    shown = show(image(units, modality="CT"))
    assert shown.grey.tolist() == [[0, 127], [255, 255]]
    assert "−1000 to 400 HU" in shown.note
    stored = show(image((units + 1024).astype(np.uint16), modality="CT", intercept=-1024.0))
    assert np.array_equal(stored.grey, shown.grey)


def test_volumes_show_their_middle_plane_with_that_planes_own_scale() -> None:
    volume = np.zeros((5, 4, 4), np.uint16)
    volume[2, 1] = 1000
    shown = show(image(volume, "ZYX"))
    assert shown.note.startswith("plane 3 of 5")
    assert shown.grey[1].min() > shown.grey[0].max()
    frames = show(image(volume, "FYX", slope=np.array([1.0, 1.0, -1.0, 1.0, 1.0])))
    assert frames.grey[1].max() < frames.grey[0].min()


def test_colour_volumes_and_further_channels_become_something_a_screen_shows() -> None:
    assert show(image(np.zeros((2, 3, 6, 7, 3), np.uint8), "FZYXC")).grey.shape == (6, 7, 3)
    assert show(image(np.zeros((6, 7, 4), np.uint8), "YXC")).grey.shape == (6, 7, 3)
    assert show(image(np.zeros((6, 7, 2), np.uint8), "YXC")).grey.shape == (6, 7)


def test_monochrome1_is_shown_inverted() -> None:
    pixels = np.array([[0, 255]], np.uint8)
    assert show(image(pixels, attributes={"photometric": "MONOCHROME1"})).grey.tolist() == [[255, 0]]


@pytest.mark.parametrize("fill", [np.nan, np.inf, -np.inf, 7.0, 3e38, -3e38])
def test_no_value_is_too_odd_to_show(fill: float) -> None:
    pixels = np.full((8, 8), fill, np.float64)
    assert show(image(pixels)).grey.shape == (8, 8)
    pixels[0] = np.linspace(-1, 1, 8)
    assert show(image(pixels)).grey.dtype == np.uint8


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.uint32, np.int64, np.float16])
def test_every_sample_type_is_shown(dtype: type[np.generic]) -> None:
    shown = show(image(np.array([[0, 1], [1, 0]]).astype(dtype)))
    assert shown.grey.tolist() == [[0, 255], [255, 0]]


def test_a_huge_plane_is_thinned_before_it_is_converted() -> None:
    huge = np.broadcast_to(np.arange(9000, dtype=np.uint16), (9000, 9000))
    assert max(show(image(huge)).grey.shape) < 4096
