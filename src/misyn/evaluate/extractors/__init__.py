"""Extractors: from one prepared image to numbers that distances can be measured between.

Rules
-----
1. Each extractor is a small object in a module of its own; :data:`misyn.evaluate.features.EXTRACTORS` lists them in
   order, the first being the default.
2. What it does to the pixels (size, colours) is part of its name: results of two extractors are never mixed.
3. One that needs an optional package says which, and how to install it, and works offline.

Example:
    >>> from misyn.evaluate.features import EXTRACTORS
    >>> EXTRACTORS[0].name, EXTRACTORS[0].missing()
    ('texture', None)
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]


class Extractor(Protocol):
    """What every extractor offers. See ``texture.py`` for one, and the README's recipe for adding another."""

    @property
    def name(self) -> str:
        """Short and unique; ``--features`` takes it."""

    @property
    def version(self) -> int:
        """Raised whenever the same pixels would give other numbers."""

    @property
    def size(self) -> int:
        """Side of the square, in pixels, to which it scales every image."""

    def blocks(self, *, colour: bool) -> tuple[tuple[str, int], ...]:
        """Names and lengths of the parts of a vector, in order; each part weighs the same in a distance."""

    def extract(self, pixels: Pixels) -> NDArray[np.float32]:
        """Describe one prepared plane.

        Args:
            pixels: (Y, X) or (Y, X, 3) in [0, 1].

        Returns:
            (D,) finite numbers, D the sum of the blocks' lengths.
        """

    def missing(self) -> str | None:
        """None where it can run here, else a sentence that says what to install."""
