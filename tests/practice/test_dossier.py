from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from misyn.errors import RecordError
from misyn.practice import claims, dossier, findings, phases
from misyn.practice import record as records
from misyn.practice.record import Record
from misyn.results import Evidence

READERS: dict[str, Any] = {
    "phase": 2,
    "title": "Eight dermatologists, blinded",
    "approval": "board 7, 2026",
    "estimates": [{"name": "reader_accuracy", "value": 0.52, "low": 0.48, "high": 0.56}],
}


def a_record(folder: Path, more: str) -> Record:
    (folder / "misyn.yaml").write_text(
        f"misyn: 1\ntechnique: {{name: demo, version: '1'}}\nresponsible: A. Person\n{more}\n"
    )
    return records.load(folder / "misyn.yaml")


def with_study(folder: Path, study: dict[str, Any], *, approval: str = "") -> dossier.Dossier:
    (folder / "readers.json").write_text(json.dumps(study))
    row = f"{{phase: 2, evidence: 'file:readers.json'{approval}}}"
    return dossier.gather(a_record(folder, f"phases: {{studies: [{row}]}}"))


class TestStudies:
    def test_a_study_with_approval_reaches_its_phase(self, tmp_path: Path, evidence: dict[str, Evidence]) -> None:
        found = with_study(tmp_path, READERS)
        assert found.problems == ()
        assert phases.derive(evidence | dict(found.evidence)).number == 2
        assert phases.derive(found.evidence).number == 0  # phase 1 is not there

    def test_a_study_without_approval_is_there_and_does_not_count(
        self, tmp_path: Path, evidence: dict[str, Evidence]
    ) -> None:
        unapproved = {key: value for key, value in READERS.items() if key != "approval"}
        assert phases.derive(evidence | dict(with_study(tmp_path, unapproved).evidence)).number == 1
        named = with_study(tmp_path, unapproved, approval=", approval: board 7")
        assert phases.derive(evidence | dict(named.evidence)).number == 2

    def test_a_study_of_another_phase_than_the_record_says_is_told(self, tmp_path: Path) -> None:
        found = with_study(tmp_path, READERS | {"phase": 4})
        assert found.evidence == {}
        assert found.problems == (("phases.studies[0].evidence", "expected a study of phase 2, found one of phase 4"),)

    def test_its_results_decide_claims_of_its_phase(self, tmp_path: Path, evidence: dict[str, Evidence]) -> None:
        found = with_study(tmp_path, READERS)
        text = "Readers do little better than chance."
        claim = f"claims: [{{id: c, kind: benefit, phase: 2, text: {text}, expects: reader_accuracy < 0.6}}]"
        record = a_record(tmp_path, claim)
        seen = evidence | dict(found.evidence)
        assert claims.judge(record, seen, phases.derive(seen))[0].status == "supported"

    def test_a_study_of_an_older_version_is_stale(self, tmp_path: Path, evidence: dict[str, Evidence]) -> None:
        found = with_study(tmp_path, READERS | {"speaks_of": {"technique.version": "0"}})
        claim = "claims: [{id: c, kind: benefit, phase: 2, text: Close to chance., expects: reader_accuracy < 0.6}]"
        seen = evidence | dict(found.evidence)
        assert claims.judge(a_record(tmp_path, claim), seen, phases.derive(seen))[0].status == "stale"

    def test_one_unapproved_study_among_several_keeps_them_from_counting(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text(json.dumps(READERS))
        (tmp_path / "b.json").write_text(json.dumps({k: v for k, v in READERS.items() if k != "approval"}))
        rows = "[{phase: 2, evidence: 'file:a.json'}, {phase: 2, evidence: 'file:b.json'}]"
        found = dossier.gather(a_record(tmp_path, f"phases: {{studies: {rows}}}"))
        assert len(found.evidence["readers"].content["estimates"]) == 2
        assert not phases.counts("readers", found.evidence["readers"])

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            ({"phase": 1}, "phase"),
            ({"estimates": []}, "estimates"),
            ({"estimates": [{"name": "x", "value": 1, "low": 0}]}, "estimates[0]"),
            ({"estimates": [{"name": "x y", "value": 1}]}, "estimates[0].name"),
            ({"tests": [{"name": "t", "p_value": 2}]}, "tests[0].p_value"),
        ],
    )
    def test_mistakes_in_a_study_are_told_with_their_path(
        self, change: dict[str, Any], path: str, tmp_path: Path
    ) -> None:
        (tmp_path / "s.json").write_text(json.dumps(READERS | change))
        with pytest.raises(RecordError) as caught:
            dossier.read_study(tmp_path / "s.json")
        assert [where for where, _ in caught.value.problems] == [path]


class TestReviews:
    GOOD = "{about: P1, basis: 'sha256:" + "0" * 64 + "', decision: agree, reason: read}"

    def gather(self, folder: Path, review_text: str) -> dossier.Dossier:
        (folder / "other.yaml").write_text(review_text)
        return dossier.gather(a_record(folder, "oversight: {reviews: [other.yaml, gone.yaml]}"))

    def test_the_record_names_its_review_files(self, tmp_path: Path) -> None:
        found = self.gather(tmp_path, f"reviewer: {{name: B. Other}}\njudgements: [{self.GOOD}]\n")
        (only,) = found.evidence["reviews"].content["reviews"]
        assert (only["reviewer"], only["about"]) == ("B. Other", "P1")

    def test_what_cannot_be_used_is_told_and_stops_nothing(self, tmp_path: Path) -> None:
        found = self.gather(tmp_path, "judgements: [{about: P1, basis: none, decision: maybe}]\n")
        assert found.evidence == {}
        assert [path for path, _ in found.problems] == [
            "oversight.reviews[0]: reviewer",
            "oversight.reviews[0]: judgements[0].basis",
            "oversight.reviews[0]: judgements[0].decision",
            "oversight.reviews[1]",
        ]


def test_a_record_that_names_nothing_brings_nothing(minimal: Record) -> None:
    assert dossier.gather(minimal) == dossier.Dossier({})
    assert findings.judge(minimal, dossier.gather(minimal).evidence) == findings.judge(minimal, {})
