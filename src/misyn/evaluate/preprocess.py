"""Bring images of different sizes, depths, colours and codecs to one form, so that not those are what is measured.

Rules
-----
1. One :class:`Plan` serves every set of a study: the same window, crop, size, depth, colours and JPEG quality for all.
2. Order: choose planes → turn as EXIF says → fill what is no number → window to [0, 1] → colours → crop to the common
   aspect → scale (Pillow, bicubic with antialiasing) → encode and decode as JPEG where any set was lossy.
3. Images of up to 8 bits keep their full range. Deeper ones are windowed by fixed values of their modality, decided
   once from the medical images (:mod:`misyn.evaluate.plan`), never per image: brightness is a fact, not a nuisance.
4. What differed before can leave a trace that no preprocessing removes; caveats say so.
5. A volume or series is described by at most :data:`PLANES` evenly spaced planes; where all sets are volumes, also by
   as many planes at right angles to them (:mod:`misyn.evaluate.volume`).

Example:
    >>> ramp = np.tile(np.arange(0, 250, 5, dtype=np.uint8), (40, 1))
    >>> plan = Plan(width=20, height=20, colour=False)
    >>> [(p.shape, p.dtype.name) for p in prepared(Image(pixels=ramp, axes="YX", format="png", bits=8), plan)]
    [((20, 20), 'float32')]
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from misyn.images.image import Image

Plane = NDArray[np.float32]

PLANES = 16
MOST_MISSING = 0.5  # share of samples that are no number above which an image is left out
ANY = "any"  # the window of modalities that have none of their own


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is done to every image of a study.

    Attributes:
        width, height: common size in pixels; images are first cropped around their centre to its aspect.
        colour: RGB if true, else grey (ITU-R BT.601).
        quality: JPEG quality every image is encoded and decoded with, or None.
        eight_bit: whether grey values are rounded to 256 levels, because some set has no more.
        windows: (modality or :data:`ANY`, low, high) for images deeper than 8 bits, in physical units.
        volumes: whether all sets are volumes, each described as one (:mod:`misyn.evaluate.volume`).
    """

    width: int
    height: int
    colour: bool
    quality: int | None = None
    eight_bit: bool = True
    windows: tuple[tuple[str, float, float], ...] = ()
    volumes: bool = False

    @property
    def window_of(self) -> Mapping[str, tuple[float, float]]:
        """Windows by modality."""
        return {name: (low, high) for name, low, high in self.windows}

    def as_json(self) -> dict[str, Any]:
        """The plan as it is recorded with every result."""
        return {
            "size": f"{self.width}x{self.height}",
            "crop": "centre, to the aspect of size",
            "resample": "bicubic, antialiased",
            "colour": "rgb" if self.colour else "grey",
            "levels": 256 if self.eight_bit else None,
            "jpeg_quality": self.quality,
            "windows": {name: [low, high] for name, low, high in self.windows},
            "planes": PLANES,
            "volumes": "as one" if self.volumes else "plane by plane",
        }


def prepared(image: Image, plan: Plan) -> Iterator[Plane]:
    """Yield the planes of an image, prepared: (height, width) or (height, width, 3) float32 in [0, 1]."""
    for plane in planes(image):
        yield _scaled(_cropped(_shown(plane, image, plan), plan), plan)


def whole(plane: Plane, image: Image, plan: Plan) -> Plane:
    """Prepare one plane of physical values without cropping it, whatever its proportions."""
    return _scaled(_shown(plane, image, plan), plan)


def _shown(plane: Plane, image: Image, plan: Plan) -> Plane:
    """Fill, window and colour one plane of physical values."""
    low, high = window(image, plan)
    unit = np.clip((filled(plane) - low) / (high - low), 0, 1)
    if image.attributes.get("photometric") == "MONOCHROME1":  # low values are shown white
        unit = 1 - unit
    return _coloured(unit, plan, inks=image.attributes.get("photometric") == "CMYK")


def planes(image: Image, *, most: int = PLANES) -> Iterator[Plane]:
    """Yield at most ``most`` evenly spaced planes of physical values, turned as EXIF says: (Y, X) or (Y, X, C)."""
    start = image.axes.index("Y")
    stack = image.pixels.reshape((-1, *image.pixels.shape[start:]))
    frames = image.pixels.shape[0] if start else 1
    orientation = int(image.attributes.get("exif_orientation", 1))
    for index in np.unique(np.linspace(0, len(stack) - 1, min(most, len(stack))).round().astype(int)):
        frame = index * frames // len(stack)
        slope, intercept = (_of_frame(term, frame) for term in (image.slope, image.intercept))
        yield turned((stack[index] * slope + intercept).astype(np.float32, copy=False), orientation)


def _of_frame(term: float | NDArray[np.float64], frame: int) -> float:
    return float(term[frame]) if isinstance(term, np.ndarray) else float(term)


