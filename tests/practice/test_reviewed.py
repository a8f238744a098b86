from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from misyn.practice import claims, findings, phases, reviewed, yamltext
from misyn.practice.record import Record
from misyn.results import Evidence


def review(record: Record, seen: dict[str, Evidence], **told: Any) -> dict[str, Evidence]:
    row = {"reviewer": "B. Other", "about": "P1", "decision": "agree", "reason": "I asked the nurses."}
    row |= {"basis": reviewed.basis(str(told.get("about", "P1")), record, seen), "interests": "none"} | told
    return seen | {"reviews": Evidence("reviews", {"reviews": [row]})}


def status(name: str, record: Record, seen: dict[str, Evidence]) -> str:
    return {f.id: f.status for f in findings.judge(record, seen)}[name]


@pytest.mark.parametrize(
    "name", ["P1", "P2", "P3", "P4", "D1", "D2", "D3", "D4", "E4", "E6", "L1", "L2", "L3", "O0", "T4"]
)
def test_an_independent_review_lifts_what_is_stated_to_met(
    name: str, honest: Record, evidence: dict[str, Evidence]
) -> None:
    assert status(name, honest, evidence) == "partly"
    assert status(name, honest, review(honest, evidence, about=name)) == "met"


@pytest.mark.parametrize(
    "told",
    [
        {"reviewer": "A. Person"},
        {"reviewer": " a  person "},
        {"reviewer": {"name": "A Person"}},
        {"reviewer": ""},
        {"reason": " "},
        {"decision": "maybe"},
        {"basis": "sha256:" + "0" * 64},
        {"about": "P2"},
    ],
)
def test_a_review_by_the_author_or_nobody_or_without_reason_or_of_something_else_lifts_nothing(
    told: dict[str, Any], honest: Record, evidence: dict[str, Evidence]
) -> None:
    assert status("P1", honest, review(honest, evidence, **told)) == "partly"


def test_a_review_that_disagrees_makes_it_not_met_with_its_reason(
    honest: Record, evidence: dict[str, Evidence]
) -> None:
    against = review(honest, evidence, decision="disagree", reason="The nurses said no.")
    finding = next(f for f in findings.judge(honest, against) if f.id == "P1")
    assert (finding.status, "B. Other disagrees (The nurses said no.)" in finding.reason) == ("not-met", True)


def test_one_who_agrees_does_not_outvote_one_who_disagrees(honest: Record, evidence: dict[str, Evidence]) -> None:
    rows = [
        *review(honest, evidence)["reviews"].content["reviews"],
        *review(honest, evidence, reviewer="C. Third", decision="disagree")["reviews"].content["reviews"],
    ]
    assert status("P1", honest, evidence | {"reviews": Evidence("reviews", {"reviews": rows})}) == "not-met"


def test_no_review_lifts_what_is_measured_or_missing(honest: Record, evidence: dict[str, Evidence]) -> None:
    for name in ("T6", "D5", "E1", "E11", "E12", "O1", "O6"):
        assert status(name, honest, review(honest, evidence, about=name)) == status(name, honest, evidence) != "met"


def test_independent_review_is_met_with_interests_declared(honest: Record, evidence: dict[str, Evidence]) -> None:
    content = copy.deepcopy(dict(honest.content))
    assert status("O4", honest, evidence) == "not-assessed"
    assert status("O4", honest, review(honest, evidence)) == "partly"
    open_record = Record(content | {"oversight": {"conflicts": "none"}})
    assert status("O4", open_record, review(open_record, evidence)) == "met"
    assert status("O4", open_record, review(open_record, evidence, interests="")) == "partly"
    assert status("O4", open_record, review(open_record, evidence, reviewer="A. Person")) == "not-met"


def test_a_reviewer_who_disagrees_with_a_claim_lowers_it(honest: Record, evidence: dict[str, Evidence]) -> None:
    def lowered(**told: Any) -> str:
        seen = review(honest, evidence, about="claim:half-supported", **told)
        return {c.id: c.status for c in claims.judge(honest, seen, phases.derive(seen))}["half-supported"]

    assert lowered() == "supported"
    assert lowered(decision="disagree") == "unsupported"
    assert lowered(decision="disagree", reviewer="A. Person") == "supported"
    assert lowered(decision="disagree", basis="sha256:" + "0" * 64) == "supported"


class TestFiles:
    def test_a_filled_form_is_a_review(self, tmp_path: Path, honest: Record, evidence: dict[str, Evidence]) -> None:
        form = yamltext.read(reviewed.form(honest, evidence))
        form["reviewer"], form["interests"] = "B. Other", "none"
        asked = [row["about"] for row in form["judgements"]]
        assert {"P1", "L3", "claim:half-supported"} <= set(asked)
        assert "E8" not in asked
        for row in form["judgements"]:
            row["decision"], row["reason"] = "agree", "I read it."
        (tmp_path / "r.yaml").write_text(yamltext.write(form))
        rows = reviewed.read(tmp_path / "r.yaml")
        seen = evidence | {"reviews": Evidence("reviews", {"reviews": rows})}
        assert {s.state for s in reviewed.standings(honest, seen)} == {"current"}
        assert status("L3", honest, seen) == "met"

    def test_what_a_reviewer_leaves_open_is_not_judged(
        self, tmp_path: Path, honest: Record, evidence: dict[str, Evidence]
    ) -> None:
        form = yamltext.read(reviewed.form(honest, evidence))
        form["reviewer"] = "B. Other"
        (tmp_path / "r.yaml").write_text(yamltext.write(form))
        assert reviewed.read(tmp_path / "r.yaml") == []
