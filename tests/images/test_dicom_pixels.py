"""Samples are what other readers make of them: pydicom and dcmtk, over transfer syntaxes, signs, colours and widths."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import UID

from misyn.errors import LimitExceeded, MalformedImage, UnsupportedImage
from misyn.images import Limits, read
from misyn.images.dicom_codestream import samples
from misyn.images.dicom_pixels import CODECS

SHIPPED = Path(pydicom.__file__).parent / "data"


def shipped(name: str) -> Path:
    """A file inside pydicom's wheel; never one it would download."""
    return Path(str(get_testdata_file(name, download=False)))


def pydicom_samples(path: Path) -> NDArray[Any] | None:
    """What plain pydicom makes of a file, palettes expanded; None where it fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            header = pydicom.dcmread(path)
            array = header.pixel_array
            return apply_color_lut(array, header) if header.PhotometricInterpretation == "PALETTE COLOR" else array
        except Exception:  # any type at all: the oracle may fail as it likes
            return None


def shipped_images() -> list[Path]:
    return [path for path in sorted(SHIPPED.rglob("*")) if path.is_file() and pydicom_samples(path) is not None]


@pytest.mark.parametrize("path", shipped_images(), ids=lambda path: str(path.relative_to(SHIPPED)))
def test_pydicom_reads_the_same_samples(path: Path) -> None:
    expected, found = pydicom_samples(path), read(path)
    assert expected is not None
    assert found.pixels.dtype == expected.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found.pixels, expected)


def test_the_shipped_images_cover_the_transfer_syntaxes() -> None:
    """The oracle test above must not shrink unseen."""
    assert len(shipped_images()) >= 90
    assert len({read(path).attributes["transfer_syntax"] for path in shipped_images()}) >= 10


needs_dcmtk = pytest.mark.skipif(
    shutil.which("dcmcjpeg") is None, reason="dcmtk is not here: its samples cannot be compared; install dcmtk"
)


def dcmtk(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def dcmtk_samples(path: Path, tool: str, folder: Path) -> NDArray[Any]:
    """Decompress with dcmtk and read the raw bytes with numpy: no code of misyn's or pydicom's decoders in between."""
    plain = folder / "plain.dcm"
    dcmtk(tool, "+te", path, plain)
    header = pydicom.dcmread(plain)
    kind = "iu"[not header.PixelRepresentation]
    raw = np.frombuffer(header.PixelData, f"<{kind}{header.BitsAllocated // 8}")
    shape = [int(header.get("NumberOfFrames") or 1), header.Rows, header.Columns, header.SamplesPerPixel]
    if header.get("PlanarConfiguration"):
        shape = [shape[0], shape[3], shape[1], shape[2]]
        return np.squeeze(np.moveaxis(raw[: int(np.prod(shape))].reshape(shape), 1, -1), 0)
    axes = tuple(axis for axis in (0, 3) if shape[axis] == 1)
    return np.squeeze(raw[: int(np.prod(shape))].reshape(shape), axes)


LOSSLESS = [
    ("MR_small.dcm", ("dcmcjpeg", "+e1"), "dcmdjpeg", "jpeg-lossless"),  # signed, 16 bits, SV1
    ("MR_small.dcm", ("dcmcjpeg", "+el", "+sv", "4"), "dcmdjpeg", "jpeg-lossless"),  # process 14
    ("CT_small.dcm", ("dcmcjpeg", "+el", "+sv", "7"), "dcmdjpeg", "jpeg-lossless"),
    ("examples_overlay.dcm", ("dcmcjpeg", "+e1"), "dcmdjpeg", "jpeg-lossless"),  # 12 bits
    ("examples_rgb_color.dcm", ("dcmcjpeg", "+e1"), "dcmdjpeg", "jpeg-lossless"),
    ("CT_small.dcm", ("dcmcjpls",), "dcmdjpls", "jpeg-ls-lossless"),
    ("examples_overlay.dcm", ("dcmcjpls",), "dcmdjpls", "jpeg-ls-lossless"),
    ("examples_rgb_color.dcm", ("dcmcjpls", "+il"), "dcmdjpls", "jpeg-ls-lossless"),
    ("CT_small.dcm", ("dcmcrle",), "dcmdrle", "rle"),
    ("rtdose.dcm", ("dcmcrle",), "dcmdrle", "rle"),  # 32 bits, 15 frames
    ("examples_rgb_color.dcm", ("dcmcrle",), "dcmdrle", "rle"),
    ("MR_small.dcm", ("dcmconv", "+td"), "dcmconv", "deflate"),
    ("CT_small.dcm", ("dcmconv", "+tb"), "dcmconv", "raw"),  # 16 bits: dcmtk and pydicom swap 32-bit words differently
    ("MR_small.dcm", ("dcmconv", "+ti"), "dcmconv", "raw"),
]


@needs_dcmtk
@pytest.mark.parametrize(("name", "pack", "unpack", "codec"), LOSSLESS, ids=str)
def test_dcmtk_and_the_source_hold_the_same_samples(
    name: str, pack: tuple[str, ...], unpack: str, codec: str, tmp_path: Path
) -> None:
    packed = tmp_path / "packed.dcm"
    dcmtk(*pack, shipped(name), packed)
    found = read(packed)
    assert (found.codec, found.lossy) == (codec, False)
    np.testing.assert_array_equal(found.pixels, dcmtk_samples(packed, unpack, tmp_path))
    assert found.digest == read(shipped(name)).digest  # Image rule 1: any transfer syntax, same digest


@needs_dcmtk
@pytest.mark.parametrize(
    ("name", "option", "slack"),
    [
        ("examples_overlay.dcm", "+ee", 0),  # 12 bits, extended
        ("examples_rgb_color.dcm", "+eb", 1),  # baseline; YBR to RGB rounds differently in dcmtk
        ("examples_rgb_color.dcm", "+ee", 1),  # 8 bits, extended
        ("examples_rgb_color.dcm", "+es", 1),  # spectral selection, retired
        ("examples_rgb_color.dcm", "+ep", 1),  # progression, retired
    ],
)
def test_dcmtk_decodes_lossy_jpeg_alike(name: str, option: str, slack: int, tmp_path: Path) -> None:
    packed = tmp_path / "packed.dcm"
    dcmtk("dcmcjpeg", option, shipped(name), packed)
    found = read(packed)
    assert (found.codec, found.lossy) == ("jpeg", True)
    difference = found.pixels.astype(int) - dcmtk_samples(packed, "dcmdjpeg", tmp_path)
    assert np.abs(difference).max() <= slack


@needs_dcmtk
@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG-lossy.dcm", "SC_rgb_jpeg_gdcm.dcm"])
def test_what_pydicom_alone_cannot_read_dcmtk_reads_alike(name: str, tmp_path: Path) -> None:
    found = read(shipped(name))
    np.testing.assert_array_equal(found.pixels, dcmtk_samples(shipped(name), "dcmdjpeg", tmp_path))


@needs_dcmtk
@pytest.mark.parametrize("encoding", ["+te", "+tb", "+ti"])
def test_data_sets_without_meta_information(encoding: str, tmp_path: Path) -> None:
    """Recognised safely, their transfer syntax is told by their elements."""
    dcmtk("dcmconv", "-F", encoding, shipped("MR_small.dcm"), tmp_path / "bare")
    assert read(tmp_path / "bare").digest == read(shipped("MR_small.dcm")).digest


def compressed(name: str, encode: Callable[[NDArray[Any]], bytes], syntax: str, path: Path) -> Path:
    header = pydicom.dcmread(shipped(name))
    stream = bytes(encode(read(shipped(name)).pixels))
    header.PixelData = encapsulate([stream])
    header["PixelData"].VR = "OB"
    header["PixelData"].is_undefined_length = True
    header.file_meta.TransferSyntaxUID = UID(syntax)
    header.save_as(path)
    return path


@pytest.mark.parametrize("name", ["MR_small.dcm", "examples_overlay.dcm", "SC_rgb_rle.dcm"])
@pytest.mark.parametrize(
    ("syntax", "encode"),
    [
        ("1.2.840.10008.1.2.4.90", lambda a: imagecodecs.jpeg2k_encode(a, level=0, codecformat="j2k", reversible=True)),
        ("1.2.840.10008.1.2.4.201", imagecodecs.htj2k_encode),
    ],
    ids=["jpeg2000", "htj2k"],
)
def test_lossless_wavelets_give_the_samples_back(
    name: str, syntax: str, encode: Callable[[NDArray[Any]], bytes], tmp_path: Path
) -> None:
    found = read(compressed(name, encode, syntax, tmp_path / "wavelet.dcm"))
    assert found.digest == read(shipped(name)).digest
    assert (found.codec, found.lossy) == CODECS[syntax]


def test_a_codec_that_may_be_either_is_lossy_only_when_said() -> None:
    assert read(shipped("693_J2KI.dcm")).lossy in (None, True)
    assert CODECS["1.2.840.10008.1.2.4.91"] == ("jpeg2000", None)


def with_palette(descriptor: list[int], path: Path, **tables: bytes) -> Path:
    header = pydicom.dcmread(shipped("examples_palette.dcm"))
    for colour in ("Red", "Green", "Blue"):
        setattr(header, f"{colour}PaletteColorLookupTableDescriptor", descriptor)
        delattr(header, f"{colour}PaletteColorLookupTableData")
        for keyword, data in tables.items():
            setattr(header, keyword.format(colour), data)
    header.save_as(path)
    return path


def words(*numbers: int) -> bytes:
    return np.array(numbers, "<u2").tobytes()


PLAIN, SEGMENTED = "{}PaletteColorLookupTableData", "Segmented{}PaletteColorLookupTableData"


@pytest.mark.parametrize(
    ("descriptor", "keyword", "data"),
    [
        ([256, 0, 8], PLAIN, bytes(range(256))),
        ([256, 0, 8], PLAIN, words(*range(256))),
        ([255, 0, 16], PLAIN, words(*range(0, 2550, 10))),
        ([64, 100, 16], PLAIN, words(*range(64))),
        ([0, 0, 16], PLAIN, words(*range(65536))),
        ([256, 0, 16], SEGMENTED, words(0, 1, 5, 1, 127, 65000, 0, 2, 7, 8, 1, 126, 9)),
        ([256, 0, 8], SEGMENTED, bytes([0, 2, 5, 6, 1, 254, 200])),
    ],
    ids=["8 in 8", "8 in 16", "odd", "offset", "65536", "segmented 16", "segmented 8"],
)
def test_palettes_expand_as_in_pydicom(descriptor: list[int], keyword: str, data: bytes, tmp_path: Path) -> None:
    path = with_palette(descriptor, tmp_path / "palette.dcm", **{keyword: data})
    expected, found = pydicom_samples(path), read(path)
    assert found.axes == "YXC"
    np.testing.assert_array_equal(found.pixels, expected)


@pytest.mark.parametrize("first", [-128, 65408], ids=["as SS", "as US"])
def test_a_palette_may_start_below_zero(first: int, tmp_path: Path) -> None:
    """PS3.3 C.7.6.3.1.5: the first mapped value is signed where the samples are; files often write it unsigned."""
    header = pydicom.dcmread(shipped("examples_palette.dcm"))
    header.PixelRepresentation = 1
    for colour in ("Red", "Green", "Blue"):
        header[f"{colour}PaletteColorLookupTableDescriptor"].VR = "SS" if first < 0 else "US"
        setattr(header, f"{colour}PaletteColorLookupTableDescriptor", [256, first, 16])
        setattr(header, f"{colour}PaletteColorLookupTableData", words(*range(256)))
    header.save_as(tmp_path / "signed.dcm")
    indices = pydicom.dcmread(tmp_path / "signed.dcm").pixel_array
    assert indices.dtype == np.int8
    np.testing.assert_array_equal(read(tmp_path / "signed.dcm").pixels[..., 2], indices.astype(int) + 128)


def test_an_indirect_segment_repeats_earlier_ones(tmp_path: Path) -> None:
    """PS3.3 C.7.9.2.3: an offset in bytes from the start of the table, least significant word first."""
    data = words(0, 2, 10, 20, 1, 2, 40, 2, 1, 8, 0)  # 10 20, line to 40; then again the segment at byte 8: the line
    path = with_palette([6, 0, 16], tmp_path / "palette.dcm", **{SEGMENTED: data})
    indices = pydicom.dcmread(path).pixel_array
    expected = np.array([10, 20, 30, 40, 40, 40])[np.minimum(indices, 5)]
    np.testing.assert_array_equal(read(path).pixels[..., 0], expected)


@pytest.mark.parametrize(
    ("descriptor", "keyword", "data"),
    [
        ([256, 0, 16], PLAIN, words(1, 2, 3)),
        ([256, 0, 16], SEGMENTED, words(1, 5, 9)),
        ([256, 0, 16], SEGMENTED, words(0, 1, 5, 3, 1, 1)),
        ([256, 0, 16], SEGMENTED, words(0, 1, 5, 2, 1, 0)),
        ([256, 0, 16], SEGMENTED, words(0, 100, *range(100), *((2, 1, 0, 0) * 500))),
        ([256, 0, 16], SEGMENTED, words(0, 1, 5, 1, 60000, 9)),
        ([256, 0, 12], SEGMENTED, words(0, 1, 5)),
        ([256, 0, 16], "RedPaletteColorLookupTableData", words(*range(256))),
    ],
    ids=["short", "line first", "no such kind", "cut", "indirect bomb", "long line", "12 bits", "green missing"],
)
def test_palettes_that_break_the_rules_are_malformed(
    descriptor: list[int], keyword: str, data: bytes, tmp_path: Path
) -> None:
    with pytest.raises(MalformedImage, match=r"expected .*(palette|table)"):
        read(with_palette(descriptor, tmp_path / "palette.dcm", **{keyword: data}))


def test_colour_needs_room_before_it_is_expanded(tmp_path: Path) -> None:
    path = shipped("examples_palette.dcm")
    with pytest.raises(LimitExceeded) as caught:
        read(path, limits=Limits(max_pixels=350 * 800))
    assert caught.value.limit == "max_pixels"


@pytest.mark.parametrize("space", ["HSV", "CMYK", "ARGB", "YBR_PARTIAL_420"])
def test_colour_spaces_that_are_not_converted_are_unsupported(space: str, tmp_path: Path) -> None:
    header = pydicom.dcmread(shipped("SC_rgb_small_odd.dcm"))
    header.PhotometricInterpretation = space
    header.save_as(tmp_path / "space.dcm")
    with pytest.raises(UnsupportedImage):
        read(tmp_path / "space.dcm")


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.102", "1.2.3.4.5"])
def test_transfer_syntaxes_that_are_not_read_are_unsupported(syntax: str, tmp_path: Path) -> None:
    header = pydicom.dcmread(shipped("JPEG2000.dcm"))
    header.file_meta.TransferSyntaxUID = UID(syntax)
    header.save_as(tmp_path / "video.dcm")
    with pytest.raises(UnsupportedImage) as caught:
        read(tmp_path / "video.dcm")
    assert "1.2.3.4.5" not in str(caught.value)


def test_one_bit_becomes_one_byte_and_is_counted_as_such() -> None:
    path = shipped("liver_1frame.dcm")
    found = read(path)
    assert (found.pixels.dtype.name, found.bits, np.unique(found.pixels).tolist()) == ("uint8", 1, [0, 1])
    with pytest.raises(LimitExceeded):
        read(path, limits=Limits(max_pixels=512 * 512 - 1))


def test_bits_beyond_those_stored_are_cleared(tmp_path: Path) -> None:
    """PS3.5 section 8.1.1: unused high bits need not be zero."""
    header = pydicom.dcmread(shipped("examples_overlay.dcm"))
    clean = read(shipped("examples_overlay.dcm"))
    dirty = clean.pixels | np.uint16(0xF000)
    header.PixelData = dirty.tobytes()
    header.save_as(tmp_path / "dirty.dcm")
    assert (clean.bits, read(tmp_path / "dirty.dcm").digest) == (12, clean.digest)


def test_planar_configuration_does_not_change_the_digest(tmp_path: Path) -> None:
    header = pydicom.dcmread(shipped("examples_rgb_color.dcm"))
    found = read(shipped("examples_rgb_color.dcm"))
    header.PixelData = np.moveaxis(found.pixels, -1, 0).tobytes()
    header.PlanarConfiguration = 1
    header.save_as(tmp_path / "planar.dcm")
    assert read(tmp_path / "planar.dcm").digest == found.digest


def jpeg(rows: int, columns: int, components: int, *, before: bytes = b"") -> bytes:
    frame = b"\xff\xc0\x00\x11\x08" + rows.to_bytes(2, "big") + columns.to_bytes(2, "big") + bytes([components])
    return b"\xff\xd8" + before + frame + bytes(12)


@pytest.mark.parametrize(
    ("stream", "count"),
    [
        (jpeg(10, 20, 3), 600),
        (jpeg(10, 20, 1, before=b"\xff\xe0\x00\x04\xff\xc0"), 200),  # a marker inside a segment is none
        (jpeg(10, 20, 1, before=b"\xff\xff\xff"), 200),  # fill bytes
        (jpeg(0, 20, 1), 20),
        (b"\xff\xd8\xff\xda\x00\x08" + jpeg(10, 20, 3)[2:], 0),  # after the scan has started
        (b"\xff\xd8\xff\xc0\x00", 0),
        (b"", 0),
        (bytes(100), 0),
    ],
)
def test_sizes_of_jpeg_streams(stream: bytes, count: int) -> None:
    assert samples(stream) == count


@pytest.mark.parametrize("shape", [(7, 5), (7, 5, 3)])
def test_sizes_are_those_that_encoders_write(shape: tuple[int, ...]) -> None:
    array = np.zeros(shape, np.uint8)
    streams = [
        imagecodecs.jpeg8_encode(array),
        imagecodecs.jpegls_encode(array),
        imagecodecs.jpeg2k_encode(array, codecformat="j2k"),
        imagecodecs.jpeg2k_encode(array, codecformat="jp2"),
        imagecodecs.htj2k_encode(array),
    ]
    assert [samples(bytes(stream)) for stream in streams] == [array.size] * 5


@pytest.mark.parametrize(
    ("syntax", "stream"),
    [
        ("1.2.840.10008.1.2.4.50", jpeg(65535, 65535, 3)),
        ("1.2.840.10008.1.2.4.80", jpeg(65535, 65535, 3).replace(b"\xff\xc0", b"\xff\xf7")),
        ("1.2.840.10008.1.2.4.90", b"\xff\x4f\xff\x51" + bytes(4) + b"\x7f\xff\xff\xff" * 2 + bytes(24) + b"\0\3"),
    ],
)
def test_a_frame_that_declares_more_than_its_data_set_is_not_decoded(
    syntax: str, stream: bytes, tmp_path: Path
) -> None:
    path = compressed("MR_small.dcm", lambda _: stream, syntax, tmp_path / "large.dcm")
    with pytest.raises(MalformedImage, match="expected frames of 4096 samples, found one that declares more"):
        read(path)


def test_fewer_frames_than_declared_is_malformed(tmp_path: Path) -> None:
    header = pydicom.dcmread(shipped("SC_rgb_rle_2frame.dcm"))
    header.NumberOfFrames = 3
    header.save_as(tmp_path / "fewer.dcm")
    with pytest.raises(MalformedImage):
        read(tmp_path / "fewer.dcm")


def test_run_lengths_that_look_like_a_codestream_by_chance_are_read(tmp_path: Path) -> None:
    """FF 4F FF 51 starts a JPEG 2000 codestream; in run lengths these are four bytes like any others."""
    data = pydicom.dcmread(shipped("CT_small.dcm"))
    pixels = data.pixel_array.astype(np.int16).copy()
    siz = bytes.fromhex("ff4fff51 0029 0102 10203040 10213141 01020304 01020305") + bytes(range(40, 56)) + b"\1\2"
    pixels[5, 5 : 5 + len(siz)] = np.frombuffer(siz, np.int8).astype(np.int16) << 8  # in the segment of high bytes
    data.PixelData = pixels.tobytes()
    data.compress(UID("1.2.840.10008.1.2.5"), generate_instance_uid=False)
    assert b"\xff\x4f\xff\x51" in data.PixelData
    data.save_as(tmp_path / "rle.dcm")
    assert np.array_equal(read(tmp_path / "rle.dcm").pixels, pixels)
