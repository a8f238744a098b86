"""MetaImage: read as SimpleITK reads it, with no header leading out of its folder."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from misyn.errors import LimitExceeded, MalformedImage, UnreadableImage, UnsupportedImage
from misyn.images import Limits, read

VOLUME = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6) - 7
BASE = {"NDims": "3", "DimSize": "6 5 4", "ElementType": "MET_SHORT", "ElementDataFile": "LOCAL"}


def saved(path: Path, samples: bytes | None = None, **tags: str | None) -> Path:
    """Write a header by hand; keyword arguments change its tags, None removes one. ElementDataFile stays last."""
    named = {**BASE, **tags}
    named["ElementDataFile"] = named.pop("ElementDataFile")
    lines = [f"{name} = {value}" for name, value in named.items() if value is not None]
    header = "\n".join(["ObjectType = Image", *lines, ""])
    path.write_bytes(header.encode() + (VOLUME.tobytes() if samples is None else samples))
    return path


def test_axes_spacing_modality_and_scale_come_from_the_tags(tmp_path: Path) -> None:
    image = read(
        saved(
            tmp_path / "a.mha",
            ElementSpacing="0.5 0.75 3",
            Modality="MET_MOD_CT",
            ElementToIntensityFunctionSlope="2",
            ElementToIntensityFunctionOffset="-1000",
        )
    )
    assert (image.axes, image.spacing, image.modality) == ("ZYX", (3.0, 0.75, 0.5), "CT")
    assert (image.slope, image.intercept) == (2.0, -1000.0)
    assert np.array_equal(image.pixels, VOLUME)
    assert image.values()[0, 0, 0] == -1014.0


def test_without_spacing_there_is_none(tmp_path: Path) -> None:
    image = read(saved(tmp_path / "a.mha", Modality="MET_MOD_UNKNOWN"))
    assert (image.spacing, image.modality) == (None, None)
    assert read(saved(tmp_path / "b.mha", ElementSize="0.5 0.75 3")).spacing == (3.0, 0.75, 0.5)


@pytest.mark.parametrize("tag", ["BinaryDataByteOrderMSB", "ElementByteOrderMSB"])
def test_both_names_of_the_byte_order_are_known(tmp_path: Path, tag: str) -> None:
    path = saved(tmp_path / "a.mha", VOLUME.astype(">i2").tobytes(), **{tag: "True"})
    assert np.array_equal(read(path).pixels, VOLUME)


def test_one_zlib_stream_is_inflated(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.mha", zlib.compress(VOLUME.tobytes()), CompressedData="True")
    image = read(path)
    assert np.array_equal(image.pixels, VOLUME)
    assert (image.codec, image.lossy) == ("zlib", False)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1  # RFC 1950: the checksum comes last
    path.write_bytes(data)
    with pytest.raises(MalformedImage, match="zlib"):
        read(path)


def test_a_header_before_the_samples_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(b"12345" + VOLUME.tobytes())
    for size in ("5", "-1"):
        path = saved(tmp_path / "a.mhd", b"", HeaderSize=size, ElementDataFile="a.raw")
        assert np.array_equal(read(path).pixels, VOLUME)


@pytest.mark.parametrize("name", ["../a.raw", "/etc/hostname", "..\\a.raw"])
def test_a_data_file_outside_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.raw").write_bytes(VOLUME.tobytes())
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(UnsupportedImage, match="leads out of it") as caught:
        read(saved(inside / "a.mhd", b"", ElementDataFile=name))
    assert name not in str(caught.value)


def test_a_missing_data_file_is_a_sentence_about_the_header(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.mhd", b"", ElementDataFile="patient name.raw")
    with pytest.raises(UnreadableImage, match="keep header and data file together") as caught:
        read(path)
    assert caught.value.path == path
    assert "patient" not in str(caught.value)


@pytest.mark.parametrize("name", ["LIST", "LIST 2D", "slice%03d.raw 1 4 1"])
def test_samples_in_several_files_are_refused_with_the_way_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsupportedImage, match=r"one \.mha file"):
        read(saved(tmp_path / "a.mhd", b"a.raw\n", ElementDataFile=name))


@pytest.mark.parametrize(
    ("tags", "error"),
    [
        ({"DimSize": None}, MalformedImage),
        ({"DimSize": "6 5"}, MalformedImage),
        ({"DimSize": "6 0 4"}, MalformedImage),
        ({"DimSize": "six 5 4"}, MalformedImage),
        ({"NDims": "1", "DimSize": "120"}, UnsupportedImage),
        ({"NDims": "5", "DimSize": "2 3 4 5 2"}, UnsupportedImage),
        ({"ElementType": None}, MalformedImage),
        ({"ElementType": "MET_STRING"}, UnsupportedImage),
        ({"BinaryData": "False"}, UnsupportedImage),
        ({"ElementSpacing": "1 1"}, MalformedImage),
        ({"ElementSpacing": "a b c"}, MalformedImage),
        ({"ElementNumberOfChannels": "0"}, MalformedImage),
        ({"ElementToIntensityFunctionSlope": "nan"}, MalformedImage),
        ({"HeaderSize": "-2"}, MalformedImage),
        ({"HeaderSize": "1"}, MalformedImage),
        ({"ElementType": "MET_DOUBLE"}, MalformedImage),
        ({"CompressedData": "True"}, MalformedImage),
        ({"ElementDataFile": None}, MalformedImage),
    ],
)
def test_each_way_to_contradict_itself_has_its_error(
    tmp_path: Path, tags: dict[str, str | None], error: type[Exception]
) -> None:
    with pytest.raises(error):
        read(saved(tmp_path / "a.mha", None, **tags))


def test_what_is_declared_is_checked_before_memory_is_taken(tmp_path: Path) -> None:
    with pytest.raises(LimitExceeded, match="samples"):
        read(saved(tmp_path / "a.mha", DimSize="99999 99999 99999"))
    bomb = saved(tmp_path / "b.mha", zlib.compress(bytes(10**6)), DimSize="9999 9999 4", CompressedData="True")
    with pytest.raises(LimitExceeded, match="decompressed bytes per compressed byte"):
        read(bomb)
    with pytest.raises(LimitExceeded, match="header"):
        read(saved(tmp_path / "c.mha", Comment="x" * 5000), limits=Limits(max_header=4000))
    with pytest.raises(LimitExceeded, match="frames"):
        read(saved(tmp_path / "d.mha", NDims="4", DimSize="1 1 2 60"), limits=Limits(max_frames=59))


TYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]


@pytest.mark.parametrize("code", TYPES)
@pytest.mark.parametrize("ending", [".mha", ".mhd"])
@pytest.mark.parametrize("compressed", [False, True])
def test_files_of_simpleitk_read_as_it_reads_them(tmp_path: Path, code: str, ending: str, compressed: bool) -> None:
    sitk = pytest.importorskip("SimpleITK", reason="SimpleITK judges from outside; it is in misyn[test]")
    random = np.random.default_rng(2)
    for shape, axes in (((5, 6), "YX"), ((4, 5, 6), "ZYX"), ((3, 4, 5, 6), "FZYX"), ((4, 5, 6, 3), "ZYXC")):
        pixels = (random.random(shape) * 100).astype(code)
        other = sitk.GetImageFromArray(pixels, isVector="C" in axes)
        other.SetSpacing((0.5, 0.75, 3.0, 1.0)[: other.GetDimension()])
        path = tmp_path / f"a b ö {axes}{ending}"
        sitk.WriteImage(other, str(path), useCompression=compressed)
        image = read(path)
        assert (image.axes, image.pixels.dtype) == (axes, np.dtype(code))
        assert np.array_equal(image.pixels, pixels)
        assert image.spacing == ((3.0, 0.75, 0.5) if "Z" in axes else (0.75, 0.5))


def test_headers_written_by_hand_read_as_simpleitk_reads_them(tmp_path: Path) -> None:
    sitk = pytest.importorskip("SimpleITK", reason="SimpleITK judges from outside; it is in misyn[test]")
    path = saved(tmp_path / "a.mha", VOLUME.astype(">i2").tobytes(), ElementByteOrderMSB="True")
    assert np.array_equal(read(path).pixels, sitk.GetArrayFromImage(sitk.ReadImage(str(path))))
