"""Samples of DICOM: the value of the pixel data element is replaced, every other element stays byte for byte.

Rules
-----
1. Uncompressed files (every byte order, deflated too) keep their layout: that of the layouts there are which gives the
   very bytes that are there. Where none does (bits outside those stored, packed bits), the file is refused.
2. RLE, JPEG-LS and JPEG 2000, the lossless ones, are encoded again frame by frame with pydicom's encoders, with a basic
   offset table; an extended one would be wrong and goes.
3. Lossy transfer syntaxes are refused; so are lossless ones that nothing here encodes (JPEG, HTJ2K), palettes, and YBR
   other than JPEG 2000's own.
4. SOPInstanceUID stays: the file is marked before it is sent to anybody.

Follows DICOM PS3.5 section 8 and annex A.4.

Example:
    >>> sorted(_ENCODED)
    ['jpeg-ls-lossless', 'jpeg2000-lossless', 'rle']
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import Encoder, get_encoder
from pydicom.uid import UID

from misyn.errors import NoRoomForMark
from misyn.images.formats import read
from misyn.marks.metadata.dicom_elements import Element, Syntax, elements, encode
from misyn.marks.metadata.dicom_file import File, copy_with, open_file
from misyn.marks.metadata.splice import Piece, Span, read_at
from misyn.marks.samples import Stored, lossy_sentence

_ENCODED = {
    "rle": UID("1.2.840.10008.1.2.5"),
    "jpeg-ls-lossless": UID("1.2.840.10008.1.2.4.80"),
    "jpeg2000-lossless": UID("1.2.840.10008.1.2.4.90"),
}
_NATIVE = ("raw", "deflate")
_EXTENDED_OFFSETS = (0x7FE00001, 0x7FE00002)
_DECOMPRESS = "Next: decompress it to Explicit VR Little Endian, and mark that"


def load(path: Path) -> Stored:
    """Read the samples.

    Raises:
        NoRoomForMark: rule 3.
    """
    image = read(path)
    photometric = image.attributes.get("photometric", "")
    if image.codec not in _ENCODED and image.codec not in _NATIVE:
        lossy = image.lossy is not False
        raise NoRoomForMark(
            lossy_sentence(f"DICOM compressed as {image.codec}")
            if lossy
            else f"expected samples that can be encoded here, found DICOM compressed as {image.codec}. {_DECOMPRESS}"
        )
    own = photometric == "YBR_RCT" and image.codec == "jpeg2000-lossless"
    if photometric not in ("MONOCHROME1", "MONOCHROME2", "RGB") and not own:
        raise NoRoomForMark(
            "expected MONOCHROME1, MONOCHROME2 or RGB for a mark in the samples, found another photometric "
            "interpretation. Next: convert the file to RGB"
        )
    return Stored(image.pixels, image.axes)


def store(source: Path, target: Path, pixels: NDArray[Any]) -> None:
    """Write ``source`` with other samples.

    Raises:
        NoRoomForMark: rule 1.
    """
    codec, old = read(source).codec, load(source).pixels
    with source.open("rb") as stream, target.open("xb") as written:
        file = open_file(stream)
        element = _pixel_data(file)
        new = _native(file, element, old, pixels) if codec in _NATIVE else _encapsulated(source, pixels, codec)
        copy_with(file, stream, written, _pieces(file, element, new))


def _pixel_data(file: File) -> Element:
    """The element that holds the samples."""
    last = file.start
    for element in file.walk():
        last = element.end
    return next(iter(elements(file.source, file.syntax, start=last)))


def _native(file: File, element: Element, old: NDArray[Any], new: NDArray[Any]) -> bytes:
    """The element with new samples in the old layout (rule 1)."""
    value = read_at(file.source, element.value, element.length)
    for was, now in zip(_layouts(old, file.syntax), _layouts(new, file.syntax), strict=True):
        if was.tobytes() == value[: was.nbytes] and len(value) - was.nbytes in (0, 1):
            head = read_at(file.source, element.start, element.value - element.start)
            return head + now.tobytes() + value[was.nbytes :]
    raise NoRoomForMark(
        "expected one sample in each pixel cell, found other bits in them, or samples packed closer. "
        "Next: export the file again with 8 or 16 bits stored"
    )


def _layouts(pixels: NDArray[Any], syntax: Syntax) -> Iterator[NDArray[Any]]:
    """Colours by pixel and by plane."""
    ordered = pixels.astype(pixels.dtype.newbyteorder("<" if syntax.order == "<" else ">"), copy=False)
    yield ordered
    if pixels.ndim >= 3:
        yield np.moveaxis(ordered, -1, -3)


def _encapsulated(source: Path, pixels: NDArray[Any], codec: str) -> bytes:
    """The element with every frame encoded again (rule 2)."""
    header = pydicom.dcmread(source, stop_before_pixels=True)
    colours = int(header.SamplesPerPixel)
    plane = (int(header.Rows), int(header.Columns)) + ((colours,) if colours > 1 else ())
    encoder = get_encoder(_ENCODED[codec])
    frames = [_encoded(encoder, frame, header) for frame in pixels.reshape(-1, *plane)]
    value = encapsulate(frames)
    head = encode(0x7FE00010, "OB", b"", Syntax("<", explicit=True))
    return head[:-4] + b"\xff\xff\xff\xff" + value + b"\xfe\xff\xdd\xe0\0\0\0\0"


def _encoded(encoder: Encoder, frame: NDArray[Any], header: pydicom.Dataset) -> bytes:
    return encoder.encode(
        frame,
        rows=int(header.Rows),
        columns=int(header.Columns),
        number_of_frames=1,
        samples_per_pixel=int(header.SamplesPerPixel),
        bits_allocated=int(header.BitsAllocated),
        bits_stored=int(header.BitsStored),
        pixel_representation=int(header.PixelRepresentation),
        photometric_interpretation=str(header.PhotometricInterpretation),
        planar_configuration=0,
    )


def _pieces(file: File, element: Element, new: bytes) -> list[Piece]:
    """The data set with the new element in the place of the old one, without extended offsets."""
    pieces: list[Piece] = []
    at = 0
    for other in file.walk():
        if other.tag in _EXTENDED_OFFSETS:
            pieces.append(Span(at, other.start))
            at = other.end
    return [*pieces, Span(at, element.start), new, Span(element.end)]
