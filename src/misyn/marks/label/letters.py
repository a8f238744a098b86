r"""The words as dots: a bitmap of our own, so that a label needs no font and is the same everywhere.

Rules
-----
1. Letters are 5 dots wide and 7 high, one dot apart, in a box with one dot around it.
2. One dot is as many pixels as make the words about half as wide as the image, and at least one.

Example:
    >>> box = words_box(64)
    >>> box.words, box.dots.shape
    ('SYNTHETIC', (9, 55))
    >>> words_box(512).words, words_box(512).dots.shape
    ('SYNTHETIC IMAGE', (18, 182))
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from misyn.errors import NoRoomForMark
from misyn.marks.label import WORDS

# One number per row, its five lowest bits the dots from left to right.
_LETTERS = {
    "A": (14, 17, 17, 31, 17, 17, 17),
    "C": (14, 17, 16, 16, 16, 17, 14),
    "E": (31, 16, 16, 30, 16, 16, 31),
    "G": (14, 17, 16, 23, 17, 17, 14),
    "H": (17, 17, 17, 31, 17, 17, 17),
    "I": (14, 4, 4, 4, 4, 4, 14),
    "M": (17, 27, 21, 21, 17, 17, 17),
    "N": (17, 25, 21, 19, 17, 17, 17),
    "S": (15, 16, 16, 14, 1, 1, 30),
    "T": (31, 4, 4, 4, 4, 4, 4),
    "Y": (17, 17, 10, 4, 4, 4, 4),
    " ": (0, 0, 0, 0, 0, 0, 0),
}
_HIGH = 9


@dataclass(frozen=True)
class Box:
    """The words, and their dots as pixels: shape (Y, X), bool, True where a letter is."""

    words: str
    dots: NDArray[np.bool_]


def words_box(width: int, height: int | None = None) -> Box:
    """Draw the words for an image of this width.

    Args:
        width: of the image, pixels.
        height: of the image, pixels; None for one that is high enough.

    Raises:
        NoRoomForMark: the words do not fit.
    """
    for words in WORDS:
        wide = 6 * len(words) + 1
        dot = max(1, width // 2 // wide)
        if wide * dot <= width and (height is None or _HIGH * dot <= height):
            return Box(words, np.kron(_drawn(words), np.ones((dot, dot), np.uint8)).astype(bool))
    raise NoRoomForMark(
        f"expected an image of at least {6 * len(WORDS[-1]) + 1} by {_HIGH} pixels for a visible label, "
        "found a smaller one. Next: enlarge it, or leave the label out"
    )


def _drawn(words: str) -> NDArray[np.uint8]:
    dots = np.zeros((_HIGH, 6 * len(words) + 1), np.uint8)
    for n, letter in enumerate(words):
        for row, bits in enumerate(_LETTERS[letter]):
            for column in range(5):
                dots[1 + row, 1 + 6 * n + column] = bits >> (4 - column) & 1
    return dots
