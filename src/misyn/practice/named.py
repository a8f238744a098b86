"""The named evidence that single words need before they may be said.

Rules
-----
1. Each check looks at the results the claim itself rests on, and at evidence of its own kind; nothing else counts.
2. Equivalence is shown by an equivalence test, or by an interval within a margin that the plan fixed.

Source: recommendations E2, E3, E10 to E12; TOST after Schuirmann (1987).

Example:
    >>> sorted(CHECKS)[:3]
    ['corrected-test', 'equivalence-test', 'group-equivalence']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from misyn.practice import phases
from misyn.practice.expects import Term
from misyn.practice.measured import Measured, Row
from misyn.practice.record import Record
from misyn.results import Evidence

ALPHA = 0.05
UTILITY = "utility"
_EQUIVALENCE = ("tost", "equivalence")


@dataclass(frozen=True)
class Grounds:
    """What a claim rests on: its terms with their results, all evidence, and the record (for the plan)."""

    results: Sequence[tuple[Term, Row | None]]
    evidence: Mapping[str, Evidence]
    record: Record

    @property
    def evaluation(self) -> Measured:
        """The evaluation, or an empty view."""
        found = self.evidence.get("evaluation")
        return Measured(found.content) if found else Measured()


def corrected_test(grounds: Grounds) -> bool:
    """A test, corrected where there are several, whose p is expected to be small."""
    return any(row and term.field == "p_adjusted" and _small(term) for term, row in grounds.results)


def equivalence_test(grounds: Grounds) -> bool:
    """An equivalence test among the claim's results, or an interval inside a planned margin."""
    tested = any(
        row and term.field == "p_adjusted" and _small(term) and term.name.startswith(_EQUIVALENCE)
        for term, row in grounds.results
    )
    return (tested and bool(grounds.record.get("plan.margins"))) or _within_margin(grounds)


def readers(grounds: Grounds) -> bool:
    """A reader study that counts."""
    return phases.counts("readers", grounds.evidence.get("readers"))


def readers_equivalence(grounds: Grounds) -> bool:
    """A reader study, and equivalence among the claim's results."""
    return readers(grounds) and equivalence_test(grounds)


def group_equivalence(grounds: Grounds) -> bool:
    """Downstream results by group among the evidence, and equivalence among the claim's results."""
    by_group = grounds.evaluation.by_patient_group("utility_gain")
    return bool(by_group) and equivalence_test(grounds)


def membership(grounds: Grounds) -> bool:
    """Membership risk as the claim's own result, and copy suspects with their baseline."""
    measured = grounds.evaluation
    copies = measured.estimate("copy_suspects") and measured.estimate("copy_suspects_baseline")
    return bool(copies) and any(row and term.name.startswith("membership") for term, row in grounds.results)


def utility(grounds: Grounds) -> bool:
    """A comparison with a medical-images-only baseline as the claim's own result."""
    return any(row and term.name.startswith(UTILITY) for term, row in grounds.results)


def prospective(grounds: Grounds) -> bool:
    """A prospective study that counts."""
    return phases.counts("prospective", grounds.evidence.get("prospective"))


def _small(term: Term) -> bool:
    return term.op in {"<", "<="} and term.bound <= ALPHA


def _within_margin(grounds: Grounds) -> bool:
    margins = grounds.record.get("plan.margins")
    if not isinstance(margins, Mapping):
        return False
    for name, margin in margins.items():
        bounds = {
            term.op[0]: abs(term.bound) for term, row in grounds.results if row and _has_interval(row, name, term)
        }
        if {"<", ">"} <= set(bounds) and isinstance(margin, (int, float)) and max(bounds.values()) <= margin:
            return True
    return False


def _has_interval(row: Row, name: str, term: Term) -> bool:
    return term.name == name and not term.field and row.get("low") is not None


CHECKS: Mapping[str, Callable[[Grounds], bool]] = {
    "corrected-test": corrected_test,
    "equivalence-test": equivalence_test,
    "readers-equivalence": readers_equivalence,
    "group-equivalence": group_equivalence,
    "membership": membership,
    "readers": readers,
    "utility": utility,
    "prospective": prospective,
}
