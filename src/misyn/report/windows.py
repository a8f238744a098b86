"""Turn one image of any depth into grey levels or colours that a screen can show.

Rules
-----
1. 8-bit samples are shown as they are: a change of brightness between two images must stay visible.
2. Deeper samples are spread between their 1st and 99th percentile, so that one hot pixel does not make a picture black.
3. CT in Hounsfield units is shown through one fixed window, the same for every image.
4. Volumes, frames and pages are shown by their middle plane. What was done is said in :attr:`Shown.note`.

Follows DICOM PS3.3 C.7.6.3.1.2 (MONOCHROME1 is shown inverted) and C.11.2.1.2 (linear windows).

Example:
    >>> import numpy as np
    >>> from misyn.images.image import Image
    >>> shown = show(Image(pixels=np.arange(12, dtype=np.uint16).reshape(3, 2, 2) * 4000, axes="ZYX", format="nrrd"))
    >>> shown.grey.dtype.name, shown.note
    ('uint8', 'plane 2 of 3, brightness stretched')
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.images.image import Image

CT_LOW, CT_HIGH = -1000.0, 400.0
PERCENTILES = (1.0, 99.0)
LARGE = 2048


@dataclass(frozen=True, eq=False)
class Shown:
    """Samples for a screen, uint8, shape (Y, X) or (Y, X, 3), and what was done to get them."""

    grey: NDArray[np.uint8]
    note: str


def show(image: Image) -> Shown:
    """Choose the middle plane of an image and bring it to 8 bits.

    Args:
        image: any image; NaN and infinite samples are shown as the darkest level.
    """
    plane, notes = _middle(image)
    plane = _three_channels(plane) if image.axes.endswith("C") else plane
    if plane.dtype == np.uint8:
        grey = plane
    elif image.modality == "CT" and plane.min() < 0:
        grey = _spread(plane, CT_LOW, CT_HIGH)
        notes.append(f"CT window {CT_LOW:.0f} to {CT_HIGH:.0f} HU".replace("-", "−"))
    else:
        grey = _spread(plane, *_robust_range(plane))
        notes.append("brightness stretched")
    if image.attributes.get("photometric") == "MONOCHROME1":
        grey = 255 - grey
    return Shown(grey, ", ".join(notes))


def _middle(image: Image) -> tuple[NDArray[Any], list[str]]:
    """Take the middle plane's physical values, thinned where it is huge, without converting the whole volume."""
    first = image.axes.index("Y")
    planes = image.pixels.reshape((-1, *image.shape[first:]))
    middle, step = len(planes) // 2, max(1, max(planes.shape[1:3]) // LARGE)
    frame = middle * image.shape[0] // len(planes) if first else 0
    slope, intercept = (_of_frame(term, frame) for term in (image.slope, image.intercept))
    plane = planes[middle][::step, ::step]
    if plane.dtype != np.uint8 or (slope, intercept) != (1.0, 0.0):
        plane = plane.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    return plane, [f"plane {middle + 1} of {len(planes)}"] if len(planes) > 1 else []


def _of_frame(term: float | NDArray[np.float64], frame: int) -> float:
    """One term of the rescale, for one frame."""
    return float(term.reshape(-1)[frame]) if isinstance(term, np.ndarray) else term


def _three_channels(plane: NDArray[Any]) -> NDArray[Any]:
    """Keep what a screen can show: grey or three colours; transparency and further channels are left out."""
    return plane[..., :3] if plane.shape[-1] >= 3 else plane[..., 0]


def _robust_range(plane: NDArray[Any]) -> tuple[float, float]:
    """The range between two percentiles of the finite samples, or their full range where that is empty."""
    finite = plane[np.isfinite(plane)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.percentile(finite, PERCENTILES)
    return (float(low), float(high)) if high > low else (float(finite.min()), float(finite.max()))


def _spread(plane: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Map [low, high] to [0, 255]; a constant plane becomes middle grey."""
    if high <= low:
        return np.full(plane.shape, 128, np.uint8)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = (plane.astype(np.float32) - np.float32(low)) * np.float32(255.0 / (high - low))
    shown: NDArray[np.uint8] = np.clip(np.nan_to_num(scaled, nan=0.0, posinf=255.0, neginf=0.0), 0, 255).astype(
        np.uint8
    )
    return shown
