r"""TIFF and BigTIFF pictures and stacks: striped and tiled, 1 to 64 bits, integer and float, OME and ImageJ.

Rules
-----
1. Pages of the size and type of the first are stacked; reduced copies (pyramids), masks and other pages are not read,
   and ``attributes["other_pages"]`` counts them. What stacked pages mean: :mod:`misyn.images.tiff_axes`.
2. Samples are as stored. Where zero means white nothing is inverted: ``attributes["photometric"]`` then says
   ``MONOCHROME1``, as DICOM does. Palettes are expanded, to grey where everything shown is grey. YCbCr inside JPEG
   becomes RGB.
3. Alpha is kept only where something is not opaque (:mod:`misyn.images.layout`, rule 3).
4. Directories and segments are checked (:mod:`misyn.images.tiff_structure`) before anything is decoded. No other file
   is opened, whatever OME-XML names.
5. ``lossy`` follows the compression: JPEG and WebP say it themselves, JPEG 2000 where its wavelet is irreversible;
   where that is reversible bits may still have been cut off, and it is None.

Follows TIFF 6.0, BigTIFF, and Adobe's supplements 1 and 2.

Example:
    >>> sniff(b"II*\0"), sniff(b"MM\0+"), sniff(b"\x89PNG")
    (True, True, False)
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, TiffPage

from misyn.errors import MalformedImage, UnsupportedImage
from misyn.images.containment import contained
from misyn.images.image import Image
from misyn.images.layout import Axis, arrange, check, without_opaque_alpha
from misyn.images.limits import Deadline, Limits, check_ratio
from misyn.images.payload import Payload, read_samples, size_of
from misyn.images.tiff_axes import Plan, pages_of
from misyn.images.tiff_structure import check_directories, check_page, check_segments

_PHOTOMETRIC = {0: "MONOCHROME1", 1: "MONOCHROME2", 2: "RGB", 3: "PALETTE COLOR", 5: "CMYK", 6: "RGB"}
_PALETTE, _SEPARATED, _YCBCR, _JPEG = 3, 5, 6, 7
_STK = 33629  # MetaMorph keeps planes where no other tag shows them


def sniff(head: bytes) -> bool:
    """Say whether these first bytes start a TIFF or BigTIFF file."""
    return head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"))


def read(path: Path, *, limits: Limits) -> Image:
    """Read one file.

    Returns:
        An image with axes out of ``F Z Y X C``.

    Raises:
        MalformedImage: directories, strips or tiles are broken, missing, or contradict each other.
        UnsupportedImage: a colour space, compression or layout that is not read here.
        LimitExceeded: the file declares more than ``limits`` allow.
    """
    size = size_of(path, limits=limits)
    with contained("tiff", path=path, limits=limits), _quiet(), path.open("rb") as stream:
        count = check_directories(stream, limits=limits)
        with TiffFile(path, is_ndpi=False, is_lsm=False, is_scanimage=False) as opened:
            try:
                return _read(opened, stream, count=count, size=size, limits=limits)
            except NotImplementedError as error:
                raise UnsupportedImage(
                    "expected a common arrangement of samples, found a rare one. Next: save it again with deflate"
                ) from error


class _Silence:
    """Keep tifffile's own log silent while at least one reader is at work: its lines quote the file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._before = False

    def change(self, by: int) -> None:
        """Count a reader in or out."""
        log = logging.getLogger("tifffile")
        with self._lock:
            if self._readers == 0:
                self._before = log.disabled
            self._readers += by
            log.disabled = self._readers > 0 or self._before


_SILENCE = _Silence()


@contextmanager
def _quiet() -> Iterator[None]:
    _SILENCE.change(1)
    try:
        yield
    finally:
        _SILENCE.change(-1)


def _read(opened: TiffFile, stream: IO[bytes], *, count: int, size: int, limits: Limits) -> Image:
    first = opened.pages.first
    _check_kind(first)
    plan = pages_of(first.description or "", pages=count)
    chosen, others = _choose(opened, plan, count=count, size=size, limits=limits)
    axes = (*_page_axes(first, plan), *(plan.axes or (Axis("F", len(chosen)),)))
    _check_cost(chosen, axes, limits=limits)
    codec, lossy = check_segments(first, stream)
    samples = _behind(opened, first, axes, limits=limits) if plan.behind else _stack(chosen, stream, limits=limits)
    pixels, letters, spacing = arrange(samples, axes)
    pixels, letters = _canonical(pixels, letters, first)
    return Image(
        pixels=pixels,
        axes=letters,
        format="tiff",
        spacing=spacing,
        bits=pixels.dtype.itemsize * 8 if first.photometric == _PALETTE else _bits(first),
        codec=codec,
        lossy=lossy,
        attributes=_attributes(first, others, letters),
    )


def _check_kind(page: TiffPage) -> None:
    known = page.photometric in _PHOTOMETRIC and (page.photometric != _YCBCR or page.compression == _JPEG)
    if not known or _STK in page.tags:
        raise UnsupportedImage(
            "expected grey, RGB, palette or CMYK samples, found another kind. Next: convert it to RGB or grey"
        )


