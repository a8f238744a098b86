"""Pictures: stored samples whatever the packing, transparency only where there is some, and bombs are refused."""

from __future__ import annotations

import io
import struct
import time
import warnings
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture

from misyn.errors import LimitExceeded, MalformedImage, UnreadableImage, UnsupportedImage
from misyn.images import Image, Limits, read
from misyn.images.picture import jpeg_quality

RANDOM = np.random.default_rng(3)
GREY = RANDOM.integers(0, 256, (16, 24), dtype=np.uint8)
RGB = RANDOM.integers(0, 256, (16, 24, 3), dtype=np.uint8)
OPAQUE = np.full((16, 24, 1), 255, np.uint8)


def saved(path: Path, pixels: NDArray[Any] | Picture.Image, **options: Any) -> Image:
    """Let Pillow write a picture, then read it."""
    (pixels if isinstance(pixels, Picture.Image) else Picture.fromarray(pixels)).save(path, **options)
    return read(path)


def chunk(kind: bytes, content: bytes) -> bytes:
    """PNG specification 5.3: length, type, content, CRC of the two."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, depth: int, colour: int, rows: list[bytes], *chunks: bytes) -> bytes:
    """Write a PNG by hand: Pillow writes neither 2-bit greys nor most transparency."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    samples = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = (chunk(b"IHDR", header), *chunks, chunk(b"IDAT", samples), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def read_bytes(folder: Path, data: bytes | bytearray, limits: Limits | None = None) -> Image:
    path = folder / "picture"
    path.write_bytes(data)
    return read(path, limits=limits or Limits())


@pytest.mark.parametrize(
    ("depth", "row", "samples"),
    [
        (1, b"\xa0", [1, 0, 1, 0]),
        (2, b"\x1b", [0, 1, 2, 3]),
        (4, b"\x07\xf8", [0, 7, 15, 8]),
        (8, b"\0\x07\xff\x08", [0, 7, 255, 8]),
        (16, b"\0\0\x01\x02\xff\xff\0\x08", [0, 258, 65535, 8]),
    ],
)
def test_greys_of_every_depth_are_the_stored_samples(
    tmp_path: Path, depth: int, row: bytes, samples: list[int]
) -> None:
    """PNG specification 7.1: samples smaller than a byte are packed, leftmost in the high bits."""
    image = read_bytes(tmp_path, png(4, 1, depth, 0, [row]))
    assert image.pixels.tolist() == [samples]
    assert image.pixels.dtype == (np.uint16 if depth == 16 else np.uint8)
    assert (image.bits, image.codec, image.lossy) == (depth, "deflate", False)


def test_a_one_bit_picture_of_pillow_is_zeros_and_ones(tmp_path: Path) -> None:
    image = saved(tmp_path / "a.png", GREY > 127)
    assert np.array_equal(image.pixels, (GREY > 127).astype(np.uint8))


@pytest.mark.parametrize("ending", ["png", "webp"])
def test_alpha_is_kept_only_where_something_is_not_opaque(tmp_path: Path, ending: str) -> None:
    options: dict[str, Any] = {"lossless": True, "exact": True} if ending == "webp" else {}
    opaque = np.concatenate([RGB, OPAQUE], axis=-1)
    assert np.array_equal(saved(tmp_path / f"a.{ending}", opaque, **options).pixels, RGB)
    opaque[3, 4, 3] = 254
    assert np.array_equal(saved(tmp_path / f"b.{ending}", opaque, **options).pixels, opaque)


def test_grey_with_alpha_and_sixteen_bits_with_alpha(tmp_path: Path) -> None:
    grey = np.concatenate([GREY[..., np.newaxis], OPAQUE], axis=-1)
    assert np.array_equal(saved(tmp_path / "a.png", Picture.fromarray(grey, "LA")).pixels, GREY)
    grey[0, 0, 1] = 0
    assert np.array_equal(saved(tmp_path / "b.png", Picture.fromarray(grey, "LA")).pixels, grey)
    deep = RANDOM.integers(0, 65536, (9, 7, 4), dtype=np.uint16)
    assert np.array_equal(read_bytes(tmp_path, imagecodecs.png_encode(deep)).pixels, deep)
    deep[..., 3] = 65535
    assert np.array_equal(read_bytes(tmp_path, imagecodecs.png_encode(deep)).pixels, deep[..., :3])


