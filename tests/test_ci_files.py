"""What other projects copy into theirs runs: every command in the hooks and the example exists, with its options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from misyn.cli import main

ROOT = Path(__file__).parents[1]


def read(name: str) -> Any:
    return YAML(typ="safe", pure=True).load((ROOT / name).read_text(encoding="utf-8"))


def lines() -> list[str]:
    hooks = [f"{hook['entry']} {' '.join(hook.get('args', ['x.png']))}" for hook in read(".pre-commit-hooks.yaml")]
    steps = [step["run"] for step in read("docs/ci/audit.yml")["jobs"]["audit"]["steps"] if "run" in step]
    return [*hooks, *(step for step in steps if step.startswith("misyn "))]


@pytest.mark.parametrize("line", lines())
def test_every_command_parses(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "audit").mkdir()
    for name in ("misyn.yaml", "audit/bundle.zip"):
        (tmp_path / name).touch()
    program, name, *arguments = shlex.split(line)
    command = main.get_command(click.Context(main), name)
    assert program == "misyn"
    assert command is not None
    command.make_context(name, arguments)


def test_the_hooks_say_what_they_are() -> None:
    hooks = {hook["id"]: hook for hook in read(".pre-commit-hooks.yaml")}
    assert "--strict" in hooks["misyn-audit"]["entry"]
    assert "--expect synthetic" in hooks["misyn-verify"]["entry"]
    assert all({"name", "description", "language", "entry"} <= set(hook) for hook in hooks.values())


def test_the_example_uploads_nothing_that_may_show_or_name_a_patient() -> None:
    steps = read("docs/ci/audit.yml")["jobs"]["audit"]["steps"]
    (upload,) = [step for step in steps if "upload-artifact" in step.get("uses", "")]
    assert not re.search(r"report|evaluation|parquet|audit\.json|audit/?$|\*\*", upload["with"]["path"], re.MULTILINE)


def test_the_page_on_audits_lists_every_file_an_audit_may_write() -> None:
    text = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    written = (
        "report.html",
        "audit.json",
        "evaluation.json",
        "per-image.parquet",
        "marks.json",
        "bundle.zip",
        "badge.svg",
    )
    sheets = [f"checklist{plain}.{kind}" for plain in ("", "-plain") for kind in ("svg", "pdf")]
    assert [name for name in (*written, *sheets, "marks-medical.json", "reviews.json") if f"`{name}`" not in text] == []
