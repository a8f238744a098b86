"""The table of images holds what the estimates were made of: each is found again from its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from discs import discs
from misyn.evaluate.attributes import ATTRIBUTES
from misyn.evaluate.pair import Settings
from misyn.evaluate.statistics import superiority
from misyn.evaluate.study import Sets, evaluate

Rows = list[Mapping[str, Any]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, float], Rows, Rows]:
    place = tmp_path_factory.mktemp("table")
    sets = Sets(synthetic=discs(place / "s", 25, start=500), training=discs(place / "t", 40))
    result = evaluate(sets, out=place / "out", workers=0, settings=Settings(permutations=19))
    values = {e.name: e.value for e in result.estimates if e.group is None}
    rows: Rows = pq.ParquetFile(place / "out" / "per-image.parquet").read().to_pylist()
    return values, [r for r in rows if r["origin"] == "synthetic"], [r for r in rows if r["origin"] == "training"]


def test_shares_are_those_of_the_rows(found: tuple[dict[str, float], Rows, Rows]) -> None:
    values, synthetic, medical = found
    assert values["support"] == np.mean([row["supported"] for row in synthetic])
    assert values["precision"] == np.mean([row["medical_balls"] > 0 for row in synthetic])
    assert values["density"] == pytest.approx(np.mean([row["medical_balls"] / 5 for row in synthetic]))
    assert values["authenticity"] == np.mean([row["authentic"] for row in synthetic])
    assert values["coverage"] == np.mean([row["covered"] for row in medical])
    assert values["coverage"] == np.mean([row["synthetic_held"] > 0 for row in medical])
    assert values["recall"] == np.mean([row["recalled"] for row in medical])
    assert values["nearest_distance_median"] == pytest.approx(np.median([r["nearest_distance"] for r in synthetic]))


def test_shifts_are_those_of_the_rows(found: tuple[dict[str, float], Rows, Rows]) -> None:
    values, synthetic, medical = found
    for attribute in ATTRIBUTES:
        name = f"attribute:{attribute.name}"
        own, other = ([row[name] for row in rows] for rows in (synthetic, medical))
        if None in own:
            assert f"shift_{attribute.name}" not in values, "grey images have no colour"
        else:
            assert values[f"shift_{attribute.name}"] == pytest.approx(superiority(np.array(own), np.array(other))[0])
