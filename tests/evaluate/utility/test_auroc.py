"""The area under the curve and DeLong's test, against other people's code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from MLstatkit import Delong_test
from sklearn.metrics import roc_auc_score

from misyn.errors import EvaluationError
from misyn.evaluate.utility import auroc, clustered, delong
from misyn.evaluate.utility.auroc import contributions, macro_auroc, macro_delong


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = np.r_[[0, 0, 1, 1], random.integers(0, 2, n - 4)]
    a, b = random.normal(size=n) + y, random.normal(size=n) + 0.7 * y
    return y, np.round(a, 1), np.round(b, 2)  # with ties


@pytest.mark.parametrize("n", [12, 100, 1500])
@pytest.mark.parametrize("seed", range(5))
def test_delong_equals_a_reference_implementation(n: int, seed: int) -> None:
    y, a, b = drawn(n, seed)
    z, p, _, _, first, second, said = Delong_test(y, a, b)
    found = delong(y, a, b)
    assert found.first == pytest.approx(first, abs=1e-12)
    assert found.second == pytest.approx(second, abs=1e-12)
    assert found.p_value == pytest.approx(p, abs=1e-6)
    assert found.error**2 == pytest.approx(said["var_diff"], rel=1e-9)
    assert found.difference / found.error == pytest.approx(z, rel=1e-9)


@given(arrays.arrays(np.int8, 30, elements=st.integers(0, 4)))
def test_the_area_equals_scikit_learns_with_any_ties(score: np.ndarray) -> None:
    y = np.arange(30) % 3 == 0
    assert auroc(y, score) == pytest.approx(roc_auc_score(y, score), abs=1e-12)


def test_the_mean_over_classes_equals_scikit_learns() -> None:
    random = np.random.default_rng(0)
    classes = random.integers(0, 4, 200)
    scores = random.dirichlet(np.ones(4), 200) + np.eye(4)[classes] * 0.3
    scores /= scores.sum(axis=1, keepdims=True)
    expected = roc_auc_score(classes, scores, multi_class="ovr", average="macro")
    assert macro_auroc(classes, scores) == pytest.approx(expected, abs=1e-12)


def test_the_mean_over_two_classes_is_delongs_test() -> None:
    y, a, b = drawn(300, 1)
    two = [np.stack([-s, s], axis=1) for s in (a, b)]
    assert macro_delong(y, *two) == delong(y, a, b)


def test_patients_with_one_image_each_change_nothing() -> None:
    y, a, b = drawn(200, 2)
    assert delong(y, a, b, patients=np.arange(200)).error == pytest.approx(delong(y, a, b).error, rel=1e-12)


def test_copies_of_every_image_under_its_patient_do_not_make_it_surer() -> None:
    y, a, b = drawn(200, 3)
    once = delong(y, a, b)
    thrice = delong(np.repeat(y, 3), np.repeat(a, 3), np.repeat(b, 3), patients=np.repeat(np.arange(200), 3))
    naive = delong(np.repeat(y, 3), np.repeat(a, 3), np.repeat(b, 3))
    assert thrice.error == pytest.approx(once.error, rel=0.01)
    assert naive.error < 0.6 * once.error


def test_contributions_sum_to_nothing() -> None:
    y, a, _ = drawn(100, 4)
    assert contributions(y.astype(bool), a).sum() == pytest.approx(0, abs=1e-12)
    assert clustered.error(np.zeros(5), None) == 0


@pytest.mark.parametrize(
    ("y", "score", "said"),
    [
        ([0, 1, 1], [0.1, 0.2], "one class and one score"),
        ([0, 1], [0.1, np.nan], "finite"),
        ([1, 1], [0.1, 0.2], "only one"),
        ([0, 2], [0.1, 0.2], "0 and 1"),
    ],
)
def test_what_cannot_be_judged_is_said(y: list[int], score: list[float], said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        auroc(y, score)


def test_one_image_of_a_class_has_no_variance() -> None:
    with pytest.raises(EvaluationError, match="two images of each class"):
        delong([0, 0, 1], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
