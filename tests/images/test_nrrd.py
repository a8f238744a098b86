"""NRRD: kinds decide what an axis is, units are honoured, and no header leads out of its folder."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path
from typing import Any

import nrrd
import numpy as np
import pytest

from misyn.errors import LimitExceeded, MalformedImage, UnreadableImage, UnsupportedImage
from misyn.images import Limits, read

VOLUME = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6) - 7
BASE = {"type": "short", "dimension": "3", "sizes": "6 5 4", "encoding": "raw", "endian": "little"}


def saved(path: Path, samples: bytes | None = None, *, line_end: str | None = None, **fields: str | None) -> Path:
    """Write a header by hand; keyword arguments change its fields (``_`` for a space), None removes one."""
    named = {name.replace("_", " "): value for name, value in {**BASE, **fields}.items()}
    lines = [f"{name}: {value}" for name, value in named.items() if value is not None]
    header = (line_end or "\n").join(
        ["NRRD0005", "# a comment: of no meaning", "key:=value: with colon", *lines, "", ""]
    )
    path.write_bytes(header.encode() + (VOLUME.tobytes() if samples is None else samples))
    return path


def test_line_ends_comments_and_key_values_do_not_matter(tmp_path: Path) -> None:
    image = read(saved(tmp_path / "a.nrrd", line_end="\r\n"))
    assert image.axes == "ZYX"
    assert np.array_equal(image.pixels, VOLUME)


@pytest.mark.parametrize(
    ("sizes", "fields", "axes", "shape"),
    [
        ("6 5 4", {}, "ZYX", (4, 5, 6)),
        ("6 20", {}, "YX", (20, 6)),
        ("3 10 4", {"kinds": "RGB-color domain domain"}, "YXC", (4, 10, 3)),
        ("3 10 4", {"kinds": "vector space space"}, "YXC", (4, 10, 3)),
        ("10 4 3", {"kinds": "domain domain 3-color"}, "YXC", (4, 10, 3)),
        ("6 5 4", {"kinds": "domain domain time"}, "FYX", (4, 5, 6)),
        ("4 6 5", {"kinds": "list domain domain"}, "FYX", (4, 5, 6)),
        ("2 3 4 5", {"kinds": "domain domain domain domain"}, "FZYX", (5, 4, 3, 2)),
        ("2 3 4 5", {"kinds": "vector domain domain list"}, "FYXC", (5, 4, 3, 2)),
        ("1 6 5 4", {"kinds": "stub domain domain domain"}, "ZYX", (4, 5, 6)),
        ("3 10 4", {"space directions": "none (1,0) (0,1)"}, "YXC", (4, 10, 3)),
        ("10 4 3", {"space directions": "(1,0) (0,1) none"}, "FYX", (3, 4, 10)),
        ("3 10 4", {"spacings": "nan 1 1"}, "YXC", (4, 10, 3)),
    ],
)
def test_kinds_decide_what_an_axis_is(
    tmp_path: Path, sizes: str, fields: dict[str, str], axes: str, shape: tuple[int, ...]
) -> None:
    image = read(saved(tmp_path / "a.nrrd", None, sizes=sizes, dimension=str(len(sizes.split())), **fields))
    assert (image.axes, image.shape) == (axes, shape)


@pytest.mark.parametrize(
    ("fields", "spacing", "unit"),
    [
        ({"spacings": "0.5 0.75 3"}, (3.0, 0.75, 0.5), "unstated"),
        ({"spacings": "0.5 0.75 3", "units": '"mm" "mm" "mm"'}, (3.0, 0.75, 0.5), None),
        ({"space_directions": "(3,4,0) (0,0,2) (0,1,0)"}, (1.0, 2.0, 5.0), "unstated"),
        ({"space_directions": "(1,0,0) (0,1,0) (0,0,1)", "space_units": '"um" "um" "um"'}, (0.001,) * 3, None),
        ({"space_directions": "(1,0,0) (0,1,0) (0,0,1)", "space_units": '"cm" "cm" "cm"'}, (10.0,) * 3, None),
        ({"spacings": "1 1 1", "units": '"s" "s" "s"'}, None, None),
        ({"spacings": "1 0 1"}, None, None),
        ({}, None, None),
    ],
)
def test_spacing_is_in_millimetres_or_unknown(
    tmp_path: Path, fields: dict[str, str], spacing: tuple[float, ...] | None, unit: str | None
) -> None:
    image = read(saved(tmp_path / "a.nrrd", None, **fields))
    assert image.spacing == (pytest.approx(spacing) if spacing else None)
    assert image.attributes.get("spacing_unit") == unit


@pytest.mark.parametrize(
    ("encoding", "samples", "codec"),
    [
        ("raw", VOLUME.tobytes(), "raw"),
        ("gz", gzip.compress(VOLUME.tobytes()), "gzip"),
        ("GZIP", gzip.compress(VOLUME.tobytes()), "gzip"),
        ("bzip2", bz2.compress(VOLUME.tobytes()), "bzip2"),
        ("ascii", " ".join(str(n) for n in VOLUME.ravel()).encode() + b"\n", "raw"),
    ],
)
def test_every_encoding_gives_the_same_samples(tmp_path: Path, encoding: str, samples: bytes, codec: str) -> None:
    image = read(saved(tmp_path / "a.nrrd", samples, encoding=encoding))
    assert np.array_equal(image.pixels, VOLUME)
    assert (image.codec, image.lossy) == (codec, False)


@pytest.mark.parametrize("text", ["1 2 three", "40000 " * 120, "1.5 " * 120, "1 " * 119])
def test_text_that_is_not_these_numbers_is_malformed(tmp_path: Path, text: str) -> None:
    with pytest.raises(MalformedImage, match="120 numbers"):
        read(saved(tmp_path / "a.nrrd", text.encode(), encoding="text"))


def test_skips_before_the_samples_are_honoured(tmp_path: Path) -> None:
    big = VOLUME.astype(">i2").tobytes()
    (tmp_path / "a.raw").write_bytes(b"one line\nand another\nxyz" + big)
    detached: dict[str, str] = {"data_file": "a.raw", "endian": "big"}
    skipped = saved(tmp_path / "a.nhdr", b"", line_skip="2", byte_skip="3", **detached)
    assert np.array_equal(read(skipped).pixels, VOLUME)
    last = saved(tmp_path / "b.nhdr", b"", byte_skip="-1", **detached)
    assert np.array_equal(read(last).pixels, VOLUME)


def test_bytes_to_skip_in_a_compressed_block_are_inflated_bytes(tmp_path: Path) -> None:
    """NRRD definition, byte skip: 'for compressed encodings, the skip is after decompression'."""
    path = saved(tmp_path / "a.nrrd", gzip.compress(b"xyz" + VOLUME.tobytes()), encoding="gzip", byte_skip="3")
    assert np.array_equal(read(path).pixels, VOLUME)


@pytest.mark.parametrize("name", ["../a.raw", "/etc/hostname", "..\\a.raw", "sub/../../a.raw"])
def test_a_data_file_outside_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.raw").write_bytes(VOLUME.tobytes())
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(UnsupportedImage, match="leads out of it") as caught:
        read(saved(inside / "a.nhdr", b"", data_file=name))
    assert name not in str(caught.value)


def test_a_data_file_in_a_folder_below_is_read(tmp_path: Path) -> None:
    (tmp_path / "sub folder").mkdir()
    (tmp_path / "sub folder" / "ä.raw").write_bytes(VOLUME.tobytes())
    assert np.array_equal(read(saved(tmp_path / "a.nhdr", b"", data_file="sub folder/ä.raw")).pixels, VOLUME)


@pytest.mark.parametrize("name", ["missing.raw", ".", "with\0nul"])
def test_a_data_file_that_is_none_is_a_sentence_about_the_header(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path / "a.nhdr", b"", data_file=name)
    with pytest.raises(UnreadableImage) as caught:
        read(path)
    assert caught.value.path == path
    assert name not in str(caught.value) or name == "."


@pytest.mark.parametrize("name", ["LIST", "LIST 2", "slice%03d.raw 1 4 1"])
def test_samples_in_several_files_are_refused_with_the_way_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsupportedImage, match=r"one \.nrrd file"):
        read(saved(tmp_path / "a.nhdr", b"a.raw\n", data_file=name))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"type": None}, MalformedImage),
        ({"type": "block"}, UnsupportedImage),
        ({"sizes": None}, MalformedImage),
        ({"sizes": "6 5"}, MalformedImage),
        ({"sizes": "6 -5 4"}, MalformedImage),
        ({"sizes": "six 5 4"}, MalformedImage),
        ({"sizes": "120", "dimension": "1"}, UnsupportedImage),
        ({"dimension": None}, MalformedImage),
        ({"encoding": None}, MalformedImage),
        ({"encoding": "hex"}, UnsupportedImage),
        ({"endian": None}, MalformedImage),
        ({"endian": "middle"}, MalformedImage),
        ({"kinds": "domain domain"}, MalformedImage),
        ({"kinds": "time list domain"}, UnsupportedImage),
        ({"spacings": "1 1"}, MalformedImage),
        ({"spacings": "a b c"}, MalformedImage),
        ({"space_directions": "(1,0,0) (0,x,0) (0,0,1)"}, MalformedImage),
        ({"byte_skip": "-2"}, MalformedImage),
        ({"byte_skip": "1"}, MalformedImage),
        ({"line_skip": "99"}, MalformedImage),
        ({"type": "double"}, MalformedImage),
    ],
)
def test_each_way_to_contradict_itself_has_its_error(
    tmp_path: Path, fields: dict[str, str | None], error: type[Exception]
) -> None:
    with pytest.raises(error):
        read(saved(tmp_path / "a.nrrd", None, **fields))


def test_what_is_declared_is_checked_before_memory_is_taken(tmp_path: Path) -> None:
    with pytest.raises(LimitExceeded, match="samples"):
        read(saved(tmp_path / "a.nrrd", sizes="99999 99999 99999"))
    with pytest.raises(LimitExceeded, match="decompressed bytes per compressed byte"):
        read(saved(tmp_path / "b.nrrd", gzip.compress(bytes(10**6)), sizes="9999 9999 4", encoding="gzip"))
    with pytest.raises(LimitExceeded, match="header"):
        read(saved(tmp_path / "c.nrrd", content="x" * 5000), limits=Limits(max_header=4000))


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
def test_files_of_pynrrd_read_as_it_reads_them(tmp_path: Path, encoding: str) -> None:
    for detached in (False, True):
        path = tmp_path / f"{encoding}{detached}{'.nhdr' if detached else '.nrrd'}"
        options: dict[str, Any] = {"encoding": encoding, "space directions": np.diag([0.5, 0.75, 3.0])}
        nrrd.write(str(path), VOLUME.T, options, detached_header=detached, relative_data_path=True)
        image = read(path)
        assert np.array_equal(image.pixels, nrrd.read(str(path))[0].T)
        assert image.spacing == (3.0, 0.75, 0.5)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("ending", [".nrrd", ".nhdr"])
@pytest.mark.parametrize(("shape", "axes"), [((5, 6), "YX"), ((4, 5, 6), "ZYX"), ((5, 6, 3), "YXC")])
def test_files_of_simpleitk_read_as_it_reads_them(
    tmp_path: Path, compressed: bool, ending: str, shape: tuple[int, ...], axes: str
) -> None:
    sitk = pytest.importorskip("SimpleITK", reason="SimpleITK judges from outside; it is in misyn[test]")
    pixels = np.random.default_rng(1).integers(0, 60000, shape, dtype=np.uint16)
    other = sitk.GetImageFromArray(pixels, isVector="C" in axes)
    other.SetSpacing((0.5, 0.75, 3.0)[: other.GetDimension()])
    sitk.WriteImage(other, str(tmp_path / f"a{ending}"), useCompression=compressed)
    image = read(tmp_path / f"a{ending}")
    assert (image.axes, image.spacing) == (axes, other.GetSpacing()[::-1])
    assert np.array_equal(image.pixels, pixels)


def test_an_opaque_alpha_channel_is_dropped(tmp_path: Path) -> None:
    rgba = np.full((5, 6, 4), 255, np.uint8)
    rgba[..., 0] = np.arange(30).reshape(5, 6)
    fields = {"type": "uchar", "sizes": "4 6 5", "kinds": "RGBA-color domain domain"}
    assert np.array_equal(read(saved(tmp_path / "a.nrrd", rgba.tobytes(), **fields)).pixels, rgba[..., :3])
    rgba[0, 0, 3] = 0
    assert np.array_equal(read(saved(tmp_path / "b.nrrd", rgba.tobytes(), **fields)).pixels, rgba)


def test_the_chest_ct_that_the_demo_uses_reads_as_pynrrd_reads_it() -> None:
    slicerio = pytest.importorskip("slicerio", reason="the chest CT comes with slicerio, in misyn[demo]")
    for path in sorted(Path(slicerio.__file__).parent.rglob("CTChest*.nrrd")):
        image = read(path)
        assert (image.axes, image.pixels.dtype.kind) == ("ZYX", "i")
        assert np.array_equal(image.pixels, nrrd.read(str(path))[0].T)
