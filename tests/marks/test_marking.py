"""Marking a file: whole or not at all, never over another file, never silently over a medical image."""

from __future__ import annotations

import dataclasses
import io
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file

import misyn
from misyn.errors import (
    AcquiredFromPatient,
    MarkError,
    NoRoomForMark,
    UnknownFormat,
    UnreadableImage,
    UsageError,
    WouldOverwrite,
)
from misyn.marks import mark, verify
from misyn.marks.declaration import Declaration, Technique
from misyn.marks.metadata import Writer

NOT_ROOT = pytest.mark.skipif(os.geteuid() == 0, reason="root may write anything; run as another user to test this")


@pytest.fixture
def png(tmp_path: Path, built: dict[str, bytes]) -> Path:
    path = tmp_path / "in" / "an image.png"
    path.parent.mkdir()
    path.write_bytes(built["png"])
    return path


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.name.endswith(".misyn-part")]


def test_a_copy_is_marked_and_the_original_untouched(png: Path, declaration: Declaration, tmp_path: Path) -> None:
    before = png.read_bytes()
    result = mark(png, declaration=declaration, out=tmp_path / "new" / "folder" / "b.png")
    assert result.target == tmp_path / "new" / "folder" / "b.png"
    assert (result.format, result.layers, result.declaration, result.notes) == ("png", ("metadata",), declaration, ())
    assert png.read_bytes() == before
    assert verify(result.target).declaration == declaration.to_json()
    assert misyn.read(result.target).digest == misyn.read(png).digest
    assert result.as_json()["declaration"] == declaration.digest


def test_a_folder_that_is_there_takes_the_copy_under_its_own_name(
    png: Path, declaration: Declaration, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    assert mark(str(png), declaration=declaration, out=str(tmp_path / "out")).target == tmp_path / "out" / png.name


def test_in_place_replaces_the_file_and_keeps_its_permissions(png: Path, declaration: Declaration) -> None:
    png.chmod(0o640)
    result = mark(png, declaration=declaration, in_place=True)
    assert result.target == png.resolve()
    assert png.stat().st_mode & 0o777 == 0o640
    assert verify(png).verdict == "synthetic"
    assert leftovers(png.parent) == []


def test_a_copy_never_replaces_a_file_without_being_told(png: Path, declaration: Declaration, tmp_path: Path) -> None:
    target = tmp_path / "there.png"
    target.write_bytes(b"precious")
    with pytest.raises(WouldOverwrite, match="overwrite"):
        mark(png, declaration=declaration, out=target)
    assert target.read_bytes() == b"precious"
    mark(png, declaration=declaration, out=target, overwrite=True)
    assert verify(target).verdict == "synthetic"


def test_a_file_that_appears_while_we_write_is_not_replaced(
    png: Path, declaration: Declaration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "late.png"
    write = Writer.write

    def slow(self: Writer, source: Any, part: Any, declared: Declaration) -> None:
        target.write_bytes(b"precious")
        write(self, source, part, declared)

    monkeypatch.setattr(Writer, "write", slow)
    with pytest.raises(WouldOverwrite):
        mark(png, declaration=declaration, out=target)
    assert target.read_bytes() == b"precious"
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "expected out or in_place, found neither"),
        ({"out": "x", "in_place": True}, "found both"),
        ({"in_place": True, "force": " "}, "expected a reason"),
        ({"in_place": True, "layers": ("metadata", "watermarks")}, "expected layers out of metadata"),
        ({"in_place": True, "layers": ()}, "expected layers"),
    ],
)
def test_arguments_that_cannot_mean_anything_are_refused(
    arguments: dict[str, Any], expected: str, png: Path, declaration: Declaration
) -> None:
    before = png.read_bytes()
    with pytest.raises(UsageError, match=expected):
        mark(png, declaration=declaration, **arguments)
    assert png.read_bytes() == before


