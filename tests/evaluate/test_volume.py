"""Claims on volumes: slices in another order, or of other patients, are another volume."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from misyn.evaluate import features, preprocess, survey, volume
from misyn.evaluate.extractors import texture
from misyn.evaluate.plan import decide
from misyn.evaluate.preprocess import Plan
from misyn.images.image import Image

PLAN = Plan(width=32, height=32, colour=False, eight_bit=False, windows=(("any", -3.0, 3.0),), volumes=True)


def body(seed: int) -> np.ndarray:
    """Smooth in all three directions, as anatomy is."""
    noise = np.random.default_rng(seed).normal(size=(24, 40, 40))
    smooth = ndimage.gaussian_filter(noise, 4)
    return np.asarray(smooth / smooth.std(), np.float32)


def described(pixels: np.ndarray) -> np.ndarray:
    image = Image(pixels=pixels, axes="ZYX", format="nifti")
    planes = [texture.EXTRACTOR.extract(plane) for plane in preprocess.prepared(image, PLAN)]
    return volume.vector(image, PLAN, extract=texture.EXTRACTOR.extract, planes=np.array(planes, np.float64))


def test_slices_in_another_order_are_seen_from_the_side_only() -> None:
    pixels = body(0)[:16]  # as many as are looked at, so that the same planes are
    shuffled = pixels[np.random.default_rng(1).permutation(len(pixels))]
    first, second = described(pixels), described(shuffled)
    third = len(first) // 3
    np.testing.assert_allclose(first[: 2 * third], second[: 2 * third], atol=1e-6)
    assert np.abs(first[2 * third :] - second[2 * third :]).max() > 0.5


def test_a_volume_of_slices_of_many_patients_is_found() -> None:
    mixed = np.stack([body(seed)[seed] for seed in range(16)])
    own, other, wrong = described(body(0)[:16]), described(body(1)[:16]), described(mixed)
    assert np.linalg.norm(own - wrong) > 2 * np.linalg.norm(own - other)


def test_blocks_say_what_the_numbers_are_and_add_up() -> None:
    parts = features.blocks(texture.EXTRACTOR, PLAN)
    assert sum(length for _, length in parts) == len(described(body(0)))
    assert {name.split(":")[0] for name, _ in parts} == set(volume.PARTS)


def test_volumes_are_described_as_volumes_only_where_all_sets_are() -> None:
    stack = survey.facts_of(Image(pixels=body(0), axes="ZYX", format="nifti"))
    film = survey.facts_of(Image(pixels=body(0), axes="FYX", format="tiff"))
    plane = survey.facts_of(Image(pixels=body(0)[0], axes="YX", format="tiff"))
    assert (stack["volume"], film["volume"], plane["volume"]) == (True, False, False)
    assert decide({"training": [stack], "synthetic": [stack]}).volumes
    assert not decide({"training": [stack], "synthetic": [plane]}).volumes


def test_every_slice_keeps_its_own_rescale() -> None:
    pixels = np.ones((16, 8, 8), np.int16)
    slope = np.arange(16, dtype=np.float64)
    image = Image(pixels=pixels, axes="FYX", format="dicom", modality="CT", slope=slope)
    plan = Plan(width=8, height=16, colour=False, eight_bit=False, windows=(("any", 0.0, 15.0),), volumes=True)
    side = next(volume.across(image, plan))
    np.testing.assert_allclose(side[:, 0], slope / 15, atol=1e-6)
