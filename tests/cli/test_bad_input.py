"""Bad input ends in one clear sentence and the right exit status, never in a traceback, and nothing is half written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import toys
from misyn.cli import main


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def refused(result: Result) -> str:
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert len(result.stderr.strip().splitlines()) <= 12
    return result.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad input")
    toys.world(folder)
    return folder


def evaluate(place: Path, *more: str | Path, medical: Path | None = None, synthetic: Path | None = None) -> Result:
    return run(
        "evaluate",
        *("--medical", medical or place / "training", "--synthetic", synthetic or place / "synthetic"),
        *("--workers", "0", "--out", place / "out"),
        *more,
    )


def test_a_folder_without_images(place: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    assert "image" in refused(evaluate(place, synthetic=tmp_path))
    assert not (place / "out").exists()


def test_a_table_that_does_not_join(place: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("image,patient\nnobody,1\n")
    message = refused(evaluate(place, "--table", table, "--key", "image", "--patient", "patient"))
    assert "none of 60 files" in message
    assert "Next:" in message


def test_a_column_that_is_not_there(place: Path) -> None:
    message = refused(evaluate(place, "--table", place / "table.csv", "--key", "nope"))
    assert "nope" in message
    assert "patient" in message


def test_one_image_only(place: Path, tmp_path: Path) -> None:
    toys.write_images(tmp_path / "one", toys.blobs(1, seed=1), prefix="one")
    result = evaluate(place, "--out", tmp_path / "out", synthetic=tmp_path / "one")
    assert result.exit_code == 0
    assert result.stdout.startswith("! Precision, recall, density and coverage need more than 5 images")


def test_a_record_with_many_mistakes_lists_them_all(tmp_path: Path) -> None:
    record = tmp_path / "misyn.yaml"
    record.write_text("misyn: 9\ntechnique: {kind: magic}\nclaims: [{id: 3, kind: boast}]\n")
    message = refused(run("audit", record))
    assert message.count("\n") >= 5
    assert "technique.kind" in message


def test_verify_of_something_that_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "a b ü.dcm").write_bytes(b"not an image")
    result = run("verify", tmp_path / "a b ü.dcm", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["files"][0]["verdict"] == "unreadable"


def test_mark_without_a_place_to_put_the_result(place: Path) -> None:
    message = refused(run("mark", place / "synthetic", "--record", place / "misyn.yaml"))
    assert "--out" in message
    assert "--in-place" in message


def test_mark_never_overwrites_unasked(place: Path, tmp_path: Path) -> None:
    arguments = ("mark", place / "synthetic", "--record", place / "misyn.yaml", "--out", tmp_path / "m")
    assert run(*arguments).exit_code == 0
    assert "overwrite" in refused(run(*arguments))
    assert run(*arguments, "--overwrite").exit_code == 0


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    refused(run("audit", tmp_path / "nowhere.yaml"))
    refused(run("verify", tmp_path / "nowhere.png"))


def test_verify_expect_answers_by_exit_status(place: Path) -> None:
    assert run("verify", place / "synthetic", "--expect", "no-evidence").exit_code == 0
    assert run("verify", place / "synthetic", "--expect", "synthetic").exit_code == 1


def test_audit_strict_answers_by_exit_status(place: Path, tmp_path: Path) -> None:
    arguments = ("audit", place / "misyn.yaml", "--workers", "0", "--out", tmp_path / "a")
    assert run(*arguments).exit_code == 0
    assert run(*arguments, "--strict").exit_code == 1
