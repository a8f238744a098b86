"""What the watermark survives, by modality and size, with Clopper–Pearson intervals.

    python benchmarks/watermark_bars.py default|thorough|size|strength [--most N]

Detected means p ≤ 1e-4. Bars at ≥ 256²: after DICOM → NIfTI → 8-bit PNG → JPEG 75 ≥ 99 %; after JPEG 50, a crop to
50 %, noise, windowing, flips and turns ≥ 95 %; half-resize and ±15° with the thorough search ≥ 95 %. The strength ≤ 1 %
of the p0.5–p99.5 range and the mean shift < 0.05 % of it are measured on every image, over all its samples. An image
whose range spans too few integer steps is refused; it is counted apart, and once as lost. An interval treats images as
independent: slices of one patient are not, and say how this patient's slices fare, not patients.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import SimpleITK
from numpy.typing import NDArray
from PIL import Image as Picture
from scipy import stats
from watermark_images import Source, axes_of, large, small

from misyn.errors import NoRoomForMark
from misyn.marks.watermark import STRENGTH, detect, embed

ALARM = 1e-4
Pixels = NDArray[Any]
Path8 = Callable[[Pixels, np.random.Generator], Pixels]


def to_8_bit(image: Pixels, low: float | None = None, high: float | None = None) -> Pixels:
    """The window p0.5 to p99.5, or the one given; 8-bit images stay as they are unless a window is given."""
    if image.dtype == np.uint8 and low is None:
        return image
    if low is None or high is None:
        low, high = (float(v) for v in np.percentile(image, [0.5, 99.5]))
    return np.asarray(np.clip((image - low) / max(high - low, 1e-9) * 255 + 0.5, 0, 255)).astype(np.uint8)


def through_dicom_and_nifti(image: Pixels) -> Pixels:
    """Written as DICOM by SimpleITK, read, written as NIfTI, read by nibabel; grey only, others pass."""
    if image.ndim == 3 or image.dtype.kind not in "iu" or image.dtype.itemsize > 2:
        return image
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dicom, nifti = str(Path(folder) / "a.dcm"), str(Path(folder) / "a.nii.gz")
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(image[None]), dicom)
        SimpleITK.WriteImage(SimpleITK.ReadImage(dicom), nifti)
        # As many scripts do: nibabel's (x, y) array saved as a picture, which lies on its side.
        return np.asarray(nibabel.load(nifti).dataobj)[:, :, 0]  # type: ignore[attr-defined]


def png(image: Pixels) -> Pixels:
    file = io.BytesIO()
    Picture.fromarray(image).save(file, "PNG")
    return np.array(Picture.open(file))


def jpeg(image: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Picture.fromarray(image).save(file, "JPEG", quality=quality)
    return np.array(Picture.open(file))


def crop(image: Pixels, rng: np.random.Generator, side: float) -> Pixels:
    """A crop at a random place whose sides are ``side`` of the image's."""
    sizes = [round(n * side) for n in image.shape[:2]]
    y, x = (int(rng.integers(0, n - m + 1)) for n, m in zip(image.shape[:2], sizes, strict=True))
    return image[y : y + sizes[0], x : x + sizes[1]]


def noise(image: Pixels, rng: np.random.Generator, share: float) -> Pixels:
    """Gaussian noise with a standard deviation of ``share`` of the range."""
    low, high = np.percentile(image, [0.5, 99.5])
    return np.asarray(np.clip(image + rng.normal(0, share * (high - low), image.shape) + 0.5, 0, 255)).astype(np.uint8)


def window(image: Pixels) -> Pixels:
    """Soft tissue (-160 to 240 HU) where samples are Hounsfield units, else percentiles 10 to 90: the rest is lost."""
    hounsfield = image.dtype == np.int16 and image.min() < -500
    ends = (-160.0, 240.0) if hounsfield else tuple(float(v) for v in np.percentile(image, [10, 90]))
    return to_8_bit(image, *ends)


def moved(image: Pixels, rng: np.random.Generator) -> Pixels:
    """A random flip and quarter turn."""
    turned = np.rot90(image, int(rng.integers(0, 4)))
    return np.ascontiguousarray(turned[::-1] if rng.integers(0, 2) else turned)


