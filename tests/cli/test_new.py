"""``misyn new`` makes a record from answers, with or without a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from misyn.cli import main
from misyn.practice import record as records
from misyn.practice.interview import QUESTIONS


def test_answers_from_a_file_make_a_commented_record(tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text("technique.name: toy\nresponsible: A. Author\nproblem: {need: few images}\n")
    result = CliRunner().invoke(main, ["new", str(tmp_path / "r"), "--answers", str(tmp_path / "answers.yaml")])
    assert result.exit_code == 0, result.output
    text = (tmp_path / "r" / "misyn.yaml").read_text(encoding="utf-8")
    assert QUESTIONS[-1].text in text
    assert records.parse(text).get("problem.need") == "few images"


def test_without_a_terminal_and_without_answers_it_says_what_to_give(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["new", str(tmp_path)])
    assert result.exit_code == 2
    assert "--answers" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "misyn.yaml").write_text("mine")
    (tmp_path / "answers.yaml").write_text("technique.name: toy\nresponsible: A. Author\n")
    result = CliRunner().invoke(main, ["new", str(tmp_path), "--answers", str(tmp_path / "answers.yaml")])
    assert result.exit_code == 2
    assert (tmp_path / "misyn.yaml").read_text() == "mine"


def test_a_person_at_a_terminal_is_asked(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from misyn.cli import main; main()", "new", str(tmp_path)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    answers = {"technique.name": "toy", "responsible": "A. Author"}
    lines = [answers.get(question.path, "") for question in QUESTIONS]
    kind = [question.path for question in QUESTIONS].index("technique.kind")
    lines.insert(kind, "banana")  # asked again at once, and nothing typed is lost
    os.write(ours, ("\n".join(lines) + "\n").encode())
    _, errors = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, errors
    assert QUESTIONS[0].text in errors
    assert "expected one of generation" in errors
    assert records.load(tmp_path / "misyn.yaml").get("technique.name") == "toy"
