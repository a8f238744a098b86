"""Words burned into a copy of a picture.

Rules
-----
1. Letters are as bright, and their box as dark, as 8 bits allow; in deeper pictures, as the picture's own brightest and
   darkest sample, so that no viewer's automatic window is thrown off. An alpha channel becomes opaque.
2. One picture of one page; several pages or frames are refused.
3. PNG, TIFF and WebP are written without loss. JPEG is compressed again at quality 95: every pixel may change a little.
   GIF keeps its colours where black, white and they fit into 256; else the nearest of 256 stand for them.

Example:
    >>> import numpy as np
    >>> drawn(np.full((64, 64), 7, np.uint8))[-8, 1:6].tolist()
    [0, 255, 255, 255, 255]
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.errors import NoRoomForMark
from misyn.images.formats import read
from misyn.marks.label.letters import words_box

_PALETTE = 256
_DEEP = 16  # a deeper picture whose samples differ by less says nothing of its own range


def burned(source: Path, *, format: str) -> tuple[bytes, str]:  # noqa: A002 - the word of the house for it
    """Read a picture and give it again with the words in it, as the bytes of a file.

    Raises:
        NoRoomForMark: several pages, samples a picture of this kind does not hold, or too small for the words.
        UnreadableImage: it cannot be read.
    """
    image = read(source)
    if image.axes not in ("YX", "YXC"):
        raise NoRoomForMark(
            "expected one picture for a visible label, found several frames or pages. Next: export one as PNG"
        )
    pixels = drawn(image.pixels)
    words = words_box(pixels.shape[1], pixels.shape[0]).words
    if format == "tiff":
        return _tiff(pixels), words
    if format == "gif":
        return _gif(pixels), words
    if pixels.dtype == np.uint8:
        return _picture(source, pixels, format), words
    if format == "png" and pixels.dtype == np.uint16:
        import imagecodecs  # noqa: PLC0415 - Pillow holds no 16-bit colour

        return bytes(imagecodecs.png_encode(pixels)), words
    raise NoRoomForMark("expected 8- or 16-bit samples for a visible label, found others. Next: export it as PNG")


def drawn(pixels: NDArray[Any]) -> NDArray[Any]:
    """Draw the words into a copy.

    Args:
        pixels: shape (Y, X) or (Y, X, C), any number type; C is 1 to 4, the second and fourth being alpha.

    Raises:
        NoRoomForMark: too small for the words.
    """
    box = words_box(pixels.shape[1], pixels.shape[0])
    dark, bright = _range(pixels)
    high, wide = box.dots.shape
    made = pixels.copy()
    letters = np.where(box.dots, bright, dark).astype(pixels.dtype)
    corner = made[-high:, :wide]
    corner[...] = letters if pixels.ndim == 2 else letters[..., None]
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        corner[..., -1] = np.iinfo(pixels.dtype).max if pixels.dtype.kind in "iu" else 1
    return made


def _range(pixels: NDArray[Any]) -> tuple[float, float]:
    """Rule 1."""
    if pixels.dtype == np.uint8:
        return 0, 255
    colours = pixels[..., :-1] if pixels.ndim == 3 and pixels.shape[2] in (2, 4) else pixels
    low, high = np.nanmin(colours), np.nanmax(colours)
    if pixels.dtype.kind in "iu" and int(high) - int(low) < _DEEP:
        return np.iinfo(pixels.dtype).min, np.iinfo(pixels.dtype).max
    return (low, high) if high > low else (0, 1)


def _tiff(pixels: NDArray[Any]) -> bytes:
    import tifffile  # noqa: PLC0415 - as needed

    target = io.BytesIO()
    colour = pixels.ndim == 3 and pixels.shape[-1] in (3, 4)
    tifffile.imwrite(target, pixels, photometric="rgb" if colour else "minisblack", metadata=None)
    return target.getvalue()


def _gif(pixels: NDArray[np.uint8]) -> bytes:
    """A picture of at most 256 colours; what is transparent becomes opaque, as in every label."""
    from PIL import Image  # noqa: PLC0415 - as needed

    colours = pixels[..., :3] if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    packed = colours.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    found, places = np.unique(packed, return_inverse=True)
    picture = Image.fromarray(np.ascontiguousarray(colours))
    if len(found) <= _PALETTE:
        table = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1).astype(np.uint8)
        picture = Image.fromarray(
            places.reshape(packed.shape).astype(np.uint8)
        )  # putpalette makes it a picture of indices
        picture.putpalette(table.tobytes())
    else:
        picture = picture.quantize(_PALETTE, dither=Image.Dither.NONE)
    target = io.BytesIO()
    picture.save(target, "GIF", optimize=False)
    return target.getvalue()


def _picture(source: Path, pixels: NDArray[np.uint8], format: str) -> bytes:  # noqa: A002
    """Encode 8-bit samples with the EXIF and the colour profile of the source."""
    from PIL import Image  # noqa: PLC0415 - as needed

    options: dict[str, Any] = {}
    if format == "jpeg":
        options = {"quality": 95, "subsampling": 0}
    elif format == "webp":
        options = {"lossless": True}
    with Image.open(source) as before:
        for name in ("exif", "icc_profile"):
            if before.info.get(name):
                options[name] = before.info[name]
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, format.upper(), **options)
    return target.getvalue()
