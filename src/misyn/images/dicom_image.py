"""From the bytes of a DICOM file to an :class:`~misyn.images.image.Image`.

Rules
-----
1. The kind of object is looked up in DICOM's own list of SOP classes; its identifier is never repeated.
2. Age is PatientAge where it is written as the standard says, else the time from birth to study.
3. Sex is F, M or O, or it is not known.
4. Every text is cleaned and short (see :mod:`misyn.images.dicom_header`).

Follows DICOM PS3.3 sections C.7.1.1 (patient), C.7.2.2 (patient study), C.12.1 (SOP common) and PS3.6 annex A.

Example:
    >>> years("018M"), years("060Y"), years("sixty")
    (1.5, 60.0, None)
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Final

from numpy.typing import NDArray
from pydicom._uid_dict import UID_dictionary

from misyn.errors import MalformedImage, NoPixels, UnsupportedImage
from misyn.images import dicom_frames, dicom_pixels
from misyn.images.containment import contained
from misyn.images.dicom_header import PIXELS, Header, parse
from misyn.images.image import Image, Patient
from misyn.images.limits import DEFAULT, Deadline, Limits, opened

_TEXTS: Final = {
    "sop_instance_uid": "SOPInstanceUID",
    "series_uid": "SeriesInstanceUID",
    "study_uid": "StudyInstanceUID",
    "frame_of_reference_uid": "FrameOfReferenceUID",
    "body_part": "BodyPartExamined",
    "view_position": "ViewPosition",
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
    "image_type": "ImageType",
    "photometric": "PhotometricInterpretation",
    "acquisition_date": "AcquisitionDate",
    "study_date": "StudyDate",
    "window_center": "WindowCenter",
    "window_width": "WindowWidth",
    "padding_value": "PixelPaddingValue",
    "slice_thickness": "SliceThickness",
}
_UNITS: Final = {"D": 365.25, "W": 365.25 / 7, "M": 12.0, "Y": 1.0}


def decode(
    data: bytes | BinaryIO, *, limits: Limits = DEFAULT, path: Path | None = None, deadline: Deadline | None = None
) -> Image:
    """Decode a DICOM file, held in memory or open.

    Raises:
        NoPixels: an object of a kind that has none.
        UnreadableImage: other subtypes; pydicom's own exceptions too, for :func:`misyn.images.containment.contained`.
    """
    header = parse(data, limits=limits, path=path, deadline=deadline)
    if not any(keyword in header for keyword in PIXELS):
        raise _without_pixels(header)
    decoded = dicom_pixels.decode(header)
    found = dicom_frames.frames(header, count=decoded.samples.shape[0])
    leading, spacing, plane = dicom_frames.placing(found)
    terms = dicom_frames.terms(found)
    codec, lossy = dicom_pixels.CODECS[decoded.syntax]
    once_lossy = header.text("LossyImageCompression") == "01"
    return Image(
        pixels=decoded.samples if leading else decoded.samples[0],
        axes=f"{leading}YX{'C' if decoded.samples.ndim == 4 else ''}",
        format="dicom",
        slope=terms.slope,
        intercept=terms.intercept,
        spacing=spacing,
        modality=header.text("Modality"),
        bits=_bits(header, decoded.samples),
        codec=codec,
        lossy=True if lossy is None and once_lossy else lossy,
        patient=_patient(header),
        attributes=_attributes(header, decoded, values=terms.kind, plane=plane, once_lossy=once_lossy),
        path=path,
    )


def patient_in(path: Path, *, limits: Limits = DEFAULT) -> Patient:
    """Read what a file's header says of the patient; its pixels are not decoded.

    Raises:
        UnreadableImage: a subtype, as for reading the image.
    """
    with contained("dicom", path=path, limits=limits), opened(path, limits=limits) as stream:
        return _patient(parse(stream, limits=limits, path=path))


def _without_pixels(header: Header) -> Exception:
    kind = _kind(header)
    if kind is None and "SOPClassUID" not in header:
        return MalformedImage(
            "expected a DICOM header that parses, found one without kind of object (SOP class) and pixel data. "
            "Next: open the file in the software that wrote it and export it again"
        )
    if kind is None:
        return NoPixels("expected an image, found a DICOM object of a kind DICOM does not list, without pixel data")
    if "PixelDataProviderURL" in header:
        return UnsupportedImage(f"expected pixel data, found a {kind} object that refers to a server for them")
    if "Image" in kind:
        return MalformedImage(
            f"expected an image, found a {kind} object without its pixel data (a header alone, or a file cut short). "
            "Next: copy or export the file again"
        )
    return NoPixels(f"expected an image, found a {kind} object, a kind that carries no pixels. Next: leave it out")


def _kind(header: Header) -> str | None:
    """Name the kind of object from DICOM's list of SOP classes, without the words every name ends on."""
    meta = getattr(header.dataset, "file_meta", None)
    stored = Header(meta, header.budget).text("MediaStorageSOPClassUID") if meta is not None else None
    for uid in (header.text("SOPClassUID"), stored):
        if uid in UID_dictionary:
            return UID_dictionary[uid][0].removesuffix(" (Retired)").removesuffix(" Storage")
    return "Media Storage Directory" if "DirectoryRecordSequence" in header else None


def _bits(header: Header, samples: NDArray[Any]) -> int:
    stored = header.number("BitsStored")
    whole = 8 * samples.dtype.itemsize
    return int(stored) if stored and samples.dtype.kind in "iu" and 1 <= stored <= whole else whole


def _attributes(
    header: Header, decoded: dicom_pixels.Decoded, *, values: str, plane: str, once_lossy: bool
) -> dict[str, str]:
    texts = {name: header.text(keyword) for name, keyword in _TEXTS.items()}
    texts |= {
        "sop_class": _kind(header),
        "transfer_syntax": UID_dictionary[decoded.syntax][0],
        "laterality": header.text("ImageLaterality") or header.text("Laterality"),
        "frames": str(decoded.samples.shape[0]),
        "frames_declared": header.text("NumberOfFrames"),
        "values": values if values != "none" else None,
        "spacing_plane": plane if plane != "patient" else None,
        "lossy_before": "yes" if once_lossy else None,
    }
    return {name: text for name, text in texts.items() if text}


def _patient(header: Header) -> Patient:
    sex = header.text("PatientSex")
    return Patient(id=header.text("PatientID"), sex=sex if sex in ("F", "M", "O") else None, age=_age(header))


def _age(header: Header) -> float | None:
    stated = years(header.text("PatientAge") or "")
    if stated is not None:
        return stated
    born = _date(header.text("PatientBirthDate"))
    seen = next(
        filter(None, (_date(header.text(name)) for name in ("StudyDate", "SeriesDate", "AcquisitionDate"))), None
    )
    if born is None or seen is None:
        return None
    age = (seen - born).days / _UNITS["D"]
    return age if 0 <= age <= 150 else None


def years(text: str) -> float | None:
    """Turn a DICOM age (AS, PS3.5 section 6.2: three digits and D, W, M or Y) into years in [0, 150]; else None."""
    match = re.fullmatch(r"(\d{1,3})([DWMY])", text)
    if match is None:
        return None
    age = int(match[1]) / _UNITS[match[2]]
    return age if age <= 150 else None


def _date(text: str | None) -> date | None:
    """Read a DICOM date (DA): YYYYMMDD, or the older YYYY.MM.DD."""
    match = re.fullmatch(r"(\d{4})\.?(\d{2})\.?(\d{2})", text or "")
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
