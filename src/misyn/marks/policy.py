"""The verdict on one file, by written, numbered rules that compose.

Rules
-----
Evidence that an image is synthetic:

S1. A standard field says so (SyntheticData YES, a synthesizer among the contributing equipment, a DigitalSourceType for
    algorithmic media): ``synthetic``.
S2. A declaration that holds is there: ``synthetic``. Where no standard field says so too, that is a problem: other
    software will not see it.
S3. A generator's own trace is there (:mod:`misyn.marks.foreign`): ``synthetic``. Where nothing else says so, the
    image is undeclared, and that is a problem.
S4. A credential that holds says so (:mod:`misyn.marks.credential`), whoever signed it: ``synthetic``. Where its chain
    leads to a root that the caller trusts, the verdict is trusted, provided that nothing contradicts it.

Disagreement, which outweighs any evidence:

C1. A standard field says the opposite while anything says synthetic: ``contradictory``.
C2. Two declarations, signed or not, name different techniques: ``contradictory``.
C3. The header shows acquisition (:mod:`misyn.marks.acquisition`) while anything says synthetic: ``contradictory``,
    forced or not, because whoever copies a declaration onto a medical image can force it too. Only an image-to-image
    technique that declares its source image explains such a header: then it is a problem, not a contradiction.
C4. A declaration is there and does not hold: a problem; and ``contradictory`` where nothing else says synthetic.
C5. A credential that says synthetic was signed for another image, or for this one before it was changed:
    ``contradictory``. Where only the bytes around the same pixels changed, it counts as C6.
C6. A credential is there and does not hold, or no longer: a problem; and ``contradictory`` where it says synthetic and
    nothing else does.
C7. A credential that holds says captured while anything says synthetic: ``contradictory``.

Problems that do not change the verdict:

P1. The metadata is unsigned: anyone can write it, so ``synthetic`` by it alone is never trusted.
P2. A standard field says "not synthetic" and nothing else says anything: that is a claim, not evidence.
P3. Something was passed over or damaged.
P4. A mark was forced.
P5. A credential holds and leads to no root that the caller trusts: anyone can have signed it.
P6. The declaration in the metadata is not the signed one, though of the same technique.
P7. What the reader of the credential has to say: it could not be checked here, or outlived its certificate.

When no rule finds evidence, the verdict is ``no-evidence``, and means that and nothing else. There is no verdict for a
medical image. A policy without rules refuses to judge: nothing to say is not "all is well".

Example:
    >>> from misyn.marks.inspection import Gathering
    >>> gathering = Gathering("png")
    >>> DEFAULT.judge(Observed(gathering.result())).verdict
    'no-evidence'
    >>> gathering.says("SyntheticData", "YES", synthetic=True)
    >>> judged = DEFAULT.judge(Observed(gathering.result()))
    >>> judged.verdict, judged.rules
    ('synthetic', ('S1', 'P1'))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from misyn.errors import UsageError
from misyn.marks.acquisition import AcquisitionRule, shown_by
from misyn.marks.credential.state import ABSENT, Credential
from misyn.marks.declaration import Declaration
from misyn.marks.foreign import ForeignTrace, find
from misyn.marks.inspection import Inspection

Verdict = Literal["synthetic", "contradictory", "no-evidence"]
_WEIGHT: dict[Verdict, int] = {"no-evidence": 0, "synthetic": 1, "contradictory": 2}


@dataclass(frozen=True)
class Observed:
    """Everything the rules may look at: one inspection, one credential, and what follows from them alone."""

    inspection: Inspection
    credential: Credential = ABSENT
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
        """Whether anything that holds says synthetic."""
        return self.says_synthetic or bool(self.declarations) or bool(self.traces) or self.credential.says_synthetic


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


def _s1(seen: Observed) -> Iterator[Ruling]:
    if seen.says_synthetic:
        yield Ruling("synthetic")


def _s2(seen: Observed) -> Iterator[Ruling]:
    if seen.declarations:
        missing = (
            "the declaration is there, but the format's standard field does not say synthetic: others will miss it"
        )
        yield Ruling("synthetic", None if seen.says_synthetic else missing)


def _s3(seen: Observed) -> Iterator[Ruling]:
    if seen.traces:
        places = {"png": "PNG text", "exif": "EXIF text", "c2pa": "C2PA credential"}
        kinds = sorted({places.get(trace.name.partition(":")[0], "comment") for trace in seen.traces})
        undeclared = (
            f"undeclared: only the generator's own {' and '.join(kinds)} says so; no standard mark, no declaration"
        )
        yield Ruling("synthetic", None if seen.says_synthetic or seen.declarations else undeclared)


def _s4(seen: Observed) -> Iterator[Ruling]:
    if seen.credential.says_synthetic:
        yield Ruling("synthetic")


def _c1(seen: Observed) -> Iterator[Ruling]:
    if seen.says_not and seen.any_evidence:
        yield Ruling("contradictory", "a standard field says that it is not synthetic; something else in it says it is")


def _c2(seen: Observed) -> Iterator[Ruling]:
    names = {(d.technique.name, d.technique.version) for d in seen.stated}
    if len(names) > 1:
        yield Ruling("contradictory", f"{len(names)} declarations name different techniques")


def _c3(seen: Observed) -> Iterator[Ruling]:
    found = [rule for rule in seen.acquisition if rule.id != "A4"]  # A4's field is what C1 looks at
    if not found or not seen.any_evidence:
        return
    against = " and ".join(rule.sentence for rule in found)
    if seen.stated and all(_explains(declaration) for declaration in seen.stated):
        yield Ruling(
            None, f"{against}; the declaration explains it: an image-to-image technique, with its source image"
        )
    else:
        yield Ruling("contradictory", f"this speaks against the mark: {against}")


def _explains(declaration: Declaration) -> bool:
    return declaration.technique.kind == "image-to-image" and bool(declaration.derived_from)


def _c4(seen: Observed) -> Iterator[Ruling]:
    for sentence in seen.malformed:
        yield Ruling(None if seen.any_evidence else "contradictory", sentence)


def _c5(seen: Observed) -> Iterator[Ruling]:
    if _unfit(seen.credential):
        for sentence in seen.credential.problems:
            yield Ruling("contradictory", sentence)


def _c6(seen: Observed) -> Iterator[Ruling]:
    credential = seen.credential
    if credential.state == "invalid" and not _unfit(credential):
        alone = credential.synthetic is True and not seen.any_evidence
        for sentence in credential.problems:
            yield Ruling("contradictory" if alone else None, sentence)


def _unfit(credential: Credential) -> bool:
    """Whether it says synthetic of an image that is not this one, as far as that can be told."""
    misfit = credential.image == "other" or "assertion.dataHash.mismatch" in credential.codes
    return credential.state == "invalid" and credential.synthetic is True and misfit and credential.image != "changed"


def _c7(seen: Observed) -> Iterator[Ruling]:
    if seen.credential.holds and seen.credential.synthetic is False and seen.any_evidence:
        yield Ruling("contradictory", "a credential says that it was captured; something else says synthetic")


def _p1(seen: Observed) -> Iterator[Ruling]:
    if (seen.says_synthetic or seen.declarations) and not _is_trusted(seen):
        yield Ruling(None, "untrusted: the metadata is not signed, so anyone can have written it")


def _is_trusted(seen: Observed) -> bool:
    return seen.credential.state == "trusted" and seen.credential.says_synthetic


def _p2(seen: Observed) -> Iterator[Ruling]:
    if seen.says_not and not seen.any_evidence:
        yield Ruling(None, "a standard field says that it is not synthetic; that is a claim, not evidence")


def _p3(seen: Observed) -> Iterator[Ruling]:
    for sentence in seen.inspection.problems:
        yield Ruling(None, sentence)


def _p4(seen: Observed) -> Iterator[Ruling]:
    if any(declaration.forced for declaration in seen.stated):
        yield Ruling(None, "the mark was forced, against what the header said; the declaration gives the reason")


def _p5(seen: Observed) -> Iterator[Ruling]:
    if seen.credential.state == "untrusted":
        yield Ruling(
            None, "the credential holds, but leads to no root that was named as trusted: anyone can have signed it"
        )


def _p6(seen: Observed) -> Iterator[Ruling]:
    signed = seen.credential.declaration if seen.credential.holds else None
    if signed is not None and any(declaration != signed for declaration in seen.declarations):
        yield Ruling(None, "the declaration in the metadata is not the signed one")


def _p7(seen: Observed) -> Iterator[Ruling]:
    if seen.credential.state != "invalid":
        for sentence in seen.credential.problems:
            yield Ruling(None, sentence)


EVIDENCE = Policy((Rule("S1", _s1), Rule("S2", _s2), Rule("S3", _s3), Rule("S4", _s4)))
DISAGREEMENT = Policy(
    (
        Rule("C1", _c1),
        Rule("C2", _c2),
        Rule("C3", _c3),
        Rule("C4", _c4),
        Rule("C5", _c5),
        Rule("C6", _c6),
        Rule("C7", _c7),
    )
)
PROBLEMS = Policy(
    (
        Rule("P1", _p1),
        Rule("P2", _p2),
        Rule("P3", _p3),
        Rule("P4", _p4),
        Rule("P5", _p5),
        Rule("P6", _p6),
        Rule("P7", _p7),
    )
)
DEFAULT = EVIDENCE & DISAGREEMENT & PROBLEMS
