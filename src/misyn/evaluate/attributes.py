"""What anyone can see of an image, in numbers: brightness, contrast, sharpness, grain, colour.

Rules
-----
1. Each attribute is one number per image with a name and a plain word for what more of it looks like.
2. They are measured on prepared images (:mod:`misyn.evaluate.preprocess`), so that size and codec are alike.
3. Colour attributes exist for colour images only; elsewhere they are NaN.
4. The typology angle (ITA) is estimated from pixels of the whole image in unknown light. It is not skin type, and is
   named so wherever it is shown.

Sources: Immerkær 1996 (noise); van der Schaaf and van Hateren 1996 (slope of the spectrum); Chardon et al. 1991 (ITA);
CIE 1976 L*a*b*.

Example:
    >>> flat = np.full((32, 32), 0.5, np.float32)
    >>> found = describe([flat])
    >>> round(found["brightness"], 3), found["contrast"], found["redness"]
    (0.5, 0.0, None)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Plane = NDArray[np.float32]
Floats = NDArray[np.float64]

FLOOR = 1 / 255
NOISE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


@dataclass(frozen=True)
class Attribute:
    """One attribute: its name, what an image with more of it is called, and what it is."""

    name: str
    more: str
    what: str


ATTRIBUTES = (
    Attribute("brightness", "brighter", "mean grey value"),
    Attribute("contrast", "richer in contrast", "standard deviation of grey values"),
    Attribute("sharpness", "sharper", "log of the mean square of second differences over that of the grey values"),
    Attribute("grain", "grainier", "log of the noise estimated from 3 × 3 pixels (Immerkær)"),
    Attribute("fine_detail", "richer in fine detail", "slope of the radial power spectrum in log-log scale"),
    Attribute("saturation", "more colourful", "mean of largest minus smallest colour"),
    Attribute("redness", "redder", "mean a* of CIE L*a*b*"),
    Attribute("yellowness", "yellower", "mean b* of CIE L*a*b*"),
    Attribute(
        "ita",
        "lighter in the angle of skin colour",
        "ITA of the median colour; estimated from pixels, not skin type",
    ),
)


def describe(planes: Sequence[Plane]) -> dict[str, float | None]:
    """Every attribute of one image, the mean over its planes.

    Args:
        planes: (Y, X) or (Y, X, 3) in [0, 1], at least one.

    Returns:
        Name → number; None where it does not apply.
    """
    rows = np.array([_of_plane(plane) for plane in planes], np.float64)
    mean = rows.mean(axis=0)
    return {a.name: float(v) if math.isfinite(v) else None for a, v in zip(ATTRIBUTES, mean, strict=True)}


def row(found: Mapping[str, float | None]) -> list[float]:
    """The attributes in order, NaN for None."""
    return [math.nan if found[a.name] is None else float(found[a.name] or 0.0) for a in ATTRIBUTES]


def _of_plane(plane: Plane) -> list[float]:
    grey = plane if plane.ndim == 2 else plane @ np.array([0.299, 0.587, 0.114], np.float32)
    spread = float(grey.std())
    return [
        float(grey.mean()),
        spread,
        math.log((float(np.mean(ndimage.laplace(grey) ** 2)) + FLOOR**2) / (spread**2 + FLOOR**2)),
        math.log(noise(grey) + FLOOR / 10),
        _slope(grey),
        *(_colours(plane) if plane.ndim == 3 else (math.nan,) * 4),
    ]


def noise(grey: Plane) -> float:
    """Noise after Immerkær: the mean of an operator that structure hardly touches."""
    return float(np.sqrt(np.pi / 2) / 6 * np.abs(ndimage.convolve(grey, NOISE)).mean())


def _slope(grey: Plane) -> float:
    """Slope of log power over log frequency, from 1/32 to 1/2 cycles per pixel."""
    bell = np.outer(*(np.hanning(n + 2)[1:-1] for n in grey.shape))
    power = np.abs(fft.rfft2((grey - grey.mean()) * bell)) ** 2
    radius = np.hypot(np.fft.fftfreq(grey.shape[0])[:, None], np.fft.rfftfreq(grey.shape[1]))
    borders = np.geomspace(1 / 32, 1 / 2, 9)
    ring = np.digitize(radius.ravel(), borders)
    count = np.bincount(ring, minlength=10)[1:9]
    mean = np.bincount(ring, power.ravel(), minlength=10)[1:9] / np.maximum(count, 1)
    kept = count > 0
    if kept.sum() < 2:
        return math.nan
    logs, place = np.log(mean[kept] + FLOOR**2), np.log(np.sqrt(borders[1:] * borders[:-1]))[kept]
    place = place - place.mean()
    return float(np.sum(place * logs) / np.sum(place**2))


def _colours(plane: Plane) -> tuple[float, float, float, float]:
    """Saturation, redness, yellowness, and the typology angle of the median colour."""
    small = plane[:: max(1, plane.shape[0] // 64), :: max(1, plane.shape[1] // 64)].astype(np.float64).reshape(-1, 3)
    lightness, red, yellow = _lab(small).T
    angle = math.degrees(math.atan2(float(np.median(lightness)) - 50, float(np.median(yellow))))
    return float((small.max(axis=1) - small.min(axis=1)).mean()), float(red.mean()), float(yellow.mean()), angle


def _lab(rgb: Floats) -> Floats:
    """CIE L*a*b* (D65) of sRGB colours in [0, 1]: (N, 3) to (N, 3)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    ratio = linear @ XYZ.T / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
