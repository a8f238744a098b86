"""Steps that keep a medical format, or come from one: converters, transcoders, de-identifiers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import SimpleITK
from tools import SECONDS, Refused, run


def _same(source: Path, folder: Path) -> Path:
    return folder / source.name


def copied(source: Path, folder: Path) -> Path:
    """A plain copy: the control."""
    return Path(shutil.copyfile(source, _same(source, folder)))


def dcm2niix(source: Path, folder: Path) -> Path:
    """DICOM to NIfTI with a BIDS sidecar, as dcm2niix does by default."""
    inner = folder / "in"
    inner.mkdir()
    shutil.copyfile(source, inner / source.name)
    return run("dcm2niix", "-z", "y", "-b", "y", "-f", "made", "-o", folder, inner, makes=folder / "made.nii.gz")


def _itk(source: Path, target: Path) -> Path:
    try:
        SimpleITK.WriteImage(SimpleITK.ReadImage(str(source)), str(target))
    except RuntimeError as error:
        raise Refused(str(error)[-200:]) from error
    return target


def itk_nifti(source: Path, folder: Path) -> Path:
    """Read by SimpleITK, written as NIfTI."""
    return _itk(source, folder / "made.nii.gz")


def itk_mha(source: Path, folder: Path) -> Path:
    """Read by SimpleITK, written as MetaImage."""
    return _itk(source, folder / "made.mha")


def itk_again(source: Path, folder: Path) -> Path:
    """Read and written by SimpleITK as DICOM."""
    return _itk(source, _same(source, folder))


def itk_same(source: Path, folder: Path) -> Path:
    """Read and written by SimpleITK in the same format."""
    return _itk(source, _same(source, folder))


def gdcm_raw(source: Path, folder: Path) -> Path:
    """Uncompressed."""
    return run("gdcmconv", "--raw", source, _same(source, folder), makes=_same(source, folder))


def gdcm_j2k(source: Path, folder: Path) -> Path:
    """Lossless JPEG 2000."""
    return run("gdcmconv", "--j2k", source, _same(source, folder), makes=_same(source, folder))


def gdcm_rle(source: Path, folder: Path) -> Path:
    """Run lengths."""
    return run("gdcmconv", "--rle", source, _same(source, folder), makes=_same(source, folder))


def gdcmanon(source: Path, folder: Path) -> Path:
    """GDCM's anonymiser without a key: the patient's name, id and birth date emptied."""
    tags = [part for tag in ("10,10", "10,20", "10,30") for part in ("--empty", tag)]
    return run("gdcmanon", "--dumb", *tags, source, _same(source, folder), makes=_same(source, folder))


def dcmtk_rle(source: Path, folder: Path) -> Path:
    """Run lengths."""
    return run("dcmcrle", source, _same(source, folder), makes=_same(source, folder))


def dcmtk_lossless(source: Path, folder: Path) -> Path:
    """Lossless JPEG, dcmcjpeg's default."""
    return run("dcmcjpeg", source, _same(source, folder), makes=_same(source, folder))


def dcmtk_and_back(source: Path, folder: Path) -> Path:
    """Lossless JPEG, then decompressed."""
    packed = run("dcmcjpeg", source, folder / "packed.dcm", makes=folder / "packed.dcm")
    return run("dcmdjpeg", packed, _same(source, folder), makes=_same(source, folder))


def dcmtk_lossy(source: Path, folder: Path) -> Path:
    """Extended lossy JPEG of quality 75 (12 bits)."""
    return run("dcmcjpeg", "+ee", "+q", "75", source, _same(source, folder), makes=_same(source, folder))


def dcmtk_ls(source: Path, folder: Path) -> Path:
    """Lossless JPEG-LS."""
    return run("dcmcjpls", source, _same(source, folder), makes=_same(source, folder))


def dcmtk_implicit(source: Path, folder: Path) -> Path:
    """Implicit VR little endian."""
    return run("dcmconv", "+ti", source, _same(source, folder), makes=_same(source, folder))


def dcmodify(source: Path, folder: Path) -> Path:
    """The patient's name changed in place."""
    return run("dcmodify", "-nb", "-m", "PatientName=Other^Name", copied(source, folder), makes=_same(source, folder))


def dcmtk_png(source: Path, folder: Path) -> Path:
    """The first window of the header, to 8-bit PNG."""
    return run("dcmj2pnm", "+on", "+Wi", "1", source, folder / "made.png", makes=folder / "made.png")


def pydicom_again(source: Path, folder: Path) -> Path:
    """Read and saved by pydicom."""
    import pydicom

    pydicom.dcmread(source).save_as(_same(source, folder))
    return _same(source, folder)


def windowed(source: Path, folder: Path) -> Path:
    """The window of the header by pydicom, saved by Pillow as 8-bit PNG."""
    import pydicom
    from PIL import Image as Picture

    data = pydicom.dcmread(source)
    shown = pydicom.pixels.apply_windowing(data.pixel_array, data).astype(float)
    picture = np.clip((shown - shown.min()) / np.ptp(shown) * 255 + 0.5, 0, 255).astype(np.uint8)
    Picture.fromarray(picture).save(folder / "made.png")
    return folder / "made.png"


def dicognito(source: Path, folder: Path) -> Path:
    """The command of dicognito (as a module: the script it installs does not start in 0.19.0)."""
    out = folder / "out"
    command = [sys.executable, "-m", "dicognito", "--seed", "survival", "--output-directory", str(out), str(source)]
    subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    return _only(out)


def _only(folder: Path) -> Path:
    found = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    if len(found) != 1:
        raise Refused(f"expected one file, made were {len(found)}")
    return found[0]


def deid(source: Path, folder: Path) -> Path:
    """The default recipe of deid, private elements removed."""
    from deid.dicom import replace_identifiers

    out = folder / "out"
    out.mkdir()
    replace_identifiers(
        dicom_files=[str(source)], save=True, output_folder=str(out), overwrite=True, remove_private=True
    )
    return _only(out)


def _nibabel(source: Path) -> Any:  # noqa: ANN401 - nibabel has no types
    return nibabel.load(source)  # type: ignore[attr-defined]


def _saved(image: Any, source: Path, folder: Path) -> Path:  # noqa: ANN401
    nibabel.save(image, _same(source, folder))  # type: ignore[attr-defined]
    return _same(source, folder)


def nibabel_again(source: Path, folder: Path) -> Path:
    """Loaded and saved."""
    return _saved(_nibabel(source), source, folder)


def nibabel_new(source: Path, folder: Path) -> Path:
    """What most scripts do: array out, array in."""
    image = _nibabel(source)
    return _saved(nibabel.Nifti1Image(np.asarray(image.dataobj), image.affine), source, folder)


def nibabel_sliced(source: Path, folder: Path) -> Path:
    """Slices 1 and 2, by the slicer."""
    return _saved(_nibabel(source).slicer[:, :, 1:3], source, folder)


def nibabel_turned(source: Path, folder: Path) -> Path:
    """Reoriented so that rows run another way (LPS)."""
    image = _nibabel(source)
    turn = nibabel.orientations.ornt_transform(
        nibabel.orientations.io_orientation(image.affine), nibabel.orientations.axcodes2ornt(("L", "P", "S"))
    )
    return _saved(image.as_reoriented(turn), source, folder)


def pynrrd_again(source: Path, folder: Path) -> Path:
    """Read and written by pynrrd."""
    import nrrd

    data, header = nrrd.read(str(source))
    nrrd.write(str(_same(source, folder)), data, header)
    return _same(source, folder)
