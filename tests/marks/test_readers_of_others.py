"""What was marked, read by programs that others wrote: they see the mark, and the same image as before."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from misyn.marks.declaration import Declaration
from misyn.marks.metadata import writer_for

TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
PICTURES = ("png", "jpeg", "webp", "tiff", "gif")
KINDS = {"jpeg": ".jpg", "tiff": ".tif"}

exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed; it reads our XMP")
dcmtk = pytest.mark.skipif(shutil.which("dcmdump") is None, reason="dcmtk is not installed; it reads our DICOM files")


def mark_at(path: Path, kind: str, data: bytes, declaration: Declaration) -> bytes:
    target = io.BytesIO()
    writer_for(kind).write(io.BytesIO(data), target, declaration)
    path.write_bytes(target.getvalue())
    return target.getvalue()


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode == 0, text
    return text


@exiftool
@pytest.mark.formats(*PICTURES)
def test_exiftool_reads_source_type_and_declaration(
    sample: tuple[str, Path], declaration: Declaration, tmp_path: Path
) -> None:
    kind, path = sample
    copy = tmp_path / f"marked{path.suffix}"
    mark_at(copy, kind, path.read_bytes(), declaration)
    (found,) = json.loads(run("exiftool", "-j", "-n", "-G1", "-XMP:all", "-validate", "-warning", str(copy)))
    assert found["XMP-iptcExt:DigitalSourceType"] == TRAINED
    ours = next(value for key, value in found.items() if key.endswith(":Declaration"))
    declared = ours if isinstance(ours, dict) else json.loads(ours)
    assert Declaration.from_json(declared) == declaration
    # exiftool warns of tags some files never had; of ours it must not.
    assert "XMP" not in str(found.get("ExifTool:Warning", ""))


@exiftool
@pytest.mark.parametrize("name", ["png-xmp-behind", "jpeg-exif-xmp", "webp-exif-xmp", "tiff-tiles-xmp", "gif-xmp"])
def test_exiftool_still_reads_what_another_program_had_put_there(
    name: str, built: dict[str, bytes], declaration: Declaration, tmp_path: Path
) -> None:
    kind = name.partition("-")[0]
    copy = tmp_path / f"marked{KINDS.get(kind, '.' + kind)}"
    mark_at(copy, kind, built[name], declaration)
    (found,) = json.loads(run("exiftool", "-j", "-n", "-G1", str(copy)))
    assert found["XMP-photoshop:Instructions"] == "keep me & mine"
    assert found["XMP-dc:Format"] == "image/x"
    if "exif" in name:
        assert found["IFD0:ImageDescription"] == "drawn by a program"


@pytest.mark.formats(*PICTURES)
def test_pillow_decodes_the_same_frames_with_the_same_information(
    sample: tuple[str, Path], declaration: Declaration, tmp_path: Path
) -> None:
    from PIL import Image, ImageSequence

    kind, path = sample
    if path.read_bytes()[:4] == b"MM\0+":
        pytest.skip("Pillow reads no big-endian BigTIFF")
    copy = tmp_path / f"marked{path.suffix}"
    mark_at(copy, kind, path.read_bytes(), declaration)

    def frames(place: Path) -> list[tuple[str, bytes, Any]]:
        with Image.open(place) as image:
            return [(f.mode, f.tobytes(), f.info.get("duration")) for f in ImageSequence.Iterator(image)]

    assert frames(copy) == frames(path)
    with Image.open(copy) as marked, Image.open(path) as plain:
        kept = {k: v for k, v in plain.info.items() if k not in ("xmp", "XML:com.adobe.xmp", "version", "extension")}
        assert {k: marked.info[k] for k in kept} == kept


@pytest.mark.formats("tiff")
def test_tifffile_reads_the_same_pages_and_tags(
    sample: tuple[str, Path], declaration: Declaration, tmp_path: Path
) -> None:
    import tifffile

    kind, path = sample
    copy = tmp_path / "marked.tif"
    mark_at(copy, kind, path.read_bytes(), declaration)
    with tifffile.TiffFile(path) as plain, tifffile.TiffFile(copy) as marked:
        assert len(marked.pages) == len(plain.pages)
        assert (marked.byteorder, marked.is_bigtiff, marked.is_ome) == (
            plain.byteorder,
            plain.is_bigtiff,
            plain.is_ome,
        )
        one: Any
        other: Any
        for one, other in zip(plain.pages, marked.pages, strict=True):
            assert np.array_equal(one.asarray(), other.asarray())
            assert one.dataoffsets == other.dataoffsets
            ours = (700, 270) if plain.is_ome else (700,)  # tests/marks/test_ome.py compares the description
            kept = {tag.code: tag.value for tag in one.tags if tag.code not in ours}
            assert {tag.code: tag.value for tag in other.tags if tag.code not in ours} == kept
            assert [tag.code for tag in other.tags] == sorted(tag.code for tag in other.tags)


@pytest.mark.formats("nifti")
def test_nibabel_reads_the_same_volume_and_the_other_extensions(
    sample: tuple[str, Path], declaration: Declaration, tmp_path: Path
) -> None:
    import nibabel

    kind, path = sample
    copy = tmp_path / ("marked" + "".join(path.suffixes))
    mark_at(copy, kind, path.read_bytes(), declaration)
    plain: Any = nibabel.load(path)
    marked: Any = nibabel.load(copy)
    assert np.array_equal(np.asanyarray(marked.dataobj), np.asanyarray(plain.dataobj))
    assert np.array_equal(marked.affine, plain.affine)
    assert bytes(marked.header["descrip"].item()).startswith(b"SyntheticData=YES")
    before, after = ([(e.get_code(), e.content) for e in image.header.extensions] for image in (plain, marked))
    assert after[:-1] == before
    code, content = after[-1]
    assert code == 6
    assert Declaration.from_json(json.loads(content)["declaration"]) == declaration
    assert json.loads(content)["descrip"].encode() == bytes(plain.header["descrip"].item())
    fields = [name for name in plain.header if name not in ("descrip", "vox_offset")]
    assert all(marked.header[name].tobytes() == plain.header[name].tobytes() for name in fields)


@pytest.mark.formats("nifti", "nrrd", "metaimage")
def test_simpleitk_reads_the_same_volume_and_keeps_the_keys_when_it_saves_again(
    sample: tuple[str, Path], declaration: Declaration, tmp_path: Path
) -> None:
    import SimpleITK

    kind, path = sample
    if path.read_bytes()[:1] == b"\x1c":
        pytest.skip("SimpleITK reads no NIfTI-2")
    ending = "".join(path.suffixes)
    copy, saved = tmp_path / f"marked{ending}", tmp_path / f"saved{ending}"
    mark_at(copy, kind, path.read_bytes(), declaration)
    plain: Any = SimpleITK.ReadImage(str(path))
    marked: Any = SimpleITK.ReadImage(str(copy))
    assert np.array_equal(SimpleITK.GetArrayFromImage(marked), SimpleITK.GetArrayFromImage(plain))
    assert marked.GetSpacing() == plain.GetSpacing()
    assert marked.GetDirection() == plain.GetDirection()
    SimpleITK.WriteImage(marked, str(saved))
    with saved.open("rb") as stream:
        mark = writer_for(kind).read(stream)
    assert mark is not None
    assert mark.says_synthetic
    if kind != "nifti":  # SimpleITK drops NIfTI extensions; descrip is why the statement survives
        assert mark.declarations == (declaration,)


@pytest.mark.formats("nrrd")
def test_pynrrd_reads_the_same_volume_and_keeps_the_keys_when_it_saves_again(
    sample: tuple[str, Path], declaration: Declaration, tmp_path: Path
) -> None:
    import nrrd

    kind, path = sample
    copy, saved = tmp_path / "marked.nrrd", tmp_path / "saved.nrrd"
    mark_at(copy, kind, path.read_bytes(), declaration)
    (plain, _), (marked, header) = nrrd.read(str(path)), nrrd.read(str(copy))
    assert np.array_equal(plain, marked)
    assert header["SyntheticData"] == "YES"
    nrrd.write(str(saved), marked, header)
    with saved.open("rb") as stream:
        mark = writer_for(kind).read(stream)
    assert mark is not None
    assert mark.declarations == (declaration,)


@dcmtk
@pytest.mark.formats("dicom")
def test_dcmtk_reads_the_attributes_and_finds_nothing_wrong(
    sample: tuple[str, Path], declaration: Declaration, tmp_path: Path
) -> None:
    path, copy = sample[1], tmp_path / "marked.dcm"
    mark_at(copy, "dicom", path.read_bytes(), declaration)
    assert "yes:" in run("dcmftest", str(copy))
    dumped = run("dcmdump", "+L", str(copy))
    (tag,) = [line for line in dumped.splitlines() if line.startswith("(0008,001c)")]
    assert "[YES]" in tag or "59\\45\\53" in tag  # an older dictionary shows bytes where the VR is implicit
    assert "[109100]" in dumped
    assert "[Synthesizing Equipment]" in dumped
    assert "Synthetic image (misyn): " in dumped
    assert "DERIVED\\PRIMARY" in dumped
    assert not [line for line in dumped.splitlines() if line.startswith(("E:", "W:"))]


@pytest.mark.formats("dicom")
def test_pydicom_finds_every_other_element_as_it_was(
    sample: tuple[str, Path], declaration: Declaration, tmp_path: Path
) -> None:
    import pydicom

    path, copy = sample[1], tmp_path / "marked.dcm"
    mark_at(copy, "dicom", path.read_bytes(), declaration)
    plain, marked = pydicom.dcmread(path), pydicom.dcmread(copy)
    assert marked.preamble == plain.preamble
    assert marked.file_meta == plain.file_meta
    changed = {0x0008001C, 0x00080008, 0x00082111, 0x0018A001, 0x4D530010, 0x4D531001}
    assert [e for e in marked if e.tag not in changed] == [e for e in plain if e.tag not in changed]
    assert [int(e.tag) for e in marked] == sorted(int(e.tag) for e in marked)
    assert marked.SOPInstanceUID == plain.SOPInstanceUID
    assert marked.SyntheticData == "YES"
    assert marked.ImageType == ["DERIVED", "PRIMARY"]
    assert marked.ContributingEquipmentSequence[0] == plain.ContributingEquipmentSequence[0]
    item = marked.ContributingEquipmentSequence[-1]
    assert item.PurposeOfReferenceCodeSequence[0].CodeMeaning == "Synthesizing Equipment"
    assert item.Manufacturer == "Zoë Ångström; C:/lab <test>"
    assert item.ManufacturerModelName == declaration.technique.name
    assert item.ContributionDateTime == "20261122100000+0000"
    block = marked.private_block(0x4D53, "MISYN")
    text = block[0x01].value
    assert Declaration.from_json(text if isinstance(text, str) else text.rstrip(b" ")) == declaration


@dcmtk
def test_dcmtk_converts_a_marked_file_to_every_other_syntax_and_the_mark_is_still_read(
    built: dict[str, bytes], declaration: Declaration, tmp_path: Path
) -> None:
    path, other = tmp_path / "marked.dcm", tmp_path / "converted.dcm"
    mark_at(path, "dicom", built["dicom-explicit"], declaration)
    for option in ("+ti", "+tb", "+td", "+te"):
        run("dcmconv", option, str(path), str(other))
        with other.open("rb") as stream:
            mark = writer_for("dicom").read(stream)
        assert mark is not None, option
        assert mark.declarations == (declaration,), option
        assert mark.says_synthetic, option
