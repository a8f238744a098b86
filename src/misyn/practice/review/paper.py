"""Review a paper: read it, ask, keep what a person decided, and say it all in one content.

Rules
-----
1. ``review.yaml`` is the person's; it is read before anything is written, and merged, never replaced.
2. The content (``review.json``) is derived from the paper and from ``review.yaml``: same input, same bytes.
3. Nothing is counted into a total, a share or a grade.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paper = Path(folder) / "paper.md"
    ...     _ = paper.write_text("Our synthetic images improve diagnosis.")
    ...     content = review(paper, out=Path(folder) / "out", today="2026-08-02", also=())
    ...     content["questions"][0]["rule"], sorted(p.name for p in (Path(folder) / "out").iterdir())
    ('benefit', ['review.json', 'review.yaml'])
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from misyn import __version__, atomic
from misyn.practice import catalogue
from misyn.practice.record import people
from misyn.practice.review import decisions, reading, rules
from misyn.practice.review.collecting import DEFAULT, Limits
from misyn.practice.review.reading import Document
from misyn.practice.review.rules import MAX_PER_RULE, Question, Rule

DECISIONS, CONTENT = "review.yaml", "review.json"


def review(paper: Path, *, out: Path, today: str, also: Sequence[str] = (), limits: Limits = DEFAULT) -> dict[str, Any]:
    """Ask about a paper, and write ``review.yaml`` (a person's) and ``review.json`` into a folder.

    Args:
        paper: PDF, LaTeX, Markdown, HTML or plain text.
        out: the folder; decisions that lie there are kept.
        today: the date of this reading, ISO.
        also: names of rules to run although they are switched off.
        limits: what reading may cost.

    Returns:
        The content of ``review.json``.

    Raises:
        UnreadableDocument, MissingExtra: the paper cannot be read.
        RecordError: the decisions that lie there have mistakes; nothing is written.
        UsageError: ``also`` names no rule.
    """
    named = {rules.rule(name).name for name in also}
    chosen = [one for one in rules.RULES if one.on or one.name in named]
    kept = decisions.load(out / DECISIONS)
    document = reading.read(paper, limits=limits)
    questions = rules.ask(document, rules=chosen)
    merged = decisions.merge(kept, document, questions, today=today)
    decisions.write(out / DECISIONS, merged)
    content = tell(document, questions, decisions.content(merged), chosen)
    atomic.write_bytes(out / CONTENT, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
    return content


def tell(
    document: Document, questions: Sequence[Question], decided: Mapping[str, Any], chosen: Sequence[Rule]
) -> dict[str, Any]:
    """The content of ``review.json``: the paper, the questions with what was decided, and what was not looked at."""
    rows = list(decided["questions"])
    order = {question.id: place for place, question in enumerate(questions)}
    rows.sort(key=lambda row: order.get(row["id"], len(order)))
    about = {name for row in rows for name in row.get("about", [])}
    return {
        "schema": "misyn/review/1",
        "misyn": __version__,
        "document": {**document.as_json, "read": decided["document"]["read"]},
        "reviewer": ", ".join(people(decided.get("reviewer"))) or None,
        "interests": decided.get("interests"),
        "date": decided.get("date"),
        "questions": rows,
        "recommendations": [_recommendation(r, asked=r.id in about) for r in catalogue.load()],
        "rules": [{"name": r.name, "about": list(r.about), "on": r.on, "ran": r in chosen} for r in rules.RULES],
        "cut": _cut(questions),
    }


def _recommendation(one: catalogue.Recommendation, *, asked: bool) -> dict[str, Any]:
    spoken = any(one.id in rule.about for rule in rules.RULES)
    told = {key: getattr(one, key) for key in ("id", "title", "technical", "plain", "why", "wording")}
    return {**told, "asked": asked, "has_rule": spoken}


def _cut(questions: Sequence[Question]) -> list[str]:
    """Rules that found more than is asked."""
    names = [question.rule for question in questions]
    return [name for name in dict.fromkeys(names) if names.count(name) >= MAX_PER_RULE]
