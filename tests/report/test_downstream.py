"""Who is harmed or helped: harm is named first, and nothing is said that the intervals do not say."""

from typing import Any

import pytest

from misyn.report import downstream
from misyn.report.facts import Facts
from misyn.report.questions import all_four


def facts(*rows: dict[str, Any]) -> Facts:
    evaluation = {"estimates": list(rows), "sets": {"training": {"n": 50}, "held-out": {"n": 80}}}
    return Facts(audit=None, evaluation=evaluation, marks=None, record=None, rows=())


def gain(value: float, half: float, group: str | None = None, name: str = "utility_gain") -> dict[str, Any]:
    low, high = value - half, value + half
    return {"name": name, "set": "held-out", "value": value, "low": low, "high": high, "n_medical": 80, "group": group}


def test_a_clear_harm_is_said() -> None:
    assert "clearly worse" in downstream.sentence(facts(gain(-0.1, 0.05)))


def test_an_interval_around_nothing_is_no_clear_difference() -> None:
    said = downstream.sentence(facts(gain(0.04, 0.05), gain(-0.04, 0.05, "sex=F")))
    assert said == "Adding the synthetic images made no clear difference to a model on unseen medical images."


def test_a_group_that_is_harmed_is_named_before_one_that_is_helped() -> None:
    said = downstream.sentence(facts(gain(0.05, 0.02), gain(0.1, 0.02, "sex=M"), gain(-0.1, 0.02, "sex=F")))
    assert said.index("Clearly worse for female patients") < said.index("Clearly better for male patients")


def test_a_number_without_an_interval_is_never_clear() -> None:
    row = {**gain(-0.3, 0.0), "low": None, "high": None, "reason": "too few patients"}
    assert "no clear difference" in downstream.sentence(facts(row))
    assert any("too few patients" in said for said in downstream.sure(facts(row)))


@pytest.mark.parametrize("rows", [(), ({"name": "coverage", "value": 0.5, "set": "training"},)])
def test_without_downstream_evidence_nothing_is_said_of_harm(rows: tuple[dict[str, Any], ...]) -> None:
    assert downstream.sentence(facts(*rows)) == downstream.NOT_MEASURED
    assert downstream.picture(facts(*rows)) is None
    assert downstream.sure(facts(*rows)) == (downstream.NOTHING,)


def test_the_picture_has_everybody_and_the_worst_groups_first() -> None:
    groups = [gain(value, 0.01, f"site=s{n}") for n, value in enumerate([0.2, -0.2, 0.1, 0.0])]
    drawn = downstream.picture(facts(gain(0.05, 0.01), *groups), most=3)
    assert drawn is not None
    assert [word in drawn[0] for word in ("All", "s1", "s3", "s0")] == [True, True, True, False]


def test_training_on_synthetic_images_alone_does_not_speak_for_adding_them() -> None:
    said = downstream.sentence(facts(gain(-0.3, 0.01, name="utility_gain_synthetic"), gain(0.1, 0.01)))
    assert "clearly better" in said


def test_a_model_of_the_users_own_is_shown_by_its_name() -> None:
    rows = [gain(0.8, 0.05, name="utility_auroc_resnet"), gain(0.02, 0.1, name="utility_gain_resnet")]
    assert any("the model “resnet” 80" in said for said in downstream.sure(facts(*rows)))


def test_the_question_on_harm_shows_its_numbers_and_tests_whatever_the_main_set_is() -> None:
    evaluation = {
        "estimates": [
            gain(-0.1, 0.02),
            gain(-0.2, 0.05, "sex=F"),
            {"name": "coverage", "value": 0.5, "set": "training"},
        ],
        "tests": [
            {"name": "utility_gain", "p_value": 0.01, "set": "held-out"},
            {"name": "mmd", "p_value": 0.5, "set": "training"},
        ],
        "sets": {"training": {"n": 50}},
    }
    shifted, harmed = all_four(Facts(audit=None, evaluation=evaluation, marks=None, record=None, rows=()))[1::2]
    assert harmed.figure is not None
    assert [line.who for line in harmed.by_group.lines] == ["Female patients"]
    assert [shown.name for shown in harmed.each] == ["utility_gain"]
    assert ["utility_gain" in row[0] for row in harmed.tests] == [True]
    assert ["mmd" in row[0] for row in shifted.tests] == [True]
