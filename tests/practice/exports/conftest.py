"""An audited record made by hand, and no network: nothing here may reach out."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest

from misyn.canonical import canonical_bytes, digest
from misyn.practice import exports, reviewed
from misyn.practice import record as records
from misyn.practice.exports import Subject
from misyn.practice.record import Record
from misyn.results import Evidence

CREATED = "2026-11-22T12:00:00Z"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*args: object, **kwargs: object) -> NoReturn:
        raise AssertionError("an export or its validator reached for the network")

    monkeypatch.setattr(socket.socket, "connect", denied)
    monkeypatch.setattr(socket, "getaddrinfo", denied)
    monkeypatch.setattr(socket, "create_connection", denied)


@pytest.fixture
def released(honest: Record, tmp_path: Path) -> Record:
    """The honest record with everything an export can use, on disk."""
    content = json.loads(json.dumps(honest.content))
    content["release"] = {"date": "2026-10-01", "place": "https://example.org/images", "licence": "CC-BY-4.0"}
    content["technique"] |= {"weights": "sha256:" + "0" * 64, "released": "2026-09-01"}
    content["oversight"] = {"contact": "https://example.org/ask", "reviews": ["review.yaml"]}
    content["monitoring"] = {"plan": "Incidents are read every week."}
    path = tmp_path / "misyn.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    return records.load(path)


@pytest.fixture
def write_audit(tmp_path: Path) -> Callable[..., Path]:
    """Write an audit folder as ``misyn audit`` does."""

    def written(record: Record, evidence: Mapping[str, Mapping[str, Any]], **told: Any) -> Path:
        folder = tmp_path / "audit"
        folder.mkdir(exist_ok=True)
        rows = []
        for kind, content in evidence.items():
            data = canonical_bytes(content)
            (folder / f"{kind}.json").write_bytes(data)
            rows.append({"kind": kind, "digest": digest(data), "file": f"{kind}.json"})
        warning = {"id": "size-differs", "text": "The two sets differ in size: any test finds that first"}
        audit = {"schema": "misyn/audit/1", "record": record.digest, "warnings": [warning], "evidence": rows} | told
        (folder / "audit.json").write_bytes(canonical_bytes(audit))
        return folder

    return written


@pytest.fixture
def all_evidence(released: Record, evaluation: dict[str, Any], marks: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """An evaluation with groups to withhold, marks, a review that agrees and one that disagrees, and a concern."""
    evaluation["sets"]["held-out"]["groups"] = {"sex=F": 200, "sex=M": 200}  # of how many patients is not known
    found = {"evaluation": Evidence("evaluation", evaluation), "marks": Evidence("marks", marks)}
    named = {"about": "P1", "basis": reviewed.basis("P1", released, found)}
    agrees = {"reviewer": "B. Other", "interests": "none", "date": "2026-11-01", "decision": "agree", **named}
    against = {"reviewer": "C. Third", "about": "claim:women", "basis": "sha256:" + "1" * 64, "decision": "disagree"}
    rows = [agrees | {"reason": "The letters were read."}, against | {"reason": "Too few."}]
    concern = {"id": "q1", "about": "claim:half-supported", "state": "upheld", "text": "Which half?"}
    return {
        "evaluation": evaluation,
        "marks": marks,
        "reviews": {"schema": "misyn/reviews/1", "reviews": rows},
        "concerns": {"schema": "misyn/concerns/1", "concerns": [concern]},
    }


@pytest.fixture
def subject(released: Record, all_evidence: dict[str, dict[str, Any]], write_audit: Callable[..., Path]) -> Subject:
    return exports.gather(released, created=CREATED, audit=write_audit(released, all_evidence))


@pytest.fixture
def bare(minimal: Record) -> Subject:
    """The least a record can say, and no audit."""
    return exports.gather(minimal, created=CREATED)