def test_a_copy_onto_itself_is_refused(png: Path, declaration: Declaration, tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(png)
    for out in (png, png.parent, tmp_path / "link.png", png.parent / ".." / "in" / png.name):
        with pytest.raises(UsageError, match="in_place"):
            mark(png, declaration=declaration, out=out, overwrite=True)


def test_a_symbolic_link_stays_and_its_file_is_replaced(png: Path, declaration: Declaration, tmp_path: Path) -> None:
    link = tmp_path / "link.png"
    link.symlink_to(png)
    result = mark(link, declaration=declaration, in_place=True)
    assert link.is_symlink()
    assert verify(png).verdict == "synthetic"
    assert result.notes == ("a symbolic link: it stays, and the file it leads to was replaced",)


def test_a_copy_of_a_linked_file_is_a_file_of_its_own(png: Path, declaration: Declaration, tmp_path: Path) -> None:
    link = tmp_path / "link.png"
    link.symlink_to(png)
    before = png.read_bytes()
    target = mark(link, declaration=declaration, out=tmp_path / "copy.png").target
    assert not target.is_symlink()
    assert png.read_bytes() == before


def test_a_link_where_the_copy_goes_is_not_written_through(png: Path, declaration: Declaration, tmp_path: Path) -> None:
    precious, link = tmp_path / "precious.png", tmp_path / "link.png"
    precious.write_bytes(b"precious")
    link.symlink_to(precious)
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere.png")
    for place in (link, tmp_path / "dangling.png"):
        with pytest.raises(WouldOverwrite):
            mark(png, declaration=declaration, out=place)
    result = mark(png, declaration=declaration, out=link, overwrite=True)
    assert precious.read_bytes() == b"precious"
    assert not link.is_symlink()
    assert "untouched" in result.notes[0]


def test_other_names_of_a_hard_linked_file_are_said_to_hold_the_unmarked_image(
    png: Path, declaration: Declaration, tmp_path: Path
) -> None:
    (tmp_path / "other.png").hardlink_to(png)
    result = mark(png, declaration=declaration, in_place=True)
    assert result.notes == ("hard-linked: 1 other name of this file still holds the unmarked image",)
    assert verify(png).verdict == "synthetic"
    assert verify(tmp_path / "other.png").verdict == "no-evidence"


def test_a_read_only_file_is_not_replaced_and_can_be_copied(
    png: Path, declaration: Declaration, tmp_path: Path
) -> None:
    before = png.read_bytes()
    png.chmod(0o444)
    with pytest.raises(MarkError, match="read-only"):
        mark(png, declaration=declaration, in_place=True)
    assert png.read_bytes() == before
    assert verify(mark(png, declaration=declaration, out=tmp_path / "b.png").target).verdict == "synthetic"


@NOT_ROOT
def test_a_folder_that_may_not_be_written_leaves_the_file_alone(png: Path, declaration: Declaration) -> None:
    before = png.read_bytes()
    png.parent.chmod(0o500)
    try:
        with pytest.raises(OSError, match="Permission"):
            mark(png, declaration=declaration, in_place=True)
    finally:
        png.parent.chmod(0o700)
    assert png.read_bytes() == before


@pytest.mark.parametrize("in_place", [True, False])
def test_a_disk_that_fills_up_leaves_everything_as_it_was(
    in_place: bool, png: Path, declaration: Declaration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = png.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("misyn.marks.metadata.png.splice", full)
    with pytest.raises(OSError, match="No space"):
        mark(png, declaration=declaration, in_place=in_place, out=None if in_place else tmp_path / "b.png")
    assert png.read_bytes() == before
    assert not (tmp_path / "b.png").exists()
    assert leftovers(tmp_path) == []


def test_a_mark_that_cannot_be_read_back_gets_no_name(
    png: Path, declaration: Declaration, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = png.read_bytes()
    monkeypatch.setattr(Writer, "write", lambda _self, source, target, _declared: target.write(source.read()))
    with pytest.raises(MarkError, match="read back"):
        mark(png, declaration=declaration, in_place=True)
    assert png.read_bytes() == before


def test_marking_again_replaces_the_same_techniques_declaration_and_says_so(
    png: Path, declaration: Declaration
) -> None:
    mark(png, declaration=declaration, in_place=True)
    newer = dataclasses.replace(declaration, created="2027-01-01T00:00:00Z")
    assert mark(png, declaration=newer, in_place=True).notes == (
        "an earlier declaration of this technique was replaced",
    )
    assert verify(png).declaration == newer.to_json()


def test_another_techniques_declaration_is_not_replaced_without_a_reason(png: Path, declaration: Declaration) -> None:
    other = dataclasses.replace(declaration, technique=Technique(name="other"))
    mark(png, declaration=other, in_place=True)
    before = png.read_bytes()
    with pytest.raises(MarkError, match="another technique"):
        mark(png, declaration=declaration, in_place=True)
    assert png.read_bytes() == before
    result = mark(png, declaration=declaration, in_place=True, force="the record was wrong")
    assert result.declaration.forced == "the record was wrong"
    assert verify(png).declaration == result.declaration.to_json()


def test_a_reason_that_was_not_needed_is_not_recorded(png: Path, declaration: Declaration) -> None:
    assert mark(png, declaration=declaration, in_place=True, force="just in case").declaration.forced is None


def medical(place: Path) -> Path:
    """pydicom's own CT slice: ORIGINAL, with a patient, a device and an acquisition in its header."""
    place.write_bytes(Path(str(get_testdata_file("CT_small.dcm", download=False))).read_bytes())
    return place


def photograph(place: Path) -> Path:
    from PIL import Image

    exif = Image.Exif()
    exif[271], exif[272] = "a maker", "a model"
    exif.get_ifd(0x8769)[36867] = "2026:01:01 00:00:00"
    Image.new("RGB", (40, 40), (200, 100, 50)).save(place, exif=exif)
    return place


def scan(place: Path) -> Path:
    import numpy as np
    import tifffile

    tags = [
        (271, "s", 0, "a maker", True),
        (272, "s", 0, "a model", True),
        (36867, "s", 0, "2026:01:01 00:00:00", True),
    ]
    tifffile.imwrite(place, np.zeros((40, 40), np.uint8), extratags=tags)
    return place


def said_no(place: Path) -> Path:
    dataset = pydicom.dcmread(str(get_testdata_file("SC_rgb_small_odd.dcm", download=False)))
    dataset.add_new(0x0008001C, "CS", "NO")
    dataset.save_as(place)
    return place


@pytest.mark.parametrize(
    ("make", "name"), [(medical, "ct.dcm"), (photograph, "p.jpg"), (scan, "p.tif"), (said_no, "no.dcm")]
)
def test_a_medical_image_is_marked_only_with_a_reason_and_the_verdict_says_what_speaks_against_it(
    make: Any, name: str, declaration: Declaration, tmp_path: Path
) -> None:
    path = make(tmp_path / name)
    before = path.read_bytes()
    with pytest.raises(AcquiredFromPatient, match="force"):
        mark(path, declaration=declaration, in_place=True)
    assert path.read_bytes() == before
    result = mark(path, declaration=declaration, in_place=True, force="a phantom, not a patient")
    assert result.declaration.forced == "a phantom, not a patient"
    assert result.notes
    assert all(note.startswith("forced, although ") for note in result.notes)
    verdict = verify(path)
    assert verdict.declaration is not None
    assert verdict.declaration["forced"] == "a phantom, not a patient"
    if make is said_no:  # the one statement against it had to give way to the mark
        assert verdict.verdict == "synthetic"
    else:
        assert verdict.verdict == "contradictory"
        assert any(problem.startswith("this speaks against the mark") for problem in verdict.problems)
    assert any("forced" in problem for problem in verdict.problems)


def test_the_refusal_names_no_patient(tmp_path: Path, declaration: Declaration) -> None:
    path = medical(tmp_path / "ct.dcm")
    patient = str(pydicom.dcmread(path).PatientID)
    with pytest.raises(AcquiredFromPatient) as caught:
        mark(path, declaration=declaration, in_place=True)
    assert patient not in str(caught.value)
    assert patient not in str(verify(path).as_json())


def test_an_image_to_image_technique_declares_its_source_and_explains_the_header(tmp_path: Path) -> None:
    path = medical(tmp_path / "ct.dcm")
    declared = Declaration(
        technique=Technique(name="denoiser", kind="image-to-image"),
        responsible="A",
        created="2026-11-22T10:00:00Z",
        derived_from=(misyn.read(path).digest,),
    )
    mark(path, declaration=declared, in_place=True, force="its output keeps the patient's header")
    assert verify(path).verdict == "synthetic"


def test_formats_without_room_and_strangers_are_refused(tmp_path: Path, declaration: Declaration) -> None:
    (tmp_path / "a.mgh").write_bytes(b"\0\0\0\1" + bytes(400))
    (tmp_path / "a.txt").write_text("words")
    for name, error in (
        ("a.mgh", NoRoomForMark),
        ("a.txt", UnknownFormat),
        ("absent", UnreadableImage),
        (".", UsageError),
    ):
        with pytest.raises(error):
            mark(tmp_path / name, declaration=declaration, in_place=True)


KILLED = """
import sys
from pathlib import Path
from misyn.marks import Declaration, mark
print("ready", flush=True)
declared = Declaration.from_json(sys.argv[2])
while True:
    mark(Path(sys.argv[1]), declaration=declared, in_place=True)
"""


def test_a_killed_mark_leaves_the_old_file_or_the_new_one_whole(
    tmp_path: Path, built: dict[str, bytes], declaration: Declaration
) -> None:
    path = tmp_path / "volume.nii"
    path.write_bytes(built["nifti"] + bytes(4 << 20))
    digest = misyn.read(path).digest
    old = path.read_bytes()
    mark(path, declaration=declaration, in_place=True)
    new = path.read_bytes()
    chance = random.Random(7)  # noqa: S311 - when to kill
    for _ in range(6):
        path.write_bytes(old)
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path), declaration.to_text()], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
        process.stdout.close()
        assert path.read_bytes() in (old, new)
        assert misyn.read(path).digest == digest


WRITES = """
import os, sys
from pathlib import Path
import misyn.marks.metadata.splice as splice, misyn.atomic as atomic
from misyn.marks import Declaration, mark

steps = 0
def counted(function):
    def call(*arguments, **named):
        global steps
        steps += 1
        if steps == int(sys.argv[3]):
            os.kill(os.getpid(), 9)
        return function(*arguments, **named)
    return call

for module, name in ((os, "fsync"), (os, "link"), (os, "chmod"), (splice, "_copy"), (atomic, "sync_folder")):
    setattr(module, name, counted(getattr(module, name)))
Path.replace, Path.unlink = counted(Path.replace), counted(Path.unlink)
mark(Path(sys.argv[1]), declaration=Declaration.from_json(sys.argv[2]), in_place=True)
"""


def test_a_mark_killed_at_each_of_its_steps_leaves_a_whole_file(
    tmp_path: Path, built: dict[str, bytes], declaration: Declaration
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(built["png"])
    mark(path, declaration=declaration, in_place=True)
    new, seen = path.read_bytes(), []
    for step in range(1, 12):
        path.write_bytes(built["png"])
        done = subprocess.run(
            [sys.executable, "-c", WRITES, str(path), declaration.to_text(), str(step)], check=False, timeout=60
        )
        seen.append("old" if path.read_bytes() == built["png"] else "new")
        assert path.read_bytes() in (built["png"], new)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
    assert seen[0] == "old"
    assert seen[-2:] == ["new", "new"]  # killed after the rename, and not killed


def test_exclusive_writing_works_where_there_are_no_hard_links(
    png: Path, declaration: Declaration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: Any) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", unsupported)
    target = mark(png, declaration=declaration, out=tmp_path / "b.png").target
    assert verify(target).verdict == "synthetic"
    with pytest.raises(WouldOverwrite):
        mark(png, declaration=declaration, out=target)
    assert leftovers(tmp_path) == []
    assert io.BytesIO(target.read_bytes()).getbuffer().nbytes > png.stat().st_size
