"""A registry for each test: made once, copied for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("django", reason="the extra registry is not installed")
pytest.importorskip("ninja", reason="the extra registry is not installed")

from django.db import connections

import registries


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry in which Example Lab has published one entry."""
    folder = tmp_path_factory.mktemp("template")
    world = registries.World(registries.make(folder / "registry"), folder)
    world.publish()
    connections.close_all()
    return folder


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[registries.World]:
    """A registry of one's own, with entry 1 in it."""
    folder = tmp_path / "world"
    yield registries.World(registries.copied(template, folder), folder)
    connections.close_all()
