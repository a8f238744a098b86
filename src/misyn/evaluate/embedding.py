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
    >>> map_of(line).place(line).round(3).tolist()
    [[-1.414, 0.0], [0.0, 0.0], [1.414, 0.0]]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

Floats = NDArray[np.float64]

FLAT = 1e-12  # variance, relative to the largest, below which an axis shows nothing


@dataclass(frozen=True, eq=False)
class Map:
    """Where a feature vector lies on the map.

    Attributes:
        centre: (D,) the mean of the medical images.
        axes: (D, 2) unit vectors, or zeros where nothing varies.
    """

    centre: Floats
    axes: Floats

    def place(self, points: Floats) -> Floats:
        """Coordinates of (M, D) features: (M, 2), rounded to 1e-6 so that they do not depend on the machine."""
        return np.round((points - self.centre) @ self.axes, 6) + 0.0  # no negative zero


def map_of(medical: Floats) -> Map:
    """The map of the medical images.

    Args:
        medical: (N, D) features that make the map.
    """
    centre = medical.mean(axis=0)
    centred = medical - centre
    dimension = medical.shape[1]
    values, vectors = eigh(centred.T @ centred, subset_by_index=[max(0, dimension - 2), dimension - 1])
    axes = vectors[:, ::-1] * (values[::-1] > FLAT * max(values[-1], 1e-300))
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    found = np.zeros((dimension, 2))
    found[:, : axes.shape[1]] = axes * np.where(largest < 0, -1.0, 1.0)
    return Map(centre, found)
