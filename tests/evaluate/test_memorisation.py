"""Claims on memorisation: authenticity by the definition, copies found, held-out images set the threshold."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from misyn.errors import EvaluationError
from misyn.evaluate import memorisation

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def by_definition(medical: Floats, synthetic: Floats) -> Bools:
    """Alaa et al., ICML 2022, written as loops over scipy's distances (as dgm-eval does)."""
    to_medical, own = cdist(synthetic, medical), cdist(medical, medical)
    np.fill_diagonal(own, np.inf)
    found = []
    for row in to_medical:
        nearest = int(np.argmin(row))
        found.append(own[nearest].min() < row[nearest])
    return np.array(found)


def by_published_bug(medical: Floats, synthetic: Floats) -> Bools:
    """The wrong lookup: the medical images' own distances, indexed by the synthetic image's number."""
    to_medical, own = cdist(synthetic, medical), cdist(medical, medical)
    np.fill_diagonal(own, np.inf)
    wrong: Bools = own.min(axis=1)[: len(synthetic)] < to_medical.min(axis=1)
    return wrong


def with_copies(share: float, n: int = 2000, d: int = 64) -> tuple[Floats, Floats]:
    random = np.random.default_rng(0)
    medical, synthetic = random.normal(size=(n, d)), random.normal(size=(n, d))
    copied = random.permutation(n)[: int(share * n)]
    synthetic[: len(copied)] = medical[copied]
    return medical, synthetic


@pytest.mark.parametrize(("share", "published"), [(0.0, 0.822), (0.5, 0.408), (1.0, 0.0)])
def test_authenticity_falls_with_the_share_of_copies_as_published(share: float, published: float) -> None:
    """.822/.408/0 at 0/50/100 % copies; n and D of that run are not written down, 2,000 and 64 fit it. ± 3 errors."""
    found = memorisation.authenticity(*with_copies(share))
    assert found.mean() == pytest.approx(published, abs=3 * np.sqrt(0.25 / 2000))


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_authenticity_equals_the_definition_and_not_the_published_index_bug(share: float) -> None:
    medical, synthetic = with_copies(share, n=400, d=16)
    found = memorisation.authenticity(medical, synthetic)
    assert found.tolist() == by_definition(medical, synthetic).tolist()
    assert found.tolist() != by_published_bug(medical, synthetic).tolist()
    assert abs(found.mean() - by_published_bug(medical, synthetic).mean()) > 0.05


def test_an_exact_copy_is_never_authentic_even_of_a_duplicate() -> None:
    medical = np.array([[0.0], [0.0], [4.0], [9.0]])
    assert not memorisation.authenticity(medical, medical).any()


def test_with_patients_a_medical_images_own_nearest_is_of_another_patient() -> None:
    medical = np.array([[0.0], [0.1], [5.0], [5.1]])
    same = np.array([1, 1, 2, 2])
    assert memorisation.authenticity(medical, [[0.3]]).tolist() == [True]
    assert memorisation.authenticity(medical, [[0.3]], patients=same).tolist() == [False]


def test_one_medical_image_has_no_other_to_compare_with() -> None:
    with pytest.raises(EvaluationError, match="another medical image"):
        memorisation.authenticity([[1.0]], [[2.0]])


def test_suspects_hold_their_rate_of_false_alarms_and_find_planted_copies() -> None:
    """1,000 unseen images calibrate, 2,000 more are judged (≤ 1 % expected, 4 errors allowed)."""
    random = np.random.default_rng(1)
    training = random.normal(size=(1000, 12))
    unseen, fresh = random.normal(size=(1000, 12)), random.normal(size=(2000, 12))
    copies = training[:200] + 0.02 * random.normal(size=(200, 12))

    def to_training(points: Floats) -> Floats:
        nearest: Floats = cdist(points, training).min(axis=1)
        return nearest

    found = memorisation.suspects(
        np.concatenate([to_training(copies), to_training(fresh)]),
        to_training(unseen),
        patients=np.arange(1000),
        random=np.random.default_rng(2),
    )
    assert found is not None
    assert found.rate == 0.01
    assert found.flags[:200].mean() > 0.95
    assert found.flags[200:].mean() < 0.01 + 4 * np.sqrt(0.01 / 1000)
    assert found.control is not None
    assert found.control < 0.03


@pytest.mark.parametrize(("held_out", "rate"), [(99, 0.01), (98, 0.02), (19, 0.05), (18, None)])
def test_few_held_out_images_promise_less_or_nothing(held_out: int, rate: float | None) -> None:
    found = memorisation.suspects(
        [0.0], np.linspace(1, 2, held_out), patients=np.arange(held_out), random=np.random.default_rng(0)
    )
    assert (None if found is None else found.rate) == rate