def turned(plane: Plane, orientation: int) -> Plane:
    """Show a plane upright: the eight cases of EXIF's Orientation (CIPA DC-008, tag 0x0112).

    Example:
        >>> turned(np.array([[1, 2], [3, 4]], np.float32), 6).tolist()
        [[3.0, 1.0], [4.0, 2.0]]
    """
    if orientation in {2, 4}:
        return plane[:, ::-1] if orientation == 2 else plane[::-1]
    if orientation in {5, 7}:
        swapped = plane.swapaxes(0, 1)
        return swapped if orientation == 5 else swapped[::-1, ::-1]
    quarters = {3: 2, 6: -1, 8: 1}.get(orientation, 0)
    return np.rot90(plane, quarters)


def filled(plane: Plane) -> Plane:
    """Replace NaN and infinity by the median of the other samples (0 where there is none)."""
    finite = np.isfinite(plane)
    if finite.all():
        return plane
    middle = np.float32(np.median(plane[finite])) if finite.any() else np.float32(0)
    return np.where(finite, plane, middle)


def window(image: Image, plan: Plan) -> tuple[float, float]:
    """The physical values that become 0 and 1 (rule 3); ``high`` > ``low``."""
    full = full_range(image)
    if full is not None:
        return full
    known = plan.window_of
    return known.get(image.modality or ANY, known.get(ANY, (0.0, 1.0)))


def full_range(image: Image) -> tuple[float, float] | None:
    """The range of an image of at most 8 bits whose samples mean no physical unit; None for a deeper one.

    Example:
        >>> full_range(Image(pixels=np.ones((2, 2), np.uint8), axes="YX", format="png", bits=4))
        (0.0, 15.0)
    """
    plain = isinstance(image.slope, float | int) and isinstance(image.intercept, float | int)
    if image.pixels.dtype.kind not in "ub" or image.pixels.itemsize > 1:
        return None
    if not plain or (image.slope, image.intercept) != (1, 0):
        return None
    levels = float((1 << min(image.bits or 8, 8)) - 1)
    return 0.0, levels if image.pixels.max(initial=0) <= levels else 255.0


def rgb(plane: Plane, *, inks: bool = False) -> Plane | None:
    """The colours of a plane in [0, 1], (Y, X, 3), or None for grey; transparency is dropped, inks are mixed."""
    if plane.ndim == 2 or plane.shape[2] < 3:
        return None
    if inks and plane.shape[2] >= 4:
        return (1 - plane[..., :3]) * (1 - plane[..., 3:4])
    return plane[..., :3]


def _coloured(plane: Plane, plan: Plan, *, inks: bool) -> Plane:
    """Bring a plane in [0, 1] to the plan's colours."""
    colours = rgb(plane, inks=inks)
    if colours is None:
        grey = plane if plane.ndim == 2 else plane[..., 0]
        return np.repeat(grey[..., None], 3, axis=2) if plan.colour else grey
    if plan.colour:
        return colours
    return np.asarray(0.299 * colours[..., 0] + 0.587 * colours[..., 1] + 0.114 * colours[..., 2], np.float32)


def _cropped(plane: Plane, plan: Plan) -> Plane:
    """Cut the largest centred part with the plan's aspect."""
    height, width = plane.shape[:2]
    wanted = plan.width / plan.height
    new_width = min(width, max(1, round(height * wanted)))
    new_height = min(height, max(1, round(width / wanted)))
    top, left = (height - new_height) // 2, (width - new_width) // 2
    return plane[top : top + new_height, left : left + new_width]


def _scaled(plane: Plane, plan: Plan) -> Plane:
    """Scale, and pass through JPEG where the plan says so."""
    size = (plan.width, plan.height)
    if not plan.eight_bit and plan.quality is None:
        return _scaled_deep(plane, size)
    picture = PIL.Image.fromarray(np.round(plane * 255).astype(np.uint8))
    if picture.size != size:
        picture = picture.resize(size, PIL.Image.Resampling.BICUBIC)
    if plan.quality is not None:
        picture = _through_jpeg(picture, plan.quality)
    return np.asarray(picture, np.float32) / np.float32(255)


def _scaled_deep(plane: Plane, size: tuple[int, int]) -> Plane:
    """Scale in float, channel by channel."""
    if plane.shape[1::-1] == size:
        return np.ascontiguousarray(plane)
    channels = plane[..., None] if plane.ndim == 2 else plane
    scaled = [
        np.asarray(PIL.Image.fromarray(np.ascontiguousarray(c)).resize(size, PIL.Image.Resampling.BICUBIC))
        for c in np.moveaxis(channels, 2, 0)
    ]
    stacked = np.clip(np.stack(scaled, axis=-1), 0, 1)
    return np.asarray(stacked[..., 0] if plane.ndim == 2 else stacked, np.float32)


def _through_jpeg(picture: PIL.Image.Image, quality: int) -> PIL.Image.Image:
    """Encode and decode in memory, chroma at half resolution as most cameras and tools do."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, subsampling="4:2:0")
    file.seek(0)
    decoded = PIL.Image.open(file, formats=["JPEG"])
    decoded.load()
    return decoded
