"""NIfTI says how samples scale and how far apart they are; nibabel and SimpleITK agree with what is read here."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from misyn.errors import LimitExceeded, MalformedImage, UnknownFormat, UnsupportedImage
from misyn.images import Image, Limits, read

VOLUME = np.arange(4 * 9 * 7, dtype=np.int16).reshape(4, 9, 7) - 100


def saved(
    path: Path,
    volume: NDArray[Any] = VOLUME,
    *,
    spacing: tuple[float, ...] = (0.5, 0.75, 3.0),
    unit: str | None = "mm",
) -> Path:
    """Let nibabel write samples given as (…, z, y, x)."""
    image = nibabel.Nifti1Image(volume.T, None)  # type: ignore[no-untyped-call]
    header: Any = image.header
    header.set_zooms(spacing[: volume.ndim])
    if unit:
        header.set_xyzt_units(unit)
    nibabel.save(image, path)
    return path


def loaded(path: Path) -> Any:
    """Nibabel's own image; its types do not say which kind."""
    return nibabel.load(path)


def patched(path: Path, offset: int, code: str, *values: float) -> Path:
    data = bytearray(path.read_bytes())
    struct.pack_into(f"<{code}", data, offset, *values)
    path.write_bytes(data)
    return path


def test_axes_are_transposed_and_samples_stay_unflipped(tmp_path: Path) -> None:
    image = read(saved(tmp_path / "a.nii"))
    assert (image.axes, image.spacing, image.modality, image.bits) == ("ZYX", (3.0, 0.75, 0.5), None, 16)
    assert np.array_equal(image.pixels, VOLUME)


@pytest.mark.parametrize(("unit", "factor"), [("meter", 1000.0), ("mm", 1.0), ("micron", 0.001)])
def test_spacing_is_in_millimetres_whatever_the_unit(tmp_path: Path, unit: str, factor: float) -> None:
    image = read(saved(tmp_path / "a.nii", unit=unit))
    assert image.spacing == pytest.approx((3.0 * factor, 0.75 * factor, 0.5 * factor))
    assert "spacing_unit" not in image.attributes


def test_without_a_unit_millimetres_are_assumed_and_said_so(tmp_path: Path) -> None:
    image = read(saved(tmp_path / "a.nii", unit=None))
    assert image.spacing == (3.0, 0.75, 0.5)
    assert image.attributes["spacing_unit"] == "unstated"


def test_zero_spacing_is_no_spacing(tmp_path: Path) -> None:
    assert read(patched(saved(tmp_path / "a.nii"), 80, "f", 0.0)).spacing is None


def test_slope_and_intercept_are_not_applied_to_the_samples(tmp_path: Path) -> None:
    path = patched(saved(tmp_path / "a.nii"), 112, "2f", 0.5, -1024.0)
    image = read(path)
    assert (image.slope, image.intercept) == (0.5, -1024.0)
    assert np.array_equal(image.pixels, VOLUME)
    assert np.allclose(image.values(), loaded(path).get_fdata().T)


@pytest.mark.parametrize("slope", [0.0, float("nan"), float("inf")])
def test_a_slope_that_is_none_scales_nothing(tmp_path: Path, slope: float) -> None:
    """nifti1.h: 'if (scl_slope != 0) then scale'."""
    image = read(patched(saved(tmp_path / "a.nii"), 112, "2f", slope, 7.0))
    assert (image.slope, image.intercept) == (1.0, 0.0)


