"""Documentation that cannot lie: every command of the tutorial runs, every link leads somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from misyn.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(page: Path) -> list[tuple[str, int]]:
    """Every line after ``$`` in console blocks, with the exit status its comment announces."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    return [(line.split("#")[0].strip(), 1 if "# exit status 1" in line else 0) for line in lines]


@pytest.mark.slow
def test_every_command_of_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = commands(ROOT / "docs" / "tutorial.md")
    assert len(found) >= 6
    for line, status in found:
        program, *arguments = shlex.split(line)
        assert program == "misyn"
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == status, f"{line}\n{result.output}"


def test_the_readme_names_only_commands_that_exist() -> None:
    for line, _ in commands(ROOT / "README.md"):
        for program, name in re.findall(r"(misyn) ([a-z]+)", line):
            assert program
            assert name in main.list_commands(main.make_context("misyn", ["--help"], resilient_parsing=True)), line


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_in_the_docs_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"
