"""How a verdict is reached: what the rules may look at, how one rule speaks, and how many are heard together.

Rules
-----
1. Rules look at :class:`Observed` and nothing else: no file is opened while judging.
2. The heaviest verdict holds: contradictory, then synthetic, then no-evidence.
3. A policy without rules refuses to judge.

The rules themselves, with their numbers, are in :mod:`misyn.marks.policy`.

Example:
    >>> always = Rule("X1", lambda _: iter((Ruling("synthetic"),)))
    >>> Policy((always,)).judge(Observed(Inspection(format="png"))).rules
    ('X1',)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from misyn.errors import UsageError
from misyn.marks.acquisition import AcquisitionRule, shown_by
from misyn.marks.credential.state import ABSENT, Credential
from misyn.marks.declaration import Declaration
from misyn.marks.fingerprint import UNSEARCHED, Fingerprint
from misyn.marks.foreign import ForeignTrace, find
from misyn.marks.inspection import Inspection
from misyn.marks.label import OVERLAY_LABEL
from misyn.marks.sighting import UNSEARCHED as NOT_LOOKED
from misyn.marks.sighting import Sighting

Verdict = Literal["synthetic", "contradictory", "no-evidence"]
_WEIGHT: dict[Verdict, int] = {"no-evidence": 0, "synthetic": 1, "contradictory": 2}


@dataclass(frozen=True)
class Observed:
    """Everything the rules may look at: one inspection, one credential, one look-up, one search, and what follows."""

    inspection: Inspection
    credential: Credential = ABSENT
    fingerprint: Fingerprint = UNSEARCHED
    watermark: Sighting = NOT_LOOKED
    traces: tuple[ForeignTrace, ...] = field(init=False)
    acquisition: tuple[AcquisitionRule, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Derive traces and acquisition: they cannot be given."""
        object.__setattr__(self, "traces", find(self.inspection.texts) + _others_credential(self.credential))
        object.__setattr__(self, "acquisition", shown_by(self.inspection.facts))

    @property
    def declarations(self) -> tuple[Declaration, ...]:
        """The declarations that hold."""
        return self.inspection.mark.declarations if self.inspection.mark else ()

    @property
    def stated(self) -> tuple[Declaration, ...]:
        """The declarations that hold, and the signed one where its credential holds."""
        signed = self.credential.declaration if self.credential.holds else None
        return self.declarations + ((signed,) if signed else ())

    @property
    def says_synthetic(self) -> bool:
        """Whether a standard field says synthetic."""
        return self.inspection.mark is not None and self.inspection.mark.says_synthetic

    @property
    def says_not(self) -> bool:
        """Whether a standard field says the opposite."""
        return self.inspection.mark is not None and self.inspection.mark.says_not

    @property
    def malformed(self) -> tuple[str, ...]:
        """Sentences about declarations that do not hold."""
        return self.inspection.mark.malformed if self.inspection.mark else ()

    @property
    def any_evidence(self) -> bool:
        """Whether anything that holds says synthetic, a store that knows the pixels included."""
        return self.stated_in_file or bool(self.fingerprint.matches)

    @property
    def stated_in_file(self) -> bool:
        """Whether anything in the file itself says synthetic."""
        written = self.says_synthetic or bool(self.declarations) or bool(self.traces) or self.has_overlay
        return written or self.credential.says_synthetic

    @property
    def has_overlay(self) -> bool:
        """Whether an overlay plane of ours lies over a DICOM image."""
        return self.inspection.facts.get("OverlayLabel") == OVERLAY_LABEL

    @property
    def label(self) -> str | None:
        """The words of the visible label that a declaration names, or None."""
        return next((declared.label for declared in self.stated if declared.label), None)


def _others_credential(credential: Credential) -> tuple[ForeignTrace, ...]:
    """A credential that holds and carries no declaration of misyn's is what another generator left."""
    if not credential.says_synthetic or credential.declaration is not None:
        return ()
    revealed = {"generator": credential.generator, "claimed issuer": credential.name}
    return (ForeignTrace("c2pa:credential", {key: value for key, value in revealed.items() if value}),)


@dataclass(frozen=True)
class Ruling:
    """What one rule says: a verdict or None, and a sentence for people or None."""

    verdict: Verdict | None
    problem: str | None = None


@dataclass(frozen=True)
class Rule:
    """One numbered rule; ``decide`` gives its rulings, none where it does not apply."""

    id: str
    decide: Callable[[Observed], Iterator[Ruling]]


@dataclass(frozen=True)
class Judgement:
    """The verdict, the sentences, and the numbers of the rules that spoke, in the order of the policy."""

    verdict: Verdict
    problems: tuple[str, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """Rules that judge together. Policies compose with ``&``; an empty one refuses.

    Example:
        >>> Policy(()).judge(Observed(Inspection(format="png")))  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        UsageError: expected a policy with rules, found an empty one ...
        >>> from misyn.marks.policy import DISAGREEMENT, EVIDENCE
        >>> len((EVIDENCE & DISAGREEMENT).rules) == len(EVIDENCE.rules) + len(DISAGREEMENT.rules)
        True
    """

    rules: tuple[Rule, ...]

    def __and__(self, other: Policy) -> Policy:
        """Judge by both; a rule that is in both speaks once."""
        return Policy(self.rules + tuple(rule for rule in other.rules if rule not in self.rules))

    def judge(self, observed: Observed) -> Judgement:
        """Let every rule speak; the heaviest verdict holds: contradictory, then synthetic, then no-evidence.

        Raises:
            UsageError: there are no rules.
        """
        if not self.rules:
            raise UsageError(
                "expected a policy with rules, found an empty one, which would call anything fine. "
                "Next: use misyn.marks.policy.DEFAULT"
            )
        spoken = [(rule, list(rule.decide(observed))) for rule in self.rules]
        rulings = [ruling for _, rulings in spoken for ruling in rulings]
        verdicts: list[Verdict] = [ruling.verdict for ruling in rulings if ruling.verdict]
        return Judgement(
            verdict=max(verdicts, key=_WEIGHT.__getitem__, default="no-evidence"),
            problems=tuple(dict.fromkeys(ruling.problem for ruling in rulings if ruling.problem)),
            rules=tuple(rule.id for rule, rulings in spoken if rulings),
        )
