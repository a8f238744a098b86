"""What a detached credential survives, and that one changed sample ends it."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import UID

from misyn.marks import verify

LOSSLESS = {
    "rle": "1.2.840.10008.1.2.5",
    "jpeg 2000 lossless": "1.2.840.10008.1.2.4.90",
    "jpeg-ls lossless": "1.2.840.10008.1.2.4.80",
    "implicit VR": "1.2.840.10008.1.2",
}


@pytest.fixture
def signed_dicom(built: dict[str, bytes], sign: Callable[..., Path], tmp_path: Path) -> Path:
    path = tmp_path / "signed.dcm"
    path.write_bytes(built["dicom-explicit"])
    return sign(path)


@pytest.mark.parametrize("syntax", sorted(LOSSLESS))
def test_it_survives_lossless_transcoding_by_pydicom(signed_dicom: Path, root: Path, syntax: str) -> None:
    data = pydicom.dcmread(signed_dicom)
    uid = UID(LOSSLESS[syntax])
    if uid.is_compressed:
        data.compress(uid, generate_instance_uid=False)
    data.file_meta.TransferSyntaxUID = uid
    data.save_as(signed_dicom, enforce_file_format=True)
    verdict = verify(signed_dicom, trust=root)
    assert (verdict.trusted, verdict.layers["credential"]["state"]) == (True, "trusted")


@pytest.mark.parametrize("command", [["dcmcrle"], ["dcmconv", "+ti"], ["dcmcjpls"]], ids=lambda c: c[0])
def test_it_survives_lossless_transcoding_by_dcmtk(signed_dicom: Path, root: Path, command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} (dcmtk) is not installed")
    after = signed_dicom.with_name("after.dcm")
    subprocess.run([*command, str(signed_dicom), str(after)], check=True, capture_output=True)
    assert verify(after, trust=root).layers["credential"]["state"] == "trusted"


def test_it_survives_header_edits_even_the_loss_of_every_other_mark(signed_dicom: Path, root: Path) -> None:
    data = pydicom.dcmread(signed_dicom)
    data.PatientName, data.StudyDescription, data.SOPInstanceUID = "Other^Name", "edited", pydicom.uid.generate_uid()
    del data.SyntheticData, data.ContributingEquipmentSequence, data.DerivationDescription
    del data[data.private_block(0x4D53, "MISYN").get_tag(0x01)]
    data.save_as(signed_dicom)
    verdict = verify(signed_dicom, trust=root)
    assert (verdict.verdict, verdict.trusted, verdict.layers["metadata"]["found"]) == ("synthetic", True, False)


@pytest.mark.parametrize("name", ["nrrd", "mha"])
def test_it_survives_being_saved_again_and_compressed_by_simpleitk(
    name: str, built: dict[str, bytes], sign: Callable[..., Path], root: Path, tmp_path: Path
) -> None:
    import SimpleITK

    path = tmp_path / f"a.{name}"
    path.write_bytes(built[name])
    image = SimpleITK.ReadImage(str(sign(path)))
    SimpleITK.WriteImage(image, str(path), True)
    assert verify(path, trust=root).trusted


def test_it_survives_nifti_compression_and_a_change_of_the_affine(
    built: dict[str, bytes], sign: Callable[..., Path], root: Path, tmp_path: Path
) -> None:
    import nibabel

    path = tmp_path / "a.nii"
    path.write_bytes(built["nifti"])
    image: Any = nibabel.load(sign(path))
    image.header["qoffset_x"] = 3
    nibabel.save(image, tmp_path / "b.nii.gz")
    assert verify(tmp_path / "b.nii.gz", trust=root).trusted


DEEP = (np.arange(48 * 64).reshape(48, 64) * 37 % 65521).astype(np.uint16)  # the TIFF's samples in conftest
PLAIN = ["nifti", "nifti-big-endian", "nifti-2", "nrrd", "mha", "dicom-explicit", "dicom-implicit", "dicom-big"]


@pytest.mark.parametrize("name", PLAIN)
def test_any_one_bit_of_any_sample_ends_it(
    name: str, built: dict[str, bytes], sign: Callable[..., Path], root: Path, tmp_path: Path
) -> None:
    path = tmp_path / f"a.{name}"
    path.write_bytes(built[name])
    n = {"dicom": 48 * 64 * 2}.get(name.partition("-")[0], 5 * 6 * 7 * 2)
    data = sign(path).read_bytes()
    chance = random.Random(name)  # noqa: S311 - not for secrets
    for _ in range(25):
        bit = chance.randrange(8 * n)
        changed = bytearray(data)
        changed[len(data) - n + bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        verdict = verify(path, trust=root)
        assert (verdict.verdict, verdict.trusted) == ("contradictory", False)
        assert (verdict.layers["credential"]["state"], verdict.layers["credential"]["image"]) == ("invalid", "other")


@pytest.mark.parametrize("name", ["png", "tiff", "gif", "webp-lossless"])
def test_a_picture_with_one_sample_changed_and_its_credential_put_back_is_found_out(
    name: str, built: dict[str, bytes], sign: Callable[..., Path], root: Path, tmp_path: Path
) -> None:
    """The pixels that were signed are named in the credential: other pixels are told from other bytes."""
    path = tmp_path / f"a.{name}"
    path.write_bytes(built[name])
    data = bytearray(sign(path).read_bytes())
    if name == "png":
        data = _png_with_one_sample_changed(bytes(data))
    elif name == "tiff":
        data[data.find(DEEP.tobytes()) + 1000] ^= 1
    elif name == "gif":
        assert data.endswith(built["gif"][-300:])
        data[-150] ^= 1
    else:
        data[data.find(b"VP8L") + 200] ^= 1
    path.write_bytes(data)
    verdict = verify(path, trust=root)
    assert not verdict.trusted
    assert verdict.verdict in ("contradictory", "unreadable")
    assert verdict.layers["credential"]["state"] == "invalid"


def _png_with_one_sample_changed(data: bytes) -> bytearray:
    """Recompress the image data of a PNG with one sample changed; every other chunk stays."""
    import struct
    import zlib

    from PIL import Image

    pixels = np.array(Image.open(io.BytesIO(data)))
    pixels[3, 4] ^= 1
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    body = zlib.compress(rows)
    chunk = struct.pack(">I", len(body)) + b"IDAT" + body + struct.pack(">I", zlib.crc32(b"IDAT" + body))
    out, at, done = bytearray(data[:8]), 8, False
    while at < len(data):
        (n,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] != b"IDAT":
            out += data[at : at + 12 + n]
        elif not done:
            out, done = out + chunk, True
        at += 12 + n
    return out


def test_a_picture_whose_text_was_edited_says_that_its_pixels_are_still_the_signed_ones(
    built: dict[str, bytes], sign: Callable[..., Path], root: Path, tmp_path: Path
) -> None:
    import struct
    import zlib

    path = tmp_path / "a.png"
    path.write_bytes(built["png"])
    data = sign(path).read_bytes()
    text = b"Comment\0added later"
    chunk = struct.pack(">I", len(text)) + b"tEXt" + text + struct.pack(">I", zlib.crc32(b"tEXt" + text))
    path.write_bytes(data[:-12] + chunk + data[-12:])
    verdict = verify(path, trust=root)
    layer = verdict.layers["credential"]
    assert (layer["state"], layer["image"]) == ("invalid", "changed")
    assert (verdict.verdict, verdict.trusted) == ("synthetic", False)
    assert any("though not its pixels" in problem for problem in verdict.problems)
