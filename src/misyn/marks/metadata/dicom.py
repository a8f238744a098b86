r"""The metadata layer of DICOM: the standard's own attributes, and the declaration in a private block.

Rules
-----
1. SyntheticData (0008,001C) becomes YES. An item with purpose (109100, DCM, "Synthesizing Equipment") is appended to
   ContributingEquipmentSequence (0018,A001), a sentence to DerivationDescription (0008,2111) where 1024 characters
   allow it. All three are read: converters and de-identifiers drop one or the other.
2. ImageType value 1 ORIGINAL becomes DERIVED, and so do the FrameTypes that repeat it, except where the header shows
   acquisition from a patient (:mod:`misyn.marks.acquisition`): a forced mark must not remove what speaks against it.
3. The declaration lies in the private block of creator ``MISYN`` in group 4D53, element 01 (UT, ASCII JSON).
4. Every other element, the file meta information and the preamble stay byte for byte, whatever the transfer syntax;
   pixels are copied as they lie, so SOPInstanceUID stays. Old group lengths are kept true. A deflated data set is
   inflated, changed and deflated again.
5. Marking again replaces the earlier item, sentence and declaration.
6. A DICOMDIR points at its own bytes: it has no room.

Follows DICOM PS3.3 C.12.1 (SOP Common) and C.7.6.1 (General Image), PS3.5 7.8 (private elements), PS3.16 CID 7005.

Example:
    >>> from io import BytesIO
    >>> from misyn.marks.metadata.dicom_elements import EXPLICIT, encode
    >>> inspect(BytesIO(encode(0x0008001C, "CS", b"YES", EXPLICIT))).mark.statements
    (Statement(field='SyntheticData (0008,001C)', value='YES', synthetic=True),)
"""

from __future__ import annotations

from typing import BinaryIO

from misyn.errors import NoPixels, NoRoomForMark, UnreadableImage
from misyn.marks.declaration import Declaration
from misyn.marks.declaration_problems import MOST_BYTES
from misyn.marks.inspection import Gathering, Inspection
from misyn.marks.metadata.dicom_edits import (
    DERIVATION,
    EQUIPMENT,
    FACTS,
    SENTENCE,
    SYNTHETIC,
    first_of_block,
    is_creator,
    pieces_of,
)
from misyn.marks.metadata.dicom_elements import Element, Syntax, elements, items
from misyn.marks.metadata.dicom_file import File, copy_with, open_file
from misyn.marks.metadata.splice import read_at

OVERLAYS = range(0x6000, 0x6020, 2)
_PURPOSE = 0x0040A170
_ROWS = 0x00280010
_OVERLAY_LABEL = 0x1500
_DICOMDIR = "1.2.840.10008.1.3.10"


def inspect(source: BinaryIO) -> Inspection:
    """Read what the header says of origin, up to the pixels. Never raises for what a file holds."""
    gathering = Gathering("dicom")
    try:
        file = open_file(source)
        creators: set[int] = set()
        for element in file.walk():
            _gather(file, element, creators, gathering)
    except UnreadableImage as error:
        gathering.breaks(error)
    return gathering.result()


def write(source: BinaryIO, target: BinaryIO, declaration: Declaration, *, tag: bool = True) -> None:
    """Copy ``source`` to ``target`` with the declaration in its header; without ``tag``, SyntheticData is left out.

    Raises:
        MalformedImage: the elements do not fit the file.
        NoRoomForMark: a DICOMDIR.
        NoPixels: a report, a plan, a waveform: there is no image to mark.
        LimitExceeded: a deflated data set inflates beyond the limits.
    """
    file = open_file(source)
    if file.sop_class == _DICOMDIR:
        raise NoRoomForMark(
            "expected an image, found a DICOMDIR, which points at its own bytes. Next: mark the files it lists"
        )
    if not any(element.tag == _ROWS for element in file.walk()):
        raise NoPixels("expected an image, found a DICOM object that has no rows of pixels. Next: leave it out")
    copy_with(file, source, target, pieces_of(file, declaration, tag=tag))


def _gather(file: File, element: Element, creators: set[int], gathering: Gathering) -> None:
    tag = element.tag
    if tag in FACTS:
        gathering.facts[FACTS[tag]] = file.text(element).decode("latin-1")
    elif tag == SYNTHETIC:
        value = file.text(element).upper()
        if value in (b"YES", b"NO"):
            gathering.says("SyntheticData (0008,001C)", value.decode("ascii"), synthetic=value == b"YES")
    elif tag >> 16 in OVERLAYS and tag & 0xFFFF == _OVERLAY_LABEL:
        gathering.facts.setdefault("OverlayLabel", file.text(element).decode("latin-1"))
    elif tag == DERIVATION:
        if SENTENCE.search(file.text(element)):
            gathering.says("DerivationDescription (0008,2111)", "Synthetic image (misyn)", synthetic=True)
    elif tag == EQUIPMENT:
        _gather_equipment(file, element, gathering)
    elif is_creator(file, element):
        creators.add(first_of_block(tag))
    elif tag in creators:
        declared = read_at(file.source, element.value, min(element.length, MOST_BYTES + 2))
        gathering.declares("a private DICOM element", declared.strip(b" \0"))


def _gather_equipment(file: File, element: Element, gathering: Gathering) -> None:
    """Note synthesizers; a damaged item must not hide the elements that follow."""
    try:
        for item in items(file.source, element.inner(file.syntax), element):
            if _is_synthesizer(file, element.inner(file.syntax), item):
                gathering.says("ContributingEquipmentSequence (0018,A001)", "109100 DCM", synthetic=True)
    except UnreadableImage:
        gathering.passes_over("the contributing equipment was not read: it is damaged")


def _is_synthesizer(file: File, syntax: Syntax, item: Element) -> bool:
    """Whether an equipment item's purpose is (109100, DCM)."""
    for element in elements(file.source, syntax, start=item.value, end=item.value_end):
        if element.tag == _PURPOSE:
            inner = element.inner(syntax)
            for code in items(file.source, inner, element):
                inside = elements(file.source, inner, start=code.value, end=code.value_end)
                values = {part.tag: file.text(part) for part in inside}
                if (values.get(0x00080100), values.get(0x00080102)) == (b"109100", b"DCM"):
                    return True
    return False
