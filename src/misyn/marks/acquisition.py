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
A5. A BIDS sidecar shows it when ImageType says ORIGINAL (or, without ImageType, a physical parameter is given), a
    device is named, and an acquisition has a place in time. Converters leave the patient out of sidecars, so no
    patient is asked for.
A6. A NIfTI ``descrip`` shows it where it gives an echo or repetition time with a time of acquisition, as converters of
    DICOM series write it (``TE=2.9;Time=145432.000``).

A1 and A2 also look at NRRD and MetaImage headers into which ITK, SimpleITK or 3D Slicer wrote DICOM elements
(``0008|0070``). Nothing less counts. A manufacturer alone is in every secondary capture; a date alone is in every
export. A header copied onto a synthetic image meets these rules too, and rightly: such an image would be taken for a
medical image. A NIfTI, NRRD or MetaImage file without any of this shows nothing, whatever it is.

Follows DICOM PS3.3 C.7.6.1.1.2 (Image Type), C.7.6.1 (General Image), Exif 3.0 (tags 271, 272, 36867), BIDS 1.10 (MRI,
PET).

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
BIDS_DEVICE = ("Manufacturer", "ManufacturersModelName", "DeviceSerialNumber", "StationName")
BIDS_WHEN = ("AcquisitionTime", "AcquisitionDateTime", "AcquisitionDate", "AcquisitionNumber", "ScanDate", "ScanStart")
BIDS_PHYSICS = ("MagneticFieldStrength", "EchoTime", "RepetitionTime", "XRayExposure", "KVP", "InjectedRadioactivity")
BIDS = ("ImageType", *BIDS_DEVICE, *BIDS_WHEN, *BIDS_PHYSICS)
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


def _bids(facts: Facts) -> bool:
    def named(names: tuple[str, ...]) -> bool:
        return _any(facts, tuple(f"bids:{name}" for name in names))

    kind = facts.get("bids:ImageType", "").strip().upper()
    acquired = kind == "ORIGINAL" or (not kind and named(BIDS_PHYSICS))
    return acquired and named(BIDS_DEVICE) and named(BIDS_WHEN)


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
    AcquisitionRule("A5", "its BIDS sidecar names a device and an acquisition", _bids),
    AcquisitionRule(
        "A6",
        "its NIfTI header gives an echo time and a time of acquisition, as converters of scans write them",
        lambda facts: facts.get("descrip") == "acquired",
    ),
)


def shown_by(facts: Facts) -> tuple[AcquisitionRule, ...]:
    """Name the rules by which these header facts show acquisition; none of them, and nothing is shown.

    Args:
        facts: header fields by their standard's keyword, and ``not-synthetic: yes`` where rule A4's fields say so.
    """
    return tuple(rule for rule in RULES if rule.holds(facts))
