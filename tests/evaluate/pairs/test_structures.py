"""Claims on structures: a planted spot is found, a spot that was there is not, noise and inverted contrast are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from misyn.evaluate.pairs.measured import moved
from misyn.evaluate.pairs.structures import Structure, excesses

Plane = NDArray[np.float32]


def ground(seed: int, size: int = 96) -> Plane:
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    waves = 0.1 * np.sin(x / 9 + seed) + 0.1 * np.cos(y / 13)
    return np.asarray(0.5 + waves + random.normal(0, 0.01, (size, size)), np.float32)


def spot(shape: tuple[int, ...], row: int, column: int, *, height: float = 0.3, width: float = 3) -> Plane:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.asarray(height * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * width**2)), np.float32)


def test_a_planted_spot_leads_and_lies_where_it_was_planted() -> None:
    plain = ground(0)
    first = excesses(plain + spot(plain.shape, 40, 60), plain)[0]
    assert abs(first.row - 40) <= 2
    assert abs(first.column - 60) <= 2
    assert first.excess > 3


def test_a_spot_that_both_show_is_none_even_with_inverted_contrast() -> None:
    both = ground(1) + spot((96, 96), 40, 60)
    assert excesses(1 - both + ground(2) * 0.02, both)[0].excess < 1.5


def test_noise_and_half_a_pixel_are_no_structures() -> None:
    source = ground(3) + spot((96, 96), 30, 30)
    found = excesses(moved(source), source)
    assert not found or found[0].excess < 1.5


def test_pictures_of_another_size_keep_their_coordinates() -> None:
    large = np.asarray(np.kron(ground(4), np.ones((8, 8))), np.float32)
    planted = large + spot(large.shape, 400, 200, width=24)
    first = excesses(planted, large)[0]
    assert first.row == pytest.approx(400, abs=12)
    assert first.column == pytest.approx(200, abs=12)


def test_a_flat_picture_has_no_structure() -> None:
    flat = np.full((40, 40), 0.5, np.float32)
    assert excesses(flat, flat) == []


@pytest.mark.data
@pytest.mark.slow
def test_spots_planted_into_dermoscopy_and_wiped_out_of_it_are_found(data_dir: Path) -> None:
    """40 images of HAM10000; a spot of 0.3 of the range, 4 pixels wide. The threshold: 95 % of noisy images show less.

    Seen while this was written: 39 of 40 at 0.3, 33 at 0.2, 12 at 0.1.
    """
    random = np.random.default_rng(0)
    sources = [
        np.asarray(np.asarray(Pillow.open(path).convert("L")) / 255, np.float32)
        for path in sorted((data_dir / "ham10000" / "images").glob("*.jpg"))[:400:10]
    ]
    noisy = [np.asarray(s + random.normal(0, 0.02, s.shape), np.float32) for s in sources]
    control = sorted(max([f.excess for f in excesses(n, s)] or [0.0]) for n, s in zip(noisy, sources, strict=True))
    made_up = lost = 0
    for source, image in zip(sources, noisy, strict=True):
        row, column = (int(random.integers(20, side - 20)) for side in source.shape)
        planted = np.asarray(np.clip(image - spot(source.shape, row, column, height=0.3, width=4), 0, 1), np.float32)
        with_spot = np.asarray(np.clip(source - spot(source.shape, row, column, height=0.3, width=4), 0, 1), np.float32)
        made_up += near(excesses(planted, source), row, column) > control[-2]
        lost += near(excesses(with_spot, image), row, column) > control[-2]  # the source has it, the output has not
    assert made_up >= 36
    assert lost >= 36


def near(found: list[Structure], row: int, column: int) -> float:
    """The largest excess within six pixels."""
    return max([f.excess for f in found if np.hypot(f.row - row, f.column - column) < 6] or [0.0])
