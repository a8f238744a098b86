"""The file of decisions: what misyn asked, and beside it what a person decided and what the authors replied.

Rules
-----
1. A person's words are never removed or changed: not their comments, not their decisions, not an author's reply. A
   question that is no longer found stays, with ``state: not found``.
2. A decision belongs to the version it was made on. When the digest changes, what was decided gets a ``stale`` line
   that says so; deleting the line says "I have looked again".
3. Decisions are ``ask`` (put it to the authors), ``answered`` (the paper or the reply answers it; say where) and
   ``dismiss`` (the rule misread). None is a verdict on the paper.
4. The same paper, read again on another day, changes nothing.

Example:
    >>> from misyn.practice.review.reading import parse
    >>> from misyn.practice.review.rules import ask
    >>> paper = parse(b"Our synthetic images improve diagnosis.", name="paper.md")
    >>> kept = merge(None, paper, ask(paper), today="2026-08-02")
    >>> [row["rule"] for row in kept["questions"]][:1], kept["document"]["read"]
    (['benefit'], '2026-08-02')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misyn import atomic
from misyn.errors import RecordError
from misyn.practice import record as records
from misyn.practice import schema, yamltext
from misyn.practice.review.reading import Document
from misyn.practice.review.rules import Question

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap

SCHEMA = "paper-review"
CHOICES = ("ask", "answered", "dismiss")
PERSONS = ("decision", "reason", "reply", "replied")
FOUND, GONE = "found", "not found"
_PLACE = ("rule", "about", "page", "line", "section", "quote", "looked-for", "question")
_HEAD = (
    "Questions about a paper, for a person to decide. They are not findings: a rule saw words, no more.\n"
    "Fill in reviewer, interests (or none) and date; for each question\n"
    "  decision: ask (put it to the authors) | answered (say where in reason) | dismiss (the rule misread)\n"
    "  reply, replied: what the authors answer, in their words, and who answered when.\n"
    "Run misyn review again whenever you like: what you wrote stays, comments too."
)


def load(path: Path) -> CommentedMap | None:
    """The decisions as they lie there, comments attached; None where there are none yet.

    Raises:
        RecordError: they have mistakes; all are listed.
        InputError: they cannot be read.
    """
    if not path.exists():
        return None
    document: CommentedMap = yamltext.read(records.text_of(path))
    _check(document)
    return document


def content(document: CommentedMap) -> dict[str, Any]:
    """The plain content of a file of decisions."""
    plain: dict[str, Any] = yamltext.plain(document)
    return plain


def merge(kept: CommentedMap | None, document: Document, questions: Sequence[Question], *, today: str) -> CommentedMap:
    """Bring a file of decisions up to date with what is asked now.

    Args:
        kept: the file as it lies there, or None for a new one; it is changed in place.
        document: the paper as it was read now.
        questions: what is asked now.
        today: the date of this reading, ISO.
    """
    kept = _new() if kept is None else kept
    before = str(kept["document"].get("digest") or "")
    changed = bool(before) and before != document.digest
    read = today if changed or not before else str(kept["document"].get("read") or today)
    _tell(kept["document"], document, read)
    rows: dict[str, Any] = {row["id"]: row for row in kept["questions"]}
    now = {question.id: question for question in questions}
    for name, row in rows.items():
        _update(row, now.get(name), stale=before if changed else "")
    for name, question in now.items():
        if name not in rows:
            kept["questions"].append(_row(question))
    return kept


def write(path: Path, kept: CommentedMap) -> None:
    """Write decisions, whole or not at all; comments stay.

    Raises:
        RecordError: they would pass the limits of a file that people edit.
    """
    text = yamltext.write(kept)
    if len(text.encode()) > yamltext.MAX_BYTES:
        raise RecordError([("questions", "expected fewer questions. Next: review the paper in parts")])
    atomic.write_bytes(path, text.encode())


def _check(document: Any) -> None:  # noqa: ANN401 - whatever was read
    plain = yamltext.plain(document)
    problems = schema.problems(plain, schema=SCHEMA)
    if not problems:
        names = [row["id"] for row in plain["questions"]]
        twice = sorted({name for name in names if names.count(name) > 1})
        problems = [("questions", f"expected each id once, found {name} again") for name in twice]
    if problems:
        raise RecordError(problems)


def _new() -> CommentedMap:
    from ruamel.yaml.comments import CommentedMap  # noqa: PLC0415 - `misyn --help` must not pay for it

    fresh: dict[str, Any] = {"misyn-review": 1, "reviewer": None, "interests": None, "date": None}
    new = CommentedMap({**fresh, "document": CommentedMap(), "questions": []})
    new.yaml_set_start_comment(_HEAD)
    return new


def _tell(told: CommentedMap, document: Document, read: str) -> None:
    for key in ("name", "title", "version", "date"):
        told[key] = getattr(document, key) or None
    told["digest"] = document.digest
    told["read"] = read


def _place(question: Question) -> dict[str, Any]:
    place = {
        "rule": question.rule,
        "about": list(question.about),
        "page": question.page,
        "line": question.line,
        "section": question.section,
        "quote": question.quote,
        "looked-for": question.detail,
        "question": question.question,
    }
    return {key: place[key] for key in _PLACE if place[key] is not None and place[key] != ""}


def _row(question: Question) -> CommentedMap:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq  # noqa: PLC0415 - `misyn --help` must not pay for it

    about = CommentedSeq(question.about)
    about.fa.set_flow_style()
    told = {**_place(question), "about": about}
    return CommentedMap({"id": question.id, **told, "state": FOUND, **dict.fromkeys(PERSONS)})


def _update(row: CommentedMap, question: Question | None, *, stale: str) -> None:
    row["state"] = FOUND if question else GONE
    if question is not None:
        told = _place(question)
        for key in set(_PLACE) - {"about"}:
            if key in told:
                row[key] = told[key]
            elif key in row:
                del row[key]
    if stale and any(row.get(key) for key in PERSONS):
        row["stale"] = f"decided on another version, {stale}: look again, then delete this line"


def decided(row: Mapping[str, Any]) -> bool:
    """Say whether a decision counts now: made, and not on another version."""
    return row.get("decision") in CHOICES and not row.get("stale")
