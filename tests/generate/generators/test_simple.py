"""What the compositor, super-resolution and the negative controls do to pixels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from misyn.errors import EvaluationError
from misyn.generate.generators.compositor import Compositor, healed
from misyn.generate.generators.controls import Collapsed, Copycat
from misyn.generate.generators.super_resolution import SuperResolution, coarse, enlarged
from misyn.generate.generators.training import Training


def smooth(count: int, *, seed: int, size: int = 32) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((count, size, size))
    blurred = np.stack([ndimage.gaussian_filter(image, 1.5) for image in noise])
    low, high = blurred.min(), blurred.max()
    return np.asarray((blurred - low) / (high - low), np.float32)


def wounds() -> Training:
    """Red squares on skin of one colour, and plain backgrounds of another."""
    images = np.full((5, 32, 32, 3), (0.8, 0.6, 0.5), np.float32)
    masks = np.zeros((5, 32, 32), bool)
    masks[:, 12:20, 10:18] = True
    images[masks] = (0.6, 0.1, 0.1)
    return Training(images, masks=masks, backgrounds=np.full((2, 32, 32, 3), (0.5, 0.4, 0.3), np.float32))


def test_a_composite_is_background_outside_and_lesion_inside_its_mask() -> None:
    drawn = Compositor(light=0).fit(wounds(), seed=0).draw(12, seed=0)
    assert drawn.masks is not None
    for image, mask in zip(drawn.images, drawn.masks, strict=True):
        away = ~ndimage.binary_dilation(mask, iterations=7)
        within = ndimage.binary_erosion(mask, iterations=3)
        assert np.allclose(image[away], (0.5, 0.4, 0.3), atol=1e-3)
        assert within.any()
        assert (image[within][:, 0] - image[within][:, 1]).mean() > 0.2  # red, in the background's light
    assert len({mask.sum() for mask in drawn.masks}) > 3
    assert len(drawn.backgrounds) == 12


def test_a_lesion_takes_the_light_of_the_skin_it_is_put_on() -> None:
    drawn = Compositor(light=0).fit(wounds(), seed=0).draw(4, seed=1)
    assert drawn.masks is not None
    within = ndimage.binary_erosion(drawn.masks[0], iterations=3)
    assert np.allclose(
        drawn.images[0][within].mean(axis=0), (0.3, 0.0, 0.0), atol=0.02
    )  # the skins differ by (.3,.2,.2)


@pytest.mark.parametrize("value", [False, True], ids=["empty", "full"])
def test_masks_without_a_lesion_are_left_out_and_none_left_is_said(value: bool) -> None:
    given = wounds()
    assert given.masks is not None
    given.masks[0] = value
    assert len(Compositor().fit(given, seed=0).lesions) == 4
    given.masks[:] = value
    with pytest.raises(EvaluationError, match="empty or full"):
        Compositor().fit(given, seed=0)


def test_a_compositor_without_masks_says_so() -> None:
    with pytest.raises(EvaluationError, match="give masks"):
        Compositor().fit(Training(smooth(4, seed=0)), seed=0)


def test_without_healthy_skin_backgrounds_are_filled_and_both_images_are_sources() -> None:
    given = wounds()
    drawn = Compositor().fit(Training(given.images, masks=given.masks), seed=0).draw(20, seed=0)
    assert "not healthy skin" in drawn.notes[0]
    assert max(len(source) for source in drawn.sources) == 2


def test_healing_fills_the_hole_from_around_it_and_touches_nothing_else() -> None:
    image = np.full((32, 32), 0.7, np.float32)
    mask = np.zeros((32, 32), bool)
    mask[10:20, 10:20] = True
    image[mask] = 0
    assert np.allclose(healed(image, mask), 0.7, atol=1e-3)
    noisy = smooth(1, seed=3)[0]
    outside = ~ndimage.binary_dilation(mask, iterations=2)
    assert np.array_equal(healed(noisy, mask)[outside], noisy[outside])
    assert np.array_equal(healed(noisy, np.ones_like(mask)), noisy)


def test_super_resolution_is_nearer_to_unseen_images_than_interpolation_and_not_there() -> None:
    model = SuperResolution().fit(Training(smooth(30, seed=0)), seed=0)
    unseen = smooth(10, seed=1)
    small = coarse(unseen, 2)
    error = np.abs(model.apply(small) - unseen).mean()
    assert error < 0.8 * np.abs(enlarged(small, 2) - unseen).mean()
    assert error > 1e-4  # what coarsening took away cannot come back


def test_coarse_images_have_the_means_of_the_fine_ones() -> None:
    images = smooth(3, seed=0)
    assert np.allclose(coarse(images, 4).mean(axis=(1, 2)), images.mean(axis=(1, 2)), atol=1e-6)
    with pytest.raises(EvaluationError, match="multiples of 3"):
        coarse(images, 3)


def test_the_copycat_stays_near_and_never_gives_the_image_itself() -> None:
    given = Training(smooth(10, seed=0))
    drawn = Copycat().fit(given, seed=0).draw(30, seed=0)
    pairs = zip(drawn.images, drawn.sources, strict=True)
    own = np.array([np.abs(image - given.images[source[0]]).mean() for image, source in pairs])
    others = np.array([np.abs(drawn.images[0] - image).mean() for image in given.images])
    assert own.min() > 0
    assert own.max() < np.sort(others)[1]


def test_the_collapsed_generator_draws_as_few_images_as_it_was_told() -> None:
    drawn = Collapsed(modes=3).fit(Training(smooth(10, seed=0)), seed=4).draw(31, seed=0)
    counts = np.unique([source[0] for source in drawn.sources], return_counts=True)[1]
    assert sorted(counts) == [10, 10, 11]
