"""The phase of evaluation, derived from the evidence that is there.

Rules
-----
1. The phase is the highest one whose evidence, and that of every phase before it, is present. Nobody types it in.
2. Evidence of one phase never supports a claim of a later one.
3. A study with people counts only when it names its ethics approval and at least one result.
4. The scope sentence says what was reached and what that does not show; it stands on top of everything published.

Source: the paper's five phases, paraphrased; mapping after Park et al., JAMIA Open 2020.

Example:
    >>> derive({}).scope
    'Not evaluated: no evidence was given (phase 0). Nothing here shows benefit or safety for patients.'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from misyn.practice.measured import Measured
from misyn.practice.record import Record
from misyn.results import Evidence

# The kind of evidence each phase needs, in order.
KINDS = ("evaluation", "readers", "workflow", "prospective", "surveillance")

_NOTHING = "Nothing here shows benefit or safety for patients."
SCOPES = (
    f"Not evaluated: no evidence was given (phase 0). {_NOTHING}",
    f"Evaluated on existing images only (phase 1). {_NOTHING}",
    f"Evaluated on existing images and by expert readers (phase 2). {_NOTHING}",
    f"Evaluated up to a simulated or retrospective clinical workflow (phase 3). {_NOTHING}",
    "Evaluated up to a prospective study in the clinical setting (phase 4). "
    "It shows what that study measured, for the people in it, and nothing beyond.",
    "Evaluated up to surveillance after release (phase 5). "
    "It shows what was measured and watched, for the people it covered, and nothing beyond.",
)


@dataclass(frozen=True)
class Phase:
    """The phase reached, 0 to 5, and the sentence that says what this covers."""

    number: int
    scope: str


def derive(evidence: Mapping[str, Evidence], record: Record | None = None) -> Phase:  # noqa: ARG001 - see below
    """Derive the phase from evidence.

    Args:
        evidence: by kind; see :data:`KINDS`.
        record: the record judged. Its words never raise the phase; it is taken so that nobody has to ask whether.
    """
    number = 0
    for kind in KINDS:
        if not counts(kind, evidence.get(kind)):
            break
        number += 1
    return Phase(number, SCOPES[number])


def counts(kind: str, evidence: Evidence | None) -> bool:
    """Whether a piece of evidence carries its phase (rule 3)."""
    if evidence is None or not Measured(evidence.content):
        return False
    return kind == "evaluation" or bool(str(evidence.content.get("approval") or "").strip())
