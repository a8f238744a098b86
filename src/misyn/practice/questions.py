"""Plain questions that make a commented ``misyn.yaml``, with a terminal or without one.

Rules
-----
1. A question is one plain sentence; what it asks for may stay open: an unanswered question becomes a finding later.
2. Answers come from a file (nested or dotted keys) or one by one; both make the same record.
3. The record carries its questions as comments, so that whoever fills it in later sees what is asked.
4. Only ``technique.name`` and ``responsible`` cannot stay open: without them it would not be a record.

Source: issue list of the project's design, item *Record*.

Example:
    >>> text = written({"technique.name": "demo", "responsible": "A. Person", "problem": {"need": "Few images."}})
    >>> print(text.splitlines()[-1].startswith("  withdrawal:"), "need: Few images." in text)
    True True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from misyn import atomic
from misyn.errors import RecordError, WouldOverwrite
from misyn.practice import record as records
from misyn.practice import yamltext
from misyn.practice.interview import QUESTIONS, SECTIONS, Question
from misyn.practice.record import Record

HEAD = (
    "The record of an image synthesis technique, from its problem to its withdrawal.\n"
    "What you leave open becomes a finding that says what to do next; nothing here is scored.\n"
    "Check it, and see what the evidence says: misyn audit misyn.yaml"
)
NAME = "misyn.yaml"

Ask = Callable[[Question], str]


def create(folder: Path, *, answers: Mapping[str, Any], overwrite: bool = False) -> Record:
    """Write a commented ``misyn.yaml`` into a folder, whole or not at all.

    Args:
        folder: made when it is not there.
        answers: nested as in the record, or by dotted path; what is not answered stays open.
        overwrite: replace a record that is already there.

    Raises:
        RecordError: the answers do not make a record; all problems are listed.
        WouldOverwrite: a record is already there.
    """
    path = folder / NAME
    if path.exists() and not overwrite:
        raise WouldOverwrite(f"expected no record yet, found {path}. Next: edit it, or give another folder")
    text = written(answers)
    atomic.write_bytes(path, text.encode())
    return records.load(path)


def read_answers(path: Path) -> dict[str, Any]:
    """Read a file of answers: YAML or JSON, nested as in the record or by dotted path.

    Raises:
        RecordError: it does not read, or is no mapping.
    """
    content = yamltext.plain(yamltext.read(records.text_of(path)))
    if not isinstance(content, dict):
        raise RecordError([(yamltext.WHOLE, "expected a mapping of answers, such as technique: {name: …}")])
    return content


def interview(ask: Ask, *, answers: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Ask what the answers leave open, one question at a time; an empty answer leaves it open.

    Args:
        ask: shows a question to somebody and gives their words (of lists: one entry per line).
        answers: what is already answered.
    """
    known = _flat(answers or {})
    for question in QUESTIONS:
        if question.path not in known:
            value = question.read(ask(question))
            if value is not None:
                known[question.path] = value
    return known


def written(answers: Mapping[str, Any]) -> str:
    """The commented record that answers make.

    Raises:
        RecordError: they do not make a record; all problems are listed.
    """
    document = _document(_flat(answers))
    text = yamltext.write(document)
    records.parse(text)
    return text


def _flat(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Bring nested and dotted answers to one form: question paths where there is a question, else top keys."""
    nested: dict[str, Any] = {}
    for key, value in answers.items():
        _put(nested, key.split("."), value)
    flat = dict(_leaves(nested, ""))
    return {path: value for path, value in flat.items() if value is not None}


def _leaves(value: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    asked = {question.path for question in QUESTIONS}
    for key, item in value.items():
        here = yamltext.join(path, key)
        if isinstance(item, Mapping) and here not in asked:
            yield from _leaves(item, here)
        else:
            yield here, item


def _put(nested: dict[str, Any], keys: list[str], value: Any) -> None:  # noqa: ANN401 - an answer
    if len(keys) == 1 and isinstance(value, Mapping) and isinstance(nested.get(keys[0]), dict):
        for key, item in value.items():
            _put(nested[keys[0]], [key], item)
    elif len(keys) == 1:
        nested[keys[0]] = dict(value) if isinstance(value, Mapping) else value
    else:
        inner = nested.setdefault(keys[0], {})
        if not isinstance(inner, dict):
            raise RecordError(
                [(keys[0], f"expected a mapping to put {'.'.join(keys[1:])} into, found a single answer")]
            )
        _put(inner, keys[1:], value)


def _document(known: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a ruamel document
    """A mapping with every question as a comment above its key, answered or open."""
    from ruamel.yaml.comments import CommentedMap  # noqa: PLC0415 - `misyn --help` must not pay for it

    document = CommentedMap()
    document["misyn"] = 1
    document.yaml_set_start_comment(HEAD)
    for question in QUESTIONS:
        _place(document, question.path, known.get(question.path), question.comment, CommentedMap)
    for path, value in known.items():
        if path not in {question.path for question in QUESTIONS} and path != "misyn":
            _place(document, path, value, None, CommentedMap)
    return document


def _place(document: Any, path: str, value: Any, comment: str | None, new: Callable[[], Any]) -> None:  # noqa: ANN401
    """Put one answer at its path, its question above it."""
    *parents, last = path.split(".")
    here = document
    for depth, key in enumerate(parents):
        if key not in here:
            here[key] = new()
            title = SECTIONS.get(".".join(parents[: depth + 1]))
            if title:
                here.yaml_set_comment_before_after_key(
                    key, before=("\n" if depth == 0 else "") + title, indent=2 * depth
                )
        here = here[key]
    here[last] = value
    if comment:
        before = ("\n" if not parents else "") + comment
        here.yaml_set_comment_before_after_key(last, before=before, indent=2 * len(parents))
