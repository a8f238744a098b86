"""Palette colour: samples that are indices become the red, green and blue they stand for.

Rules
-----
1. A table has at most 65,536 entries; a segmented one that expands beyond what its descriptor says is refused where it
   does, because indirect segments can repeat one another without end.
2. Entries stay as wide as they are stored (8 or 16 bits): nothing is scaled. Transparency tables are not read.
3. Indices below the first mapped value take the first entry, those above the last take the last one.

Follows DICOM PS3.3 sections C.7.6.3.1.5, C.7.6.3.1.6 and C.7.9.2.

Example:
    >>> import numpy as np
    >>> red, green = np.array([0, 255], np.uint8), np.array([10, 20], np.uint8)
    >>> look_up(np.array([[4, 5, 9]]), (red, green, green), first=4)[0].tolist()
    [[0, 10, 10], [255, 20, 20], [255, 20, 20]]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.errors import MalformedImage
from misyn.images.dicom_header import Header

_COLOURS = ("Red", "Green", "Blue")
_MOST = 1 << 16


def expand(pixels: NDArray[Any], header: Header, *, little: bool) -> NDArray[Any]:
    """Replace indices by colours.

    Args:
        pixels: indices, integers of any shape.
        header: the data set with the palette.
        little: whether its bytes are little-endian.

    Returns:
        uint8 or uint16 as the tables are stored, the shape of ``pixels`` and a last axis of 3.

    Raises:
        MalformedImage: a table is absent, or not what its descriptor says.
    """
    descriptor = header.numbers("RedPaletteColorLookupTableDescriptor")
    if len(descriptor) != 3:
        raise MalformedImage("expected a palette descriptor of three numbers, found none such")
    entries, first, bits = (int(number) for number in descriptor)
    entries = entries % _MOST or _MOST  # 0 means 65,536; written as a signed number it may be negative
    tables = [_table(header, colour, entries=entries, bits=bits, little=little) for colour in _COLOURS]
    if len({(table.size, table.dtype) for table in tables}) != 1 or not tables[0].size:
        raise MalformedImage("expected red, green and blue palettes of one size, found that they differ or are empty")
    return look_up(pixels, tables, first=_signed_alike(first, pixels))


def _signed_alike(first: int, pixels: NDArray[Any]) -> int:
    """Read the first mapped value as the samples are: signed or not (its VR is often the wrong one of US and SS)."""
    signed = pixels.dtype.kind == "i"
    return first - _MOST if signed and first >= _MOST // 2 else first % _MOST if not signed else first


def look_up(pixels: NDArray[Any], tables: Sequence[NDArray[Any]], *, first: int) -> NDArray[Any]:
    """Map indices through one table per channel.

    Args:
        pixels: integer indices, any shape.
        tables: equally long tables of one dtype.
        first: the index that the first entry stands for.

    Returns:
        The tables' dtype, the shape of ``pixels`` and one channel per table as last axis.
    """
    at = np.clip(pixels.astype(np.int64) - first, 0, tables[0].size - 1)
    return np.stack([table[at] for table in tables], axis=-1)


def _table(header: Header, colour: str, *, entries: int, bits: int, little: bool) -> NDArray[Any]:
    plain = header.raw(f"{colour}PaletteColorLookupTableData")
    if plain:
        return _plain(plain, entries, little=little)
    segmented = header.raw(f"Segmented{colour}PaletteColorLookupTableData")
    if segmented and bits in (8, 16) and len(segmented) <= 4 * _MOST:  # longer than a plain table it makes no sense
        return _segmented(segmented, entries, bits=bits, little=little)
    raise MalformedImage("expected palette colour samples with their tables, found a table missing")


def _plain(data: bytes, entries: int, *, little: bool) -> NDArray[Any]:
    """Read a table whose entries are as wide as its length says: 8-bit entries may lie in 8 or in 16 bits."""
    if len(data) not in (entries, entries + entries % 2, 2 * entries):
        raise MalformedImage(f"expected a palette of {entries} entries, found {len(data)} bytes")
    if len(data) == 2 * entries:
        return np.frombuffer(data, "<u2" if little else ">u2").astype(np.uint16)
    if not little:  # two entries per big-endian word
        data = np.frombuffer(data[: len(data) // 2 * 2], np.uint16).byteswap().tobytes()
    return np.frombuffer(data, np.uint8)[:entries]


def _segmented(data: bytes, entries: int, *, bits: int, little: bool) -> NDArray[Any]:
    words = np.frombuffer(data[: len(data) // (bits // 8) * (bits // 8)], f"{'<' if little else '>'}u{bits // 8}")
    table = _Segments(words.astype(int).tolist(), entries, bits=bits, little=little)
    table.run(0, segments=None)
    return np.array(table.values, np.uint8 if bits == 8 else np.uint16)


class _Segments:
    """The expansion of one segmented table."""

    def __init__(self, words: list[int], entries: int, *, bits: int, little: bool) -> None:
        self.values: list[int] = []
        self._words, self._entries, self._bits, self._little = words, entries, bits, little

    def run(self, at: int, *, segments: int | None) -> None:
        """Expand from word ``at`` on: so many segments (one indirection), or to the end."""
        words, done = self._words, 0
        while at + 1 < len(words) and done != segments:
            kind, length = words[at], words[at + 1]
            if kind == 0 and length:
                self._extend(words[at + 2 : at + 2 + length])
                at += 2 + length
            elif kind == 1 and self.values and length and at + 2 < len(words):
                steps = np.linspace(self.values[-1], words[at + 2], length + 1)[1:]
                self._extend([int(value) for value in np.around(steps)])
                at += 3
            elif kind == 2 and self.values and segments is None and length:
                self.run(self._offset(at + 2), segments=length)
                at += 2 + (4 if self._bits == 8 else 2)
            else:
                raise MalformedImage("expected segments of a palette as the standard defines them, found other data")
            done += 1

    def _extend(self, values: list[int]) -> None:
        self.values += values
        if len(self.values) > self._entries:
            raise MalformedImage(f"expected a palette of {self._entries} entries, found one that expands beyond them")

    def _offset(self, at: int) -> int:
        """Read where an indirection leads, in words; it is written in bytes, least significant 16-bit word first."""
        parts = self._words[at : at + (4 if self._bits == 8 else 2)]
        if self._bits == 8 and len(parts) == 4:
            pairs = zip(parts[::2], parts[1::2], strict=True)
            parts = [low | high << 8 if self._little else low << 8 | high for low, high in pairs]
        if len(parts) != 2:
            raise MalformedImage("expected where an indirect palette segment leads, found the end of the table")
        return (parts[0] | parts[1] << 16) // (self._bits // 8)
