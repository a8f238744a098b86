"""Claims on intervals over patients: same definitions as everywhere, drawn by patient without replacement, and only
where they were found to hold.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from misyn.evaluate import clipped, memorisation, neighbours, resampled, subsampling
from misyn.evaluate.measures import all_of
from misyn.evaluate.pair import Pair, Settings
from misyn.evaluate.resampled import Few
from misyn.evaluate.sets import Sample
from misyn.images.collection import Item
from misyn.results import Estimate

Floats = NDArray[np.float64]


def few(n: int, seed: int = 0, *, each: int = 2) -> Few:
    random = np.random.default_rng(seed)
    medical = np.repeat(random.normal(size=(n, 5)), each, axis=0) + 0.5 * random.normal(size=(n * each, 5))
    members = np.arange(n * each) < n
    return Few(medical, np.repeat(np.arange(n), each), random.normal(size=(n, 5)) * 1.1, None, groups={"g=a": members})


def test_measures_of_few_images_are_those_of_the_study() -> None:
    given = few(60)
    own = neighbours.within(given.medical, k=5, patients=given.patients)
    found = neighbours.overlap(given.medical, given.other, own=own)
    to_medical = neighbours.nearest(given.other, given.medical)
    expected = {
        "precision": found.precision,
        "recall": found.recall,
        "density": found.density,
        "coverage": found.coverage,
        "coverage[g=a]": float(found.covered[:60].mean()),
        "clipped_coverage": float(np.minimum(found.held, 5).mean()) / 5,
        "clipped_density": clipped.raw_density(given.medical, given.other, own=own),
        "nearest_distance_median": float(np.median(to_medical.distances)),
        "authenticity": float(memorisation.authentic(to_medical, own).mean()),
    }
    seen = resampled.measured(given, k=5)
    assert {name: seen[name] for name in expected} == pytest.approx(expected)


def test_a_part_has_whole_patients_each_at_most_once() -> None:
    given = few(40, each=3)
    part = subsampling._part(given, 0.5, np.random.default_rng(0))
    assert np.bincount(part.patients)[np.unique(part.patients)].tolist() == [3] * 20
    assert len(np.unique(part.medical, axis=0)) == 60, "nothing is drawn twice: radii would shrink"
    assert len(part.other) == 20


def test_the_deviation_of_a_mean_is_that_of_the_mean_over_patients() -> None:
    """The scaled variance between halves is exact for means: checked on a measure that is one (± 25 %)."""
    random = np.random.default_rng(1)
    values = random.normal(size=400)
    halves = [values[random.permutation(400)[:200]].mean() for _ in range(300)]
    scale = 0.5 / (1 - 0.5)
    assert np.std(halves) * np.sqrt(scale) == pytest.approx(values.std() / 20, rel=0.25)


@pytest.mark.slow
def test_intervals_hold_at_100_patients() -> None:
    """40 studies: coverage, density and precision inside 33 times or more (95 % of 40 is 38; 4 errors allowed).

    benchmarks/intervals_by_patient.py counts hundreds, of several laws, at 30, 100 and 1,000 patients.
    """
    names = ("coverage", "density", "precision")
    found = []
    for seed in range(40):
        given = few(100, seed, each=2)
        values = resampled.measured(given, k=5)
        spread = subsampling.spreads(given, k=5, random=np.random.default_rng(seed), parts=40)
        rows = {
            n: subsampling.interval(n, values[n], spread[n], counted=200 if n == "coverage" else 100, units=100)
            for n in names
        }
        found.append((values, rows))
    for name in names:
        true = float(np.mean([values[name] for values, _ in found]))
        inside = [row.low <= true <= row.high for _, rows in found if (row := rows[name]) is not None]
        assert len(inside) == 40
        assert sum(inside) >= 33, name


@pytest.mark.parametrize(("n", "refused"), [(99, True), (100, False)])
def test_under_100_patients_none_is_given(n: int, *, refused: bool) -> None:
    assert (subsampling.refused(few(n)) is not None) == refused


def test_a_share_of_nobody_or_all_gets_at_least_the_exact_interval_of_its_patients() -> None:
    spread = subsampling.Spread(0.0, 100)
    found = subsampling.interval("coverage", 1.0, spread, counted=300, units=100)
    assert found is not None
    assert found.low == pytest.approx(0.9638, abs=1e-3)
    assert found.high == 1.0


def pair(n: int, *, same: bool = False, suffix: str = "", of_group: int | None = None) -> Pair:
    random = np.random.default_rng(0)

    def sample(origin: str, count: int, first: int) -> Sample:
        labels = ["a" if i < (of_group or count // 2) else "b" for i in range(count)]
        return Sample(
            origin=origin,
            unit="patient" if origin != "synthetic" else "image",
            patients_known=origin != "synthetic",
            items=tuple(Item(Path(f"{i}"), None, labels[i], {}) for i in range(count)),
            facts=tuple({"digest": "x" if same else str(first + i)} for i in range(count)),
            features=random.normal(size=(count, 4)),
            patients=np.arange(count) + first,
        )

    other = sample("held-out" if suffix else "synthetic", n, 10_000)
    return Pair(medical=sample("training", n, 0), other=other, said="others", settings=Settings(), suffix=suffix)


def by_name(found: Pair) -> dict[str, Estimate]:
    return {e.name + (f"[{e.group}]" if e.group else ""): e for e in all_of(found)}


def test_a_study_of_100_patients_has_intervals_over_patients_and_says_of_what() -> None:
    found = by_name(pair(120))
    for name in subsampling.INTERVALS:
        if name != "support":
            assert found[name].low is not None, name
            assert "for other patients of the same source" in found[name].estimand
            assert "at this number of both (120 images of 120 patients, 120 of others)" in found[name].estimand
            low, high = found[name].low, found[name].high
            assert low is not None
            assert high is not None
            assert low <= found[name].value <= high
    for name in ("recall", "frechet", "mmd2", "frechet_extrapolated", "frechet_floor"):
        assert found[name].low is None
        assert "simulat" in str(found[name].reason)
    assert found["coverage[label=a]"].low is not None


def test_baselines_have_intervals_too_and_groups_of_few_patients_have_none() -> None:
    found = by_name(pair(120, suffix="_baseline", of_group=25))
    assert found["coverage_baseline"].low is not None
    assert found["coverage_baseline[label=a]"].low is None
    assert found["coverage_baseline[label=b]"].low is not None


def test_under_100_patients_shares_keep_the_interval_over_draws_and_coverage_has_a_reason() -> None:
    found = by_name(pair(60))
    assert found["precision"].low is not None
    assert "given these 60" in found["precision"].estimand
    assert found["coverage"].low is None
    assert "under 100 patients" in str(found["coverage"].reason)


def test_over_300_patients_only_what_held_at_1000_has_one() -> None:
    found = by_name(pair(301))
    assert found["coverage"].low is None
    assert "over 300" in str(found["coverage"].reason)
    assert "at this number of both" in found["clipped_coverage"].estimand


def test_images_that_repeat_each_other_get_none_at_all() -> None:
    assert all(e.low is None for e in by_name(pair(120, same=True)).values())