def _choose(opened: TiffFile, plan: Plan, *, count: int, size: int, limits: Limits) -> tuple[list[TiffPage], int]:
    """Pick the pages that make the image, each checked; and count the rest (rule 1)."""
    deadline = Deadline(limits)
    first = opened.pages.first
    chosen = []
    for n in plan.pages if plan.pages is not None else range(count):
        deadline.check()
        page = _page(opened, n)
        alike = page.shaped == first.shaped and page.dtype == first.dtype and page.photometric == first.photometric
        if alike and not (page.subfiletype & 5 and n):
            check_page(page, size=size, limits=limits)
            chosen.append(page)
        elif plan.axes:
            raise MalformedImage("expected pages of one size and type, found others. Next: export the file again")
    return chosen, count - len(chosen)


def _page(opened: TiffFile, n: int) -> TiffPage:
    """One page with its tags; frames that share the first page's tags are not asked for."""
    page = opened.pages[n]
    if not isinstance(page, TiffPage):
        raise MalformedImage("expected pages with tags of their own, found none. Next: export the file again")
    return page


def _dtype(page: TiffPage) -> np.dtype[Any]:
    """Type of the decoded samples; :func:`check_page` has made sure that there is one."""
    return np.dtype(page.dtype)


def _page_axes(page: TiffPage, plan: Plan) -> list[Axis]:
    """Axes within a page, fastest first, from its normalised shape (separate samples, depth, Y, X, samples)."""
    separate, depth, rows, columns, together = page.shaped
    row, column = plan.row, plan.column
    if plan.per_unit is not None:
        row, column = (_step(page, tag, plan.per_unit) for tag in ("YResolution", "XResolution"))
    axes = [Axis("C", together), Axis("X", columns, column), Axis("Y", rows, row)]
    return [axis for axis in (*axes, Axis("Z", depth), Axis("C", separate)) if axis.size > 1 or axis.letter in "YX"]


def _step(page: TiffPage, tag: str, unit: float) -> float | None:
    """Millimetres from samples per unit."""
    found = page.tags.get(tag)
    if found is None or not isinstance(found.value, tuple) or 0 in found.value[:2]:
        return None
    return float(found.value[1] / found.value[0] * unit)


def _check_cost(pages: Sequence[TiffPage], axes: Sequence[Axis], *, limits: Limits) -> None:
    """Check the whole stack before anything is decoded."""
    spread = [axis for axis in axes if axis.size > 1 or axis.letter in "YX"]
    wanted = check(spread, limits=limits) * _dtype(pages[0]).itemsize
    check_ratio(sum(sum(page.databytecounts) for page in pages), wanted, limits=limits)


def _stack(pages: Sequence[TiffPage], stream: IO[bytes], *, limits: Limits) -> NDArray[Any]:
    deadline = Deadline(limits)
    stack = np.empty((len(pages), *pages[0].shaped), _dtype(pages[0]))
    for n, page in enumerate(pages):
        deadline.check()
        check_segments(page, stream)
        stack[n] = page.asarray(squeeze=False, maxworkers=1)
    return stack


def _behind(opened: TiffFile, page: TiffPage, axes: Sequence[Axis], *, limits: Limits) -> NDArray[Any]:
    """Read planes that ImageJ wrote one behind the other after the only page."""
    if page.compression != 1 or page.bitspersample % 8:
        raise MalformedImage("expected raw planes behind the only page, found others. Next: export the file again")
    payload = Payload(Path(opened.filehandle.path), offset=page.dataoffsets[0])
    dtype = _dtype(page).newbyteorder(opened.byteorder)
    return read_samples(payload, count=math.prod(axis.size for axis in axes), dtype=dtype, limits=limits)


def _canonical(pixels: NDArray[Any], axes: str, page: TiffPage) -> tuple[NDArray[Any], str]:
    """Rules 2 and 3."""
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8)
    if page.photometric == _PALETTE:
        pixels, axes = _expanded(pixels, page), axes + "C"
    elif len(page.extrasamples) == 1 and page.extrasamples[0] in {1, 2} and axes.endswith("C"):
        pixels = without_opaque_alpha(pixels, opaque=(1 << _bits(page)) - 1 if pixels.dtype.kind == "u" else 1)
    return pixels, axes[: pixels.ndim]


def _expanded(pixels: NDArray[Any], page: TiffPage) -> NDArray[Any]:
    """Look samples up in the colour map: 16-bit entries, of which most writers fill 8 bits, in either of two ways."""
    colours = page.colormap
    if colours is None or pixels.dtype.kind != "u" or int(pixels.max()) >= colours.shape[1]:
        raise MalformedImage("expected a colour for every sample, found samples without. Next: export the file again")
    low, high = colours & 0xFF, colours >> 8
    if not high.any():
        colours = low.astype(np.uint8)
    elif np.array_equal(low, high) or not low.any():
        colours = high.astype(np.uint8)
    grey = np.array_equal(colours[0][pixels], colours[1][pixels]) and np.array_equal(
        colours[0][pixels], colours[2][pixels]
    )
    return colours[0][pixels] if grey else np.stack([colour[pixels] for colour in colours], axis=-1)


def _bits(page: TiffPage) -> int:
    return int(page.bitspersample)


def _attributes(page: TiffPage, others: int, axes: str) -> dict[str, str]:
    photometric = _PHOTOMETRIC[page.photometric]
    if page.photometric == _PALETTE:
        photometric = "RGB" if axes.endswith("C") else "MONOCHROME2"
    facts = {"photometric": photometric}
    return {**facts, "other_pages": str(others)} if others else facts
