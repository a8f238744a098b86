"""Claims on the search for copies: every turn and mirroring, parts, grey values, and nobody's own images."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from discs import disc
from misyn.evaluate import matching

Pixels = NDArray[np.uint8]
SEEDS = range(40)


def small(pixels: Pixels) -> Pixels:
    return matching.picture(pixels.astype(np.float32) / np.float32(255))


@pytest.fixture(scope="module")
def targets() -> Pixels:
    return np.stack([small(disc(seed, size=96)) for seed in SEEDS])


@pytest.mark.parametrize("variant", range(8))
def test_every_turn_and_mirroring_is_found_and_named(targets: Pixels, variant: int) -> None:
    source = disc(7, size=96)
    changed = np.rot90(source, variant % 4)
    changed = changed[::-1] if variant >= 4 else changed
    found = matching.match(small(changed)[None], targets)
    assert found.index.tolist() == [7]
    assert found.likeness[0] > 0.99
    assert ("mirrored" in found.how(0)) == (variant >= 4)


@pytest.mark.parametrize("share", [0.9, 0.8, 0.7])
def test_a_part_is_found_with_its_size(targets: Pixels, share: float) -> None:
    source, side = disc(11, size=96), round(96 * share)
    part = Image.fromarray(source[3 : 3 + side, 1 : 1 + side]).resize((96, 96), Image.Resampling.BICUBIC)
    found = matching.match(small(np.asarray(part))[None], targets)
    assert found.index.tolist() == [11]
    assert found.size[0] == pytest.approx(share, abs=0.04)


def test_brightness_and_contrast_change_nothing_and_noise_little(targets: Pixels) -> None:
    random = np.random.default_rng(0)
    source = disc(3, size=96)
    dimmed = np.clip(source * 0.6 + 20, 0, 255).astype(np.uint8)
    noisy = np.clip(source + random.normal(0, 6, source.shape), 0, 255).astype(np.uint8)
    found = matching.match(np.stack([small(dimmed), small(noisy)]), targets)
    assert found.index.tolist() == [3, 3]
    assert found.likeness[0] > 0.98
    assert found.likeness[1] > 0.6


def test_copies_are_more_alike_than_any_unrelated_picture(targets: Pixels) -> None:
    """Discs are much alike, so the bound is high: likeness means nothing without calibration."""
    others = np.stack([small(disc(seed, size=96)) for seed in range(500, 520)])
    unrelated = matching.match(others, targets).likeness.max()
    assert unrelated < 0.9 < matching.match(targets[:, ::-1], targets).likeness.min()


def test_a_patients_own_images_are_passed_over(targets: Pixels) -> None:
    patients = np.arange(len(targets))
    found = matching.match(targets[:4], targets, patients=(patients[:4], patients))
    assert not (found.index == patients[:4]).any()
    alone = matching.match(targets[:1], targets[:1], patients=(patients[:1], patients[:1]))
    assert (alone.index[0], alone.likeness[0]) == (-1, -1)


def test_an_empty_picture_is_like_nothing(targets: Pixels) -> None:
    flat = np.full((1, 64, 64), 90, np.uint8)
    assert matching.match(flat, targets).likeness.max() < 0.1


def test_a_turned_picture_of_another_aspect_is_found() -> None:
    wide = [np.concatenate([disc(seed, size=96), disc(seed + 900, size=96)[:, :32]], axis=1) for seed in SEEDS]
    turned = np.rot90(wide[5])[(128 - 72) // 2 : (128 + 72) // 2]  # as the study's crop to 4:3 leaves it
    targets = np.stack([small(pixels) for pixels in wide])
    query = np.asarray(Image.fromarray(np.ascontiguousarray(turned)).resize((128, 96), Image.Resampling.BICUBIC))
    assert matching.match(small(query)[None], targets).index.tolist() == [5]
