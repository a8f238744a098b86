r"""The byte grammar of DICOM data sets: walk elements and items without decoding them, and write single elements.

Rules
-----
1. Elements are found, not parsed: a value is read only when asked for, so that a header can be changed element by
   element and every other byte stays as it lies.
2. Implicit and explicit VR, both byte orders, defined and undefined lengths. What a data set's first element looks like
   decides between implicit and explicit, because files exist that declare the wrong one; an element without letters
   for its representation counts as implicit where it stands, as other readers take it.
3. Depth, number of elements and every length are checked before they are followed, and the time at every step.

Follows DICOM PS3.5 sections 6.2, 7.1 to 7.5 and annex A, PS3.10 section 7.1.

Example:
    >>> from io import BytesIO
    >>> data = encode(0x0008001C, "CS", b"YES", EXPLICIT)
    >>> data
    b'\x08\x00\x1c\x00CS\x04\x00YES '
    >>> [hex(element.tag) for element in elements(BytesIO(data), EXPLICIT)]
    ['0x8001c']
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from misyn.errors import MalformedImage
from misyn.images.limits import DEFAULT, Deadline, check_depth, check_elements
from misyn.marks.metadata.splice import ends_early, read_at, size_of

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
VRS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())  # PS3.5 table 7.1-1: 32-bit lengths
_ZERO_PADDED = frozenset({b"UI", b"OB", b"UN"})


@dataclass(frozen=True)
class Syntax:
    """How a data set writes numbers, whether it names value representations, and by when a walk over it must end."""

    order: str
    explicit: bool
    deadline: Deadline | None = field(default=None, compare=False, repr=False)

    def tick(self) -> None:
        """Raise once the time is over; called for every element and item."""
        if self.deadline is not None:
            self.deadline.check()


EXPLICIT, IMPLICIT, BIG = Syntax("<", explicit=True), Syntax("<", explicit=False), Syntax(">", explicit=True)


@dataclass(frozen=True)
class Element:
    """One element or item: from ``start``, its value from ``value`` to ``value_end``, the next one at ``end``.

    ``vr`` is empty where the syntax is implicit; ``undefined`` says that a delimiter ends it.
    """

    tag: int
    vr: bytes
    start: int
    value: int
    value_end: int
    end: int
    undefined: bool = False

    @property
    def length(self) -> int:
        """Bytes of the value, delimiter excluded."""
        return self.value_end - self.value

    def inner(self, syntax: Syntax) -> Syntax:
        """The syntax inside: an UN of undefined length holds implicit little endian (PS3.5 section 6.2.2, note 2)."""
        return Syntax("<", explicit=False, deadline=syntax.deadline) if self.vr == b"UN" and self.undefined else syntax


def elements(
    source: BinaryIO,
    syntax: Syntax,
    *,
    start: int = 0,
    end: int | None = None,
    stops: Container[int] = (),
    depth: int = 0,
) -> Iterator[Element]:
    """Yield the elements from ``start`` up to ``end``, to a delimiter, or to the first tag in ``stops``.

    Raises:
        MalformedImage: a length leads out of the file or a value representation is none.
        LimitExceeded: sequences are nested too deep, there are too many elements, or the time is over.
    """
    check_depth(depth, limits=DEFAULT)
    stop = size_of(source) if end is None else end
    at, count = start, 0
    while at < stop:
        count += 1
        check_elements(count, limits=DEFAULT)
        syntax.tick()
        element = _element_at(source, syntax, at, stop, stops=stops, depth=depth)
        if element is None:
            return
        yield element
        at = element.end


def _element_at(
    source: BinaryIO, syntax: Syntax, at: int, stop: int, *, stops: Container[int], depth: int
) -> Element | None:
    tag = _tag_at(source, syntax, at)
    if tag in (ITEM_END, SEQUENCE_END) and depth:
        return None
    if tag >> 16 == 0xFFFE:
        raise MalformedImage("expected a DICOM element, found an item outside a sequence. Next: export the file again")
    if tag in stops:
        return None
    vr, length, value = _head_at(source, syntax, at, tag)
    if length != UNDEFINED:
        if value + length > stop:
            raise ends_early()
        return Element(tag, vr, at, value, value + length, value + length)
    shell = Element(tag, vr, at, value, value, value, undefined=True)
    closing = value
    for item in items(source, shell.inner(syntax), shell, stop=stop, depth=depth + 1):
        closing = item.end
    return Element(tag, vr, at, value, closing, closing + 8, undefined=True)


def _tag_at(source: BinaryIO, syntax: Syntax, at: int) -> int:
    group, number = struct.unpack(syntax.order + "HH", read_at(source, at, 4))
    return int(group) << 16 | int(number)


def _head_at(source: BinaryIO, syntax: Syntax, at: int, tag: int) -> tuple[bytes, int, int]:
    """Value representation, length, and where the value starts."""
    rest = read_at(source, at + 4, 4)
    if not syntax.explicit or tag >> 16 == 0xFFFE:
        return b"", struct.unpack(syntax.order + "I", rest)[0], at + 8
    vr = rest[:2]
    if vr in _LONG:
        return vr, struct.unpack(syntax.order + "I", read_at(source, at + 8, 4))[0], at + 12
    if vr.isalpha() and vr.isupper():
        return vr, struct.unpack(syntax.order + "H", rest[2:])[0], at + 8
    return b"", struct.unpack(syntax.order + "I", rest)[0], at + 8


def items(
    source: BinaryIO, syntax: Syntax, sequence: Element, *, stop: int | None = None, depth: int = 0
) -> Iterator[Element]:
    """Yield the items of a sequence; ``syntax`` is the one inside it.

    Raises:
        MalformedImage: something that is no item lies where one should.
    """
    check_depth(depth, limits=DEFAULT)
    end = (size_of(source) if stop is None else stop) if sequence.undefined else sequence.value_end
    at = sequence.value
    while sequence.undefined or at < end:
        syntax.tick()
        tag = _tag_at(source, syntax, at)
        if tag == SEQUENCE_END:
            return
        if tag != ITEM:
            raise MalformedImage("expected an item of a DICOM sequence, found something else")
        item = _item_at(source, syntax, at, end, depth=depth)
        yield item
        at = item.end


def _item_at(source: BinaryIO, syntax: Syntax, at: int, stop: int, *, depth: int) -> Element:
    (length,) = struct.unpack(syntax.order + "I", read_at(source, at + 4, 4))
    if length != UNDEFINED:
        if at + 8 + length > stop:
            raise ends_early()
        return Element(ITEM, b"", at, at + 8, at + 8 + length, at + 8 + length)
    closing = at + 8
    for element in elements(source, syntax, start=at + 8, end=stop, depth=depth + 1):
        closing = element.end
    if closing + 8 > stop or _tag_at(source, syntax, closing) != ITEM_END:
        raise MalformedImage("expected the end of a DICOM item, found something else")
    return Element(ITEM, b"", at, at + 8, closing, closing + 8, undefined=True)


def looks_explicit(source: BinaryIO, start: int) -> bool:
    """Say whether the element at ``start`` names a value representation (rule 2)."""
    source.seek(start + 4)
    return source.read(2) in VRS


def encode(tag: int, vr: str, value: bytes, syntax: Syntax) -> bytes:
    """Write one element; an odd value is padded as its representation asks.

    Raises:
        MalformedImage: the value is too long for its representation.
    """
    code = vr.encode("ascii")
    value += (b"\0" if code in _ZERO_PADDED else b" ") * (len(value) % 2) if code != b"SQ" else b""
    head = struct.pack(syntax.order + "HH", tag >> 16, tag & 0xFFFF)
    if not syntax.explicit:
        return head + struct.pack(syntax.order + "I", len(value)) + value
    if code in _LONG:
        return head + code + b"\0\0" + struct.pack(syntax.order + "I", len(value)) + value
    if len(value) > 0xFFFF:
        raise MalformedImage(f"expected at most 65535 bytes in a DICOM {vr}, found more")
    return head + code + struct.pack(syntax.order + "H", len(value)) + value


def encode_item(content: bytes, syntax: Syntax) -> bytes:
    """Write one item of defined length."""
    return struct.pack(syntax.order + "HHI", 0xFFFE, 0xE000, len(content)) + content


Change = Callable[[int, bytes], bytes | None]


def rewrite(source: BinaryIO, syntax: Syntax, element: Element, *, into: frozenset[int], change: Change) -> bytes:
    """Write an element again with changes in it or below it; everything else byte for byte.

    Args:
        source: where it lies.
        syntax: the data set's.
        element: a sequence whose tag is in ``into``, or any other element.
        into: tags of the sequences to go into.
        change: from a tag and its value to the new value, or None to leave it.

    Returns:
        The whole element. Sequences that were of undefined length stay so.
    """
    if element.tag in into and element.vr in (b"", b"SQ"):
        inner = element.inner(syntax)
        parts = [_rewrite_item(source, inner, item, into=into, change=change) for item in items(source, inner, element)]
        return _closed(source, syntax, element, b"".join(parts))
    new = change(element.tag, read_at(source, element.value, element.length)) if element.length < 0x10000 else None
    if new is None:
        return read_at(source, element.start, element.end - element.start)
    return encode(element.tag, element.vr.decode("ascii") or "CS", new, syntax)


def _rewrite_item(source: BinaryIO, syntax: Syntax, item: Element, *, into: frozenset[int], change: Change) -> bytes:
    inside = elements(source, syntax, start=item.value, end=item.value_end)
    content = b"".join(rewrite(source, syntax, element, into=into, change=change) for element in inside)
    return _closed(source, syntax, item, content)


def _closed(source: BinaryIO, syntax: Syntax, old: Element, content: bytes) -> bytes:
    """The old head with the new length, the content, and the old delimiter where there was one."""
    head = read_at(source, old.start, old.value - old.start)
    if old.undefined:
        return head + content + read_at(source, old.value_end, old.end - old.value_end)
    return head[:-4] + struct.pack(syntax.order + "I", len(content)) + content
