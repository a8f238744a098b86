"""Claims stand or fall with their evidence; no status is ever typed in.

Rules
-----
1. A claim says what would have to hold (``expects``). Without that it is ``untested``: nothing could hold or fail.
2. On an interval: ``supported`` when the whole interval meets the bound, ``contradicted`` when none of it does,
   ``unsupported`` in between.
3. Without a valid interval the value decides, and the reason says so. An admission (``limitation``) needs no more. A
   benefit or equivalence is then ``supported`` only where at least 20 patients stand behind the number; it is
   ``contradicted`` by its value in any case.
4. Exact copies are counted, not sampled: there the value decides, and speaks of these files only.
5. Words that claim more than a number shows need their own named evidence (:mod:`misyn.practice.wording`).
6. ``beyond-phase`` and ``stale`` come before any number; upheld concerns and failed checks lower what numbers support.

Source: recommendations E2, E3, E5 and the interface's section Files.

Example:
    >>> from misyn.practice.record import parse
    >>> record = parse('''
    ... misyn: 1
    ... technique: {name: demo}
    ... responsible: A. Person
    ... claims: [{id: c, kind: limitation, text: Half of the images are missed., expects: coverage < 0.9}]
    ... ''')
    >>> seen = {"estimates": [{"name": "coverage", "value": 0.5, "low": None, "high": None, "reason": "k-NN"}]}
    >>> judge(record, {"evaluation": Evidence("evaluation", seen)}, Phase(1, ""))[0].status
    'supported'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from misyn.canonical import is_digest, record_digest
from misyn.practice import expects, freshness, named, references, reviews, wording
from misyn.practice.decide import Verdict, decide, worst
from misyn.practice.expects import Term
from misyn.practice.measured import Measured
from misyn.practice.phases import KINDS, Phase
from misyn.practice.record import Record
from misyn.results import ClaimFinding, ClaimStatus, Evidence

# Failed checks, and the measures they void (None: all): what these seem to support, they do not.
VOIDING: Mapping[str, tuple[str, ...] | None] = {
    "constant-features": None,
    "modality-differs": None,
    "support-uninformative": ("support",),
}

_STEPS: Mapping[str, str] = {
    "unsupported": "give the evidence the reason asks for, or reword the claim to what was shown",
    "contradicted": "withdraw or reword the claim, and list what was found among the limitations",
    "beyond-phase": "reword the claim to the phase reached, or do the study it speaks of",
    "untested": "write expects (such as 'coverage < 0.9') and run misyn audit with the evidence it needs",
    "stale": "run the evaluation again on the present technique and data",
}


@dataclass(frozen=True)
class _Claim:
    """A claim as the record holds it, with what it was judged on."""

    row: Mapping[str, Any]
    record: Record
    evidence: Mapping[str, Evidence]
    phase: Phase

    @property
    def kind(self) -> str:
        return str(self.row["kind"])

    @property
    def text(self) -> str:
        return str(self.row["text"])

    @property
    def terms(self) -> tuple[Term, ...]:
        return tuple(term for text in references.texts(self.row.get("expects")) for term in expects.parse(text))

    @property
    def named(self) -> tuple[str, ...]:
        return references.texts(self.row.get("evidence"))

    @property
    def words(self) -> tuple[wording.Word, ...]:
        """Words that need evidence; an admission of a limitation claims nothing with them."""
        return () if self.kind == "limitation" else wording.found(self.text)


def judge(record: Record, evidence: Mapping[str, Evidence], phase: Phase) -> tuple[ClaimFinding, ...]:
    """Judge every claim of a record, in the record's order.

    Args:
        record: the record.
        evidence: by kind: ``evaluation``, ``marks``, studies of later phases, ``reviews``, ``concerns``.
        phase: the phase reached, from :func:`misyn.practice.phases.derive`.
    """
    return tuple(_judged(_Claim(row, record, evidence, phase)) for row in record.items("claims"))


def basis(row: Mapping[str, Any], record: Record, evidence: Mapping[str, Evidence]) -> str:
    """The digest of what a review of this claim judges: its words, the very results it rests on, their freshness."""
    terms = [term for text in references.texts(row.get("expects")) for term in expects.parse(text)]
    results = [_result(term, evidence) for term in terms]
    results += [references.row(name, _evaluation(evidence)) for name in references.texts(row.get("evidence"))]
    stale = [freshness.stale(record, evidence, kind) for kind in KINDS]
    return record_digest({"claim": row, "results": results, "stale": stale})


def _judged(claim: _Claim) -> ClaimFinding:
    verdict = _before_numbers(claim) or _lowered(claim, _on_numbers(claim))
    return ClaimFinding(
        id=str(claim.row["id"]),
        kind=claim.kind,
        text=claim.text,
        status=verdict.status,
        reason=verdict.reason,
        evidence=tuple(claim.evidence[kind].digest for kind in _kinds(claim)),
        next=_STEPS.get(verdict.status),
    )


def _before_numbers(claim: _Claim) -> Verdict | None:
    """What decides before any number is read: the phase, missing or stale evidence, a claim that cannot fail."""
    needed, why = _phase_needed(claim)
    reached = claim.phase.number
    if needed > max(reached, 1):
        return Verdict("beyond-phase", f"{why} phase {needed}; the evidence reaches phase {reached}")
    for kind in _kinds(claim):
        reason = freshness.stale(claim.record, claim.evidence, kind)
        if reason:
            return Verdict("stale", reason)
    pinned = [
        name for name in claim.named if is_digest(name) and not references.present(name, claim.record, claim.evidence)
    ]
    if pinned:
        return Verdict("stale", f"it rests on {pinned[0]}, which is not among the present evidence")
    if not claim.terms:
        return Verdict(
            "untested", "it does not say what would have to hold, so no evidence can speak for or against it"
        )
    return None


def _phase_needed(claim: _Claim) -> tuple[int, str]:
    stated = int(claim.row.get("phase", 1))
    later = max(claim.words, key=lambda word: word.phase, default=None)
    if later is not None and later.phase > stated:
        return later.phase, f"'{later.name}' speaks of"
    return stated, "it speaks of"


def _on_numbers(claim: _Claim) -> Verdict:
    """What the results say, term by term; the least favourable term decides."""
    verdicts = [decide(term, _result(term, claim.evidence), kind=claim.kind) for term in claim.terms]
    lost = [name for name in claim.named if not references.present(name, claim.record, claim.evidence)]
    verdicts += [Verdict("untested", f"it names {name}, which is not there") for name in lost if not is_digest(name)]
    return worst(verdicts)


def _lowered(claim: _Claim, verdict: Verdict) -> Verdict:
    """Lower what numbers support where people, failed checks or its own words speak against it."""
    if verdict.status != "supported" or claim.kind == "limitation":
        return verdict
    checks = (_upheld_concern, _disagreement, _failed_check, _unbacked_words)
    return next((found for check in checks if (found := check(claim)) is not None), verdict)


def _upheld_concern(claim: _Claim) -> Verdict | None:
    standing = reviews.standing(f"claim:{claim.row['id']}", claim.evidence)
    if not standing:
        return None
    return Verdict("contradicted", f"an upheld concern stands against it ({standing[0].get('id')}), not answered yet")


def _disagreement(claim: _Claim) -> Verdict | None:
    """A current review by someone who is not the author, and who disagrees."""
    now = basis(claim.row, claim.record, claim.evidence)
    for review in reviews.valid(claim.evidence, claim.record):
        if review.about == f"claim:{claim.row['id']}" and review.decision == "disagree" and review.basis == now:
            return Verdict("unsupported", f"{review.reviewer} disagrees ({review.reason})")
    return None


def _failed_check(claim: _Claim) -> Verdict | None:
    warnings, measures = _evaluation(claim.evidence).warnings, {term.name for term in claim.terms}
    for name, voided in VOIDING.items():
        if name in warnings and (voided is None or measures & set(voided)):
            return Verdict("unsupported", f"the check '{name}' failed: {warnings[name]}")
    return None


def _unbacked_words(claim: _Claim) -> Verdict | None:
    lacking = [word for word in claim.words if not _has(word.needs, claim)]
    if lacking:
        return Verdict("unsupported", "; ".join(f"'{word.name}' {word.sentence}" for word in lacking))
    if claim.kind == "equivalence" and not _has("equivalence-test", claim):
        return Verdict(
            "unsupported", "equivalence needs an equivalence test, or an interval within a margin of the plan"
        )
    return None


def _has(needs: str, claim: _Claim) -> bool:
    results = [(term, _result(term, claim.evidence)) for term in claim.terms]
    return named.CHECKS[needs](named.Grounds(results, claim.evidence, claim.record))


def _result(term: Term, evidence: Mapping[str, Evidence]) -> Mapping[str, Any] | None:
    """The estimate or test a term speaks of: the evaluation's, or else a later study's."""
    for kind in KINDS:
        measured = Measured(evidence[kind].content) if kind in evidence else Measured()
        found = (measured.test if term.field else measured.estimate)(term.name, set=term.set, group=term.group)
        if found is not None:
            return {**found, "among": len(measured.tests)} if term.field else found
    return None


def _kinds(claim: _Claim) -> list[str]:
    """The kinds of evidence a claim rests on: those that hold its results."""
    kinds = [kind for kind in KINDS if kind in claim.evidence and _holds(kind, claim)]
    return kinds or [kind for kind in ("evaluation",) if kind in claim.evidence and claim.terms]


def _holds(kind: str, claim: _Claim) -> bool:
    only = {kind: claim.evidence[kind]}
    return any(_result(term, only) is not None for term in claim.terms)


def _evaluation(evidence: Mapping[str, Evidence]) -> Measured:
    return Measured(evidence["evaluation"].content) if "evaluation" in evidence else Measured()


STATUSES: tuple[ClaimStatus, ...] = ("supported", "unsupported", "contradicted", "beyond-phase", "untested", "stale")
