r"""NRRD volumes and pictures, with the samples attached (``.nrrd``) or in a file beside the header (``.nhdr``).

Rules
-----
1. Axis kinds decide: colour and vector kinds become ``C``, ``time`` and ``list`` become ``F``, others are spatial. An
   axis without a kind is spatial unless it has no direction in space; then the fastest becomes ``C`` and any other
   ``F``. Of the spatial axes the fastest is ``X``, then ``Y``, ``Z``, and a fourth is ``F``.
2. Spacing is the length of a space direction, or the axis spacing, in the stated unit. Where none is stated millimetres
   are assumed, as every reader does, and ``attributes["spacing_unit"]`` says ``unstated``.
3. Encodings raw, gzip, bzip2 and text are read. Samples spread over several files (``LIST`` or a pattern) are refused:
   which slice is where would have to be trusted to names.
4. NRRD names no modality and no patient.

Follows "Definition of NRRD File Format" of the teem libraries, versions 1 to 5.

Example:
    >>> sniff(b"NRRD0004\ntype: uint8\n"), sniff(b"NIfTI")
    (True, False)
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.errors import MalformedImage, UnsupportedImage
from misyn.images.image import Image
from misyn.images.layout import Axis, arrange, check, without_opaque_alpha
from misyn.images.limits import Limits, check_header, read_bytes
from misyn.images.payload import Codec, Payload, beside, header_lines, read_samples, size_of

_TYPES: dict[str, str] = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "signed short int", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "long long int", "signed long long", "int64", "int64_t"), "i8"),
    **dict.fromkeys(("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"), "u8"),
    "float": "f4",
    "double": "f8",
}
_ENCODINGS: dict[str, Codec] = {"raw": "raw", "gz": "gzip", "gzip": "gzip", "bz2": "bzip2", "bzip2": "bzip2"}
_TEXT = ("txt", "text", "ascii")
_MILLIMETRES = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "um": 0.001, "µm": 0.001, "μm": 0.001, "micron": 0.001, "nm": 1e-6}
_FRAME_KINDS = ("time", "list")
_SPACE_KINDS = ("domain", "space")
_NO_KIND = ("", "???", "none")
_GONE_KINDS = ("stub", "scalar")


@dataclass(frozen=True)
class _Header:
    """Fields by name, lower case and without spaces; ``end`` is where an attached header's samples start."""

    path: Path
    fields: Mapping[str, str]
    end: int

    def need(self, name: str) -> str:
        """A field that has to be there."""
        if name not in self.fields:
            raise MalformedImage(f"expected the NRRD field {name!r}, found none. Next: export the file again")
        return self.fields[name]

    def numbers(self, name: str) -> list[float]:
        """A field's numbers; none where it is absent."""
        try:
            return [float(word) for word in self.fields.get(name, "").split()]
        except ValueError:
            raise _not_numbers(name) from None

    def integer(self, name: str, default: int) -> int:
        """A field's one integer."""
        try:
            return int(self.fields.get(name, default))
        except ValueError:
            raise _not_numbers(name) from None


def _not_numbers(name: str) -> MalformedImage:
    return MalformedImage(f"expected numbers in the NRRD field {name!r}, found text. Next: export the file again")


def sniff(head: bytes) -> bool:
    """Say whether these first bytes start an NRRD header."""
    return re.match(rb"NRRD\d{4}\r?\n", head) is not None


def read(path: Path, *, limits: Limits) -> Image:
    """Read one NRRD file; of a detached pair, ``path`` is the header.

    Returns:
        An image with axes out of ``F Z Y X C``.

    Raises:
        MalformedImage: the header contradicts itself or the samples end early.
        UnsupportedImage: a layout, encoding or type that rule 3 excludes.
        LimitExceeded: the header declares more than ``limits`` allow.
    """
    header = _header(path, limits=limits)
    dtype = _dtype(header)
    axes = _axes(header)
    count = check(axes, limits=limits)
    encoding = header.need("encoding").lower()
    pixels, letters, spacing = arrange(_samples(header, count=count, dtype=dtype, limits=limits), axes)
    if dtype.kind == "u" and "rgba-color" in header.fields.get("kinds", "").lower().split() and pixels.shape[-1] == 4:
        pixels = without_opaque_alpha(pixels, opaque=np.iinfo(dtype).max)
    return Image(
        pixels=pixels,
        axes=letters,
        format="nrrd",
        spacing=spacing,
        bits=dtype.itemsize * 8,
        codec=_ENCODINGS.get(encoding, "raw"),
        lossy=False,
        attributes={"spacing_unit": "unstated"} if spacing and _unit(header) is None else {},
    )


