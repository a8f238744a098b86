r"""Pictures: PNG, JPEG, GIF and WebP.

Rules
-----
1. What the file declares (:mod:`misyn.images.picture_header`) is checked against the limits before a decoder sees it.
   Pillow's process-wide pixel limit is neither used nor changed.
2. Samples are as stored: 16 bits stay 16, a 4-bit grey of 15 stays 15, one bit becomes 0 or 1 in uint8. EXIF
   orientation is not applied; ``attributes["exif_orientation"]`` carries it where it is not 1.
3. Palettes are expanded to RGB; where everything shown is grey, to grey: a palette has no other way to say grey.
   Frames of GIF, WebP and animated PNG are composited, as they are shown, and become ``F``.
4. Transparency is a last channel, kept only where something is not opaque (:mod:`misyn.images.layout`, rule 3).
5. Pictures have no spacing: their densities are sizes on paper or defaults of a program, not sizes in a patient.
6. YCbCr becomes RGB, CMYK stays four inks with ``attributes["photometric"]`` saying so. Of a JPEG with further pictures
   behind it (previews, depth maps) the first is read.
7. ``attributes["jpeg_quality"]`` is the quality from 1 to 100 whose standard luminance table is nearest to the file's
   (ITU-T T.81 table K.1 scaled as the Independent JPEG Group does); ``jpeg_subsampling`` the chroma subsampling.

Example:
    >>> sniff(b"\x89PNG\r\n\x1a\n"), sniff(b"II*\0")
    (True, False)
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from PIL.Image import DecompressionBombError, Exif

from misyn.errors import LimitExceeded, MalformedImage, UnsupportedImage
from misyn.images.containment import contained
from misyn.images.image import Image
from misyn.images.layout import without_opaque_alpha
from misyn.images.limits import Deadline, Limits, check_frames, check_pixels, check_ratio, read_bytes
from misyn.images.picture_header import PNG, Declared, declared, png_exif, png_pixels_only

_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "png": PngImagePlugin.PngImageFile,
    "jpeg": JpegImagePlugin.JpegImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
}

# T.81 table K.1, luminance. Sorted tables are compared, so the order in which a decoder hands one over does not matter.
# fmt: off
_LUMINANCE = np.array([
    16, 11, 10, 16,  24,  40,  51,  61,
    12, 12, 14, 19,  26,  58,  60,  55,
    14, 13, 16, 24,  40,  57,  69,  56,
    14, 17, 22, 29,  51,  87,  80,  62,
    18, 22, 37, 56,  68, 109, 103,  77,
    24, 35, 55, 64,  81, 104, 113,  92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103,  99,
])
# fmt: on
_SUBSAMPLING = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}


def sniff(head: bytes) -> bool:
    """Say whether these first bytes start a PNG, JPEG, GIF or WebP file."""
    return head.startswith((PNG, b"\xff\xd8\xff", b"GIF87a", b"GIF89a")) or (
        head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    )


def read(path: Path, *, limits: Limits) -> Image:
    """Read one picture.

    Returns:
        An image with axes ``YX``, ``YXC``, ``FYX`` or ``FYXC``; uint8 or uint16.

    Raises:
        MalformedImage: the file is damaged or ends early.
        UnsupportedImage: a rare JPEG, or an animated PNG of 16 bits.
        LimitExceeded: the file declares more than ``limits`` allow.
    """
    data = read_bytes(path, limits=limits)
    found = declared(data, limits=limits)
    check_frames(found.frames, limits=limits)
    shape = (found.frames, found.height, found.width, found.channels)
    check_pixels(shape, limits=limits)
    check_ratio(len(data), int(np.prod(shape)) * (1 + (found.bits > 8)), limits=limits)
    with contained(found.format, path=path, limits=limits):
        pixels, attributes = _decode(data, found, limits=limits)
    return Image(
        pixels=pixels,
        axes="F" * (found.frames > 1) + "YX" + "C" * (pixels.ndim - 2 - (found.frames > 1)),
        format=found.format,
        bits=found.bits,
        codec=found.codec,
        lossy=found.lossy,
        attributes=attributes,
    )


def _decode(data: bytes, found: Declared, *, limits: Limits) -> tuple[NDArray[Any], dict[str, str]]:
    if found.format == "png" and found.frames == 1:
        return _decode_png(data, found)
    if found.format == "jpeg" and (found.bits != 8 or not found.lossy):
        pixels = _sized(np.array(imagecodecs.jpeg_decode(data)), found)  # Pillow would cut it to 8 bits
        return pixels, {"photometric": _photometric(pixels)}
    if found.bits == 16:
        raise UnsupportedImage("expected one picture or 8 bits, found an animated PNG of 16. Next: save single frames")
    try:
        with _PLUGINS[found.format](io.BytesIO(png_pixels_only(data) if found.format == "png" else data)) as opened:
            pixels = _composited(opened, found, limits=limits) if found.frames > 1 else _single(opened, found)
            return pixels, _attributes(opened, pixels)
    except DecompressionBombError as error:
        raise _beyond_pillow() from error


def _beyond_pillow() -> LimitExceeded:
    """Pillow checks GIF and WebP against a limit of the process, which is not ours to change."""
    error = LimitExceeded(
        "expected a picture within the limit that Pillow sets in this process (PIL.Image.MAX_IMAGE_PIXELS), found a "
        "larger one. Next: convert it to PNG or TIFF"
    )
    error.limit = "max_pixels"
    return error


def _decode_png(data: bytes, found: Declared) -> tuple[NDArray[Any], dict[str, str]]:
    """Decode a single PNG with libpng, which keeps 16 bits and refuses rows that are missing; Pillow does neither."""
    pixels = _sized(np.array(imagecodecs.png_decode(png_pixels_only(data))), found)
    if found.colour == 3:
        pixels = _colourless(without_opaque_alpha(pixels, opaque=255) if pixels.shape[-1] == 4 else pixels)
    elif found.colour in {4, 6}:
        pixels = without_opaque_alpha(pixels, opaque=(1 << found.depth) - 1)
    elif found.depth < 8:
        pixels //= 255 // ((1 << found.depth) - 1)  # libpng stretches greys of 1, 2 and 4 bits over 0 to 255
    if found.key:
        pixels = _keyed(pixels, found)
    exif = Exif()
    exif.load(png_exif(data))
    return pixels, {"photometric": _photometric(pixels), **_orientation(exif)}


def _sized(pixels: NDArray[Any], found: Declared) -> NDArray[Any]:
    """Make sure that the decoder and the limits speak of the same picture."""
    if pixels.shape[:2] != (found.height, found.width) or pixels.size > found.height * found.width * found.channels:
        raise MalformedImage("expected the size that the header declares, found another. Next: export the file again")
    return pixels


def _single(opened: ImageFile.ImageFile, found: Declared) -> NDArray[Any]:
    """Decode one JPEG, GIF or WebP of 8 bits."""
    if found.format == "gif":
        return _colourless(without_opaque_alpha(_sized(np.array(opened.convert("RGBA")), found), opaque=255))
    pixels = _sized(np.array(opened), found)
    return without_opaque_alpha(pixels, opaque=255) if opened.mode == "RGBA" else pixels


def _composited(opened: ImageFile.ImageFile, found: Declared, *, limits: Limits) -> NDArray[Any]:
    """Decode every frame as it is shown, shape (F, Y, X) or (F, Y, X, C)."""
    deadline = Deadline(limits)
    frames = np.empty((found.frames, found.height, found.width, 4), np.uint8)
    first = int(bool(opened.info.get("default_image")))  # a PNG's still for viewers without animation is no frame
    for n in range(found.frames):
        deadline.check()
        opened.seek(n + first)
        frames[n] = np.asarray(opened.convert("RGBA"))
    shown = without_opaque_alpha(frames, opaque=255)
    return _colourless(shown) if found.format == "gif" or found.colour in {0, 3, 4} else shown


def _colourless(pixels: NDArray[Any]) -> NDArray[Any]:
    """Rule 3: one channel where red, green and blue are the same everywhere, (..., 3) or (..., 4) with alpha."""
    red, green, blue = (pixels[..., n] for n in range(3))
    if not (np.array_equal(red, green) and np.array_equal(red, blue)):
        return pixels
    return np.ascontiguousarray(red if pixels.shape[-1] == 3 else pixels[..., [0, 3]])


def _keyed(pixels: NDArray[Any], found: Declared) -> NDArray[Any]:
    """Turn a PNG's transparent colour into alpha, grey (Y, X) or RGB (Y, X, 3)."""
    stacked = pixels[..., np.newaxis] if pixels.ndim == 2 else pixels
    full = (1 << found.depth) - 1
    hidden = (stacked == np.array(found.key)).all(axis=-1, keepdims=True)
    alpha = np.where(hidden, 0, full).astype(pixels.dtype)
    return without_opaque_alpha(np.concatenate([stacked, alpha], axis=-1), opaque=full)


