"""The same facts for three readers: what a developer does next, what a reviewer holds against what, what is not known.

Rules
-----
1. Developers get the open findings in the order of harm prevented per effort, as the catalogue estimates both; the
   ratio only orders, and is never shown.
2. Reviewers get, beside every digest, the file that bears it.
3. The public gets what is unknown first: what could not be measured, then what nobody has checked.
4. Nothing is judged here, and nothing is left out of a view that the full list does not hold.

Source: issue list of the project's design, item *Findings and report*.

Example:
    >>> found = [{"id": "O3", "status": "not-assessed"}, {"id": "L3", "status": "not-met", "next": "say it"}]
    >>> facts = Facts(audit={"findings": found}, evaluation={}, marks=None, record=None, rows=())
    >>> [(step.id, step.next) for step in steps(facts)]
    [('L3', 'say it'), ('O3', '')]
    >>> unchecked(facts)
    ('If an objection is right, the status changes, and all who check an image get to know.',)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from misyn.report.facts import Facts, mapping, mappings
from misyn.report.judgements import Judged, about, recommendations

CLOSED = ("met", "not-applicable")
_UNKNOWN = ("We cannot tell", "Not measured")


def steps(facts: Facts) -> tuple[Judged, ...]:
    """What to do next: the open findings, most harm prevented per effort first (rule 1)."""
    known, status = about(), _statuses(facts)
    found = [item for item in recommendations(facts) if status.get(item.id) not in CLOSED]

    def rank(item: Judged) -> tuple[Fraction, int]:
        entry = known.get(item.id)
        return (Fraction(-entry.severity, entry.effort), entry.effort) if entry else (Fraction(0), 0)

    return tuple(sorted(found, key=rank))


def unmeasured(answers: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The questions, out of (title, sentence), whose answer is that there is none."""
    return tuple(f"{title}: {said[0].lower()}{said[1:]}" for title, said in answers if said.startswith(_UNKNOWN))


def unchecked(facts: Facts) -> tuple[str, ...]:
    """The recommendations that nobody could assess, in plain words."""
    status = _statuses(facts)
    return tuple(item.text for item in recommendations(facts) if status.get(item.id) == "not-assessed")


def files(facts: Facts) -> Mapping[str, str]:
    """Digest of each piece of evidence, to the file that bears it."""
    rows = mappings(mapping(facts.audit).get("evidence"))
    return {str(row.get("digest")): str(row.get("file")) for row in rows}


def _statuses(facts: Facts) -> dict[str, str]:
    return {str(row.get("id")): str(row.get("status")) for row in mappings(mapping(facts.audit).get("findings"))}
