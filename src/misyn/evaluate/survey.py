"""Look at every image once before anything is measured: what it is, and what would make a comparison unfair.

Rules
-----
1. :func:`describe` runs in the engine's workers: a path in, plain JSON-like facts out.
2. An image that is mostly no numbers is an error row, not a measurement.
3. Facts are of the stored file (codec, depth, size), not of what preprocessing makes of it.

Example:
    >>> sample(np.arange(10), most=3)
    array([0, 4, 8])
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn import images
from misyn.canonical import record_digest
from misyn.errors import MalformedImage
from misyn.evaluate.preprocess import MOST_MISSING, full_range, planes, rgb
from misyn.images.image import Image
from misyn.images.limits import DEFAULT, Limits

Facts = Mapping[str, Any]

SAMPLES = 1 << 16  # samples looked at for percentiles of deep images
COLOURED = 0.04  # spread between channels, of the full range, from which a pixel has a colour
COLOURED_SHARE = 0.01  # share of such pixels from which an image does
TAILS = (0.5, 99.5)
SLICES = 8  # from which a stack of planes is a volume
SLICED = {"CT", "MR", "PT", "NM"}  # whose frames are slices


def describe(item: str, *, limits: Limits = DEFAULT) -> dict[str, Any]:
    """Read one file and say what it is.

    Args:
        item: path of the file.
        limits: what reading it may cost.

    Returns:
        ``digest`` of the pixels, ``format``, ``codec``, ``lossy``, ``quality`` (of a JPEG, or None), ``bits``,
        ``modality``, ``width``, ``height``, ``planes``, ``colour``, ``constant``, ``missing`` (samples that are no
        number), ``volume``, ``content`` (digest of all that preparing it depends on), and for images deeper than 8 bits
        ``low`` and ``high`` (percentiles 0.5 and 99.5), else None.

    Raises:
        UnreadableImage: the file does not read, or is mostly no numbers.
    """
    return facts_of(images.read(Path(item), limits=limits))


def facts_of(image: Image) -> dict[str, Any]:
    """Facts of an image already read, as :func:`describe`.

    Raises:
        MalformedImage: more than half of its samples are no numbers.
    """
    missing = _missing(image)
    if missing > MOST_MISSING * image.pixels.size:
        raise MalformedImage(
            f"expected an image of numbers, found {missing / image.pixels.size:.0%} of its samples NaN or infinite. "
            "Next: leave it out, or export it again",
            path=image.path,
        )
    quality = image.attributes.get("jpeg_quality")
    height, width = _size(image)
    low, high = _tails(image)
    return {
        "digest": image.digest,
        "format": image.format,
        "codec": image.codec,
        "lossy": image.lossy,
        "quality": int(quality) if quality and quality.isdigit() else None,
        "bits": image.bits or 8 * image.pixels.itemsize,
        "modality": image.modality,
        "width": width,
        "height": height,
        "planes": int(np.prod(image.shape[: image.axes.index("Y")], dtype=int)),
        "colour": _has_colour(image),
        "constant": bool(image.pixels.min() == image.pixels.max()),
        "missing": missing,
        "volume": is_volume(image),
        "content": _content(image),
        "low": low,
        "high": high,
    }


def is_volume(image: Image) -> bool:
    """Whether it has slices enough to be looked at from the side; a film of many frames is no volume.

    Example:
        >>> is_volume(Image(pixels=np.zeros((20, 4, 4)), axes="ZYX", format="nifti"))
        True
    """
    stacked = "Z" in image.axes or image.modality in SLICED
    return stacked and int(np.prod(image.shape[: image.axes.index("Y")], dtype=int)) >= SLICES


def _content(image: Image) -> str:
    """Digest of the samples and of every fact that decides how they are prepared, whatever file they came from."""
    terms = [np.atleast_1d(np.asarray(term, np.float64)).tolist() for term in (image.slope, image.intercept)]
    shaping = {key: image.attributes.get(key) for key in ("photometric", "exif_orientation")}
    facts = {"pixels": image.digest, "axes": image.axes, "terms": terms, "modality": image.modality}
    return record_digest(facts | shaping | {"bits": image.bits})


def _missing(image: Image) -> int:
    """Samples that are NaN or infinite; only floats can be."""
    if image.pixels.dtype.kind != "f":
        return 0
    return int(image.pixels.size - np.isfinite(image.pixels).sum())


def _size(image: Image) -> tuple[int, int]:
    """Height and width as shown, after the turn EXIF asks for."""
    height, width = image.shape[image.axes.index("Y") : image.axes.index("X") + 1]
    sideways = image.attributes.get("exif_orientation") in {"5", "6", "7", "8"}
    return (width, height) if sideways else (height, width)


def _tails(image: Image) -> tuple[float | None, float | None]:
    """Percentiles 0.5 and 99.5 of a deep image, from evenly spaced samples of evenly spaced planes."""
    if full_range(image) is not None:
        return None, None
    values = np.concatenate([sample(plane.ravel(), most=SAMPLES) for plane in planes(image)])
    values = values[np.isfinite(values)]
    if not values.size:  # the planes looked at are all missing, though the image is not
        return 0.0, 1.0
    low, high = np.percentile(values, TAILS)
    return float(low), float(high)


def sample(values: NDArray[Any], *, most: int) -> NDArray[Any]:
    """At most ``most`` evenly spaced values."""
    return values[:: -(-len(values) // most)]


def _has_colour(image: Image) -> bool:
    """Whether red, green and blue differ visibly anywhere that counts; grey stored as RGB has no colour."""
    if image.attributes.get("photometric") == "CMYK":
        return True
    middle = next(planes(image, most=1))
    colours = rgb(middle)
    if colours is None:
        return False
    low, high = full_range(image) or (float(np.nanmin(middle)), float(np.nanmax(middle)))
    spread = colours.max(axis=2) - colours.min(axis=2)
    return bool(np.mean(spread > COLOURED * max(high - low, 1e-9)) > COLOURED_SHARE)
