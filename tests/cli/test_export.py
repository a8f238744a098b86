"""``misyn export``: files where they were asked for, nothing replaced unasked, one sentence when it cannot be done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from misyn.cli import main
from misyn.cli.export import FORMATS
from misyn.practice.exports import BY_NAME, EXPORTS

RECORD = "misyn: 1\ntechnique: {name: demo}\nresponsible: A. Person\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["export", *map(str, arguments)])


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "misyn.yaml"
    path.write_text(RECORD, encoding="utf-8")
    return path


def test_the_command_offers_every_export() -> None:
    assert tuple(export.name for export in EXPORTS) == FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_written_beside_the_record(name: str, record: Path) -> None:
    result = run(record, "--to", name, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    folder = record.parent / "exports" / name
    assert told["files"] == [str(folder / file) for file in BY_NAME[name].writes]
    assert all(Path(file).stat().st_size for file in told["files"])
    assert "No audit was given" in told["withheld"][0]
    assert told["cannot"]


def test_one_file_takes_the_name_it_is_given_and_several_need_a_folder(record: Path) -> None:
    assert run(record, "--to", "prov", "--out", record.parent / "p.json").exit_code == 0
    assert (record.parent / "p.json").is_file()
    result = run(record, "--to", "oscal", "--out", record.parent / "o.json")
    assert result.exit_code == 2
    assert "--out FOLDER" in result.stderr


def test_a_file_that_is_there_stays_unless_told(record: Path) -> None:
    card = record.parent / "hub" / "model" / "README.md"
    card.parent.mkdir(parents=True)
    card.write_text("mine", encoding="utf-8")
    result = run(record, "--to", "huggingface", "--out", record.parent / "hub")
    assert result.exit_code == 2
    assert card.read_text(encoding="utf-8") == "mine"
    assert not (record.parent / "hub" / "dataset").exists()
    assert run(record, "--to", "huggingface", "--out", record.parent / "hub", "--overwrite").exit_code == 0


def test_an_audit_beside_the_record_is_found_and_must_be_of_it(record: Path) -> None:
    (record.parent / "audit").mkdir()
    (record.parent / "audit" / "audit.json").write_text('{"record": "sha256:0"}', encoding="utf-8")
    result = run(record, "--to", "prov")
    assert result.exit_code == 2
    assert "misyn audit" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_fixed_time_gives_the_same_bytes(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    for name in ("a.json", "b.json"):
        assert run(record, "--to", "cyclonedx", "--out", record.parent / name).exit_code == 0
    assert (record.parent / "a.json").read_bytes() == (record.parent / "b.json").read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert run(record, "--to", "cyclonedx", "--out", record.parent / "c.json").exit_code == 2