@pytest.mark.parametrize(
    ("depth", "colour", "row", "key", "expected"),
    [
        (8, 0, b"\5\6", (5,), [[[5, 0], [6, 255]]]),
        (8, 0, b"\5\6", (7,), [[5, 6]]),
        (4, 0, b"\x56", (5,), [[[5, 0], [6, 15]]]),
        (1, 0, b"\x40", (1,), [[[0, 1], [1, 0]]]),
        (16, 0, b"\1\5\0\5", (5,), [[[261, 65535], [5, 0]]]),
        (8, 2, b"\1\2\3\4\5\6", (1, 2, 3), [[[1, 2, 3, 0], [4, 5, 6, 255]]]),
        (16, 2, b"\0\1\0\2\0\3\0\4\0\5\0\6", (1, 2, 3), [[[1, 2, 3, 0], [4, 5, 6, 65535]]]),
    ],
)
def test_a_transparent_colour_becomes_alpha(
    tmp_path: Path, depth: int, colour: int, row: bytes, key: tuple[int, ...], expected: list[Any]
) -> None:
    """PNG specification 11.3.1: tRNS names one grey or RGB sample, as stored, in two bytes each."""
    data = png(2, 1, depth, colour, [row], chunk(b"tRNS", struct.pack(f">{len(key)}H", *key)))
    assert read_bytes(tmp_path, data).pixels.tolist() == expected


def test_palettes_are_expanded_and_grey_palettes_are_grey(tmp_path: Path) -> None:
    colours = Picture.fromarray(RGB).quantize(16)
    shown = np.asarray(colours.convert("RGB"))
    for ending in ("png", "gif"):
        assert np.array_equal(saved(tmp_path / f"a.{ending}", colours).pixels, shown)
    greys = Picture.fromarray(GREY).quantize(16)
    for ending in ("png", "gif"):
        image = saved(tmp_path / f"b.{ending}", greys)
        assert image.axes == "YX"
        assert np.array_equal(image.pixels, np.asarray(greys.convert("L")))


def test_a_transparent_palette_entry_becomes_alpha(tmp_path: Path) -> None:
    palette = chunk(b"PLTE", bytes([1, 2, 3, 9, 8, 7])) + chunk(b"tRNS", b"\xff\x80")
    assert read_bytes(tmp_path, png(2, 1, 1, 3, [b"\x40"], palette)).pixels.tolist() == [
        [[1, 2, 3, 255], [9, 8, 7, 128]]
    ]
    greys = chunk(b"PLTE", bytes([1, 1, 1, 9, 9, 9])) + chunk(b"tRNS", b"\xff\x80")
    assert read_bytes(tmp_path, png(2, 1, 1, 3, [b"\x40"], greys)).pixels.tolist() == [[[1, 255], [9, 128]]]


def test_rgb_that_shows_only_grey_stays_rgb(tmp_path: Path) -> None:
    """Only a palette cannot say grey; a writer that stored three channels meant three."""
    assert saved(tmp_path / "a.png", np.repeat(GREY[..., np.newaxis], 3, axis=-1)).axes == "YXC"


@pytest.mark.parametrize(("ending", "options"), [("gif", {}), ("webp", {"lossless": True}), ("png", {})])
def test_animations_become_frames_as_they_are_shown(tmp_path: Path, ending: str, options: dict[str, Any]) -> None:
    frames = RANDOM.integers(0, 256, (6, 16, 24), dtype=np.uint8)
    pictures = [Picture.fromarray(frame) for frame in frames]
    image = saved(tmp_path / f"a.{ending}", pictures[0], save_all=True, append_images=pictures[1:], **options)
    grey = image.pixels if image.axes == "FYX" else image.pixels[..., 0]
    assert np.array_equal(grey, frames)
    assert image.lossy is False


def test_the_still_of_an_animated_png_is_no_frame(tmp_path: Path) -> None:
    pictures = [Picture.fromarray(np.full((4, 4), n, np.uint8)) for n in (1, 2, 3)]
    image = saved(tmp_path / "a.png", pictures[0], save_all=True, append_images=pictures[1:], default_image=True)
    assert image.pixels[:, 0, 0].tolist() == [2, 3]


@pytest.mark.parametrize("quality", range(1, 101))
def test_jpeg_quality_is_told_from_the_table(tmp_path: Path, quality: int) -> None:
    image = saved(tmp_path / "a.jpg", RGB, quality=quality)
    assert image.attributes["jpeg_quality"] == str(quality)
    assert (image.codec, image.lossy) == ("jpeg", True)


def test_a_table_that_is_no_scaled_standard_gets_the_nearest_quality() -> None:
    table = np.array(Picture.open(io.BytesIO(jpeg(quality=80))).quantization[0])  # type: ignore[attr-defined]
    assert abs(jpeg_quality(table + 1) - 80) < 6


