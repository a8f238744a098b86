"""The smallest generator draws from what it saw, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from misyn.errors import EvaluationError
from misyn.generate.pca import PcaGaussian

IMAGES = np.random.default_rng(1).random((20, 6, 5))


def test_many_samples_have_the_training_images_mean_and_spread() -> None:
    drawn = PcaGaussian.fit(IMAGES, components=19).sample(4000, seed=0)
    error = IMAGES.std(axis=0, ddof=1) / np.sqrt(4000)
    assert np.all(np.abs(drawn.mean(axis=0) - IMAGES.mean(axis=0)) < 5 * error)
    assert np.allclose(drawn.std(axis=0), IMAGES.std(axis=0, ddof=1), rtol=0.08)


def test_nothing_outside_the_span_of_the_training_images_is_drawn() -> None:
    model = PcaGaussian.fit(IMAGES, components=5)
    away = model.sample(10, seed=0).reshape(10, -1) - model.mean
    inside = away @ model.axes.T @ model.axes
    assert np.allclose(away, inside, atol=1e-5)


def test_the_seed_decides() -> None:
    model = PcaGaussian.fit(IMAGES)
    assert np.array_equal(model.sample(3, seed=1), model.sample(3, seed=1))
    assert not np.array_equal(model.sample(3, seed=1), model.sample(3, seed=2))


def test_weights_name_what_was_learnt() -> None:
    assert PcaGaussian.fit(IMAGES).weights == PcaGaussian.fit(IMAGES).weights
    assert PcaGaussian.fit(IMAGES).weights != PcaGaussian.fit(IMAGES[:-1]).weights


@pytest.mark.parametrize("images", [IMAGES[:2], np.full((5, 2, 2), np.nan)], ids=["two images", "NaN"])
def test_too_little_to_learn_from_is_refused(images: np.ndarray) -> None:
    with pytest.raises(EvaluationError, match="at least 3"):
        PcaGaussian.fit(images)
