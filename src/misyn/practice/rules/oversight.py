"""Oversight, O0 to O6: who can question the technique, and what comes of it.

Rules
-----
1. What happens in public is decided by evidence from the public entry and its log. Where none was given, a record's
   own words are at most ``partly: stated``, and its silence is ``not-assessed``: nobody looked.
2. A review counts when its reviewer is named, is not among those responsible, and gives a reason.

Example:
    >>> [rule.id for rule in RULES]
    ['O0', 'O1', 'O2', 'O3', 'O4', 'O5', 'O6']
"""

from __future__ import annotations

from collections.abc import Sequence

from misyn.practice import reviews
from misyn.practice.rules.case import (
    Case,
    Decision,
    Rule,
    entries,
    listed,
    met,
    not_assessed,
    not_met,
    partly,
    statement,
)

_PUBLISH = "publish the record in a registry with a log, and run misyn audit with its evidence"


def stakeholders(case: Case) -> Decision:
    """O0: those affected, and how each was heard."""
    named = entries(case, "stakeholders", text="who")
    unheard = [str(item.get("who")) for item in named if not item.get("heard")]
    if unheard:
        return partly(
            f"stated: {len(named)} groups of people; how {listed(unheard)} was heard is not stated",
            next="say for each of stakeholders how they were heard, or that they were not",
        )
    return statement(case, [("stakeholders", "who is affected and how each was heard")])


def public_entry(case: Case) -> Decision:
    """O1: a public page in plain words."""
    return _public(case, [("oversight.registry", "the address of a public entry")], "no public entry was looked at")


def answered(case: Case) -> Decision:
    """O2: anyone can ask and is answered in time."""
    needs = [
        ("oversight.contact", "where anyone can ask or object"),
        ("oversight.answer_within_days", "in how many days an answer comes"),
    ]
    return _public(case, needs, "no concerns or answers were looked at")


def effective(case: Case) -> Decision:
    """O3: an upheld objection changes the status."""
    open_ones = [row for row in reviews.concerns(case.evidence) if row.get("state") == "upheld"]
    if open_ones:
        return not_met(
            f"{len(open_ones)} upheld objections are not answered yet",
            next="answer each upheld objection, and change what it was about",
        )
    return not_assessed("no status of objections was looked at, and none reaches verification yet", next=_PUBLISH)


def independent(case: Case) -> Decision:
    """O4: independent review, interests declared, nobody judges their own claim."""
    found = reviews.valid(case.evidence, case.record)
    own = reviews.own(case.evidence, case.record)
    if own:
        return not_met(
            f"{len(own)} reviews are by people who are responsible for the technique",
            next="ask someone who is not named in responsible",
        )
    if not found:
        return not_assessed(
            "no review by a named person who is not the author was given",
            next="ask someone independent for a review, and name its file in oversight.reviews",
        )
    names = sorted({review.reviewer for review in found})
    silent = [name for name in names if not any(r.interests for r in found if r.reviewer == name)]
    if silent or not case.record.get("oversight.conflicts"):
        return partly(
            f"reviewed by {listed(names)}; interests are not declared by {listed(silent or ['those responsible'])}",
            next="write oversight.conflicts (or 'none'), and let each review declare its interests",
        )
    return met(f"reviewed by {listed(names)}, who are not among those responsible; interests are declared")


def watched(case: Case) -> Decision:
    """O5: monitoring, incidents, withdrawal."""
    needs = [
        ("monitoring.plan", "what is watched after release"),
        ("monitoring.incidents", "where incidents are reported"),
        ("monitoring.withdrawal", "what leads to withdrawal and how holders learn of it"),
    ]
    return _public(case, needs, "no monitoring or withdrawal was looked at")


def unforgeable(case: Case) -> Decision:
    """O6: a history that cannot be rewritten unseen."""
    return _public(case, [("oversight.log", "the log that holds the history")], "no log was checked")


def _public(case: Case, needs: Sequence[tuple[str, str]], unseen: str) -> Decision:
    """Judge what only public evidence can settle, while only the record speaks."""
    decision = statement(case, needs)
    if decision.status == "not-met":
        return not_assessed(f"{unseen}, and {decision.reason}", next=_PUBLISH)
    return Decision(
        "partly", f"{decision.reason.removesuffix('; nobody independent has agreed yet')}; {unseen}", _PUBLISH
    )


RULES = (
    Rule(id="O0", decide=stakeholders, reads=("stakeholders",)),
    Rule(id="O1", decide=public_entry, reads=("oversight.registry",)),
    Rule(id="O2", decide=answered, reads=("oversight.contact", "oversight.answer_within_days")),
    Rule(id="O3", decide=effective, uses=("concerns",)),
    Rule(id="O4", decide=independent, reads=("oversight.conflicts", "responsible"), uses=("reviews",)),
    Rule(id="O5", decide=watched, reads=("monitoring",)),
    Rule(id="O6", decide=unforgeable, reads=("oversight.log",)),
)
