"""The paired bootstrap by patient."""

import numpy as np
import pytest
from scipy import stats

from misyn.evaluate.utility.equivalence import tost
from misyn.evaluate.utility.resampling import Draws


def test_every_draw_takes_as_many_patients_as_there_are() -> None:
    draws = Draws.of(np.array([7, 7, 3, 9]), replicates=50, random=np.random.default_rng(1))
    assert (draws.counts.sum(axis=1) == 3).all()
    assert draws.patient.tolist() == [1, 1, 0, 2]


def test_images_of_one_patient_come_together() -> None:
    draws = Draws.of(np.repeat(np.arange(60), 4), replicates=400, random=np.random.default_rng(2))
    values = np.repeat(np.arange(60.0), 4)
    clustered = draws.interval(lambda w: Draws.mean(w, values))
    alone = Draws.of(np.arange(240), replicates=400, random=np.random.default_rng(2))
    naive = alone.interval(lambda w: Draws.mean(w, values))
    assert clustered is not None
    assert naive is not None
    assert clustered.high - clustered.low > 1.6 * (naive.high - naive.low)


def test_under_fifty_patients_there_is_no_interval() -> None:
    draws = Draws.of(np.arange(49), replicates=100, random=np.random.default_rng(3))
    assert draws.interval(lambda w: Draws.mean(w, np.arange(49.0))) is None


def test_a_class_too_rare_to_be_drawn_has_no_interval() -> None:
    draws = Draws.of(np.arange(60), replicates=300, random=np.random.default_rng(4))
    rare = np.arange(60) < 1
    assert draws.interval(lambda w: Draws.mean(w, np.arange(60.0), rare)) is None


def test_two_one_sided_tests_equal_scipys() -> None:
    gain = np.random.default_rng(5).normal(0.002, 0.02, 50)
    expected = max(
        stats.ttest_1samp(gain, -0.01, alternative="greater").pvalue,
        stats.ttest_1samp(gain, 0.01, alternative="less").pvalue,
    )
    error = gain.std(ddof=1) / np.sqrt(50)
    assert tost(float(gain.mean()), float(error), margin=0.01, freedom=49) == pytest.approx(expected, rel=1e-9)
