from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from misyn.practice import catalogue, findings
from misyn.practice import record as records
from misyn.practice.record import Record
from misyn.results import Evidence, Finding

Lose = Callable[[str], dict[str, Evidence]]

DERM = """
misyn: 1
technique: {name: Derm-T2IM, kind: text-to-image, method: diffusion}
responsible: unknown
data:
  reference: {path: ham10000, table: HAM10000_metadata.csv, key: image_id, patient: lesion_id, label: dx,
    groups: [sex, age, localization], licence: CC BY-NC 4.0}
  synthetic: {path: derm_t2im, label: "@folder"}
"""


def by_id(record: Record, evidence: dict[str, Evidence]) -> dict[str, Finding]:
    return {finding.id: finding for finding in findings.judge(record, evidence)}


def as_evidence(**contents: dict[str, Any]) -> dict[str, Evidence]:
    return {kind: Evidence(kind, content) for kind, content in contents.items()}


def derm_evidence(evaluation: dict[str, Any], marks: dict[str, Any]) -> dict[str, Evidence]:
    """What an audit of the 200 files against a reference set alone hands over."""
    content = copy.deepcopy(evaluation)
    reference = content["sets"]["reference"] | {"unit": "lesion_id", "patients_known": False, "n_patients": None}
    content["sets"] = {"reference": reference, "synthetic": content["sets"]["synthetic"]}
    kept = ("precision", "recall", "density", "coverage", "frechet", "mmd2", "exact_copies")
    content["estimates"] = [row | {"set": "reference"} for row in content["estimates"] if row["name"] in kept]
    content["tests"] = [row | {"set": "reference"} for row in content["tests"] if row["name"] == "mmd"]
    silent = dict.fromkeys(marks["layers"], 0)
    told = {"declared": 0, "signed": 0, "techniques": [], "layers": silent, "foreign": {"png:parameters": 200}}
    return as_evidence(evaluation=content, marks=marks | told | {"foreign_only": 200})


def test_every_recommendation_gets_exactly_one_finding_in_the_catalogues_order(minimal: Record) -> None:
    assert [f.id for f in findings.judge(minimal, {})] == [r.id for r in catalogue.load()]


def test_every_rule_belongs_to_a_recommendation_and_every_recommendation_has_a_rule() -> None:
    assert sorted(rule.id for rule in findings.RULES) == sorted(r.id for r in catalogue.load())


def test_without_evidence_nothing_that_is_measured_is_met_or_not_met(minimal: Record) -> None:
    measured = {"T1", "T2", "T6", "T7", "E3", "E4", "E7", "E8", "E9", "E10", "E11", "E12", "E13", "D5"}
    assert {f.status for f in findings.judge(minimal, {}) if f.id in measured} == {"not-assessed"}


def test_a_silent_record_meets_nothing(minimal: Record, evidence: dict[str, Evidence]) -> None:
    met = {f.id for f in findings.judge(minimal, evidence) if f.status == "met"}
    assert met <= {"T1", "T2", "E3", "E8", "E9", "E10", "E13"}  # what is measured whatever the record says


def test_every_finding_that_is_not_met_says_what_to_do_next(minimal: Record, lose: Lose) -> None:
    for what in ("synthetic", "training", "held-out", "reference", "table", "marks"):
        for finding in findings.judge(minimal, lose(what)):
            if finding.status not in {"met", "not-applicable"}:
                assert finding.next, finding


def test_an_honest_record_with_sound_evidence_meets_what_measurement_decides(
    honest: Record, evidence: dict[str, Evidence]
) -> None:
    found = by_id(honest, evidence)
    decided = ("T1", "T2", "T5", "T7", "E2", "E3", "E5", "E7", "E8", "E9", "E10", "E13")
    assert {name: found[name].status for name in decided} == dict.fromkeys(decided, "met")


@pytest.mark.parametrize("name", ["P1", "P2", "P3", "P4", "D1", "D2", "D3", "D4", "L2", "L3", "O0", "E6"])
def test_free_text_alone_is_at_most_partly_stated(name: str, honest: Record, evidence: dict[str, Evidence]) -> None:
    finding = by_id(honest, evidence)[name]
    assert finding.status == "partly"
    assert finding.reason.startswith("stated:")


