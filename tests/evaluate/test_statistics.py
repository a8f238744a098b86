"""Claims on statistics: what is called a 95 % interval covers, what is called a rate is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from misyn.errors import EvaluationError
from misyn.evaluate import balls, neighbours, points, statistics


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (3, 17), (100, 200), (0, 50), (50, 50)])
def test_clopper_pearson_equals_scipy(successes: int, trials: int) -> None:
    theirs = stats.binomtest(successes, trials).proportion_ci(method="exact")
    ours = statistics.clopper_pearson(successes, trials)
    assert [ours.low, ours.high] == pytest.approx([float(theirs.low), float(theirs.high)])


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.95])
@pytest.mark.parametrize("trials", [10, 40, 200])
def test_printed_intervals_of_shares_cover_at_least_their_level(share: float, trials: int) -> None:
    """Exactly, not by simulation: the coverage is a sum over all outcomes."""
    outcomes = range(trials + 1)
    intervals = (statistics.clopper_pearson(s, trials) for s in outcomes)
    inside = np.array([i.low <= share <= i.high for i in intervals])
    covered = float(np.sum(stats.binom.pmf(outcomes, trials, share) * inside))
    assert covered >= 0.95


def test_intervals_of_shares_cover_in_a_simulation_of_support() -> None:
    """Fixed medical images and threshold, synthetic images drawn anew 600 times: what the estimand says."""
    random = np.random.default_rng(0)
    medical = random.normal(size=300)
    threshold = 0.02

    def supported(n: int) -> int:
        drawn = random.normal(0.5, 1.3, size=n)
        return int((np.abs(drawn[:, None] - medical).min(axis=1) <= threshold).sum())

    truth = supported(60_000) / 60_000
    intervals = [statistics.clopper_pearson(supported(80), 80) for _ in range(600)]
    covered = np.mean([i.low <= truth <= i.high for i in intervals])
    assert covered > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 600)


@pytest.mark.parametrize("n", [6, 21, 100])
def test_median_intervals_cover_for_a_skewed_law(n: int) -> None:
    random = np.random.default_rng(n)
    found = [statistics.median_interval(random.exponential(size=n)) for _ in range(1500)]
    covered = np.mean([i is not None and i.low <= np.log(2) <= i.high for i in found])
    assert covered > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 1500)


def test_holm_equals_a_worked_example() -> None:
    """p = .01, .02, .03, .04 times 4, 3, 2, 1, made monotone."""
    assert statistics.holm([0.04, 0.01, 0.03, 0.02]).tolist() == pytest.approx([0.06, 0.04, 0.06, 0.06])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_never_helps_and_keeps_order(p_values: list[float]) -> None:
    adjusted = statistics.holm(p_values)
    assert (adjusted >= np.array(p_values)).all()
    assert (adjusted <= 1).all()
    assert (np.diff(adjusted[np.argsort(p_values, kind="stable")]) >= 0).all()


def test_thresholds_keep_their_promise_for_exchangeable_values() -> None:
    """P(a further value > upper) ≤ 5 % and P(below lower) ≤ 1 %, exactly 5 % and 1 % at n = 99; 3 errors allowed."""
    random = np.random.default_rng(0)
    draws = random.exponential(size=(4000, 100))
    above = np.mean([d[-1] > (statistics.upper_threshold(d[:99], share=0.95) or 0) for d in draws])
    below = np.mean([d[-1] < (statistics.lower_threshold(d[:99], rate=0.01) or 0) for d in draws])
    assert above == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 4000))
    assert below == pytest.approx(0.01, abs=3 * np.sqrt(0.01 * 0.99 / 4000))


def test_no_trials_is_a_clear_error() -> None:
    with pytest.raises(EvaluationError, match="n ≥ 1 trials"):
        statistics.clopper_pearson(0, 0)


@pytest.mark.slow
def test_intervals_of_density_cover_where_they_are_printed_and_are_not_printed_below() -> None:
    """Fixed medical balls in 16 dimensions, 300 times 1,000 fresh images; the truth is the mean of all of them."""
    random = np.random.default_rng(0)
    medical = random.normal(size=(300, 16))
    radii = neighbours.within(medical, k=5).distances[:, -1]
    fresh = random.normal(size=(300 * statistics.MEAN_N, 16))
    a, b = points.prepare(medical, fresh)
    density = balls.count(a, b, radius_a=radii, radius_b=np.zeros(len(fresh))).balls / 5
    found = [statistics.mean_interval(part) for part in density.reshape(300, -1)]
    covered = np.mean([i is not None and i.low <= density.mean() <= i.high for i in found])
    assert covered == pytest.approx(0.95, abs=3 * np.sqrt(0.05 * 0.95 / 300))
    assert statistics.mean_interval(density[: statistics.MEAN_N - 1]) is None
