"""A plan came first only where a log shows it; every change to the plan, the log or the results takes that away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from misyn.errors import InputError, RecordError, UsageError
from misyn.practice import bundle, checking, disclosure, findings, plans
from misyn.practice.record import Record
from misyn.results import Evidence

HERE = {"log": "example.org/log", "size": 9, "root": "sha256:" + "a" * 64}


def row(digest: str, index: int = 3, **other: Any) -> dict[str, Any]:
    return HERE | {"index": index, "kind": "plan", "digest": digest, "proof": "proof"} | other


def logged(evaluation: dict[str, Any], *rows: dict[str, Any], after: Any = HERE) -> dict[str, Evidence]:
    content = evaluation if after is None else evaluation | {"after": after}
    log = Evidence("log", {"schema": "misyn/log/1", "entries": list(rows)})
    return {"evaluation": Evidence("evaluation", content), "log": log}


def decided(record: Record, evidence: dict[str, Evidence]) -> tuple[str, str]:
    (found,) = [f for f in findings.judge(record, evidence) if f.id == "E1"]
    return found.status, found.reason


def test_results_that_name_the_checkpoint_which_held_the_plan_came_after_it(
    honest: Record, evaluation: dict[str, Any]
) -> None:
    plan = row(plans.digest_of(honest.get("plan")))
    assert decided(honest, logged(evaluation, plan)) == (
        "met",
        "example.org/log holds the plan (entry 3) before the results were made",
    )
    assert plans.after(honest, [plan]) == HERE


@pytest.mark.parametrize(
    "after",
    [None, {}, HERE | {"size": 8}, HERE | {"root": "sha256:" + "b" * 64}, HERE | {"log": "other"}, "a text", [1]],
    ids=["none", "empty", "size", "root", "log", "text", "list"],
)
def test_results_that_name_no_or_another_checkpoint_show_nothing(
    honest: Record, evaluation: dict[str, Any], after: Any
) -> None:
    plan = row(plans.digest_of(honest.get("plan")))
    assert decided(honest, logged(evaluation, plan, after=after))[0] == "partly"


def test_another_plan_in_the_log_is_a_plan_that_was_changed(honest: Record, evaluation: dict[str, Any]) -> None:
    status, reason = decided(honest, logged(evaluation, row("sha256:" + "0" * 64)))
    assert (status, "changed after it was logged" in reason) == ("not-met", True)


def test_entries_of_different_logs_are_not_compared(honest: Record, evaluation: dict[str, Any]) -> None:
    plan = row(plans.digest_of(honest.get("plan")), 0)
    results = row(Evidence("evaluation", evaluation).digest, 1, kind="evidence")
    assert decided(honest, logged(evaluation, plan, results, after=None))[0] == "met"
    assert decided(honest, logged(evaluation, plan, results | {"log": "other"}, after=None))[0] == "partly"
    assert decided(honest, logged(evaluation, plan | {"index": 2}, results, after=None))[0] == "not-met"


def test_the_bundle_keeps_what_shows_the_order(tmp_path: Path, honest: Record, evaluation: dict[str, Any]) -> None:
    seen = logged(evaluation, row(plans.digest_of(honest.get("plan"))))
    bundle.write(tmp_path / "b.zip", record=honest, evidence=seen, caveats=(), version="0", seed=0)
    found = checking.check(tmp_path / "b.zip", proven=lambda _: None)
    assert found.holds
    assert [f["status"] for f in found.content["findings"] if f["id"] == "E1"] == ["met"]


def test_a_plan_whose_words_are_withheld_is_not_accused_of_having_changed(
    honest: Record, evaluation: dict[str, Any]
) -> None:
    record = Record({**honest.content, "plan": {"text": "Compare with /mnt/ward/anna."}})
    seen = logged(evaluation, row(plans.digest_of(record.get("plan"))))
    assert decided(record, seen)[0] == "met"
    shown = disclosure.disclose(record, seen)
    assert decided(shown.record, dict(shown.evidence))[0] == "partly"


RECORD = "misyn: 1\ntechnique: {name: demo}\nresponsible: A. Person\n"


def test_what_is_logged_of_a_record_is_its_plan_alone(tmp_path: Path) -> None:
    path = tmp_path / "misyn.yaml"
    path.write_text(RECORD + "plan: {text: Coverage., log: plan.json.tlog-proof}\n")
    written = plans.write(path)
    assert written == tmp_path / "plan.json"
    assert written.read_bytes() == b'{"text":"Coverage."}'
    path.write_text("# reworded\n" + RECORD + "plan: {text: Coverage.}\nuse: {intended: research}\n")
    assert plans.write(path) == written
    path.write_text(RECORD + "plan: {text: Other.}\n")
    with pytest.raises(UsageError, match="holds another plan"):
        plans.write(path)
    assert written.read_bytes() == b'{"text":"Coverage."}'


def test_a_record_without_a_plan_or_with_mistakes_is_refused_and_other_files_are_the_plan_themselves(
    tmp_path: Path,
) -> None:
    path = tmp_path / "misyn.yaml"
    path.write_text(RECORD)
    with pytest.raises(InputError, match="found none"):
        plans.write(path)
    path.write_text("misyn: 1\n")
    with pytest.raises(RecordError):
        plans.write(path)
    path.write_text("measures: [coverage]\n")  # a plan in a YAML file of its own
    assert plans.write(path) is None
    path.write_text("- a list\n")
    assert plans.write(path) is None
    assert plans.write(tmp_path / "plan.md") is None
