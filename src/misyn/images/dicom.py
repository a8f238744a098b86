"""DICOM files: recognised, limited, decoded, and described by the attributes other rooms use.

Rules
-----
1. A file is DICOM by its prefix, or, without preamble, when its first elements parse as a DICOM data set: ascending
   tags of the groups such files start with, valid value representations, lengths that lead to the next element.
2. Objects without pixels (reports, plans, waveforms, documents, directories) are named by kind and refused as such.
3. Samples stay as stored (see :mod:`misyn.images.image`); ``attributes`` says ``photometric``, MONOCHROME1 included.
4. Nothing of the header is repeated in messages but numbers of the image's size and names from DICOM's own lists.

Follows DICOM PS3.10 section 7, PS3.5 section 7.1 and PS3.3 sections C.7.1 to C.7.6.

Example:
    >>> sniff(bytes(128) + b"DICM"), sniff(b"DICM at the start is none")
    (True, False)
"""

from __future__ import annotations

import re
from pathlib import Path
from struct import unpack_from
from typing import TYPE_CHECKING

from misyn.images.limits import DEFAULT, Deadline, Limits, opened

if TYPE_CHECKING:
    from misyn.images.image import Image

_FIRST_GROUPS = (0x0002, 0x0008)
_SHORT_VR = re.compile(r"AE|AS|AT|CS|DA|DS|DT|FD|FL|IS|LO|LT|PN|SH|SL|SS|ST|TM|UI|UL|US")
_LONG_VR = re.compile(r"OB|OD|OF|OL|OV|OW|SQ|SV|UC|UN|UR|UT|UV")
_UNDEFINED = 0xFFFFFFFF
_ENOUGH = 3  # elements in a row that parse


def sniff(head: bytes) -> bool:
    """Say whether these first bytes start a DICOM file (rule 1)."""
    if head[128:132] == b"DICM":
        return True
    return any(_parses(head, order, explicit=explicit) for order, explicit in (("<", True), ("<", False), (">", True)))


def _parses(head: bytes, order: str, *, explicit: bool) -> bool:
    at, before, parsed = 0, -1, 0
    while parsed < _ENOUGH and at + 12 <= len(head):
        group, element = unpack_from(f"{order}HH", head, at)
        tag = group << 16 | element
        if tag <= before or (parsed == 0 and (group not in _FIRST_GROUPS or element > 0x0018)) or group > 0x0020:
            return False
        length, value = _length(head, at, order, explicit=explicit)
        if length is None or (length % 2 and length != _UNDEFINED):
            return False
        at, before, parsed = value + length, tag, parsed + 1
    return parsed >= _ENOUGH


def _length(head: bytes, at: int, order: str, *, explicit: bool) -> tuple[int | None, int]:
    """Return the length of an element's value and where the value starts; None where no element starts here."""
    if not explicit:
        (length,) = unpack_from(f"{order}I", head, at + 4)
        return (length if length <= len(head) else None), at + 8
    vr = head[at + 4 : at + 6].decode("latin-1")
    if _SHORT_VR.fullmatch(vr):
        return unpack_from(f"{order}H", head, at + 6)[0], at + 8
    if _LONG_VR.fullmatch(vr) and head[at + 6 : at + 8] == b"\0\0":
        return unpack_from(f"{order}I", head, at + 8)[0], at + 12
    return None, at


def read(path: Path, *, limits: Limits = DEFAULT) -> Image:
    """Read one DICOM file.

    Args:
        path: the file; its samples are read once, and decoded where they lie.
        limits: what reading it may cost.

    Returns:
        Axes ``YX``, with ``C`` last for colour, and ``F`` or ``Z`` first for several frames.

    Raises:
        NoPixels: an object of a kind that has none.
        UnreadableImage: other subtypes for what cannot be read. Through :func:`misyn.images.read`, for every failure.
    """
    from misyn.images import dicom_image  # noqa: PLC0415 - sniffing must not import pydicom

    deadline = Deadline(limits, path)
    with opened(path, limits=limits) as stream:
        return dicom_image.decode(stream, limits=limits, path=path, deadline=deadline)
