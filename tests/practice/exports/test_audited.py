"""An audit is believed as far as its digests hold, and not a step further."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from misyn.errors import EvidenceError
from misyn.practice import exports
from misyn.practice import record as records
from misyn.practice.record import Record

CREATED = "2026-11-22T12:00:00Z"


def test_altered_evidence_is_refused(
    released: Record, evaluation: dict[str, Any], write_audit: Callable[..., Path]
) -> None:
    folder = write_audit(released, {"evaluation": evaluation})
    evaluation["estimates"][0]["value"] = 0.99
    (folder / "evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")
    with pytest.raises(EvidenceError, match=r"evaluation\.json"):
        exports.gather(released, created=CREATED, audit=folder)


def test_an_audit_of_an_earlier_state_is_refused(
    released: Record, evaluation: dict[str, Any], write_audit: Callable[..., Path]
) -> None:
    folder = write_audit(released, {"evaluation": evaluation})
    assert released.path is not None
    later = records.edit(released.path, {"technique.version": "2"})
    with pytest.raises(EvidenceError, match="run misyn audit again"):
        exports.gather(later, created=CREATED, audit=folder)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"record": 3}', "[" * 100_000])
def test_what_is_no_audit_is_refused(released: Record, tmp_path: Path, content: str) -> None:
    (tmp_path / "audit.json").write_text(content, encoding="utf-8")
    with pytest.raises(EvidenceError):
        exports.gather(released, created=CREATED, audit=tmp_path)


def test_missing_evidence_is_told_and_nothing_rests_on_it(
    released: Record, evaluation: dict[str, Any], write_audit: Callable[..., Path]
) -> None:
    folder = write_audit(released, {"evaluation": evaluation})
    (folder / "evaluation.json").unlink()
    subject = exports.gather(released, created=CREATED, audit=folder)
    assert subject.scope["phase"] == 0
    assert {row["status"] for row in subject.claims} == {"untested"}
    assert "evaluation" in subject.withheld[0]
    assert [row["kind"] for row in subject.evidence] == ["evaluation"]


def test_files_outside_the_audit_folder_are_not_opened(
    released: Record, evaluation: dict[str, Any], write_audit: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_audit(released, {"evaluation": evaluation})
    (folder / "evaluation.json").rename(tmp_path / "evaluation.json")
    audit = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    audit["evidence"][0]["file"] = "../evaluation.json"
    (folder / "audit.json").write_text(json.dumps(audit), encoding="utf-8")
    assert exports.gather(released, created=CREATED, audit=folder).estimates == []
