"""What a format carries comes back exactly; what it tells is there; what it has no place for leaves no trace."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from misyn.practice.exports import EXPORTS, PARTS, Export, Subject, carried
from misyn.practice.exports.disclosure import clean

IDS = [export.name for export in EXPORTS]
every_export = pytest.mark.parametrize("export", EXPORTS, ids=IDS)

lines = st.text(max_size=60).map(clean).filter(bool)  # what a subject's texts are: one line, something in it
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,12}", fullmatch=True)
digests = st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
statuses = st.sampled_from(["met", "partly", "not-met", "not-assessed", "not-applicable"])
held = st.sampled_from(["supported", "unsupported", "contradicted", "beyond-phase", "untested", "stale"])
some_digests = st.lists(digests, min_size=1, max_size=2, unique=True)


def row(needed: dict[str, Any], optional: dict[str, Any] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(needed, optional=optional or {})


Rows = list[dict[str, Any]]


def rows(strategy: st.SearchStrategy[dict[str, Any]], by: str | None = None) -> st.SearchStrategy[Rows]:
    return st.lists(strategy, max_size=3, unique_by=(lambda r: r[by]) if by else None)


claim = row(
    {"id": names, "kind": st.sampled_from(["benefit", "limitation", "equivalence"]), "text": lines, "status": held,
     "reason": lines},
    {"expects": st.lists(lines, min_size=1, max_size=2), "evidence": some_digests, "next": lines},
)  # fmt: skip
finding = row({"id": names, "status": statuses, "reason": lines}, {"evidence": some_digests, "next": lines})
decisions = st.sampled_from(["agree", "disagree"])
review = row(
    {"reviewer": lines, "about": names | names.map("claim:{}".format), "decision": decisions,
     "reason": lines, "state": st.sampled_from(["current", "ended", "own"])},
    {"interests": lines, "date": lines},
)  # fmt: skip
estimate = row(
    {"name": names, "value": numbers, "unit": lines},
    {"low": numbers, "high": numbers, "group": lines, "n_medical": st.integers(10, 10**6), "reason": lines},
)
sections = st.sampled_from(["need", "users", "intended"])
section = st.dictionaries(sections, st.lists(lines, min_size=1, max_size=2), max_size=2)
kinds = st.sampled_from(["generation", "other"])
technique = row({"name": lines}, {"version": lines, "kind": kinds, "method": lines, "description": lines})
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "technique": technique,
    "responsible": st.lists(row({"name": lines}, {"affiliation": lines, "orcid": lines}), min_size=1, max_size=3),
    "scope": row({"phase": st.integers(0, 5), "sentence": lines}),
    "problem": section,
    "use": section,
    "claims": rows(claim, "id"),
    "findings": rows(finding, "id"),
    "estimates": rows(estimate).map(lambda found: [r for r in found if ("low" in r) == ("high" in r)]),
    "warnings": rows(row({"id": names, "text": lines})),
    "reviews": rows(review),
    "limitations": rows(row({"aspect": names, "text": lines}, {"consequence": lines})),
    "evidence": rows(row({"kind": names, "digest": digests}), "digest"),
}  # fmt: skip


@every_export
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.fixed_dictionaries({}, optional=VALUES))
def test_what_a_format_carries_comes_back(export: Export, subject: Subject, changes: dict[str, Any]) -> None:
    changed = dataclasses.replace(subject, **changes)
    written = export.write(changed)
    assert tuple(written.files) == export.writes
    assert export.read(written.files) == carried(export, changed)


@every_export
def test_a_bare_record_comes_back(export: Export, bare: Subject) -> None:
    assert export.read(export.write(bare).files) == carried(export, bare)


WORD = "Other"
FREE = {"text", "reason", "sentence", "description", "origin", "consequence", "plan", "null", "next", "name"}


def marked(value: Any) -> Any:
    """The same part with another word in every text, and other numbers."""
    if isinstance(value, dict):
        return {key: marked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [marked(item) for item in value]
    return f"{value} {WORD}" if isinstance(value, str) else value + 1 if type(value) in {int, float} else value


FIXED: dict[str, Any] = {
    "release": {"place": "https://example.org/other", "licence": WORD, "date": "2026-12-31"},
    "provenance": {"misyn": WORD},
    "estimates": {"value": 0.12345},
    "tests": {"statistic": 0.12345},
    "evidence": {"kind": WORD},
}


def reworded(part: str, subject: Subject) -> Any:
    """The part in other words; ids, statuses and digests as they are."""
    value = getattr(subject, part)
    if part in FIXED:
        return [row | FIXED[part] for row in value] if isinstance(value, list) else value | FIXED[part]
    if isinstance(value, list) and isinstance(value[0], dict):
        return [{k: marked(v) if k in FREE else v for k, v in row.items()} for row in value]
    if part in {"technique", "scope"}:
        return {k: marked(v) if k in FREE else v for k, v in value.items()}
    return marked(value)


@every_export
def test_the_table_tells_the_truth(export: Export, subject: Subject) -> None:
    # "carried" and "told" parts change the files when their words change; a part with "no place" never does
    before = export.write(subject).files
    for part in PARTS:
        changed = dataclasses.replace(subject, **{part: reworded(part, subject)})
        assert changed != subject, part
        assert (export.write(changed).files != before) is (export.fate(part) != "no place"), part


@every_export
def test_the_same_input_gives_the_same_bytes(export: Export, subject: Subject) -> None:
    assert export.write(subject).files == export.write(subject).files


@every_export
def test_every_export_says_what_it_cannot_carry(export: Export) -> None:
    assert export.cannot and all(sentence.endswith(".") for sentence in export.cannot)
    assert not set(export.carries) & set(export.tells)
    assert set(export.carries) | set(export.tells) <= set(PARTS)


def test_scope_is_in_every_format(subject: Subject) -> None:
    for export in EXPORTS:
        text = "".join(data.decode() for data in export.write(subject).files.values())
        assert "Nothing here shows benefit or safety for patients." in text, export.name
