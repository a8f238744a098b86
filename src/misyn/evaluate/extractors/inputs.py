"""What a neural network is fed: size, channels and scale, in one form for every family of models.

Rules
-----
1. The whole picture is scaled to the network's size, bicubic with antialiasing; nothing is cropped away.
2. Grey becomes three equal channels where the network wants colours; colours become grey (BT.601) where it wants one.
3. What was done is said in words, and is part of the extractor's name.

Example:
    >>> fed = Input(width=4, height=4, mean=(0.5,), std=(0.5,))
    >>> fed.tensor(np.ones((8, 8), np.float32)).shape, fed.said
    ((3, 4, 4), '4 × 4, bicubic; 3 channels; (v − 0.5) / 0.5')
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from misyn.errors import EvaluationError

Floats = NDArray[np.float32]
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
SCALES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "imagenet": IMAGENET,
    "unit": ((0.0,), (1.0,)),  # 0 to 1
    "signed": ((0.5,), (0.5,)),  # −1 to 1
    "byte": ((0.0,), (1 / 255,)),  # 0 to 255
}


@dataclass(frozen=True)
class Input:
    """How a picture becomes a network's input.

    Attributes:
        width, height: pixels.
        channels: 1 or 3.
        mean, std: subtracted and divided by, one per channel or one for all, in units of [0, 1].
    """

    width: int
    height: int
    channels: int = 3
    mean: tuple[float, ...] = IMAGENET[0]
    std: tuple[float, ...] = IMAGENET[1]

    @property
    def said(self) -> str:
        """What is done, in words."""
        mean, std = (", ".join(f"{v:.4g}" for v in term) for term in (self.mean, self.std))
        channels = f"{self.channels} channel{'s' * (self.channels > 1)}"
        return f"{self.width} × {self.height}, bicubic; {channels}; (v − {mean}) / {std}"

    def tensor(self, pixels: Floats) -> Floats:
        """(Y, X) or (Y, X, 3) in [0, 1] to (channels, height, width), scaled."""
        planes = _channels(pixels, self.channels)
        size = (self.width, self.height)
        scaled = np.stack(
            [
                np.asarray(Image.fromarray(np.ascontiguousarray(p)).resize(size, Image.Resampling.BICUBIC))
                for p in planes
            ]
        )
        mean, std = (np.array(term, np.float32).reshape(-1, 1, 1) for term in (self.mean, self.std))
        return np.asarray((np.clip(scaled, 0, 1) - mean) / std, np.float32)


def _channels(pixels: Floats, wanted: int) -> list[Floats]:
    if pixels.ndim == 2:
        return [pixels] * wanted
    if wanted == 1:
        return [np.asarray(pixels @ np.array([0.299, 0.587, 0.114], np.float32))]
    return [pixels[..., c] for c in range(3)]


def pooled(output: NDArray[np.generic]) -> Floats:
    """One vector from what a network gave for one picture.

    Args:
        output: (1, D); (1, D, h, w), averaged over places; or (1, tokens, D), averaged over tokens.

    Raises:
        EvaluationError: it has another shape, or is not finite.
    """
    array = np.asarray(output, np.float32)
    if array.ndim == 4:
        array = array.mean(axis=(2, 3))
    elif array.ndim == 3:
        array = array.mean(axis=1)
    if array.ndim != 2 or len(array) != 1 or not np.isfinite(array).all():
        raise EvaluationError(
            f"expected the network to give one vector of finite numbers for an image, found shape {np.shape(output)} "
            "or numbers that are not finite. Next: choose another output or model"
        )
    return np.asarray(array[0], np.float32)
