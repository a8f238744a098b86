"""Claims on groups left out: a dropped group is found, a scattered one is not found for being scattered."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from misyn.evaluate import left_out, neighbours

Floats = NDArray[np.float64]
GROUP = np.arange(30)


def p_of(medical: Floats, synthetic: Floats, other: Floats) -> float:
    radius = neighbours.within(medical, k=5).distances[:, -1]
    balls = left_out.inside(medical, np.concatenate([synthetic, other]), radius=radius)
    random = np.random.default_rng(0)
    return left_out.by_group(balls, len(synthetic), {"g": GROUP}, permutations=399, random=random)["g"].p_value


def drawn(seed: int, *, group: int = 30, spread: float = 1.0, place: float = 0.0) -> Floats:
    random = np.random.default_rng(seed)
    points = random.normal(size=(300, 8))
    points[:group] = points[:group] * spread + place
    return points


def test_a_group_that_is_dropped_is_found() -> None:
    assert p_of(drawn(0, place=2.5), drawn(1, group=0), drawn(2, place=2.5)) == 1 / 400


def test_a_scattered_group_that_is_drawn_is_not_found() -> None:
    found = [p_of(drawn(s, spread=3), drawn(s + 50, spread=3), drawn(s + 99, spread=3)) for s in range(20)]
    assert sum(p <= 0.05 for p in found) <= 4


def test_a_technique_that_is_bad_everywhere_leaves_no_group_out_more() -> None:
    assert p_of(drawn(0), drawn(1) + 6, drawn(2)) > 0.05


@pytest.mark.parametrize("n", [9, 295])
def test_groups_too_small_or_of_almost_everyone_are_not_tested(n: int) -> None:
    balls = np.ones((300, 40), bool)
    random = np.random.default_rng(0)
    assert left_out.by_group(balls, 20, {"g": np.arange(n)}, permutations=9, random=random) == {}