@pytest.mark.parametrize("what", ["synthetic", "training", "held-out", "reference", "table", "marks"])
def test_deleting_any_measured_input_moves_a_finding_to_not_assessed(
    what: str, honest: Record, evidence: dict[str, Evidence], lose: Lose
) -> None:
    before, after = by_id(honest, evidence), by_id(honest, lose(what))
    moved = {n for n in before if before[n].status != "not-assessed" and after[n].status == "not-assessed"}
    expected = {
        "synthetic": {"T1", "T2", "T5", "T6", "T7", "E3", "E7", "E8", "E9", "E10", "E13"},
        "training": {"E10", "D5"},
        "held-out": {"E10", "D5"},
        "reference": {"D4"},
        "table": {"E8", "E13", "D4"},
        "marks": {"T1", "T2", "T6", "T7"},
    }[what]
    assert expected <= moved


@pytest.mark.parametrize("what", ["synthetic", "training", "held-out", "reference", "table", "marks"])
def test_deleting_an_input_never_improves_a_finding_that_measurement_decides(
    what: str, honest: Record, evidence: dict[str, Evidence], lose: Lose
) -> None:
    before, after = by_id(honest, evidence), by_id(honest, lose(what))
    assert [n for n in before if after[n].status == "met" and before[n].status != "met"] == []


def test_undeclared_files_against_a_reference_set_only_get_exactly_these_findings(
    evaluation: dict[str, Any], marks: dict[str, Any]
) -> None:
    found = by_id(records.parse(DERM), derm_evidence(evaluation, marks))
    assert found["T1"].status == "not-met"
    assert found["T1"].reason == (
        "0 of 200 files carry a standard mark or a declaration; 200 carry only the generator's own PNG text "
        "(parameters), which is a trace and not a declaration"
    )
    assert found["E10"].status == "not-assessed"
    assert found["E10"].reason == (
        "no training set is recorded: memorisation cannot be measured; exact copies of the reference only (share 0)"
    )
    expected = {"T2": "not-met", "T6": "not-met", "T7": "not-met", "D3": "not-met", "D5": "not-assessed"}
    expected |= {"E7": "partly", "E8": "partly", "E9": "partly", "E13": "partly", "E11": "not-assessed"}
    assert {name: found[name].status for name in expected} == expected
    assert "lesion_id" in found["E13"].reason
    assert "patients are unknown" in found["E13"].reason
    assert "not the training images" in found["E8"].reason


class TestMarks:
    def test_one_unmarked_file_is_told(self, honest: Record, evaluation: dict[str, Any], marks: dict[str, Any]) -> None:
        marks["layers"]["metadata"] = 199
        finding = by_id(honest, as_evidence(evaluation=evaluation, marks=marks))["T1"]
        assert (finding.status, "199 of 200" in finding.reason) == ("partly", True)

    def test_metadata_alone_does_not_survive_ordinary_handling(self, honest: Record, marks: dict[str, Any]) -> None:
        marks["layers"] |= {"credential": 0, "watermark": 0}
        assert by_id(honest, as_evidence(marks=marks))["T2"].status == "not-met"

    def test_files_of_another_version_cannot_be_traced_to_this_record(
        self, honest: Record, marks: dict[str, Any]
    ) -> None:
        marks["techniques"] = [{"name": "demo", "version": "0", "n": 200}]
        assert by_id(honest, as_evidence(marks=marks))["T7"].status == "not-met"

    def test_unsigned_declarations_trace_partly(self, honest: Record, marks: dict[str, Any]) -> None:
        marks["signed"] = 0
        finding = by_id(honest, as_evidence(marks=marks))["T7"]
        assert (finding.status, "not signed" in finding.reason) == ("partly", True)

    def test_a_copy_in_both_folders_is_a_mixture(self, honest: Record, evaluation: dict[str, Any], marks: Any) -> None:
        next(row for row in evaluation["estimates"] if row["name"] == "exact_copies")["value"] = 0.1
        found = by_id(honest, as_evidence(evaluation=evaluation, marks=marks))
        assert (found["T6"].status, found["D5"].status) == ("not-met", "not-met")

    def test_separation_is_met_only_when_the_medical_files_were_verified_too(
        self, honest: Record, evaluation: dict[str, Any], marks: dict[str, Any]
    ) -> None:
        evidence = as_evidence(evaluation=evaluation, marks=marks)
        assert by_id(honest, evidence)["T6"].status == "partly"
        clean = {"n_files": 800, "verdicts": {"synthetic": 0, "no-evidence": 800}}
        assert by_id(honest, evidence | as_evidence(**{"marks-medical": clean}))["T6"].status == "met"
        mixed = {"n_files": 800, "verdicts": {"synthetic": 3, "no-evidence": 797}}
        assert by_id(honest, evidence | as_evidence(**{"marks-medical": mixed}))["T6"].status == "not-met"


