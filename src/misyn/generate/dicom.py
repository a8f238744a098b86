r"""A synthetic image as a DICOM file: geometry from a template, and nothing else of it.

Rules
-----
D1. What is taken from ``like`` is listed (:data:`GEOMETRY`, :data:`PIXELS`): where pixels are, how large, and what
    their values mean. Everything else in it is left behind, whatever it is: names, ids, dates, accession, private
    elements.
D2. Patient, study and series are new, and say what they are: patient ``SYNTHETIC^IMAGE``, an id that starts with
    ``MISYN``, the time of birth. All UIDs are new; they follow from the declaration and the file's name, so that the
    same birth gives the same bytes, and slices saved in one folder are one series in one frame of reference.
D3. Where an image-to-image technique declares its source (``link``), the image belongs to that patient: patient, study,
    accession and frame of reference stay, and SourceImageSequence names the source. Series and instance are new.
D4. One plane is CT or MR where ``like`` is, otherwise secondary capture; several frames are multi-frame secondary
    capture, with the planes of an enhanced ``like`` kept in functional groups. Samples are uint8, uint16 or int16;
    float samples are physical values, which the template's rescale turns into stored ones.

Follows DICOM PS3.3 C.7.1.1, C.7.2.1, C.7.3.1, C.7.6.1 to C.7.6.3, C.8.6 (secondary capture), A.8 (multi-frame).

Example:
    >>> now = "2026-11-22T10:00:00Z"
    >>> encode(np.zeros((4, 6), np.uint8), like=None, name="a/1.dcm", made="sha256:0", now=now)[128:132]
    b'DICM'
"""

from __future__ import annotations

import hashlib
import io
import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from misyn.errors import UsageError

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
BYTES, WORDS, COLOURS = f"{CAPTURE}.2", f"{CAPTURE}.3", f"{CAPTURE}.4"
GEOMETRY = (
    "PatientPosition",
    "SliceThickness",
    "SpacingBetweenSlices",
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
    "PixelSpacing",
    "PixelAspectRatio",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "SliceLocation",
    "InstanceNumber",
)
PIXELS = ("Modality", "RescaleIntercept", "RescaleSlope", "RescaleType")
LINK = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "FrameOfReferenceUID",
)
_FRAME_GEOMETRY = ("PixelMeasuresSequence", "PlaneOrientationSequence", "PlanePositionSequence")
_MOST_ELEMENTS = 64  # of what functional groups hold; a template is no place for surprises
Samples = NDArray[Any]


@dataclass(frozen=True)
class _Born:
    """What UIDs and identity follow from (rule D2)."""

    name: str
    made: str
    now: str

    def uid(self, what: str) -> str:
        """A UID under 2.25 that follows from what is named (PS3.5 B.2)."""
        seed = hashlib.sha256(f"misyn\0{self.made}\0{self.now}\0{what}".encode()).digest()
        return f"2.25.{uuid.UUID(bytes=seed[:16], version=4).int}"

    @property
    def series(self) -> str:
        """The folder a file is saved in: slices beside each other are one series."""
        return self.name.rpartition("/")[0]


def encode(pixels: Samples, *, like: Dataset | None, name: str, made: str, now: str, link: bool = False) -> bytes:
    """Write samples as a DICOM file, explicit little endian.

    Args:
        pixels: ``(Y, X)``, ``(Y, X, 3)`` uint8, or with frames ``(F, Y, X)``, ``(F, Y, X, 3)``.
        like: the template, or None.
        name: the file's path below its folder.
        made: what UIDs follow from: a digest of the technique's declaration.
        now: the time of birth, RFC 3339 in UTC.
        link: whether the patient link is kept (rule D3).

    Raises:
        UsageError: samples that DICOM does not hold here, or that do not fit the template.
    """
    born = _Born(name, made, now)
    colour = pixels.ndim > 2 and pixels.shape[-1] == 3 and pixels.dtype == np.uint8
    samples = _stored(pixels, like, colour=colour)
    frames = samples.shape[0] if samples.ndim - colour == 3 else None
    if like is not None:
        _check_size(samples, like, colour=colour)
    dataset = Dataset()
    _identity(dataset, born)
    if like is not None:
        _geometry(dataset, like, born, frames=frames)
        if link:
            _linked(dataset, like)
    _pixels(dataset, samples, colour=colour, frames=frames)
    dataset.SOPClassUID = _class(samples, like, colour=colour, frames=frames)
    _of_class(dataset)
    return _bytes(dataset)