def test_an_intercept_that_is_not_finite_is_malformed(tmp_path: Path) -> None:
    with pytest.raises(MalformedImage, match="scl_inter"):
        read(patched(saved(tmp_path / "a.nii"), 112, "2f", 2.0, float("nan")))


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("code", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
@pytest.mark.parametrize("order", "<>")
def test_every_integer_and_float_type_in_both_byte_orders(tmp_path: Path, ending: str, code: str, order: str) -> None:
    volume = np.arange(60).reshape(3, 4, 5).astype(code)
    header: Any = nibabel.Nifti1Header(endianness=order)  # type: ignore[no-untyped-call]
    header.set_data_dtype(np.dtype(order + code))
    stored = nibabel.Nifti1Image(volume.T, np.eye(4), header)  # type: ignore[no-untyped-call]
    path = tmp_path / f"a{ending}"
    nibabel.save(stored, path)
    image = read(path)
    assert image.pixels.dtype == np.dtype(code)
    assert np.array_equal(image.pixels, volume)


def test_time_becomes_frames_and_a_single_slice_a_picture(tmp_path: Path) -> None:
    series = np.arange(2 * 4 * 9 * 7, dtype=np.uint8).reshape(2, 4, 9, 7)
    assert read(saved(tmp_path / "a.nii", series, spacing=(1, 1, 1, 2))).axes == "FZYX"
    single = read(saved(tmp_path / "b.nii", series[0, :1]))
    assert (single.axes, single.spacing) == ("YX", (0.75, 0.5))


def test_an_extension_is_passed_over(tmp_path: Path) -> None:
    """nifti1.h section on extensions: they lie between the header and vox_offset."""
    image = nibabel.Nifti1Image(VOLUME.T, np.eye(4))  # type: ignore[no-untyped-call]
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension(6, b"a comment " * 20))
    nibabel.save(image, tmp_path / "a.nii.gz")
    assert np.array_equal(read(tmp_path / "a.nii.gz").pixels, VOLUME)


@pytest.mark.parametrize("ending", [".img", ".img.gz"])
def test_a_pair_of_header_and_samples_is_one_image(tmp_path: Path, ending: str) -> None:
    nibabel.save(nibabel.Nifti1Pair(VOLUME.T, np.eye(4)), tmp_path / "ä b.img")  # type: ignore[no-untyped-call]
    if ending == ".img.gz":
        samples = tmp_path / "ä b.img"
        (tmp_path / "ä b.img.gz").write_bytes(gzip.compress(samples.read_bytes()))
        samples.unlink()
    assert np.array_equal(read(tmp_path / "ä b.hdr").pixels, VOLUME)


def test_a_header_without_its_samples_says_what_is_missing(tmp_path: Path) -> None:
    nibabel.save(nibabel.Nifti1Pair(VOLUME.T, np.eye(4)), tmp_path / "a.img")  # type: ignore[no-untyped-call]
    (tmp_path / "a.img").unlink()
    with pytest.raises(MalformedImage, match=r"\.img file beside"):
        read(tmp_path / "a.hdr")


def test_samples_that_are_a_link_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    nibabel.save(nibabel.Nifti1Pair(VOLUME.T, np.eye(4)), inside / "a.img")  # type: ignore[no-untyped-call]
    (inside / "a.img").rename(tmp_path / "elsewhere.img")
    (inside / "a.img").symlink_to(tmp_path / "elsewhere.img")
    with pytest.raises(UnsupportedImage, match="leads out of it"):
        read(inside / "a.hdr")


def test_gzip_of_several_members_is_one_stream(tmp_path: Path) -> None:
    """RFC 1952 section 2.2: a file may have several members, as parallel compressors write them."""
    data = saved(tmp_path / "a.nii").read_bytes()
    (tmp_path / "b.nii.gz").write_bytes(b"".join(gzip.compress(data[n : n + 100]) for n in range(0, len(data), 100)))
    assert np.array_equal(read(tmp_path / "b.nii.gz").pixels, VOLUME)


