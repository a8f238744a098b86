"""What marking may do to an image, and what it may never do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from misyn.errors import NoRoomForMark, UsageError
from misyn.marks.watermark import PUBLIC, Key, detect, embed

Anatomy = Callable[..., NDArray[np.float64]]


def value_range(values: NDArray[Any]) -> float:
    low, high = np.percentile(values, [0.5, 99.5])
    return float(high - low)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "i4", ">i2", "f2", "f4", "f8"])
def test_shape_and_dtype_stay_and_the_mark_is_found_in_every_sample_type(anatomy: Anatomy, dtype: str) -> None:
    values = anatomy((256, 256)) if dtype != "i1" else anatomy((256, 256)) - 100
    image = values.astype(dtype)
    before = image.copy()
    marked = embed(image, axes="YX")
    assert marked.shape == image.shape
    assert marked.dtype == image.dtype
    assert (image == before).all(), "the input was changed"
    assert detect(marked, axes="YX").p_value < 1e-6


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    span=st.sampled_from([30.0, 90.0, 200.0, 255.0, 4000.0, 60000.0]),
    side=st.sampled_from([(64, 64), (97, 150), (256, 200)]),
    strength=st.sampled_from([0.003, 0.01]),
    integers=st.booleans(),
)
def test_the_change_keeps_its_bounds(
    anatomy: Anatomy, seed: int, span: float, side: tuple[int, int], strength: float, integers: bool
) -> None:
    values = anatomy(side, seed=seed, span=span)
    image = values.astype(np.uint16) if integers else values
    try:
        marked = embed(image, axes="YX", strength=strength)
    except NoRoomForMark:
        assert integers
        assert strength * value_range(image) < 1
        return
    change = marked.astype(np.float64) - image
    limit = strength * value_range(image)
    assert np.sqrt((change**2).mean()) <= limit * (1 + 1e-9)
    assert np.abs(change).max() <= limit * (1 + 1e-6)
    assert abs(change.mean()) <= 0.0005 * value_range(image)
    assert marked.min() >= image.min()
    assert marked.max() <= image.max()


def test_an_image_whose_steps_are_too_coarse_is_refused_and_one_of_deeper_samples_is_not(anatomy: Anatomy) -> None:
    values = anatomy((256, 256), span=90)
    with pytest.raises(NoRoomForMark, match="100 integer steps or more"):
        embed(values.astype(np.uint8), axes="YX")
    assert detect(embed(values, axes="YX"), axes="YX").p_value < 1e-6
    assert detect(embed((values * 10).astype(np.uint16), axes="YX"), axes="YX").p_value < 1e-6


def test_a_colour_picture_keeps_the_bound_over_all_its_samples(anatomy: Anatomy) -> None:
    grey = anatomy((256, 256), span=80)
    image = np.stack([grey + 120, grey, grey + 40], axis=-1).astype(np.uint8)
    change = embed(image, axes="YXC").astype(int) - image
    assert change.any()
    assert np.abs(change).max() <= 0.01 * value_range(image)


def test_two_keys_share_the_strength_and_each_finds_its_own(anatomy: Anatomy) -> None:
    image = (anatomy((256, 256)) * 10).astype(np.uint16)
    private, stranger = Key(b"only the holders know"), Key(b"someone who guesses")
    marked = embed(image, axes="YX", also=private)
    assert np.abs(marked.astype(int) - image).max() <= 0.01 * value_range(image)
    for key in (PUBLIC, private):
        assert detect(marked, axes="YX", key=key).p_value < 1e-6
    assert detect(marked, axes="YX", key=stranger).p_value > 1e-4


def test_flat_surroundings_and_padding_are_left_alone_and_do_not_strengthen_the_mark(anatomy: Anatomy) -> None:
    image = (anatomy((256, 256)) * 5).astype(np.int16)
    padded = image.copy()
    padded[:128] = -30000
    change = embed(padded, axes="YX").astype(int) - padded
    assert not change[:120].any()
    assert np.abs(change).max() <= 0.011 * value_range(image)


def test_samples_that_are_not_finite_stay_and_do_not_disturb(anatomy: Anatomy) -> None:
    image = anatomy((256, 256)).astype(np.float32)
    image[10:20, 10:20] = np.nan
    image[100, 100] = np.inf
    marked = embed(image, axes="YX")
    assert np.array_equal(np.isnan(marked), np.isnan(image))
    assert marked[100, 100] == np.inf
    assert detect(marked, axes="YX").p_value < 1e-6


def test_colours_change_alike_and_opacity_stays(anatomy: Anatomy) -> None:
    grey = anatomy((256, 256)).astype(np.uint8)
    image = np.stack([grey, grey // 2 + 20, grey // 3 + 30, np.full_like(grey, 77)], axis=-1)
    change = embed(image, axes="YXC").astype(int) - image
    assert change[..., 0].any()
    assert (change[..., 0] == change[..., 1]).all()
    assert (change[..., 0] == change[..., 2]).all()
    assert not change[..., 3].any()


def test_one_slice_of_a_volume_suffices(anatomy: Anatomy) -> None:
    volume = np.stack([anatomy((256, 256), seed=s) for s in range(4)]).astype(np.int16)
    marked = embed(volume, axes="ZYX")
    for plane in marked:
        assert detect(plane, axes="YX").p_value < 1e-6
    assert detect(volume, axes="ZYX").p_value > 1e-4


def test_marking_is_deterministic(anatomy: Anatomy) -> None:
    image = anatomy((128, 128)).astype(np.uint8)
    assert (embed(image, axes="YX") == embed(image, axes="YX")).all()


def test_a_tiny_image_has_no_room_and_raises_no_suspicion(anatomy: Anatomy) -> None:
    image = anatomy((15, 40))
    with pytest.raises(NoRoomForMark, match="16 × 16"):
        embed(image, axes="YX")
    assert detect(image, axes="YX", thorough=True).p_value > 1e-4


@pytest.mark.parametrize("image", [np.zeros((64, 64), np.uint8), np.full((3, 64, 64), 9.0), np.full((64, 64), np.nan)])
def test_a_flat_image_has_no_room(image: NDArray[Any]) -> None:
    with pytest.raises(NoRoomForMark, match="metadata"):
        embed(image, axes="ZYX"[-image.ndim :])


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((64, 64), "XY"), ((64, 64), "YXC"), ((2, 64, 64), "CYX"), ((0, 64, 64), "ZYX")],
)
def test_axes_and_sizes_that_mean_nothing_are_refused(shape: tuple[int, ...], axes: str) -> None:
    for work in (embed, detect):
        with pytest.raises(UsageError, match="expected"):
            work(np.zeros(shape), axes=axes)


def test_strength_dtype_and_key_that_mean_nothing_are_refused(anatomy: Anatomy) -> None:
    image = anatomy((64, 64))
    for strength in (0.0, -0.01, 0.06, float("nan")):
        with pytest.raises(UsageError, match="strength"):
            embed(image, axes="YX", strength=strength)
    with pytest.raises(UsageError, match="samples"):
        embed(image.astype(complex), axes="YX")
    with pytest.raises(UsageError, match="16 bytes"):
        Key(b"short")
