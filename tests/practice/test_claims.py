from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from misyn.practice import claims, phases
from misyn.practice.record import Record
from misyn.results import ClaimFinding, Evidence

# By hand: what a study, a downstream comparison or an equivalence test would hand over.
EXTRA: list[dict[str, Any]] = [
    {"name": "utility_gain", "value": 0.03, "low": 0.01, "high": 0.05, "set": "held-out", "group": None},
    {"name": "utility_gain", "value": 0.02, "low": -0.01, "high": 0.04, "set": "held-out", "group": "sex=F"},
    {"name": "membership_advantage", "value": 0.01, "low": -0.02, "high": 0.04, "set": "training", "group": None},
    {"name": "auroc_difference", "value": 0.0, "low": -0.015, "high": 0.012, "set": "held-out", "group": None},
]
TOST = {
    "name": "tost_gap",
    "statistic": 3.0,
    "p_value": 0.001,
    "p_adjusted": 0.004,
    "correction": "holm",
    "group": None,
}
STUDY = {
    "estimates": [{"name": "reader_accuracy", "value": 0.52, "low": 0.48, "high": 0.56}],
    "approval": "board 7, 2026",
}


def one(seen: Mapping[str, Evidence], base: Record | None = None, /, **claim: Any) -> ClaimFinding:
    """Judge one claim in an otherwise bare record."""
    content = {"misyn": 1, "technique": {"name": "demo", "version": "1"}, "responsible": "A"}
    content |= dict(base.content) if base else {}
    record = Record(content | {"claims": [{"id": "c", "kind": "benefit", "text": "It holds."} | claim]})
    return claims.judge(record, seen, phases.derive(seen, record))[0]


def status(seen: Mapping[str, Evidence], /, **claim: Any) -> str:
    return one(seen, **claim).status


def with_extra(evaluation: dict[str, Any], **kinds: dict[str, Any]) -> dict[str, Evidence]:
    content = copy.deepcopy(evaluation)
    content["estimates"] += EXTRA
    content["tests"].append(TOST)
    return {"evaluation": Evidence("evaluation", content)} | {kind: Evidence(kind, c) for kind, c in kinds.items()}


def test_an_honest_record_with_sound_evidence_gets_its_claims_supported(
    honest: Record, evidence: dict[str, Evidence]
) -> None:
    found = claims.judge(honest, evidence, phases.derive(evidence, honest))
    assert {claim.id: claim.status for claim in found} == {
        "half-supported": "supported",
        "misses-many": "supported",
        "women": "supported",
    }
    assert all(evidence["evaluation"].digest in claim.evidence for claim in found)


# support is 0.7 with the interval 0.63 to 0.76
@pytest.mark.parametrize(
    ("expects", "expected"),
    [
        ("support >= 0.5", "supported"),
        ("support >= 0.63", "supported"),
        ("support > 0.63", "unsupported"),
        ("support >= 0.69", "unsupported"),
        ("support >= 0.76", "unsupported"),
        ("support > 0.76", "contradicted"),
        ("support >= 0.77", "contradicted"),
        ("support < 0.77", "supported"),
        ("support <= 0.76", "supported"),
        ("support < 0.63", "contradicted"),
        ("support >= 0.5 and support < 0.9", "supported"),
        ("support >= 0.5 and support < 0.6", "contradicted"),
        ("support >= 0.5 and nothing < 0.6", "untested"),
    ],
)
def test_an_interval_decides_as_a_whole(expects: str, expected: str, evidence: dict[str, Evidence]) -> None:
    assert status(evidence, expects=expects) == expected
    assert status(evidence, expects=expects.split(" and ")) == expected


