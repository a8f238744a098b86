"""Review files, and whether each judgement still speaks of what stands there now.

Rules
-----
1. A judgement's basis is the digest of what it judged: the words read, the very results used, and their freshness.
   When any of these changes, the judgement has ended, and so has everything that rested on it.
2. The form that a reviewer fills in is written by misyn: nobody can be expected to compute a digest.
3. Reviewers are named, not authenticated, here; signatures are the business of the log.

Source: recommendation O4.

Example:
    >>> from misyn.practice.record import parse
    >>> record = parse("{misyn: 1, technique: {name: demo}, responsible: A. Person, problem: {need: Few images.}}")
    >>> "about: T4" in form(record, {})
    True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from misyn.errors import RecordError
from misyn.practice import claims, findings, reviews, schema, yamltext
from misyn.practice import record as records
from misyn.practice.record import Record, people
from misyn.practice.reviews import Review
from misyn.results import Evidence

State = Literal["current", "ended", "own"]
_FORM_HEAD = (
    "A review of {name}. Fill in reviewer, interests (or none) and date; for each entry decision (agree or disagree)\n"
    "and a reason. What you leave open is not judged. People named in the record's responsible cannot review it."
)


@dataclass(frozen=True)
class Standing:
    """A judgement and its state: ``current``, ``ended`` (what it judged has changed) or ``own`` (by an author)."""

    review: Review
    state: State


def standings(record: Record, evidence: Mapping[str, Evidence]) -> tuple[Standing, ...]:
    """Every judgement with its state, in their order."""
    counted = reviews.valid(evidence, record)
    mine = tuple(Standing(review, "own") for review in reviews.own(evidence, record))
    return tuple(Standing(review, _state(review, record, evidence)) for review in counted) + mine


def basis(about: str, record: Record, evidence: Mapping[str, Evidence]) -> str | None:
    """The digest of what a judgement ``about`` this judges now, or None when there is no such thing."""
    kind, _, name = about.partition(":")
    if kind == "claim" and name:
        rows = [row for row in record.items("claims") if row.get("id") == name]
        return claims.basis(rows[0], record, evidence) if rows else None
    known = {rule.id for rule in findings.RULES}
    return findings.basis(about, record, evidence) if about in known else None


def form(record: Record, evidence: Mapping[str, Evidence]) -> str:
    """The form a reviewer fills in: everything only a person can judge, with the digest of what is judged."""
    from ruamel.yaml.comments import CommentedMap  # noqa: PLC0415 - `misyn --help` must not pay for it

    rows = []
    asked = [(name, reason) for name, reason in findings.stated(record, evidence)]
    asked += [(f"claim:{row['id']}", str(row["text"])) for row in record.items("claims")]
    for about, reason in asked:
        row = CommentedMap(about=about, basis=basis(about, record, evidence), decision=None, reason=None)
        row.yaml_set_comment_before_after_key("about", before=reason, indent=4)
        rows.append(row)
    document = CommentedMap(reviewer=None, interests=None, date=None, judgements=rows)
    document.yaml_set_start_comment(_FORM_HEAD.format(name=record.get("technique.name")))
    return yamltext.write(document)


def read(path: Path) -> list[dict[str, Any]]:
    """Read one review file; judgements that were left open are left out.

    Raises:
        RecordError: it has mistakes; all are listed.
        InputError: it cannot be read.
    """
    content = records.pruned(yamltext.plain(yamltext.read(records.text_of(path))))
    found = schema.problems(content, schema="review")
    if found:
        raise RecordError(found)
    told = {"interests": content.get("interests", ""), "date": content.get("date", "")}
    reviewer = people(content["reviewer"])[0]
    return [{"reviewer": reviewer, **told, **row} for row in content["judgements"] if row.get("decision")]


def _state(review: Review, record: Record, evidence: Mapping[str, Evidence]) -> State:
    return "current" if review.basis == basis(review.about, record, evidence) else "ended"
