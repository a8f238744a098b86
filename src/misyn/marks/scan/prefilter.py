r"""The quick look at a DICOM file: as few bytes as can prove that nothing in its header speaks of origin.

Rules
-----
1. The look gives one answer, *clear*: a full inspection (:func:`misyn.marks.verify`) would find no statement, no
   declaration, no credential, no overlay label and no damage. Anything else is left to the full inspection, so that a
   quick verdict is never another one than a full verdict.
2. What is not clear: an element that a mark may lie in, a private block that is ours, a signature of another format in
   the preamble, and whatever does not fit: a missing preamble, a length that leads out of the file, a stray delimiter.
3. Bytes are read in windows, up to the pixels; long values are stepped over unread. A deflated data set is inflated
   whole, because damage at its end is damage.
4. On the way, the values of the tags in :data:`~misyn.marks.scan.grammar.WANTED` are taken, as they lie: whom, which
   study, which series.

Follows DICOM PS3.5 sections 7.1 to 7.5 and annex A, in the way :mod:`misyn.marks.metadata.dicom_elements` does.

Example:
    >>> from misyn.marks.metadata.dicom_elements import EXPLICIT, encode
    >>> meta = encode(0x00020010, "UI", b"1.2.840.10008.1.2.1", EXPLICIT)
    >>> plain, marked = encode(0x00080060, "CS", b"CT", EXPLICIT), encode(0x0008001C, "CS", b"YES", EXPLICIT)
    >>> look_at_bytes(bytes(128) + b"DICM" + meta + plain).clear
    True
    >>> look_at_bytes(bytes(128) + b"DICM" + meta + marked + plain).clear
    False
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from misyn.errors import UnreadableImage
from misyn.images.formats import FORMATS
from misyn.images.limits import DEFAULT, inflate
from misyn.marks.metadata.dicom_elements import BIG, EXPLICIT, IMPLICIT, VRS, Syntax
from misyn.marks.metadata.dicom_file import BIG_ENDIAN, DEFLATED
from misyn.marks.scan.grammar import Held, Unfit, Walk, Window
from misyn.marks.scan.runs import GRAMMARS

PREAMBLE = 132
WINDOW = 4096
_SYNTAX = 0x00020010


@dataclass
class Disk:
    """A file on the disk; ``taken`` counts the bytes that were read."""

    descriptor: int
    size: int
    taken: int = 0

    def read(self, at: int) -> bytes:
        """Read one window."""
        data = os.pread(self.descriptor, WINDOW, at)
        self.taken += len(data)
        return data


@dataclass(frozen=True)
class Look:
    """What a quick look saw.

    Attributes:
        clear: rule 1.
        values: of the tags in :data:`misyn.marks.scan.grammar.WANTED` that were passed, by tag, as they lie.
        taken: bytes read from the file.
        size: bytes of the file.
    """

    clear: bool
    values: Mapping[int, bytes] = field(default_factory=dict)
    taken: int = 0
    size: int = 0


def look(path: Path) -> Look:
    """Take a quick look at a file.

    Raises:
        OSError: it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe must not hang us
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return Look(clear=False)
        disk = Disk(descriptor, status.st_size)
        clear, values = _looked(disk)
        return Look(clear, values, disk.taken, disk.size)
    finally:
        os.close(descriptor)


def look_at_bytes(data: bytes) -> Look:
    """Take a quick look at a file held in memory."""
    clear, values = _looked(Held(data))
    return Look(clear, values, len(data), len(data))


def _looked(window: Window) -> tuple[bool, Mapping[int, bytes]]:
    head = window.read(0)
    if head[128:PREAMBLE] != b"DICM" or _is_another(head):
        return False, {}
    values: dict[int, bytes] = {}
    try:
        walk, start = _opened(window, head, values)
        return walk.run(start), values
    except (Unfit, UnreadableImage):
        return False, values


def _is_another(head: bytes) -> bool:
    """Whether another format's signature lies in the preamble."""
    return head[0] != 0 and any(other.matches(head) for other in FORMATS if other.name != "dicom")


def _opened(window: Window, head: bytes, values: dict[int, bytes]) -> tuple[Walk, int]:
    """Read the file meta information, and prepare the walk over the data set by its transfer syntax."""
    meta = Walk(window, GRAMMARS[EXPLICIT], values, head)
    start = meta.run_meta(PREAMBLE)
    uid = values.pop(_SYNTAX, b"").strip(b"\0 ").decode("ascii", "replace")
    if uid in DEFLATED:
        packed = b"".join(_rest(window, meta, start))
        return Walk(Held(inflate(packed, limits=DEFAULT)), GRAMMARS[EXPLICIT], values), 0
    first = meta.bytes_at(start, 6)
    return Walk(window, GRAMMARS[_syntax(uid, first)], values, meta.data, meta.base), start


def _syntax(uid: str, first: bytes) -> Syntax:
    """The syntax that :func:`misyn.marks.metadata.dicom_file.open_file` takes the data set for."""
    if uid == BIG_ENDIAN or (not uid and first[:2] == b"\0\x08"):
        return BIG
    return EXPLICIT if first[4:6] in VRS else IMPLICIT


def _rest(window: Window, meta: Walk, start: int) -> list[bytes]:
    """All bytes from ``start`` on; those that the walk has in hand are not read again."""
    parts = [meta.data[max(0, start - meta.base) :]]
    at = max(start, meta.base) + len(parts[0])
    while at < window.size and parts[-1]:
        parts.append(window.read(at))
        at += len(parts[-1])
    return parts
