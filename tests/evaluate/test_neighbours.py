"""Claims on neighbours: exact, bounded in memory, and equal to the published definitions."""

from __future__ import annotations

import contextlib
import io
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from misyn.errors import EvaluationError
from misyn.evaluate import neighbours, points

Floats = NDArray[np.float64]


def normal(*shape: int, seed: int = 0, shift: float = 0.0) -> Floats:
    return np.random.default_rng(seed).normal(size=shape) + shift


def reference_prdc(a: Floats, b: Floats, k: int) -> dict[str, float]:
    """The package its authors published."""
    from prdc import compute_prdc

    with contextlib.redirect_stdout(io.StringIO()):
        found: dict[str, Any] = compute_prdc(real_features=a, fake_features=b, nearest_k=k)
    return {name: float(value) for name, value in found.items()}


@pytest.mark.parametrize(("n", "m", "d", "k"), [(50, 40, 2, 1), (400, 300, 3, 5), (700, 900, 64, 5), (90, 80, 300, 10)])
def test_prdc_equals_the_package_its_authors_published(n: int, m: int, d: int, k: int) -> None:
    a, b = normal(n, d, seed=1), normal(m, d, seed=2) * 1.1 + 0.1
    ours, theirs = neighbours.prdc(a, b, k=k), reference_prdc(a, b, k)
    for name, value in theirs.items():
        assert getattr(ours, name) == pytest.approx(value, abs=1e-12)


@pytest.mark.slow
def test_prdc_gives_the_numbers_printed_in_the_packages_readme() -> None:
    """N(0, I), 10,000 images each, D 1000, k 5: .4772 / .4705 / 1.0555 / .9735.

    Tolerances are 3 standard deviations between seeds, measured on 4 runs: .017 (precision and recall), .065 and
    .0075. Density spreads so widely because in 1,000 dimensions a few images near the mean lie in very many balls.
    """
    found = neighbours.prdc(normal(10_000, 1000, seed=1), normal(10_000, 1000, seed=2))
    assert found.precision == pytest.approx(0.4772, abs=0.051)
    assert found.recall == pytest.approx(0.4705, abs=0.051)
    assert found.density == pytest.approx(1.0555, abs=0.195)
    assert found.coverage == pytest.approx(0.9735, abs=0.0225)


@pytest.mark.parametrize(("k", "published"), [(1, 0.5001), (3, 0.8751), (5, 0.9688), (10, 0.9990)])
def test_coverage_of_equal_distributions_has_its_analytic_value(k: int, published: float) -> None:
    """1 − Π (N − i)/(N + M − i), i = 1 … k, Naeem et al.; at N = M = 5000 .5001/.8751/.9688/.9990."""

    def analytic(n: int, m: int) -> float:
        return 1 - math.prod((n - i) / (n + m - i) for i in range(1, k + 1))

    assert analytic(5000, 5000) == pytest.approx(published, abs=1e-4)
    n = 1500
    found = [neighbours.prdc(normal(n, 3, seed=s), normal(n, 3, seed=s + 50), k=k).coverage for s in range(4)]
    expected = analytic(n, n)
    error = math.sqrt(expected * (1 - expected) / (4 * n)) + 1e-4
    assert np.mean(found) == pytest.approx(expected, abs=5 * error)  # neighbouring balls overlap: 5, not 3, errors


