"""The ordinary paths: what people do with images, each through the program that they would use.

Rules
-----
1. A path takes a file and gives the file that comes out. It does nothing to help or to harm a mark: options are the
   program's own defaults, except where the path's name says otherwise.
2. Paths for pictures take volumes too: their middle slice is first saved as a windowed 8-bit PNG, as people do. The
   name in the table is then that of the second step.
3. Random numbers come from a fixed seed.
4. A new path is one function and one line in :data:`PATHS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import archives
import pictures
from samples import ENDINGS

Step = Callable[[Path, Path], Path]
_PICTURES = ("png", "jpeg", "tiff", "webp", "gif")
_ITK = ("nifti", "nrrd", "metaimage")
_ALL = tuple(ENDINGS)
_INHERIT = "`misyn.marks.inherit` hands the declaration on."
_KEEP_XMP = "`exiftool -all= --xmp:all` keeps XMP."


@dataclass(frozen=True)
class Path_:  # noqa: N801 - pathlib has the name
    """One ordinary path.

    Attributes:
        name: what is done, as a person would say it.
        tool: whose program does it, a name in :mod:`tools`.
        formats: the formats it is tried with.
        step: from a file and an empty folder to the file that comes out.
        advice: what only this path's user can do, a sentence or nothing; what follows from the losses is added.
        scale, angle: how the picture's geometry changes, for finding the label again.
        bounded: the formats it is tried with where time is short.
    """

    name: str
    tool: str
    formats: tuple[str, ...]
    step: Step
    advice: str
    scale: float = 1.0
    angle: float = 0.0
    bounded: tuple[str, ...] = ()


PATHS: tuple[Path_, ...] = (
    Path_("copying", "pydicom", _ALL, archives.copied, "", bounded=_ALL),
    Path_("dcm2niix: DICOM to NIfTI", "dcm2niix", ("dicom",), archives.dcm2niix, _INHERIT, bounded=("dicom",)),
    Path_("SimpleITK: DICOM to NIfTI", "SimpleITK", ("dicom",), archives.itk_nifti, _INHERIT, bounded=("dicom",)),
    Path_("SimpleITK: DICOM saved again", "SimpleITK", ("dicom",), archives.itk_again,
          "SimpleITK raises on SyntheticData: mark with `--itk`, or erase the key first.", bounded=("dicom",)),
    Path_("GDCM: to uncompressed", "gdcm", ("dicom",), archives.gdcm_raw, "", bounded=("dicom",)),
    Path_("GDCM: to lossless JPEG 2000", "gdcm", ("dicom",), archives.gdcm_j2k, ""),
    Path_("GDCM: to RLE", "gdcm", ("dicom",), archives.gdcm_rle, ""),
    Path_("dcmtk: to RLE", "dcmtk", ("dicom",), archives.dcmtk_rle, "", bounded=("dicom",)),
    Path_("dcmtk: to lossless JPEG", "dcmtk", ("dicom",), archives.dcmtk_lossless, ""),
    Path_("dcmtk: lossless JPEG and back", "dcmtk", ("dicom",), archives.dcmtk_and_back, ""),
    Path_("dcmtk: to lossy JPEG 75", "dcmtk", ("dicom",), archives.dcmtk_lossy, ""),
    Path_("dcmtk: to JPEG-LS", "dcmtk", ("dicom",), archives.dcmtk_ls, ""),
    Path_("dcmtk: to implicit VR", "dcmtk", ("dicom",), archives.dcmtk_implicit, ""),
    Path_("dcmtk: patient's name changed", "dcmtk", ("dicom",), archives.dcmodify, "", bounded=("dicom",)),
    Path_("dcmtk: to 8-bit PNG", "dcmtk", ("dicom",), archives.dcmtk_png, "", bounded=("dicom",)),
    Path_("pydicom: saved again", "pydicom", ("dicom",), archives.pydicom_again, ""),
    Path_("pydicom: windowed to 8-bit PNG", "pydicom", ("dicom",), archives.windowed, "", bounded=("dicom",)),
    Path_("dicognito: de-identified", "dicognito", ("dicom",), archives.dicognito, "", bounded=("dicom",)),
    Path_("deid: de-identified", "deid", ("dicom",), archives.deid,
          "Private elements go, the standard's tag stays.", bounded=("dicom",)),
    Path_("GDCM: de-identified", "gdcm", ("dicom",), archives.gdcmanon, ""),
    Path_("nibabel: saved again", "nibabel", ("nifti",), archives.nibabel_again, "", bounded=("nifti",)),
    Path_("nibabel: new image of the same array", "nibabel", ("nifti",), archives.nibabel_new, _INHERIT,
          bounded=("nifti",)),
    Path_("nibabel: two slices cut out", "nibabel", ("nifti",), archives.nibabel_sliced, "",
          bounded=("nifti",)),
    Path_("nibabel: other orientation", "nibabel", ("nifti",), archives.nibabel_turned, ""),
    Path_("SimpleITK: saved again", "SimpleITK", _ITK, archives.itk_same, "", bounded=("nrrd",)),
    Path_("SimpleITK: to MetaImage", "SimpleITK", ("nifti", "nrrd"), archives.itk_mha, _INHERIT),
    Path_("SimpleITK: to NIfTI", "SimpleITK", ("nrrd", "metaimage"), archives.itk_nifti, _INHERIT,
          bounded=("metaimage",)),
    Path_("pynrrd: saved again", "pynrrd", ("nrrd",), archives.pynrrd_again, ""),
    Path_("Pillow: saved again", "Pillow", _PICTURES, pictures.pillow_again, "", bounded=("png", "tiff")),
    Path_("OpenCV: saved again", "OpenCV", ("png", "jpeg", "tiff", "webp"), pictures.opencv_again, "",
          bounded=("png",)),
    Path_("imageio: saved again", "imageio", _PICTURES, pictures.imageio_again, "", bounded=("jpeg",)),
    Path_("ImageMagick: saved again", "imagemagick", _PICTURES, pictures.imagemagick_again, "",
          bounded=("webp",)),
    Path_("ffmpeg: saved again", "ffmpeg", ("png", "jpeg", "tiff"), pictures.ffmpeg_again, "", bounded=("png",)),
    Path_("exiftool -all=", "exiftool", ("png", "jpeg", "tiff", "webp", "gif"), pictures.exiftool, _KEEP_XMP,
          bounded=("jpeg", "png")),
    Path_("JPEG 90", "Pillow", _ALL, pictures.jpeg_90, ""),
    Path_("JPEG 75", "Pillow", _ALL, pictures.jpeg_75, "", bounded=("nifti", "png")),
    Path_("JPEG 50", "Pillow", _ALL, pictures.jpeg_50, "", bounded=("dicom",)),
    Path_("resized to half", "OpenCV", _ALL, pictures.halved, "", scale=0.5, bounded=("png",)),
    Path_("cropped to half the area", "Pillow", _ALL, pictures.cropped, "", bounded=("tiff",)),
    Path_("flipped", "Pillow", _ALL, pictures.flipped, "", bounded=("metaimage",)),
    Path_("turned by 90°", "ffmpeg", _ALL, pictures.quarter, "", bounded=("png",)),
    Path_("rotated by 10°", "imagemagick", _ALL, pictures.rotated, "", angle=10.0),
    Path_("noise, 2 % of the range", "OpenCV", _ALL, pictures.noisy, "", bounded=("nrrd",)),
    Path_("screenshot of a browser", "chromium", _ALL, pictures.screenshot, "", bounded=("gif",)),
)  # fmt: skip
