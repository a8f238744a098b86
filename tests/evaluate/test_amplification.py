"""Claims on links of label and group: the oracle agrees, nulls stay quiet, and a doubled link is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from discs import discs
from misyn.evaluate import amplification
from misyn.evaluate.amplification import amplified, error, phi
from misyn.evaluate.pair import Settings
from misyn.evaluate.study import Sets, evaluate
from misyn.images.collection import Collection

SHARES = (0.15, 0.15, 0.35, 0.35)
LINKED = (0.24, 0.06, 0.26, 0.44)


def test_the_link_is_the_correlation_of_two_facts() -> None:
    cells = np.array([13, 7, 21, 59])
    label = np.repeat([1, 1, 0, 0], cells)
    group = np.repeat([1, 0, 1, 0], cells)
    assert float(phi(cells)) == pytest.approx(stats.pearsonr(label, group).statistic)


def test_its_error_is_that_of_leaving_one_out() -> None:
    cells = np.array([6, 4, 9, 11])
    without = np.array([float(phi(cells - np.eye(4, dtype=int)[k])) for k in np.repeat(range(4), cells).tolist()])
    n = int(cells.sum())
    assert float(error(cells)) == pytest.approx(np.sqrt((n - 1) / n * np.sum((without - np.mean(without)) ** 2)))


def test_nulls_stay_quiet_and_an_amplified_link_is_found() -> None:
    random = np.random.default_rng(0)

    def found(first: tuple[float, ...]) -> float:
        p = [
            amplified(random.multinomial(500, first), random.multinomial(300, SHARES), permutations=199, random=random)
            for _ in range(200)
        ]
        return float(np.mean([one.p_value <= 0.05 for one in p]))

    assert found(SHARES) < 0.1
    assert found(LINKED) > 0.8


def people(collection: Collection, *, linked: bool) -> Collection:
    """Every other image has the label; women have it, where linked."""
    items = [
        replace(item, label="mel" if n % 2 else "nv", groups={"sex": "F" if (n % 2 if linked else n % 4 > 1) else "M"})
        for n, item in enumerate(collection.items)
    ]
    return replace(collection, items=tuple(items))


def test_a_study_says_which_label_goes_with_whom(tmp_path: Path) -> None:
    training = people(discs(tmp_path / "t", 60), linked=False)
    synthetic = people(discs(tmp_path / "s", 60, start=500), linked=True)
    found = evaluate(
        Sets(synthetic=replace(synthetic, unit="image"), training=training),
        out=tmp_path / "out",
        workers=0,
        settings=Settings(permutations=99),
    )
    (estimate,) = [e for e in found.estimates if e.name == "amplification"]
    (test,) = [t for t in found.tests if t.name == "amplification"]
    assert (estimate.group, estimate.value) == ("label=mel & sex=F", 1.0)
    assert "100 % are sex=F" in estimate.estimand
    assert test.p_adjusted is not None
    assert test.p_adjusted < 0.05
    assert estimate.reason == amplification.SPARSE, "of a link without exception no interval holds"


def test_of_two_groups_that_mirror_each_other_one_is_tested() -> None:
    tables = np.array([30, 10, 20, 40])
    assert float(phi(tables)) == pytest.approx(-float(phi(tables[[1, 0, 3, 2]])))
