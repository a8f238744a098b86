"""One battery over every format: the same pixels have one digest, content decides, damage is an error and never pixels.

Files are written by other people's code (nibabel, pynrrd, Pillow, tifffile, imagecodecs, pydicom), so that a reader is
not tested against a writer that shares its mistakes. MetaImage is written here; SimpleITK judges it in test_metaimage.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import nibabel
import nrrd
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Picture
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from misyn.errors import UnreadableImage
from misyn.images import Image, Limits, read, sniff

Pixels = NDArray[Any]
RANDOM = np.random.default_rng(20250809)

KINDS: dict[str, tuple[Pixels, str]] = {
    "grey8": (RANDOM.integers(0, 256, (9, 7), dtype=np.uint8), "YX"),
    "grey16": (RANDOM.integers(0, 65536, (9, 7), dtype=np.uint16), "YX"),
    "rgb8": (RANDOM.integers(0, 256, (9, 7, 3), dtype=np.uint8), "YXC"),
    "rgb16": (RANDOM.integers(0, 65536, (9, 7, 3), dtype=np.uint16), "YXC"),
    "volume16": (RANDOM.integers(-1000, 3000, (4, 9, 7), dtype=np.int16), "ZYX"),
    "volume32f": (RANDOM.normal(size=(4, 9, 7)).astype(np.float32), "ZYX"),
    "frames8": (RANDOM.integers(0, 256, (5, 9, 7), dtype=np.uint8), "FYX"),
    "frames_rgb8": (RANDOM.integers(0, 256, (5, 9, 7, 3), dtype=np.uint8), "FYXC"),
}


def write_picture(path: Path, pixels: Pixels, axes: str, **options: Any) -> None:
    frames = [Picture.fromarray(frame) for frame in (pixels if axes[0] == "F" else [pixels])]
    if len(frames) > 1:
        options |= {"save_all": True, "append_images": frames[1:]}
    frames[0].save(path, **options)


def write_png(path: Path, pixels: Pixels, axes: str) -> None:
    if pixels.dtype == np.uint16 and "C" in axes:
        path.write_bytes(imagecodecs.png_encode(pixels))
    else:
        write_picture(path, pixels, axes, format="PNG")


def write_gif(path: Path, pixels: Pixels, axes: str) -> None:
    write_picture(path, pixels, axes, format="GIF")


def write_webp(path: Path, pixels: Pixels, axes: str) -> None:
    write_picture(path, pixels, axes, format="WEBP", lossless=True, exact=True)


def write_lossless_jpeg(path: Path, pixels: Pixels, axes: str) -> None:
    path.write_bytes(imagecodecs.jpeg_encode(pixels, lossless=True, bitspersample=8 * pixels.itemsize))


def write_tiff(path: Path, pixels: Pixels, axes: str, **options: Any) -> None:
    meta = {"ome": True, "metadata": {"axes": axes}} if "Z" in axes else {"metadata": None}
    tifffile.imwrite(path, pixels, photometric="rgb" if "C" in axes else "minisblack", **meta, **options)


def write_tiled_tiff(path: Path, pixels: Pixels, axes: str) -> None:
    write_tiff(path, pixels, axes, tile=(16, 16), compression="deflate", predictor=True, bigtiff=True, byteorder=">")


def write_nifti(path: Path, pixels: Pixels, axes: str) -> None:
    if "C" in axes:
        colour = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
        pixels = np.ascontiguousarray(pixels).view(colour)[..., 0]
    stored = pixels.T if axes[0] != "F" else pixels.T[:, :, np.newaxis]
    if "C" in axes and axes[0] == "F":
        stored = np.ascontiguousarray(stored)
    nibabel.save(nibabel.Nifti1Image(stored, np.eye(4)), path)  # type: ignore[no-untyped-call]


def write_nifti2(path: Path, pixels: Pixels, axes: str) -> None:
    stored = pixels.T if axes[0] != "F" else pixels.T[:, :, np.newaxis]
    nibabel.save(nibabel.Nifti2Image(stored, np.eye(4)), path)  # type: ignore[no-untyped-call]


def write_nrrd(path: Path, pixels: Pixels, axes: str, encoding: str = "gzip") -> None:
    kinds = ["RGB-color" if axis == "C" else "list" if axis == "F" else "domain" for axis in axes]
    kinds = [*(kind for kind in kinds if kind == "RGB-color"), *(k for k in reversed(kinds) if k != "RGB-color")]
    stored = np.moveaxis(pixels, -1, 0) if "C" in axes else pixels
    order = (0, *reversed(range(1, stored.ndim))) if "C" in axes else tuple(reversed(range(stored.ndim)))
    nrrd.write(str(path), np.asfortranarray(stored.transpose(order)), {"kinds": kinds, "encoding": encoding})


def write_nrrd_text(path: Path, pixels: Pixels, axes: str) -> None:
    write_nrrd(path, pixels, axes, encoding="ascii")


def write_metaimage(path: Path, pixels: Pixels, axes: str) -> None:
    kinds = {"u1": "MET_UCHAR", "u2": "MET_USHORT", "i2": "MET_SHORT", "f4": "MET_FLOAT"}
    sizes = [str(n) for n in reversed(pixels.shape[: len(axes) - ("C" in axes)])]
    if axes[0] == "F":
        sizes.insert(2, "1")
    header = (
        f"ObjectType = Image\nNDims = {len(sizes)}\nDimSize = {' '.join(sizes)}\n"
        f"ElementType = {kinds[pixels.dtype.str[1:]]}\nElementByteOrderMSB = True\n"
        + ("ElementNumberOfChannels = 3\n" if "C" in axes else "")
        + "ElementDataFile = LOCAL\n"
    )
    path.write_bytes(header.encode() + pixels.astype(pixels.dtype.newbyteorder(">")).tobytes())


def write_dicom(path: Path, pixels: Pixels, axes: str) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.Modality = "OT"
    bits = 8 * pixels.itemsize
    dataset.set_pixel_data(
        np.ascontiguousarray(pixels), "RGB" if "C" in axes else "MONOCHROME2", bits, generate_instance_uid=False
    )
    dataset.save_as(path, enforce_file_format=True)


Writer = Callable[[Path, Pixels, str], None]
ALL = tuple(KINDS)
WRITERS: dict[str, tuple[str, Writer, tuple[str, ...]]] = {
    "x.dcm": ("dicom", write_dicom, ("grey8", "grey16", "rgb8", "frames8", "frames_rgb8")),
    "x.png": ("png", write_png, ("grey8", "grey16", "rgb8", "rgb16", "frames8", "frames_rgb8")),
    "x.jpg": ("jpeg", write_lossless_jpeg, ("grey8", "grey16", "rgb8")),
    "x.gif": ("gif", write_gif, ("grey8", "frames8")),
    "x.webp": ("webp", write_webp, ("rgb8", "frames_rgb8")),
    "x.tif": ("tiff", write_tiff, ALL),
    "tiled.tif": ("tiff", write_tiled_tiff, ALL),
    "x.nii": ("nifti", write_nifti, ("grey8", "grey16", "rgb8", "volume16", "volume32f", "frames8", "frames_rgb8")),
    "x.nii.gz": ("nifti", write_nifti, ("grey8", "rgb8", "volume16", "volume32f")),
    "2.nii": ("nifti", write_nifti2, ("grey8", "grey16", "volume16", "volume32f", "frames8")),
    "x.nrrd": ("nrrd", write_nrrd, ALL),
    "text.nrrd": ("nrrd", write_nrrd_text, ("grey8", "grey16", "volume16")),
    "x.mha": ("metaimage", write_metaimage, ALL),
}
CASES = [(name, kind) for name, (_, _, kinds) in WRITERS.items() for kind in kinds]
LIMITS = Limits(max_pixels=1 << 20, max_bytes=1 << 23, max_header=1 << 20, max_frames=1000, seconds=10.0)


def written(folder: Path, name: str, kind: str) -> Path:
    pixels, axes = KINDS[kind]
    path = folder / name
    WRITERS[name][1](path, pixels, axes)
    return path


def expected(kind: str) -> Image:
    pixels, axes = KINDS[kind]
    return Image(pixels=pixels, axes=axes, format="memory")


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_the_same_pixels_have_the_same_digest_in_every_format(tmp_path: Path, name: str, kind: str) -> None:
    image = read(written(tmp_path, name, kind))
    assert (image.axes, image.shape) == (expected(kind).axes, expected(kind).shape)
    assert image.digest == expected(kind).digest
    assert image.format == WRITERS[name][0]
    assert image.lossy is not True
    assert image.pixels.dtype.isnative
    assert image.pixels.flags.writeable


@pytest.mark.parametrize("name", WRITERS)
def test_content_decides_under_a_wrong_and_foreign_name(tmp_path: Path, name: str) -> None:
    kind = WRITERS[name][2][0]
    path = written(tmp_path, name, kind).rename(tmp_path / "Größe 図 .txt")
    assert sniff(path).name == WRITERS[name][0]
    assert read(path).digest == expected(kind).digest


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_file_cut_short_is_an_error_or_whole_never_other_pixels(tmp_path: Path, name: str, kind: str) -> None:
    data = written(tmp_path, name, kind).read_bytes()
    refused = 0
    for length in sorted({*range(0, len(data), max(1, len(data) // 40)), *range(len(data) - 9, len(data))}):
        cut = tmp_path / "cut"
        cut.write_bytes(data[:length])
        try:
            image = read(cut, limits=LIMITS)
        except UnreadableImage as error:
            refused += 1
            assert error.path == cut
        else:
            assert image.digest == expected(kind).digest, f"{length} of {len(data)} bytes gave other pixels"
    assert refused > 20


SEEDS: dict[str, bytes] = {}


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("seeds")
    for name, kind in CASES:
        SEEDS[f"{name} {kind}"] = written(folder, name, kind).read_bytes()
    return SEEDS


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes with a few of them changed, the header more often than the rest, and perhaps a piece lost or repeated."""
    changed = bytearray(data)
    places = st.one_of(st.integers(0, min(400, len(data) - 1)), st.integers(0, len(data) - 1))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(places)
        value = draw(st.sampled_from([b"\0", b"\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"-1", b"9" * 12]))
        changed[place : place + len(value)] = value if draw(st.booleans()) else bytes([draw(st.integers(0, 255))])
    start, length = draw(places), draw(st.integers(0, 64))
    piece = bytes(changed[start : start + length])
    return (
        bytes(changed[:start]) + piece * draw(st.sampled_from([0, 1, 1, 1, 2, 50])) + bytes(changed[start + length :])
    )


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_damaged_bytes_end_in_an_image_or_a_typed_error(
    tmp_path_factory: pytest.TempPathFactory, seeds: dict[str, bytes], name: str, kind: str
) -> None:
    path = tmp_path_factory.mktemp("damaged") / name

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(damaged(seeds[f"{name} {kind}"]))
    def check(data: bytes) -> None:
        path.write_bytes(data)
        try:
            image = read(path, limits=LIMITS)
        except UnreadableImage as error:
            assert str(error).startswith("expected")
        else:
            assert 0 < image.pixels.size <= LIMITS.max_pixels
            assert image.digest.startswith("sha256:")

    check()
