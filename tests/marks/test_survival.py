"""No layer comes through an ordinary path worse than docs/survival.md says; a path that was not run is never green."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MATRIX = ROOT / "benchmarks" / "survival"
NOT_RUN = 3


CASES = [
    ("kept", "kept", 0),
    ("part", "lost", 0),
    ("lost", "kept", 1),
    ("broken", "kept", 1),
    ("refused", "part", 1),
    ("kept", "", 1),
    ("not run", "kept", NOT_RUN),
    ("not run", "lost", NOT_RUN),
]


def test_worse_fails_and_not_run_is_never_green() -> None:
    """Each case: what a cell came out as, what the table says, and the exit status."""
    code = (
        f"import sys; sys.path.insert(0, {str(MATRIX)!r}); import table\n"
        "def cell(word): return table.Table({'a path': {'png': {'metadata': word}}} if word else {})\n"
        f"for found, kept, _ in {CASES!r}: print('=', table.report(cell(found), cell(kept)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8")
    found = [int(line[2:]) for line in done.stdout.splitlines() if line.startswith("= ")]
    assert found == [status for _, _, status in CASES]


def test_the_page_shows_every_cell_that_is_kept_losers_included() -> None:
    record = json.loads((ROOT / "docs" / "survival.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "survival.md").read_text(encoding="utf-8")
    cells = record["cells"]
    assert len(cells) >= 15
    words = [word for formats in cells.values() for layers in formats.values() for word in layers.values()]
    assert "not run" not in words
    assert page.count("**lost**") - 1 == words.count("lost")  # one is in the legend
    for path, formats in cells.items():
        assert page.count(f"\n| {path} |") == len(formats), path


@pytest.mark.slow
def test_no_layer_comes_through_worse_than_before() -> None:
    done = subprocess.run(
        [sys.executable, str(MATRIX), "--bounded"], capture_output=True, encoding="utf-8", check=False
    )
    told = "\n".join(line for line in done.stdout.splitlines() if not line.startswith("better"))
    assert done.returncode in (0, NOT_RUN), told + done.stderr[-2000:]
    if done.returncode == NOT_RUN:
        assert os.environ.get("MISYN_PROGRAMS") != "all", told
        pytest.skip(f"what was run is no worse, but programs are not here: {told}")
