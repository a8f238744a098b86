"""Words in an overlay plane of a DICOM image: shown over the pixels, which stay as they are.

Rules
-----
1. The plane takes the first free group of 6000 to 601E; one of ours (OverlayLabel ``misyn``) is replaced.
2. It is of type G (graphics), as large as the image, with one bit per pixel in OverlayData.
3. Every other element stays byte for byte; the words are drawn as for pictures (:mod:`misyn.marks.label.letters`).

Follows DICOM PS3.3 C.9.2 (Overlay Plane), PS3.5 section 8.1.2 (overlay data encoding).

Example:
    >>> packed(np.eye(3, 5, dtype=bool)).hex()
    '4110'
"""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from misyn.errors import NoRoomForMark
from misyn.marks.label import OVERLAY_LABEL
from misyn.marks.label.letters import words_box
from misyn.marks.metadata.dicom import OVERLAYS
from misyn.marks.metadata.dicom_edits import with_elements
from misyn.marks.metadata.dicom_elements import Element, Syntax, encode
from misyn.marks.metadata.dicom_file import File, copy_with, open_file

_LABEL, _ROWS, _COLUMNS = 0x1500, 0x00280010, 0x00280011


def write(source: BinaryIO, target: BinaryIO) -> str:
    """Copy a DICOM file with the words in an overlay plane, and give the words.

    Raises:
        NoRoomForMark: no group is free, there are no rows and columns, or the image is too small.
        MalformedImage: the elements do not fit the file.
    """
    file = open_file(source)
    top = {element.tag: element for element in file.walk()}
    rows, columns = (_number(file, top.get(tag)) for tag in (_ROWS, _COLUMNS))
    box = words_box(columns, rows)
    plane = np.zeros((rows, columns), bool)
    plane[-box.dots.shape[0] :, : box.dots.shape[1]] = box.dots
    group = _group(file, top) << 16
    old = {tag: b"" for tag in top if tag >> 16 == group >> 16}
    copy_with(file, source, target, with_elements(file, old | _elements(group, plane, box.words, file.syntax)))
    return box.words


def _number(file: File, element: Element | None) -> int:
    data = b"" if element is None else file.source.seek(element.value) and file.source.read(2)
    if not data or len(data) != 2:
        raise NoRoomForMark("expected an image with rows and columns for an overlay, found none")
    return int(struct.unpack(file.syntax.order + "H", data)[0])


def _group(file: File, top: dict[int, Element]) -> int:
    """Rule 1."""
    for group in OVERLAYS:
        label = top.get(group << 16 | _LABEL)
        if label is not None and file.text(label) == OVERLAY_LABEL.encode():
            return group
    taken = {tag >> 16 for tag in top}
    for group in OVERLAYS:
        if group not in taken:
            return group
    raise NoRoomForMark("expected a free overlay group, found all 16 taken. Next: leave the label out")


def _elements(group: int, plane: NDArray[np.bool_], words: str, syntax: Syntax) -> dict[int, bytes]:
    """The plane's elements (rule 2), by their tags."""
    rows, columns = plane.shape
    bits = "OB" if syntax.order == ">" else "OW"  # readers differ in whether they swap the words of an OW here
    numbers = syntax.order + "H"
    values: dict[int, tuple[str, bytes]] = {
        0x0010: ("US", struct.pack(numbers, rows)),
        0x0011: ("US", struct.pack(numbers, columns)),
        0x0022: ("LO", f"{words} (misyn)".encode("ascii")),
        0x0040: ("CS", b"G"),
        0x0050: ("SS", struct.pack(syntax.order + "hh", 1, 1)),
        0x0100: ("US", struct.pack(numbers, 1)),
        0x0102: ("US", struct.pack(numbers, 0)),
        _LABEL: ("LO", OVERLAY_LABEL.encode("ascii")),
        0x3000: (bits, packed(plane)),
    }
    return {group | number: encode(group | number, vr, value, syntax) for number, (vr, value) in values.items()}


def packed(plane: NDArray[np.bool_]) -> bytes:
    """Pack a plane row after row, the first pixel in the lowest bit, to an even number of bytes."""
    data = np.packbits(plane.reshape(-1), bitorder="little").tobytes()
    return data + bytes(len(data) % 2)
