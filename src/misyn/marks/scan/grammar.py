r"""A fast walk over the elements of a DICOM data set, which gives up rather than guess.

Rules
-----
1. The walk sees the elements that :func:`misyn.marks.metadata.dicom_elements.elements` sees, or raises :class:`Unfit`.
2. Files of one series are alike: the heads of up to :data:`RUN` elements that were walked one by one are kept as a
   *run*, a mask over bytes. Where the bytes of the next file, under the mask, are the same, the same elements lie
   there, and the walk steps over all of them at once. A value that decides anything is part of the mask.
3. Elements in which a mark may lie end a run, and are looked at one by one.
4. So do elements whose length changes from file to file (:mod:`misyn.marks.scan.runs`).

Follows DICOM PS3.5 sections 7.1 to 7.5.

Example:
    >>> from misyn.marks.metadata.dicom_elements import EXPLICIT, encode
    >>> data = encode(0x00080060, "CS", b"CT", EXPLICIT) + encode(0x00100020, "LO", b"007", EXPLICIT)
    >>> walk = Walk(Held(data), GRAMMARS[EXPLICIT], {})
    >>> walk.run(0), walk.values[PATIENT]
    (True, b'007 ')
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from misyn.images.limits import DEFAULT
from misyn.marks.metadata.dicom import OVERLAYS
from misyn.marks.metadata.dicom_edits import CREATOR, DERIVATION, EQUIPMENT, FACTS, SYNTHETIC
from misyn.marks.metadata.dicom_elements import IMPLICIT, ITEM, ITEM_END, SEQUENCE_END, UNDEFINED
from misyn.marks.metadata.dicom_file import PIXELS
from misyn.marks.scan.runs import GRAMMARS, Grammar, Run

RUN = 24  # elements a run holds at most
RUN_BYTES = 1024  # bytes a run covers at most: it has to lie in one window
MOST_ELEMENTS = 50_000
MOST_VALUE = 128
STUDY, SERIES, INSTANCE, MODALITY, PATIENT = 0x0020000D, 0x0020000E, 0x00080018, 0x00080060, 0x00100020
WANTED = frozenset({STUDY, SERIES, INSTANCE, MODALITY, PATIENT, 0x00020010, *FACTS})
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_SAYS = frozenset({SYNTHETIC, EQUIPMENT})
_META = 0x0002


class Unfit(Exception):
    """Something lies here that this walk does not decide."""


class Window(Protocol):
    """Something of which bytes can be read, a window at a time."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def read(self, at: int) -> bytes:
        """Some bytes from ``at`` on: at least a run's, or all that follow."""


@dataclass(frozen=True)
class Held:
    """Bytes in memory: they are their own window."""

    data: bytes

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.data)

    def read(self, at: int) -> bytes:
        """All that follow."""
        return self.data[at:] if at else self.data


@dataclass
class _Growing:
    """A run in the making."""

    start: int
    key: bytes
    group: int
    mask: bytearray = field(default_factory=bytearray)
    wanted: list[tuple[int, int, int]] = field(default_factory=list)
    count: int = 0


