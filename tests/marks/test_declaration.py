"""Declarations: checked when made, the same bytes for the same facts, nothing lost on a round trip."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from misyn.canonical import digest
from misyn.errors import RecordError
from misyn.marks.declaration import INTRINSIC_LIMITS, Declaration, Technique
from misyn.marks.declaration_problems import MOST_BYTES

TEXT = st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=80)
NAME = TEXT.filter(str.strip)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
DIGEST = st.binary(max_size=4).map(digest)
KNOWN = {*(f.name for f in dataclasses.fields(Declaration)), "schema"} - {"unknown"}
UNKNOWN = st.dictionaries(TEXT.filter(lambda key: key not in KNOWN), JSON, max_size=3)


@st.composite
def declarations(draw: Callable[[Any], Any]) -> Declaration:
    technique = Technique(
        name=draw(NAME),
        version=draw(TEXT),
        weights=draw(st.none() | DIGEST),
        unknown=draw(st.just({}) | st.just({"code": "x"})),
    )
    return Declaration(
        technique=technique,
        responsible=draw(NAME),
        created=draw(st.sampled_from(["2026-11-22T10:00:00Z", "2026-11-22T10:00:00.25+01:00"])),
        intended_use=draw(TEXT),
        record=draw(st.none() | DIGEST),
        derived_from=tuple(draw(st.lists(DIGEST, max_size=2))),
        forced=draw(st.none() | NAME),
        unknown=draw(UNKNOWN),
    )


@given(declarations())
def test_a_declaration_survives_its_text_and_keeps_unknown_keys(declared: Declaration) -> None:
    text = declared.to_text()
    assert text.isascii()
    back = Declaration.from_json(text)
    assert back == declared
    assert back.digest == declared.digest
    assert Declaration.from_json(json.loads(text)) == declared


@given(st.text(max_size=300) | JSON.map(json.dumps))
def test_no_text_makes_reading_raise_anything_but_a_record_error(text: str) -> None:
    try:
        Declaration.from_json(text)
    except RecordError as error:
        assert error.problems


def test_everything_wrong_is_reported_at_once() -> None:
    with pytest.raises(RecordError) as caught:
        Declaration(
            technique=Technique(name=" ", weights="md5:1"),
            responsible="",
            created="yesterday",
            limits="",
            record="x",
            derived_from=("y",),
        )
    assert [where for where, _ in caught.value.problems] == [
        "technique.name",
        "technique.weights",
        "responsible",
        "limits",
        "record",
        "created",
        "derived_from[0]",
    ]


def test_the_intrinsic_limits_are_acknowledged_without_being_asked() -> None:
    declared = Declaration(technique=Technique(name="a"), responsible="b", created="2026-11-22T10:00:00Z")
    assert declared.to_json()["limits"] == INTRINSIC_LIMITS


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"schema":"misyn/declaration/1","schema":"misyn/declaration/1"}', id="a key twice"),
        pytest.param("[" * 60_000, id="deep"),
        pytest.param("{" + " " * MOST_BYTES + "}", id="long"),
        pytest.param('{"schema":"misyn/declaration/2","technique":{"name":"a"}}', id="another schema"),
        pytest.param('{"schema":"misyn/declaration/1","technique":{"name":"a\\u0000"}}', id="control character"),
        pytest.param('{"schema":"misyn/declaration/1","technique":{"name":"a\\ud800"}}', id="half a character"),
        pytest.param('{"schema":"misyn/declaration/1","technique":{"name":NaN}}', id="NaN"),
        pytest.param('{"schema":"misyn/declaration/1","technique":{"name":{"a":1}}}', id="a mapping for a name"),
        pytest.param('{"schema":"misyn/declaration/1","technique":"a"}', id="no technique"),
        pytest.param(
            '{"schema":"misyn/declaration/1","technique":{"name":"a"},"derived_from":7}', id="a number for a list"
        ),
    ],
)
def test_a_hostile_text_is_refused_with_its_problems(text: str) -> None:
    with pytest.raises(RecordError):
        Declaration.from_json(text)


def test_a_record_becomes_a_declaration() -> None:
    record = {
        "misyn": 1,
        "technique": {"name": "pca", "version": 2.0, "kind": "generation", "weights": "models/w.npz"},
        "responsible": [{"name": "A", "affiliation": "B"}, "C"],
        "use": {"intended": "teaching\n how it fails"},
    }
    declared = Declaration.from_record(record, created="2026-11-22T10:00:00Z", record_digest=digest(b""))
    assert declared.technique == Technique(name="pca", version="2.0", kind="generation")
    assert declared.responsible == "A (B); C"
    assert declared.intended_use == "teaching how it fails"
    assert declared.record == digest(b"")


def test_a_record_without_a_name_or_anyone_responsible_is_refused() -> None:
    with pytest.raises(RecordError) as caught:
        Declaration.from_record({"misyn": 1}, created="2026-11-22T10:00:00Z", record_digest=None)
    assert [where for where, _ in caught.value.problems] == ["technique.name", "responsible"]


def test_what_files_carry_leaves_out_defaults_and_nothing_that_is_said() -> None:
    said = Declaration(technique=Technique(name="other"), responsible="A", created="2026-11-22T10:00:00Z")
    assert set(said.compact()) == {"schema", "technique", "responsible", "created", "limits"}
    assert said.compact()["technique"] == {"name": "other"}
    whole = dataclasses.replace(said, intended_use="tests", forced="why", log_entry="example.org/log#0")
    assert set(whole.compact()) - set(said.compact()) == {"intended_use", "forced", "log_entry"}
    for declared in (said, whole):
        assert Declaration.from_json(declared.to_text()) == declared
        assert Declaration.from_json(declared.to_text()).digest == declared.digest
