"""The gap report of a paper: the reviewer's and the authors' words side by side, and nothing smuggled in."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from misyn.report import review as page

HOSTILE = '<script>alert(1)</script> [x](javascript:y) `z` # h\n- | & "q" *b*'


def content(**row: Any) -> dict[str, Any]:
    question = {
        "id": "privacy-1",
        "rule": "privacy",
        "about": ["D5", "E10"],
        "question": "What was measured?",
        "state": "found",
    }
    empty = {"decision": None, "reason": None, "reply": None, "replied": None}
    one = {"title": "People are protected", "technical": "t", "plain": "p", "why": "w", "wording": "paraphrased"}
    document = {
        "name": "a.md",
        "title": "",
        "version": "",
        "date": "",
        "digest": "sha256:0",
        "pages": None,
        "read": "2026-08-02",
    }
    return {
        "document": {**document, "statements": 3, "references": 0, "notes": []},
        "reviewer": None,
        "interests": None,
        "date": None,
        "questions": [{**question, **empty, **row}],
        "recommendations": [
            {**one, "id": "D5", "asked": True, "has_rule": True},
            {**one, "id": "E6", "asked": False, "has_rule": True},
            {**one, "id": "O1", "asked": False, "has_rule": False},
        ],
        "rules": [{"name": "realism", "about": ["E5"], "on": False, "ran": False}],
        "cut": [],
    }


def written(folder: Path, told: dict[str, Any]) -> tuple[str, str]:
    page.write(folder, told)
    return (folder / page.PAGE).read_text(), (folder / page.TEXT).read_text()


class Tags(HTMLParser):
    """Every tag, and that all are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's signature
        self.seen.append(tag)
        if tag not in {"meta"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("field", ["quote", "question", "section", "reason", "reply", "looked-for", "stale", "replied"])
def test_words_of_a_stranger_stay_words_in_both_files(field: str, tmp_path: Path) -> None:
    html, text = written(tmp_path, content(**{field: HOSTILE, "decision": "ask"}))
    tags = Tags()
    tags.feed(html)
    assert not tags.open
    assert not {"script", "a href"} & set(tags.seen)
    assert "<script" not in html + text
    assert not re.search(r"(?<!\\)\[x", text)
    assert not re.search(r"(?m)^(# h|- \|)", text)


def test_the_reviewers_decision_and_the_authors_reply_stand_side_by_side(tmp_path: Path) -> None:
    told = content(
        decision="ask", reason="Table 2 is silent.", reply="We measured it.", replied="A. Author, 2026-08-03"
    )
    for text in written(tmp_path, told):
        for words in ("put to the authors", "Table 2 is silent.", "We measured it.", "A. Author"):
            assert words in text.replace("\\", "")


def test_no_question_is_no_praise_and_what_no_rule_looks_at_is_listed(tmp_path: Path) -> None:
    told = content()
    told["questions"], told["recommendations"][0]["asked"] = [], False
    for text in written(tmp_path, told):
        plain = text.replace("\\", "")
        assert "This does not mean that the recommendations are followed" in plain
        assert "shows nothing" in plain
        assert "O1 People are protected" in plain
        assert "realism" in plain


def test_nothing_is_totalled_graded_or_called_absent(tmp_path: Path) -> None:
    for text in written(tmp_path, content(**{"looked-for": "limits"})):
        body = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL).replace("\\", "")
        assert "not found in what was read" in body
        assert not re.search(r"\b(absent|score|grade|total|violat\w+|\d+ ?%)", body.lower())


def test_the_same_content_gives_the_same_bytes_and_no_network(tmp_path: Path) -> None:
    first = written(tmp_path, content())
    assert first == written(tmp_path, content())
    assert "default-src 'none'" in first[0]
    assert "http" not in first[0].replace("http-equiv", "")
