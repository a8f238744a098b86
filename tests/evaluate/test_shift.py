"""Claims on shift: the Fréchet distance is real and right; the permutation test holds its level and has power."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import linalg
from scipy.spatial.distance import cdist

from misyn.errors import EvaluationError
from misyn.evaluate import moments, shift
from misyn.evaluate.statistics import clopper_pearson

Floats = NDArray[np.float64]


def normal(*shape: int, seed: int = 0, mean: float = 0.0) -> Floats:
    return np.random.default_rng(seed).normal(size=shape) + mean


def by_sqrtm(a: Floats, b: Floats) -> float:
    """The textbook formula with scipy's matrix square root."""
    covariances = [np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b)]
    root = linalg.sqrtm(covariances[0] @ covariances[1])
    gap = np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2)
    return float(gap + np.trace(covariances[0] + covariances[1]) - 2 * np.real(np.trace(root)))


@pytest.mark.parametrize(("n", "m", "d"), [(200, 300, 1), (200, 300, 7), (150, 90, 40)])
def test_frechet_equals_the_matrix_square_root_of_scipy(n: int, m: int, d: int) -> None:
    a, b = normal(n, d, seed=1) @ normal(d, d, seed=9), normal(m, d, seed=2, mean=0.3)
    assert shift.frechet(a, b) == pytest.approx(by_sqrtm(a, b), rel=1e-7)


def test_frechet_with_fewer_images_than_features_equals_the_trace_by_eigenvalues() -> None:
    """sqrtm turns complex here; the eigenvalues of the (singular) product still give the trace."""
    a, b = normal(30, 100, seed=1), normal(25, 100, seed=2, mean=0.1)
    eigenvalues = np.linalg.eigvals(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)).real
    trace = np.sqrt(np.clip(eigenvalues, 0, None)).sum()
    spread = np.trace(np.cov(a, rowvar=False)) + np.trace(np.cov(b, rowvar=False))
    expected = np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2) + spread - 2 * trace
    assert shift.frechet(a, b) == pytest.approx(float(expected), rel=1e-4)


def test_frechet_of_a_set_with_itself_is_zero_and_of_a_shift_is_the_squared_shift() -> None:
    a = normal(40, 90, seed=1)
    assert shift.frechet(a, a) == pytest.approx(0, abs=1e-9)
    assert shift.frechet(a, a + 2) == pytest.approx(4 * 90, rel=1e-12)


def test_frechet_follows_the_analytic_value_of_gaussians_along_a_mean_shift() -> None:
    a, b = normal(20000, 4, seed=1), normal(20000, 4, seed=2)
    found = [shift.frechet(a, b + delta) for delta in (0.0, 0.5, 1.0, 2.0)]
    for value, delta in zip(found, (0.0, 0.5, 1.0, 2.0), strict=True):
        assert value == pytest.approx(4 * delta**2, abs=0.01 + 0.1 * delta)


def test_frechet_is_symmetric_and_ignores_order() -> None:
    a, b = normal(60, 20, seed=1), normal(50, 20, seed=2)
    assert shift.frechet(a, b) == pytest.approx(shift.frechet(b[::-1], a), rel=1e-10)


def test_one_image_has_no_spread() -> None:
    with pytest.raises(EvaluationError, match="at least 2 images in each set, found 1 and 20"):
        shift.frechet(normal(1, 3), normal(20, 3))


def test_mmd_equals_the_definition_written_as_loops() -> None:
    a, b = normal(12, 3, seed=1), normal(9, 3, seed=2, mean=0.5)
    pooled = cdist(np.vstack([a, b]), np.vstack([a, b]))
    sigma = np.sqrt(np.median(pooled[np.triu_indices(21, 1)] ** 2))
    kernel = np.exp(-(pooled**2) / (2 * sigma**2))
    xx = sum(kernel[i, j] for i in range(12) for j in range(12) if i != j) / (12 * 11)
    yy = sum(kernel[i, j] for i in range(12, 21) for j in range(12, 21) if i != j) / (9 * 8)
    xy = sum(kernel[i, j] for i in range(12) for j in range(12, 21)) / (12 * 9)
    found = shift.mmd_test(a, b, permutations=10, seed=0)
    assert found.statistic == pytest.approx(xx + yy - 2 * xy, abs=1e-12)
    assert found.bandwidth == pytest.approx(sigma)
    assert shift.mmd2(a, b) == pytest.approx(found.statistic, abs=1e-15)


def test_p_value_counts_relabellings_as_their_definition_says() -> None:
    """With 2 + 2 images there are three different splits: the p-value must approach 1/3 for the most extreme one."""
    found = shift.mmd_test([[0.0], [0.1]], [[5.0], [5.1]], permutations=6000, seed=1)
    assert found.p_value == pytest.approx(1 / 3, abs=4 * np.sqrt((1 / 3) * (2 / 3) / 6000))