class TestWithoutAnInterval:
    def test_the_reason_says_that_the_value_alone_decided(self, evidence: dict[str, Evidence]) -> None:
        finding = one(evidence, kind="limitation", expects="coverage < 0.9")
        assert (finding.status, "decided on the value 0.6 alone" in finding.reason) == ("supported", True)
        assert "no valid interval" in finding.reason

    def test_an_admission_that_was_not_shown_is_unsupported_and_no_lie(self, evidence: dict[str, Evidence]) -> None:
        assert status(evidence, kind="limitation", expects="coverage < 0.3") == "unsupported"

    def test_a_benefit_needs_patients_behind_its_value(self, evaluation: dict[str, Any]) -> None:
        def with_patients(n: int | None) -> str:
            for row in evaluation["estimates"]:
                row["n_patients"] = n
            return status({"evaluation": Evidence("evaluation", evaluation)}, expects="coverage >= 0.5")

        assert [with_patients(n) for n in (100, 20, 19, None)] == [
            "supported", "supported", "unsupported", "unsupported",
        ]  # fmt: skip

    def test_a_benefit_is_contradicted_by_its_value(self, evidence: dict[str, Evidence]) -> None:
        assert status(evidence, expects="coverage >= 0.8") == "contradicted"

    def test_a_count_needs_no_interval_and_speaks_of_these_files_only(self, evidence: dict[str, Evidence]) -> None:
        finding = one(evidence, expects="exact_copies <= 0")
        assert (finding.status, "of no others" in finding.reason) == ("supported", True)


class TestSelection:
    def test_a_group_is_judged_by_its_own_estimate(self, evidence: dict[str, Evidence]) -> None:
        assert status(evidence, kind="limitation", expects="coverage[sex=F] < 0.5") == "supported"
        assert status(evidence, kind="limitation", expects="coverage[sex=M] < 0.5") == "unsupported"

    def test_a_group_that_was_not_measured_is_untested(self, evidence: dict[str, Evidence]) -> None:
        assert status(evidence, expects="coverage[age=80+] >= 0.1") == "untested"

    def test_a_set_can_be_named(self, evidence: dict[str, Evidence]) -> None:
        assert status(evidence, kind="limitation", expects="coverage[set=reference] < 0.9") == "supported"
        assert status(evidence, kind="limitation", expects="support[set=reference] < 0.9") == "untested"


class TestUntested:
    @pytest.mark.parametrize("claim", [{}, {"expects": []}, {"evidence": "evaluation:coverage"}])
    def test_a_claim_that_nothing_could_fail_is_untested(
        self, claim: dict[str, Any], evidence: dict[str, Evidence]
    ) -> None:
        assert status(evidence, **claim) == "untested"

    def test_without_evaluation_everything_is_untested(self) -> None:
        assert status({}, expects="coverage >= 0.1") == "untested"
        assert status({}, kind="limitation", expects="coverage < 0.9") == "untested"

    def test_evidence_that_is_named_and_not_there_is_missing(self, evidence: dict[str, Evidence]) -> None:
        assert status(evidence, expects="support >= 0.5", evidence="file:gone.txt") == "untested"


class TestTests:
    def test_significant_needs_a_corrected_test(self, evidence: dict[str, Evidence]) -> None:
        text = "The distributions differ significantly."
        assert status(evidence, text=text, expects="support >= 0.5") == "unsupported"
        assert status(evidence, text=text, expects="mmd.p_value < 0.05") == "unsupported"
        assert status(evidence, text=text, expects="mmd.p_adjusted < 0.05") == "supported"
        assert status(evidence, text=text, expects="mmd.p_adjusted < 0.5") == "unsupported"

    def test_a_large_p_value_shows_no_equality(self, evidence: dict[str, Evidence]) -> None:
        assert status(evidence, expects="mmd_baseline.p_adjusted > 0.05") == "unsupported"

    def test_one_single_test_needs_no_correction(self, evaluation: dict[str, Any]) -> None:
        evaluation["tests"] = [{"name": "mmd", "p_value": 0.01, "group": None, "set": "training"}]
        alone = {"evaluation": Evidence("evaluation", evaluation)}
        assert status(alone, kind="limitation", expects="mmd.p_value < 0.05") == "supported"


