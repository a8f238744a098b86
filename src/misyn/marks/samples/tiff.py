"""Samples of TIFF and BigTIFF: strips and tiles are encoded again one by one, every tag and page stays.

Rules
-----
1. A segment is written over the old one where it fits. Where it does not, it goes to the end of the file, the tags of
   offsets and sizes follow, and the old bytes become zeros: the samples that were there are nowhere left.
2. No compression, LZW, deflate, PackBits and Zstandard; with and without predictor.
3. Palettes, packed bits, reduced copies of the same picture (pyramids), pages of different sizes, and segments that
   several pages share are refused.

Follows TIFF 6.0 sections 7, 13, 14 and 15, and Adobe's supplement 1.

Example:
    >>> 8 in COMPRESSIONS, 7 in COMPRESSIONS
    (True, False)
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray
from tifffile import TIFF, TiffFile, TiffPage

from misyn.errors import NoRoomForMark
from misyn.images.formats import read
from misyn.marks.samples import Stored, lossy_sentence

Order = Literal["<", ">"]
COMPRESSIONS = {1: "none", 5: "LZW", 8: "deflate", 32773: "PackBits", 32946: "deflate", 50000: "Zstandard"}
_OFFSETS = {"StripOffsets": "StripByteCounts", "TileOffsets": "TileByteCounts"}


def load(path: Path) -> Stored:
    """Read the samples of all pages, each page (Y, X) or (Y, X, C), as frames.

    Raises:
        NoRoomForMark: rules 2 and 3.
    """
    image = read(path)  # every limit and check of the reader applies first
    with TiffFile(path) as opened:
        pages = [_plain(page) for page in opened.pages]
        _check(pages)
        stack = np.stack([_plane(page.asarray(squeeze=False, maxworkers=1)) for page in pages])
    if image.pixels.size > stack.size:  # ImageJ's planes behind the only page
        raise _rare()
    return Stored(stack, "FYXC"[: stack.ndim])


def _plain(page: object) -> TiffPage:
    if not isinstance(page, TiffPage):
        raise _rare()
    return page


def _plane(page: NDArray[Any]) -> NDArray[Any]:
    """From (separate samples, depth, Y, X, samples) to (Y, X) or (Y, X, C)."""
    separate, depth, _, _, together = page.shape
    if depth != 1 or (separate > 1 and together > 1):
        raise _rare()
    if separate > 1:
        return np.moveaxis(page[:, 0, ..., 0], 0, -1)
    return page[0, 0] if together > 1 else page[0, 0, ..., 0]


def _check(pages: list[TiffPage]) -> None:
    """Rules 2 and 3."""
    first = pages[0]
    if any(page.compression not in COMPRESSIONS for page in pages):
        raise NoRoomForMark(lossy_sentence("TIFF with a compression that is lossy or not encoded here"))
    alike = all(page.shaped == first.shaped and page.dtype == first.dtype for page in pages)
    reduced = any(page.subfiletype & 1 or page.subifds for page in pages)
    places = [offset for page in pages for offset in page.dataoffsets]
    whole = first.bitspersample in (8, 16, 32, 64) and first.photometric in (0, 1, 2)
    if not alike or reduced or not whole or len(set(places)) != len(places) or first.shaped[1] != 1:
        raise _rare()


def _rare() -> NoRoomForMark:
    return NoRoomForMark(
        "expected pages of one size, grey or RGB, of 8 to 64 bits, found a palette, packed bits, a pyramid or mixed "
        "pages. Next: mark the image before it is saved so, or save it again as a plain TIFF"
    )


def store(source: Path, target: Path, pixels: NDArray[Any]) -> None:
    """Write ``source`` with other samples."""
    shutil.copyfile(source, target)
    with TiffFile(target, mode="r+") as opened:
        for page, plane in zip([_plain(page) for page in opened.pages], pixels, strict=True):
            _write_page(opened, page, plane)


def _write_page(opened: TiffFile, page: TiffPage, plane: NDArray[Any]) -> None:
    """Encode every segment and put it where rule 1 says."""
    planes = np.moveaxis(plane, -1, 0)[..., None] if page.planarconfig == 2 and plane.ndim == 3 else plane[None]
    planes = planes if planes.ndim == 4 else planes[..., None]
    data = [_encoded(page, cut, opened.byteorder) for part in planes for cut in _segments(page, part)]
    handle: Any = opened.filehandle
    offsets, sizes = list(page.dataoffsets), list(page.databytecounts)
    for n, encoded in enumerate(data):
        offsets[n] = _place(handle, encoded, offset=offsets[n], size=sizes[n])
        sizes[n] = len(encoded)
    places = next(name for name in _OFFSETS if name in page.tags)
    if sizes != list(page.databytecounts):
        page.tags[places].overwrite(offsets)
        page.tags[_OFFSETS[places]].overwrite(sizes, dtype="I" if max(sizes) < 1 << 32 else "Q")


def _place(handle: IO[bytes], encoded: bytes, *, offset: int, size: int) -> int:
    """Rule 1: where the segment is now."""
    handle.seek(offset)
    if len(encoded) <= size:
        handle.write(encoded.ljust(size, b"\0"))
        return offset
    handle.write(bytes(size))
    end = handle.seek(0, 2)
    handle.write(bytes(end % 2) + encoded)
    return end + end % 2


def _segments(page: TiffPage, part: NDArray[Any]) -> list[NDArray[Any]]:
    """The strips or tiles of one plane (Y, X, samples), tiles padded by repeating the edge."""
    if not page.is_tiled:
        return [part[top : top + page.rowsperstrip] for top in range(0, len(part), page.rowsperstrip)]
    high, wide = page.tilelength, page.tilewidth
    padded = np.pad(part, ((0, -part.shape[0] % high), (0, -part.shape[1] % wide), (0, 0)), mode="edge")
    return [
        padded[top : top + high, left : left + wide]
        for top in range(0, padded.shape[0], high)
        for left in range(0, padded.shape[1], wide)
    ]


def _encoded(page: TiffPage, segment: NDArray[Any], order: Order) -> bytes:
    """Predictor, byte order and codec, as tifffile undoes them."""
    samples = np.ascontiguousarray(segment)
    if page.predictor != 1:
        samples = TIFF.PREDICTORS[page.predictor](samples, axis=-2)
    if page.predictor != 3:  # the floating-point predictor has its own order
        samples = samples.astype(samples.dtype.newbyteorder(order), copy=False)
    data = samples.tobytes()
    return data if page.compression == 1 else bytes(TIFF.COMPRESSORS[page.compression](data))