def samples_in(path: Path, *, limits: Limits) -> Payload:
    """Say where the samples of an NRRD file lie, binary ones; of a detached pair, in the other file.

    Raises:
        MalformedImage: the header contradicts itself.
        UnsupportedImage: samples as text, or a layout that rule 3 excludes.
        LimitExceeded: the header declares more than ``limits`` allow.
    """
    header = _header(path, limits=limits)
    place, offset = _data_file(header)
    offset = _skip_lines(place, offset, header.integer("lineskip", 0), limits=limits)
    size = check(_axes(header), limits=limits) * _dtype(header).itemsize
    return _payload(header, place, offset, size=size, limits=limits)


def _header(path: Path, *, limits: Limits) -> _Header:
    fields: dict[str, str] = {}
    end = size_of(path, limits=limits)
    for line, after in header_lines(path, limits=limits):
        if not line:
            end = after
            break
        name, colon, value = line.partition(": ")
        if colon and not line.startswith("#") and ":=" not in name:
            fields.setdefault(name.lower().replace(" ", ""), value.strip())
    return _Header(path, fields, end)


def _dtype(header: _Header) -> np.dtype[Any]:
    code = _TYPES.get(header.need("type").lower())
    if code is None:
        raise UnsupportedImage("expected integer or float samples, found another NRRD type. Next: convert them to one")
    if code.endswith("1") or header.need("encoding").lower() in _TEXT:
        return np.dtype(code)
    order = {"little": "<", "big": ">"}.get(header.need("endian").lower())
    if order is None:
        raise MalformedImage("expected endian little or big, found neither. Next: export the file again")
    return np.dtype(order + code)


def _axes(header: _Header) -> list[Axis]:
    """Rule 1, fastest first."""
    sizes = [int(size) for size in header.numbers("sizes") if math.isfinite(size)]
    if not 1 <= len(sizes) <= 16 or len(sizes) != header.integer("dimension", -1):
        raise MalformedImage("expected as many sizes as dimensions, 1 to 16, found others. Next: export the file again")
    steps = _steps(header, len(sizes))
    kinds = header.fields.get("kinds", "").lower().split() or [""] * len(sizes)
    if len(kinds) != len(sizes):
        raise MalformedImage("expected one kind per axis, found another number. Next: export the file again")
    spatial = iter("XYZF")
    axes = []
    for n, (size, kind, step) in enumerate(zip(sizes, kinds, steps, strict=True)):
        letter = _letter(kind, step=step, fastest=n == 0)
        if letter == " " and not (size == 1 and kind in _GONE_KINDS):
            letter = next(spatial, "F")
        if letter != " ":
            axes.append(Axis(letter, size, step))
    return axes


def _letter(kind: str, *, step: float | None, fastest: bool) -> str:
    """What a kind makes of an axis; a blank for a spatial one."""
    if kind in _FRAME_KINDS:
        return "F"
    if kind in _SPACE_KINDS or kind in _GONE_KINDS:
        return " "
    if kind not in _NO_KIND:
        return "C"
    return " " if step is None or not math.isnan(step) else ("C" if fastest else "F")


def _steps(header: _Header, n: int) -> list[float | None]:
    """Millimetres per axis; None where unknown, NaN where the axis is said to have no place in space."""
    scale = _unit(header)
    factor = 1.0 if scale is None else scale
    directions = re.findall(r"none|\([^)]*\)", header.fields.get("spacedirections", "").lower())
    steps = [_length(direction) for direction in directions] or header.numbers("spacings")
    if not steps:
        return [None] * n
    if len(steps) != n:
        raise MalformedImage("expected one spacing per axis, found another number. Next: export the file again")
    return [step if math.isnan(step) else step * factor or None for step in map(abs, steps)]


