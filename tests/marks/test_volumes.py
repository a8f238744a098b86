"""What is particular to NIfTI, NRRD and MetaImage: headers beside samples, other extensions, hostile headers."""

from __future__ import annotations

import gzip
import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import misyn
from misyn.errors import LimitExceeded, MalformedImage, MarkError, NoRoomForMark, UnreadableImage
from misyn.images.limits import Limits
from misyn.marks import mark, verify
from misyn.marks.declaration import Declaration, Technique
from misyn.marks.inspection import Inspection
from misyn.marks.metadata import nifti_header, writer_for


def inspected(kind: str, data: bytes) -> Inspection:
    return writer_for(kind).inspect(io.BytesIO(data))


def written(kind: str, data: bytes, declaration: Declaration) -> bytes:
    target = io.BytesIO()
    writer_for(kind).write(io.BytesIO(data), target, declaration)
    return target.getvalue()


def pair(folder: Path, *, ending: str = ".img") -> Path:
    """A NIfTI header beside its samples."""
    import nibabel

    folder.mkdir(parents=True, exist_ok=True)
    kind: Any = nibabel.Nifti1Pair
    kind(np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.eye(4)).to_filename(str(folder / f"pair{ending}"))
    return folder / "pair.hdr"


def test_a_pair_is_marked_in_its_header_and_the_samples_go_along(tmp_path: Path, declaration: Declaration) -> None:
    import nibabel

    header = pair(tmp_path / "in")
    result = mark(header, declaration=declaration, out=tmp_path / "out" / "pair.hdr")
    assert (tmp_path / "out" / "pair.img").read_bytes() == (tmp_path / "in" / "pair.img").read_bytes()
    assert misyn.read(result.target).digest == misyn.read(header).digest
    assert verify(result.target).verdict == "synthetic"
    loaded: Any = nibabel.load(result.target)
    assert np.array_equal(np.asanyarray(loaded.dataobj), np.arange(60).reshape(3, 4, 5))


def test_a_pair_in_place_leaves_the_samples_file_alone(tmp_path: Path, declaration: Declaration) -> None:
    header = pair(tmp_path)
    samples = (tmp_path / "pair.img").stat()
    mark(header, declaration=declaration, in_place=True)
    assert (tmp_path / "pair.img").stat().st_mtime_ns == samples.st_mtime_ns
    assert verify(header).declaration == declaration.to_json()


