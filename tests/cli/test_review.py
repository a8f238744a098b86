"""``misyn review``: questions out, never a verdict; exit statuses as the interface fixes them."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import pdfs
from misyn.cli import main


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["review", *map(str, arguments)])


def refused(result: Result) -> str:
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return result.stderr


def test_questions_are_printed_with_their_place_and_are_no_verdict(tmp_path: Path) -> None:
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(pdfs.pdf([["Results", "We mixed real images with fake ones."]]))
    result = run(paper, "--date", "2026-08-02")
    assert result.exit_code == 0, result.output
    assert "page 1, line 2" in result.stdout
    assert "for a person to decide" in result.stdout
    found = sorted(path.name for path in (tmp_path / "paper-review").iterdir())
    assert found == ["review.html", "review.json", "review.md", "review.yaml"]


def test_json_is_the_file_that_was_written(tmp_path: Path) -> None:
    paper = tmp_path / "paper.md"
    paper.write_text("We mixed real images with fake ones.")
    result = run(paper, "--out", tmp_path / "o", "--json", "--date", "2026-08-02")
    assert json.loads(result.stdout) == json.loads((tmp_path / "o" / "review.json").read_text())
    assert json.loads(result.stdout)["document"]["read"] == "2026-08-02"


def test_two_files_of_decisions_are_compared(tmp_path: Path) -> None:
    paper = tmp_path / "paper.md"
    paper.write_text("We mixed real images with fake ones.")
    for name in ("a", "b"):
        assert run(paper, "--out", tmp_path / name).exit_code == 0
    result = run("--compare", tmp_path / "a" / "review.yaml", tmp_path / "b" / "review.yaml")
    assert result.exit_code == 0
    assert "no question was decided by both" in result.stdout


def test_what_cannot_be_done_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "zip.pdf").write_bytes(b"PK\x03\x04\0\0")
    (tmp_path / "a.md").write_text("words")
    assert "PDF" in refused(run(tmp_path / "zip.pdf"))
    assert "--compare" in refused(run())
    assert "not both" in refused(run(tmp_path / "a.md", "--compare", tmp_path / "a.md", tmp_path / "a.md"))
    assert "rule" in refused(run(tmp_path / "a.md", "--also", "mood"))
    refused(run(tmp_path / "nowhere.md"))
    assert not (tmp_path / "zip-review").exists()


def test_review_imports_no_numerics(tmp_path: Path) -> None:
    paper = tmp_path / "paper.md"
    paper.write_text("We mixed real images with fake ones.")
    script = (
        "import sys\nfrom misyn.cli import main\n"
        f"main(['review', {str(paper)!r}, '--out', {str(tmp_path / 'o')!r}], standalone_mode=False)\n"
        "print('HEAVY', sorted(set(sys.modules) & {'numpy', 'scipy', 'PIL', 'pydicom', 'pyarrow', 'pypdf'}))\n"
    )
    guarded = "if __name__ == '__main__':\n" + "".join(f"    {line}\n" for line in script.splitlines())
    (tmp_path / "probe.py").write_text(guarded)
    done = subprocess.run([sys.executable, tmp_path / "probe.py"], capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stdout


def test_every_command_of_the_page_on_reviewing_runs_and_asks_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Path(__file__).parents[2] / "docs" / "review.md"
    shutil.copy(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    lines = [line[2:] for line in page.read_text().splitlines() if line.startswith("$ misyn ")]
    assert len(lines) == 5
    for line in lines:
        assert CliRunner().invoke(main, shlex.split(line)[1:]).exit_code == 0, line
    quoted = json.loads((tmp_path / "questions" / "review.json").read_text())["questions"]
    paragraph = {
        row["rule"]
        for row in quoted
        if "Dice score." in row.get("quote", "") or "readers could" in row.get("quote", "")
    }
    assert paragraph == {"benefit", "significance", "equivalence", "terminology"}