def test_same_seed_same_p_value_other_seed_other_permutations() -> None:
    a, b = normal(40, 2, seed=1), normal(40, 2, seed=2)
    assert shift.mmd_test(a, b, 300, 5) == shift.mmd_test(a, b, 300, 5)
    assert shift.mmd_test(a, b, 300, 5).p_value != shift.mmd_test(a, b, 300, 6).p_value


@pytest.mark.slow
@pytest.mark.parametrize(("n", "m"), [(30, 30), (60, 20)])
def test_type_one_error_is_near_five_percent(n: int, m: int) -> None:
    """400 nulls: 95 of 100 correct tests give a rate inside the exact 99.9 % interval around 5 %."""
    rejected = sum(
        shift.mmd_test(normal(n, 4, seed=s), normal(m, 4, seed=s + 10_000), permutations=99, seed=s).p_value <= 0.05
        for s in range(400)
    )
    inside = clopper_pearson(rejected, 400, level=0.999)
    assert inside.low <= 0.05 <= inside.high


@pytest.mark.slow
def test_permuting_patients_holds_the_level_where_permuting_images_does_not() -> None:
    """30 patients of 5 nearly equal images in each set: images are not 150 independent ones."""

    def p_values(seed: int) -> tuple[float, float]:
        a, b = (
            np.repeat(normal(30, 3, seed=s), 5, axis=0) + 0.05 * normal(150, 3, seed=s + 1) for s in (seed, seed + 2)
        )
        patients = (np.repeat(np.arange(30), 5), np.repeat(np.arange(30, 60), 5))
        return (
            shift.mmd_test(a, b, permutations=99, seed=seed, patients=patients).p_value,
            shift.mmd_test(a, b, permutations=99, seed=seed).p_value,
        )

    found = np.array([p_values(10 * s) for s in range(200)])
    by_patient, by_image = (found <= 0.05).sum(axis=0)
    inside = clopper_pearson(int(by_patient), 200, level=0.999)
    assert inside.low <= 0.05 <= inside.high
    assert by_image > 60, "pretending that images are independent rejects far too often"


def test_a_shift_of_half_a_standard_deviation_is_found() -> None:
    assert shift.mmd_test(normal(150, 5, seed=1), normal(150, 5, seed=2, mean=0.5), 200, 0).p_value < 0.01


def test_a_patient_in_both_sets_is_refused() -> None:
    with pytest.raises(EvaluationError, match="no patient in both sets"):
        shift.mmd_test(normal(3, 2), normal(3, 2), patients=(np.array([1, 2, 3]), np.array([3, 4, 5])))


def test_identical_images_give_a_test_that_finds_nothing() -> None:
    found = shift.mmd_test(np.ones((10, 3)), np.ones((12, 3)), permutations=50)
    assert found.statistic == pytest.approx(0, abs=1e-12)
    assert found.p_value == 1.0


def test_the_energy_distance_is_that_of_its_definition() -> None:
    """Székely and Rizzo, each mean over pairs of different images, written over scipy's distances."""
    random = np.random.default_rng(0)
    a, b = random.normal(size=(20, 3)), random.normal(size=(30, 3)) + 0.5
    own = [cdist(x, x).sum() / (len(x) * (len(x) - 1)) for x in (a, b)]
    assert shift.energy_test(a, b, permutations=1).statistic == pytest.approx(2 * cdist(a, b).mean() - sum(own))


def test_the_energy_test_finds_a_shift_and_moves_a_patients_images_together() -> None:
    random = np.random.default_rng(0)
    a = np.repeat(random.normal(size=(6, 3)), 20, axis=0) + random.normal(size=(120, 3)) * 0.1
    b = np.repeat(random.normal(size=(6, 3)), 20, axis=0) + random.normal(size=(120, 3)) * 0.1
    patients = np.repeat(np.arange(6), 20), np.repeat(np.arange(6, 12), 20)
    assert shift.energy_test(a, b, permutations=99).p_value == 0.01, "images of few patients look precise and are not"
    assert shift.energy_test(a, b, permutations=99, patients=patients).p_value > 0.05
    assert shift.energy_test(a, b + 3, permutations=999, patients=patients).p_value < 0.05


@pytest.mark.parametrize("apart", [0.0, 1.0])
def test_the_bias_of_the_frechet_distance_is_bounded(apart: float) -> None:
    """Mean over 20 draws: floor, truth, extrapolated, as measured, in this order; the extrapolation nearer by half."""
    random = np.random.default_rng(0)
    units = np.arange(60), np.arange(60)
    found = []
    for _ in range(20):
        a, b = random.normal(size=(60, 8)), random.normal(size=(60, 8)) + apart
        bounds = moments.frechet_bounds(a, b, patients=units, random=random, splits=4)
        assert bounds is not None
        found.append((bounds.floor, bounds.extrapolated, shift.frechet(a, b)))
    floor, extrapolated, measured = np.mean(found, axis=0)
    truth = 8 * apart**2
    assert floor <= truth < measured
    assert abs(extrapolated - truth) < (measured - truth) / 2
    assert moments.frechet_bounds([[0.0], [1.0]], [[0.0], [1.0]], patients=(units[0][:2],) * 2, random=random) is None
