"""Evaluation as a practice, E1 to E6 and E13: plans, claims, sureness, balance, phases, approval, patients.

Rules
-----
1. What is derived elsewhere (claims, phase, balance) is read here, never derived a second time.
2. A plan is fixed only when a log holds it before the evidence; a date one signs oneself is ``partly``.

Example:
    >>> [rule.id for rule in RULES]
    ['E1', 'E2', 'E3', 'E4', 'E5', 'E6', 'E13']
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from misyn.practice import balance, plans, wording
from misyn.practice.rules.case import Case, Decision, Rule, listed, met, not_assessed, not_met, partly, stated

ENOUGH_PATIENTS = 20
_TOLD = 6  # results against the technique that one finding spells out; the report lists all
_LOG_IT = "misyn log append LOG misyn.yaml --kind plan, before results are seen"
_EVALUATE = "name synthetic and medical images in data and run misyn audit"
# Warnings that keep patients from being the unit, and what would mend them.
_TROUBLED = {
    "patients-overlap": "separate the sets by patient",
    "few-patients": "add patients",
    "small-group": "add patients of the small groups",
}
_ROLES = {"training": "training", "held_out": "held-out", "reference": "reference"}


def planned(case: Case) -> Decision:
    """E1: a log holds the plan before the evidence exists."""
    plan = case.record.get("plan")
    if not plan:
        return not_met(
            "the record holds no evaluation plan",
            next="write plan before the next evaluation, and put it in a log",
        )
    rows = case.content("log").get("entries") or []
    held = plans.entry(plan, rows)
    if held is None:
        return _unlogged(plan, any(row.get("kind") == "plan" for row in rows))
    evaluation = case.evidence.get("evaluation")
    if evaluation is None:
        return not_assessed("the plan is in a log; there are no results yet", next=_EVALUATE)
    order = plans.order(held, evaluation, rows)
    if order == "before":
        return met(f"{held.get('log') or 'a log'} holds the plan (entry {held['index']}) before the results were made")
    if order == "after":
        return not_met("the log holds the results before the plan", next="fix a new plan and evaluate on new data")
    return partly(
        "the plan is in a log; nothing shows that the results came after it",
        next="run misyn audit with the plan's proof (plan.log in the record, and --policy)",
    )


def _unlogged(plan: Any, another: bool) -> Decision:  # noqa: ANN401 - a text or a mapping
    """Judge a plan that no log holds; ``another`` where a log holds another one."""
    if another:
        return not_met(
            "a log holds another plan than the record: it was changed after it was logged",
            next="say in limitations.design what was changed and why; log the new plan before evaluating new data",
        )
    dated = isinstance(plan, Mapping) and plan.get("fixed")
    told = f"the plan is dated {dated} by its authors" if dated else "the plan has no date"
    return partly(f"{told}; no log shows that it came before the results", next=_LOG_IT)


def claims_backed(case: Case) -> Decision:
    """E2: every claim of benefit has evidence of its own kind."""
    benefits = [claim for claim in case.claims if claim.kind != "limitation"]
    if not benefits:
        return Decision("not-applicable", "the record claims no benefit and no equivalence")
    bad = [claim for claim in benefits if claim.status not in {"supported", "untested"}]
    untested = [claim.id for claim in benefits if claim.status == "untested"]
    if bad:
        told = listed([f"{claim.id} is {claim.status}" for claim in bad])
        return not_met(f"of {len(benefits)} claims of benefit or equivalence, {told}", next=bad[0].next or _EVALUATE)
    if len(untested) == len(benefits):
        return not_assessed(f"none of {len(benefits)} claims of benefit or equivalence could be tested", next=_EVALUATE)
    if untested:
        return partly(f"supported, except that {listed(untested)} could not be tested", next=_EVALUATE)
    return met(f"{len(benefits)} of {len(benefits)} claims of benefit or equivalence are supported")


def uncertain(case: Case) -> Decision:
    """E3: sureness, tests, correction, and no 'significant' without a test."""
    if not case.evaluation:
        return not_assessed("no evaluation was given", next=_EVALUATE)
    loose = [c.id for c in case.claims if c.status != "supported" and _says_significant(c.text)]
    if loose:
        return not_met(f"'significant' is said without a corrected test in {listed(loose)}", next="reword, or test")
    tests = case.evaluation.tests
    if any(row.get("p_adjusted") is None for row in tests) and len(tests) > 1:
        return not_met(
            f"{len(tests)} tests were made and not all are corrected for that",
            next="report p_adjusted for every test of the run",
        )
    return _sureness(case, len(tests))


def _sureness(case: Case, tests: int) -> Decision:
    rows = case.evaluation.content["estimates"]
    sure = sum(row.get("low") is not None for row in rows)
    silent = sum(row.get("low") is None and not row.get("reason") for row in rows)
    told = (
        f"{sure} of {len(rows)} estimates carry an interval, the others say why there is none; {tests} corrected tests"
    )
    if silent:
        return not_met(f"{silent} of {len(rows)} estimates have neither interval nor reason", next="evaluate again")
    if not tests or not sure:
        return partly(told, next="add a two-sample test and estimates with valid intervals")
    return met(told)


def balanced(case: Case) -> Decision:
    """E4: results against the technique stand beside results for it."""
    if not case.evaluation:
        return not_assessed("no evaluation was given", next=_EVALUATE)
    found = balance.against(case.evaluation)
    unsaid = balance.unmentioned(case.record, case.evaluation)
    if unsaid:
        told = "; ".join(result.sentence for result in unsaid[:_TOLD])
        rest = f"; and {len(unsaid) - _TOLD} more, named under what to do next" if len(unsaid) > _TOLD else ""
        share = f"{len(unsaid)} of {len(found)} results against the technique"
        return not_met(
            f"{share} are in no claim and no limitation: {told}{rest}",
            next="add to limitations.assessed, with evidence: "
            + listed([f"evaluation:{result.reference}" for result in unsaid]),
        )
    reason = f"all {len(found)} results against the technique are mentioned in claims or limitations"
    return Decision("partly", f"{reason}; whether they are as prominent was not read", _PROMINENT, stated=True)


_PROMINENT = "a reviewer judges whether bad results are as prominent as good ones wherever it is published"


def within_phase(case: Case) -> Decision:
    """E5: the phase is declared and no claim reaches beyond it."""
    declared, reached = case.record.get("phases.declared"), case.phase.number
    beyond = [claim.id for claim in case.claims if claim.status == "beyond-phase"]
    if beyond:
        return not_met(f"beyond phase {reached}: {listed(beyond)}", next="reword them to the phase reached")
    if declared is not None and declared > reached:
        return not_met(
            f"phase {declared} is declared; the evidence reaches phase {reached}",
            next="correct phases.declared, or give the evidence of that phase",
        )
    if not reached:
        return not_assessed("no evaluation was given: no phase is reached", next=_EVALUATE)
    if declared is None:
        return partly(
            f"no claim reaches beyond phase {reached}; the record declares no phase", next="write phases.declared"
        )
    return met(f"phase {declared} is declared, the evidence reaches phase {reached}, and no claim goes beyond it")


def approved(case: Case) -> Decision:
    """E6: approval for private data and for studies with people."""
    sets = {f"data.{key}": case.record.get(f"data.{key}") for key in _ROLES}
    needs = {path: value.get("consent") for path, value in sets.items() if isinstance(value, Mapping) and value}
    studies = case.record.items("phases.studies")
    needs |= {f"phases.studies[{i}]": study.get("approval") for i, study in enumerate(studies) if study["phase"] > 1}
    if not needs:
        return not_assessed("no medical images and no study are recorded", next="write data and phases.studies")
    lacking = [path for path, value in needs.items() if not value]
    if not lacking:
        return stated(f"consent or approval for {listed(list(needs))}")
    told = f"no consent or ethics approval is stated for {listed(lacking)}"
    step = "state board, number and date, or why none was needed and who said so, for each of them"
    return not_met(told, next=step) if len(lacking) == len(needs) else partly(told, next=step)


def patients(case: Case) -> Decision:
    """E13: patients are the unit, and there are enough of them."""
    sets = {role: row for role in _ROLES.values() if (row := case.evaluation.set(role)) is not None}
    if not (case.evaluation and sets):
        return not_assessed("no evaluation was given", next=_EVALUATE)
    unknown = {role: row for role, row in sets.items() if not row.get("patients_known")}
    step = "name the column that says which images belong to one patient (data.*.patient)"
    if len(unknown) == len(sets) and all(row.get("unit") == "image" for row in unknown.values()):
        return not_assessed("no table or header says which images belong to one patient", next=step)
    if unknown:
        told = [f"the {role} images are resampled by {row.get('unit')}" for role, row in unknown.items()]
        return partly(f"{listed(told)}; patients are unknown there, so intervals are too narrow", next=step)
    return _sample_size(case, {role: int(row.get("n_patients") or 0) for role, row in sets.items()})


def _sample_size(case: Case, counts: Mapping[str, int]) -> Decision:
    told = listed([f"{n} {role} patient{'' if n == 1 else 's'}" for role, n in counts.items()])
    if min(counts.values()) < ENOUGH_PATIENTS:
        return not_met(
            f"{told}: under {ENOUGH_PATIENTS} no interval is valid",
            next="add patients, not more images of the same ones, or claim nothing about patients",
        )
    warned = [name for name in _TROUBLED if name in case.evaluation.warnings]
    if warned:
        return partly(
            f"{told}; {'; '.join(case.evaluation.warnings[name] for name in warned)}",
            next="; ".join(_TROUBLED[name] for name in warned),
        )
    return met(f"patients are the unit: {told}")


def _says_significant(text: str) -> bool:
    return any(word.name == "significant" for word in wording.found(text))


_PEOPLE = ("data", "phases.studies")
RULES = (
    Rule(id="E1", decide=planned, reads=("plan",), uses=("evaluation", "log")),
    Rule(id="E2", decide=claims_backed, reads=("claims",), uses=("evaluation",)),
    Rule(id="E3", decide=uncertain, reads=("claims",), uses=("evaluation",)),
    Rule(id="E4", decide=balanced, reads=("claims", "limitations.assessed"), uses=("evaluation",)),
    Rule(id="E5", decide=within_phase, reads=("claims", "phases"), uses=("evaluation", "readers", "workflow")),
    Rule(id="E6", decide=approved, reads=_PEOPLE),
    Rule(id="E13", decide=patients, uses=("evaluation",)),
)