def test_a_damaged_checksum_is_an_error_and_not_an_image(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.nii.gz")
    data = bytearray(path.read_bytes())
    data[-8] ^= 1  # RFC 1952: CRC32, then size
    path.write_bytes(data)
    with pytest.raises(MalformedImage, match="gzip"):
        read(path)


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    """A header may promise what a few compressed kilobytes hold; the ratio is asked before memory is taken."""
    path = saved(tmp_path / "a.nii")
    header = patched(path, 40, "8h", 3, 1000, 1000, 200, 1, 1, 1, 1).read_bytes()[:352]
    with gzip.open(tmp_path / "b.nii.gz", "wb", compresslevel=1) as bomb:
        bomb.write(header + bytes(10_000_000))
    with pytest.raises(LimitExceeded) as caught:
        read(tmp_path / "b.nii.gz")
    assert caught.value.limit == "max_ratio"


@pytest.mark.parametrize(
    ("dim", "limit"),
    [((3, 32767, 32767, 32767, 1), "max_pixels"), ((4, 2, 2, 1, 2000), "max_frames")],
)
def test_declared_sizes_are_checked_before_the_samples(tmp_path: Path, dim: tuple[int, ...], limit: str) -> None:
    path = patched(saved(tmp_path / "a.nii"), 40, "5h", *dim)
    with pytest.raises(LimitExceeded) as caught:
        read(path, limits=Limits(max_frames=1000))
    assert caught.value.limit == limit


@pytest.mark.parametrize(
    ("offset", "code", "values", "error"),
    [
        (40, "h", (0,), MalformedImage),  # no axes
        (40, "h", (9,), MalformedImage),  # more than seven
        (42, "h", (-3,), MalformedImage),  # an axis below zero
        (42, "h", (0,), MalformedImage),
        (40, "h", (1,), UnsupportedImage),  # one axis is no image
        (70, "h", (32,), UnsupportedImage),  # complex
        (70, "h", (1536,), UnsupportedImage),  # 128-bit float
        (70, "h", (1,), UnsupportedImage),  # one bit
        (108, "f", (100.0,), MalformedImage),  # samples inside the header
        (108, "f", (float("nan"),), MalformedImage),
        (108, "f", (1e9,), MalformedImage),  # samples behind the end
    ],
)
def test_each_way_to_contradict_itself_has_its_error(
    tmp_path: Path, offset: int, code: str, values: tuple[float, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        read(patched(saved(tmp_path / "a.nii"), offset, code, *values))


def test_cifti_surfaces_are_named_as_no_volume(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    stored = nibabel.Nifti2Image(np.zeros((1, 1, 1, 1, 4, 5), np.float32), None)  # type: ignore[no-untyped-call]
    nibabel.save(stored, path)
    with pytest.raises(UnsupportedImage, match="CIFTI"):
        read(path)


def test_analyze_is_recognised_and_refused(tmp_path: Path) -> None:
    nibabel.save(nibabel.AnalyzeImage(VOLUME.T, np.eye(4)), tmp_path / "a.img")  # type: ignore[no-untyped-call]
    with pytest.raises(UnsupportedImage, match="convert it to NIfTI"):
        read(tmp_path / "a.hdr")
    with pytest.raises(UnknownFormat):
        read(tmp_path / "a.img")


def test_nan_samples_are_kept(tmp_path: Path) -> None:
    volume = VOLUME.astype(np.float32)
    volume[0, 0, 0] = np.nan
    assert np.isnan(read(saved(tmp_path / "a.nii", volume)).pixels[0, 0, 0])


def test_an_opaque_alpha_channel_is_dropped(tmp_path: Path) -> None:
    colours = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1"), ("A", "u1")])
    rgba = np.full((3, 4, 4), 255, np.uint8)
    rgba[..., :3] = np.arange(36).reshape(3, 4, 3)
    stored = np.ascontiguousarray(rgba.view(colours)[..., 0].T)
    nibabel.save(nibabel.Nifti1Image(stored, np.eye(4)), tmp_path / "a.nii")  # type: ignore[no-untyped-call]
    assert np.array_equal(read(tmp_path / "a.nii").pixels, rgba[..., :3])


def same_as_nibabel(image: Image, path: Path) -> bool:
    other = loaded(path)
    raw = np.asarray(other.dataobj.get_unscaled()).T
    zooms = other.header.get_zooms()[:3]
    return (
        np.array_equal(image.pixels, raw)
        and image.spacing is not None
        and np.allclose(image.spacing, zooms[::-1], rtol=1e-6)
        and np.allclose(image.values(), other.get_fdata().T, rtol=1e-5)
    )


@pytest.mark.data
@pytest.mark.parametrize("name", ["CT_AVM", "CT_pitch", "MR_Gd", "chris_PD", "chris_t1", "pcasl"])
def test_medical_volumes_read_as_nibabel_reads_them(data_dir: Path, name: str) -> None:
    path = data_dir / "niivue" / f"{name}.nii.gz"
    assert same_as_nibabel(read(path), path)


@pytest.mark.data
def test_medical_volumes_read_as_simpleitk_reads_them(data_dir: Path) -> None:
    sitk = pytest.importorskip("SimpleITK", reason="SimpleITK judges from outside; it is in misyn[test]")
    path = data_dir / "niivue" / "chris_t1.nii.gz"
    other = sitk.ReadImage(str(path))
    image = read(path)
    assert np.array_equal(image.pixels, sitk.GetArrayFromImage(other))
    assert image.spacing == pytest.approx(other.GetSpacing()[::-1])
