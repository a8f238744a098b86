from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from misyn.errors import InputError, RecordError
from misyn.practice import record as records
from misyn.practice import schema

TEN_MISTAKES = """
misyn: 2
technique: {nme: x, kind: ganx}
data: {training: {path: 3, groups: [1, sex]}, held_out: [a]}
claims:
  - {id: "a b", kind: good, text: ""}
  - {id: c, kind: benefit, text: x, expects: "coverage = 1", phase: 9}
  - {id: c, kind: benefit, text: x, expects: ["coverage < 1", "foo["]}
release: {date: 2026-31-31}
"""
TOP_KEYS = {
    "misyn", "technique", "responsible", "stakeholders", "problem", "use", "data", "design", "plan", "claims",
    "limitations", "phases", "oversight", "release", "monitoring",
}  # fmt: skip


def problems(text: str) -> dict[str, str]:
    with pytest.raises(RecordError) as caught:
        records.parse(text)
    return dict(caught.value.problems)


def test_only_three_keys_are_required() -> None:
    assert records.parse("{misyn: 1, technique: {name: demo}, responsible: A. Person}").responsible == ("A. Person",)
    assert sorted(problems("{}")) == ["misyn", "responsible", "technique.name"]
    assert sorted(problems("{misyn: 1, technique: {}, responsible: [{}]}")) == ["responsible[0].name", "technique.name"]


def test_every_mistake_is_reported_at_once_with_its_path() -> None:
    assert set(problems(TEN_MISTAKES)) == {
        "misyn",
        "responsible",
        "technique.name",
        "technique.kind",
        "data.training.path",
        "data.training.groups[0]",
        "data.held_out",
        "claims[0].id",
        "claims[0].kind",
        "claims[0].text",
        "claims[1].phase",
        "claims[1].expects",
        "claims[2].id",
        "claims[2].expects[1]",
        "release.date",
    }


def test_every_sentence_says_what_was_expected_and_found() -> None:
    for sentence in problems(TEN_MISTAKES).values():
        assert sentence.startswith("expected ")
        assert ", found " in sentence


@pytest.mark.parametrize("text", ["", "[]", "just words", "3"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    assert "expected a mapping" in problems(text)["(the whole file)"]


def test_version_1_10_is_not_version_1_1() -> None:
    text = "{misyn: 1, technique: {name: demo, version: %s}, responsible: A}"
    assert [records.parse(text % version).get("technique.version") for version in ("1.10", "1.1", "2", "'1.10'")] == [
        "1.10", "1.1", "2", "1.10",
    ]  # fmt: skip


def test_the_digest_speaks_of_the_content_and_not_of_how_it_was_written() -> None:
    one = records.parse("misyn: 1 # one\ntechnique: {name: demo}\nresponsible: A\nrelease:\n  date: 2026-01-02\n")
    two = records.parse("release: {date: '2026-01-02'}\nresponsible: 'A'\ntechnique:\n  name: demo\nplan:\nmisyn: 1\n")
    three = records.parse("misyn: 1\ntechnique: {name: demo}\nresponsible: B\nrelease: {date: 2026-01-02}\n")
    assert one.digest == two.digest != three.digest


def test_unknown_keys_are_kept_in_content_and_digest() -> None:
    text = "{misyn: 1, technique: {name: demo, ours: {deep: [1]}}, responsible: A, theirs: x}"
    record = records.parse(text)
    assert (record.get("technique.ours.deep"), record.get("theirs")) == ([1], "x")
    assert record.digest != records.parse(text.replace("theirs: x", "theirs: y")).digest


def test_paths_are_relative_to_the_record(tmp_path: Path) -> None:
    (tmp_path / "misyn.yaml").write_text(
        "{misyn: 1, technique: {name: demo}, responsible: A, data: {training: {path: ../images, table: /t.csv}}}"
    )
    record = records.load(tmp_path / "misyn.yaml")
    assert record.file("data.training.path") == tmp_path / "../images"
    assert record.file("data.training.table") == Path("/t.csv")
    assert record.file("data.held_out.path") is None


def test_an_edit_keeps_comments_and_unknown_keys(tmp_path: Path) -> None:
    path = tmp_path / "misyn.yaml"
    path.write_text("# ours\nmisyn: 1\ntechnique:\n  name: demo  # keep me\n  ours: 1\nresponsible: 'A'\n")
    record = records.edit(path, {"technique.version": "2", "release.date": "2026-08-02"})
    assert record.get("release.date") == "2026-08-02"
    text = path.read_text()
    assert text.startswith("# ours\nmisyn: 1\ntechnique:\n  name: demo  # keep me\n  ours: 1\n")
    assert "responsible: 'A'\n" in text
    assert records.load(path).digest == record.digest


def test_an_edit_that_would_break_the_record_leaves_the_file_untouched(tmp_path: Path) -> None:
    path = tmp_path / "misyn.yaml"
    path.write_text("{misyn: 1, technique: {name: demo}, responsible: A}")
    before = path.read_bytes()
    with pytest.raises(RecordError):
        records.edit(path, {"technique.kind": "magic"})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["misyn.yaml"]


def test_a_place_without_a_record_says_what_to_do_next(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(InputError, match="misyn new"):
            records.load(place)


def test_a_file_that_is_not_utf8_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "misyn.yaml").write_bytes(b"misyn: 1\nname: \xff\xfe\n")
    with pytest.raises(RecordError, match="UTF-8"):
        records.load(tmp_path / "misyn.yaml")


class TestSchema:
    @pytest.mark.parametrize("name", ["misyn", "recommendations"])
    def test_it_is_a_schema(self, name: str) -> None:
        jsonschema.Draft202012Validator.check_schema(schema.load(name))

    def test_every_top_key_of_the_interface_is_described_for_editors(self) -> None:
        properties = schema.load("misyn")["properties"]
        assert sorted(properties) == sorted(TOP_KEYS)
        assert all(properties[key]["description"].endswith(".") for key in TOP_KEYS)

    def test_a_plain_validator_agrees_on_what_is_required(self) -> None:
        plain = jsonschema.Draft202012Validator(schema.load("misyn"))
        assert plain.is_valid({"misyn": 1, "technique": {"name": "x"}, "responsible": "A", "unknown": {}})
        assert not plain.is_valid({"misyn": 1, "technique": {}, "responsible": "A"})

    def test_it_names_no_file_outside_itself(self) -> None:
        assert all(ref.startswith("#/$defs/") for ref in _refs(schema.load("misyn")))


def _refs(value: object) -> list[str]:
    if isinstance(value, dict):
        return [v for k, v in value.items() if k == "$ref"] + [ref for v in value.values() for ref in _refs(v)]
    return [ref for v in value for ref in _refs(v)] if isinstance(value, list) else []


def test_the_schema_file_is_plain_json() -> None:
    assert json.dumps(schema.load("misyn"))
