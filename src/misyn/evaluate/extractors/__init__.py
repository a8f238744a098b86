"""Extractors: from one prepared image to numbers that distances can be measured between.

Rules
-----
1. Each extractor is a small object in a module of its own; :mod:`misyn.evaluate.extractors.known` lists them in order,
   the first being the default.
2. What it does to the pixels (size, colours, scaling) and which weights it has are part of its name: results of two
   extractors are never mixed.
3. One that needs an optional package says which, and how to install it. None asks the network for anything.

Example:
    >>> from misyn.evaluate.extractors.known import EXTRACTORS
    >>> EXTRACTORS[0].name, EXTRACTORS[0].missing()
    ('texture', None)
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from misyn.errors import MissingExtra

Pixels = NDArray[np.float32]


class Extractor(Protocol):
    """What every extractor offers. See ``texture.py`` for one, and docs/measures.md for adding another."""

    @property
    def spec(self) -> str:
        """What ``--extractor`` takes to get this one, such as ``texture`` or ``onnx:model.onnx``."""

    @property
    def name(self) -> str:
        """Short and unique, with the digest of its weights where it has any; no path."""

    @property
    def version(self) -> int:
        """Raised whenever the same pixels would give other numbers."""

    @property
    def preprocessing(self) -> str:
        """What it does to prepared pixels, in words; part of its name."""

    def blocks(self, *, colour: bool) -> tuple[tuple[str, int], ...]:
        """Names and lengths of the parts of a vector, in order; each part weighs the same in a distance."""

    def extract(self, pixels: Pixels) -> NDArray[np.float32]:
        """Describe one prepared plane.

        Args:
            pixels: (Y, X) or (Y, X, 3) in [0, 1].

        Returns:
            (D,) finite numbers, D the sum of the blocks' lengths.
        """

    def missing(self) -> MissingExtra | None:
        """None where it can run here, else the error that says what to install."""


def identity(extractor: Extractor) -> str:
    """The whole name: two results may only be compared where it is the same.

    Example:
        >>> from misyn.evaluate.extractors import texture
        >>> identity(texture.EXTRACTOR)
        'texture/1 (128 × 128, bicubic)'
    """
    return f"{extractor.name}/{extractor.version} ({extractor.preprocessing})"