def test_one_outlier_lifts_precision_but_neither_density_nor_coverage() -> None:
    """The experiment of facts.md: why precision alone misleads (medical mean 0, synthetic +1, outlier +3)."""
    medical, synthetic = normal(2000, 64, seed=1), normal(2000, 64, seed=2, shift=1.0)
    before = neighbours.prdc(medical, synthetic)
    medical[0] = 3.0
    after = neighbours.prdc(medical, synthetic)
    assert before.precision < 0.05
    assert after.precision > 0.99
    assert after.density < 0.25
    assert after.coverage < 0.05


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(2, 40),
    m=st.integers(1, 40),
    d=st.integers(1, 5),
    k=st.integers(1, 4),
    scale=st.sampled_from([2.0**-30, 1.0, 2.0**23]),
    seed=st.integers(0, 1000),
)
def test_nearest_equals_brute_force_on_lattices_full_of_ties(
    n: int, m: int, d: int, k: int, scale: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    a, b = (random.integers(0, 4, size=(size, d)) * scale for size in (n, m))
    found = neighbours.nearest(a, b, k=k)
    distances = cdist(a, b)
    expected = np.argsort(distances, axis=1, kind="stable")[:, :k]
    assert found.indices[:, : expected.shape[1]].tolist() == expected.tolist()
    np.testing.assert_allclose(
        found.distances[:, : expected.shape[1]], np.take_along_axis(distances, expected, 1), rtol=1e-12
    )
    assert np.isinf(found.distances[:, expected.shape[1] :]).all()


def test_near_duplicates_far_from_the_origin_keep_their_order_where_float32_lies() -> None:
    base = np.full((1, 16), 1e6)
    offsets = np.zeros((4, 16))
    offsets[:, 0] = [0.0, 3e-4, 1e-4, 2e-4]
    targets = np.concatenate([base + offsets, -base])
    found = neighbours.nearest(base, targets, k=4)
    assert found.indices[0].tolist() == [0, 2, 3, 1]
    np.testing.assert_allclose(found.distances[0], [0, 1e-4, 2e-4, 3e-4], atol=1e-9)
    in_float32 = cdist(base.astype("f4"), targets.astype("f4"))[0, :4]
    assert len(set(in_float32)) < 4, "float32 tells them apart after all: this test shows nothing"


@pytest.mark.parametrize("spread", [1e-3, 1e-6, 1e-9])
def test_two_tight_clusters_far_apart_are_measured_as_exactly_as_one(spread: float) -> None:
    """Every pair inside a cluster is within the rounding of the product: all must be decided exactly."""
    a, b = normal(300, 4, seed=1) * spread, normal(250, 4, seed=2) * spread
    a[150:] += 1000
    b[125:] += 1000
    ours, brute = neighbours.prdc(a, b, k=3), cdist(a, b)
    radius_a = np.sort(cdist(a, a), axis=1)[:, 3]
    radius_b = np.sort(cdist(b, b), axis=1)[:, 3]
    assert ours.balls.tolist() == (brute < radius_a[:, None]).sum(axis=0).tolist()
    assert ours.covered.tolist() == (brute < radius_a[:, None]).any(axis=1).tolist()
    assert ours.recalled.tolist() == (brute < radius_b).any(axis=1).tolist()


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = normal(300, 6, seed=1), normal(333, 6, seed=2)
    whole = neighbours.prdc(a, b)
    monkeypatch.setattr(points, "BLOCK", 700)
    parts = neighbours.prdc(a, b)
    assert (whole.balls == parts.balls).all()
    assert (whole.covered == parts.covered).all()
    assert (whole.recalled == parts.recalled).all()


def test_every_synthetic_image_in_every_ball_is_counted() -> None:
    """A crowd at the centre of a ring lies in all balls: the densest case, far more pairs than neighbours."""
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    ring = np.concatenate([ring, -50 * np.ones((1, 2))])
    crowd = normal(250, 2, seed=3) * 1e-3
    found = neighbours.prdc(ring, crowd, k=199)
    expected = (cdist(ring, crowd) < np.sort(cdist(ring, ring), axis=1)[:, 199][:, None]).sum(axis=0)
    assert found.balls.tolist() == expected.tolist()
    assert found.balls.min() > 190


def test_neighbours_of_a_medical_image_exclude_the_same_patient() -> None:
    a = normal(200, 4, seed=1)
    patients = np.repeat(np.arange(50), 4)
    found = neighbours.within(a, k=3, patients=patients)
    distances = cdist(a, a)
    distances[patients[:, None] == patients] = np.inf
    assert found.indices.tolist() == np.argsort(distances, axis=1)[:, :3].tolist()


def test_slices_of_one_patient_shrink_radii_unless_the_patient_is_excluded() -> None:
    """50 patients × 4 nearly equal slices: without exclusion hardly anything is covered."""
    centres = normal(50, 8, seed=1)
    medical = np.repeat(centres, 4, axis=0) + normal(200, 8, seed=2) * 1e-3
    synthetic = normal(200, 8, seed=3)
    patients = np.repeat(np.arange(50), 4)
    assert neighbours.prdc(medical, synthetic, k=3).coverage < 0.05
    assert neighbours.prdc(medical, synthetic, k=3, patients=patients).coverage > 0.6


def test_nearest_across_sets_passes_over_the_same_patient() -> None:
    found = neighbours.nearest([[0.0], [5.0]], [[0.1], [4.0]], patients=(np.array([7, 8]), np.array([7, 9])))
    assert found.indices.ravel().tolist() == [1, 1]


def test_k_larger_than_n_is_a_clear_error() -> None:
    with pytest.raises(EvaluationError, match=r"more than k = 5 medical images.*Next: give more images"):
        neighbours.prdc(normal(5, 2), normal(20, 2), k=5)
    with pytest.raises(EvaluationError, match="synthetic images"):
        neighbours.prdc(normal(20, 2), normal(5, 2), k=5)


def test_one_patient_with_all_images_is_a_clear_error() -> None:
    with pytest.raises(EvaluationError, match="other patients"):
        neighbours.prdc(normal(20, 2), normal(20, 2), k=2, patients=np.zeros(20, np.int64))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused_with_their_rows(bad: float) -> None:
    a = normal(20, 2)
    a[3, 1] = bad
    with pytest.raises(EvaluationError, match=r"1 of 20 rows \(first: row 3\)"):
        neighbours.prdc(a, normal(20, 2))


def test_features_of_different_extractors_are_refused() -> None:
    with pytest.raises(EvaluationError, match="found 2 and 3 columns"):
        neighbours.prdc(normal(20, 2), normal(20, 3))


def test_identical_images_are_measured_without_division_or_nan() -> None:
    same = np.ones((20, 4))
    found = neighbours.prdc(same, same)
    assert (found.precision, found.coverage) == (0.0, 0.0), "a ball of radius 0 holds nothing"


@pytest.mark.slow
def test_memory_is_bounded_by_blocks() -> None:
    """6,000 × 6,000 float64 distances alone would be 288 MB."""
    a, b = normal(6000, 32, seed=1), normal(6000, 32, seed=2)
    tracemalloc.start()
    try:
        neighbours.prdc(a, b)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 120e6