def headers_beside_samples(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for n in (1, 2, 3):
        (folder / f"s{n:02}.raw").write_bytes(bytes(range(20)))
    nrrd = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 5 4 3\nencoding: raw\n"
    mhd = "ObjectType = Image\nNDims = 3\nDimSize = 5 4 3\nElementType = MET_UCHAR\n"
    texts = {
        "one.nhdr": nrrd.replace("5 4 3", "5 4 1") + "data file: s01.raw\n",
        "pattern.nhdr": nrrd + "datafile: s%02d.raw 1 3 1 2\n",
        "list.nhdr": nrrd + "data file: LIST\ns01.raw\ns02.raw\ns03.raw\n",
        "one.mhd": mhd.replace("5 4 3", "5 4 1") + "ElementDataFile = s01.raw\n",
        "pattern.mhd": mhd + "ElementDataFile = s%02d.raw 1 3 1\n",
        "list.mhd": mhd + "ElementDataFile = LIST\ns01.raw\ns02.raw\ns03.raw\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder / name for name in texts]


def test_files_of_samples_named_by_a_header_go_along(tmp_path: Path, declaration: Declaration) -> None:
    for n, header in enumerate(headers_beside_samples(tmp_path / "in")):
        out = tmp_path / f"out {n}"
        out.mkdir()
        result = mark(header, declaration=declaration, out=out)
        expected = ["s01.raw"] if header.stem == "one" else ["s01.raw", "s02.raw", "s03.raw"]
        assert sorted(p.name for p in out.iterdir()) == sorted([header.name, *expected]), header.name
        assert verify(result.target).declaration == declaration.to_json()
        if header.stem == "one":
            assert misyn.read(result.target).digest == misyn.read(header).digest


@pytest.mark.parametrize("name", ["one.nhdr", "one.mhd"])
def test_samples_outside_the_headers_folder_are_not_copied(name: str, tmp_path: Path, declaration: Declaration) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    header = next(path for path in headers_beside_samples(tmp_path / "in") if path.name == name)
    header.write_text(header.read_text().replace("s01.raw", "../secret"))
    with pytest.raises(UnreadableImage, match="folder"):
        mark(header, declaration=declaration, out=tmp_path / "out" / name)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "pattern", ["s%99999999d.raw 1 3 1", "s%d.raw 0 99999999 1", "s%s.raw 1 3 1", "s%d%d.raw 1 2 1"]
)
def test_hostile_patterns_end_in_a_typed_error(pattern: str, tmp_path: Path, declaration: Declaration) -> None:
    header = tmp_path / "a.mhd"
    header.write_text(
        f"ObjectType = Image\nNDims = 2\nDimSize = 5 4\nElementType = MET_UCHAR\nElementDataFile = {pattern}\n"
    )
    with pytest.raises(MalformedImage):
        mark(header, declaration=declaration, out=tmp_path / "b.mhd")


def test_nifti_descrip_keeps_what_fits_and_the_extension_keeps_it_whole(
    built: dict[str, bytes], declaration: Declaration
) -> None:
    once = written("nifti", built["nifti-descrip-extension"], declaration)
    assert once[148:228].rstrip(b"\0") == b'SyntheticData=YES pca "mole" & co; FSL5.0'
    again = written("nifti", once, declaration)
    assert again == once
    full = gzip.decompress(written("nifti", built["nifti-gz"], declaration))
    assert full[148:228] == b"SyntheticData=YES; " + b"d" * 60 + b"\0"
    assert json.dumps("d" * 79).encode() in full


def test_nifti_the_statement_survives_where_extensions_are_dropped(
    built: dict[str, bytes], declaration: Declaration
) -> None:
    data = bytearray(written("nifti", built["nifti"], declaration))
    data[348:352] = bytes(4)
    mark_ = inspected("nifti", bytes(data)).mark
    assert mark_ is not None
    assert mark_.says_synthetic
    assert not mark_.declarations


def test_nifti_bytes_of_unknown_meaning_before_the_samples_are_not_lost(
    built: dict[str, bytes], declaration: Declaration
) -> None:
    plain = built["nifti"]
    data = bytearray(plain[:352] + b"unknown bytes..." + plain[352:])
    struct.pack_into("<f", data, 108, 368.0)
    with pytest.raises(NoRoomForMark, match="unknown meaning"):
        written("nifti", bytes(data), declaration)
    data[352:368] = bytes(16)
    assert written("nifti", bytes(data), declaration) == written("nifti", plain, declaration)


@pytest.mark.parametrize(
    ("at", "code", "value"),
    [
        pytest.param(108, "<f", float("nan"), id="vox_offset not a number"),
        pytest.param(108, "<f", 100.0, id="vox_offset inside the header"),
        pytest.param(108, "<f", 3e9, id="vox_offset beyond any header"),
        pytest.param(352, "<i", 7, id="extension of 7 bytes"),
        pytest.param(352, "<i", 1 << 28, id="extension beyond the samples"),
        pytest.param(344, "<i", 0x41414141, id="no magic"),
    ],
)
def test_hostile_nifti_headers_end_in_a_typed_error(
    at: int, code: str, value: float, built: dict[str, bytes], declaration: Declaration
) -> None:
    data = bytearray(built["nifti-descrip-extension"])
    struct.pack_into(code, data, at, value)
    with pytest.raises((UnreadableImage, MarkError)):
        written("nifti", bytes(data), declaration)
    assert inspected("nifti", bytes(data)).mark is None


def test_a_gzip_bomb_is_neither_inflated_into_memory_nor_onto_the_disk(
    built: dict[str, bytes], declaration: Declaration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nifti_header, "DEFAULT", Limits(ratio_from=1 << 20))
    bomb = gzip.compress(built["nifti"] + bytes(20 << 20), 9)
    with pytest.raises(LimitExceeded):
        written("nifti", bomb, declaration)
    assert inspected("nifti", bomb).damage is None


def test_a_damaged_gzip_stream_ends_in_a_typed_error(built: dict[str, bytes], declaration: Declaration) -> None:
    data = built["nifti-gz"]
    for broken in (data[:-9], data[:40], data[:200] + b"\xff" * 40 + data[240:]):
        with pytest.raises(UnreadableImage):
            written("nifti", broken, declaration)


def test_duplicate_keys_in_an_extension_do_not_hold(built: dict[str, bytes], declaration: Declaration) -> None:
    text = declaration.to_text()
    content = f'{{"declaration":{text},"declaration":{text}}}'.encode()
    size = -(-(8 + len(content)) // 16) * 16
    extension = struct.pack("<ii", size, 6) + content.ljust(size - 8, b"\0")
    data = bytearray(built["nifti"][:348] + b"\1\0\0\0" + extension + built["nifti"][352:])
    struct.pack_into("<f", data, 108, 352.0 + size)
    found = inspected("nifti", bytes(data)).mark
    assert found is not None
    assert not found.declarations
    assert len(found.malformed) == 1


def test_analyze_and_mgh_have_no_room_and_the_sentence_names_nifti(
    built: dict[str, bytes], declaration: Declaration, tmp_path: Path
) -> None:
    analyze = bytearray(built["nifti"])
    analyze[344:348], analyze[38:39] = bytes(4), b"r"
    (tmp_path / "old.hdr").write_bytes(analyze[:348])
    (tmp_path / "brain.mgh").write_bytes(struct.pack(">4i", 1, 5, 5, 5) + bytes(300))
    (tmp_path / "brain.mgz").write_bytes(gzip.compress(struct.pack(">4i", 1, 5, 5, 5) + bytes(300)))
    for name in ("old.hdr", "brain.mgh", "brain.mgz"):
        with pytest.raises(NoRoomForMark, match="convert it to NIfTI"):
            mark(tmp_path / name, declaration=declaration, in_place=True)
        assert verify(tmp_path / name).verdict in ("no-evidence", "unreadable")


def test_nrrd_escapes_are_undone_and_unescaped_spellings_are_read_too(built: dict[str, bytes]) -> None:
    declared = Declaration(
        technique=Technique(name="back\\slash é \\n"), responsible='quote "', created="2026-11-22T10:00:00Z"
    )
    after = written("nrrd", built["nrrd"], declared)
    unescaped = after.replace(b"\\\\", b"\\")
    assert unescaped != after
    for data in (after, unescaped):
        found = inspected("nrrd", data).mark
        assert found is not None
        assert found.declarations == (declared,)


def test_nrrd_of_the_first_version_becomes_the_second_and_keeps_its_line_endings(
    built: dict[str, bytes], declaration: Declaration
) -> None:
    before, after = built["nrrd-1-crlf"], written("nrrd", built["nrrd-1-crlf"], declaration)
    head = after.partition(b"\r\n\r\n")[0]
    assert head.startswith(b"NRRD0002\r\n# a comment\r\ntype: short\r\n")
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert after.partition(b"\r\n\r\n")[2] == before.partition(b"\r\n\r\n")[2]


def test_metaimage_the_keys_come_before_the_line_that_ends_the_header(
    built: dict[str, bytes], declaration: Declaration
) -> None:
    lines = written("metaimage", built["mha"], declaration).partition(b"ElementDataFile = LOCAL\n")[0].splitlines()
    assert lines[-2] == b"SyntheticData = YES"
    assert lines[-1].startswith(b"misyn_declaration = {")
    assert b"\n".join(lines[:-2]) + b"\n" == built["mha"].partition(b"ElementDataFile")[0]


def test_metaimage_whose_header_size_fixes_the_samples_has_no_room(
    built: dict[str, bytes], declaration: Declaration
) -> None:
    data = built["mha"].replace(b"NDims = 3\n", b"NDims = 3\nHeaderSize = 400\n")
    with pytest.raises(NoRoomForMark, match="HeaderSize"):
        written("metaimage", data, declaration)


@pytest.mark.parametrize("kind", ["nrrd", "metaimage"])
def test_a_header_without_an_end_is_malformed(kind: str, declaration: Declaration) -> None:
    start = b"NRRD" if kind == "nrrd" else b"ObjectType = Image\n"
    for data in (b"", start, start + b"x" * (17 << 20)):
        with pytest.raises(MalformedImage):
            written(kind, data, declaration)
        assert inspected(kind, data).mark is None