def _photometric(pixels: NDArray[Any]) -> str:
    """Name the colours in DICOM's words, from shape (..., Y, X) or (..., Y, X, C)."""
    return "RGB" if pixels.shape[-1] in {3, 4} and pixels.ndim > 2 else "MONOCHROME2"


def _attributes(opened: ImageFile.ImageFile, pixels: NDArray[Any]) -> dict[str, str]:
    facts = {"photometric": "CMYK" if opened.mode == "CMYK" else _photometric(pixels), **_orientation(opened.getexif())}
    if isinstance(opened, JpegImagePlugin.JpegImageFile):
        facts["jpeg_quality"] = str(jpeg_quality(opened.quantization[0]))
        if opened.mode == "RGB":
            facts["jpeg_subsampling"] = _SUBSAMPLING.get(JpegImagePlugin.get_sampling(opened), "other")
    return facts


def _orientation(exif: Exif) -> dict[str, str]:
    found = exif.get(0x0112)
    return {"exif_orientation": str(found)} if found in range(2, 9) else {}


def jpeg_quality(luminance: Any) -> int:  # noqa: ANN401 - any sequence of numbers, as Pillow gives it
    """Estimate the quality setting that made a JPEG from its first quantisation table (rule 7).

    Args:
        luminance: 64 divisors, in any order.

    Returns:
        1 to 100: exact for writers that scale the standard table, the nearest one for others.

    Example:
        >>> jpeg_quality([1] * 64), jpeg_quality(_LUMINANCE)
        (100, 50)
    """
    qualities = np.arange(1, 101)
    scale = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    tables = np.clip((_LUMINANCE * scale[:, np.newaxis] + 50) // 100, 1, 255)
    distance = np.abs(np.sort(tables, axis=1) - np.sort(np.asarray(luminance))).sum(axis=1)
    return int(qualities[distance.argmin()])
