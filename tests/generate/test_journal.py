"""What was born is listed: by a signed manifest, after a crash, and by several processes in one folder."""

from __future__ import annotations

import json
import multiprocessing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from misyn import signing
from misyn.errors import InputError
from misyn.generate.born import born
from misyn.generate.journal import Journal, check
from misyn.images.folder import MANIFEST, images_in

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PIXELS = np.zeros((8, 8), np.uint8)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "misyn.yaml"
    path.write_text("misyn: 1\ntechnique: {name: toy, version: '1'}\nresponsible: A. Author\n")
    return path


def manifest(folder: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((folder / MANIFEST).read_text())
    return content


def test_every_file_is_listed_with_what_made_it_and_what_is_not_known_is_counted(record: Path, tmp_path: Path) -> None:
    with born(record, out=tmp_path / "out", now=NOW, weights="sha256:" + "0" * 64) as birth:
        birth.save(PIXELS, "a.png", seed=7, condition="a red patch")
        birth.save(PIXELS, "b/c.tiff")
    found = manifest(tmp_path / "out")
    files = {one["file"]: one for one in found["files"]}  # type: ignore[attr-defined]
    assert sorted(files) == ["a.png", "b/c.tiff"]
    assert files["a.png"]["seed"] == "7"
    assert files["a.png"]["condition"].startswith("sha256:")
    assert "red" not in json.dumps(found)
    assert files["a.png"]["weights"] == "sha256:" + "0" * 64
    assert files["a.png"]["record"].startswith("sha256:")
    assert found["not_stated"] == {"seed": 1, "condition": 1}
    assert list(check(tmp_path / "out")) == ["the manifest is not signed"]


def test_the_manifest_is_no_stranger_among_the_images(record: Path, tmp_path: Path) -> None:
    with born(record, out=tmp_path / "out", now=NOW) as birth:
        birth.save(PIXELS, "a.png")
    assert images_in(tmp_path / "out").problems == ()


def test_a_changed_a_missing_and_a_foreign_file_are_found(record: Path, tmp_path: Path) -> None:
    with born(record, out=tmp_path / "out", now=NOW) as birth:
        for name in ("a.png", "b.png", "c.png"):
            birth.save(PIXELS, name)
    (tmp_path / "out" / "a.png").write_bytes((tmp_path / "out" / "a.png").read_bytes() + b"x")
    (tmp_path / "out" / "b.png").unlink()
    (tmp_path / "out" / "d.png").write_bytes((tmp_path / "out" / "c.png").read_bytes())
    assert list(check(tmp_path / "out", signed=False)) == [
        "a.png is not the file that was born",
        "b.png is missing",
        "d.png is not listed",
    ]


def test_a_signature_holds_for_its_root_alone_and_breaks_with_one_character(record: Path, tmp_path: Path) -> None:
    pytest.importorskip("c2pa", reason="credentials need the extra: pip install 'misyn[credential]'")
    for name in ("key", "other"):
        signing.create(tmp_path / name, owner="A", now=datetime.now(UTC))
    with born(record, out=tmp_path / "out", key=tmp_path / "key") as birth:
        birth.save(PIXELS, "a.png")
    own, other = (signing.load(tmp_path / name).chain[-1:] for name in ("key", "other"))
    assert list(check(tmp_path / "out", roots=own)) == []
    assert "does not hold" in next(check(tmp_path / "out", roots=other))
    assert "does not hold" in next(check(tmp_path / "out"))
    text = (tmp_path / "out" / MANIFEST).read_text()
    (tmp_path / "out" / MANIFEST).write_text(text.replace('"seed": null', '"seed": "8"'))
    assert "does not hold" in next(check(tmp_path / "out", roots=own))


def test_what_a_crashed_birth_left_is_taken_over_as_far_as_it_holds(record: Path, tmp_path: Path) -> None:
    left = born(record, out=tmp_path / "out", now=NOW).start()
    for name in ("a.png", "b.png", "c.png"):
        left.save(PIXELS, name)
    left.journal.file.close()  # what the system does to a process that is killed
    (tmp_path / "out" / "b.png").unlink()
    (tmp_path / "out" / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with born(record, out=tmp_path / "out", now=NOW) as birth:
        birth.save(PIXELS, "d.png")
    assert [one["file"] for one in manifest(tmp_path / "out")["files"]] == ["a.png", "d.png"]  # type: ignore[attr-defined]
    assert [path.name for path in (tmp_path / "out").glob(".*")] == []


def test_a_journal_that_is_still_written_is_left_alone(record: Path, tmp_path: Path) -> None:
    other = born(record, out=tmp_path / "out", now=NOW).start()
    other.save(PIXELS, "a.png")
    with born(record, out=tmp_path / "out", now=NOW) as birth:
        birth.save(PIXELS, "b.png")
    assert manifest(tmp_path / "out")["n"] == 1
    other.close()
    assert manifest(tmp_path / "out")["n"] == 2
    assert list(check(tmp_path / "out", signed=False)) == []


def _draw(record: Path, out: Path, number: int) -> None:
    with born(record, out=out, now=NOW) as birth:
        for image in range(5):
            birth.save(PIXELS, f"{number}-{image}.png", seed=image)


def test_processes_that_draw_into_one_folder_are_all_listed(record: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_draw, args=(record, tmp_path / "out", number)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert manifest(tmp_path / "out")["n"] == 15
    assert list(check(tmp_path / "out", signed=False)) == []


def test_where_a_file_with_the_manifests_name_is_something_else_nothing_is_drawn(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("{}")
    with pytest.raises(InputError, match="move it away"):
        Journal.start(tmp_path)


def test_an_error_in_the_block_still_leaves_the_manifest(record: Path, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), born(record, out=tmp_path / "out", now=NOW) as birth:
        birth.save(PIXELS, "a.png")
        _ = 1 // 0
    assert manifest(tmp_path / "out")["n"] == 1
