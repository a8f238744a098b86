r"""MetaImage volumes and pictures: ``.mha`` (samples attached) and ``.mhd`` (samples in a file beside the header).

Rules
-----
1. The first axes are ``X``, ``Y``, ``Z``, and the fourth is ``F``; channels lie closest together and become ``C``.
2. ``ElementToIntensityFunctionSlope`` and ``…Offset`` become slope and intercept; samples are as stored.
3. Spacing is ``ElementSpacing``, else ``ElementSize``, in millimetres, as MetaIO defines it.
4. ``Modality`` becomes a DICOM modality code where there is one of the same meaning.
5. Samples raw or as one zlib stream are read. Text samples, and samples spread over several files (``LIST`` or a
   pattern), are refused: which slice is where would have to be trusted to names.

Follows the MetaIO documentation of the Insight Toolkit (MetaImage header tags).

Example:
    >>> sniff(b"ObjectType = Image\nNDims = 2\nDimSize = 4 4\n"), sniff(b"a = 1\n")
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

from misyn.errors import MalformedImage, UnsupportedImage
from misyn.images.image import Image
from misyn.images.layout import Axis, arrange, check
from misyn.images.limits import Limits
from misyn.images.payload import Payload, beside, header_lines, read_samples, size_of

_TYPES: dict[str, str] = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",  # MetaIO fixes long at four bytes on every machine
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_MODALITIES = {"MET_MOD_CT": "CT", "MET_MOD_MR": "MR", "MET_MOD_NM": "NM", "MET_MOD_US": "US"}
_TAG = rb"ObjectType|ObjectSubType|NDims|Comment|Name|ID|ParentID|TransformType|BinaryData|DimSize|Acquisition\w*"
_FIRST = re.compile(rb"\s*(?:" + _TAG + rb")[ \t]*=")
_SURE = re.compile(rb"^[ \t]*NDims[ \t]*=", re.MULTILINE)


@dataclass(frozen=True)
class _Header:
    """Tags by name; ``end`` is where attached samples start."""

    path: Path
    tags: Mapping[str, str]
    end: int

    def need(self, name: str) -> str:
        """A tag that has to be there."""
        if name not in self.tags:
            raise MalformedImage(f"expected the MetaImage tag {name}, found none. Next: export the file again")
        return self.tags[name]

    def numbers(self, *names: str) -> list[float]:
        """The numbers of the first of these tags that is there; none where none is."""
        text = next((self.tags[name] for name in names if name in self.tags), "")
        try:
            return [float(word) for word in text.split()]
        except ValueError:
            raise _not_numbers(names[0]) from None

    def integers(self, name: str, default: str = "") -> list[int]:
        """A tag's integers."""
        try:
            return [int(word) for word in self.tags.get(name, default).split()]
        except ValueError:
            raise _not_numbers(name) from None

    def number(self, name: str, default: float) -> float:
        """A tag's one finite number."""
        found = (self.numbers(name) or [default])[0]
        if not math.isfinite(found):
            raise _not_numbers(name)
        return found

    def says(self, *names: str, default: bool) -> bool:
        """Whether the first of these tags that is there is true."""
        text = next((self.tags[name] for name in names if name in self.tags), str(default))
        return text.strip().lower() in {"true", "1", "t", "yes"}


def _not_numbers(name: str) -> MalformedImage:
    return MalformedImage(f"expected numbers in the MetaImage tag {name}, found text. Next: export the file again")


def sniff(head: bytes) -> bool:
    """Say whether these first bytes start a MetaImage header: a tag of its own first, and ``NDims`` soon."""
    return _FIRST.match(head) is not None and _SURE.search(head) is not None


