"""The BIDS sidecar: merged, whole or not at all, read with the image, never replaced by surprise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from misyn.errors import MarkError, WouldOverwrite
from misyn.marks import Declaration, mark, verify


@pytest.fixture
def volume(tmp_path: Path, built: dict[str, bytes]) -> Path:
    path = tmp_path / "in" / "sub-01_T1w.nii.gz"
    path.parent.mkdir()
    path.write_bytes(built["nifti-gz"])
    return path


BIDS = '{"RepetitionTime": 2.0e0, "Ünits": "s", "nested": {"b": [1, null], "a": true}}'


def test_the_sidecar_is_merged_and_everything_else_in_it_stays(volume: Path, declaration: Declaration) -> None:
    place = volume.parent / "sub-01_T1w.json"
    place.write_text(BIDS, encoding="utf-8")
    result = mark(volume, declaration=declaration, in_place=True, sidecar=True)
    content = json.loads(place.read_text(encoding="utf-8"))
    assert content.pop("SyntheticData") == "YES"
    assert Declaration.from_json(content.pop("MisynDeclaration")) == declaration
    assert list(content.items()) == list(json.loads(BIDS).items())
    assert "sub-01_T1w.json" in " ".join(result.notes)
    mark(volume, declaration=declaration, in_place=True, sidecar=True)
    assert len(json.loads(place.read_text(encoding="utf-8"))) == 5
    assert verify(volume).verdict == "synthetic"


def test_without_being_asked_no_sidecar_is_touched_and_one_that_is_there_is_mentioned(
    volume: Path, declaration: Declaration
) -> None:
    place = volume.parent / "sub-01_T1w.json"
    assert mark(volume, declaration=declaration, in_place=True).notes == ()
    assert not place.exists()
    place.write_text(BIDS, encoding="utf-8")
    result = mark(volume, declaration=declaration, in_place=True)
    assert any("sidecar" in note for note in result.notes)
    assert place.read_text(encoding="utf-8") == BIDS


def test_a_statement_in_the_sidecar_alone_is_found(
    volume: Path, built: dict[str, bytes], declaration: Declaration
) -> None:
    mark(volume, declaration=declaration, in_place=True, sidecar=True)
    volume.write_bytes(built["nifti-gz"])  # as a program that drops extension and descrip leaves it
    verdict = verify(volume)
    assert (verdict.verdict, verdict.declaration) == ("synthetic", declaration.to_json())
    assert verdict.layers["metadata"]["fields"] == [
        {"field": "SyntheticData (BIDS sidecar)", "value": "YES", "synthetic": True}
    ]


def test_a_sidecar_that_says_no_contradicts_a_marked_image(volume: Path, declaration: Declaration) -> None:
    mark(volume, declaration=declaration, in_place=True)
    (volume.parent / "sub-01_T1w.json").write_text('{"SyntheticData": "NO"}')
    verdict = verify(volume)
    assert (verdict.verdict, "C1" in verdict.rules) == ("contradictory", True)


def test_a_copy_takes_the_sidecar_along_and_replaces_none_by_surprise(
    volume: Path, declaration: Declaration, tmp_path: Path
) -> None:
    (volume.parent / "sub-01_T1w.json").write_text(BIDS, encoding="utf-8")
    out = tmp_path / "out"
    out.mkdir()
    mark(volume, declaration=declaration, out=out, sidecar=True)
    assert json.loads((out / "sub-01_T1w.json").read_text(encoding="utf-8"))["RepetitionTime"] == 2
    assert (volume.parent / "sub-01_T1w.json").read_text(encoding="utf-8") == BIDS
    (out / "sub-01_T1w.nii.gz").unlink()
    (out / "sub-01_T1w.json").write_text("{}")
    with pytest.raises(WouldOverwrite, match="sidecar"):
        mark(volume, declaration=declaration, out=out, sidecar=True)
    assert (out / "sub-01_T1w.json").read_text() == "{}"
    assert not (out / "sub-01_T1w.nii.gz").exists()
    mark(volume, declaration=declaration, out=out, sidecar=True, overwrite=True)
    assert verify(out / "sub-01_T1w.nii.gz").verdict == "synthetic"


@pytest.mark.parametrize("text", ["[1]", "{", '{"a": 1, "a": 2}', ""])
def test_a_sidecar_that_is_no_object_is_refused_and_nothing_is_marked(
    text: str, volume: Path, declaration: Declaration
) -> None:
    place, before = volume.parent / "sub-01_T1w.json", volume.read_bytes()
    place.write_text(text)
    with pytest.raises(MarkError, match="JSON object"):
        mark(volume, declaration=declaration, in_place=True, sidecar=True)
    assert (place.read_text(), volume.read_bytes()) == (text, before)
    assert any("sidecar was not read" in problem for problem in verify(volume).problems)


def test_only_nifti_has_a_sidecar(tmp_path: Path, built: dict[str, bytes], declaration: Declaration) -> None:
    (tmp_path / "a.png").write_bytes(built["png"])
    mark(tmp_path / "a.png", declaration=declaration, in_place=True, sidecar=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
