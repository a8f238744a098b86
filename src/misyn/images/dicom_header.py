"""A DICOM header, parsed under watch and asked gently.

Rules
-----
1. pydicom parses, watched (:mod:`misyn.images.dicom_watch`). Sequences that it would parse later, unwatched, are parsed
   here.
2. Deflated data sets are inflated here, under limits, never by pydicom.
3. Only the elements misyn uses are kept, and long values of elements that should be short are cut before pydicom
   converts them: a million numbers where one belongs would cost gigabytes.
4. Asking for a value never raises: what is absent, malformed, or not finite is None. Text is cleaned of control and
   formatting characters, and short.

Follows DICOM PS3.5 sections 6 and 7 (elements, nesting), A.5 (deflate) and PS3.10 section 7 (file meta information).

Example:
    >>> from misyn.images.limits import DEFAULT
    >>> element = bytes.fromhex("0800 6000 4353 0200") + b"CT"  # (0008,0060) CS, 2 bytes
    >>> parse(element, limits=DEFAULT).text("Modality")
    'CT'
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from pydicom import dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filereader import read_dataset, read_sequence
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian

from misyn.images.dicom_watch import Budget, Deflated, Watched
from misyn.images.limits import Deadline, Limits, inflate

TEXT = 128  # characters kept of any text value; the longest short VR, LO, holds 64
_SHORT = 16 << 10  # bytes of a value kept for conversion, where the element is not bulk (rule 3)

PIXELS: Final = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
PALETTES: Final = tuple(
    f"{segmented}{colour}PaletteColorLookupTable{part}"
    for segmented, part in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
    for colour in ("Red", "Green", "Blue")
)
_BULK: Final = (
    *PIXELS,
    *PALETTES,
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "GridFrameOffsetVector",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "DirectoryRecordSequence",
)
_SINGLE: Final = (
    *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelDataProviderURL"),
    *("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "DoseGridScaling", "WindowCenter", "WindowWidth"),
    *("PixelSpacing", "ImagerPixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
    *("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "ImageType"),
    *("Modality", "BodyPartExamined", "Laterality", "ImageLaterality", "ViewPosition", "Manufacturer"),
    *("ManufacturerModelName", "AcquisitionDate", "ContentDate", "SeriesDate", "StudyDate", "LossyImageCompression"),
    *("PatientID", "PatientSex", "PatientAge", "PatientBirthDate", "PixelPresentation"),
)
_TAGS: Final = [tag for tag in map(tag_for_keyword, (*_BULK, *_SINGLE)) if tag is not None]
_BULK_TAGS: Final = frozenset(tag_for_keyword(keyword) for keyword in _BULK)


@dataclass(frozen=True)
class Header:
    """A data set, or one item of a sequence, and the budget for looking further into it.

    Attributes:
        dataset: what pydicom parsed of it.
        budget: shared with every header from the same file.
    """

    dataset: Dataset
    budget: Budget

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.dataset

    def value(self, keyword: str) -> Any:  # noqa: ANN401 - pydicom's own value types
        """Return pydicom's value of an element, or None where it is absent, empty or does not convert."""
        element = _element(self.dataset, keyword)
        if element is None:
            return None
        try:
            if isinstance(element, RawDataElement) and _is_long(element):
                self.dataset[element.tag] = _cut(element)
            return self.dataset[element.tag].value
        except Exception:  # any type at all: these bytes are not trusted
            return None

    def raw(self, keyword: str) -> bytes | None:
        """Return the bytes of an element's value as they lie in the file, or None."""
        element = _element(self.dataset, keyword)
        value = element.value if element is not None else None
        return bytes(value) if isinstance(value, bytes | bytearray | memoryview) else None

    def size(self, keyword: str) -> int:
        """Return how many bytes an element's value has; zero where it is absent."""
        element = _element(self.dataset, keyword)
        value = element.value if element is not None else None
        return len(value) if isinstance(value, bytes | bytearray | memoryview) else 0

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Return finite numbers; empty where the element is absent or any of its values is not a finite number."""
        value = self.value(keyword)
        values = list(value) if isinstance(value, MultiValue | list | tuple) else [value]
        try:
            numbers = tuple(float(item) for item in values if item is not None and item != "")
        except (TypeError, ValueError, OverflowError):
            return ()
        return numbers if all(map(math.isfinite, numbers)) else ()

    def number(self, keyword: str) -> float | None:
        """Return the first number of an element, or None."""
        numbers = self.numbers(keyword)
        return numbers[0] if numbers else None

    def text(self, keyword: str) -> str | None:
        """Return cleaned text of at most :data:`TEXT` characters, or None where there is none."""
        value = self.value(keyword)
        if value is None or isinstance(value, bytes | Sequence):
            return None
        parts = value if isinstance(value, MultiValue | list | tuple) else [value]
        return clean("\\".join(str(part) for part in parts)) or None

    def items(self, keyword: str) -> tuple[Header, ...]:
        """Return the items of a sequence, parsed under the budget.

        Raises:
            LimitExceeded: a limit is passed.
        """
        element = _element(self.dataset, keyword)
        if isinstance(element, RawDataElement):
            return tuple(Header(item, self.budget) for item in _watched_sequence(element, self.budget))
        if element is None or not isinstance(element.value, Sequence):
            return ()
        return tuple(Header(item, self.budget) for item in element.value)

    def item(self, keyword: str) -> Header | None:
        """Return the first item of a sequence, or None."""
        return next(iter(self.items(keyword)), None)


def clean(text: str) -> str:
    r"""Cut text to :data:`TEXT` characters, without control, formatting, surrogate or private-use characters.

    Example:
        >>> clean("CT\x1b[31m\u202e  of\tthe chest\0")
        'CT[31m of the chest'
    """
    spaced = "".join(" " if c.isspace() else c for c in text[: 16 * TEXT])
    kept = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    return " ".join(kept.split())[:TEXT].strip()


def _element(dataset: Dataset, tag: str | int) -> RawDataElement | DataElement | None:
    """Return an element unconverted where pydicom has not touched it yet; its own annotation leaves that case out."""
    return cast("RawDataElement | DataElement | None", dataset.get_item(tag))


def _cut(element: RawDataElement) -> RawDataElement:
    return element._replace(value=(element.value or b"")[:_SHORT], length=_SHORT)


def _is_long(element: RawDataElement) -> bool:
    return element.value is not None and len(element.value) > _SHORT


def _watched_sequence(element: RawDataElement, budget: Budget) -> tuple[Dataset, ...]:
    """Parse a sequence that pydicom left as bytes. VR UN holds implicit little endian (PS3.5 section 6.2.2)."""
    value, unknown = element.value or b"", element.VR == "UN"
    stream = cast("BinaryIO", Watched(bytes(value), budget, counted=True))
    implicit, little = unknown or element.is_implicit_VR, unknown or element.is_little_endian
    try:
        return tuple(read_sequence(stream, implicit, little, len(value), "iso8859"))
    except Exception:
        if budget.refusal is not None:
            raise budget.refusal from None
        return ()


def parse(
    data: bytes | BinaryIO, *, limits: Limits, path: Path | None = None, deadline: Deadline | None = None
) -> Header:
    """Parse a DICOM file, held in memory or open, with or without preamble and file meta information.

    Args:
        data: the whole file, or the file itself, open at its start.
        limits: ``max_depth``, ``max_elements``, ``max_header``, ``seconds``, and for deflated data ``max_bytes`` and
            ``max_ratio``.
        path: the file, for errors.
        deadline: the time already running; by default it starts now.

    Returns:
        The header, with the elements misyn uses and the pixel data.

    Raises:
        LimitExceeded: a limit is passed.
        MalformedImage: file meta information of absurd size, or a damaged deflate stream.
        Exception: whatever pydicom raises; callers stand behind :func:`misyn.images.containment.contained`.
    """
    budget = Budget(limits, deadline or Deadline(limits, path), path)
    try:
        dataset = _dcmread(data, budget)
    except Exception:
        if budget.refusal is not None and not isinstance(budget.refusal, Deflated):
            raise budget.refusal from None
        raise
    for tag in set(dataset.keys()) - _BULK_TAGS:
        element = _element(dataset, tag)
        if isinstance(element, RawDataElement) and _is_long(element):
            dataset[tag] = _cut(element)
    return Header(dataset, budget)


def _dcmread(data: bytes | BinaryIO, budget: Budget) -> Dataset:
    try:
        return dcmread(cast("BinaryIO", Watched(data, budget)), force=True, specific_tags=list(_TAGS))
    except Deflated as signal:
        body = inflate(_from(data, signal.offset), limits=budget.limits, path=budget.path)
        budget.refusal = None
    stream = cast("BinaryIO", Watched(body, budget))
    dataset = read_dataset(stream, is_implicit_VR=False, is_little_endian=True, specific_tags=list(_TAGS))
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return FileDataset(stream, dataset, file_meta=meta, is_implicit_VR=False, is_little_endian=True)


def _from(data: bytes | BinaryIO, offset: int) -> bytes | memoryview:
    if isinstance(data, bytes):
        return memoryview(data)[offset:]
    data.seek(offset)
    return data.read()
