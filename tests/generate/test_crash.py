"""A crash leaves no unmarked file: the process is killed, or told of a full or broken disk, at every write there is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import faults
from misyn import signing
from misyn.errors import UnreadableImage
from misyn.generate.born import born
from misyn.generate.journal import check
from misyn.images.folder import MANIFEST
from misyn.images.formats import read
from misyn.marks import verify

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PIXELS = np.arange(32 * 32, dtype=np.uint16).reshape(32, 32)
NAMES = ("a.png", "b/c.dcm", "d.nii.gz", "e.tiff")


def action(record: Path, out: Path, names: tuple[str, ...] = NAMES, *, key: Path | None = None) -> faults.Action:
    def act(say: faults.Say) -> None:
        with born(record, out=out, now=NOW if key is None else None, seed=1, key=key) as birth:
            for name in names:
                birth.save(PIXELS, name)
                say(name)

    return act


def readable(path: Path) -> bool:
    """Whether anything could show this as an image."""
    try:
        read(path)
    except UnreadableImage:
        return False
    return True


def hold(out: Path, said: tuple[str, ...], finish: Callable[[], None]) -> None:
    """Nothing that can be shown is unmarked, what was acknowledged is there, and the next birth lists all."""
    for path in out.rglob("*"):
        if path.is_file() and path.name != MANIFEST and readable(path):
            verdict = verify(path)
            assert verdict.verdict == "synthetic", path.name
            assert verdict.declaration is not None, path.name
    assert all((out / name).is_file() for name in said)
    finish()
    assert list(check(out, signed=False)) == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", list(faults.FAULTS))
def test_at_every_write_a_fault_leaves_only_marked_images_and_all_of_them_listed(tmp_path: Path, fault: str) -> None:
    record = tmp_path / "misyn.yaml"
    record.write_text("misyn: 1\ntechnique: {name: toy, version: '1'}\nresponsible: A. Author\n")
    action(record, tmp_path / "warm")(lambda _: None)  # imports happen before the first fault
    out = tmp_path / "out"
    names = NAMES if fault == "kill" else NAMES[:2]  # disks fail at each of them in the same way

    def finish() -> None:
        with born(record, out=out, now=NOW) as birth:
            birth.save(PIXELS, "last.png")

    hits = 0
    for call in faults.WRITES.split(","):
        for at in range(1, 100):
            shutil.rmtree(out, ignore_errors=True)
            outcome = faults.run(action(record, out, names), fault=fault, at=at, calls=call)
            if outcome.finished:
                break
            hits += 1
            out.mkdir(exist_ok=True)
            hold(out, outcome.said, finish)
    assert hits >= len(names) * 6  # each file: its bytes, its journal line, three syncs, its name


@pytest.mark.slow
def test_killed_at_every_write_with_a_key_no_image_is_unmarked_and_every_one_with_a_name_is_signed(
    tmp_path: Path,
) -> None:
    pytest.importorskip("c2pa", reason="credentials need the extra: pip install 'misyn[credential]'")
    record, out, key = tmp_path / "misyn.yaml", tmp_path / "out", tmp_path / "key"
    record.write_text("misyn: 1\ntechnique: {name: toy, version: '1'}\nresponsible: A. Author\n")
    signing.create(key, owner="A", now=datetime.now(UTC))
    roots = signing.load(key).chain[-1:]
    action(record, tmp_path / "warm", NAMES[:1], key=key)(lambda _: None)

    def finish() -> None:
        with born(record, out=out, key=key) as birth:
            birth.save(PIXELS, "last.png")
        assert list(check(out, roots=roots)) == []
        assert all(verify(path, trust=key / "root.pem").trusted for path in out.glob("*.png"))

    hits = 0
    for call in faults.WRITES.split(","):
        for at in range(1, 100):
            shutil.rmtree(out, ignore_errors=True)
            outcome = faults.run(action(record, out, NAMES[:1], key=key), fault="kill", at=at, calls=call)
            if outcome.finished:
                break
            hits += 1
            out.mkdir(exist_ok=True)
            hold(out, outcome.said, finish)
    assert hits >= 8
