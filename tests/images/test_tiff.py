"""TIFF: every common packing gives the stored samples, descriptions name axes, broken structure is refused first."""

from __future__ import annotations

import io
import logging
import struct
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image as Picture

from misyn.errors import LimitExceeded, MalformedImage, UnreadableImage, UnsupportedImage
from misyn.images import Image, Limits, read

RANDOM = np.random.default_rng(4)
GREY = RANDOM.integers(0, 256, (40, 50), dtype=np.uint8)
RGB = RANDOM.integers(0, 256, (40, 50, 3), dtype=np.uint8)
STACK = RANDOM.integers(0, 256, (5, 40, 50), dtype=np.uint8)


def saved(folder: Path, pixels: NDArray[Any], **options: Any) -> Image:
    """Let tifffile write a file, then read it."""
    path = folder / "ä b.tif"
    if not (options.get("ome") or options.get("imagej")):
        options = {"metadata": None, "photometric": "rgb" if pixels.shape[-1] == 3 else "minisblack", **options}
    tifffile.imwrite(path, pixels, **options)
    return read(path)


@pytest.mark.parametrize("code", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"])
@pytest.mark.parametrize(
    "options", [{"byteorder": ">"}, {"tile": (16, 32), "compression": "deflate"}, {"bigtiff": True}]
)
def test_every_integer_and_float_type(tmp_path: Path, code: str, options: dict[str, Any]) -> None:
    pixels = (RANDOM.random((40, 50)) * 100).astype(code)
    image = saved(tmp_path, pixels, **options)
    assert (image.pixels.dtype, image.bits) == (np.dtype(code), pixels.itemsize * 8)
    assert np.array_equal(image.pixels, pixels)


@pytest.mark.parametrize("compression", ["lzw", "deflate", "packbits", "zstd", "lzma"])
@pytest.mark.parametrize("pixels", [GREY, RGB, RGB.astype(np.uint16) * 257], ids=["grey", "rgb", "rgb16"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("predictor", [False, True])
def test_lossless_compressions(
    tmp_path: Path, compression: str, pixels: NDArray[Any], tile: tuple[int, int] | None, predictor: bool
) -> None:
    predictor = predictor and compression not in {"packbits", "lzma"}
    image = saved(tmp_path, pixels, compression=compression, tile=tile, predictor=predictor)
    assert np.array_equal(image.pixels, pixels)
    assert (image.codec, image.lossy) == (compression, False)


@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_image_codecs_inside_say_whether_they_are_lossy(tmp_path: Path, tile: tuple[int, int] | None) -> None:
    jpeg = saved(tmp_path, RGB, compression="jpeg", tile=tile)
    assert (jpeg.codec, jpeg.lossy, jpeg.attributes["photometric"]) == ("jpeg", True, "RGB")
    assert np.abs(jpeg.pixels.astype(int) - RGB).mean() < 50
    webp = saved(tmp_path, RGB, compression="webp", tile=tile, compressionargs={"lossless": True})
    assert (webp.codec, webp.lossy) == ("webp-lossless", False)
    assert np.array_equal(webp.pixels, RGB)
    reversible = saved(tmp_path, RGB, compression="jpeg2000", tile=tile)
    assert (reversible.codec, reversible.lossy) == ("jpeg2000", None)
    assert np.array_equal(reversible.pixels, RGB)
    cut = saved(tmp_path, RGB, compression="jpeg2000", tile=tile, compressionargs={"level": 30, "reversible": False})
    assert (cut.codec, cut.lossy) == ("jpeg2000", True)


def test_pages_are_frames_and_planes_are_channels(tmp_path: Path) -> None:
    assert np.array_equal(saved(tmp_path, STACK).pixels, STACK)
    assert saved(tmp_path, STACK).axes == "FYX"
    planes = saved(tmp_path, np.moveaxis(RGB, -1, 0), photometric="rgb", planarconfig="separate")
    assert (planes.axes, planes.spacing) == ("YXC", None)
    assert np.array_equal(planes.pixels, RGB)


@pytest.mark.parametrize("tile", [None, (16, 16, 16)])
def test_image_depth_is_slices(tmp_path: Path, tile: tuple[int, ...] | None) -> None:
    image = saved(tmp_path, STACK, volumetric=True, tile=tile)
    assert image.axes == "ZYX"
    assert np.array_equal(image.pixels, STACK)


def test_reduced_copies_and_other_pages_are_counted_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(RGB, photometric="rgb", metadata=None)
        writer.write(RGB[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
        writer.write(GREY, photometric="minisblack", metadata=None)
        writer.write(RGB, photometric="rgb", metadata=None)
    image = read(path)
    assert (image.axes, image.shape[0], image.attributes["other_pages"]) == ("FYXC", 2, "2")


def test_alpha_is_kept_only_where_something_is_not_opaque(tmp_path: Path) -> None:
    for top, kind in ((255, np.uint8), (65535, np.uint16), (1, np.float32)):
        rgba = np.full((40, 50, 4), top, kind)
        rgba[..., :3] = RGB
        options: dict[str, Any] = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
        assert np.array_equal(saved(tmp_path, rgba, **options).pixels, rgba[..., :3])
        rgba[0, 0, 3] = 0
        assert np.array_equal(saved(tmp_path, rgba, **options).pixels, rgba)
    unspecified = np.full((40, 50, 4), 255, np.uint8)
    assert saved(tmp_path, unspecified, photometric="rgb", extrasamples=["unspecified"]).shape[-1] == 4


@pytest.mark.parametrize("scale", [257, 256])
def test_palettes_are_expanded_and_grey_ones_are_grey(tmp_path: Path, scale: int) -> None:
    """TIFF 6.0 section 5: 16-bit entries; writers of 8-bit colours repeat the byte or leave the low one empty."""
    colours = RANDOM.integers(0, 256, (3, 256), dtype=np.uint16)
    image = saved(tmp_path, GREY, photometric="palette", colormap=colours * scale)
    assert np.array_equal(image.pixels, np.stack([colour[GREY] for colour in colours], axis=-1).astype(np.uint8))
    greys = np.repeat(np.arange(256, dtype=np.uint16)[np.newaxis], 3, axis=0) * scale
    image = saved(tmp_path, GREY, photometric="palette", colormap=greys)
    assert (image.axes, image.attributes["photometric"]) == ("YX", "MONOCHROME2")
    assert np.array_equal(image.pixels, GREY)


def test_sixteen_bit_palettes_keep_their_bits(tmp_path: Path) -> None:
    colours = RANDOM.integers(0, 65536, (3, 256), dtype=np.uint16)
    image = saved(tmp_path, GREY, photometric="palette", colormap=colours)
    assert (image.bits, image.pixels.dtype.name) == (16, "uint16")
    assert np.array_equal(image.pixels, np.stack([colour[GREY] for colour in colours], axis=-1))


def test_zero_that_means_white_is_told_and_not_inverted(tmp_path: Path) -> None:
    image = saved(tmp_path, GREY, photometric="miniswhite")
    assert image.attributes["photometric"] == "MONOCHROME1"
    assert np.array_equal(image.pixels, GREY)


@pytest.mark.parametrize("compression", [None, "group3", "group4", "tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_one_bit_pictures_of_libtiff_are_zeros_and_ones(tmp_path: Path, compression: str | None) -> None:
    Picture.fromarray(GREY > 127).save(tmp_path / "a.tif", compression=compression)
    image = read(tmp_path / "a.tif")
    assert (image.pixels.dtype.name, image.bits) == ("uint8", 1)
    assert np.array_equal(image.pixels, (GREY > 127).astype(np.uint8))


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16", "F", "CMYK", "P"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_pictures_of_libtiff_read_as_pillow_reads_them(tmp_path: Path, mode: str, compression: str | None) -> None:
    picture = Picture.fromarray(RGB)
    picture = picture.convert("L").convert(mode) if mode == "I;16" else picture.convert(mode)
    picture.save(tmp_path / "a.tif", compression=compression)
    with Picture.open(tmp_path / "a.tif") as opened:
        assert np.array_equal(
            read(tmp_path / "a.tif").pixels, np.asarray(opened.convert("RGB") if mode == "P" else opened)
        )


def test_ome_names_axes_and_millimetres(tmp_path: Path) -> None:
    sizes = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.25, "PhysicalSizeZ": 3, "PhysicalSizeZUnit": "mm"}
    image = saved(tmp_path, STACK, ome=True, metadata={"axes": "ZYX", **sizes}, photometric="minisblack")
    assert image.axes == "ZYX"
    assert image.spacing == pytest.approx((3.0, 0.00025, 0.0005))
    assert np.array_equal(image.pixels, STACK)


@pytest.mark.parametrize("axes", ["TZCYX", "TCZYX", "CTZYX", "ZTCYX", "CZTYX", "ZCTYX"])
def test_every_order_of_ome_planes_gives_the_same_axes(tmp_path: Path, axes: str) -> None:
    pixels = RANDOM.integers(0, 256, (2, 3, 4, 8, 9), dtype=np.uint8)
    image = saved(tmp_path, pixels, ome=True, metadata={"axes": axes}, photometric="minisblack")
    expected = np.transpose(pixels, [axes.index(axis) for axis in "TZYXC"])
    assert image.axes == "FZYXC"
    assert np.array_equal(image.pixels, expected)


OME = (
    '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1">'
    '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="50" SizeY="40" '
    'SizeC="1" SizeT="1" SizeZ="{size}">{data}</Pixels></Image></OME>'
)


def ome(folder: Path, data: str, *, size: str = "5") -> Image:
    path = folder / "a.ome.tif"
    description = OME.format(size=size, data=data)
    tifffile.imwrite(path, STACK, description=description, metadata=None, photometric="minisblack")
    return read(path)


def test_ome_planes_are_found_where_tiffdata_says(tmp_path: Path) -> None:
    data = "".join(f'<TiffData FirstZ="{n}" IFD="{4 - n}" PlaneCount="1"/>' for n in range(5))
    assert np.array_equal(ome(tmp_path, data).pixels, STACK[::-1])
    part = ome(tmp_path, '<TiffData IFD="3" PlaneCount="2"/>', size="2")
    assert np.array_equal(part.pixels, STACK[3:])
    assert part.attributes["other_pages"] == "3"


@pytest.mark.parametrize(
    ("data", "size", "error"),
    [
        ('<TiffData IFD="0"><UUID FileName="../other.tif">urn:uuid:2</UUID></TiffData>', "5", UnsupportedImage),
        ('<TiffData IFD="0" PlaneCount="5"/>', "9", UnsupportedImage),
        ('<TiffData IFD="0" PlaneCount="4"/>', "5", UnsupportedImage),
        ('<TiffData IFD="3" PlaneCount="5"/>', "5", MalformedImage),
        ('<TiffData IFD="-1" PlaneCount="5"/>', "5", MalformedImage),
        ('<TiffData IFD="0" PlaneCount="999999999999"/>', "5", MalformedImage),
        ('<TiffData IFD="a"/>', "5", MalformedImage),
        ("", "0", MalformedImage),
        ("", "many", MalformedImage),
        ("<not closed", "5", MalformedImage),
    ],
)
def test_ome_that_does_not_fit_its_pages_is_refused(
    tmp_path: Path, data: str, size: str, error: type[UnreadableImage]
) -> None:
    with pytest.raises(error):
        ome(tmp_path, data, size=size)


def test_entities_in_ome_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    bomb = '<!DOCTYPE OME [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + OME.format(size="5", data="&b;")
    tifffile.imwrite(path, STACK, description=bomb, metadata=None, photometric="minisblack")
    with pytest.raises(MalformedImage):
        read(path)


def test_imagej_names_axes_and_millimetres(tmp_path: Path) -> None:
    slices = {"axes": "ZYX", "spacing": 2.5, "unit": "um"}
    image = saved(tmp_path, STACK, imagej=True, metadata=slices, resolution=(2, 4))
    assert image.axes == "ZYX"
    assert image.spacing == pytest.approx((0.0025, 0.00025, 0.0005))
    assert saved(tmp_path, STACK, imagej=True, metadata={"axes": "TYX"}).axes == "FYX"
    pixels = RANDOM.integers(0, 256, (2, 5, 3, 8, 9), dtype=np.uint8)
    image = saved(tmp_path, pixels, imagej=True, metadata={"axes": "TZCYX"})
    assert image.axes == "FZYXC"
    assert np.array_equal(image.pixels, np.moveaxis(pixels, 2, -1))


def test_planes_that_imagej_keeps_behind_one_page_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    for pixels in (STACK, STACK.astype(np.uint16) * 200):
        with tifffile.TiffWriter(path, imagej=True) as writer:
            writer.write(pixels, metadata={"axes": "ZYX"}, truncate=True, contiguous=True)
        image = read(path)
        assert image.axes == "ZYX"
        assert np.array_equal(image.pixels, pixels)


def test_a_resolution_without_a_description_is_no_spacing(tmp_path: Path) -> None:
    assert saved(tmp_path, GREY, resolution=(300, 300), resolutionunit="INCH").spacing is None


def entry(tag: int, kind: int, count: int, value: int) -> bytes:
    """TIFF 6.0 section 2: tag, type, count, value or offset."""
    return struct.pack("<HHII", tag, kind, count, value)


def by_hand(entries: list[bytes], *, following: int = 0, tail: bytes = bytes(64)) -> bytes:
    """One little-endian directory at offset 8, its samples behind it."""
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", following)
    return b"II*\0" + struct.pack("<I", 8) + directory + tail


def plain(width: int = 8, height: int = 8, *, offset: int | None = None, count: int = 64, **tags: int) -> list[bytes]:
    """Entries of a grey picture of 8 bits in one strip."""
    values = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: height, 279: count}
    values |= {int(tag[1:]): value for tag, value in tags.items()}
    values[273] = 8 + 2 + 12 * len(values) + 4 if offset is None else offset
    return [entry(tag, 4, 1, value) for tag, value in sorted(values.items())]


def read_bytes(folder: Path, data: bytes, limits: Limits | None = None) -> Image:
    path = folder / "picture"
    path.write_bytes(data)
    return read(path, limits=limits or Limits())


def test_a_file_by_hand_is_read(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, by_hand(plain(), tail=bytes(range(64)))).pixels.ravel().tolist() == list(range(64))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (by_hand(plain(), following=8), MalformedImage),  # a chain that returns to itself
        (by_hand(plain(), following=10**6), MalformedImage),  # a chain that leaves the file
        (by_hand([]), MalformedImage),
        (b"II*\0" + bytes(4), MalformedImage),  # no directory at all
        (by_hand(plain(offset=10**6)), MalformedImage),
        (by_hand(plain(offset=0)), MalformedImage),
        (by_hand(plain(count=0)), MalformedImage),
        (by_hand(plain(count=63)), MalformedImage),  # raw samples that are too few
        (by_hand(plain(height=9)), MalformedImage),
        (by_hand(plain(width=0)), MalformedImage),
        (by_hand(plain(t278=4)), MalformedImage),  # two strips promised, one there
        (by_hand(plain(t259=6)), UnsupportedImage),  # old JPEG
        (by_hand(plain(t259=34934)), UnsupportedImage),  # JPEG XR
        (by_hand(plain(t262=8, t277=3)), UnsupportedImage),  # CIELAB
        (by_hand(plain(t262=6, t277=3)), UnsupportedImage),  # YCbCr outside JPEG
        (by_hand(plain(t262=32803)), UnsupportedImage),  # a sensor's mosaic
        (by_hand([*plain(), entry(33629, 5, 1, 8)]), UnsupportedImage),  # MetaMorph
        (by_hand(plain(t339=6)), UnsupportedImage),  # complex
    ],
)
def test_each_way_to_be_broken_has_its_error(tmp_path: Path, data: bytes, error: type[UnreadableImage]) -> None:
    with pytest.raises(error):
        read_bytes(tmp_path, data)


@pytest.mark.parametrize(
    ("data", "limits", "limit"),
    [
        (by_hand(plain(2**31 - 1, 2**31 - 1)), Limits(), "max_pixels"),
        (by_hand(plain(t322=2**30, t323=2**30, t324=200, t325=64)), Limits(), "max_pixels"),  # one giant tile
        (by_hand([*plain(), entry(40000, 12, 2**32 - 1, 200)]), Limits(), "max_header"),
        (by_hand(plain(8192, 8192, count=64, t259=8)), Limits(ratio_from=1 << 20), "max_ratio"),
    ],
)
def test_what_is_declared_is_checked_before_memory_is_taken(
    tmp_path: Path, data: bytes, limits: Limits, limit: str
) -> None:
    with pytest.raises(LimitExceeded) as caught:
        read_bytes(tmp_path, data, limits)
    assert caught.value.limit == limit


def test_pages_and_their_stack_are_bounded(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for frame in STACK:
            writer.write(frame, photometric="minisblack", metadata=None)
    with pytest.raises(LimitExceeded, match="frames"):
        read_bytes(tmp_path, stream.getvalue(), Limits(max_frames=4))
    with pytest.raises(LimitExceeded, match="samples"):
        read_bytes(tmp_path, stream.getvalue(), Limits(max_pixels=STACK.size - 1))


@pytest.mark.parametrize("kind", ["jpeg", "webp", "jpeg2000"])
def test_a_segment_larger_than_its_strip_is_refused(tmp_path: Path, kind: str) -> None:
    large = np.zeros((1000, 1000, 3), np.uint8)
    codecs: dict[str, tuple[int, bytes]] = {
        "jpeg": (7, bytes(imagecodecs.jpeg_encode(large))),
        "webp": (50001, bytes(imagecodecs.webp_encode(large))),
        "jpeg2000": (34712, bytes(imagecodecs.jpeg2k_encode(large))),
    }
    compression, segment = codecs[kind]
    data = by_hand(plain(count=len(segment), t259=compression, t262=2, t277=3), tail=segment)
    with pytest.raises(MalformedImage, match="found larger ones"):
        read_bytes(tmp_path, data)


def test_the_librarys_log_stays_silent_and_is_given_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its lines quote the file, and would reach a terminal."""
    broken = by_hand([*plain(), entry(270, 2, 40, 10**7), entry(700, 99, 5, 3)])
    with caplog.at_level(logging.DEBUG):
        read_bytes(tmp_path, broken)
    assert not caplog.records
    assert not logging.getLogger("tifffile").disabled


def test_no_other_file_is_opened_whatever_ome_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    original = tifffile.TiffFile.__init__

    def counting(self: Any, file: Any, *args: Any, **options: Any) -> None:
        opened.append(str(file))
        original(self, file, *args, **options)

    monkeypatch.setattr(tifffile.TiffFile, "__init__", counting)
    with pytest.raises(UnsupportedImage):
        ome(tmp_path, '<TiffData IFD="0"><UUID FileName="other.tif">urn:uuid:2</UUID></TiffData>')
    assert opened == [str(tmp_path / "a.ome.tif")]