def halved(image: Pixels) -> Pixels:
    picture = Picture.fromarray(to_8_bit(image))
    return np.array(picture.resize((picture.width // 2, picture.height // 2), Picture.Resampling.LANCZOS))


def rotated(image: Pixels, rng: np.random.Generator) -> Pixels:
    degrees = float(rng.uniform(-15, 15))
    return np.array(Picture.fromarray(to_8_bit(image)).rotate(degrees, Picture.Resampling.BICUBIC))


DEFAULT: dict[str, Path8] = {
    "no change": lambda image, _: image,
    "DICOM→NIfTI→PNG→JPEG 75": lambda image, _: jpeg(png(to_8_bit(through_dicom_and_nifti(image))), 75),
    "DICOM→NIfTI→PNG→JPEG 50": lambda image, _: jpeg(png(to_8_bit(through_dicom_and_nifti(image))), 50),
    "crop to 50 % of the area": lambda image, rng: crop(to_8_bit(image), rng, 0.5**0.5),
    "crop to 50 % of each side": lambda image, rng: crop(to_8_bit(image), rng, 0.5),
    "noise, σ 2 % of the range": lambda image, rng: noise(to_8_bit(image), rng, 0.02),
    "windowing": lambda image, _: window(image),
    "flip and turn, JPEG 75": lambda image, rng: jpeg(moved(to_8_bit(image), rng), 75),
    "crop to 50 % of the area, JPEG 50": lambda image, rng: jpeg(crop(to_8_bit(image), rng, 0.5**0.5), 50),
}
THOROUGH: dict[str, Path8] = {
    "half-resize": lambda image, _: halved(image),
    "rotation within ±15°": rotated,
}
JPEGS: dict[str, Path8] = {name: DEFAULT[name] for name in list(DEFAULT)[:3]}


def interval(hits: int, n: int) -> str:
    """Share and its exact 95 % interval (Clopper and Pearson 1934)."""
    found = stats.binomtest(hits, n).proportion_ci(0.95, "exact")
    return f"{100 * hits / n:.1f} % ({100 * found.low:.1f}–{100 * found.high:.1f}, n {n})"


def marked(image: Pixels, strength: float) -> tuple[Pixels, list[float]] | None:
    """The marked image and the largest, rms and mean change of its samples in % of their range; None: no room."""
    try:
        after = embed(image, axes=axes_of(image), strength=strength)
    except NoRoomForMark:
        return None
    low, high = np.percentile(image, [0.5, 99.5])
    change = (after.astype(np.float64) - image) * 100 / max(high - low, 1e-9)
    return after, [float(np.abs(change).max()), float(np.sqrt((change**2).mean())), float(abs(change.mean()))]


@dataclass
class Row:
    """One source: how many were refused, the worst changes, and for each path how many of ``n`` marked were found."""

    name: str
    unit: str
    paths: tuple[str, ...]
    n: int = 0
    refused: int = 0
    worst: tuple[float, ...] = (0.0, 0.0, 0.0)
    hits: dict[str, int] = field(default_factory=dict)

    def cells(self) -> list[str]:
        """The row as text."""
        shares = [interval(self.hits.get(path, 0), self.n) if self.n else "none" for path in self.paths]
        worst = f"{self.worst[0]:.2f} / {self.worst[1]:.2f} / {self.worst[2]:.4f}"
        return [self.name, self.unit, str(self.refused), worst, *shares]

    def add(self, other: Row) -> None:
        """Count another source's images in."""
        self.n, self.refused = self.n + other.n, self.refused + other.refused
        self.worst = tuple(max(pair) for pair in zip(self.worst, other.worst, strict=True))
        self.hits = {path: self.hits.get(path, 0) + other.hits.get(path, 0) for path in self.paths}


def survive(source: Source, paths: dict[str, Path8], *, most: int, strength: float, thorough: bool = False) -> Row:
    """Mark a source's images, send them along every path, and look."""
    row = Row(source.name, source.unit, tuple(paths))
    for i, image in source.sample(most):
        found = marked(image, strength)
        if found is None:
            row.refused += 1
            continue
        after, change = found
        row.n += 1
        row.worst = tuple(max(pair) for pair in zip(row.worst, change, strict=True))
        for name, path in paths.items():
            moved_on = path(after, np.random.default_rng(i))
            hit = detect(moved_on, axes=axes_of(moved_on), thorough=thorough).p_value <= ALARM
            row.hits[name] = row.hits.get(name, 0) + int(hit)
    return row


def crops(sources: list[Source], side: int) -> list[Source]:
    """The same sources, cropped before marking to the middle ``side`` × ``side``."""

    def load(source: Source, i: int) -> Pixels:
        image = source.load(i)
        y, x = ((n - side) // 2 for n in image.shape[:2])
        return np.ascontiguousarray(image[y : y + side, x : x + side])

    return [
        Source(f"{s.name}, middle {side}²", s.modality, s.medical, s.unit, s.n, lambda i, s=s: load(s, i))  # type: ignore[misc]
        for s in sources
    ]


def table(rows: Iterable[Row], paths: dict[str, Path8]) -> None:
    """Print the rows, all of them together, and all of them with refused images counted as lost."""
    print("\n| source | counted | refused | worst max / rms / mean change, % of range | " + " | ".join(paths) + " |")
    print("|---|---|--:|--:|" + "--:|" * len(paths))
    pooled = Row("**all**", "image", tuple(paths))
    for row in rows:
        pooled.add(row)
        print("| " + " | ".join(row.cells()) + " |", flush=True)
    print("| " + " | ".join(pooled.cells()) + " |")
    if pooled.refused:
        pooled.name, pooled.n = "**all, the refused counted as lost**", pooled.n + pooled.refused
        print("| " + " | ".join(pooled.cells()) + " |")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("part", choices=("default", "thorough", "size", "strength"))
    arguments.add_argument("--most", type=int, default=400, help="images per source")
    chosen = arguments.parse_args()
    if chosen.part == "default":
        for sources in (large(), small()):
            table((survive(s, DEFAULT, most=chosen.most, strength=STRENGTH) for s in sources), DEFAULT)
    elif chosen.part == "thorough":
        table((survive(s, THOROUGH, most=chosen.most, strength=STRENGTH, thorough=True) for s in large()), THOROUGH)
    elif chosen.part == "size":
        for side in (64, 128, 192, 256):
            cut = crops(large()[:-1], side)
            table((survive(s, JPEGS, most=chosen.most, strength=STRENGTH) for s in cut), JPEGS)
    else:
        for strength in (0.002, 0.003, 0.005, 0.0075):  # 0.01 is the default table
            print(f"\nstrength {100 * strength:g} %")
            table((survive(s, JPEGS, most=chosen.most, strength=strength) for s in large()[:-1]), JPEGS)


if __name__ == "__main__":
    main()
