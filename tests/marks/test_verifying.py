"""The verdict on a file, as people and programs get it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import misyn
from misyn.errors import NoImages, UsageError
from misyn.marks.collection import verify_all, verify_files
from misyn.marks.declaration import Declaration
from misyn.marks.evidence import summarise
from misyn.marks.metadata import writer_for
from misyn.marks.policy import Policy
from misyn.marks.verifying import FileVerdict, verify


def marked(data: bytes, kind: str, declaration: Declaration) -> bytes:
    target = io.BytesIO()
    writer_for(kind).write(io.BytesIO(data), target, declaration)
    return target.getvalue()


WEB_UI = b"parameters\0a mole\nSteps: 20, Sampler: Euler a, Seed: 7, Face restoration: CodeFormer"


def with_text(png: bytes) -> bytes:
    import struct
    import zlib

    chunk = struct.pack(">I", len(WEB_UI)) + b"tEXt" + WEB_UI + struct.pack(">I", zlib.crc32(b"tEXt" + WEB_UI))
    return png[:33] + chunk + png[33:]


@pytest.fixture
def folder(tmp_path: Path, built: dict[str, bytes], declaration: Declaration) -> Path:
    """A folder with one file of each verdict, and a stranger."""
    place = tmp_path / "images"
    (place / "b c").mkdir(parents=True)
    (place / "declared.png").write_bytes(marked(built["png"], "png", declaration))
    (place / "b c" / "ü.png").write_bytes(with_text(built["png"]))
    (place / "plain.jpg").write_bytes(built["jpeg"])
    (place / "cut.png").write_bytes(built["png"][:40])
    both = marked(built["dicom-explicit"], "dicom", declaration)
    both = both.replace(b"SyntheticData", b"SyntheticData").replace(b"CS\x04\0YES ", b"CS\x04\0NO  ", 1)
    (place / "disagrees.dcm").write_bytes(both)
    (place / "notes.txt").write_text("not an image")
    return place


def test_the_json_has_the_interface_s_shape(folder: Path, declaration: Declaration) -> None:
    document = verify_all([folder], workers=0)
    assert document["schema"] == "misyn/verify/1"
    assert json.loads(json.dumps(document)) == document
    files = {Path(file["path"]).name: file for file in document["files"]}
    assert {name: file["verdict"] for name, file in files.items()} == {
        "declared.png": "synthetic",
        "ü.png": "synthetic",
        "plain.jpg": "no-evidence",
        "cut.png": "unreadable",
        "disagrees.dcm": "contradictory",
    }
    assert document["summary"]["verdicts"] == {"synthetic": 2, "contradictory": 1, "no-evidence": 1, "unreadable": 1}
    assert document["summary"]["skipped"] == ["1 file is not an image and was skipped (.txt 1)"]
    for file in files.values():
        assert {
            "path",
            "verdict",
            "layers",
            "declaration",
            "status",
            "known_as_of",
            "problems",
            "explain",
        } <= file.keys()
        assert {"metadata", "credential", "watermark", "fingerprint", "label", "foreign"} == file["layers"].keys()
        assert (file["status"], file["known_as_of"]) == ("unknown", None)
        assert file["layers"]["credential"] == {"state": "absent", "searched": True, "found": False}
        assert file["layers"]["watermark"]["searched"] == (file["verdict"] != "unreadable")
        assert file["layers"]["watermark"]["p_value"] in (None, 1.0)
    assert files["declared.png"]["declaration"] == declaration.to_json()
    assert files["declared.png"]["layers"]["metadata"]["found"] is True


def test_a_foreign_trace_alone_is_synthetic_and_undeclared(folder: Path) -> None:
    verdict = verify(folder / "b c" / "ü.png")
    assert verdict.verdict == "synthetic"
    assert verdict.declaration is None
    assert not verdict.layers["metadata"]["found"]
    assert verdict.layers["foreign"]["traces"] == [
        {
            "trace": "png:parameters",
            "reveals": {
                "prompt": "a mole",
                "seed": "7",
                "sampler": "Euler a",
                "steps": "20",
                "post-processing": "Face restoration: CodeFormer",
            },
        }
    ]
    assert verdict.problems == (
        "undeclared: only the generator's own PNG text says so; no standard mark, no declaration",
    )
    assert "nobody declared it" in verdict.explain


def test_every_verdict_is_explained_in_one_sentence_and_none_says_medical(folder: Path) -> None:
    for path in folder.rglob("*.*"):
        explain = verify(path).explain
        assert explain.endswith(".")
        assert explain.count(". ") == 0
        assert "real" not in explain.lower().split()
    assert "does not make it a medical image" in verify(folder / "plain.jpg").explain


def test_a_folder_a_pipe_and_nothing_at_all_are_unreadable_and_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").write_bytes(b"")
    for name in ("pipe", "empty", "absent", ".", "a\0b"):
        verdict = verify(tmp_path / name)
        assert verdict.verdict == "unreadable"
        assert verdict.problems


def test_an_unreadable_file_still_has_every_layer(tmp_path: Path) -> None:
    assert verify(tmp_path / "absent").as_json()["layers"]["metadata"]["found"] is False


def test_cutting_a_marked_file_does_not_silence_its_mark(folder: Path, declaration: Declaration) -> None:
    path = folder / "declared.png"
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"IDAT") + 30])
    verdict = verify(path)
    assert verdict.verdict == "synthetic"
    assert verdict.declaration == declaration.to_json()
    assert "the file is damaged after what was read" in verdict.problems


def test_a_file_of_two_formats_says_so(tmp_path: Path, built: dict[str, bytes]) -> None:
    polyglot = bytearray(built["dicom-explicit"])
    polyglot[:8] = b"\x89PNG\r\n\x1a\n"
    (tmp_path / "a").write_bytes(polyglot)
    assert "the same bytes also start as png; that part was not looked at" in verify(tmp_path / "a").problems


def test_an_empty_policy_refuses_whatever_the_file_is(folder: Path) -> None:
    for name in ("plain.jpg", "notes.txt", "absent"):
        with pytest.raises(UsageError):
            verify(folder / name, policy=Policy(()))


def test_many_files_give_the_same_rows_on_one_worker_or_two(folder: Path) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    assert verify_files(paths, workers=2) == verify_files(paths, workers=0)


def test_nothing_to_verify_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoImages):
        verify_all([tmp_path])
    with pytest.raises(NoImages):
        verify_all([])


def test_the_evidence_counts_and_names_no_file(folder: Path, declaration: Declaration) -> None:
    files = verify_files(sorted(path for path in folder.rglob("*") if path.is_file()), workers=0)
    evidence = summarise(files)
    assert evidence == summarise([verify(Path(file["path"])) for file in files])
    assert evidence["schema"] == "misyn/marks/1"
    assert evidence["n_files"] == 6
    assert evidence["verdicts"] == {"synthetic": 2, "contradictory": 1, "no-evidence": 1, "unreadable": 2}
    assert evidence["layers"] == {"metadata": 2, "credential": 0, "watermark": 0, "fingerprint": 0, "label": 0}
    assert evidence["foreign"] == {"png:parameters": 1}
    assert evidence["foreign_only"] == 1
    assert (evidence["declared"], evidence["signed"]) == (2, 0)
    assert evidence["formats"] == {"dicom": 1, "jpeg": 1, "png": 3, "unknown": 1}
    assert evidence["techniques"] == [
        {"name": declaration.technique.name, "version": declaration.technique.version, "n": 2}
    ]
    assert evidence["records"] == [{"digest": declaration.record, "n": 2}]
    text = json.dumps(evidence, ensure_ascii=False)
    assert str(folder) not in text
    assert "a mole" not in text


def test_the_evidence_of_nothing_has_every_count() -> None:
    assert sum(summarise([])["verdicts"].values()) == 0


def test_a_verdict_can_be_hashed_and_compared() -> None:
    one, other = (FileVerdict(path=Path("a"), verdict="no-evidence") for _ in range(2))
    assert one == other
    assert len({one, other}) == 1


def test_the_public_names_are_functions_whatever_was_imported_before() -> None:
    code = (
        "import misyn.marks.marking, misyn.marks.verifying, misyn.marks.metadata.png, misyn;"
        "assert callable(misyn.mark) and callable(misyn.verify) and misyn.marks.mark is misyn.mark"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert misyn.verify is verify


def test_importing_the_room_imports_no_numerics_and_no_parser() -> None:
    heavy = ("numpy", "pydicom", "nibabel", "PIL", "xml", "defusedxml")
    code = f"import sys, misyn.marks.metadata, misyn.marks; assert not [m for m in {heavy!r} if m in sys.modules]"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
