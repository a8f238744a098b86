"""Pixel data to samples: every native and compressed form, each checked before memory is spent on it.

Rules
-----
1. The declared size is checked first, then the size each compressed frame declares, then the bytes it may expand to.
2. pydicom's decoders do the work (native, RLE, JPEG, JPEG-LS, JPEG 2000, HTJ2K), with misyn's own for the JPEG
   processes it has none for. Frames are decoded one by one, with the time checked between them.
3. As in pydicom, frames beyond the declared number are kept where the data hold them whole.
4. YBR becomes RGB and palettes are expanded; MONOCHROME1 stays as it is; bits beyond those stored are cleared.

Follows DICOM PS3.3 section C.7.6.3, PS3.5 sections 8.1, 8.2 and annex A.4.

Example:
    >>> CODECS["1.2.840.10008.1.2.5"]
    ('rle', False)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray
from pydicom._uid_dict import UID_dictionary
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID, RLELossless

from misyn.errors import LimitExceeded, MalformedImage, UnreadableImage, UnsupportedImage
from misyn.images import dicom_codestream, dicom_jpeg, dicom_palette
from misyn.images.dicom_header import PIXELS, Header
from misyn.images.limits import check_frames, check_pixels, check_ratio

_NEXT = "Next: open the file in the software that wrote it and export it again"

# Transfer syntax: name of the codec, and whether it loses information (None: either, the codestream decides).
CODECS: Final[dict[str, tuple[str, bool | None]]] = {
    "1.2.840.10008.1.2": ("raw", False),
    "1.2.840.10008.1.2.1": ("raw", False),
    "1.2.840.10008.1.2.2": ("raw", False),
    "1.2.840.10008.1.2.1.99": ("deflate", False),
    "1.2.840.10008.1.2.5": ("rle", False),
    "1.2.840.10008.1.2.4.50": ("jpeg", True),
    "1.2.840.10008.1.2.4.51": ("jpeg", True),
    "1.2.840.10008.1.2.4.53": ("jpeg", True),
    "1.2.840.10008.1.2.4.55": ("jpeg", True),
    "1.2.840.10008.1.2.4.57": ("jpeg-lossless", False),
    "1.2.840.10008.1.2.4.70": ("jpeg-lossless", False),
    "1.2.840.10008.1.2.4.80": ("jpeg-ls-lossless", False),
    "1.2.840.10008.1.2.4.81": ("jpeg-ls", True),
    "1.2.840.10008.1.2.4.90": ("jpeg2000-lossless", False),
    "1.2.840.10008.1.2.4.91": ("jpeg2000", None),
    "1.2.840.10008.1.2.4.201": ("htj2k-lossless", False),
    "1.2.840.10008.1.2.4.202": ("htj2k-lossless", False),
    "1.2.840.10008.1.2.4.203": ("htj2k", None),
}
_SHOWN: Final = ("MONOCHROME1", "MONOCHROME2", "RGB", "PALETTE COLOR")


@dataclass(frozen=True)
class Decoded:
    """Samples, shape (F, Y, X) or (F, Y, X, C) in native byte order, and the transfer syntax they came in."""

    samples: NDArray[Any]
    syntax: str


def decode(header: Header) -> Decoded:
    """Decode the pixel data of a data set.

    Raises:
        LimitExceeded: a limit is passed, before the memory is taken.
        MalformedImage: the header or the pixel data break the rules.
        UnsupportedImage: a transfer syntax or photometric interpretation that is not read here.
    """
    syntax = transfer_syntax(header)
    keyword = next(keyword for keyword in PIXELS if keyword in header)
    if not header.size(keyword):
        raise MalformedImage(f"expected pixel data, found an empty element. {_NEXT}")
    source = _Source(header, keyword, syntax, _decoder(syntax))
    header.budget.deadline.check()
    try:
        samples, photometric = source.encapsulated() if syntax.is_encapsulated else source.native()
    except (UnreadableImage, MemoryError, RecursionError):
        raise
    except Exception as error:  # whatever a decoder raises; its text may quote the file
        _undecodable(syntax, error)
    return Decoded(_shown(samples, photometric, header, syntax), str(syntax))


def _undecodable(syntax: UID, error: Exception) -> NoReturn:
    raise MalformedImage(
        f"expected pixel data that fit their description and decode as {syntax.name}, found that they do not "
        f"({type(error).__name__}). {_NEXT}"
    ) from None


def transfer_syntax(header: Header) -> UID:
    """Say how the pixel data are coded; where the file does not, native in the encoding its elements have.

    Raises:
        UnsupportedImage: a transfer syntax outside DICOM's list.
    """
    meta = getattr(header.dataset, "file_meta", None)
    stated = meta.get("TransferSyntaxUID") if meta is not None else None
    if stated:
        if str(stated) not in UID_dictionary:
            raise UnsupportedImage(f"expected a transfer syntax DICOM lists, found a private or damaged one. {_NEXT}")
        return UID(str(stated))
    implicit, little = header.dataset.original_encoding
    if implicit:
        return UID("1.2.840.10008.1.2")
    return UID("1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2")


def _decoder(syntax: UID) -> Decoder:
    if dicom_jpeg.is_available(syntax):
        return dicom_jpeg.decoder(syntax)
    try:
        return get_decoder(syntax)
    except NotImplementedError:
        raise UnsupportedImage(
            f"expected one of {len(CODECS)} transfer syntaxes read here, found {syntax.name}. "
            "Next: convert the file to Explicit VR Little Endian"
        ) from None


def _shown(samples: NDArray[Any], photometric: str, header: Header, syntax: UID) -> NDArray[Any]:
    """Expand palettes; refuse colour spaces whose channels are not red, green and blue."""
    if photometric not in _SHOWN:
        raise UnsupportedImage(
            "expected MONOCHROME1, MONOCHROME2, RGB, PALETTE COLOR, or YBR that its decoder converts, found another "
            "photometric interpretation. Next: convert the file to RGB"
        )
    if photometric != "PALETTE COLOR":
        return samples
    check_pixels((*samples.shape, 3), limits=header.budget.limits, path=header.budget.path)
    return dicom_palette.expand(samples, header, little=syntax.is_little_endian)


@dataclass(frozen=True)
class _Source:
    """One pixel data element and what decodes it."""

    header: Header
    keyword: str
    syntax: UID
    decoder: Decoder

    def native(self) -> tuple[NDArray[Any], str]:
        """Decode uncompressed samples. They cannot expand, but one bit may become a byte."""
        frame, count = self._frame(), self._count()
        bits = max(int(self.header.number("BitsAllocated") or 0), 1)
        whole = self.header.size(self.keyword) * 8 // (bits * math.prod(frame))
        self._check(frame, max(count, whole))
        samples, properties = self.decoder.as_array(self.header.dataset)
        samples = samples.astype(samples.dtype.newbyteorder("="), copy=False)
        return samples.reshape(-1, *_without_single_sample(frame)), str(properties["photometric_interpretation"])

    def encapsulated(self) -> tuple[NDArray[Any], str]:
        """Decode compressed frames one by one into one array."""
        frame, count = self._frame(), self._count()
        self._check(frame, count)
        found = self._check_streams(frame, count)
        self._check(frame, max(count, found))
        decoded = self._decoded(count)
        first, photometric = next(decoded)
        samples = np.empty((max(count, found), *first.shape), self._dtype(first))
        samples[0], filled = first, 1
        for filled, (sample, _) in enumerate(decoded, start=2):
            samples[filled - 1] = sample
        if filled < count:
            raise MalformedImage(f"expected {count} frames, found {filled}. {_NEXT}")
        return samples[:filled], photometric

    @property
    def _bytes(self) -> bytes:
        return self.header.raw(self.keyword) or b""

    def _frame(self) -> tuple[int, int, int]:
        """Rows, columns and samples per pixel as declared; each at least 1."""
        rows, columns, channels = (
            int(self.header.number(keyword) or 0) for keyword in ("Rows", "Columns", "SamplesPerPixel")
        )
        check_pixels((rows, columns, channels), limits=self.header.budget.limits, path=self.header.budget.path)
        return rows, columns, channels

    def _count(self) -> int:
        return max(int(self.header.number("NumberOfFrames") or 1), 1)

    def _check(self, frame: tuple[int, ...], count: int) -> None:
        limits, path = self.header.budget.limits, self.header.budget.path
        check_frames(count, limits=limits, path=path)
        check_pixels((count, *frame), limits=limits, path=path)
        if self.syntax.is_encapsulated:
            wide = max(int(self.header.number("BitsAllocated") or 8), 8) // 8
            check_ratio(self.header.size(self.keyword), count * math.prod(frame) * wide, limits=limits, path=path)

    def _check_streams(self, frame: tuple[int, ...], count: int) -> int:
        """Compare the size each frame's codestream declares with the data set's; return how many frames there are."""
        found, streams = 0, generate_frames(self._bytes, number_of_frames=count, **self._offsets())
        declares = self.syntax != RLELossless  # run lengths state no size, and may look like a codestream by chance
        for stream in streams:
            found += 1
            self.header.budget.deadline.check()
            if declares and dicom_codestream.samples(stream) > math.prod(frame):
                raise MalformedImage(
                    f"expected frames of {math.prod(frame)} samples, found one that declares more. {_NEXT}"
                )
        return found

    def _offsets(self) -> dict[str, Any]:
        table, lengths = self.header.raw("ExtendedOffsetTable"), self.header.raw("ExtendedOffsetTableLengths")
        return {"extended_offsets": (table, lengths)} if table and lengths else {}

    def _decoded(self, count: int) -> Iterator[tuple[NDArray[Any], str]]:
        """Yield frames and what their samples mean, shape (Y, X) or (Y, X, C)."""
        done = 0
        try:
            for sample, properties in self.decoder.iter_array(self.header.dataset):
                self.header.budget.deadline.check()
                yield sample, str(properties["photometric_interpretation"])
                done += 1
        except LimitExceeded:
            raise
        except Exception:
            if done < count:  # beyond the declared number, what does not decode is not a frame
                raise

    def _dtype(self, first: NDArray[Any]) -> np.dtype[Any]:
        """The dtype the data set declares, which a frame coded with fewer bits may be narrower than."""
        bits = int(self.header.number("BitsAllocated") or 0)
        declared = np.dtype(f"{first.dtype.kind}{bits // 8}") if bits in (8, 16, 32, 64) else first.dtype
        return max(declared, first.dtype.newbyteorder("="), key=lambda dtype: dtype.itemsize)


def _without_single_sample(frame: tuple[int, int, int]) -> tuple[int, ...]:
    return frame if frame[2] > 1 else frame[:2]
