"""Perceptual fingerprints: what they are blind to, what they see, and that every near pair is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from misyn.images.image import Image
from misyn.marks.perceptual import BITS, NEAR, distance, fingerprint, of, pairs
from toys import blobs

PICTURE = blobs(1, seed=4, size=96)[0].astype(np.float64)


def apart(other: NDArray[Any]) -> int:
    one, two = fingerprint(PICTURE), fingerprint(other)
    assert one is not None
    assert two is not None
    return distance(one, two)


def test_brightness_contrast_and_type_of_number_change_nothing() -> None:
    assert apart(PICTURE * 0.5 + 40) == 0
    assert apart((PICTURE * 16).astype(np.uint16)) == 0


def test_half_the_size_and_a_little_noise_stay_near() -> None:
    noise = np.random.default_rng(0).normal(0, 4, PICTURE.shape)
    assert apart(PICTURE[::2, ::2]) <= NEAR
    assert apart(PICTURE + noise) <= NEAR


def test_flips_turns_and_strangers_are_far() -> None:
    for other in (PICTURE[::-1], PICTURE[:, ::-1], np.rot90(PICTURE), blobs(1, seed=5, size=96)[0]):
        assert apart(other) > NEAR


def test_what_is_nearly_of_one_value_has_no_fingerprint() -> None:
    assert fingerprint(np.full((40, 40), 1000.0)) is None
    assert fingerprint(np.full((40, 40), 1000.0) + np.eye(40) * 1e-2) is None


@pytest.mark.parametrize(("axes", "shape"), [("ZYX", (5, 96, 96)), ("FYXC", (5, 96, 96, 3)), ("FZYX", (3, 5, 96, 96))])
def test_a_volume_has_the_fingerprint_of_its_middle_plane(axes: str, shape: tuple[int, ...]) -> None:
    pixels = np.zeros(shape, np.uint8)
    plane = PICTURE.astype(np.uint8)
    if axes == "ZYX":
        pixels[2] = plane
    elif axes == "FYXC":
        pixels[2] = plane[..., None]
    else:
        pixels[1, 2] = plane
    made = of(Image(pixels=pixels, axes=axes, format="nifti"))
    assert made is not None
    assert distance(made, fingerprint(plane) or "") <= 1  # grey by weights rounds


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2**BITS - 1), min_size=2, max_size=12), st.integers(0, 200), st.data())
def test_every_pair_that_is_near_is_found_once_with_its_distance(
    numbers: list[int], most: int, data: st.DataObject
) -> None:
    near = [n ^ (1 << data.draw(st.integers(0, BITS - 1))) for n in numbers[:4]]
    texts = [f"{n:064x}" for n in (*numbers, *near)]
    expected = {
        (a, b, distance(texts[a], texts[b]))
        for a in range(len(texts))
        for b in range(a + 1, len(texts))
        if distance(texts[a], texts[b]) <= most
    }
    found = list(pairs(texts, most=most))
    assert len(found) == len(set(found))
    assert set(found) == expected
