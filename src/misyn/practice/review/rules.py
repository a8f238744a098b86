r"""The rules, ordered and visible: what each asks, on behalf of which recommendation, and whether it is switched on.

Rules
-----
1. A rule asks a question; it never answers one. Its question can be put to an author as it stands.
2. A rule whose precision is under 0.8 on text it had not seen ships switched off (``on=False``) and is run only when
   it is named; how precise each one is, and on what, docs/results/review-2026-11-22.md says.
3. One statement raises one question per rule; a question keeps its id as long as rule and words stay the same, however
   pages and lines move.

To add a rule: one line in :data:`RULES`, and passages with and without it in tests/practice/review/passages.yaml,
labelled before the rule is written.

Example:
    >>> from misyn.practice.review.reading import parse
    >>> paper = parse(b"# Results\n\nOur generator draws realistic lesions.\n", name="paper.md")
    >>> [(q.rule, q.about, q.line) for q in ask(paper, rules=[rule("realism")])]
    [('realism', ('E5', 'E7'), 3)]
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from misyn.errors import UsageError
from misyn.practice.review import missing, terms, words
from misyn.practice.review.hits import Hit
from misyn.practice.review.reading import Document
from misyn.practice.review.text import Statement, quote

MAX_PER_RULE = 60


@dataclass(frozen=True)
class Rule:
    """One rule: its name, the recommendations it speaks for, what it asks, how it looks, and whether it is on."""

    name: str
    about: tuple[str, ...]
    question: str
    find: Callable[[Sequence[Statement]], Iterator[Hit]]
    on: bool = True


RULES: tuple[Rule, ...] = (
    Rule(
        "benefit",
        ("E2", "E5", "E11"),
        "Which result shows this benefit itself: for whom, compared with what, and measured on which medical images?",
        words.benefit,
    ),
    Rule(
        "significance",
        ("E3",),
        "Which test stands behind 'significant', with which unit (patients or images), and corrected for how many?",
        words.significance,
    ),
    Rule(
        "equivalence",
        ("E3", "L3"),
        "Which test of equivalence shows this, with a margin fixed beforehand? Not finding a difference shows none.",
        words.equivalence,
    ),
    Rule(
        "realism",
        ("E5", "E7"),
        "Who judged this, blinded to the kind of image? And is it said that resemblance is not grounding?",
        words.realism,
        on=False,
    ),
    Rule(
        "privacy",
        ("D5", "E10"),
        "What was measured on copying and membership, against held-out medical images? Synthesis alone protects none.",
        words.privacy,
        on=False,
    ),
    Rule(
        "limits",
        ("L3", "E8", "E9"),
        "How does this go with every technique's limits: no inherent grounding, no full representation, new bias?",
        words.limits,
        on=False,
    ),
    Rule(
        "terminology",
        ("T4",),
        "Could this say 'medical image' and 'synthetic image', so that the two are never two kinds of the same thing?",
        terms.terminology,
    ),
    Rule(
        "caption",
        ("T3",),
        "Does this figure show synthetic images? If so, could its caption and the picture itself say so?",
        terms.captions,
    ),
    Rule(
        "ethics",
        ("D3", "E6"),
        "Which board approved this use of images or this study, and did people consent? Not found in what was read.",
        missing.ethics,
    ),
    Rule(
        "limits-assessed",
        ("L1",),
        "Which weaknesses and failures were found, and what may each do to people? Not found in what was read.",
        missing.assessed,
    ),
    Rule(
        "limits-design",
        ("L2",),
        "What can this design and this evaluation not show? Not found in what was read.",
        missing.design,
    ),
    Rule(
        "limits-intrinsic",
        ("L3",),
        "Are the limits acknowledged that every technique has? Not all were found in what was read.",
        missing.intrinsic,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question for a person to decide.

    Attributes:
        id: stable as long as rule and quoted words stay the same.
        rule, about, question: which rule asks, for which recommendations, what.
        quote, words: the statement, cut to a quotable length, and the words in it that raised the question.
        page, line, section: where it stands; None and empty for questions about the whole paper.
        detail: what was looked for and not found, where the question is about that.
    """

    id: str
    rule: str
    about: tuple[str, ...]
    question: str
    quote: str
    words: str
    page: int | None
    line: int | None
    section: str
    detail: str


def rule(name: str) -> Rule:
    """The rule of a name.

    Raises:
        UsageError: there is none.
    """
    for one in RULES:
        if one.name == name:
            return one
    raise UsageError(f"expected a rule out of {', '.join(r.name for r in RULES)}, found another name")


def ask(document: Document, *, rules: Sequence[Rule] | None = None) -> tuple[Question, ...]:
    """What the rules (by default those that are on) ask about a paper, in its order; whole-paper questions last."""
    chosen = [one for one in RULES if one.on] if rules is None else rules
    place = {id(statement): index for index, statement in enumerate(document.statements)}
    found = [
        (place.get(id(hit.statement), len(place)), one, hit)
        for one in chosen
        for hit in list(one.find(document.statements))[:MAX_PER_RULE]
    ]
    seen: Counter[str] = Counter()
    return tuple(_question(one, hit, seen) for _, one, hit in sorted(found, key=lambda row: row[0]))


def _question(one: Rule, hit: Hit, seen: Counter[str]) -> Question:
    name = f"{one.name}-{hashlib.sha256(hit.text.casefold().encode()).hexdigest()[:8]}"
    seen[name] += 1
    statement = hit.statement
    return Question(
        id=name if seen[name] == 1 else f"{name}-{seen[name]}",
        rule=one.name,
        about=one.about,
        question=one.question,
        quote=quote(hit.text, hit.words),
        words=quote(hit.words, limit=80),
        page=statement.page if statement else None,
        line=statement.line if statement else None,
        section=statement.section if statement else "",
        detail=hit.detail,
    )
