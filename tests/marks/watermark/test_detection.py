"""What survives, what is not found, and that the null model is an upper bound."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture
from scipy import ndimage, stats

from misyn.marks.watermark import PUBLIC, Key, detect, embed
from misyn.marks.watermark.detection import orientation_scores, scores
from misyn.marks.watermark.null import p_value, threshold
from misyn.marks.watermark.pattern import BAND, TILE, lattice, orientations, phasors, spectrum, tile
from misyn.marks.watermark.residual import fold, residual

Anatomy = Callable[..., NDArray[np.float64]]
PRIVATE = Key(b"only the holders may know this")


@pytest.fixture(scope="module")
def marked(anatomy: Anatomy) -> NDArray[np.uint8]:
    return embed(anatomy((320, 288)).astype(np.uint8), axes="YX")


def jpeg(image: NDArray[Any], quality: int) -> NDArray[np.uint8]:
    file = io.BytesIO()
    Picture.fromarray(image).save(file, "JPEG", quality=quality)
    return np.array(Picture.open(file))


@pytest.mark.parametrize("turned", range(8))
def test_flips_and_quarter_turns_are_in_the_default_search(marked: NDArray[np.uint8], turned: int) -> None:
    assert detect(orientations(marked)[turned], axes="YX").p_value < 1e-6


@pytest.mark.parametrize("top", [0, 1, 37, 95, 130])
def test_a_crop_at_any_place_is_found(marked: NDArray[np.uint8], top: int) -> None:
    assert detect(marked[top : top + 190, 50:240], axes="YX").p_value < 1e-4


def test_jpeg_windowing_noise_and_inversion_are_survived(marked: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(3)
    windowed = np.clip((marked.astype(float) - 60) * 255 / 120, 0, 255).astype(np.uint8)
    noisy = np.clip(marked + rng.normal(0, 3, marked.shape), 0, 255).astype(np.uint8)
    for name, image in {
        "jpeg 75": jpeg(marked, 75),
        "jpeg 50": jpeg(marked, 50),
        "windowed": windowed,
        "noisy": noisy,
        "inverted": 255 - marked,
    }.items():
        assert detect(image, axes="YX").p_value < 1e-4, name


def test_another_key_finds_nothing(marked: NDArray[np.uint8]) -> None:
    assert detect(marked, axes="YX", key=PRIVATE).p_value > 1e-4
    assert detect(embed(marked, axes="YX", key=PRIVATE), axes="YX", key=PRIVATE).p_value < 1e-6


def test_the_key_is_in_no_result(marked: NDArray[np.uint8]) -> None:
    assert "holders" not in repr(detect(marked, axes="YX", key=PRIVATE)) + repr(PRIVATE)


@pytest.mark.parametrize("seed", range(20))
def test_an_unmarked_image_is_not_suspected(anatomy: Anatomy, seed: int) -> None:
    assert detect(anatomy((200, 200), seed=seed).astype(np.uint8), axes="YX").p_value > 1e-4


def test_a_flat_image_says_nothing() -> None:
    found = detect(np.full((64, 64), 7, np.uint8), axes="YX")
    assert (found.p_value, found.statistic) == (1.0, 0.0)


def test_the_correlation_is_the_definition() -> None:
    """Against the sum written out: z(s) = Σ w cos(angle(F) + 2π k·s / N - phase) / √(Σ w² / 2)."""
    square = np.random.default_rng(5).normal(size=(TILE, TILE)).astype(np.float32)
    rows, columns = lattice()
    values = np.fft.fft2(square)[rows, columns]
    weights = np.sqrt(np.abs(values))
    best = 0.0
    for y in range(0, TILE, 1):
        turn = 2 * np.pi * (rows[:, None] * y + columns[:, None] * np.arange(TILE)) / TILE
        cosines = np.cos(np.angle(values)[:, None] + turn - np.angle(phasors(PUBLIC))[:, None])
        best = max(best, float(np.abs(weights @ cosines).max()))
    assert orientation_scores(square, key=PUBLIC)[0] == pytest.approx(best / np.sqrt((weights**2).sum() / 2), rel=1e-4)


def test_one_place_is_within_its_bound_for_any_image_when_the_key_is_random(anatomy: Anatomy) -> None:
    """P(|z| ≥ t) ≤ 2 exp(-t²/2) for a smooth image and for one dominated by a single frequency."""
    rng = np.random.default_rng(7)
    images: list[NDArray[Any]] = [
        fold(residual(anatomy((200, 200)).astype(np.float32))),
        np.cos(np.arange(TILE) / 2)[None] * np.ones((TILE, 1)),
    ]
    rows, columns = lattice()
    keys = np.exp(2j * np.pi * rng.random((4000, len(rows)))).astype(np.complex64)
    for image in images:
        values = np.fft.fft2(image)[rows, columns]
        weights = np.sqrt(np.abs(values))
        z = (weights * np.exp(1j * np.angle(values)) * np.conj(keys)).real.sum(axis=1) / np.sqrt((weights**2).sum() / 2)
        for t in (1.5, 2.0, 2.5, 3.0, 3.5):
            found = int((np.abs(z) >= t).sum())
            assert stats.binomtest(found, len(z), min(1.0, 2 * np.exp(-t * t / 2)), alternative="greater").pvalue > 1e-3


def test_p_and_threshold_agree() -> None:
    for places in (1, 1000, 10**9):
        for p in (0.05, 1e-4, 1e-12):
            assert p_value(threshold(p, places=places), places=places) == pytest.approx(p)


def test_the_phases_are_uniform_and_differ_between_keys() -> None:
    angles = (np.angle(phasors(PUBLIC)) + np.pi) / (2 * np.pi)
    assert stats.kstest(angles, "uniform").pvalue > 0.001
    assert abs(np.vdot(phasors(PUBLIC), phasors(PRIVATE))) / len(angles) < 0.15


def test_the_public_pattern_never_changes() -> None:
    """Files marked by one version must be found by every later one."""
    assert np.angle(phasors(PUBLIC)[:3]).tolist() == pytest.approx(
        [-3.104336977005005, -2.818772077560425, 3.027313470840454], abs=1e-5
    )


def test_the_pattern_stays_in_its_band_before_it_is_clipped() -> None:
    grid = spectrum(phasors(PUBLIC))
    radius = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None])
    assert not np.abs(grid[(radius < BAND[0] - 1e-9) | (radius > BAND[1] + 1e-9)]).any()
    wave = np.fft.irfft2(grid, (TILE, TILE))
    assert np.corrcoef(wave.ravel(), tile(PUBLIC).ravel())[0, 1] > 0.75


def test_scores_of_nothing_are_zero() -> None:
    empty = np.zeros((2, len(lattice()[0])), np.complex64)
    assert scores(empty, phases=phasors(PUBLIC), size=TILE).tolist() == [0.0, 0.0]


def test_importing_the_watermark_loads_no_numerics() -> None:
    code = "import sys, misyn.marks.watermark; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("order", [("detection", "embedding"), ("search",)])
def test_the_public_names_stay_functions_whatever_was_imported_first(order: tuple[str, ...]) -> None:
    first = "; ".join(f"import misyn.marks.watermark.{name}" for name in order)
    code = f"{first}; from misyn.marks.watermark import detect, embed; assert callable(detect) and callable(embed)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scale", "degrees"), [(0.5, 0.0), (0.61, 0.0), (1.7, 0.0), (1.0, 15.0), (1.0, -37.0), (0.8, 100.0)]
)
def test_the_thorough_search_finds_scale_and_rotation(marked: NDArray[np.uint8], scale: float, degrees: float) -> None:
    picture = Picture.fromarray(marked)
    picture = picture.resize((int(288 * scale), int(320 * scale)), Picture.Resampling.LANCZOS)
    moved = np.array(picture.rotate(degrees, Picture.Resampling.BICUBIC))
    found = detect(moved, axes="YX", thorough=True)
    assert found.p_value < 1e-4
    assert "scales 0.4 to 2.5" in found.search


@pytest.mark.slow
def test_the_thorough_search_suspects_no_unmarked_image(anatomy: Anatomy) -> None:
    unmarked = ndimage.zoom(anatomy((200, 200)), 0.9).astype(np.uint8)
    assert detect(unmarked, axes="YX", thorough=True).p_value > 1e-4