class TestEvaluationAsAPractice:
    def test_a_plan_is_fixed_only_by_a_log_that_holds_it_first(
        self, honest: Record, evidence: dict[str, Evidence]
    ) -> None:
        from misyn.practice import plans

        plan, results = plans.digest_of(honest.get("plan")), evidence["evaluation"].digest

        def status(*digests: str) -> str:
            log = {"entries": [{"index": i, "digest": digest} for i, digest in enumerate(digests)]}
            return by_id(honest, evidence | as_evidence(log=log))["E1"].status

        assert by_id(honest, evidence)["E1"].status == "partly"  # a date one signs oneself
        assert status(plan, results) == "met"
        assert status(results, plan) == "not-met"
        assert status(plan) == "partly"
        assert status("sha256:" + "0" * 64, results) == "partly"  # another plan was logged

    def test_uncorrected_tests_are_named(self, honest: Record, evaluation: dict[str, Any]) -> None:
        evaluation["tests"][0]["p_adjusted"] = None
        assert by_id(honest, as_evidence(evaluation=evaluation))["E3"].status == "not-met"

    def test_a_result_nobody_mentions_is_listed_by_name(self, honest: Record, evaluation: dict[str, Any]) -> None:
        quiet = records.parse("{misyn: 1, technique: {name: demo}, responsible: A}")
        finding = by_id(quiet, as_evidence(evaluation=evaluation))["E4"]
        assert finding.status == "not-met"
        assert "coverage of sex=F is 0.4" in finding.reason
        assert "evaluation:coverage[sex=F]" in (finding.next or "")
        assert by_id(honest, as_evidence(evaluation=evaluation))["E4"].status == "partly"  # prominence needs a person

    def test_of_many_results_against_it_the_finding_spells_out_six_and_names_all(
        self, honest: Record, evaluation: dict[str, Any]
    ) -> None:
        row = next(row for row in evaluation["estimates"] if row["group"] == "sex=F")
        evaluation["estimates"] += [row | {"group": f"site={n}", "value": 0.1} for n in range(20)]
        finding = by_id(honest, as_evidence(evaluation=evaluation))["E4"]
        assert finding.reason.count(";") == 6
        assert "and 14 more" in finding.reason
        assert all(f"evaluation:coverage[site={n}]" in (finding.next or "") for n in range(20))

    def test_a_declared_phase_beyond_the_evidence_is_not_met(self, evidence: dict[str, Evidence]) -> None:
        bold = records.parse("{misyn: 1, technique: {name: demo}, responsible: A, phases: {declared: 2}}")
        assert by_id(bold, evidence)["E5"].status == "not-met"

    def test_too_few_patients_are_told_however_many_images(self, honest: Record, evaluation: dict[str, Any]) -> None:
        evaluation["sets"]["training"] |= {"n": 4000, "n_patients": 7}
        finding = by_id(honest, as_evidence(evaluation=evaluation))["E13"]
        assert (finding.status, "7 training patients" in finding.reason) == ("not-met", True)

    def test_differences_in_format_keep_shift_from_being_met(self, honest: Record, evaluation: dict[str, Any]) -> None:
        evaluation["warnings"] = [{"id": "codec-differs", "text": "one set is JPEG, the other PNG"}]
        finding = by_id(honest, as_evidence(evaluation=evaluation))["E9"]
        assert (finding.status, "one set is JPEG" in finding.reason) == ("partly", True)


