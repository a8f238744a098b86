"""What a rule sees, and the few ways it can decide.

Rules
-----
1. A rule reads the record and the evidence, and nothing else; it names the parts of the record it reads and the
   kinds of evidence it uses, so that a review of its finding ends when any of them changes.
2. Missing evidence is ``not-assessed``, never silently met. A silent record is ``not-met`` where something has to be
   stated: its silence is a fact.
3. What is only stated is ``partly: stated``; :mod:`misyn.practice.reviews` may lift it.

Example:
    >>> not_met("nothing is marked", next="misyn mark").status
    'not-met'
    >>> listed(["a", "b", "c"])
    'a, b and c'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from misyn.practice.measured import Measured
from misyn.practice.phases import Phase
from misyn.practice.record import Record
from misyn.results import ClaimFinding, Evidence, FindingStatus

ASK_REVIEWER = "someone who is not among those responsible reads it and signs a review with their name and a reason"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A record, the evidence that came with it, and what was already derived from both."""

    record: Record
    evidence: Mapping[str, Evidence]
    phase: Phase
    claims: tuple[ClaimFinding, ...] = ()

    @property
    def evaluation(self) -> Measured:
        """The evaluation, or an empty view of none."""
        return Measured(self.content("evaluation"))

    @property
    def marks(self) -> Mapping[str, Any]:
        """The summary of verdicts on the synthetic files, or nothing."""
        return self.content("marks")

    def content(self, kind: str) -> Mapping[str, Any]:
        """The content of one kind of evidence, or nothing."""
        found = self.evidence.get(kind)
        return found.content if found else {}


@dataclass(frozen=True)
class Decision:
    """What a rule decided. ``stated`` marks what only an independent review can lift to ``met``."""

    status: FindingStatus
    reason: str
    next: str | None = None
    stated: bool = False


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One recommendation's rule.

    Attributes:
        id: the recommendation.
        decide: the rule itself.
        reads: dotted paths of the record it reads.
        uses: kinds of evidence it uses.
        grounds: the very results it rests on, where these are fewer than all of ``uses``; a review ends with them.
    """

    id: str
    decide: Callable[[Case], Decision]
    reads: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    grounds: Callable[[Case], Any] | None = None


def met(reason: str) -> Decision:
    """The evidence shows it."""
    return Decision("met", reason)


def partly(reason: str, *, next: str) -> Decision:  # noqa: A002 - the field's name in the published format
    """A part is shown; the reason says which is not."""
    return Decision("partly", reason, next)


def not_met(reason: str, *, next: str) -> Decision:  # noqa: A002 - as above
    """The evidence, or the record's silence, shows that it is not so."""
    return Decision("not-met", reason, next)


def not_assessed(reason: str, *, next: str) -> Decision:  # noqa: A002 - as above
    """It cannot be told from what is there."""
    return Decision("not-assessed", reason, next)


def stated(reason: str) -> Decision:
    """Somebody says so, and nobody independent has agreed yet."""
    return Decision("partly", f"stated: {reason}; nobody independent has agreed yet", ASK_REVIEWER, stated=True)


def statement(case: Case, needs: Sequence[tuple[str, str]]) -> Decision:
    """Judge what has to be stated: nothing, a part, or all of it, as (path, what it says in words)."""
    lacking = [(path, words) for path, words in needs if not case.record.get(path)]
    if not lacking:
        return stated(listed([words for _, words in needs]))
    step = "write " + listed([path for path, _ in lacking]) + " in the record"
    if len(lacking) == len(needs):
        return not_met(f"the record does not state {listed([words for _, words in lacking], last='or')}", next=step)
    given = [words for path, words in needs if (path, words) not in lacking]
    return partly(f"stated: {listed(given)}; not stated: {listed([words for _, words in lacking])}", next=step)


def listed(words: Sequence[str], *, last: str = "and") -> str:
    """Join words as in a sentence."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else "nothing"


def counted(items: Sequence[object], word: str) -> str:
    """A number of things, in the right number.

    Example:
        >>> counted([1], "foreseen bias"), counted([1, 2], "foreseen bias"), counted([], "limit")
        ('1 foreseen bias', '2 foreseen biases', '0 limits')
    """
    return f"{len(items)} {word}{'' if len(items) == 1 else 'es' if word.endswith('s') else 's'}"


def entries(case: Case, path: str, *, text: str = "text") -> list[Mapping[str, Any]]:
    """A list of the record whose entries are sentences or mappings, as mappings."""
    return [item if isinstance(item, Mapping) else {text: item} for item in case.record.items(path)]
