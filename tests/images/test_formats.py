"""Formats are recognised by content, listed without imports, and every failure of a reader is one of our errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

import misyn
from misyn.errors import LimitExceeded, MalformedImage, UnknownFormat, UnreadableImage
from misyn.images import FORMATS, Limits, read, sniff
from misyn.images.formats import by_name

HEADS = {
    "dicom": bytes(128) + b"DICM",
    "png": b"\x89PNG\r\n\x1a\n",
    "jpeg": b"\xff\xd8\xff\xe0",
    "gif": b"GIF89a",
    "webp": b"RIFF\x1a\0\0\0WEBPVP8 ",
    "tiff": b"II*\0\x08\0\0\0",
    "nrrd": b"NRRD0004\n",
    "nifti": (348).to_bytes(4, "little") + bytes(336) + b"\0\0\0\0n+1\0",
    "metaimage": b"ObjectType = Image\nNDims = 2\n",
}


def test_every_format_has_a_head_here() -> None:
    assert set(HEADS) == {form.name for form in FORMATS}


@pytest.mark.parametrize("name", HEADS)
def test_content_decides_and_not_the_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / "holiday.exe"
    path.write_bytes(HEADS[name] + bytes(500))
    assert sniff(path).name == name


@pytest.mark.parametrize("head", [b"MM\0*", b"II+\0", b"MM\0+"], ids=["big-endian", "big", "big, big-endian"])
def test_every_kind_of_tiff_is_tiff(head: bytes) -> None:
    assert by_name("tiff").sniff(head + bytes(100))


def test_a_tiff_in_the_preamble_does_not_hide_dicom(tmp_path: Path) -> None:
    """PS3.10 section 7.1: the preamble may make the file readable by other software."""
    path = tmp_path / "both"
    path.write_bytes(b"II*\0\x08\0\0\0" + bytes(120) + b"DICM")
    assert sniff(path).name == "dicom"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"PK\x03\x04 and so on", "a ZIP archive"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5"),
        (b"\x93NUMPY", "a NumPy array"),
        (b"BM\x10\0\0\0\0\0\0\0", "a BMP"),
        (b"\xff\x4f\xff\x51", "a JPEG 2000"),
        (b"\0\0\0\x18ftypheic", "an HEIC"),
        (b"some notes about the scans", "content that none"),
        (bytes(1000), "content that none"),
    ],
)
def test_strangers_are_named(content: bytes, found: str, tmp_path: Path) -> None:
    path = tmp_path / "scan.dcm"
    path.write_bytes(content)
    with pytest.raises(UnknownFormat, match=f"found {found}.*Next:") as caught:
        sniff(path)
    assert caught.value.path == path


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownFormat, match="dicom, png"):
        by_name("dcm")


def test_read_gives_the_path_back() -> None:
    path = str(get_testdata_file("CT_small.dcm"))
    assert read(path).path == Path(path)
    assert misyn.read(Path(path)).format == "dicom"


def test_limits_reach_the_reader() -> None:
    with pytest.raises(LimitExceeded) as caught:
        read(str(get_testdata_file("CT_small.dcm")), limits=Limits(max_pixels=100))
    assert caught.value.limit == "max_pixels"


@pytest.mark.parametrize("what", ["absent", "folder"])
def test_what_is_not_there_is_unreadable(what: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage) as caught:
        read(tmp_path if what == "folder" else tmp_path / "absent")
    assert not isinstance(caught.value, MalformedImage)


def test_names_with_spaces_and_letters_of_any_script(tmp_path: Path) -> None:
    path = tmp_path / "Schädel 脳 scan.dcm"
    path.write_bytes(Path(str(get_testdata_file("CT_small.dcm"))).read_bytes())
    assert read(path).shape == (128, 128)


def test_listing_formats_imports_no_parser() -> None:
    heavy = "{'numpy', 'pydicom', 'nibabel', 'PIL', 'tifffile', 'nrrd', 'imagecodecs', 'SimpleITK', 'pyarrow'}"
    code = (
        "import sys, misyn.images as i; i.FORMATS; i.Limits(); i.FORMATS[0].sniff(bytes(128) + b'DICM'); "
        f"loaded = {heavy} & set(sys.modules); sys.exit(', '.join(loaded) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_room_lists_its_public_names() -> None:
    import misyn.images as room

    assert set(dir(room)) == set(room.__all__)
    assert all(hasattr(room, name) for name in room.__all__)
    with pytest.raises(AttributeError, match="no attribute 'write'"):
        _ = room.write