# Each word, a claim with it that has its own named evidence, and the evidence that is its own.
NAMED = [
    ("It improves segmentation.", {"expects": "utility_gain > 0"}, "estimates:utility_gain"),
    ("Groups are treated without gaps: unbiased.", {"expects": "tost_gap.p_adjusted < 0.05"}, "tests:tost_gap"),
    ("The images are privacy-preserving.", {"expects": "membership_advantage < 0.1"}, "estimates:membership_advantage"),
    ("The images are realistic.", {"expects": "reader_accuracy < 0.6", "phase": 2}, "kind:readers"),
    ("Equivalent to the baseline.", {"kind": "equivalence", "expects": "tost_gap.p_adjusted < 0.05"}, "tests:tost_gap"),
    (
        "There is no difference in AUROC.",
        {"kind": "equivalence", "expects": "auroc_difference > -0.02 and auroc_difference < 0.02"},
        "estimates:auroc_difference",
    ),
]


class TestNamedEvidence:
    @pytest.mark.parametrize(("text", "claim", "own"), NAMED, ids=lambda value: str(value)[:24])
    def test_a_word_with_its_own_evidence_is_supported(
        self, text: str, claim: dict[str, Any], own: str, evaluation: dict[str, Any]
    ) -> None:
        planned = Record({"plan": {"margins": {"tost_gap": 0.02, "auroc_difference": 0.02}}})
        assert one(with_extra(evaluation, readers=STUDY), planned, text=text, **claim).status == "supported", own

    @pytest.mark.parametrize(("text", "claim"), [row[:2] for row in NAMED], ids=lambda value: str(value)[:24])
    def test_a_good_number_of_another_kind_lends_it_nothing(
        self, text: str, claim: dict[str, Any], evaluation: dict[str, Any]
    ) -> None:
        other = claim | {"expects": "support >= 0.5"}
        assert status(with_extra(evaluation), text=text, **other) in {"unsupported", "beyond-phase"}

    def test_a_margin_that_was_not_planned_shows_no_equivalence(self, evaluation: dict[str, Any]) -> None:
        claim = {"kind": "equivalence", "expects": "auroc_difference > -0.02 and auroc_difference < 0.02"}
        assert status(with_extra(evaluation), **claim) == "unsupported"
        narrow = Record({"plan": {"margins": {"auroc_difference": 0.01}}})
        assert one(with_extra(evaluation), narrow, **claim).status == "unsupported"

    def test_a_negated_word_claims_nothing(self, evidence: dict[str, Evidence]) -> None:
        text = "Half of the images lie near medical images; they are not realistic and not unbiased."
        assert status(evidence, text=text, expects="support >= 0.5") == "supported"

    def test_an_admission_needs_no_named_evidence(self, evidence: dict[str, Evidence]) -> None:
        text = "They look realistic to lay people, which invites misuse."
        assert status(evidence, kind="limitation", text=text, expects="support < 0.9") == "supported"


class TestPhase:
    def test_a_stated_later_phase_is_beyond(self, evidence: dict[str, Evidence]) -> None:
        assert status(evidence, expects="support >= 0.5", phase=2) == "beyond-phase"

    @pytest.mark.parametrize(
        "text", ["Experts find it realistic.", "It is safe for patients.", "It improves diagnosis."]
    )
    def test_words_of_a_later_phase_are_beyond_whatever_phase_is_stated(
        self, text: str, evidence: dict[str, Evidence]
    ) -> None:
        assert status(evidence, text=text, expects="support >= 0.5", phase=1) == "beyond-phase"

    def test_a_study_of_that_phase_lets_the_numbers_speak(self, evaluation: dict[str, Any]) -> None:
        evidence = with_extra(evaluation, readers=STUDY)
        assert status(evidence, expects="reader_accuracy <= 0.6", phase=2) == "supported"
        assert status(evidence, expects="reader_accuracy <= 0.5", phase=2) == "unsupported"
        unapproved = with_extra(evaluation, readers=STUDY | {"approval": ""})
        assert status(unapproved, expects="reader_accuracy <= 0.6", phase=2) == "beyond-phase"