class Walk:
    """One walk over one data set."""

    def __init__(
        self, window: Window, grammar: Grammar, values: dict[int, bytes], data: bytes = b"", base: int = 0
    ) -> None:
        self.window, self.grammar, self.values = window, grammar, values
        self.data, self.base, self.size = data, base, window.size
        self.count = 0
        self.clear = True
        self._growing: _Growing | None = None

    def bytes_at(self, at: int, n: int) -> bytes:
        """Exactly ``n`` bytes.

        Raises:
            Unfit: they are not there.
        """
        start = at - self.base
        if start < 0 or start + n > len(self.data):
            growing = self._growing
            self.base = growing.start if growing is not None and at - growing.start <= RUN_BYTES else at
            self.data, start = self.window.read(self.base), at - self.base
            if start + n > len(self.data):
                raise Unfit
        return self.data[start : start + n]

    def run_meta(self, at: int) -> int:
        """Walk over the file meta information and say where the data set starts."""
        key = self.bytes_at(at, 8)
        while key[:2] == b"\2\0":
            at = self._next(at, key)
            key = self.bytes_at(at, 8)
        self._end_run()
        if key[:2] in (b"\0\0", b"\1\0"):
            raise Unfit  # the full inspection takes these for meta information
        return at

    def run(self, at: int) -> bool:
        """Walk up to the pixels or the end, and say whether nothing speaks of origin.

        Raises:
            Unfit: this walk cannot decide.
        """
        size = self.size
        while 0 <= at < size:
            at = self._next(at, self.bytes_at(at, 8))
        self._end_run()
        return self.clear

    def _next(self, at: int, key: bytes) -> int:
        """Step over a whole run where one fits (rule 2), or over one element; negative where the pixels start."""
        known = self.grammar.runs.get(key) if self._growing is None else None
        for length, mask, expected, wanted in known or ():
            start = at - self.base
            if start + length > len(self.data):
                if at + length > self.size:
                    continue
                self.data, self.base, start = self.window.read(at), at, 0
            if int.from_bytes(self.data[start : start + length], "big") & mask == expected:
                for tag, where, n in wanted:
                    self.values[tag] = self.data[start + where : start + where + n]
                return at + length
        return self._one(at, key)

    def _one(self, at: int, key: bytes) -> int:
        """Walk over one element; negative where the pixels start."""
        tag, vr, length, value = self._head(at, key)
        if tag in PIXELS:
            return -1
        self.count += 1
        if tag >> 16 == 0xFFFE or self.count > MOST_ELEMENTS:
            raise Unfit
        if length == UNDEFINED:
            self._end_run()
            self._says(tag, b"")
            return self._sequence(value, vr, depth=1)
        if value + length > self.size:
            raise Unfit
        if self._is_marked_place(tag, length, value):
            self._end_run()
        else:
            self._note(at, tag, value, length, key)
        return value + length

    def _head(self, at: int, key: bytes) -> tuple[int, bytes, int, int]:
        """Tag, value representation, length, and where the value starts."""
        grammar = self.grammar
        group, number, vr, length = grammar.head.unpack(key)
        tag = group << 16 | number
        if grammar.explicit and group != 0xFFFE:
            if vr in _LONG:
                return tag, vr, grammar.long.unpack(self.bytes_at(at + 8, 4))[0], at + 12
            if vr.isalpha() and vr.isupper():
                return tag, vr, length, at + 8
        return tag, b"", grammar.long.unpack(key[4:])[0], at + 8

    def _is_marked_place(self, tag: int, length: int, value: int) -> bool:
        """Look at an element in which a mark may lie."""
        if tag == DERIVATION:
            self._says(tag, self.bytes_at(value, min(length, 1024)))
        elif tag in _SAYS or (tag >> 16 in OVERLAYS and tag & 0xFFFF == 0x1500):
            self._says(tag, b"")
        elif is_creator(tag, length) and self.bytes_at(value, length).strip(b" \0") == CREATOR:
            self.clear = False
        else:
            return False
        return True

    def _says(self, tag: int, text: bytes) -> None:
        """Anything in these places makes the file one for the full inspection; of a derivation, only our words."""
        places = tag in _SAYS or (tag >> 16 in OVERLAYS and tag & 0xFFFF == 0x1500)
        if places or (tag == DERIVATION and (not text or b"(misyn)" in text)):
            self.clear = False

    def _note(self, at: int, tag: int, value: int, length: int, key: bytes) -> None:
        """Take a wanted value, and let the run grow by this element."""
        wanted = tag in WANTED and 0 < length <= MOST_VALUE
        if wanted:
            self.values[tag] = self.bytes_at(value, length)
        if self.grammar.changes(tag, length):
            self._end_run()
            return
        growing = self._growing
        if growing is not None and (
            growing.group != tag >> 16 or growing.count >= RUN or value + length - growing.start > RUN_BYTES
        ):
            self._end_run()
            growing = None
        if value + length - at > RUN_BYTES:
            return
        if growing is None:
            growing = self._growing = _Growing(at, key, tag >> 16)
        compared = length if is_creator(tag, length) else 0
        growing.mask += b"\xff" * (value - at + compared) + bytes(length - compared)
        growing.count += 1
        if wanted:
            growing.wanted.append((tag, value - growing.start, length))

    def _end_run(self) -> None:
        """Keep the run that grew, if it is worth it and its bytes are still in the window."""
        growing, self._growing = self._growing, None
        if growing is None or growing.count < 2:
            return
        start, size = growing.start - self.base, len(growing.mask)
        if start < 0 or start + size > len(self.data):
            return
        mask = int.from_bytes(growing.mask, "big")
        expected = int.from_bytes(self.data[start : start + size], "big") & mask
        self.grammar.keep(growing.key, Run(size, mask, expected, tuple(growing.wanted)))

    def _sequence(self, at: int, vr: bytes, *, depth: int) -> int:
        """Walk over the items of a sequence of undefined length, and say where it ends."""
        if depth > DEFAULT.max_depth:
            raise Unfit
        before = self.grammar
        self.grammar = GRAMMARS[IMPLICIT] if vr == b"UN" else before
        while True:
            tag, _, length, value = self._head(at, self.bytes_at(at, 8))
            if tag == SEQUENCE_END:
                break
            if tag != ITEM:
                raise Unfit
            at = value + length if length != UNDEFINED else self._item(value, depth=depth + 1)
            if at > self.size:
                raise Unfit
        self.grammar = before
        return at + 8

    def _item(self, at: int, *, depth: int) -> int:
        """Walk over the elements of an item of undefined length, and say where it ends."""
        while True:
            tag, vr, length, value = self._head(at, self.bytes_at(at, 8))
            if tag == ITEM_END:
                return at + 8
            self.count += 1
            if tag >> 16 == 0xFFFE or self.count > MOST_ELEMENTS or depth > DEFAULT.max_depth:
                raise Unfit
            at = self._sequence(value, vr, depth=depth + 1) if length == UNDEFINED else value + length


def is_creator(tag: int, length: int) -> bool:
    """Say whether an element may reserve a private block for misyn: its value then decides."""
    return tag >> 16 & 1 == 1 and 0x10 <= tag & 0xFFFF <= 0xFF and length <= 64