def _stored(pixels: Samples, like: Dataset | None, *, colour: bool) -> Samples:
    """Samples as they are stored (rule D4)."""
    if pixels.ndim not in (2, 3, 4) or (pixels.ndim == 4 and not colour) or 0 in pixels.shape:
        raise UsageError(
            "DICOM holds (Y, X), (Y, X, 3), (F, Y, X) or (F, Y, X, 3), colours as uint8; found "
            f"{pixels.dtype} of shape {pixels.shape}. Next: arrange the axes so"
        )
    if pixels.dtype.kind == "f":
        return _from_physical(pixels, like)
    if pixels.dtype not in (np.uint8, np.uint16, np.int16):
        raise UsageError(f"DICOM holds uint8, uint16 or int16 samples here, found {pixels.dtype}. Next: convert them")
    return pixels


def _from_physical(pixels: Samples, like: Dataset | None) -> Samples:
    """Physical values to stored ones, by the template's rescale; nothing is clipped."""
    if like is None or "RescaleSlope" not in like:
        raise UsageError(
            "expected whole numbers, or a template with a rescale for physical values, found neither. "
            "Next: convert to uint8, uint16 or int16, or give like="
        )
    stored = np.round((pixels.astype(np.float64) - float(like.RescaleIntercept)) / float(like.RescaleSlope))
    signed = bool(like.get("PixelRepresentation", 0))
    limits = np.iinfo(np.int16 if signed else np.uint16)
    if not np.isfinite(stored).all() or stored.min() < limits.min or stored.max() > limits.max:
        raise UsageError(
            f"expected physical values that the template's rescale can store, found {np.nanmin(pixels):g} to "
            f"{np.nanmax(pixels):g}. Next: clip them to the modality's range"
        )
    return stored.astype(limits.dtype)


def _check_size(samples: Samples, like: Dataset, *, colour: bool) -> None:
    rows, columns = samples.shape[-3:-1] if colour else samples.shape[-2:]
    found = like.get("Rows"), like.get("Columns")
    if found != (rows, columns):
        raise UsageError(
            f"expected samples of the template's {found[0]} × {found[1]} pixels, found {rows} × {columns}: its spacing "
            "would be wrong. Next: give a template of this size, or none"
        )


def _identity(dataset: Dataset, born: _Born) -> None:
    """New patient, study, series and instance (rule D2)."""
    day, time = born.now[:10].replace("-", ""), born.now[11:19].replace(":", "")
    short = hashlib.sha256(f"{born.made}\0{born.now}\0{born.series}".encode()).hexdigest()[:16].upper()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID = "SYNTHETIC^IMAGE", f"MISYN-{short}"
    dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = dataset.InstanceCreationDate = day
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = dataset.InstanceCreationTime = time
    dataset.AccessionNumber = dataset.StudyID = dataset.ReferringPhysicianName = dataset.Manufacturer = ""
    dataset.StudyInstanceUID = born.uid("study")
    dataset.SeriesInstanceUID = born.uid(f"series\0{born.series}")
    dataset.SOPInstanceUID = born.uid(f"instance\0{born.name}")
    dataset.SeriesNumber, dataset.InstanceNumber = 1, _number(born.name)
    dataset.Modality, dataset.PatientOrientation = "OT", ""


def _number(name: str) -> int:
    """The last number in a file's name, as far as an instance number may be one."""
    digits = "".join(letter if letter.isdigit() else " " for letter in name.rpartition("/")[2]).split()
    return int(digits[-1][-9:]) if digits else 1


