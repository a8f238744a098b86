"""How large the marked anatomy is: the size of masks, where a study has masks on both sides.

Rules
-----
1. A mask belongs to the image of the same name without ending. A name that several masks bear belongs to none. Images
   without a mask are left out of these measures alone, and counted in a caveat.
2. Size is the share of the picture, or of the volume, that is not background; parts are its separate pieces (touching
   at a side), those of a single pixel left out. Above half of the largest value is inside, so that a mask saved as JPEG
   keeps its border; of labelled organs all together. An empty mask has size 0.
3. The mask is measured as stored, before anything is cropped.

Example:
    >>> corner = np.zeros((10, 10), np.uint8)
    >>> corner[:5, :2] = 255
    >>> size_of(corner)
    (0.1, 1)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from misyn import images
from misyn.evaluate.attributes import Attribute
from misyn.evaluate.form import sentence
from misyn.evaluate.sets import NAMES
from misyn.images.collection import Collection
from misyn.images.folder import images_in
from misyn.images.limits import DEFAULT, Limits
from misyn.results import Caveat

ANATOMY = (
    Attribute("anatomy_size", "larger in the marked anatomy", "share of the picture inside its mask"),
    Attribute("anatomy_parts", "in more separate parts in the marked anatomy", "separate parts of its mask"),
)


def describe(item: str, *, limits: Limits = DEFAULT) -> dict[str, Any]:
    """Read one mask: ``{"anatomy_size": share, "anatomy_parts": count}``.

    Raises:
        UnreadableImage: the file does not read.
    """
    image = images.read(Path(item), limits=limits)
    values = image.pixels[..., 0] if image.axes.endswith("C") else image.pixels
    size, parts = size_of(values)
    return {"anatomy_size": size, "anatomy_parts": parts}


def size_of(mask: NDArray[Any]) -> tuple[float, int]:
    """Share of a mask that is not background, and its separate parts.

    Args:
        mask: (Y, X) or (Z, Y, X); two values, labels, or grey values with a border blurred by compression.
    """
    inside = _inside(np.asarray(mask))
    pieces, _ = ndimage.label(inside)
    sizes = np.bincount(pieces.ravel())[1:]
    return float(inside.mean()), int((sizes > 1).sum())


def _inside(mask: NDArray[Any]) -> NDArray[np.bool_]:
    """Labels count from 1; more than that of an 8-bit picture is grey values (rule 2)."""
    high = mask.max(initial=0)
    if mask.dtype == np.uint8 and high > 127:  # a picture of a mask: white is inside
        return np.asarray(mask > high / 2)
    return np.asarray(mask > 0)


def of_images(collection: Collection, folder: Path) -> dict[str, str]:
    """Image path → mask path, for the images that have one (rule 1).

    Raises:
        InputError: there is no such folder.
        NoImages: nothing in it is an image.
    """
    found = images_in(folder).files
    names = Counter(_name(file.path) for file in found)
    known = {_name(file.path): str(file.path) for file in found if names[_name(file.path)] == 1}
    return {str(item.path): known[_name(item.path)] for item in collection.items if _name(item.path) in known}


def _name(path: Path) -> str:
    return path.name.split(".", 1)[0]


def row(found: Mapping[str, Any] | None) -> list[float]:
    """The numbers of one image in the order of :data:`ANATOMY`, NaN without a mask."""
    return [float("nan") if found is None else float(found[a.name]) for a in ANATOMY]


def missing(origin: str, collection: Collection, masks: Mapping[str, str], read: Mapping[str, Any]) -> list[Caveat]:
    """Say how many images of a set have no mask that reads; nothing where all have one."""
    without = sum(masks.get(str(item.path)) not in read for item in collection.items)
    if not without:
        return []
    return [
        Caveat(
            "masks-missing",
            f"{sentence(NAMES[origin])}: {without} of {len(collection)} have no mask of their own name that can be "
            "read; the size of the marked anatomy speaks of the others only",
        )
    ]
