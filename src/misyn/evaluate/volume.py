"""A volume as one thing: what its planes show, how they differ, and how it looks from the other two directions.

Rules
-----
1. Used where every set of a study consists of volumes; a volume beside single planes is described by the mean of its
   planes, and a caveat says what that is worth.
2. Three parts, in this order: the mean over its planes, their spread, and the mean over planes at right angles to them.
   Planes put into another order, or drawn each from another patient, keep the first two and lose the third.
3. Planes at right angles are evenly spaced, show the whole field of view, and are scaled to the study's common size
   whatever the distance between planes: a volume with other proportions therefore looks different, as it should.

Source: misyn.

Example:
    >>> blocks((("grey", 3),))
    (('planes: grey', 3), ('spread: grey', 3), ('across: grey', 3))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from misyn.evaluate.preprocess import PLANES, Plan, whole
from misyn.images.image import Image

Floats = NDArray[np.float64]
Extract = Callable[[NDArray[np.float32]], NDArray[np.float32]]

PARTS = ("planes", "spread", "across")


def vector(image: Image, plan: Plan, *, extract: Extract, planes: Floats) -> Floats:
    """Describe a volume.

    Args:
        image: with an axis of slices.
        plan: of the study.
        extract: from a prepared plane to (D,).
        planes: (P, D) of its prepared planes.

    Returns:
        (3 D,).
    """
    turned = np.array([extract(plane) for plane in across(image, plan)], np.float64)
    return np.concatenate([planes.mean(axis=0), planes.std(axis=0), turned.mean(axis=0)])


def blocks(of_plane: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """Names and lengths of the parts of such a vector."""
    return tuple((f"{part}: {name}", length) for part in PARTS for name, length in of_plane)


def across(image: Image, plan: Plan) -> Iterator[NDArray[np.float32]]:
    """Yield evenly spaced planes at right angles to the stored ones, prepared: half along Y, half along X."""
    start = image.axes.index("Y")
    stack = image.pixels.reshape((-1, *image.pixels.shape[start:]))
    slices = len(stack)
    slope, intercept = (_per_slice(term, slices) for term in (image.slope, image.intercept))
    for axis in (1, 2):
        for index in np.linspace(0, stack.shape[axis] - 1, PLANES // 2 + 2)[1:-1].round().astype(int):
            plane = np.take(stack, index, axis=axis)
            extra = (1,) * (plane.ndim - 1)
            physical = plane * slope.reshape(-1, *extra) + intercept.reshape(-1, *extra)
            yield whole(physical.astype(np.float32), image, plan)


def _per_slice(term: float | Floats, slices: int) -> Floats:
    """A number for every slice; of several frames each holds as many slices."""
    values = np.atleast_1d(np.asarray(term, np.float64))
    return np.repeat(values, -(-slices // len(values)))[:slices]
