"""Sentences: they say how many of how many, never more than was measured, and "we cannot tell" where that is so."""

from __future__ import annotations

from typing import Any

import pytest

from misyn.report import words
from misyn.report.facts import Facts
from misyn.report.groups import images_of, people
from misyn.report.judgements import adverse, limitations, recommendations
from misyn.report.numbers import Number, probability, quantity, share
from report.toy_study import estimate, outcome


def facts(*estimates: dict[str, Any], tests: Any = (), warnings: Any = (), **parts: Any) -> Facts:
    evaluation = {"estimates": list(estimates), "tests": list(tests), "warnings": list(warnings)}
    return Facts(**({"audit": None, "evaluation": evaluation, "marks": None, "record": None, "rows": ()} | parts))


def test_the_worst_group_leads_when_most_of_it_is_left_out() -> None:
    said = words.missing(
        facts(
            estimate("coverage", 0.8, n_medical=400),
            estimate("coverage", 3 / 41, n_medical=41, group="sex=F & age=60-79"),
            estimate("coverage", 0.0, n_medical=4, group="sex=O"),
        )
    )
    assert said == "The synthetic images leave out most images of women aged 60–79 (found: 3 of 41)."


def test_most_images_left_out_is_said_beside_what_medical_images_reach() -> None:
    said = words.missing(facts(estimate("coverage", 0.1, n_medical=100), estimate("coverage_baseline", 0.9)))
    assert "leave out most training images (found: 10 of 100; medical images in their place find 90\u00a0%)" in said


def test_few_synthetic_images_are_named_as_a_cause() -> None:
    said = words.missing(facts(estimate("coverage", 0.02, n_medical=10_015, n_synthetic=200)))
    assert "so few synthetic images, 200, could not find all" in said


def test_full_coverage_is_not_called_representation() -> None:
    assert "near is not the same as represented" in words.missing(facts(estimate("coverage", 1.0)))


def test_a_shift_that_form_could_explain_says_so() -> None:
    said = words.shifted(facts(tests=[outcome("mmd", 0.001, 0.001)], warnings=[{"id": "codec-differs", "text": "x"}]))
    assert "any test finds that first" in said


def test_no_difference_found_is_not_equality() -> None:
    assert "does not show that they are alike" in words.shifted(facts(tests=[outcome("mmd", 0.4, 0.4)]))


def test_a_test_that_separates_medical_images_too_tells_nothing() -> None:
    said = words.shifted(facts(tests=[outcome("mmd", 0.001, 0.001), outcome("mmd_baseline", 0.001, 0.001)]))
    assert said.startswith("We cannot tell")


def test_the_corrected_p_value_decides() -> None:
    assert "cannot tell" in words.shifted(facts(tests=[outcome("mmd", 0.04, 0.08)]))


def test_a_distance_without_a_test_is_not_called_a_shift() -> None:
    assert "was not tested" in words.shifted(facts(estimate("frechet", 9.0)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1 / 20, "1 of 20 synthetic images is an exact copy of a training image."),
        (0.5, "10 of 20 synthetic images are"),
    ],
)
def test_exact_copies_are_counted(value: float, expected: str) -> None:
    assert words.copied(facts(estimate("exact_copies", value))).startswith(expected)


def test_nothing_copied_is_never_said() -> None:
    for found in (
        facts(estimate("exact_copies", 0.0)),
        facts(estimate("exact_copies", 0.0), estimate("copy_suspects", 0.0)),
        facts(estimate("exact_copies", 0.0, set="reference")),
        facts(),
    ):
        said = words.copied(found).lower()
        assert not any(word in said for word in ("safe", "private", "nothing was copied", "no copies"))


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("sex=F", "female patients"),
        ("sex=F & age=0-19", "female patients aged 0–19"),
        ("age=80+", "patients aged 80 or over"),
        ("sex=unknown", "patients of unknown sex"),
        ("sex=O & age=20-39", "patients with sex “O” aged 20–39"),
        ("localization=back", "images with localization “back”"),
        ("label=nv", "images labelled “nv”"),
        ("dx=a=b", "images labelled “a=b”"),
        ("odd", "images with odd “”"),
    ],
)
def test_groups_in_words(group: str, expected: str) -> None:
    assert people(group) == expected
    assert expected in images_of(group)


def test_shares_never_round_to_all_or_nothing() -> None:
    assert [share(v) for v in (0.0, 1e-9, 0.5, 1 - 1e-9, 1.0)] == [
        "0\u00a0%",
        "under 0.001\u00a0%",
        "50\u00a0%",
        "over 99.999\u00a0%",
        "100\u00a0%",
    ]


def test_quantities_and_probabilities() -> None:
    assert [quantity(v) for v in (0.0, -0.00012, 1234.5, 2.5e9)] == ["0", "−1.2 × 10⁻⁴", "1,230", "2.5 × 10⁹"]
    assert [probability(v) for v in (0.0, 0.05, 1.0)] == ["p < 0.0001", "p = 0.05", "p = 1"]


def test_half_an_interval_is_no_interval() -> None:
    half = Number.parse({"name": "support", "value": 0.5, "low": 0.1, "high": float("nan")})
    assert half.interval is None
    assert half.reason


def test_results_against_the_technique_are_those_no_claim_mentions() -> None:
    low = estimate("coverage", 0.2)
    assert len(adverse(facts(low))) == 1
    record = {"claims": [{"id": "c", "kind": "limitation", "text": "Most is missed.", "expects": "coverage < 0.5"}]}
    assert adverse(facts(low, record=record)) == ()


def test_silent_files_are_a_result_against_the_technique() -> None:
    marks = {"n_files": 10, "declared": 7, "verdicts": {"unreadable": 1}}
    assert adverse(facts(marks=marks))[0].text == "Of 10 files, 2 carry no declaration that they are synthetic."


def test_intrinsic_limits_are_stated_whatever_the_record_says() -> None:
    for stated in (None, "loose words", {"grounding": "None stands behind."}, [{"text": "One"}]):
        aspects = limitations(facts(audit={"limitations": {"intrinsic": stated}}))
        assert len(aspects) == 3
        assert all(always.startswith("However good the numbers above, ") for always, _ in aspects[-1].always)
        assert len(aspects[-1].always) == 3


def test_recommendations_come_by_harm_prevented_and_open_ones_first() -> None:
    findings = [
        {"id": name, "status": status, "reason": "r", "next": "n"}
        for name, status in (("D4", "met"), ("T1", "met"), ("T2", "not-met"), ("ZZ", "not-met"))
    ]
    order = [judged.id for judged in recommendations(facts(audit={"findings": findings}))]
    assert order.index("T2") < order.index("T1")
    assert order[-1] == "ZZ"
    assert all(judged.next for judged in recommendations(facts(audit={"findings": findings})))


def test_warnings_keep_their_order_and_are_said_once() -> None:
    first, second = {"id": "b", "text": "B"}, {"id": "a", "text": "A."}
    found = facts(warnings=[first, second], audit={"warnings": [first, second]})
    assert found.warnings == (("b", "B."), ("a", "A."))