class TestLimits:
    @pytest.mark.parametrize("key", ["grounding", "representation", "shift"])
    def test_leaving_out_one_intrinsic_limit_is_not_met(self, key: str, honest: Record) -> None:
        content = copy.deepcopy(dict(honest.content))
        del content["limitations"]["intrinsic"][key]
        assert by_id(Record(content), {})["L3"].status == "not-met"

    @pytest.mark.parametrize("text", ["Our images are unbiased.", "They fully represent the training images."])
    def test_a_claim_that_contradicts_the_limits_is_not_met(self, text: str, honest: Record) -> None:
        content = copy.deepcopy(dict(honest.content))
        content["claims"] += [{"id": "bold", "kind": "benefit", "text": text}]
        assert by_id(Record(content), {})["L3"].status == "not-met"

    def test_a_claim_of_equivalence_contradicts_the_limits(self, honest: Record) -> None:
        content = copy.deepcopy(dict(honest.content))
        content["claims"] += [{"id": "same", "kind": "equivalence", "text": "A model learns the same from both."}]
        assert "claim same claims equivalence" in by_id(Record(content), {})["L3"].reason

    def test_an_assessed_limitation_needs_evidence_that_is_there(
        self, honest: Record, evidence: dict[str, Evidence]
    ) -> None:
        assert by_id(honest, evidence)["L1"].reason.startswith("stated:")
        assert "not tied to evidence" in by_id(honest, {})["L1"].reason


def test_words_that_blur_the_two_kinds_are_found_with_their_place(minimal: Record) -> None:
    record = records.parse("{misyn: 1, technique: {name: d}, responsible: A, problem: {need: More real images.}}")
    finding = by_id(record, {})["T4"]
    assert (finding.status, "'real images' at problem.need" in finding.reason) == ("not-met", True)
    assert by_id(minimal, {})["T4"].status == "partly"


def test_classes_of_images_are_not_groups_of_patients(honest: Record, evaluation: dict[str, Any]) -> None:
    for row in evaluation["estimates"]:
        row["group"] = row["group"] and "label=nevus"
    found = by_id(honest, as_evidence(evaluation=evaluation))
    assert {found[name].status for name in ("E8", "D4")} == {"not-assessed"}
    assert found["E9"].status == "partly"


class TestWarningsThatMatter:
    def warned(self, evaluation: dict[str, Any], name: str) -> dict[str, Evidence]:
        return as_evidence(evaluation=evaluation | {"warnings": [{"id": name, "text": "told so"}]})

    def test_too_few_held_out_images_are_not_called_absent(self, honest: Record, evaluation: dict[str, Any]) -> None:
        evaluation["estimates"] = [row for row in evaluation["estimates"] if row["name"] != "copy_suspects"]
        finding = by_id(honest, self.warned(evaluation, "few-held-out"))["E10"]
        assert (finding.status, "without held-out" in finding.reason) == ("not-assessed", False)
        assert "too few held-out patients" in finding.reason

    @pytest.mark.parametrize("name", ["patients-overlap", "sets-overlap"])
    def test_a_calibration_on_patients_the_technique_saw_does_not_meet_e10(
        self, name: str, honest: Record, evaluation: dict[str, Any]
    ) -> None:
        found = by_id(honest, self.warned(evaluation, name))
        assert (found["E10"].status, "told so" in found["E10"].reason) == ("partly", True)
        assert found["D5"].status == "not-assessed"

    def test_support_that_tells_nothing_does_not_meet_e7(self, honest: Record, evaluation: dict[str, Any]) -> None:
        assert by_id(honest, self.warned(evaluation, "support-uninformative"))["E7"].status == "partly"

    @pytest.mark.parametrize("name", ["patients-overlap", "few-patients", "small-group"])
    def test_what_keeps_patients_from_being_the_unit_is_told(
        self, name: str, honest: Record, evaluation: dict[str, Any]
    ) -> None:
        assert by_id(honest, self.warned(evaluation, name))["E13"].status == "partly"
