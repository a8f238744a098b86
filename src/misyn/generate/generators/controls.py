"""Negative controls: two generators whose faults a measure must find.

``copycat`` gives training images back with small changes: support is perfect, and everything is copied. ``collapsed``
draws few training images over and over with noise: single images look right, and almost nothing is covered.

Rules
-----
1. Their pixels are training images': both name the image each output came from.
2. They exist to test measures. Nothing they draw is for use.

Example:
    >>> import numpy as np
    >>> from misyn.generate.generators.training import Training
    >>> training = Training(np.random.default_rng(0).random((9, 8, 8), np.float32))
    >>> len({source for source in Collapsed(modes=2).fit(training, seed=0).draw(20, seed=0).sources})
    2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from misyn.generate.generators.pca import refuse_conditions
from misyn.generate.generators.training import Condition, Drawn, Images, Progress, Training, digest_of


@dataclass(frozen=True)
class Copycat:
    """Settings: by how many pixels a copy is moved at most, and how much its brightness and noise change."""

    shift: int = 1
    change: float = 0.02
    name: str = "copycat"
    kind: str = "image-to-image"
    method: str = "other"
    control: bool = True

    def missing(self) -> None:
        """Nothing is missing."""

    def fit(self, training: Training, *, seed: int, progress: Progress | None = None) -> Repeating:
        """Keep every training image."""
        del seed
        if progress is not None:
            progress(1, 1)
        return Repeating(training.images, np.arange(len(training)), self.shift, self.change)


@dataclass(frozen=True)
class Collapsed:
    """Settings: how many training images it draws over and over, and how much they change."""

    modes: int = 3
    change: float = 0.03
    name: str = "collapsed"
    kind: str = "image-to-image"
    method: str = "other"
    control: bool = True

    def missing(self) -> None:
        """Nothing is missing."""

    def fit(self, training: Training, *, seed: int, progress: Progress | None = None) -> Repeating:
        """Choose the few images by the seed."""
        chosen = np.random.default_rng(seed).choice(len(training), min(self.modes, len(training)), replace=False)
        if progress is not None:
            progress(1, 1)
        return Repeating(training.images[chosen], np.asarray(chosen), 0, self.change)


@dataclass(frozen=True, eq=False)
class Repeating:
    """Images that are given back changed a little; ``indices`` are theirs in the training set."""

    images: Images
    indices: NDArray[np.integer]
    shift: int
    change: float

    @property
    def weights(self) -> str:
        """Digest of the images it keeps: they are all it learnt."""
        return digest_of(self.images)

    def draw(self, count: int, *, seed: int, conditions: Sequence[Condition] = ()) -> Drawn:
        """Draw ``count`` changed copies, each image as often as every other, to within one."""
        refuse_conditions("a negative control", conditions)
        random = np.random.default_rng(seed)
        rounds = -(-count // len(self.images))
        picked = np.concatenate([random.permutation(len(self.images)) for _ in range(rounds)])[:count]
        images = np.stack([self._changed(self.images[index], random) for index in picked])
        return Drawn(images, sources=tuple((int(self.indices[index]),) for index in picked))

    def _changed(self, image: Images, random: np.random.Generator) -> Images:
        down, right = (int(step) for step in random.integers(-self.shift, self.shift + 1, 2))
        edge = self.shift
        padding = ((edge, edge), (edge, edge), *(((0, 0),) * (image.ndim - 2)))
        wide = np.pad(image, padding, mode="edge")
        height, width = image.shape[:2]
        moved = wide[edge + down : edge + down + height, edge + right : edge + right + width]
        light = random.normal(0, self.change)
        noise = random.standard_normal(image.shape) * (self.change / 2)
        return np.clip(moved + light + noise, 0, 1).astype(np.float32)
