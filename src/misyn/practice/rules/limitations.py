"""Limitation analysis, L1 to L3, in its three aspects: assessed, design, intrinsic.

Rules
-----
1. An assessed limitation is tied to evidence that is present and to a consequence for people.
2. All three intrinsic limits are acknowledged; one left out is ``not-met``, and so is a claim that contradicts them.

Example:
    >>> [rule.id for rule in RULES]
    ['L1', 'L2', 'L3']
"""

from __future__ import annotations

from misyn.practice import references, wording
from misyn.practice.intrinsic import LIMITS, acknowledged
from misyn.practice.intrinsic import texts as intrinsic_texts
from misyn.practice.rules.case import Case, Decision, Rule, counted, entries, listed, not_met, partly, stated, statement


def assessed(case: Case) -> Decision:
    """L1: weaknesses looked at, each with evidence and a consequence."""
    items = entries(case, "limitations.assessed")
    if not items:
        return not_met(
            "the record lists no assessed limitation",
            next="write limitations.assessed, each with text, evidence (evaluation:<name>) and consequence",
        )
    silent = sum(not item.get("consequence") for item in items)
    loose = sum(not references.present(item.get("evidence"), case.record, case.evidence) for item in items)
    gaps = [f"what it can mean for people is not stated for {silent}"] if silent else []
    gaps += [f"{loose} not tied to evidence that is present"] if loose else []
    if gaps:
        return partly(
            f"{counted(items, 'limitation')} listed; {listed(gaps)}",
            next="give each entry of limitations.assessed its evidence and consequence",
        )
    return stated(f"{counted(items, 'limitation')}, each tied to evidence and to a consequence for people")


def _named_results(case: Case) -> object:
    names = [name for item in entries(case, "limitations.assessed") for name in references.texts(item.get("evidence"))]
    return [references.row(name, case.evaluation) for name in names]


def of_design(case: Case) -> Decision:
    """L2: what the design and the way of evaluating cannot do."""
    return statement(case, [("limitations.design", "limitations of problem formulation, design and evaluation")])


def intrinsic(case: Case) -> Decision:
    """L3: the three limits every technique has, and nothing that contradicts them."""
    lacking = [key for key in LIMITS if key not in acknowledged(case.record)]
    if lacking:
        return not_met(
            f"the record does not acknowledge {listed([LIMITS[key] for key in lacking], last='or')}",
            next="write " + listed([f"limitations.intrinsic.{key}" for key in lacking]) + " in the record's own words",
        )
    against = _contradictions(case)
    if against:
        return not_met(
            f"the three limits are acknowledged and then contradicted: {listed(against)}",
            next="withdraw or reword what contradicts them; no technique lifts these limits",
        )
    return stated("all three intrinsic limits, and nothing in claims or limits contradicts them")


def _contradictions(case: Case) -> list[str]:
    """Where the record says what no technique can be."""
    found = [
        f"'{word}' in claim {claim.id}"
        for claim in case.claims
        if (word := wording.contradicts_limits(claim.text)) is not None
    ]
    found += [f"claim {claim.id} claims equivalence" for claim in case.claims if claim.kind == "equivalence"]
    words = [wording.contradicts_limits(text) for text in intrinsic_texts(case.record)]
    return found + [f"'{word}' in limitations.intrinsic" for word in words if word]


RULES = (
    Rule(id="L1", decide=assessed, reads=("limitations.assessed",), uses=("evaluation",), grounds=_named_results),
    Rule(id="L2", decide=of_design, reads=("limitations.design",)),
    Rule(id="L3", decide=intrinsic, reads=("limitations.intrinsic", "claims")),
)
