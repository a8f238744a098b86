"""Other samples in a file: nothing else changes, others read them, and what loses information is refused."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from misyn.errors import NoRoomForMark
from misyn.images.formats import read
from misyn.marks.samples import STORES, Stored, rewritten, store_for

REFUSED = {
    "png-animated": "animated",
    "webp": "without loss",
    "webp-animated": "without loss",
    "webp-exif-xmp": "without loss",
    "tiff-pages": "mixed",
    "tiff-pages-bigtiff": "mixed",
}


def flipped(found: Stored) -> NDArray[Any]:
    """Every sample elsewhere: nothing is left where it was by chance."""
    return np.ascontiguousarray(found.pixels.reshape(-1)[::-1].reshape(found.pixels.shape))


def changed(path: Path, format: str) -> bytes:  # noqa: A002
    pixels = flipped(store_for(format).load(path))
    with rewritten(path, pixels, format=format, beside=path.parent) as copy:
        return copy.read_bytes()


@pytest.mark.formats("dicom", "nifti", "nrrd", "metaimage", "png", "tiff", "webp")
def test_the_samples_change_and_come_back(
    sample: tuple[str, Path], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    format, path = sample  # noqa: A001
    name = request.node.callspec.params["sample"]
    before = path.read_bytes()
    if name in REFUSED:
        with pytest.raises(NoRoomForMark, match=REFUSED[name]):
            changed(path, format)
        return
    again = tmp_path / "again"
    again.write_bytes(changed(path, format))
    found, old = read(again), read(path)
    assert np.array_equal(np.sort(found.pixels.reshape(-1)), np.sort(old.pixels.reshape(-1)))
    assert found.digest != old.digest
    again.write_bytes(changed(again, format))
    assert read(again).digest == old.digest
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".misyn")] == []


@pytest.mark.formats("dicom", "nifti", "nrrd", "metaimage", "png", "tiff", "webp")
def test_writing_the_same_samples_changes_nothing_else(
    sample: tuple[str, Path], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Uncompressed files come out byte for byte; compressed ones differ in their samples' bytes alone."""
    format, path = sample  # noqa: A001
    name = request.node.callspec.params["sample"]
    if name in REFUSED:  # as the test above shows
        return
    same = store_for(format).load(path).pixels
    with rewritten(path, same, format=format, beside=tmp_path) as copy:
        data = copy.read_bytes()
    raw = ("nifti", "mha", "nrrd", "dicom-explicit", "dicom-implicit", "dicom-big", "nrrd-1-crlf", "tiff")
    if name in raw or name.startswith(("nifti-2", "nifti-big", "nifti-d", "tiff-big-e", "tiff-ome")):
        assert data == path.read_bytes()
    if format == "dicom":
        assert _header(data) == _header(path.read_bytes())
    if format in ("png", "webp"):
        assert _texts(data) == _texts(path.read_bytes())


def _header(data: bytes) -> Any:
    import pydicom

    return pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True)


def _texts(data: bytes) -> Any:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        return {key: value for key, value in opened.info.items() if key not in ("transparency", "background")}


def test_other_peoples_readers_see_the_new_samples(
    tmp_path: Path, built: dict[str, bytes], make_dicom: Callable[..., bytes]
) -> None:
    import nibabel
    import pydicom
    import SimpleITK
    import tifffile
    from PIL import Image

    def new(name: str, ending: str, format: str) -> tuple[Path, NDArray[Any]]:  # noqa: A002
        path = tmp_path / f"{name}{ending}"
        path.write_bytes(built[name])
        path.write_bytes(changed(path, format))
        return path, store_for(format).load(path).pixels

    for name in ("dicom-rle", "dicom-jpegls", "dicom-jpeg2000", "dicom-deflated", "dicom-explicit", "dicom-big"):
        path, pixels = new(name, ".dcm", "dicom")
        assert np.array_equal(pydicom.dcmread(path).pixel_array, pixels), name
    for name in ("nifti", "nifti-2"):
        path, pixels = new(name, ".nii", "nifti")
        assert np.array_equal(np.asarray(nibabel.load(path).dataobj).T, pixels)  # type: ignore[attr-defined]
    for name, ending, kind in (("mha-compressed", ".mha", "metaimage"), ("nrrd-gz", ".nrrd", "nrrd")):
        path, pixels = new(name, ending, kind)
        assert np.array_equal(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))), pixels), name
    for name in ("tiff-bigtiff", "tiff-tiles-xmp", "tiff"):
        path, pixels = new(name, ".tif", "tiff")
        assert np.array_equal(tifffile.imread(path), pixels[0]), name
    for name, ending, kind in (("png", ".png", "png"), ("webp-alpha", ".webp", "webp")):
        path, pixels = new(name, ending, kind)
        with Image.open(path) as opened:
            assert np.array_equal(np.array(opened), pixels), name