class TestStale:
    @pytest.mark.parametrize(
        ("told", "said"),
        [
            ({"speaks_of": {"technique.version": "0"}}, "technique.version"),
            ({"sets": {"training": {"n": 400, "digest": "sha256:old"}}}, "data.training.digest"),
            ({"created": "2026-01-01T10:00:00Z"}, "data.training.changed"),
        ],
    )
    def test_evidence_of_another_state_is_stale(
        self, told: dict[str, Any], said: str, evaluation: dict[str, Any]
    ) -> None:
        now = Record({"data": {"training": {"digest": "sha256:new", "changed": "2026-02-01"}}})
        finding = one({"evaluation": Evidence("evaluation", evaluation | told)}, now, expects="support >= 0.5")
        assert (finding.status, said in finding.reason) == ("stale", True)

    def test_evidence_of_this_state_is_not_stale(self, evaluation: dict[str, Any]) -> None:
        now = Record({"data": {"training": {"changed": "2026-02-01"}}})
        told = {"created": "2026-02-01T10:00:00Z", "speaks_of": {"technique.version": "1"}}
        found = one({"evaluation": Evidence("evaluation", evaluation | told)}, now, expects="support >= 0.5")
        assert found.status == "supported"

    def test_files_that_declare_another_version_make_the_evaluation_stale(
        self, evidence: dict[str, Evidence], marks: dict[str, Any]
    ) -> None:
        marks["techniques"].append({"name": "demo", "version": "0", "n": 3})
        assert status(evidence | {"marks": Evidence("marks", marks)}, expects="support >= 0.5") == "stale"

    def test_a_pinned_digest_that_is_gone_is_stale(self, evidence: dict[str, Evidence]) -> None:
        pinned = evidence["evaluation"].digest
        assert status(evidence, expects="support >= 0.5", evidence=pinned) == "supported"
        assert status(evidence, expects="support >= 0.5", evidence="sha256:" + "0" * 64) == "stale"


class TestCounterEvidence:
    def concern(self, **told: str) -> Evidence:
        row = {"id": "7", "about": "claim:c", "state": "upheld", "text": "not so"} | told
        return Evidence("concerns", {"concerns": [row]})

    def test_an_upheld_concern_lowers_a_claim_until_it_is_answered(self, evidence: dict[str, Evidence]) -> None:
        def with_state(state: str) -> str:
            return status(evidence | {"concerns": self.concern(state=state)}, expects="support >= 0.5")

        assert [with_state(state) for state in ("open", "upheld", "answered", "dismissed")] == [
            "supported", "contradicted", "supported", "supported",
        ]  # fmt: skip

    def test_it_lowers_no_other_claim(self, evidence: dict[str, Evidence]) -> None:
        other = evidence | {"concerns": self.concern(about="claim:d")}
        assert status(other, expects="support >= 0.5") == "supported"
        whole = evidence | {"concerns": self.concern(about="technique")}
        assert status(whole, expects="support >= 0.5") == "contradicted"

    @pytest.mark.parametrize("name", sorted(claims.VOIDING))
    def test_a_failed_check_lowers_what_numbers_seem_to_support(self, name: str, evaluation: dict[str, Any]) -> None:
        evaluation["warnings"] = [{"id": name, "text": "the check failed"}]
        seen = {"evaluation": Evidence("evaluation", evaluation)}
        assert status(seen, expects="support >= 0.5") == "unsupported"
        other = "supported" if claims.VOIDING[name] else "unsupported"
        assert status(seen, expects="precision >= 0.5") == other


def test_every_claim_that_is_not_supported_says_what_to_do_next(evidence: dict[str, Evidence]) -> None:
    for expects in ("support >= 0.9", "support >= 0.7", "nothing < 1"):
        assert one(evidence, expects=expects).next


def test_a_status_cannot_be_typed_in(evidence: dict[str, Evidence]) -> None:
    assert status(evidence, expects="support >= 0.9", status="supported") == "contradicted"


def test_deleting_an_input_never_turns_a_failing_claim_into_a_supported_one(
    evidence: dict[str, Evidence], lose: Callable[[str], dict[str, Evidence]]
) -> None:
    failing: list[dict[str, Any]] = [
        {"expects": "support >= 0.9"},
        {"expects": "coverage >= 0.65"},
        {"expects": "coverage[sex=F] >= 0.5"},
        {"expects": "copy_suspects < 0.005"},
        {"expects": "support >= 0.5", "text": "It is unbiased."},
    ]
    for claim in failing:
        assert status(evidence, **claim) != "supported"
        for what in ("synthetic", "training", "held-out", "reference", "table"):
            assert status(lose(what), **claim) != "supported", (claim, what)
