"""Overlap of masks, against other people's code."""

import numpy as np
import pytest
from scipy.spatial.distance import directed_hausdorff
from skimage import metrics

from misyn.errors import EvaluationError
from misyn.evaluate.utility.segmentation import by_size, dice, hausdorff, overlap


def theirs(a: np.ndarray, b: np.ndarray) -> float:
    return float(metrics.hausdorff_distance(a, b))  # type: ignore[no-untyped-call]


def blobs(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :48]
    made = []
    for _ in range(2):
        cy, cx, r = random.uniform(20, 40), random.uniform(15, 30), random.uniform(4, 12)
        made.append((y - cy) ** 2 + (x - cx) ** 2 < r**2)
    return made[0], made[1]


@pytest.mark.parametrize("seed", range(8))
def test_the_hausdorff_distance_equals_two_other_implementations(seed: int) -> None:
    a, b = blobs(seed)
    both = max(directed_hausdorff(np.argwhere(p), np.argwhere(q))[0] for p, q in ((a, b), (b, a)))
    assert theirs(a, b) == pytest.approx(both)
    if not (a & b).any() or (a & ~b).any():
        assert hausdorff(a, b) >= both - 1e-9  # between borders: as far as between areas, or farther


def test_of_discs_apart_both_distances_are_one() -> None:
    y, x = np.mgrid[:40, :80]
    a, b = (y - 20) ** 2 + (x - 15) ** 2 < 50, (y - 20) ** 2 + (x - 60) ** 2 < 50
    assert hausdorff(a, b) == pytest.approx(theirs(a, b))


def test_spacing_scales_distance_and_area() -> None:
    a, b = blobs(3)
    plain, wide = overlap(a, b), overlap(a, b, spacing=(2.0, 2.0))
    assert wide.hausdorff == pytest.approx(2 * plain.hausdorff)
    assert wide.area == pytest.approx(4 * plain.area)
    assert wide.dice == plain.dice


def test_a_missed_lesion_costs_the_whole_image() -> None:
    drawn = np.zeros((30, 40), bool)
    drawn[5:9, 5:9] = True
    missed = overlap(drawn, np.zeros_like(drawn))
    assert (missed.dice, missed.hausdorff) == (0.0, 50.0)


def test_two_empty_masks_agree() -> None:
    empty = np.zeros((5, 5), bool)
    assert (dice(empty, empty), hausdorff(empty, empty)) == (1.0, 0.0)


def test_volumes_are_compared_too() -> None:
    drawn = np.zeros((6, 10, 10), bool)
    drawn[1:5, 2:7, 2:7] = True
    assert hausdorff(drawn, np.roll(drawn, 1, axis=0)) == 1.0


def test_other_shapes_are_refused() -> None:
    with pytest.raises(EvaluationError, match="one shape"):
        dice(np.zeros((3, 3)), np.zeros((3, 4)))


def test_every_size_has_a_third() -> None:
    names, counts = np.unique(by_size(np.random.default_rng(0).random(99)), return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {"small": 33, "medium": 33, "large": 33}
