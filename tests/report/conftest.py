"""The toy study, fresh for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from report import toy_study


@pytest.fixture
def study(tmp_path: Path) -> toy_study.Study:
    """A whole study, fresh for each test."""
    return toy_study.whole(tmp_path)
