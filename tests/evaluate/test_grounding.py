"""Claims on support: unseen medical images set the bar, and chance is asked as well."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from misyn.evaluate import grounding, neighbours

Floats = NDArray[np.float64]


def distances(points: Floats, medical: Floats) -> Floats:
    return neighbours.nearest(points, medical).distances[:, 0]


def test_new_medical_images_are_supported_at_the_promised_share_and_strangers_are_not() -> None:
    random = np.random.default_rng(0)
    medical, unseen, fresh = (random.normal(size=(n, 8)) for n in (800, 800, 2000))
    strangers = random.normal(size=(300, 8)) + 4
    found = grounding.support(
        np.concatenate([distances(fresh, medical), distances(strangers, medical)]),
        distances(unseen, medical),
        patients=np.arange(800),
        random=np.random.default_rng(1),
    )
    assert found is not None
    assert found.flags[:2000].mean() == pytest.approx(0.95, abs=0.03)
    assert not found.flags[2000:].any()
    assert found.control == pytest.approx(0.95, abs=0.03)


def test_chance_is_low_where_features_belong_together_and_high_where_they_do_not() -> None:
    random = np.random.default_rng(0)
    together = np.repeat(random.normal(size=(400, 1)), 10, axis=1) + 0.1 * random.normal(size=(400, 10))
    apart = random.normal(size=(400, 3))
    for medical, low, high in ((together, 0.0, 0.05), (apart, 0.85, 1.0)):
        own = neighbours.within(medical).distances[:, 0]
        found = grounding.support(own, own, patients=np.arange(400), random=np.random.default_rng(1))
        assert found is not None
        share = grounding.chance(medical, n=300, threshold=found.threshold, random=np.random.default_rng(2))
        assert low <= share <= high


def test_images_without_another_patient_do_not_calibrate() -> None:
    unseen = np.concatenate([np.linspace(1, 2, 30), np.full(5, np.inf)])
    found = grounding.support([1.5], unseen, patients=np.arange(35), random=np.random.default_rng(0))
    assert found is not None
    assert found.threshold <= 2


def test_too_few_unseen_images_give_no_support_at_all() -> None:
    assert grounding.support([1.0], [1.0] * 18, patients=np.arange(18), random=np.random.default_rng(0)) is None
