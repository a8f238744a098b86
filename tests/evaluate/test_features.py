"""Claims on features: other people's code agrees, images react as they should, and form is brought together."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy import ndimage
from skimage import data
from skimage.feature import graycomatrix

from discs import disc
from misyn.errors import EvaluationError, UsageError
from misyn.evaluate import features, plan, preprocess, shift, survey
from misyn.evaluate.extractors import texture
from misyn.evaluate.preprocess import Plan
from misyn.images.image import Image

Bytes = NDArray[np.uint8]


def picture(pixels: NDArray[np.generic], **facts: object) -> Image:
    axes = "YX" if pixels.ndim == 2 else "YXC"
    return Image(pixels=pixels, axes=axes, format="png", **facts)  # type: ignore[arg-type]  # facts vary


def one(image: Image, decided: Plan) -> NDArray[np.float32]:
    (plane,) = preprocess.prepared(image, decided)
    return plane


def vectors(pictures: list[Bytes], *, quality: int | None = None) -> NDArray[np.float64]:
    decided = Plan(width=48, height=48, colour=False, quality=quality)
    return np.array([texture.EXTRACTOR.extract(one(picture(p), decided)) for p in pictures], np.float64)


def distance(pictures: list[Bytes], *, to: list[Bytes]) -> float:
    """Fréchet distance after scaling by the second set."""
    blocks = texture.EXTRACTOR.blocks(colour=False)
    found = features.scaled({"a": vectors(pictures), "b": vectors(to)}, blocks=blocks, by="b")
    return shift.frechet(found.sets["a"], found.sets["b"])


@pytest.mark.parametrize("distance_", texture.DISTANCES)
def test_cooccurrence_equals_scikit_image(distance_: int) -> None:
    levels = (data.camera()[::4, ::4] // 16).astype(np.intp)  # type: ignore[no-untyped-call]
    straight, aslant = (
        graycomatrix(levels.astype(np.uint8), [d], angles, levels=16, symmetric=True, normed=True)[:, :, 0, :]  # type: ignore[no-untyped-call]
        for d, angles in ((distance_, [0, np.pi / 2]), (distance_ * np.sqrt(2), [np.pi / 4, 3 * np.pi / 4]))
    )
    expected = np.concatenate([straight, aslant], axis=2).mean(axis=2)
    np.testing.assert_allclose(texture.cooccurrence(levels, distance_), expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(128, 128), (40, 60, 3), (7, 5)])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_images_of_any_shape_give_finite_numbers(shape: tuple[int, ...], value: float) -> None:
    vector = texture.EXTRACTOR.extract(np.full(shape, value, np.float32))
    assert len(vector) == sum(n for _, n in texture.EXTRACTOR.blocks(colour=len(shape) == 3))
    assert np.isfinite(vector).all()


def test_noise_of_any_kind_gives_moderate_numbers() -> None:
    random = np.random.default_rng(0)
    for pixels in (random.random((128, 128)), random.integers(0, 2, (128, 128)), random.random((128, 128, 3))):
        assert np.abs(texture.EXTRACTOR.extract(pixels.astype(np.float32))).max() < 20


def test_an_image_costs_at_most_15_milliseconds_of_one_core() -> None:
    """CPU time, the fastest of ten, in colour, resizing included."""
    pixels = np.random.default_rng(0).random((256, 256, 3)).astype(np.float32)
    texture.EXTRACTOR.extract(pixels)
    taken = []
    for _ in range(10):
        start = time.thread_time()
        texture.EXTRACTOR.extract(pixels)
        taken.append(time.thread_time() - start)
    assert min(taken) < 0.015


@pytest.mark.slow
def test_the_distance_rises_with_blur_with_noise_and_with_lost_contrast() -> None:
    first, second = [disc(s) for s in range(40)], [disc(s) for s in range(100, 140)]
    random = np.random.default_rng(0)
    same = distance(first, to=second)
    worse = {
        "blur": [[ndimage.gaussian_filter(p, sigma) for p in first] for sigma in (0.5, 1.0, 2.0)],
        "noise": [
            [np.clip(p + random.normal(0, s, p.shape), 0, 255).astype(np.uint8) for p in first] for s in (5, 15, 40)
        ],
        "contrast": [[(p * share + 60 * (1 - share)).astype(np.uint8) for p in first] for share in (0.8, 0.6, 0.3)],
    }
    for name, steps in worse.items():
        found = [same, *(distance(step, to=second) for step in steps)]
        assert found == sorted(found), name
        assert found[-1] > 2 * same, name


@pytest.mark.slow
def test_the_distance_rises_when_a_class_is_left_out() -> None:
    """Half of the medical images are darker, as another class might be."""
    dark, light = [disc(s, light=-0.2) for s in range(60)], [disc(s) for s in range(100, 160)]
    medical = [disc(s, light=-0.2) for s in range(200, 240)] + [disc(s) for s in range(300, 340)]
    found = [distance(mix, to=medical) for mix in (dark[:30] + light[:30], dark[:10] + light[:50], light)]
    assert found == sorted(found)
    assert found[-1] > 1.25 * found[0]


def test_a_resaved_copy_is_the_nearest_image_once_all_are_compressed_alike() -> None:
    pictures = [disc(s) for s in range(30)]
    file = io.BytesIO()
    Pillow.fromarray(pictures[0]).save(file, "JPEG", quality=80)
    found = features.scaled(
        {"a": vectors([*pictures, np.asarray(Pillow.open(file))], quality=80)},
        blocks=texture.EXTRACTOR.blocks(colour=False),
        by="a",
    ).sets["a"]
    gaps = np.linalg.norm(found - found[0], axis=1)[1:]
    assert gaps.argmin() == 29


def test_scaling_drops_what_is_constant_everywhere_and_keeps_what_only_the_medical_set_lacks() -> None:
    medical = np.array([[0.0, 1.0, 7.0], [2.0, 1.0, 7.0]])
    synthetic = np.array([[1.0, 3.0, 7.0], [1.0, 5.0, 7.0]])
    found = features.scaled({"training": medical, "synthetic": synthetic}, blocks=[("a", 1), ("b", 2)], by="training")
    assert found.constant == 1
    assert found.sets["training"].shape == (2, 2)
    assert np.abs(found.sets["synthetic"][:, 1]).min() > 1


def test_every_block_weighs_the_same() -> None:
    random = np.random.default_rng(0)
    found = features.scaled({"a": random.normal(size=(500, 12))}, blocks=[("wide", 11), ("narrow", 1)], by="a")
    squares = (found.sets["a"] ** 2).mean(axis=0)
    assert squares[:11].sum() == pytest.approx(squares[11])


def test_identical_images_are_a_clear_error() -> None:
    with pytest.raises(EvaluationError, match="all images are identical"):
        features.scaled({"a": np.ones((3, 2)), "b": np.ones((2, 2))}, blocks=[("x", 2)], by="a")


def test_an_unknown_extractor_names_those_there_are() -> None:
    with pytest.raises(
        UsageError,
        match=r"out of texture, radiomics, .*onnx:MODEL, .*; found 'nonsense'",
    ):
        features.by_name("nonsense")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_pillow_turns_them(orientation: int) -> None:
    from PIL import ImageOps

    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    stored = Pillow.fromarray(pixels)
    stored.getexif()[0x0112] = orientation
    upright = ImageOps.exif_transpose(stored)
    assert preprocess.turned(pixels.astype(np.float32), orientation).tolist() == np.asarray(upright, float).tolist()


def test_size_codec_depth_and_colour_are_decided_by_all_sets_together() -> None:
    deep = survey.facts_of(picture(np.arange(4096, dtype=np.uint16).reshape(64, 64), bits=12, modality="CT"))
    jpeg = survey.facts_of(picture(disc(1, size=100), lossy=True, attributes={"jpeg_quality": "60"}))
    colour = survey.facts_of(picture(np.dstack([disc(1), disc(2), disc(3)])))
    decided = plan.decide({"training": [deep], "held-out": [jpeg], "synthetic": [colour]})
    assert (decided.width, decided.height) == (48, 48)
    assert (decided.quality, decided.colour, decided.eight_bit) == (60, False, True)
    assert [name for name, _, _ in decided.windows] == ["CT", "any"]
    assert decided.windows[0][1:] == pytest.approx((20.5, 4074.5), abs=1)


def test_the_window_is_fixed_by_the_medical_set_and_never_by_the_image() -> None:
    medical = [survey.facts_of(picture(np.full((8, 8), v, np.uint16) + np.eye(8, dtype=np.uint16))) for v in (0, 900)]
    synthetic = [survey.facts_of(picture(np.full((8, 8), 60000, np.uint16)))]
    decided = plan.decide({"reference": medical, "synthetic": synthetic})
    low, high = decided.window_of["any"]
    assert 0 <= low < high < 1000
    assert one(picture(np.full((8, 8), 60000, np.uint16)), decided).max() == 1.0
    half = (low + high) / 2
    assert one(picture(np.full((8, 8), half, np.float32)), decided).mean() == pytest.approx(0.5, abs=0.01)


def test_deep_images_alone_keep_more_than_256_levels() -> None:
    ramp = picture(np.arange(4096, dtype=np.uint16).reshape(64, 64))
    decided = plan.decide({"reference": [survey.facts_of(ramp)], "synthetic": [survey.facts_of(ramp)]})
    assert not decided.eight_bit
    assert len(np.unique(one(ramp, decided))) > 1000


def test_a_monochrome1_image_is_shown_like_its_inverse() -> None:
    pixels = disc(1)
    decided = Plan(width=48, height=48, colour=False)
    inverted = picture(255 - pixels, attributes={"photometric": "MONOCHROME1"})
    np.testing.assert_allclose(one(inverted, decided), one(picture(pixels), decided), atol=1e-6)


def test_grey_and_its_rgb_copy_are_prepared_alike() -> None:
    pixels = disc(1)
    for colour in (False, True):
        decided = Plan(width=30, height=30, colour=colour, quality=80)
        grey, copy = (one(picture(p), decided) for p in (pixels, np.dstack([pixels] * 3)))
        np.testing.assert_allclose(grey, copy, atol=3 / 255)
    assert not survey.facts_of(picture(np.dstack([pixels] * 3)))["colour"]


def test_preparing_a_jpeg_at_its_own_size_and_quality_changes_little() -> None:
    """What was lossy already is compressed again: that must cost it much less than it costs a lossless image."""
    file = io.BytesIO()
    Pillow.fromarray(disc(1, size=64)).save(file, "JPEG", quality=60)
    once = np.asarray(Pillow.open(file))
    decided = Plan(width=64, height=64, colour=False, quality=60)
    again = one(picture(once), decided) * 255
    first = one(picture(disc(1, size=64)), decided) * 255
    assert np.abs(again - once).mean() < 0.3 * np.abs(first - disc(1, size=64)).mean()


def test_missing_samples_are_filled_and_mostly_missing_images_refused() -> None:
    values = np.random.default_rng(0).random((20, 20)).astype(np.float32)
    values[:5] = np.nan
    facts = survey.facts_of(picture(values))
    assert facts["missing"] == 100
    decided = plan.decide({"reference": [facts], "synthetic": [facts]})
    assert np.isfinite(one(picture(values), decided)).all()
    values[:15] = np.inf
    with pytest.raises(Exception, match=r"75% of its samples NaN or infinite") as caught:
        survey.facts_of(picture(values))
    assert type(caught.value).__name__ == "MalformedImage"


def test_a_volume_is_described_by_at_most_16_planes_with_its_first_and_last() -> None:
    volume = Image(
        pixels=np.arange(40, dtype=np.int16)[:, None, None] * np.ones((1, 4, 4), np.int16), axes="ZYX", format="nifti"
    )
    values = [float(plane[0, 0]) for plane in preprocess.planes(volume)]
    assert len(values) == 16
    assert (values[0], values[-1]) == (0.0, 39.0)


def test_planes_take_the_slope_of_their_frame() -> None:
    frames = Image(
        pixels=np.ones((3, 2, 2), np.uint8), axes="FYX", format="dicom", slope=np.array([1.0, 2.0, 3.0]), intercept=-1.0
    )
    assert [float(plane[0, 0]) for plane in preprocess.planes(frames)] == [0.0, 1.0, 2.0]
    assert [p.tolist() for p in preprocess.planes(frames)] == [p.tolist() for p in frames.planes()]
