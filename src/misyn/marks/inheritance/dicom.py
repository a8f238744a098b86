"""Inheritance for pydicom data sets: the metadata layer's own writer, on the header alone.

Rules
-----
1. The header is written as bytes without its pixels, marked by :mod:`misyn.marks.metadata.dicom`, and read back; what
   that writer changed is put into a copy. Pixels are neither read nor copied. A credential that came with a copied
   header is taken out: it was signed for the source's pixels.
2. The patient link is :data:`PATIENT_LINK` and everything of group 0010 that is not a measure of the image's subject
   (sex, age, size and weight stay). Required attributes become empty, others go; study and frame of reference get new
   UIDs. Rule I4 of the package says when.

Follows DICOM PS3.3 C.7.1.1 (Patient), C.7.2.1 (General Study), C.7.4.1 (Frame of Reference).

Example:
    >>> from pydicom import Dataset
    >>> made = Dataset()
    >>> made.PatientID, made.PatientSex, made.StudyID = "1", "F", "7"
    >>> unlink(made)
    >>> made.PatientID, made.PatientSex, "StudyID" in made
    ('', 'F', True)
"""

from __future__ import annotations

import copy
from io import BytesIO

from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from misyn.marks.credential.dicom import ELEMENT
from misyn.marks.declaration import Declaration
from misyn.marks.inheritance.sources import digest_of
from misyn.marks.metadata import writer_for
from misyn.marks.metadata.dicom_edits import CREATOR, DERIVATION, EQUIPMENT, IMAGE_TYPE, SYNTHETIC

_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_FUNCTIONAL_GROUPS = (0x52009229, 0x52009230)
_CHANGED = frozenset({SYNTHETIC, IMAGE_TYPE, DERIVATION, EQUIPMENT, *_FUNCTIONAL_GROUPS})
_KEPT_OF_PATIENT = frozenset({"PatientSex", "PatientAge", "PatientSize", "PatientWeight"})
_EMPTIED = frozenset(
    {
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "AccessionNumber",
        "StudyID",
        "StudyDate",
        "StudyTime",
        "ReferringPhysicianName",
    }
)
_NEW = ("StudyInstanceUID", "FrameOfReferenceUID")
PATIENT_LINK = (
    *sorted(_EMPTIED),
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "InstitutionName",
    "InstitutionAddress",
    "PerformingPhysicianName",
    "OperatorsName",
    "RequestAttributesSequence",
    "ReferencedStudySequence",
    "AdmissionID",
)


def annotated(dataset: Dataset, declaration: Declaration, *, identities: set[str]) -> Dataset:
    """Give a marked copy of a derived data set.

    Args:
        dataset: the derived image, not changed.
        declaration: what to write.
        identities: patient ids of the synthetic sources, which are no patient's.
    """
    marked = copy.deepcopy(dataset)
    _drop_credential(marked)
    link = declaration.technique.kind == "image-to-image" and bool(declaration.derived_from)
    if not link and str(marked.get("PatientID", "") or "") not in identities:
        unlink(marked)
    target = BytesIO()
    writer_for("dicom").write(BytesIO(header_bytes(marked)), target, declaration)
    target.seek(0)
    written = dcmread(target, force=True)
    ours = {tag for tag in written.keys() if tag.is_private and _is_ours(written, tag)}  # noqa: SIM118 - tags, not elements
    for tag in written.keys():  # noqa: SIM118
        if tag in _CHANGED or tag in ours:
            marked[tag] = written[tag]
    return marked


def _drop_credential(dataset: Dataset) -> None:
    """Take the source's credential out: it was signed for other pixels."""
    for tag in [tag for tag in dataset.keys() if tag.is_private and _is_ours(dataset, tag)]:  # noqa: SIM118
        if tag & 0xFFFF > 0xFF and tag & 0xFF == ELEMENT:
            del dataset[tag]


def _is_ours(dataset: Dataset, tag: int) -> bool:
    """Whether a private element is our creator or lies in our block."""
    group, number = tag >> 16, tag & 0xFFFF
    creator = group << 16 | (number if number <= 0xFF else number >> 8)
    return creator in dataset and str(dataset[creator].value).encode("ascii", "replace") == CREATOR


def unlink(dataset: Dataset) -> None:
    """Remove the patient link from a data set, in place (rule 2)."""
    of_patient = [e.keyword or e.tag for e in dataset.group_dataset(0x0010) if e.keyword not in _KEPT_OF_PATIENT]
    for name in (*of_patient, *PATIENT_LINK):
        if name in dataset and name in _EMPTIED:
            dataset[name].value = ""
        elif name in dataset:
            del dataset[name]
    for name in _NEW:
        if name in dataset:
            dataset[name].value = generate_uid()


def header_bytes(dataset: Dataset) -> bytes:
    """A data set without its pixels as a file's bytes, explicit little endian."""
    header = Dataset()
    header.update({tag: dataset[tag] for tag in dataset.keys() if tag not in _PIXELS})  # noqa: SIM118
    return _bytes(header, FileMetaDataset())


def digest(dataset: Dataset) -> str | None:
    """Digest of the canonical pixels; None where the data set has none.

    Raises:
        UnreadableImage: its pixels cannot be read.
    """
    if not any(tag in dataset for tag in _PIXELS):
        return None
    whole = Dataset()
    whole.update({tag: dataset[tag] for tag in dataset.keys()})  # noqa: SIM118
    return digest_of(_bytes(whole, copy.deepcopy(getattr(dataset, "file_meta", FileMetaDataset()))), suffix=".dcm")


def _bytes(dataset: Dataset, meta: FileMetaDataset) -> bytes:
    """Write a data set as a file; one that is not said to be otherwise is explicit little endian."""
    if "TransferSyntaxUID" not in meta:
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta, dataset.preamble = meta, bytes(128)
    target = BytesIO()
    dataset.save_as(target)
    return target.getvalue()
