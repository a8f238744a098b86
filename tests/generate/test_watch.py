"""An unmarked image under a watched folder is an error: before Python writes it, afterwards where others did."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image as Pillow

from misyn.errors import UnmarkedImage, WouldOverwrite
from misyn.generate.born import born
from misyn.marks import verify

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PICTURE = Pillow.fromarray(np.zeros((8, 8, 3), np.uint8))


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "misyn.yaml"
    path.write_text("misyn: 1\ntechnique: {name: toy, version: '1'}\nresponsible: A. Author\n")
    return path


def test_a_picture_saved_by_pillow_is_refused_before_a_byte_is_written(record: Path, tmp_path: Path) -> None:
    with born(record, out=tmp_path / "out", now=NOW) as birth:
        with pytest.raises(UnmarkedImage, match=r"born\.open"):
            PICTURE.save(birth.out / "a.png")
        with pytest.raises(UnmarkedImage):
            nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2)), np.eye(4)), birth.out / "a.nii.gz")  # type: ignore[no-untyped-call]
        PICTURE.save(tmp_path / "elsewhere.png")
        (birth.out / "notes.txt").write_text("text is no image")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]
    PICTURE.save(tmp_path / "out" / "a.png")  # nobody watches any more


@pytest.mark.parametrize("how", ["rename", "link", "copy", "symlink"])
def test_an_unmarked_image_cannot_be_moved_or_linked_in(record: Path, tmp_path: Path, how: str) -> None:
    plain = tmp_path / "plain.png"
    PICTURE.save(plain)
    with born(record, out=tmp_path / "out", now=NOW) as birth, pytest.raises(UnmarkedImage):
        target = birth.out / "a.png"
        if how == "rename":
            plain.rename(target)
        elif how == "link":
            target.hardlink_to(plain)
        elif how == "copy":
            shutil.copy(plain, target)
        else:
            target.symlink_to(plain)


def test_the_same_code_saves_marked_through_a_file_of_the_birth(record: Path, tmp_path: Path) -> None:
    with born(record, out=tmp_path / "out", now=NOW) as birth:
        for name, kind in (("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.webp", "WEBP"), ("a.gif", "GIF")):
            with birth.open(name, seed=3, condition="a patch") as file:
                PICTURE.save(file, kind)
        with pytest.raises(WouldOverwrite), birth.open("a.png") as file:
            PICTURE.save(file, "PNG")
    for path in (tmp_path / "out").glob("a.*"):
        verdict = verify(path)
        assert verdict.verdict == "synthetic", path
        assert verdict.declaration is not None
        assert verdict.declaration["making"]["seed"] == "3"
    assert birth.count == 4


def test_what_another_program_wrote_is_found_at_the_end_whatever_its_name(record: Path, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    PICTURE.save(buffer, "PNG")
    code = f"import pathlib; pathlib.Path(r'{tmp_path}/out/picture.data').write_bytes({buffer.getvalue()!r})"
    said = r"1 without a declaration: picture\.data"
    with pytest.raises(UnmarkedImage, match=said), born(record, out=tmp_path / "out", now=NOW) as birth:
        birth.save(PICTURE, "a.png")
        subprocess.run([sys.executable, "-c", code], check=True)


def test_an_image_that_was_there_before_is_not_this_births_matter(record: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    PICTURE.save(tmp_path / "out" / "old.png")
    with born(record, out=tmp_path / "out", now=NOW) as birth:
        birth.save(PICTURE, "a.png")


def test_an_error_of_the_block_is_not_hidden_by_what_the_watch_finds(record: Path, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught, born(record, out=tmp_path / "out", now=NOW):
        code = f"import pathlib; pathlib.Path(r'{tmp_path}/out/a.gif').write_bytes(b'GIF89a')"
        subprocess.run([sys.executable, "-c", code], check=True)
        _ = 1 // 0
    assert "a.gif" in caught.value.__notes__[0]


def test_a_watch_that_was_turned_off_leaves_a_trace(record: Path, tmp_path: Path) -> None:
    with born(record, out=tmp_path / "out", now=NOW, unsafe_unwatched=True) as birth:
        PICTURE.save(birth.out / "plain.png")
        birth.save(PICTURE, "a.png")
    assert '"unsafe_unwatched": true' in (tmp_path / "out" / "misyn-manifest.json").read_text()
