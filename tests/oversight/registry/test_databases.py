"""SQLite and PostgreSQL: the same story, the same answers, the same refusals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

STORY = Path(__file__).parents[2] / "registry_story.py"


def told(folder: Path, *database: str) -> dict[str, Any]:
    environ = {**os.environ, "PYTHONPATH": str(STORY.parent)}
    command = [sys.executable, str(STORY), str(folder / "registry"), *database]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_both_databases_give_the_same_answers(new_database: Callable[[], str], tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    here, there = told(tmp_path / "a"), told(tmp_path / "b", new_database())
    for path, text in here.items():
        assert text == there[path], path
    assert len(here["guards"]) == 3 and all("stays" in one for one in here["guards"])
    assert '"withdrawn"' in here["/api/entries/1"] and "hidden" in here["/api/concerns/1"]