def jpeg(pixels: NDArray[Any] = RGB, **options: Any) -> bytes:
    stream = io.BytesIO()
    Picture.fromarray(pixels).save(stream, "JPEG", **options)
    return stream.getvalue()


@pytest.mark.parametrize(("subsampling", "name"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_samples_are_those_of_an_independent_decoder_call(
    tmp_path: Path, subsampling: int, name: str, progressive: bool
) -> None:
    data = jpeg(subsampling=subsampling, progressive=progressive)
    image = read_bytes(tmp_path, data)
    assert np.array_equal(image.pixels, imagecodecs.jpeg8_decode(data))
    assert image.attributes["jpeg_subsampling"] == name


def test_jpeg_of_twelve_bits_keeps_them(tmp_path: Path) -> None:
    deep = RANDOM.integers(0, 4096, (16, 16), dtype=np.uint16)
    data = imagecodecs.jpeg_encode(deep, level=100, bitspersample=12)
    image = read_bytes(tmp_path, data)
    assert (image.bits, image.pixels.dtype.name, image.lossy) == (12, "uint16", True)
    assert np.abs(image.pixels.astype(int) - deep).max() < 8


def test_cmyk_stays_four_inks(tmp_path: Path) -> None:
    image = saved(tmp_path / "a.jpg", Picture.fromarray(RGB).convert("CMYK"))
    assert (image.axes, image.shape[-1], image.attributes["photometric"]) == ("YXC", 4, "CMYK")


def test_exif_orientation_is_told_and_not_applied(tmp_path: Path) -> None:
    exif = Picture.Exif()
    exif[0x0112] = 6
    for ending in ("jpg", "png", "webp"):
        image = saved(tmp_path / f"a.{ending}", RGB, exif=exif)
        assert image.shape == RGB.shape
        assert image.attributes["exif_orientation"] == "6"
    assert "exif_orientation" not in saved(tmp_path / "b.jpg", RGB).attributes


def test_of_several_pictures_in_a_jpeg_the_first_is_read(tmp_path: Path) -> None:
    first, second = Picture.fromarray(RGB), Picture.fromarray(255 - RGB)
    image = saved(tmp_path / "a.jpg", first, format="MPO", save_all=True, append_images=[second])
    assert (image.axes, image.shape) == ("YXC", RGB.shape)


@pytest.mark.parametrize(("lossless", "codec"), [(False, "webp"), (True, "webp-lossless")])
@pytest.mark.parametrize("animated", [False, True])
def test_webp_says_whether_it_is_lossy(tmp_path: Path, lossless: bool, codec: str, animated: bool) -> None:
    more: dict[str, Any] = {"save_all": True, "append_images": [Picture.fromarray(255 - RGB)]} if animated else {}
    image = saved(tmp_path / "a.webp", RGB, lossless=lossless, **more)
    assert (image.codec, image.lossy) == (codec, not lossless)
    with_alpha = saved(tmp_path / "b.webp", np.concatenate([RGB, OPAQUE // 2], axis=-1), lossless=lossless, **more)
    assert (with_alpha.codec, with_alpha.lossy) == (codec, not lossless)


def test_pillows_own_limit_is_neither_needed_nor_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for data in (png(24, 16, 8, 0, [bytes(24)] * 16), jpeg()):
            assert read_bytes(tmp_path, data).shape[:2] == (16, 24)
        for ending in ("webp", "gif"):  # here Pillow asks its limit itself
            Picture.fromarray(GREY).save(
                tmp_path / f"a.{ending}", save_all=True, append_images=[Picture.new("L", (24, 16))]
            )
            with pytest.raises(LimitExceeded, match="PNG or TIFF"):
                read(tmp_path / f"a.{ending}")
    assert PIL.Image.MAX_IMAGE_PIXELS == 10


def blank_gif(frames: int, width: int = 2, height: int = 2) -> bytes:
    """GIF89a: one global table, then frames of one LZW block each that clears, writes one pixel and ends."""
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return head + frame * frames + b"\x3b"


def test_a_million_frames_are_refused_before_the_first_is_decoded(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(LimitExceeded) as caught:
        read_bytes(tmp_path, blank_gif(1_000_000))
    assert caught.value.limit == "max_frames"
    assert time.monotonic() - started < 10
    assert read_bytes(tmp_path, blank_gif(3)).shape == (3, 2, 2)


@pytest.mark.parametrize(
    "data",
    [
        png(2**31 - 1, 2**31 - 1, 8, 0, [b"\0"]),
        png(2**31 - 1, 1, 16, 6, [b"\0"]),
        blank_gif(2, 65535, 65535),
        blank_gif(99_999, 500, 500),
        b"RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xffVP8L\x05\0\0\0\x2f\0\0\0\0\0",
        b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03" + bytes(9) + b"\xff\xd9",
    ],
)
def test_a_declared_size_is_refused_before_a_decoder_sees_it(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(LimitExceeded) as caught:
        read_bytes(tmp_path, data)
    assert caught.value.limit == "max_pixels"


def test_a_walk_through_endless_structure_ends_in_time(tmp_path: Path) -> None:
    comments = b"\x21\xfe\x01x\x00" * 200_000
    for data in (
        blank_gif(1)[:19] + comments + blank_gif(1)[19:],
        png(1, 1, 8, 0, [b"\0"], *[chunk(b"teXt", b"")] * 99_999),
    ):
        with pytest.raises(LimitExceeded) as caught:
            read_bytes(tmp_path, data, Limits(seconds=0.001))
        assert caught.value.limit == "seconds"


def test_a_gif_frame_beyond_the_canvas_counts(tmp_path: Path) -> None:
    """Decoders grow the canvas to hold it."""
    data = blank_gif(1).replace(struct.pack("<HHHH", 0, 0, 1, 1), struct.pack("<HHHH", 65000, 65000, 1, 1))
    with pytest.raises(LimitExceeded, match="samples"):
        read_bytes(tmp_path, data)


def test_an_empty_picture_of_many_pixels_is_out_of_proportion(tmp_path: Path) -> None:
    rows = [bytes(10_000)] * 1_000
    with pytest.raises(LimitExceeded) as caught:
        read_bytes(tmp_path, png(10_000, 1_000, 8, 0, rows), Limits(ratio_from=1 << 20))
    assert caught.value.limit == "max_ratio"


def test_a_text_that_is_a_bomb_does_not_reach_the_decoder(tmp_path: Path) -> None:
    bomb = chunk(b"zTXt", b"parameters\0\0" + zlib.compress(bytes(5_000_000)))
    profile = chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(5_000_000)))
    assert read_bytes(tmp_path, png(2, 1, 8, 0, [b"\5\6"], bomb, profile)).pixels.tolist() == [[5, 6]]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (png(0, 1, 8, 0, [b""]), MalformedImage),
        (png(1, 1, 8, 7, [b"\0"]), MalformedImage),
        (png(1, 1, 3, 0, [b"\0"]), MalformedImage),
        (png(2, 2, 8, 0, [b"\0\0"]), MalformedImage),  # one row of two
        (jpeg().replace(b"\xff\xc0", b"\xff\xc9"), UnsupportedImage),  # arithmetic coding
        (jpeg().replace(b"\xff\xc0\0\x11\x08\0\x10", b"\xff\xc0\0\x11\x08\0\0"), UnsupportedImage),  # height follows
        (jpeg()[:-2], MalformedImage),
        (b"\xff\xd8\xff\xd9" + bytes(50), MalformedImage),
        (b"GIF89a" + bytes(7) + b"\x3b", MalformedImage),
        (blank_gif(2)[:-1], MalformedImage),
        (b"RIFF\x04\0\0\0WEBP", MalformedImage),
        (b"RIFF\xff\xff\0\0WEBPVP8L" + bytes(50), MalformedImage),
    ],
)
def test_each_way_to_be_damaged_has_its_error(tmp_path: Path, data: bytes, error: type[UnreadableImage]) -> None:
    with pytest.raises(error, match="expected"):
        read_bytes(tmp_path, data)


def test_an_animated_png_of_sixteen_bits_is_refused(tmp_path: Path) -> None:
    control = chunk(b"acTL", struct.pack(">II", 2, 0))
    with pytest.raises(UnsupportedImage, match="animated PNG"):
        read_bytes(tmp_path, png(1, 1, 16, 0, [b"\0\0"], control))


@pytest.mark.data
def test_medical_pictures_read_as_pillow_reads_them(data_dir: Path) -> None:
    for place, count in (("ham10000/images", 40), ("wound_fuseg", 40), ("derm_t2im", 40)):
        paths = [path for path in sorted((data_dir / place).rglob("*.*")) if path.suffix in {".jpg", ".png"}]
        assert paths
        for path in paths[:: max(1, len(paths) // count)]:
            with Picture.open(path) as opened:
                assert np.array_equal(read(path).pixels, np.asarray(opened))
