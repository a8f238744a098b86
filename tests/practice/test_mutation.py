"""Altering, deleting or ageing any piece of evidence flips exactly what depends on it, transitively, and nothing else.

The table below is written by hand from what each claim and review says it rests on; it is not derived from the code.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from misyn.practice import claims, findings, phases, plans, reviewed
from misyn.practice import record as records
from misyn.practice.record import Record
from misyn.results import Evidence

CLAIMS = """
claims:
  - {id: support, kind: benefit, text: Half of the images lie near medical images., expects: support >= 0.5}
  - {id: coverage, kind: limitation, text: Much is missed., expects: coverage < 0.9}
  - {id: women, kind: limitation, text: Women are covered less., expects: "coverage[sex=F] < 0.5"}
  - {id: shift, kind: limitation, text: The distributions differ significantly., expects: mmd.p_adjusted < 0.05}
  - {id: copies, kind: benefit, text: No image equals a training image., expects: exact_copies <= 0}
  - {id: both, kind: benefit, text: "Near, and copies are rare.", expects: support >= 0.5 and exact_copies <= 0}
"""
REVIEWED = ("D2", "D4", "E4", "L1", "L3", "P1", "O0")
ALL = {"support", "coverage", "women", "shift", "copies", "both"}
# Reviews that rest on the evaluation as a whole, and on the claims.
WHOLE, WORDS = {"E1", "E4"}, {"E4", "L3"}
# The log that held the plan, and the checkpoint which the evaluation names.
HERE = {"log": "example.org/log", "size": 9, "root": "sha256:" + "a" * 64}


@dataclass(frozen=True)
class Mutation:
    """One thing that changes, the claims whose status flips, and the reviews that end."""

    name: str
    what: str  # where it is: "estimate:<name>[<group>]", "test:<name>", "record:<path>", "evidence:<kind>", "log:<key>"
    value: Any
    claims: frozenset[str]
    reviews: frozenset[str]


def mutation(name: str, what: str, value: Any, flips: set[str], ends: set[str]) -> Mutation:
    return Mutation(name, what, value, frozenset(flips), frozenset(ends))


def of(*names: str) -> set[str]:
    return {f"claim:{name}" for name in names}


LOW = {"value": 0.2, "low": 0.1, "high": 0.3}
MUTATIONS = [
    mutation("alter support", "estimate:support", LOW, {"support", "both"}, of("support", "both") | {"D2"} | WHOLE),
    mutation("delete support", "estimate:support", None, {"support", "both"}, of("support", "both") | {"D2"} | WHOLE),
    mutation("alter coverage", "estimate:coverage", {"value": 0.95}, {"coverage"}, of("coverage") | WHOLE),
    mutation(
        "delete coverage", "estimate:coverage", None, set(), of("coverage") | WHOLE
    ),  # the reference set's is left
    mutation("alter women", "estimate:coverage[sex=F]", {"value": 0.8}, {"women"}, of("women") | {"D4"} | WHOLE),
    mutation("alter men", "estimate:coverage[sex=M]", {"value": 0.1}, set(), {"D4"} | WHOLE),
    mutation("alter the test", "test:mmd", {"p_adjusted": 0.4}, {"shift"}, of("shift") | {"L1"} | WHOLE),
    mutation("delete the test", "test:mmd", None, {"shift"}, of("shift") | {"L1"} | WHOLE),
    mutation(
        "plant a copy", "estimate:exact_copies", {"value": 0.01}, {"copies", "both"}, of("copies", "both") | WHOLE
    ),
    mutation("alter what nothing rests on", "estimate:authenticity", {"value": 0.1}, set(), WHOLE),
    mutation("alter what a limitation names", "estimate:frechet", {"value": 3.0}, set(), {"L1"} | WHOLE),
    mutation("fail a check", "warning:support-uninformative", "it is", {"support", "both"}, WHOLE),
    mutation("delete the marks", "evidence:marks", None, set(), set()),
    mutation("delete the evaluation", "evidence:evaluation", None, ALL, of(*ALL) | {"D2", "D4", "L1"} | WHOLE),
    mutation("age by version", "record:technique.version", "2", ALL, of(*ALL) | {"D2", "D4", "L1"} | WHOLE),
    mutation("age by data", "record:data.training.changed", "2027-01-01", ALL, of(*ALL) | {"D2", "D4", "L1"} | WHOLE),
    mutation("reword grounding", "record:design.grounding", "Physics does.", set(), {"D2"}),
    mutation("reword the need", "record:problem.need", "Another need.", set(), {"P1"}),
    mutation("hear someone", "record:stakeholders", [{"who": "nurses", "heard": "by letter"}], set(), {"O0"}),
    mutation("delete the log", "evidence:log", None, set(), {"E1"}),
    mutation("delete the plan's entry", "log:", None, set(), {"E1"}),
    mutation("alter what the log holds", "log:digest", "sha256:" + "0" * 64, set(), {"E1"}),
    mutation("alter the log's checkpoint", "log:root", "sha256:" + "b" * 64, set(), {"E1"}),
    mutation("alter which log", "log:log", "example.org/other", set(), {"E1"}),
    mutation("evaluate before the plan", "evaluation:after", None, set(), WHOLE),
    mutation("reword the plan", "record:plan.text", "Coverage, after all.", set(), {"E1"}),
    mutation("reword nothing judged", "record:release", {"place": "nowhere"}, set(), set()),
]


@pytest.fixture
def record(honest: Record) -> Record:
    content = copy.deepcopy(dict(honest.content))
    content["claims"] = records.parse(f"misyn: 1\ntechnique: {{name: x}}\nresponsible: x\n{CLAIMS}").get("claims")
    return Record(content)


@pytest.fixture
def judged(record: Record, evaluation: dict[str, Any], marks: dict[str, Any]) -> dict[str, Evidence]:
    """Evidence that says what it speaks of, with an independent review of every claim and some findings."""
    content = evaluation | {"created": "2026-06-01", "speaks_of": {"technique.version": "1"}, "after": HERE}
    held = HERE | {"index": 3, "kind": "plan", "digest": plans.digest_of(record.get("plan")), "proof": "proof"}
    seen = {"evaluation": Evidence("evaluation", content), "marks": Evidence("marks", marks)}
    seen["log"] = Evidence("log", {"schema": "misyn/log/1", "entries": [held]})
    about = [*REVIEWED, "E1", *sorted(of(*ALL))]
    rows = [
        dict[str, Any](reviewer="B. Other", decision="agree", reason="read")
        | {"about": name, "basis": reviewed.basis(name, record, seen)}
        for name in about
    ]
    return seen | {"reviews": Evidence("reviews", {"reviews": rows})}


def mutated(change: Mutation, record: Record, seen: Mapping[str, Evidence]) -> tuple[Record, dict[str, Evidence]]:
    kind, _, where = change.what.partition(":")
    evidence, content = dict(seen), copy.deepcopy(dict(record.content))
    evaluation = copy.deepcopy(dict(seen["evaluation"].content))
    if kind == "evidence":
        del evidence[where]
        return record, evidence
    if kind == "record":
        *parents, last = where.split(".")
        here = content
        for key in parents:
            here = here[key]
        here[last] = change.value
        return Record(content), evidence
    if kind == "log":
        (held,) = seen["log"].content["entries"]
        rows = [dict(held) | {where: change.value}] if where else []
        return record, evidence | {"log": Evidence("log", {**seen["log"].content, "entries": rows})}
    if kind == "evaluation":
        evaluation[where] = change.value
    elif kind == "warning":
        evaluation["warnings"] = [{"id": where, "text": change.value}]
    else:
        _change_row(evaluation[f"{kind}s"], where, change.value)
    return record, evidence | {"evaluation": Evidence("evaluation", evaluation)}


def _change_row(rows: list[dict[str, Any]], where: str, value: Mapping[str, Any] | None) -> None:
    name, _, group = where.removesuffix("]").partition("[")
    (index,) = [i for i, r in enumerate(rows) if (r["name"], r["group"] or "", r["set"]) == (name, group, "training")]
    if value is None:
        del rows[index]
    else:
        rows[index] = rows[index] | dict(value)


def claim_statuses(record: Record, seen: Mapping[str, Evidence]) -> dict[str, str]:
    return {c.id: c.status for c in claims.judge(record, seen, phases.derive(seen, record))}


def ended(record: Record, seen: Mapping[str, Evidence]) -> set[str]:
    return {s.review.about for s in reviewed.standings(record, seen) if s.state == "ended"}


def test_before_anything_changes_every_claim_is_supported_and_every_review_stands(
    record: Record, judged: dict[str, Evidence]
) -> None:
    assert set(claim_statuses(record, judged).values()) == {"supported"}
    assert ended(record, judged) == set()
    lifted = {f.id for f in findings.judge(record, judged) if f.status == "met"}
    assert {*REVIEWED, "E1"} <= lifted


@pytest.mark.parametrize("change", MUTATIONS, ids=lambda change: change.name)
def test_a_change_flips_exactly_the_claims_that_rest_on_it(
    change: Mutation, record: Record, judged: dict[str, Evidence]
) -> None:
    after = claim_statuses(*mutated(change, record, judged))
    assert {name for name, status in after.items() if status != "supported"} == change.claims


@pytest.mark.parametrize("change", MUTATIONS, ids=lambda change: change.name)
def test_a_change_ends_exactly_the_reviews_that_rest_on_it(
    change: Mutation, record: Record, judged: dict[str, Evidence]
) -> None:
    assert ended(*mutated(change, record, judged)) == change.reviews


@pytest.mark.parametrize("change", MUTATIONS, ids=lambda change: change.name)
def test_a_finding_whose_review_ended_is_no_longer_met_by_it(
    change: Mutation, record: Record, judged: dict[str, Evidence]
) -> None:
    found = {f.id: f.status for f in findings.judge(*mutated(change, record, judged))}
    assert [name for name in change.reviews & set(REVIEWED) if found[name] == "met"] == []


@pytest.mark.parametrize("change", MUTATIONS, ids=lambda change: change.name)
def test_that_the_plan_came_first_rests_on_the_plan_the_log_and_the_evaluation_and_on_nothing_else(
    change: Mutation, record: Record, judged: dict[str, Evidence]
) -> None:
    found = {f.id: f.status for f in findings.judge(*mutated(change, record, judged))}
    broken = {"delete the evaluation", "age by version", "age by data", "delete the log", "evaluate before the plan"}
    broken |= {"delete the plan's entry", "reword the plan", "alter which log", "alter the log's checkpoint"}
    assert (found["E1"] != "met") == (change.name in broken | {"alter what the log holds"})


@pytest.mark.parametrize("what", ["age by version", "age by data"])
def test_evidence_of_another_state_makes_claims_stale_and_measured_findings_not_assessed(
    what: str, record: Record, judged: dict[str, Evidence]
) -> None:
    change = next(change for change in MUTATIONS if change.name == what)
    changed, evidence = mutated(change, record, judged)
    assert set(claim_statuses(changed, evidence).values()) == {"stale"}
    found = {f.id: f.status for f in findings.judge(changed, evidence)}
    assert {found[name] for name in ("E3", "E7", "E8", "E9", "E10", "E13") if name != "E3"} == {"not-assessed"}


def test_rewording_a_claim_ends_its_review_and_those_that_read_all_claims(
    record: Record, judged: dict[str, Evidence]
) -> None:
    content = copy.deepcopy(dict(record.content))
    content["claims"][0]["text"] = "More than half of the images lie near medical images."
    assert ended(Record(content), judged) == of("support") | WORDS
