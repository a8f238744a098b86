"""Problem formulation, P1 to P4: what people state about need, alternatives, use and refusal.

Rules
-----
1. Nothing here can be measured: a complete statement is ``partly: stated`` until an independent review agrees.

Example:
    >>> [rule.id for rule in RULES]
    ['P1', 'P2', 'P3', 'P4']
"""

from __future__ import annotations

from misyn.practice.rules.case import Case, Decision, Rule, statement


def need(case: Case) -> Decision:
    """P1: a need that people have and say they have."""
    return statement(
        case,
        [
            ("problem.need", "the need"),
            ("problem.evidence", "evidence that it is real"),
            ("problem.stated_by", "who has the need and said so"),
        ],
    )


def alternatives(case: Case) -> Decision:
    """P2: other ways were considered."""
    return statement(
        case, [("problem.alternatives", "alternatives considered"), ("problem.why_synthesis", "why synthesis")]
    )


def uses(case: Case) -> Decision:
    """P3: uses in and out of bounds."""
    return statement(
        case,
        [
            ("use.intended", "the intended use"),
            ("use.users", "its users"),
            ("use.setting", "its setting"),
            ("use.out_of_scope", "uses out of scope"),
            ("use.prohibited", "prohibited uses"),
        ],
    )


def refusal(case: Case) -> Decision:
    """P4: when not to use it, and how to refuse."""
    return statement(
        case,
        [
            ("use.stop_when", "when it should not be used"),
            ("use.refusal", "how those affected can refuse it or the use of their data"),
        ],
    )


RULES = (
    Rule(id="P1", decide=need, reads=("problem.need", "problem.evidence", "problem.stated_by")),
    Rule(id="P2", decide=alternatives, reads=("problem.alternatives", "problem.why_synthesis")),
    Rule(id="P3", decide=uses, reads=("use",)),
    Rule(id="P4", decide=refusal, reads=("use.stop_when", "use.refusal")),
)
