"""How far is a picture from the one it should be? Error and likeness, over the whole and by region.

Rules
-----
1. Both pictures are grey, in [0, 1] of the range of the one that is compared with; both have its size.
2. *error*: mean absolute difference. *psnr*: peak signal-to-noise ratio in decibels, at most :data:`MOST` (equal
   pictures have none). *ssim*: structural similarity, with the window of the paper (Gaussian, width 1.5).
3. Regions come from a mask where there is one (``marked``, ``unmarked``), else from the place in the picture
   (``centre``: the middle third of both sides; ``border``: the rest). A region without pixels has no number.

Sources: Wang et al., IEEE Trans. Image Process. 2004 (SSIM), as scikit-image computes it.

Example:
    >>> picture = np.random.default_rng(0).random((48, 48)).astype(np.float32)
    >>> found = compared(picture, picture, regions=thirds(picture.shape))
    >>> found["centre"]["ssim"], found["whole"]["error"], found["whole"]["psnr"]
    (1.0, 0.0, 100.0)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage import metrics, transform

Plane = NDArray[np.float32]
Bools = NDArray[np.bool_]

MOST = 100.0
SMALLEST = 11  # pixels of a side, under which the window of SSIM does not fit
WHOLE = "whole"


def compared(picture: Plane, wanted: Plane, *, regions: Mapping[str, Bools]) -> dict[str, dict[str, float]]:
    """Error, PSNR and SSIM over the whole and by region.

    Args:
        picture: (Y, X) in [0, 1].
        wanted: (Y, X) likewise.
        regions: name → (Y, X) bool.

    Returns:
        Region → measure → number; ``ssim`` is left out where a side has under :data:`SMALLEST` pixels.
    """
    difference = np.abs(picture.astype(np.float64) - wanted)
    likeness = None
    if min(picture.shape) >= SMALLEST:
        likeness = _similarity(
            picture, wanted, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
        )[1]
    everywhere = {WHOLE: np.ones(picture.shape, bool), **regions}
    return {name: _of(difference, likeness, inside) for name, inside in everywhere.items() if inside.any()}


_similarity: Any = metrics.structural_similarity  # scikit-image publishes no types
_resize: Any = transform.resize


def _of(difference: NDArray[np.float64], likeness: NDArray[np.float64] | None, inside: Bools) -> dict[str, float]:
    square = float(np.mean(difference[inside] ** 2))
    found = {
        "error": float(difference[inside].mean()),
        "psnr": MOST if square <= 0 else min(MOST, -10 * np.log10(square)),
    }
    return found if likeness is None else found | {"ssim": float(likeness[inside].mean())}


def resized(plane: Plane, shape: tuple[int, ...], *, order: int = 3) -> Plane:
    """A plane at another size: cubic and antialiased, or the nearest pixel where ``order`` is 0."""
    return np.asarray(_resize(plane, shape, order=order, anti_aliasing=order > 0), np.float32)


def thirds(shape: tuple[int, ...]) -> dict[str, Bools]:
    """The middle third of both sides, and the rest.

    Example:
        >>> {name: int(inside.sum()) for name, inside in thirds((9, 9)).items()}
        {'centre': 9, 'border': 72}
    """
    centre = np.zeros(shape, bool)
    centre[shape[0] // 3 : shape[0] - shape[0] // 3, shape[1] // 3 : shape[1] - shape[1] // 3] = True
    return {"centre": centre, "border": ~centre}
