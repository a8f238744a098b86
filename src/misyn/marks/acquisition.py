"""Which headers show that an image was acquired from a patient, or by a camera: the written rules.

Rules
-----
A1. A DICOM header shows acquisition from a patient when **all four** hold: ImageType value 1 is ORIGINAL; the patient
    is named or was (PatientID is not empty, or PatientIdentityRemoved is YES); a device is named (Manufacturer,
    ManufacturerModelName, DeviceSerialNumber or StationName); and an acquisition has a place in time
    (AcquisitionDate, AcquisitionTime, AcquisitionDateTime or AcquisitionNumber).
A2. Where ImageType is absent, a physical parameter of acquisition stands in for it (KVP, ExposureTime, XRayTubeCurrent,
    EchoTime, RepetitionTime, MagneticFieldStrength, TransducerFrequency); the other three parts of A1 hold as they are.
A3. EXIF shows acquisition by a camera when Make, Model and DateTimeOriginal are all there and not empty.
A4. A standard field that says "not synthetic" shows it: SyntheticData NO, or a DigitalSourceType of capture.

Nothing less counts. A manufacturer alone is in every secondary capture; a date alone is in every export. A header
copied onto a synthetic image meets A1 too, and rightly: such an image would be taken for a medical image. NIfTI, NRRD
and MetaImage state no acquisition, so no rule can see it there.

Follows DICOM PS3.3 C.7.6.1.1.2 (Image Type), C.7.6.1 (General Image), Exif 3.0 (tags 271, 272, 36867).

Example:
    >>> facts = {"ImageType": "ORIGINAL", "PatientID": "x", "Manufacturer": "m", "AcquisitionDate": "20260101"}
    >>> [rule.id for rule in shown_by(facts)]
    ['A1']
    >>> shown_by(facts | {"ImageType": "DERIVED"})
    ()
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Facts = Mapping[str, str]

PATIENT = ("PatientID",)
DEVICE = ("Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "StationName")
WHEN = ("AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime", "AcquisitionNumber")
PHYSICS = (
    "KVP",
    "ExposureTime",
    "XRayTubeCurrent",
    "EchoTime",
    "RepetitionTime",
    "MagneticFieldStrength",
    "TransducerFrequency",
)
CAMERA = ("Make", "Model", "DateTimeOriginal")


@dataclass(frozen=True)
class AcquisitionRule:
    """One numbered rule: ``holds`` decides on facts, ``sentence`` says what was found, without its values."""

    id: str
    sentence: str
    holds: Callable[[Facts], bool]


def _any(facts: Facts, names: tuple[str, ...]) -> bool:
    return any(facts.get(name, "").strip() for name in names)


def _patient_device_time(facts: Facts) -> bool:
    patient = _any(facts, PATIENT) or facts.get("PatientIdentityRemoved", "").strip().upper() == "YES"
    return patient and _any(facts, DEVICE) and _any(facts, WHEN)


def _image_type(facts: Facts) -> str:
    """Value 1, in capitals."""
    return facts.get("ImageType", "").partition("\\")[0].strip().upper()


RULES: tuple[AcquisitionRule, ...] = (
    AcquisitionRule(
        "A1",
        "its DICOM header says ORIGINAL and names a patient, a device and an acquisition",
        lambda facts: _image_type(facts) == "ORIGINAL" and _patient_device_time(facts),
    ),
    AcquisitionRule(
        "A2",
        "its DICOM header names a patient, a device, an acquisition and its physical parameters",
        lambda facts: not _image_type(facts) and _any(facts, PHYSICS) and _patient_device_time(facts),
    ),
    AcquisitionRule(
        "A3",
        "its EXIF names a camera's make and model and the moment of exposure",
        lambda facts: all(facts.get(name, "").strip() for name in CAMERA),
    ),
    AcquisitionRule(
        "A4",
        "a standard field says that it is not synthetic",
        lambda facts: facts.get("not-synthetic") == "yes",
    ),
)


def shown_by(facts: Facts) -> tuple[AcquisitionRule, ...]:
    """Name the rules by which these header facts show acquisition; none of them, and nothing is shown.

    Args:
        facts: header fields by their standard's keyword, and ``not-synthetic: yes`` where rule A4's fields say so.
    """
    return tuple(rule for rule in RULES if rule.holds(facts))
