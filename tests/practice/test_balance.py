from __future__ import annotations

import copy
from typing import Any

import pytest

from misyn.practice import balance
from misyn.practice.measured import Measured
from misyn.practice.record import Record


def references(evaluation: dict[str, Any]) -> list[str]:
    return [result.reference for result in balance.against(Measured(evaluation))]


def estimate(evaluation: dict[str, Any], name: str, **told: Any) -> dict[str, Any]:
    """The same evaluation with the training estimate of that name changed."""
    changed = copy.deepcopy(evaluation)
    for row in changed["estimates"]:
        if (row["name"], row["set"], row["group"]) == (name, "training", None):
            row.update(told)
    return changed


def test_what_speaks_against_the_crafted_technique_is_exactly_this(evaluation: dict[str, Any]) -> None:
    assert references(evaluation) == ["frechet", "mmd2", "coverage", "coverage[sex=F]", "mmd"]


def test_a_technique_as_good_as_held_out_medical_images_has_nothing_against_it(evaluation: dict[str, Any]) -> None:
    baselines = {row["name"]: row["value"] for row in evaluation["estimates"]}
    evaluation["estimates"] = [
        row | {"value": baselines.get(f"{row['name']}_baseline", row["value"])}
        for row in evaluation["estimates"]
        if row["group"] is None
    ]
    evaluation["tests"][0] |= {"p_adjusted": 0.6}
    assert references(evaluation) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("exact_copies", 0.005), ("copy_suspects", 0.02), ("support", 0.4), ("precision", 0.5), ("recall", 0.4)],
)
def test_each_kind_of_bad_result_is_found(name: str, value: float, evaluation: dict[str, Any]) -> None:
    assert name not in references(evaluation)
    assert name in references(estimate(evaluation, name, value=value))


def test_a_measure_that_grows_with_n_is_compared_at_the_same_n(evaluation: dict[str, Any]) -> None:
    assert "coverage" in references(evaluation)  # 0.6 below its baseline 0.65
    evaluation["estimates"].append(evaluation["estimates"][5] | {"name": "coverage_same_n", "value": 0.7})
    assert "coverage" not in references(evaluation)


def test_the_control_of_a_test_is_never_a_result_against_the_technique(evaluation: dict[str, Any]) -> None:
    evaluation["tests"][1] |= {"p_value": 0.001, "p_adjusted": 0.001}
    assert "mmd_baseline" not in references(evaluation)


def record(**told: Any) -> Record:
    return Record({"misyn": 1, "technique": {"name": "d"}, "responsible": "A"} | told)


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ({}, ["frechet", "mmd2", "coverage", "coverage[sex=F]", "mmd"]),
        ({"claims": [{"expects": "coverage < 0.9"}]}, ["frechet", "mmd2", "coverage[sex=F]", "mmd"]),
        ({"claims": [{"expects": "coverage[sex=F] < 0.9"}]}, ["frechet", "mmd2", "coverage", "mmd"]),
        ({"claims": [{"evidence": "evaluation:coverage[sex=F]"}]}, ["frechet", "mmd2", "coverage", "mmd"]),
        (
            {"limitations": {"assessed": [{"text": "x", "evidence": ["evaluation:mmd", "evaluation:mmd2"]}]}},
            ["frechet", "coverage", "coverage[sex=F]"],
        ),
        ({"limitations": {"assessed": ["The coverage of women is low."]}}, None),
        ({"limitations": {"assessed": [{"text": "x", "evidence": "evaluation:default"}]}}, None),
    ],
    ids=["silent", "whole", "group", "named", "limitation", "free text names nothing", "all at once names nothing"],
)
def test_a_result_is_mentioned_only_by_name_and_group(
    told: dict[str, Any], left: list[str] | None, evaluation: dict[str, Any]
) -> None:
    unsaid = [result.reference for result in balance.unmentioned(record(**told), Measured(evaluation))]
    assert unsaid == (references(evaluation) if left is None else left)
