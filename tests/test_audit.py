"""The main job: what is not measured is never silently met, and the same input gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import logs
import toys
from misyn.audit import Features, audit
from misyn.canonical import digest
from misyn.cli import main
from misyn.cli.audit import holds
from misyn.errors import NoImages, RecordError, TableError
from misyn.oversight.log.entries import commit
from misyn.oversight.log.store import Log
from misyn.practice import checking, plans

SHEETS = ("checklist.svg", "checklist-plain.svg", "badge.svg")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world in which everything is named and present, audited once."""
    folder = tmp_path_factory.mktemp("world")
    audit(toys.world(folder), workers=0)
    return folder


def statuses(content: dict[str, Any]) -> dict[str, str]:
    return {finding["id"]: finding["status"] for finding in content["findings"]}


def audited(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "audit" / "audit.json").read_text(encoding="utf-8"))
    return content


def test_an_audit_writes_its_results_and_their_digests_hold(whole: Path) -> None:
    content = audited(whole)
    assert content["schema"] == "misyn/audit/1"
    assert content["phase"] == 1
    assert "phase 1" in content["scope"]
    for entry in content["evidence"]:
        data = (whole / "audit" / entry["file"]).read_bytes()
        assert entry["digest"] == "sha256:" + hashlib.sha256(data).hexdigest()
    page = (whole / "audit" / "report.html").read_text(encoding="utf-8")
    assert "toy" in page


def test_an_audit_writes_a_bundle_that_holds_and_names_its_digest(whole: Path) -> None:
    found = checking.check(whole / "audit" / "bundle.zip")
    assert found.differences == ()
    content = audited(whole)
    assert content["bundle"] == {"file": "bundle.zip", "digest": found.digest}
    assert statuses(dict(found.content)) == statuses(content)
    assert found.digest in (whole / "audit" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "words"),
    [("Synthetic images of toys.", []), ("Realistic images.", ["realistic"]), (None, [])],
    ids=["modest", "claims more", "not there"],
)
def test_a_readme_that_claims_more_than_its_evidence_fails_strict(
    whole: Path, tmp_path: Path, text: str | None, words: list[str]
) -> None:
    record = toys.record() | {"release": {"readme": "README.md"}}
    (whole / "README.md").unlink(missing_ok=True)
    if text is not None:
        (whole / "README.md").write_text(text, encoding="utf-8")
    content, _ = audit(toys.write_record(whole / "told.yaml", record), out=tmp_path / "audit", workers=0)
    assert [word for found in content["readme"] for word in found["words"]] == words
    met = content | {"findings": [], "claims": []}
    assert holds(met) == (text == "Synthetic images of toys.")
    assert checking.check(tmp_path / "audit" / "bundle.zip").holds


def test_unmarked_files_are_not_silently_met(whole: Path) -> None:
    assert statuses(audited(whole))["T1"] == "not-met"


def without(key: str) -> Any:
    def change(record: dict[str, Any]) -> None:
        del record["data"][key]

    return change


def without_columns(*columns: str) -> Any:
    def change(record: dict[str, Any]) -> None:
        for place in record["data"].values():
            for column in columns:
                place.pop(column, None)

    return change


@pytest.mark.parametrize(
    "change",
    [
        without("synthetic"),
        without("training"),
        without("held_out"),
        without_columns("groups", "label"),
        without_columns("patient"),
    ],
    ids=["synthetic", "training", "held_out", "groups", "patient"],
)
def test_deleting_a_measured_input_moves_a_finding_to_not_assessed(whole: Path, tmp_path: Path, change: Any) -> None:
    record = toys.record()
    change(record)
    toys.write_record(whole / "less.yaml", record)
    content, _ = audit(whole / "less.yaml", out=tmp_path / "audit", workers=0)
    before, after = statuses(audited(whole)), statuses(content)
    moved = {name for name in after if after[name] == "not-assessed" and before[name] != "not-assessed"}
    assert moved


def test_deleting_the_reference_of_an_outside_audit_moves_findings_to_not_assessed(whole: Path, tmp_path: Path) -> None:
    """Where the training images are unknown, the reference set carries every comparison."""
    record = toys.record()
    del record["data"]["training"], record["data"]["held_out"]
    before, _ = audit(toys.write_record(whole / "outside.yaml", record), out=tmp_path / "a", workers=0)
    del record["data"]["reference"]
    after, _ = audit(toys.write_record(whole / "nothing.yaml", record), out=tmp_path / "b", workers=0)
    moved = {name for name, status in statuses(after).items() if status == "not-assessed" != statuses(before)[name]}
    assert {"E7", "E8", "E9"} <= moved


def test_a_set_that_is_named_and_not_there_is_a_warning_that_leads(tmp_path: Path) -> None:
    record = toys.world(tmp_path)
    shutil.rmtree(tmp_path / "held_out")
    content, _ = audit(record, workers=0)
    assert content["warnings"][0]["id"] == "held-out-not-found"


def test_no_synthetic_image_is_no_audit(tmp_path: Path) -> None:
    record = toys.world(tmp_path)
    for file in (tmp_path / "synthetic").iterdir():
        file.unlink()
    with pytest.raises(NoImages):
        audit(record, workers=0)
    assert not (tmp_path / "audit").exists()


