"""Claims on clipped density and coverage: the definition, read as shares, and not lifted by odd images."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import cdist

from misyn.evaluate import clipped, neighbours

Floats = NDArray[np.float64]


def drawn(seed: int, n: int = 500, d: int = 8) -> Floats:
    return np.random.default_rng(seed).normal(size=(n, d))


def by_definition(medical: Floats, synthetic: Floats, k: int) -> tuple[float, float]:
    """Clipped density, and the mean of clipped counts behind clipped coverage, written over scipy's distances."""
    own, across = cdist(medical, medical), cdist(medical, synthetic)
    np.fill_diagonal(own, np.inf)
    radius = np.sort(own, axis=1)[:, k - 1]
    narrow = np.minimum(radius, np.median(radius))[:, None]
    best = np.minimum((own <= narrow).sum(axis=0) / k, 1).mean()
    found = np.minimum((across < narrow).sum(axis=0) / k, 1).mean()
    return min(1.0, found / best), float(np.minimum((across < radius[:, None]).sum(axis=1) / k, 1).mean())


@pytest.mark.parametrize("bad", [0.0, 0.3, 0.9])
def test_both_equal_their_definition(bad: float) -> None:
    medical, synthetic = drawn(0, 200), drawn(1, 300)
    synthetic[: int(300 * bad)] += 3
    own = neighbours.within(medical, k=5)
    held = neighbours.overlap(medical, synthetic, own=own).held
    density, mean = by_definition(medical, synthetic, 5)
    assert clipped.density(medical, synthetic, own=own) == pytest.approx(density)
    expected = clipped.calibrated(mean, k=5, medical=200, synthetic=300)
    assert clipped.coverage(held, k=5, synthetic=300) == pytest.approx(expected)


def test_the_calibration_is_a_beta_binomial_mean_as_scipy_has_it() -> None:
    good, k, medical = np.array([0, 3, 40, 500]), 5, 120
    counts = np.arange(501)
    exact = [
        float(np.sum(np.minimum(counts[: m + 1], k) * stats.betabinom(m, k, medical - k).pmf(counts[: m + 1]))) / k
        for m in good
    ]
    assert clipped.expected(good, k=k, medical=medical) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("good", [1.0, 0.7, 0.4, 0.0])
def test_both_read_as_the_share_of_good_images(good: float) -> None:
    """Some of 1,000 synthetic images are drawn like the medical ones, the others lie far from all."""
    medical, synthetic = drawn(2, 1000), drawn(3, 1000)
    synthetic[int(1000 * good) :] += 100
    own = neighbours.within(medical, k=5)
    held = neighbours.overlap(medical, synthetic, own=own).held
    assert clipped.density(medical, synthetic, own=own) == pytest.approx(good, abs=0.06)
    assert clipped.coverage(held, k=5, synthetic=1000) == pytest.approx(good, abs=0.06)


def test_one_unusual_medical_image_vouches_for_nobody() -> None:
    """The published experiment that lifts precision from .004 to 1.000: one medical image at +3, synthetic at +1."""
    medical, synthetic = drawn(4, 1000, 64), drawn(5, 1000, 64) + 1
    medical[0] = 3.0
    own = neighbours.within(medical, k=5)
    assert neighbours.overlap(medical, synthetic, own=own).precision > 0.99
    assert clipped.density(medical, synthetic, own=own) < 0.05


def test_repeating_the_most_common_image_does_not_raise_density_above_one() -> None:
    medical = drawn(6, 300)
    synthetic = np.repeat(medical[:1] * 0.01, 300, axis=0)
    own = neighbours.within(medical, k=5)
    assert clipped.density(medical, synthetic, own=own) <= 1
    assert clipped.coverage(neighbours.overlap(medical, synthetic, own=own).held, k=5, synthetic=300) < 0.2
