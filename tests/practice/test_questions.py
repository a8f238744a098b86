from __future__ import annotations

import json
from pathlib import Path

import pytest

from misyn.errors import RecordError, WouldOverwrite
from misyn.practice import findings, interview, questions, schema
from misyn.practice import record as records
from misyn.practice.interview import QUESTIONS, Question

NEEDED = {"technique.name": "demo", "responsible": "A. Person"}


def described(path: str) -> bool:
    """Whether the record's schema knows this path."""
    here = schema.load("misyn")
    for key in path.split("."):
        here = here.get("properties", {}).get(key, {})
        if "anyOf" in here and key != path.rsplit(".", maxsplit=1)[-1]:
            here = here["anyOf"][1] if "properties" in here["anyOf"][1] else here["anyOf"][0]
        if "$ref" in here:
            here = {**schema.load("misyn")["$defs"][here["$ref"].rsplit("/", 1)[1]], **here}
    return bool(here)


def test_every_question_asks_for_something_the_record_knows() -> None:
    assert [question.path for question in QUESTIONS if not described(question.path)] == []


def test_every_top_key_is_asked_for() -> None:
    asked = {question.path.split(".")[0] for question in QUESTIONS}
    assert asked | {"misyn"} == set(schema.load("misyn")["properties"])


def test_what_the_schema_requires_is_marked_as_needed() -> None:
    assert {question.path for question in QUESTIONS if question.needed} == set(NEEDED)


def test_two_answers_make_a_record_with_every_question_in_it() -> None:
    text = questions.written(NEEDED)
    assert records.parse(text).content == {"misyn": 1, "technique": {"name": "demo"}, "responsible": "A. Person"}
    assert [question.path for question in QUESTIONS if f"# {question.text}" not in text] == []


def test_without_a_needed_answer_every_lack_is_told_at_once() -> None:
    with pytest.raises(RecordError) as caught:
        questions.written({"problem.need": "Few images."})
    assert {path for path, _ in caught.value.problems} == {"technique.name", "responsible"}


def test_nested_and_dotted_answers_make_the_same_record() -> None:
    nested = {"technique": {"name": "demo"}, "responsible": "A. Person", "data": {"training": {"path": "a"}}}
    assert questions.written(nested) == questions.written(NEEDED | {"data.training.path": "a"})


def test_answers_nobody_asked_for_are_kept() -> None:
    record = records.parse(questions.written(NEEDED | {"ours": {"deep": [1]}, "technique.ours": "x"}))
    assert (record.get("ours.deep"), record.get("technique.ours")) == ([1], "x")


def test_a_wrong_answer_is_told_with_its_path() -> None:
    with pytest.raises(RecordError) as caught:
        questions.written(NEEDED | {"technique.kind": "magic", "phases.declared": "many"})
    assert {path for path, _ in caught.value.problems} == {"technique.kind", "phases.declared"}


@pytest.mark.parametrize("dump", [json.dumps, lambda _: "technique: {name: demo}\nresponsible: A. Person\n"])
def test_a_file_of_answers_needs_no_terminal(dump: object, tmp_path: Path) -> None:
    assert callable(dump)
    (tmp_path / "answers").write_text(dump(NEEDED))
    record = questions.create(tmp_path / "new" / "place", answers=questions.read_answers(tmp_path / "answers"))
    assert record.path == tmp_path / "new" / "place" / "misyn.yaml"
    assert records.load(record.path).digest == record.digest


def test_a_record_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    questions.create(tmp_path, answers=NEEDED)
    before = (tmp_path / "misyn.yaml").read_bytes()
    with pytest.raises(WouldOverwrite):
        questions.create(tmp_path, answers=NEEDED | {"technique.version": "2"})
    assert (tmp_path / "misyn.yaml").read_bytes() == before
    assert questions.create(tmp_path, answers=NEEDED | {"technique.version": "2"}, overwrite=True).get(
        "technique.version"
    )


def test_answers_that_make_no_record_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(RecordError):
        questions.create(tmp_path / "new", answers={})
    assert list(tmp_path.iterdir()) == []


class TestInterview:
    def test_it_asks_only_what_is_open(self) -> None:
        asked: list[str] = []

        def ask(question: Question) -> str:
            asked.append(question.path)
            return ""

        questions.interview(ask, answers={"technique": {"name": "demo"}})
        assert "technique.name" not in asked
        assert len(asked) == len(QUESTIONS) - 1

    def test_lines_with_parts_become_entries(self) -> None:
        told = {
            "technique.name": "demo",
            "responsible": "A. Person",
            "stakeholders": "patients | by letter\nnurses",
            "use.users": "developers\n\nteachers",
            "phases.declared": "1",
            "claims": "c1 | limitation | Much is missed. | coverage < 0.9",
        }
        record = records.parse(questions.written(questions.interview(lambda question: told.get(question.path, ""))))
        assert record.get("stakeholders") == [{"who": "patients", "heard": "by letter"}, {"who": "nurses"}]
        assert record.get("use.users") == ["developers", "teachers"]
        assert record.get("phases.declared") == 1
        assert record.get("claims")[0]["expects"] == "coverage < 0.9"

    def test_an_answer_that_is_no_number_is_left_for_the_record_to_refuse(self) -> None:
        question = next(q for q in QUESTIONS if q.path == "phases.declared")
        assert question.read("many") == "many"


def test_a_fully_open_record_meets_nothing_and_fails_nothing_it_cannot_know() -> None:
    record = records.parse(questions.written(NEEDED))
    assert {f.status for f in findings.judge(record, {})} == {"not-met", "not-assessed", "not-applicable", "partly"}
    assert [f.id for f in findings.judge(record, {}) if f.status == "met"] == []


def test_questions_are_plain() -> None:
    for question in interview.QUESTIONS:
        assert len(question.text.split()) <= 32
        assert question.text.endswith(("?", "."))