def test_a_table_that_does_not_join_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    record = toys.world(tmp_path)
    (tmp_path / "table.csv").write_text("image,patient,sex,finding\nelsewhere,1,F,a\n")
    with pytest.raises(TableError):
        audit(record, workers=0)
    assert not (tmp_path / "audit").exists()


def test_every_mistake_of_a_record_is_reported_at_once(tmp_path: Path) -> None:
    content = {
        "misyn": 7,
        "technique": {"name": "", "kind": "magic", "method": "guess"},
        "data": {"training": {"path": 3, "groups": {"a": 1}}},
        "claims": [{"id": "c", "kind": "boast", "text": 4, "expects": "coverage ?? 1", "phase": 9}],
    }
    with pytest.raises(RecordError) as caught:
        audit(toys.write_record(tmp_path / "misyn.yaml", content))
    places = {where for where, _ in caught.value.problems}
    assert len(places) >= 10
    assert "data.training.path" in places


def test_the_same_input_gives_the_same_bytes_on_one_and_two_workers(tmp_path: Path, whole: Path) -> None:
    for workers in (1, 2):
        audit(whole / "misyn.yaml", out=tmp_path / str(workers), workers=workers)
    for name in (
        "audit.json",
        "evaluation.json",
        "marks.json",
        "report.html",
        "per-image.parquet",
        "bundle.zip",
        *SHEETS,
    ):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name


def planned(folder: Path) -> tuple[Path, Path]:
    """A small world whose record has a plan, a log with two witnesses that holds it, and the policy that wants both."""
    toys.write_images(folder / "training", toys.blobs(12, seed=1), prefix="seen")
    toys.write_images(folder / "synthetic", toys.blobs(12, seed=2), prefix="drawn")
    content = toys.record() | {"plan": {"text": "Coverage by group.", "log": "plan.json.tlog-proof"}}
    content["data"] = {"training": {"path": "training"}, "synthetic": {"path": "synthetic"}}
    record, policy = toys.write_record(folder / "misyn.yaml", content), folder / "policy"
    with Log.create(folder / "log", origin=logs.ORIGIN) as log:
        both = [logs.witness(folder / "w", name, log, at=datetime.now(UTC)) for name in ("w1", "w2")]
        policy.write_text(logs.wanting(2, *both, log=log).to_text(), encoding="utf-8")
        log.append([commit("plan", digest(b"another plan")), commit("plan", plans.digest_of(content["plan"]))])
        log.publish(witnesses=both)
        (folder / "plan.json.tlog-proof").write_bytes(log.prove(1).to_bytes())
    return record, policy


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.mark.slow
def test_a_plan_that_a_log_held_first_is_evidence_which_check_proves_again(tmp_path: Path) -> None:
    """E1 end to end: the audit makes the evidence, the bundle carries it, and each break of it is noticed."""
    record, policy = planned(tmp_path)
    out = tmp_path / "audit"
    content = json.loads(run("audit", record, "--policy", policy, "--workers", 0, "--json").stdout)
    assert statuses(content)["E1"] == "met"
    rows = json.loads((out / "log.json").read_bytes())["entries"]
    after = json.loads((out / "evaluation.json").read_bytes())["after"]
    assert after == {key: rows[0][key] for key in ("log", "size", "root")}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert f"{logs.ORIGIN}, a checkpoint of 2 entries" in page
    checked = run("check", out / "bundle.zip", "--policy", policy, "--json")
    assert (checked.exit_code, json.loads(checked.stdout)["log_entries"]) == (0, 1)
    assert run("check", out / "bundle.zip").exit_code == 2  # nothing says which log to believe
    with Log.create(tmp_path / "other", origin=logs.ORIGIN) as log:
        (tmp_path / "stranger").write_text(logs.wanting(0, log=log).to_text(), encoding="utf-8")
    believed = ("--policy", tmp_path / "stranger", "--unsafe-without-cosignatures")
    assert run("check", out / "bundle.zip", *believed).exit_code == 1
    proof = tmp_path / "plan.json.tlog-proof"
    proof.write_bytes(proof.read_bytes().replace(b"index 1", b"index 0"))
    refused = run("audit", record, "--policy", policy, "--out", tmp_path / "d", "--workers", 0)
    assert (refused.exit_code, "plan.json.tlog-proof" in refused.stderr) == (2, True)


@pytest.mark.slow
def test_a_proof_without_a_policy_is_no_evidence_and_that_is_said(tmp_path: Path) -> None:
    record, _ = planned(tmp_path)
    alone = json.loads(run("audit", record, "--workers", 0, "--json").stdout)
    assert statuses(alone)["E1"] == "partly"
    assert "plan-not-proven" in [row["id"] for row in alone["warnings"]]
    assert run("audit", record, "--proof", tmp_path / "plan.json.tlog-proof").exit_code == 2


def test_an_extractor_is_named_in_the_command_without_folders_of_this_machine() -> None:
    assert Features().said == ""
    assert Features("radiomics").said == " --extractor radiomics"
    assert Features("onnx:/somewhere/private/model.onnx").said == " --extractor onnx:model.onnx"
