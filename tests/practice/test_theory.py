from __future__ import annotations

import re
from pathlib import Path

import pytest

from misyn.practice import catalogue

TEXT = (Path(__file__).parents[2] / "docs" / "theory.md").read_text(encoding="utf-8")
TABLE = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if re.match(r"\| \d ", line)
]
PLAIN = re.findall(r"\*(?:In plain|Plain) words\.\* (.*?)(?:\n\n|\n#|$)", TEXT, re.DOTALL)


def ids(text: str) -> set[str]:
    return set(re.findall(r"\b[TPDELO]\d{1,2}\b", text))


def test_every_recommendation_hangs_on_a_property_and_every_one_named_exists() -> None:
    assert {name for row in TABLE for name in ids(row[2])} == {r.id for r in catalogue.load()}
    assert ids(TEXT) == {r.id for r in catalogue.load()}


def test_every_property_of_the_table_is_argued_with_all_its_recommendations() -> None:
    sections = re.split(r"\n### ", TEXT)[1:]
    assert len(sections) == len(TABLE) == 8
    for row, section in zip(TABLE, sections, strict=True):
        assert section.startswith(f"{row[0][0]}. {row[0][2:]}")
        for link in (
            "*Property → limit.*",
            "*Limit → recommendation.*",
            "*Recommendation → measure.*",
            "*Where the link",
        ):
            assert link in section
        argued = ids(section) | {f"T{i}" for i in range(1, 8) if row[0].startswith("1")}
        assert ids(row[2]) <= argued, row[0]


def test_every_property_is_told_in_plain_words_too() -> None:
    assert len(PLAIN) == 1 + len(TABLE)
    for text in PLAIN:
        assert not ids(text)
        assert max(len(sentence.split()) for sentence in text.split(".")) <= 20


def test_the_plain_words_read_at_grade_8_or_below() -> None:
    textstat = pytest.importorskip("textstat", reason="textstat 0.7.7 measures the reading grade and is not installed")
    assert [text for text in PLAIN if textstat.flesch_kincaid_grade(text) > 8] == []


def test_it_says_what_could_not_be_read() -> None:
    assert "could not be read" in TEXT
    assert "paraphrased" in TEXT