@pytest.mark.parametrize(
    ("compression", "predictor"),
    [(None, False), ("packbits", False), *((name, way) for name in ("zlib", "lzw", "zstd") for way in (False, True))],
)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["grey", "deep", "rgb", "planes", "float", "tiles"])
def test_every_kind_of_tiff_segment(
    tmp_path: Path, kind: str, order: Literal["<", ">"], compression: str | None, predictor: bool
) -> None:
    import tifffile

    rng = np.random.default_rng(0)
    kinds: dict[str, dict[str, Any]] = {
        "grey": {"data": rng.integers(0, 256, (50, 70), np.uint8)},
        "deep": {"data": rng.integers(0, 4000, (50, 70), np.uint16)},
        "rgb": {"data": rng.integers(0, 256, (50, 70, 3), np.uint8), "photometric": "rgb"},
        "planes": {"data": rng.integers(0, 256, (3, 50, 70), np.uint8), "photometric": "rgb", "planarconfig": 2},
        "float": {"data": rng.normal(size=(50, 70)).astype(np.float32)},
        "tiles": {"data": rng.integers(0, 4000, (50, 70), np.uint16), "tile": (32, 48)},
    }
    made = kinds[kind]
    path = tmp_path / "a.tif"
    if not made.get("tile"):
        made["rowsperstrip"] = 16
    tifffile.imwrite(path, compression=compression, predictor=predictor, byteorder=order, **made)
    wanted = flipped(store_for("tiff").load(path))
    with rewritten(path, wanted, format="tiff", beside=tmp_path) as copy:
        found = tifffile.imread(copy)
        assert np.array_equal(np.moveaxis(found, 0, -1) if kind == "planes" else found, wanted[0])


def test_the_old_samples_are_nowhere_left_in_a_tiff(tmp_path: Path) -> None:
    import tifffile

    path = tmp_path / "a.tif"
    flat = np.zeros((64, 64), np.uint16)
    flat[10:20] = 0x4142
    tifffile.imwrite(path, flat, compression="zlib")
    with tifffile.TiffFile(path) as opened:
        old = path.read_bytes()[opened.pages.first.dataoffsets[0] :][: opened.pages.first.databytecounts[0]]
    noise = np.random.default_rng(0).integers(0, 65536, (1, 64, 64), np.uint16)
    with rewritten(path, noise, format="tiff", beside=tmp_path) as copy:
        assert np.array_equal(tifffile.imread(copy), noise[0])
        assert old not in copy.read_bytes()


@pytest.mark.parametrize("format", ["jpeg", "gif", "mgh"])
def test_formats_that_lose_information_are_refused(format: str) -> None:  # noqa: A002
    with pytest.raises(NoRoomForMark, match="before it is saved with loss"):
        store_for(format)


def test_lossy_and_odd_dicom_files_are_refused(tmp_path: Path, make_dicom: Callable[..., bytes]) -> None:
    grey = (np.arange(64 * 48).reshape(48, 64) % 251).astype(np.uint16)
    path = tmp_path / "a.dcm"
    for attributes, match in (
        ({"PhotometricInterpretation": "PALETTE COLOR"}, ""),
        ({"BitsStored": 12, "HighBit": 11, "PixelData": (grey | 0xF000).astype("<u2").tobytes()}, "other bits"),
    ):
        path.write_bytes(make_dicom(pixels=grey, **attributes))
        with pytest.raises(Exception, match=match or "expected"):
            changed(path, "dicom")


def test_a_header_with_its_samples_elsewhere_is_refused(tmp_path: Path) -> None:
    import SimpleITK

    volume: Any = SimpleITK.GetImageFromArray(np.arange(60, dtype=np.int16).reshape(3, 4, 5))
    for name, format in (("a.mhd", "metaimage"), ("a.nhdr", "nrrd"), ("a.hdr", "nifti")):  # noqa: A001
        SimpleITK.WriteImage(volume, str(tmp_path / name))
        with pytest.raises(NoRoomForMark, match="one file"):
            changed(tmp_path / name, format)


def test_every_store_is_a_format_that_is_read() -> None:
    from misyn.images.formats import FORMATS

    assert {store.format for store in STORES} <= {known.name for known in FORMATS}
