"""What tests of several rooms share: where the development images lie, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The development images: ``MISYN_DATA``, or ``../shared/data`` beside the checkout; skipped where absent."""
    default = Path(__file__).parents[2] / "shared" / "data"
    place = Path(os.environ.get("MISYN_DATA", default))
    if not place.is_dir():
        pytest.skip("the development images are not here; set MISYN_DATA to their folder to run this test")
    return place
