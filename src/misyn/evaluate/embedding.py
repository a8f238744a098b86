"""A flat map of the images, the same every time.

Rules
-----
1. Two principal components of the medical images; synthetic images are placed on that map, so that a collapsed
   technique cannot bend it.
2. Signs are fixed (the largest loading is positive): no random start, no seed.
3. A map shows neighbourhoods roughly. No number is ever read off it.

Source: Pearson 1901 (principal components).

Example:
    >>> line = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    >>> flat(line, line).round(3).tolist()
    [[-1.414, 0.0], [0.0, 0.0], [1.414, 0.0]]
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def flat(medical: Floats, points: Floats) -> Floats:
    """Place points on the map of the medical images.

    Args:
        medical: (N, D) features that make the map.
        points: (M, D) features to place.

    Returns:
        (M, 2) coordinates, in units of the features, rounded to 1e-6 so that they do not depend on the machine.
    """
    centre = medical.mean(axis=0)
    centred = medical - centre
    values, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :2]
    axes = axes * (values[::-1][:2] > 1e-12 * max(values[-1], 1e-300))  # no axis where nothing varies
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    axes = axes * np.where(largest < 0, -1.0, 1.0)
    placed = np.zeros((len(points), 2))
    placed[:, : axes.shape[1]] = (points - centre) @ axes
    rounded: Floats = np.round(placed, 6) + 0.0  # no negative zero
    return rounded