def _length(direction: str) -> float:
    if direction == "none":
        return math.nan
    try:
        return math.hypot(*(float(part) for part in direction.strip("()").split(",")))
    except ValueError:
        raise _not_numbers("space directions") from None


def _unit(header: _Header) -> float | None:
    """Millimetres per stated unit, infinity for a unit that is no length, None where none is stated."""
    stated = re.findall(r'"([^"]*)"', header.fields.get("spaceunits", "") or header.fields.get("units", ""))
    lengths = [_MILLIMETRES.get(unit.strip(), math.inf) for unit in stated if unit.strip()]
    known = [length for length in lengths if math.isfinite(length)]
    if not lengths:
        return None
    return known[0] if known and len(set(known)) == 1 else math.inf


def _samples(header: _Header, *, count: int, dtype: np.dtype[Any], limits: Limits) -> NDArray[Any]:
    path, offset = _data_file(header)
    offset = _skip_lines(path, offset, header.integer("lineskip", 0), limits=limits)
    if header.need("encoding").lower() in _TEXT:
        skip = max(header.integer("byteskip", 0), 0)
        return _text_samples(path, offset + skip, count=count, dtype=dtype, limits=limits)
    payload = _payload(header, path, offset, size=count * dtype.itemsize, limits=limits)
    return read_samples(payload, count=count, dtype=dtype, limits=limits)


def _payload(header: _Header, path: Path, offset: int, *, size: int, limits: Limits) -> Payload:
    """Binary samples of ``size`` bytes behind ``offset``."""
    encoding, skip = header.need("encoding").lower(), header.integer("byteskip", 0)
    if encoding not in _ENCODINGS:
        raise UnsupportedImage(
            "expected encoding raw, gzip, bzip2 or text, found another. Next: save it again with encoding gzip"
        )
    codec = _ENCODINGS[encoding]
    if skip == -1 and codec == "raw":
        offset, skip = max(offset, size_of(path, limits=limits) - size), 0
    if skip < 0:
        raise MalformedImage("expected a byte skip of zero or more, found less. Next: export the file again")
    return Payload(path, offset=offset + skip) if codec == "raw" else Payload(path, offset, codec, skip)


def _data_file(header: _Header) -> tuple[Path, int]:
    name = header.fields.get("datafile")
    if name is None:
        return header.path, header.end
    if name.split(" ")[0] == "LIST" or "%" in name:
        raise UnsupportedImage(
            "expected the samples in one file, found several listed. Next: save the volume as one .nrrd file"
        )
    return beside(header.path, name), 0


def _skip_lines(path: Path, offset: int, n: int, *, limits: Limits) -> int:
    """Offset after ``n`` lines, which count as header."""
    size_of(path, limits=limits)
    with path.open("rb") as stream:
        stream.seek(offset)
        for _ in range(n):
            if not stream.readline(limits.max_header):
                raise MalformedImage(
                    "expected the lines that are to be skipped, found fewer. Next: copy the file again"
                )
            check_header(stream.tell() - offset, limits=limits)
        return stream.tell()


def _text_samples(path: Path, offset: int, *, count: int, dtype: np.dtype[Any], limits: Limits) -> NDArray[Any]:
    """Parse numbers in the widest type of their kind, so that one too large for ``dtype`` is seen and not wrapped."""
    text = read_bytes(path, limits=limits)[offset:]
    wide = {"i": "i8", "u": "u8" if dtype.itemsize == 8 else "i8", "f": "f8"}[dtype.kind]
    try:
        numbers = np.fromstring(text, dtype=wide, sep=" ")
    except (ValueError, DeprecationWarning):
        numbers = np.empty(0)
    found = numbers[:count]
    if len(numbers) == count and not text[-1:].isspace():  # 12 may be what is left of 123
        found = found[:-1]
    if len(found) < count or (dtype.kind != "f" and not _fits(found, dtype)):
        raise MalformedImage(
            f"expected {count} numbers that fit the type, found something else. Next: export the file again"
        )
    return found.astype(dtype)


def _fits(numbers: NDArray[Any], dtype: np.dtype[Any]) -> bool:
    bounds = np.iinfo(dtype)
    return int(numbers.min()) >= bounds.min and int(numbers.max()) <= bounds.max