def read(path: Path, *, limits: Limits) -> Image:
    """Read one MetaImage; of a detached pair, ``path`` is the header.

    Returns:
        An image with axes out of ``F Z Y X C``.

    Raises:
        MalformedImage: the header contradicts itself or the samples end early.
        UnsupportedImage: a layout or type that rule 5 excludes.
        LimitExceeded: the header declares more than ``limits`` allow.
    """
    header = _header(path, limits=limits)
    dtype = _dtype(header)
    axes = _axes(header)
    count = check(axes, limits=limits)
    payload = _payload(header, size=count * dtype.itemsize, limits=limits)
    pixels, letters, spacing = arrange(read_samples(payload, count=count, dtype=dtype, limits=limits), axes)
    return Image(
        pixels=pixels,
        axes=letters,
        format="metaimage",
        slope=header.number("ElementToIntensityFunctionSlope", 1.0),
        intercept=header.number("ElementToIntensityFunctionOffset", 0.0),
        spacing=spacing,
        modality=_MODALITIES.get(header.tags.get("Modality", "")),
        bits=dtype.itemsize * 8,
        codec=payload.codec,
        lossy=False,
    )


def samples_in(path: Path, *, limits: Limits) -> Payload:
    """Say where the samples of a MetaImage lie; of a detached pair, in the other file.

    Raises:
        MalformedImage: the header contradicts itself.
        UnsupportedImage: a layout or type that rule 5 excludes.
        LimitExceeded: the header declares more than ``limits`` allow.
    """
    header = _header(path, limits=limits)
    return _payload(header, size=check(_axes(header), limits=limits) * _dtype(header).itemsize, limits=limits)


def _header(path: Path, *, limits: Limits) -> _Header:
    """Read tags up to ``ElementDataFile``, which is always the last."""
    size_of(path, limits=limits)
    tags: dict[str, str] = {}
    for line, end in header_lines(path, limits=limits):
        name, equals, value = line.partition("=")
        if equals:
            tags[name.strip()] = value.strip()
        if name.strip() == "ElementDataFile":
            return _Header(path, tags, end)
    raise MalformedImage("expected the MetaImage tag ElementDataFile, found none. Next: copy the file again")


def _dtype(header: _Header) -> np.dtype[Any]:
    code = _TYPES.get(header.need("ElementType").removesuffix("_ARRAY"))
    if code is None or not header.says("BinaryData", default=True):
        raise UnsupportedImage(
            "expected binary integer or float samples, found another ElementType. Next: save it again as .mha"
        )
    big = header.says("ElementByteOrderMSB", "BinaryDataByteOrderMSB", default=False)
    return np.dtype((">" if big else "<") + code)


def _axes(header: _Header) -> list[Axis]:
    """Rule 1, fastest first."""
    sizes = header.integers("DimSize")
    if not 1 <= len(sizes) <= 16 or [len(sizes)] != header.integers("NDims"):
        raise MalformedImage("expected one DimSize per dimension, 1 to 16, found others. Next: export the file again")
    if any(size != 1 for size in sizes[4:]):
        raise UnsupportedImage("expected at most four dimensions, found more. Next: save one volume per file")
    steps = header.numbers("ElementSpacing", "ElementSize") or [math.nan] * len(sizes)
    if len(steps) != len(sizes):
        raise MalformedImage("expected one ElementSpacing per dimension, found another number. Next: export it again")
    channels = header.integers("ElementNumberOfChannels", "1")
    axes = [Axis(letter, size, step) for letter, size, step in zip("XYZF", sizes, steps, strict=False)]
    return axes if channels == [1] else [Axis("C", *channels[:1]), *axes]


def _payload(header: _Header, *, size: int, limits: Limits) -> Payload:
    name = header.need("ElementDataFile")
    if name.split(" ")[0] == "LIST" or "%" in name:
        raise UnsupportedImage(
            "expected the samples in one file, found several listed. Next: save the volume as one .mha file"
        )
    attached = name.upper() == "LOCAL"
    path, offset = (header.path, header.end) if attached else (beside(header.path, name), 0)
    skip = (header.integers("HeaderSize", "0") or [0])[0]
    if skip == -1:  # the samples are the last bytes of the file, whatever comes before them
        offset, skip = max(offset, size_of(path, limits=limits) - size), 0
    if skip < 0:
        raise MalformedImage("expected a HeaderSize of -1, zero or more, found less. Next: export the file again")
    compressed = header.says("CompressedData", default=False)
    return Payload(path, offset=offset + skip, codec="zlib" if compressed else "raw")
