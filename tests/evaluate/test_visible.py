"""Claims on what anyone could see: attributes move as named, ranks hold their level, the classifier is honest."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, stats

from discs import disc
from misyn.evaluate import attributes, classifier, families, ranks
from misyn.evaluate.statistics import superiority

PLANE = (disc(1, size=96) / np.float32(255)).astype(np.float32)
COLOUR = np.stack([PLANE, PLANE * np.float32(0.7), PLANE * np.float32(0.6)], axis=2)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("brightness", PLANE * np.float32(0.7) + np.float32(0.3)),
        ("contrast", np.clip((PLANE - PLANE.mean()) * 1.4 + PLANE.mean(), 0, 1).astype(np.float32)),
        ("grain", np.clip(PLANE + np.random.default_rng(0).normal(0, 0.1, PLANE.shape), 0, 1).astype(np.float32)),
    ],
)
def test_an_attribute_rises_with_what_it_names(name: str, more: np.ndarray) -> None:
    assert (attributes.describe([more])[name] or 0) > (attributes.describe([PLANE])[name] or 0)


@pytest.mark.parametrize("name", ["sharpness", "fine_detail", "grain"])
def test_blur_takes_sharpness_detail_and_grain(name: str) -> None:
    blurred = ndimage.gaussian_filter(PLANE, 1.5)
    assert (attributes.describe([blurred])[name] or 0) < (attributes.describe([PLANE])[name] or 0)


def test_colour_is_measured_in_colour_images_only_and_follows_cie() -> None:
    found = attributes.describe([COLOUR])
    assert (found["redness"] or 0) > 0
    assert attributes.describe([PLANE])["ita"] is None
    white = attributes.describe([np.ones((8, 8, 3), np.float32)])
    assert abs(white["redness"] or 0) < 0.1


def test_the_area_equals_the_mann_whitney_statistic() -> None:
    random = np.random.default_rng(0)
    a, b = random.integers(0, 9, 50), random.integers(2, 12, 70)
    expected = stats.mannwhitneyu(a, b).statistic / (50 * 70)
    assert superiority(a, b)[0] == pytest.approx(expected)


def test_ranks_agree_with_the_published_test() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=40), random.normal(0.5, 1, 50)
    found = ranks.rank_test(a[:, None], b[:, None], permutations=4999, random=random)[0]
    assert found == pytest.approx(stats.mannwhitneyu(a, b).pvalue, abs=0.02)


def test_the_classifier_tells_apart_what_differs_and_nothing_else() -> None:
    random = np.random.default_rng(0)
    same = [
        classifier.tell_apart(
            random.normal(size=(40, 30)), random.normal(size=(40, 30)), permutations=99, random=random
        )
        for _ in range(40)
    ]
    assert np.mean([found.auc for found in same]) == pytest.approx(0.5, abs=0.06)  # judged on what it has not learned
    apart = classifier.tell_apart(
        random.normal(size=(40, 30)), random.normal(0.7, 1, size=(40, 30)), permutations=99, random=random
    )
    assert apart.p_value == 0.01


def test_each_question_is_corrected_on_its_own() -> None:
    assert {families.family(name) for name in ("mmd", "c2st_baseline")} == {"whole sets"}
