"""What leaves is aggregate: no paths, no patients, no rows per image; small groups and their complements withheld."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from misyn.practice import exports
from misyn.practice import record as records
from misyn.practice.exports import EXPORTS, Subject
from misyn.practice.exports.disclosure import Guard, guard
from misyn.practice.record import Record
from misyn.practice.withholding import SMALLEST

CREATED = "2026-11-22T12:00:00Z"


def everything(subject: Subject) -> str:
    return "".join(data.decode() for export in EXPORTS for data in export.write(subject).files.values())


def with_group(evaluation: dict[str, Any], group: str, *, n: int, patients: int) -> dict[str, Any]:
    evaluation["sets"]["training"]["groups"][group] = n
    template = next(row for row in evaluation["estimates"] if row["group"] == "sex=F")
    evaluation["estimates"].append(
        template | {"group": group, "n_medical": n, "n_patients": patients, "value": 0.98765}
    )
    return evaluation


def test_a_group_of_fewer_than_ten_and_its_complement_leave_no_trace(
    released: Record, evaluation: dict[str, Any], write_audit: Callable[..., Path]
) -> None:
    told = with_group(evaluation, "skin=dark", n=7, patients=7)
    told = with_group(told, "skin=light", n=393, patients=93)
    warning = {"id": "small-group", "text": "Of the training images, these have fewer than 10: skin=dark (n = 7)"}
    folder = write_audit(released, {"evaluation": told}, warnings=[warning])
    subject = exports.gather(released, created=CREATED, audit=folder)
    assert not [row for row in subject.estimates if "skin" in str(row.get("group"))]
    assert "skin=dark" not in everything(subject) and "skin=light" not in everything(subject)
    assert "0.98765" not in everything(subject)
    assert "training" in subject.withheld[0]
    assert subject.data["training"]["groups"] == {"sex=F": 200, "sex=M": 200}  # the column that may leave stays


def test_many_images_of_few_patients_are_a_small_group(
    released: Record, evaluation: dict[str, Any], write_audit: Callable[..., Path]
) -> None:
    told = with_group(evaluation, "site=a", n=300, patients=3)
    told = with_group(told, "site=b", n=100, patients=97)
    subject = exports.gather(released, created=CREATED, audit=write_audit(released, {"evaluation": told}))
    assert "site=" not in everything(subject)


def test_a_set_of_few_patients_tells_no_group_and_not_how_many(
    released: Record, evaluation: dict[str, Any], write_audit: Callable[..., Path]
) -> None:
    evaluation["sets"]["training"]["n_patients"] = 3
    for row in evaluation["estimates"]:
        row["n_patients"] = 3 if row["set"] == "training" else 100
    warning = {"id": "few-patients", "text": "The training images come from 3 patients, fewer than 20"}
    subject = exports.gather(
        released, created=CREATED, audit=write_audit(released, {"evaluation": evaluation}, warnings=[warning])
    )
    assert "n_patients" not in subject.data["training"] and "groups" not in subject.data["training"]
    assert not [row for row in subject.estimates if row.get("set") == "training" and "group" in row]
    assert subject.warnings[0]["text"] == "The training images come from fewer than 10 patients, fewer than 20"


cells = st.dictionaries(st.sampled_from([f"a={i}" for i in range(6)]), st.integers(1, 40), min_size=1)


@given(cells=cells)
def test_nothing_can_be_had_back_by_subtracting(cells: dict[str, int]) -> None:
    # MUST (interface.md): "groups under 10 and their complements suppressed"
    content = {"sets": {"training": {"groups": cells, "patients_known": False}}}
    shown = guard(content).cells("training", cells)
    hidden = {name: n for name, n in cells.items() if name not in shown}
    assert all(n >= SMALLEST for n in shown.values())
    if hidden and shown:  # what is missing from the total is at least two cells and ten people
        assert len(hidden) >= 2
        assert sum(hidden.values()) >= SMALLEST
    if min(cells.values()) >= SMALLEST:
        assert not hidden


def test_crossed_columns_go_together() -> None:
    crossed = {"sex=F & age=80+": 3, "sex=F & age=60-79": 60, "sex=M & age=80+": 70}
    held = guard({"sets": {"training": {"groups": {**crossed, "sex=F": 63, "sex=M": 70}, "patients_known": False}}})
    assert held.cells("training", crossed) == {}
    assert held.cells("training", {"sex=F": 63}) == {"sex=F": 63}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("found nothing at /data/hospital/scans.", "found nothing at (a file)."),
        ("see 'table.csv', and ../x", "see '(a file)', and (a file)"),
        ("it names file:need.txt, which is not there", "it names (a file), which is not there"),
        ("at \\\\server\\share", "at (a file)"),
        ("https://example.org/a.pdf and doi:10.1/x.pdf stay", "https://example.org/a.pdf and doi:10.1/x.pdf stay"),
        ("3 training images and 40 patients", "fewer than 10 training images and 40 patients"),
        ("group x (n = 4), k = 5, phase 1, 0.5", "group x (n = fewer than 10), k = 5, phase 1, 0.5"),
        ("a\u202eb\x1b[31m", "ab [31m"),
    ],
)
def test_sentences_lose_paths_and_small_counts_and_nothing_else(text: str, told: str) -> None:
    assert Guard().sentence(text) == told


def test_paths_tables_columns_and_contacts_of_people_never_leave(
    honest: Record, evaluation: dict[str, Any], tmp_path: Path, write_audit: Callable[..., Path]
) -> None:
    content = json.loads(json.dumps(honest.content))
    secret = {"path": "secret-folder/images", "table": "secret-table.csv", "key": "secret_key", "patient": "secret_id"}
    for role in ("training", "held_out", "reference", "synthetic"):
        content["data"][role] |= secret
    content["responsible"] = {"name": "A. Person", "contact": "secret-contact", "affiliation": "A Hospital"}
    content["technique"] |= {"weights": "secret/weights.pt", "code": "./secret-code"}
    content["release"] = {"place": "/secret/place"}
    content["claims"][0]["evidence"] = "file:secret-file.txt"
    content["unknown"] = "secret-unknown"
    path = tmp_path / "misyn.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    record = records.load(path)
    evaluation["examples"] = ["secret-image"]
    evaluation["estimates"][0]["hidden"] = "secret-row"
    warning = {"id": "training-not-found", "text": "data.training.path: found nothing at /secret/a", "path": "secret-w"}
    audit = write_audit(record, {"evaluation": evaluation}, warnings=[warning], command="misyn audit secret-command")
    (audit / "per-image.parquet").write_bytes(b"secret-parquet")
    subject = exports.gather(record, created=CREATED, audit=audit)
    assert "secret" not in everything(subject).replace("secrets", "")
    assert str(tmp_path) not in everything(subject)


def test_what_the_evidence_shows_is_what_is_exported_whatever_the_audit_says(
    released: Record, all_evidence: dict[str, Any], write_audit: Callable[..., Path], subject: Subject
) -> None:
    lie = [{"id": "T2", "status": "met", "reason": "trust me"}]
    folder = write_audit(released, all_evidence, findings=lie, claims=[], phase=5, scope="safe")
    assert exports.gather(released, created=CREATED, audit=folder) == subject


def test_no_number_is_exported_that_is_not_json(subject: Subject) -> None:
    for export in EXPORTS:
        for name, data in export.write(subject).files.items():
            if name.endswith("json"):
                json.loads(data, parse_constant=pytest.fail)
