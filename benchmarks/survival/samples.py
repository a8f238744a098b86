"""The files that are sent along the paths: one of each format with every layer it can carry, made here.

Rules
-----
1. The image is drawn from a seed: blobs of several sizes and some noise, 320 × 288. It is nobody's.
2. ``marked`` carries metadata, credential, watermark and fingerprint. A format that is saved with loss is watermarked
   before it is saved. ``labelled`` carries the visible label; ``foreign`` what another generator leaves, no mark.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import SimpleITK
import tifffile
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL.PngImagePlugin import PngInfo
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid
from scipy import ndimage

from misyn import signing
from misyn.marks import mark
from misyn.marks.declaration import Declaration, Technique
from misyn.marks.watermark import embed

SHAPE = (320, 288)
LAYERS = ("metadata", "credential", "watermark", "fingerprint", "label", "foreign")
ENDINGS = {
    "dicom": ".dcm",
    "nifti": ".nii.gz",
    "nrrd": ".nrrd",
    "metaimage": ".mha",
    "png": ".png",
    "jpeg": ".jpg",
    "tiff": ".tif",
    "webp": ".webp",
    "gif": ".gif",
}
VOLUMES = ("dicom", "nifti", "nrrd", "metaimage")
LABELLED = ("dicom", "png", "jpeg", "tiff", "webp")
FOREIGN = ("png", "jpeg", "webp")
_LOSSY = ("jpeg", "gif")
_SETTINGS = "a lesion\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 7, Size: 320x288, Model hash: 0123456789"
_DECLARATION = Declaration(
    technique=Technique(name="survival", version="1", kind="generation", method="other"),
    responsible="A. Author",
    created="2026-11-22T10:00:00Z",
    intended_use="measuring what marks survive",
)


@dataclass(frozen=True)
class World:
    """A folder with the key, the store of fingerprints and the files, each named by format and kind."""

    folder: Path
    files: dict[tuple[str, str], Path] = field(default_factory=dict)

    @property
    def store(self) -> Path:
        """Where the fingerprints are."""
        return self.folder / "fingerprints"

    @property
    def root(self) -> Path:
        """Whom to trust."""
        return self.folder / "key" / "root.pem"


def drawn(shape: tuple[int, ...], *, span: float, seed: int) -> NDArray[np.float64]:
    """Blobs and noise in [0, span]."""
    rng = np.random.default_rng(seed)
    values = 0.05 * rng.normal(size=shape)
    for size in (2, 6, 20):
        values += ndimage.gaussian_filter(rng.normal(size=shape), size) * size
    return np.asarray(span * (values - values.min()) / np.ptp(values))


def build(folder: Path) -> World:
    """Make every file."""
    world = World(folder)
    key = signing.create(folder / "key", owner="Survival", now=datetime.now(UTC))
    for format, ending in ENDINGS.items():  # noqa: A001 - the word of the house for it
        plain = _written(folder / "plain" / f"{format}{ending}", format)
        layers = tuple(layer for layer in LAYERS[:4] if layer != "watermark" or format not in _LOSSY)
        target = folder / "marked" / plain.name
        result = mark(plain, declaration=_DECLARATION, out=target, layers=layers, key=key, store=world.store)
        if result.layers != layers:
            raise RuntimeError(f"{format}: expected the layers {layers}, written were {result.layers}: {result.notes}")
        world.files[format, "marked"] = target
        if format in LABELLED:
            labelled = folder / "labelled" / plain.name
            mark(plain, declaration=_DECLARATION, out=labelled, layers=("metadata", "label"))
            world.files[format, "labelled"] = labelled
        if format in FOREIGN:
            world.files[format, "foreign"] = _foreign(folder / "foreign" / plain.name, format)
    return world


def _written(path: Path, format: str) -> Path:  # noqa: A002
    path.parent.mkdir(parents=True, exist_ok=True)
    if format == "dicom":
        _dicom(path)
    elif format in VOLUMES:
        _volume(path, format)
    else:
        _picture(path, format)
    return path


def _dicom(path: Path) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["misyn survival"])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = Dataset()
    made.file_meta, made.preamble = meta, bytes(128)
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    made.StudyInstanceUID, made.SeriesInstanceUID = (generate_uid(entropy_srcs=[word]) for word in ("study", "series"))
    made.PatientName, made.PatientID, made.Modality = "Synthetic^Nobody", "misyn-1", "OT"
    made.StudyDate, made.StudyTime, made.AccessionNumber = "20261122", "100000", "1"
    made.StudyID, made.SeriesNumber, made.InstanceNumber = "1", "1", "1"
    made.PatientBirthDate, made.PatientSex, made.ReferringPhysicianName = "", "", ""
    made.ImageType, made.ConversionType = ["DERIVED", "SECONDARY"], "SYN"
    made.ImageOrientationPatient, made.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 0]
    made.PixelSpacing, made.SliceThickness = [0.8, 0.8], "2"
    made.Rows, made.Columns = SHAPE
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
    made.WindowCenter, made.WindowWidth = 1500, 3000
    made.PixelData = drawn(SHAPE, span=3000, seed=1).astype("<u2").tobytes()
    made.save_as(path, enforce_file_format=True)


def _volume(path: Path, format: str) -> None:  # noqa: A002
    stack = np.stack([drawn(SHAPE, span=3000, seed=seed) for seed in range(5)]).astype(np.int16)
    if format == "nifti":
        nibabel.save(nibabel.Nifti1Image(stack.T, np.diag([0.8, 0.8, 2, 1])), path)  # type: ignore[attr-defined]
    else:
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(stack), str(path), True)


def _picture(path: Path, format: str) -> None:  # noqa: A002
    colour = np.stack([drawn(SHAPE, span=220, seed=seed) for seed in range(3)], axis=-1).astype(np.uint8)
    if format == "tiff":
        deep = drawn(SHAPE, span=60000, seed=4).astype(np.uint16)
        tifffile.imwrite(path, deep, compression="zlib", photometric="minisblack")
    elif format == "gif":
        Picture.fromarray(embed(colour[..., 0], axes="YX")).save(path)
    elif format == "jpeg":
        Picture.fromarray(embed(colour, axes="YXC")).save(path, quality=95, subsampling=0)
    else:
        Picture.fromarray(colour).save(path, **({"lossless": True} if format == "webp" else {}))


def _foreign(path: Path, format: str) -> Path:  # noqa: A002
    path.parent.mkdir(parents=True, exist_ok=True)
    colour = np.stack([drawn(SHAPE, span=220, seed=seed) for seed in range(3)], axis=-1).astype(np.uint8)
    options: dict[str, Any] = {}
    if format == "png":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_text("parameters", _SETTINGS)
    else:
        exif = Picture.Exif()
        exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + _SETTINGS.encode()
        options["exif"] = exif
    target = io.BytesIO()
    Picture.fromarray(colour).save(target, format.upper(), **options)
    path.write_bytes(target.getvalue())
    return path
