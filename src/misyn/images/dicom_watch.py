"""What pydicom reads of a file, counted while it reads.

Rules
-----
1. pydicom asks for the eight bytes that start every element and item; each such read is counted, and the nesting of
   items followed, so that a limit stops the parser where it is passed and not after the damage.
2. A value that starts like an item may be counted as one: it can only make a hostile file be refused earlier.
3. Samples are read into memory that may be changed, and only once: pydicom then decodes them where they lie.
4. pydicom converts the values of the file meta information and character sets while it parses: absurdly long ones are
   refused before it does.

Follows DICOM PS3.5 section 7.5 (nesting of data sets).

Example:
    >>> from misyn.images.limits import DEFAULT, Deadline
    >>> budget = Budget(DEFAULT, Deadline(DEFAULT))
    >>> Watched(bytes.fromhex("0800 6000 4353 0200") + b"CT", budget).read(8)[4:6], budget.elements
    (b'CS', 1)
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from misyn.errors import MalformedImage
from misyn.images.limits import Deadline, Limits, check_depth, check_elements, check_header

_META = 64 << 10  # bytes of a value that pydicom converts while it is still parsing (rule 4)
_ITEM = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")
_ITEM_END = (b"\xfe\xff\x0d\xe0", b"\xff\xfe\xe0\x0d")
_CHARSET = b"\x08\x00\x05\x00"
_UNDEFINED = 0xFFFFFFFF


class Deflated(Exception):
    """Not an error but a signal: pydicom is about to inflate all that follows ``offset``."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


@dataclass
class Budget:
    """What one file has cost so far; shared by every part of it that is parsed.

    Attributes:
        limits: the settings in force.
        deadline: when the time is over.
        path: the file.
        elements: element and item headers read.
        taken: bytes read, without pixels.
        refusal: the limit's error, kept because pydicom replaces some exceptions by its own.
    """

    limits: Limits
    deadline: Deadline
    path: Path | None = None
    elements: int = 0
    taken: int = 0
    refusal: Exception | None = None


class Watched:
    """A stream that sees what pydicom reads of it: eight bytes are the start of an element or an item."""

    def __init__(self, source: bytes | BinaryIO, budget: Budget, *, counted: bool = False) -> None:
        self._source = io.BytesIO(source) if isinstance(source, bytes) else source
        self._budget = budget
        self._counted = counted  # part of a file whose bytes were counted when it was read
        self._ends: list[float] = []  # where each open item ends
        self._short = self._pixels = False

    def tell(self) -> int:
        """Say where the next byte is."""
        return self._source.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go elsewhere."""
        return self._source.seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes | bytearray:
        """Read as a file does, and count.

        Raises:
            Deflated: all that remains is asked for, which pydicom does only before it inflates.
            LimitExceeded: a limit is passed.
            MalformedImage: by rule 4.
        """
        if size is None or size < 0:
            raise Deflated(self.tell())
        try:
            return self._watch(self._samples(size) if self._pixels else self._source.read(size))
        except Exception as error:
            self._budget.refusal = error
            raise

    def _samples(self, size: int) -> bytearray:
        """Rule 3; never more memory than there are bytes left, whatever length a header states."""
        at = self._source.tell()
        left = self._source.seek(0, io.SEEK_END) - at
        self._source.seek(at)
        data = bytearray(max(min(size, left), 0))
        done = self._source.readinto(data)  # type: ignore[attr-defined]  # BinaryIO leaves it out; files have it
        del data[done:]
        return data

    def _watch(self, data: bytes | bytearray) -> bytes | bytearray:
        budget = self._budget
        if len(data) == 8:
            self._enter(bytes(data))
        elif self._short and len(data) > _META:
            raise MalformedImage("expected short values in the file meta information, found one of over 64 KiB")
        if not self._pixels and not self._counted:
            budget.taken += len(data)
            check_header(budget.taken, limits=budget.limits, path=budget.path)
        return data

    def _enter(self, header: bytes) -> None:
        budget, tag = self._budget, header[:4]
        self._short = tag == _CHARSET or tag[:2] == b"\x02\x00"
        self._pixels = tag[:2] in (b"\xe0\x7f", b"\x7f\xe0")
        budget.elements += 1
        check_elements(budget.elements, limits=budget.limits, path=budget.path)
        if budget.elements % 256 == 0:
            budget.deadline.check()
        if tag in _ITEM:
            self._open(int.from_bytes(header[4:], "little" if tag == _ITEM[0] else "big"))
        elif tag in _ITEM_END and self._ends:
            self._ends.pop()

    def _open(self, length: int) -> None:
        while self._ends and self._ends[-1] <= self.tell() - 8:
            self._ends.pop()
        self._ends.append(math.inf if length == _UNDEFINED else self.tell() + length)
        check_depth(len(self._ends), limits=self._budget.limits, path=self._budget.path)
