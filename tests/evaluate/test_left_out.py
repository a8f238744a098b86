"""Claims on groups left out: a dropped group is found, others are not, and groups are counted in patients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from misyn.evaluate import left_out
from misyn.evaluate.caveats import FEW
from misyn.evaluate.pair import Pair, Settings
from misyn.evaluate.sets import Sample
from misyn.images.collection import Item

Floats = NDArray[np.float64]
GROUP = np.arange(300) < 30


def drawn(seed: int, *, group: int = 30, spread: float = 1.0, place: float = 0.0) -> Floats:
    random = np.random.default_rng(seed)
    points = random.normal(size=(300, 8))
    points[:group] = points[:group] * spread + place
    return points


def p_of(medical: Floats, synthetic: Floats, other: Floats, group: NDArray[np.bool_] = GROUP) -> float:
    """One part learned from ``medical`` and judged on the others, and the other way round."""
    parts = [
        left_out.Part(medical, {"g": group}, other, synthetic[::2]),
        left_out.Part(other, {"g": group}, medical, synthetic[1::2]),
    ]
    return left_out.by_group(parts, permutations=399, random=np.random.default_rng(0))["g"].p_value


def test_a_group_that_is_dropped_is_found() -> None:
    assert p_of(drawn(0, place=1.5), drawn(1, group=0), drawn(2, place=1.5)) == 1 / 400


def test_a_scattered_group_that_is_drawn_is_not_found() -> None:
    found = [p_of(drawn(s, spread=3), drawn(s + 50, spread=3), drawn(s + 99, spread=3)) for s in range(20)]
    assert sum(p <= 0.05 for p in found) <= 4


def test_a_technique_that_is_bad_everywhere_leaves_no_group_out_more() -> None:
    """Far from all medical images, an image looks like nobody: what is said is of supported images."""
    found = [p_of(drawn(s), drawn(s + 50) + 9, drawn(s + 99)) for s in range(20)]
    assert sum(p <= 0.05 for p in found) <= 4


def test_a_group_shown_more_often_is_not_found() -> None:
    assert p_of(drawn(0, place=1), drawn(1, group=90, place=1), drawn(2, place=1)) > 0.5


def test_p_values_of_a_small_group_far_from_the_others_are_not_shy() -> None:
    """60 nulls bound the mean p-value (± 3 errors of a uniform one); benchmarks/left_out.py counts 1,000 rejections."""
    found = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        of = [random.random(200) < 0.1 for _ in range(3)]
        a, b, c = (random.normal(size=(200, 8)) + 4 / np.sqrt(8) * group[:, None] for group in of)
        parts = [left_out.Part(a, {"g": of[0]}, b, c[::2]), left_out.Part(b, {"g": of[1]}, a, c[1::2])]
        found.append(left_out.by_group(parts, permutations=99, random=random)["g"].p_value)
    assert np.mean(found) == pytest.approx(0.5, abs=3 * np.sqrt(1 / 12 / 60))


def sample(origin: str, features: Floats, patients: NDArray[np.int64], groups: list[str]) -> Sample:
    items = tuple(Item(Path(f"{n}.png"), None, None, {"sex": sex}) for n, sex in enumerate(groups))
    facts = tuple({"digest": str(n)} for n in range(len(groups)))
    return Sample(
        origin=origin,
        unit="patient",
        patients_known=True,
        items=items,
        facts=facts,
        features=features,
        patients=patients,
    )


@pytest.mark.parametrize(("of_group", "tested"), [(9, False), (10, True)])
def test_a_group_is_counted_in_patients_however_many_images_it_has(of_group: int, *, tested: bool) -> None:
    """40 patients with 3 images each; of 9 or 10 of them all images are of the group."""
    random = np.random.default_rng(0)
    patients = np.repeat(np.arange(40), 3)
    groups = ["F" if p < of_group else "M" for p in patients]
    medical = sample("training", random.normal(size=(120, 4)), patients, groups)
    unseen = sample("held-out", random.normal(size=(120, 4)), patients + 100, groups)
    drawn = sample("synthetic", random.normal(size=(50, 4)), np.arange(50) + 500, ["F"] * 50)
    settings = Settings(permutations=9)
    main = Pair(medical=medical, other=drawn, said="synthetic images", settings=settings)
    baseline = Pair(medical=medical, other=unseen, said="held-out images", settings=settings, suffix="_baseline")
    found = {test.group: test for test in left_out.tests(main, baseline)}
    assert ("sex=F" in found) == tested
    assert drawn.n_units >= FEW
    if tested:
        assert "10 patients or units of the group" in found["sex=F"].method
        assert found["sex=F"].n_synthetic == 50
