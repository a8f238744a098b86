"""Every recommendation gets a finding, with its reason, its evidence and what would change it.

Rules
-----
1. The rules stand below in the catalogue's order; a recommendation without a rule is ``not-assessed``, never left out.
2. A finding is derived. What is only stated is lifted to ``met`` by a valid review of exactly this, and by nothing
   else; a review that disagrees makes it ``not-met``, and one of an earlier state no longer counts.
3. Evidence about another version, or another state of the data, shows nothing for this one.
4. There is no total, percentage, grade or colour.

Example:
    >>> from misyn.practice.record import parse
    >>> record = parse("{misyn: 1, technique: {name: demo}, responsible: A. Person}")
    >>> [finding.status for finding in judge(record, {}) if finding.id in {"T1", "L3", "E2"}]
    ['not-assessed', 'not-applicable', 'not-met']
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from misyn.canonical import record_digest
from misyn.practice import catalogue, claims, freshness, phases, reviews
from misyn.practice.record import Record
from misyn.practice.rules import design, evaluation, limitations, measures, memorisation, oversight, problem, technical
from misyn.practice.rules.case import Case, Decision, Rule, listed, met, not_assessed, not_met
from misyn.results import Evidence, Finding, as_json

RULES: tuple[Rule, ...] = (
    *technical.RULES,
    *problem.RULES,
    *design.RULES,
    *evaluation.RULES,
    *measures.RULES,
    memorisation.RULE,
    *limitations.RULES,
    *oversight.RULES,
)
BY_ID = {rule.id: rule for rule in RULES}
_UNRULED = Decision("not-assessed", "this version of misyn has no rule for it", "have a reviewer judge it")


def judge(record: Record, evidence: Mapping[str, Evidence]) -> tuple[Finding, ...]:
    """Check every recommendation of the catalogue, in its order.

    Args:
        record: the record.
        evidence: by kind: ``evaluation``, ``marks``, ``marks-medical``, ``log``, ``reviews``, ``concerns``, and
            ``readers``, ``workflow``, ``prospective``, ``surveillance`` for studies of later phases.
    """
    case = _case(record, evidence)
    return tuple(_finding(entry.id, BY_ID.get(entry.id), case) for entry in catalogue.load())


def stated(record: Record, evidence: Mapping[str, Evidence]) -> list[tuple[str, str]]:
    """The findings that only an independent review can lift, as (id, reason)."""
    case = _case(record, evidence)
    decisions = [(rule.id, rule.decide(case)) for rule in RULES]
    return [(name, decision.reason) for name, decision in decisions if decision.stated]


def basis(name: str, record: Record, evidence: Mapping[str, Evidence]) -> str:
    """The digest a review of a finding has to name: what its rule reads and rests on, at this state.

    Raises:
        KeyError: no rule has that id.
    """
    rule = BY_ID[name]
    read = {path: record.get(path) for path in rule.reads}
    used: Any = {kind: evidence[kind].digest for kind in rule.uses if kind in evidence}
    if rule.grounds is not None:
        used = as_json(rule.grounds(_case(record, evidence)))
    stale = [freshness.stale(record, evidence, kind) for kind in rule.uses]
    return record_digest({"about": name, "reads": read, "uses": used, "stale": stale})


def _case(record: Record, evidence: Mapping[str, Evidence]) -> Case:
    phase = phases.derive(evidence, record)
    return Case(record=record, evidence=evidence, phase=phase, claims=claims.judge(record, evidence, phase))


def _finding(name: str, rule: Rule | None, case: Case) -> Finding:
    decision = _UNRULED if rule is None else _reviewed(_fresh(rule.decide(case), rule, case), name, case)
    used = tuple(case.evidence[kind].digest for kind in (rule.uses if rule else ()) if kind in case.evidence)
    return Finding(id=name, status=decision.status, reason=decision.reason, evidence=used, next=decision.next)


def _fresh(decision: Decision, rule: Rule, case: Case) -> Decision:
    """Evidence of another state shows nothing for this one; what it showed against it, and what claims say, stays."""
    if decision.status not in {"met", "partly"} or "claims" in rule.reads:
        return decision
    reasons = [reason for kind in rule.uses if (reason := freshness.stale(case.record, case.evidence, kind))]
    if not reasons:
        return decision
    return not_assessed(f"its evidence is of another state: {reasons[0]}", next="run misyn audit on the present state")


def _reviewed(decision: Decision, name: str, case: Case) -> Decision:
    """Lift or lower what is only stated, by the reviews of exactly this state."""
    if not decision.stated:
        return decision
    about = [review for review in reviews.valid(case.evidence, case.record) if review.about == name]
    current = [review for review in about if review.basis == basis(name, case.record, case.evidence)]
    against = [review for review in current if review.decision == "disagree"]
    if against:
        told = listed([f"{review.reviewer} disagrees ({review.reason})" for review in against])
        return not_met(told, next="answer the review, change the record, and ask for another review")
    if current:
        told = listed([f"{review.reviewer} agrees ({review.reason})" for review in current])
        return met(decision.reason.replace("; nobody independent has agreed yet", "") + f"; {told}")
    if about:
        return Decision("partly", f"{decision.reason}; a review is of an earlier state", decision.next, stated=True)
    return decision