def _geometry(dataset: Dataset, like: Dataset, born: _Born, *, frames: int | None) -> None:
    """Rule D1; a position belongs to one plane, so several frames take none from a single one."""
    for name in (*GEOMETRY, *PIXELS):
        if name in like and not (frames and name in ("ImagePositionPatient", "SliceLocation", "InstanceNumber")):
            dataset[name] = like[name]
    if "FrameOfReferenceUID" in like:
        source = hashlib.sha256(str(like.FrameOfReferenceUID).encode()).hexdigest()
        dataset.FrameOfReferenceUID = born.uid(f"frame\0{source}")
        dataset.PositionReferenceIndicator = ""
    if frames and "PerFrameFunctionalGroupsSequence" in like:
        _functional(dataset, like, frames)


def _functional(dataset: Dataset, like: Dataset, frames: int) -> None:
    """The planes of an enhanced template: spacing, orientation and position of every frame, and nothing else."""
    if len(like.PerFrameFunctionalGroupsSequence) != frames:
        raise UsageError(
            f"expected as many frames as the template's {len(like.PerFrameFunctionalGroupsSequence)}, found {frames}. "
            "Next: give a template with as many, or none"
        )
    shared = like.get("SharedFunctionalGroupsSequence") or [Dataset()]
    dataset.SharedFunctionalGroupsSequence = Sequence([_planes(shared[0])])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        [_planes(group) for group in like.PerFrameFunctionalGroupsSequence]
    )


def _planes(group: Dataset) -> Dataset:
    kept = Dataset()
    for name in _FRAME_GEOMETRY:
        if name in group and group[name].value:
            inner = Dataset()
            for element in list(group[name].value[0])[:_MOST_ELEMENTS]:
                if element.keyword in GEOMETRY:
                    inner[element.tag] = element
            setattr(kept, name, Sequence([inner]))
    return kept


def _linked(dataset: Dataset, like: Dataset) -> None:
    """Keep the patient link, and name the source (rule D3)."""
    for name in LINK:
        if name in like:
            dataset[name] = like[name]
    if "SOPInstanceUID" in like and "SOPClassUID" in like:
        source = Dataset()
        source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = like.SOPClassUID, like.SOPInstanceUID
        dataset.SourceImageSequence = Sequence([source])


def _pixels(dataset: Dataset, samples: Samples, *, colour: bool, frames: int | None) -> None:
    """The samples and what they are."""
    bits = samples.dtype.itemsize * 8
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    if frames:
        dataset.NumberOfFrames = frames
    dataset.Rows, dataset.Columns = samples.shape[-3:-1] if colour else samples.shape[-2:]
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, int(samples.dtype.kind == "i")
    data = np.ascontiguousarray(samples, samples.dtype.newbyteorder("<")).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"


def _class(samples: Samples, like: Dataset | None, *, colour: bool, frames: int | None) -> str:
    """The SOP class (rule D4)."""
    if frames:
        return COLOURS if colour else BYTES if samples.dtype == np.uint8 else WORDS
    template = str(like.get("SOPClassUID", "")) if like is not None else ""
    return template if template in (CT, MR) and not colour and samples.dtype != np.uint8 else CAPTURE


def _of_class(dataset: Dataset) -> None:
    """What the SOP class asks for besides."""
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    if dataset.SOPClassUID in (CT, MR):
        dataset.ImageType = ["DERIVED", "PRIMARY", "AXIAL" if dataset.SOPClassUID == CT else "OTHER"]
        dataset.AcquisitionNumber = None
        for name in ("KVP",) if dataset.SOPClassUID == CT else ("EchoTime", "RepetitionTime", "EchoTrainLength"):
            setattr(dataset, name, None)
        if dataset.SOPClassUID == MR:
            dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "RM", "NONE", ""
            dataset.MRAcquisitionType = ""
        return
    dataset.ConversionType = "SYN"  # PS3.3 C.8.6.1: synthetic image
    if "NumberOfFrames" in dataset:
        dataset.BurnedInAnnotation = "NO"
        dataset.FrameIncrementPointer = pydicom.tag.Tag("PageNumberVector")
        dataset.PageNumberVector = list(range(1, dataset.NumberOfFrames + 1))
        if "RescaleSlope" not in dataset and dataset.SOPClassUID in (BYTES, WORDS):
            dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
            dataset.PresentationLUTShape = "IDENTITY"


def _bytes(dataset: Dataset) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
