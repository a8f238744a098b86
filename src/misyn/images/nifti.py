r"""NIfTI-1 and NIfTI-2 volumes: ``.nii``, ``.nii.gz``, and pairs of ``.hdr`` and ``.img``.

Rules
-----
1. The file's axes x, y, z, t, vector become ``X Y Z F C``; samples are not flipped by the orientation in the header.
2. Samples are as stored; ``scl_slope`` and ``scl_inter`` become slope and intercept; a slope of zero or NaN means none.
3. Spacing honours the spatial unit of ``xyzt_units``. Where the header states none, millimetres are assumed, as every
   reader does, and ``attributes["spacing_unit"]`` says ``unstated``.
4. NIfTI names no modality and no patient: both stay None.
5. Only the fields needed for this are read. Extensions (where a mark may live) are passed over.
6. Analyze 7.5 is recognised and refused: it does not say which side of the patient is left.

Follows nifti1.h (2007-10-05) and nifti2.h (2012-05-15) of the NIfTI Data Format Working Group.

Example:
    >>> sniff((348).to_bytes(4, "little") + bytes(340) + b"n+1\0")
    True
    >>> sniff(b"\x89PNG\r\n\x1a\n")
    False
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from misyn.errors import MalformedImage, UnsupportedImage
from misyn.images.image import Image
from misyn.images.layout import Axis, arrange, check, without_opaque_alpha
from misyn.images.limits import GZIP, Limits, read_head
from misyn.images.payload import Payload, beside, read_samples

_HEAD = 4096

_RGBA = 2304
# nifti1.h, NIFTI_TYPE_*: dtype and channels. Complex and 128-bit samples have no place in an Image.
_TYPES: dict[int, tuple[str, int]] = {
    2: ("u1", 1),
    4: ("i2", 1),
    8: ("i4", 1),
    16: ("f4", 1),
    64: ("f8", 1),
    128: ("u1", 3),
    256: ("i1", 1),
    512: ("u2", 1),
    768: ("u4", 1),
    1024: ("i8", 1),
    1280: ("u8", 1),
    _RGBA: ("u1", 4),
}

_UNITS = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}  # nifti1.h, NIFTI_UNITS_*: to millimetres


@dataclass(frozen=True)
class _Header:
    """The fields of either version that decide what the samples are."""

    single: bool
    order: str
    dim: tuple[int, ...]
    datatype: int
    pixdim: tuple[float, ...]
    offset: int
    slope: float
    intercept: float
    units: int


# Per version, by header size: where the magic is, then struct format and offset of each field.
_LAYOUTS: dict[int, tuple[int, dict[str, tuple[str, int]]]] = {
    348: (
        344,
        {
            "dim": ("8h", 40),
            "datatype": ("h", 70),
            "pixdim": ("8f", 76),
            "offset": ("f", 108),
            "scale": ("2f", 112),
            "units": ("B", 123),
        },
    ),
    540: (
        4,
        {
            "dim": ("8q", 16),
            "datatype": ("h", 12),
            "pixdim": ("8d", 104),
            "offset": ("q", 168),
            "scale": ("2d", 176),
            "units": ("i", 500),
        },
    ),
}

_ANALYZE_TYPES = {(1, 1), (2, 8), (4, 16), (8, 32), (16, 32), (32, 64), (64, 64), (128, 24)}

_SINGLE = (b"n+1\0", b"n+2\0\r\n\x1a\n")
_PAIR = (b"ni1\0", b"ni2\0\r\n\x1a\n")


def sniff(head: bytes) -> bool:
    """Say whether these first bytes, gzipped or not, start a NIfTI or an Analyze header."""
    plain = _plain(head)
    found = _size_and_order(plain)
    return found is not None and (_magic(plain, found[0]) in _SINGLE + _PAIR or _is_analyze(plain, *found))


def read(path: Path, *, limits: Limits) -> Image:
    """Read one volume; of a pair, ``path`` is the header.

    Returns:
        An image with axes out of ``F Z Y X C``; float samples may be NaN.

    Raises:
        MalformedImage: the header contradicts itself or the file ends early.
        UnsupportedImage: complex or 128-bit samples, more than five axes, Analyze 7.5.
        LimitExceeded: the header declares more than ``limits`` allow.
    """
    head = read_head(path, _HEAD)
    header = _parse(_plain(head))
    dtype, channels = _sample_type(header)
    axes = _axes(header, channels)
    count = check(axes, limits=limits)
    payload = _payload(path, header, compressed=head[:2] == b"\x1f\x8b")
    pixels, letters, spacing = arrange(read_samples(payload, count=count, dtype=dtype, limits=limits), axes)
    if header.datatype == _RGBA:
        pixels = without_opaque_alpha(pixels, opaque=255)
    slope, intercept = _scale(header, channels)
    return Image(
        pixels=pixels,
        axes=letters,
        format="nifti",
        slope=slope,
        intercept=intercept,
        spacing=spacing,
        bits=dtype.itemsize * 8,
        codec=payload.codec,
        lossy=False,
        attributes={"spacing_unit": "unstated"} if header.units & 7 == 0 and spacing else {},
    )


def samples_in(path: Path, *, limits: Limits) -> Payload:  # noqa: ARG001 - as the other volumes have it
    """Say where the samples of a volume lie; of a pair, in the other file.

    Raises:
        MalformedImage: the header contradicts itself.
        UnsupportedImage: Analyze 7.5.
    """
    head = read_head(path, _HEAD)
    return _payload(path, _parse(_plain(head)), compressed=head[:2] == b"\x1f\x8b")


def _plain(head: bytes) -> bytes:
    """Return the head, inflated where it is gzip, as far as a header goes: damage behind it is for later."""
    if head[:2] != b"\x1f\x8b":
        return head
    plain, longest = b"", max(_LAYOUTS)
    while len(plain) < longest and head[:2] == b"\x1f\x8b":
        decoder = zlib.decompressobj(GZIP)
        try:
            plain += decoder.decompress(head, longest - len(plain))
        except zlib.error:
            break
        head = decoder.unused_data
    return plain


def _size_and_order(plain: bytes) -> tuple[int, str] | None:
    for order in "<>":
        size = int.from_bytes(plain[:4], "little" if order == "<" else "big")
        if size in _LAYOUTS and len(plain) >= size:
            return size, order
    return None


def _magic(plain: bytes, size: int) -> bytes:
    at = _LAYOUTS[size][0]
    return plain[at : at + (4 if size == 348 else 8)]


def _is_analyze(plain: bytes, size: int, order: str) -> bool:
    """Analyze has no magic: a plausible number of axes, and a datatype with its own number of bits, must do."""
    axes, datatype, bits = (struct.unpack_from(f"{order}h", plain, at)[0] for at in (40, 70, 72))
    return size == 348 and axes in range(1, 8) and (datatype, bits) in _ANALYZE_TYPES


def _parse(plain: bytes) -> _Header:
    found = _size_and_order(plain)
    if found is None:
        raise MalformedImage("expected a whole NIfTI header, found less. Next: copy the file again")
    size, order = found
    magic = _magic(plain, size)
    if magic not in _SINGLE + _PAIR:
        raise UnsupportedImage(
            "expected NIfTI, found Analyze 7.5, which does not say which side of the patient is left. "
            "Next: convert it to NIfTI with software that knows how it was written"
        )
    get = {name: struct.unpack_from(order + code, plain, at) for name, (code, at) in _LAYOUTS[size][1].items()}
    return _Header(
        single=magic in _SINGLE,
        order=order,
        dim=get["dim"],
        datatype=get["datatype"][0],
        pixdim=tuple(_shortest(step) if size == 348 else step for step in get["pixdim"]),
        offset=_offset(get["offset"][0], size=size, single=magic in _SINGLE),
        slope=get["scale"][0],
        intercept=get["scale"][1],
        units=get["units"][0],
    )


def _shortest(step: float) -> float:
    """Read a 32-bit float as the shortest decimal that is stored so: 0.88, not 0.8799999952316284."""
    return float(str(np.float32(step)))


def _offset(declared: float, *, size: int, single: bool) -> int:
    """``vox_offset``: zero in a single file means right after the header and its four extension bytes."""
    least = size + 4 if single else 0
    if declared == 0:
        return least
    if not (math.isfinite(declared) and declared >= least):
        raise MalformedImage(
            "expected samples after the header, found a vox_offset inside it. Next: export the file again"
        )
    return int(declared)


def _sample_type(header: _Header) -> tuple[np.dtype[Any], int]:
    if header.datatype not in _TYPES:
        raise UnsupportedImage(
            f"expected integer, float or RGB samples, found NIfTI datatype {header.datatype}. "
            "Next: convert it to one of these (the magnitude of complex samples, for instance)"
        )
    code, channels = _TYPES[header.datatype]
    return np.dtype(header.order + code), channels


def _axes(header: _Header, channels: int) -> list[Axis]:
    """Rule 1: fastest first. The colours of RGB samples lie closer together than any axis."""
    n = header.dim[0]
    if n not in range(1, 8):
        raise MalformedImage(f"expected 1 to 7 axes, found {n}. Next: export the file again")
    sizes = header.dim[1 : n + 1]
    if n < 2 or any(size != 1 for size in sizes[5:]) or (channels > 1 and any(size != 1 for size in sizes[4:])):
        raise UnsupportedImage(
            "expected the axes x, y, z, t and one vector, found others (CIFTI surfaces, for instance). "
            "Next: convert it to a volume"
        )
    unit = _UNITS.get(header.units & 7, math.nan)
    colours = [Axis("C", channels)] if channels > 1 else []
    letters = "XYZF" if channels > 1 else "XYZFC"
    return colours + [
        Axis(letter, size, abs(step) * unit)
        for letter, size, step in zip(letters, sizes, header.pixdim[1:], strict=False)
    ]


def _payload(path: Path, header: _Header, *, compressed: bool) -> Payload:
    if header.single:
        data = path
    else:
        data = _partner(path)
        compressed = data.suffix.lower() == ".gz"
    if compressed:
        return Payload(data, codec="gzip", skip=header.offset)
    return Payload(data, offset=header.offset)


def _partner(path: Path) -> Path:
    """Find the ``.img`` beside a ``.hdr``, in the same letter case, compressed or not."""
    stem = path.name[: path.name.lower().rfind(".hdr")]
    ending = ".IMG" if path.name.endswith((".HDR", ".HDR.GZ")) else ".img"
    for candidate in (stem + ending, stem + ending + ".gz"):
        data = beside(path, candidate)
        if data.is_file():
            return data
    raise MalformedImage(
        "expected an .img file beside the .hdr of the same name, found none. Next: keep the two together"
    )


def _scale(header: _Header, channels: int) -> tuple[float, float]:
    """Rule 2; nifti1.h gives RGB samples no scale."""
    if channels > 1 or header.slope == 0 or not math.isfinite(header.slope):
        return 1.0, 0.0
    if not math.isfinite(header.intercept):
        raise MalformedImage("expected a finite scl_inter, found none. Next: export the file again")
    return float(header.slope), float(header.intercept)
