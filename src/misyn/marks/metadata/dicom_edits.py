r"""Which elements of a DICOM header a mark changes, and to what.

Rules
-----
1. Those of :mod:`misyn.marks.metadata.dicom`, rules 1 to 5: this module only carries them out, element by element.
2. An element that is there is replaced where it lies; a second one of the same tag is left out, because readers differ
   in which of two they believe. A new one goes in its place by tag.

Follows DICOM PS3.5 sections 7.1 (order), 7.2 (group length, retired) and 7.8 (private elements).

Example:
    >>> _derived(0x00080008, b"ORIGINAL\\PRIMARY")
    b'DERIVED\\PRIMARY'
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Literal

from misyn.errors import NoRoomForMark
from misyn.images.limits import DEFAULT, check_header
from misyn.marks.acquisition import shown_by
from misyn.marks.declaration import Declaration
from misyn.marks.metadata import dicom_values as values
from misyn.marks.metadata.dicom_elements import Element, Syntax, elements, encode, encode_item, items, rewrite
from misyn.marks.metadata.dicom_file import File
from misyn.marks.metadata.splice import Piece, Span, read_at

CREATOR = b"MISYN"
GROUP = 0x4D53
IMAGE_TYPE, SYNTHETIC, DERIVATION, EQUIPMENT = 0x00080008, 0x0008001C, 0x00082111, 0x0018A001
_CONTRIBUTION, _FRAME_TYPE = 0x0018A003, 0x00089007
_OURS = b"misyn:declaration "
SENTENCE = re.compile(
    rb"(?:; )?Synthetic image \(misyn\): [^;]*; (?:no patient stands behind it|made in part from other images)\."
)
_MOST_DERIVATION = 1024  # PS3.5 table 6.2-1, ST
# Where enhanced objects repeat ImageType per frame: the functional groups, and each kind's frame type sequence.
_FUNCTIONAL_GROUPS = (0x52009229, 0x52009230)
_INTO = frozenset(
    {*_FUNCTIONAL_GROUPS, 0x00189226, 0x00189227, 0x00189329, 0x00189412, 0x00189504, 0x00189751, 0x00189806}
    | {0x00400710, 0x00409092, 0x00520025}
)
FACTS = {
    IMAGE_TYPE: "ImageType",
    0x00080022: "AcquisitionDate",
    0x0008002A: "AcquisitionDateTime",
    0x00080032: "AcquisitionTime",
    0x00080070: "Manufacturer",
    0x00081010: "StationName",
    0x00081090: "ManufacturerModelName",
    0x00100020: "PatientID",
    0x00120062: "PatientIdentityRemoved",
    0x00180060: "KVP",
    0x00180080: "RepetitionTime",
    0x00180081: "EchoTime",
    0x00180087: "MagneticFieldStrength",
    0x00181000: "DeviceSerialNumber",
    0x00181150: "ExposureTime",
    0x00181151: "XRayTubeCurrent",
    0x00186030: "TransducerFrequency",
    0x00200012: "AcquisitionNumber",
}

Edits = Mapping[int, bytes]


def pieces_of(file: File, declaration: Declaration, *, tag: bool = True) -> list[Piece]:
    """Plan the marked file: its own bytes with the changed elements between them; without ``tag``, no SyntheticData.

    Raises:
        MalformedImage: the elements do not fit the file.
        NoRoomForMark: no private block is free.
    """
    top = list(file.walk())
    edits = _edits(file, top, declaration)
    if not tag:
        edits[SYNTHETIC] = b""
    return _pieces(file, top, edits | _group_lengths(file, top, edits))


def with_private(file: File, number: int, vr: str, value: bytes) -> list[Piece]:
    """Plan the file with one element in the private block that is ours, ``number`` within it, in the place of old ones.

    Raises:
        MalformedImage: the elements do not fit the file.
        NoRoomForMark: no private block is free.
    """
    top = list(file.walk())
    taken = {element.tag for element in top}
    ours = [element.tag for element in top if is_creator(file, element)]
    creator = ours[0] if ours else _free_block(taken)
    place = first_of_block(creator) - 1 + number
    edits = {old: b"" for old in (first_of_block(tag) - 1 + number for tag in ours) if old in taken}
    edits |= {place: encode(place, vr, value, file.syntax)}
    if not ours:
        edits |= {creator: encode(creator, "LO", CREATOR, file.syntax)}
    return _pieces(file, top, edits | _group_lengths(file, top, edits))


def with_elements(file: File, edits: Edits) -> list[Piece]:
    """Plan the file with these elements, whole, by their tags; an empty one takes the old one out.

    Raises:
        MalformedImage: the elements do not fit the file.
    """
    top = list(file.walk())
    return _pieces(file, top, {**edits, **_group_lengths(file, top, edits)})


def is_creator(file: File, element: Element) -> bool:
    """Say whether this private element reserves a block for misyn."""
    group, number = element.tag >> 16, element.tag & 0xFFFF
    return group % 2 == 1 and 0x10 <= number <= 0xFF and element.length <= 64 and file.text(element) == CREATOR


def first_of_block(creator: int) -> int:
    """The tag of element 01 in the block that this private creator reserves (PS3.5 section 7.8.1)."""
    return creator & 0xFFFF0000 | (creator & 0xFF) << 8 | 1


def _edits(file: File, top: list[Element], declaration: Declaration) -> dict[int, bytes]:
    """The new elements, whole, by their tags (rules 1 to 3 and 5)."""
    by_tag = {element.tag: element for element in top}
    syntax = file.syntax
    edits = {SYNTHETIC: encode(SYNTHETIC, "CS", b"YES", syntax)}
    edits |= _image_types(file, by_tag)
    old = file.text(by_tag[DERIVATION], most=4096) if DERIVATION in by_tag else b""
    text = SENTENCE.sub(b"", old).removeprefix(b"; ")
    joined = (text + b"; " if text else b"") + values.sentence(declaration)
    if len(joined) <= _MOST_DERIVATION:
        edits[DERIVATION] = encode(DERIVATION, "ST", joined, syntax)
    equipment = b""
    if EQUIPMENT in by_tag:
        element = by_tag[EQUIPMENT]
        inner = element.inner(syntax)
        kept = [item for item in items(file.source, inner, element) if not _is_ours(file, inner, item)]
        equipment = b"".join(read_at(file.source, item.start, item.end - item.start) for item in kept)
    equipment += encode_item(values.equipment(declaration, syntax), syntax)
    edits[EQUIPMENT] = encode(EQUIPMENT, "SQ", equipment, syntax)
    return edits | _private(file, top, declaration)


def _image_types(file: File, by_tag: Mapping[int, Element]) -> dict[int, bytes]:
    """Rule 2."""
    facts = {name: file.text(by_tag[tag]).decode("latin-1") for tag, name in FACTS.items() if tag in by_tag}
    if not facts.get("ImageType", "").startswith("ORIGINAL") or shown_by(facts):
        return {}
    groups = [by_tag[tag] for tag in _FUNCTIONAL_GROUPS if tag in by_tag]
    for element in groups:
        check_header(element.length, limits=DEFAULT)
    return {
        element.tag: rewrite(file.source, file.syntax, element, into=_INTO, change=_derived)
        for element in [by_tag[IMAGE_TYPE], *groups]
    }


def _derived(tag: int, value: bytes) -> bytes | None:
    if tag in (IMAGE_TYPE, _FRAME_TYPE) and value.startswith(b"ORIGINAL"):
        return (b"DERIVED" + value.removeprefix(b"ORIGINAL")).rstrip(b" ")
    return None


def _private(file: File, top: list[Element], declaration: Declaration) -> dict[int, bytes]:
    """Rule 3, in the block that is ours already, wherever software moved it, or in the first free one."""
    taken = {element.tag for element in top}
    ours = [element.tag for element in top if is_creator(file, element)]
    creator = ours[0] if ours else _free_block(taken)
    declared = encode(first_of_block(creator), "UT", declaration.to_text().encode("ascii"), file.syntax)
    earlier = {first_of_block(tag): b"" for tag in ours if first_of_block(tag) in taken}
    return earlier | {creator: encode(creator, "LO", CREATOR, file.syntax), first_of_block(creator): declared}


def _free_block(taken: Container[int]) -> int:
    for tag in range(GROUP << 16 | 0x10, (GROUP << 16 | 0xFF) + 1):
        if tag not in taken:
            return tag
    raise NoRoomForMark("expected a free private block in group 4D53, found none. Next: remove private elements")


def _group_lengths(file: File, top: list[Element], edits: Edits) -> dict[int, bytes]:
    """Retired group lengths (gggg,0000), kept true where their group grows."""
    lengths = {}
    order: Literal["little", "big"] = "little" if file.syntax.order == "<" else "big"
    for element in top:
        grown = {tag: data for tag, data in edits.items() if tag >> 16 == element.tag >> 16}
        if element.tag & 0xFFFF == 0 and element.length == 4 and grown:
            delta = sum(map(len, grown.values())) - sum(old.end - old.start for old in top if old.tag in grown)
            value = int.from_bytes(read_at(file.source, element.value, 4), order)
            new = ((value + delta) & 0xFFFFFFFF).to_bytes(4, order)
            lengths[element.tag] = encode(element.tag, "UL", new, file.syntax)
    return lengths


def _pieces(file: File, top: list[Element], edits: Edits) -> list[Piece]:
    """Put the edits between the file's own bytes (rule 2)."""
    present = {element.tag for element in top}
    new = sorted((tag for tag in edits if tag not in present), reverse=True)
    done: set[int] = set()
    pieces: list[Piece] = []
    at = 0
    for element in top:
        while new and new[-1] < element.tag:
            pieces += [Span(at, element.start), edits[new.pop()]]
            at = element.start
        if element.tag in edits:
            pieces += [Span(at, element.start), b"" if element.tag in done else edits[element.tag]]
            done.add(element.tag)
            at = element.end
    last = top[-1].end if top else file.start
    return [*pieces, Span(at, last), *(edits[tag] for tag in reversed(new)), Span(last)]


def _is_ours(file: File, syntax: Syntax, item: Element) -> bool:
    inside = elements(file.source, syntax, start=item.value, end=item.value_end)
    return any(part.tag == _CONTRIBUTION and file.text(part).startswith(_OURS) for part in inside)
