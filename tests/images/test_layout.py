"""Whatever order a file stores its axes in, they come out as F Z Y X C, with every sample where it belongs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misyn.errors import LimitExceeded, MalformedImage, UnsupportedImage
from misyn.images import Limits
from misyn.images.layout import ORDER, Axis, arrange, check, without_opaque_alpha

LIMITS = Limits(max_pixels=1000, max_frames=5)


@given(st.permutations(ORDER), st.lists(st.integers(1, 4), min_size=5, max_size=5))
def test_samples_keep_their_coordinates(letters: list[str], sizes: list[int]) -> None:
    axes = [Axis(letter, size, 1.0) for letter, size in zip(letters, sizes, strict=True)]
    stored = np.arange(np.prod(sizes)).reshape(sizes[::-1])  # fastest first in memory
    found = arrange(stored.ravel(), axes)
    kept = [letter for letter in ORDER if letter in "YX" or dict(zip(letters, sizes, strict=True))[letter] > 1]
    assert found.axes == "".join(kept)
    assert found.pixels.flags.c_contiguous
    full = stored.transpose([letters[::-1].index(letter) for letter in ORDER])
    assert np.array_equal(found.pixels.reshape(full.shape), full)
    assert found.spacing == (1.0,) * sum(letter in "ZYX" for letter in kept)


@pytest.mark.parametrize("step", [None, 0.0, -1.0, float("nan"), float("inf")])
def test_spacing_is_known_for_every_spatial_axis_or_not_at_all(step: float | None) -> None:
    axes = (Axis("X", 2, 0.5), Axis("Y", 2, step))
    assert arrange(np.zeros(4), axes).spacing is None
    gone = (Axis("X", 2, 0.5), Axis("Y", 2, 0.5), Axis("Z", 1, step))
    assert arrange(np.zeros(4), gone).spacing == (0.5, 0.5)


@pytest.mark.parametrize(
    ("axes", "error"),
    [
        ([Axis("X", 3)], UnsupportedImage),
        ([Axis("X", 3), Axis("Y", 3), Axis("F", 2), Axis("F", 2)], UnsupportedImage),
        ([Axis("X", 3), Axis("Y", 0)], MalformedImage),
        ([Axis("X", 30), Axis("Y", 40)], LimitExceeded),
        ([Axis("X", 3), Axis("Y", 4), Axis("F", 6)], LimitExceeded),
    ],
)
def test_axes_that_make_no_image_or_too_large_a_one(axes: list[Axis], error: type[Exception]) -> None:
    with pytest.raises(error):
        check(axes, limits=LIMITS)


def test_alpha_goes_only_where_it_says_nothing() -> None:
    pixels = np.full((2, 3, 2), 255, np.uint8)
    assert without_opaque_alpha(pixels, opaque=255).shape == (2, 3)
    pixels[0, 0, 1] = 254
    assert without_opaque_alpha(pixels, opaque=255) is pixels
