"""What is born here says what it is from its first byte."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import misyn
from misyn.errors import RecordError, UsageError, WouldOverwrite
from misyn.generate.born import born
from misyn.generate.encoders import ENCODERS, encoder_for

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
WEIGHTS = "sha256:" + "0" * 64


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "misyn.yaml"
    path.write_text("misyn: 1\ntechnique: {name: toy, version: 1.10}\nresponsible: A. Author\n")
    return path


@pytest.mark.parametrize("ending", [ending for encoder in ENCODERS for ending in encoder.endings])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_samples_come_back_and_the_file_is_synthetic(
    record: Path, tmp_path: Path, ending: str, dtype: type[np.generic]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 200, (12, 10)).astype(dtype)
    with born(record, out=tmp_path / "out", now=NOW, weights=WEIGHTS) as birth:
        path = birth.save(pixels, "a/b ü" + ending)
    assert np.array_equal(np.squeeze(misyn.read(path).pixels), pixels)
    verdict = misyn.verify(path)
    assert verdict.verdict == "synthetic"
    assert verdict.declaration is not None
    assert verdict.declaration["technique"]["version"] == "1.10"
    assert verdict.declaration["technique"]["weights"] == WEIGHTS
    assert verdict.declaration["created"] == "2026-11-22T10:00:00Z"


def test_the_same_birth_gives_the_same_bytes(record: Path, tmp_path: Path) -> None:
    pixels = np.zeros((8, 8), np.uint8)
    for name in ("one", "two"):
        with born(record, out=tmp_path / name, now=NOW) as birth:
            for encoder in ENCODERS:
                birth.save(pixels, "x" + encoder.endings[0])
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_name_cannot_leave_the_folder_or_replace_a_file(record: Path, tmp_path: Path) -> None:
    pixels = np.zeros((8, 8), np.uint8)
    with born(record, out=tmp_path / "out", now=NOW) as birth:
        birth.save(pixels, "a.png")
        with pytest.raises(WouldOverwrite):
            birth.save(pixels, "a.png")
        with pytest.raises(UsageError, match="inside"):
            birth.save(pixels, "../b.png")
    assert not (tmp_path / "b.png").exists()


def test_a_lossy_or_unknown_ending_is_refused_with_those_that_work() -> None:
    with pytest.raises(UsageError, match=r"\.png"):
        encoder_for("a.jpg")


def test_pixels_a_format_cannot_hold_leave_no_file(record: Path, tmp_path: Path) -> None:
    with born(record, out=tmp_path / "out", now=NOW) as birth, pytest.raises(UsageError, match="PNG holds"):
        birth.save(np.zeros((4, 4), np.float32), "a.png")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_record_with_mistakes_draws_nothing(tmp_path: Path) -> None:
    (tmp_path / "misyn.yaml").write_text("misyn: 1\n")
    with pytest.raises(RecordError), born(tmp_path / "misyn.yaml", out=tmp_path / "out"):
        pass
    assert not (tmp_path / "out").exists()
