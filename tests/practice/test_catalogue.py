from __future__ import annotations

from pathlib import Path

import pytest

from misyn.errors import InputError, RecordError
from misyn.practice import catalogue

# The ids are stable: this list only ever grows.
IDS = [
    *(f"T{i}" for i in range(1, 8)),
    *(f"P{i}" for i in range(1, 5)),
    *(f"D{i}" for i in range(1, 6)),
    *(f"E{i}" for i in range(1, 14)),
    *(f"L{i}" for i in range(1, 4)),
    *(f"O{i}" for i in range(7)),
]

OTHER = """
catalogue: theirs
version: 1
stage: technical
recommendations:
  - {id: X1, version: 1, title: t, text: {technical: a, plain: b}, why: w, decided: [auto], evidence: e, source: s,
     wording: verbatim, order: {severity: 1, effort: 1}, crosswalk: []}
"""


def test_the_ids_are_all_there_and_in_order() -> None:
    assert [r.id for r in catalogue.load()] == IDS


def test_nothing_pretends_to_be_the_papers_own_wording() -> None:
    assert {r.wording for r in catalogue.load()} == {"paraphrased"}
    assert all("arXiv" in r.source for r in catalogue.load())


def test_what_needs_a_review_says_so() -> None:
    reviewed = {r.id for r in catalogue.load() if "review" in r.decided}
    assert {"P1", "P2", "P4", "D1", "E4", "L1", "O0", "O4"} <= reviewed


def test_every_crosswalk_row_carries_its_own_confidence_and_none_is_shipped_that_is_not_sure() -> None:
    rows = [row for r in catalogue.load() for row in r.crosswalk]
    assert {row.confidence for row in rows} == {"high", "medium"}  # "low" is for catalogues of others
    frameworks = {"FDA 7 Cs", "CLAIM 2024", "TRIPOD+AI", "STANDING Together", "EU AI Act", "NIST AI 600-1"}
    assert {row.framework for row in rows} == frameworks


def test_a_recommendation_is_found_by_its_id() -> None:
    assert catalogue.load()["O0"].stage == "oversight"
    with pytest.raises(KeyError):
        catalogue.load()["Z9"]


def test_another_catalogue_can_be_read_beside_it(tmp_path: Path) -> None:
    (tmp_path / "theirs.yaml").write_text(OTHER)
    assert [r.id for r in catalogue.read(tmp_path)] == ["X1"]


def test_an_id_used_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(OTHER)
    (tmp_path / "b.yaml").write_text(OTHER)
    with pytest.raises(RecordError, match="X1"):
        catalogue.read(tmp_path)


def test_every_mistake_of_every_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(OTHER.replace("severity: 1", "severity: 9"))
    (tmp_path / "b.yaml").write_text(OTHER.replace("wording: verbatim", "wording: ours"))
    with pytest.raises(RecordError) as caught:
        catalogue.read(tmp_path)
    assert [path for path, _ in caught.value.problems] == [
        "a.yaml: recommendations[0].order.severity",
        "b.yaml: recommendations[0].wording",
    ]


def test_a_folder_without_recommendations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        catalogue.read(tmp_path)


JARGON = {
    "metadata", "machine-readable", "provenance", "declaration", "coverage", "memorisation", "calibrated", "held-out",
    "baseline", "distribution", "shift", "downstream", "evaluation", "algorithmic", "grounding", "interval", "phase",
    "layer", "layered", "synthesis", "technique", "modality", "cohort", "p-value",
}  # fmt: skip


def test_the_plain_texts_use_no_word_of_the_trade() -> None:
    used = {r.id: JARGON & set(r.plain.lower().replace(",", " ").replace(".", " ").split()) for r in catalogue.load()}
    assert {name: words for name, words in used.items() if words} == {}


def test_the_plain_texts_have_short_sentences() -> None:
    sentences = [(r.id, s) for r in catalogue.load() for s in r.plain.split(". ")]
    assert [name for name, sentence in sentences if len(sentence.split()) > 25] == []


def test_the_plain_texts_read_at_grade_8_or_below() -> None:
    textstat = pytest.importorskip("textstat", reason="textstat 0.7.7 measures the reading grade and is not installed")
    grades = {r.id: textstat.flesch_kincaid_grade(r.plain) for r in catalogue.load()}
    assert {name: grade for name, grade in grades.items() if grade > 8} == {}
