"""One expectation against one result: supported, unsupported, contradicted or untested, with the reason.

Rules
-----
1. An interval decides as a whole: all of it must meet the bound, or none of it.
2. Without a valid interval the value decides and the reason says so; see :mod:`misyn.practice.claims`, rule 3.
3. A p-value supports only a difference (``p_adjusted < …``); a large one shows nothing, and an uncorrected one among
   several shows nothing either.

Example:
    >>> from misyn.practice.expects import parse
    >>> term = parse("support >= 0.5")[0]
    >>> decide(term, {"name": "support", "value": 0.6, "low": 0.4, "high": 0.8}, kind="benefit").status
    'unsupported'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from misyn.practice.expects import Term
from misyn.practice.measured import Row, shown
from misyn.results import ClaimStatus

# Counted over these files, not sampled: no interval is needed to say what they hold.
COUNTED = ("exact_copies",)
ENOUGH_PATIENTS = 20
_WORST: tuple[ClaimStatus, ...] = ("contradicted", "untested", "unsupported", "supported")


@dataclass(frozen=True)
class Verdict:
    """A status and why."""

    status: ClaimStatus
    reason: str


def decide(term: Term, row: Row | None, *, kind: str) -> Verdict:
    """Hold one expectation against the result it speaks of."""
    if row is None:
        return Verdict("untested", f"{term}: no such result is among the evidence")
    if term.field:
        return _on_test(term, row)
    if term.name in COUNTED:
        status: ClaimStatus = "supported" if term.holds(row["value"]) else "contradicted"
        return Verdict(status, f"{term}: counted {row['value']:.3g} over these files, and of no others")
    if row.get("low") is None or row.get("high") is None:
        return _on_value(term, row, kind=kind)
    return _on_interval(term, row)


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The least favourable status, with the reasons of all that share it."""
    status = min((verdict.status for verdict in verdicts), key=_WORST.index)
    return Verdict(status, "; ".join(verdict.reason for verdict in verdicts if verdict.status == status))


def _on_interval(term: Term, row: Row) -> Verdict:
    ends = {term.holds(row["low"]), term.holds(row["high"])}
    if ends == {True}:
        return Verdict("supported", f"{term}: {shown(row)}, all of it")
    if ends == {False}:
        return Verdict("contradicted", f"{term}: {shown(row)}, none of it")
    return Verdict("unsupported", f"{term}: {shown(row)}; the interval holds values on both sides of the bound")


def _on_value(term: Term, row: Row, *, kind: str) -> Verdict:
    holds = term.holds(row["value"])
    seen = (
        f"{term}: decided on the value {row['value']:.3g} alone, of these images; {row.get('reason') or 'no interval'}"
    )
    if kind == "limitation":
        return Verdict("supported" if holds else "unsupported", seen)
    if not holds:
        return Verdict("contradicted", seen)
    patients = row.get("n_patients")
    if not isinstance(patients, int) or patients < ENOUGH_PATIENTS:
        known = "an unknown number of" if patients is None else str(patients)
        return Verdict(
            "unsupported", f"{seen}; and {known} patients stand behind it, where {ENOUGH_PATIENTS} are needed"
        )
    return Verdict("supported", f"{seen}; {patients} patients stand behind it")


def _on_test(term: Term, row: Row) -> Verdict:
    value = row.get(term.field or "")
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return Verdict("untested", f"{term}: the test has no {term.field}")
    if term.field == "p_value" and int(row.get("among", 1)) > 1:
        return Verdict("unsupported", f"{term}: one of {row['among']} tests, not corrected; use p_adjusted")
    if term.field in {"p_value", "p_adjusted"} and term.op in {">", ">="}:
        return Verdict("unsupported", f"{term}: a large p-value does not show that there is no difference")
    holds = term.holds(value)
    return Verdict("supported" if holds else "unsupported", f"{term}: found {value:.3g}")
