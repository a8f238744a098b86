"""Super-resolution by a linear rule: an image-to-image technique whose outputs belong to a patient.

A coarse image is enlarged by interpolation, and for each of the fine pixels of a coarse one a linear function of the
coarse neighbourhood adds what interpolation missed, learnt by ridge regression from training images made coarse.

Rules
-----
1. What it adds is what the training images had on average in such a neighbourhood. It is not what was there: finer
   pixels are a guess, however sharp. Processing adds no information about the patient.
2. Every output names the image it was made from: whoever saves it declares that source.

Sources: Romano et al. (RAISR), IEEE TCI 2017, without its classes of neighbourhoods; the data processing inequality,
Cover and Thomas, 2006, section 2.8.

Example:
    >>> from misyn.generate.generators.training import Training
    >>> training = Training(np.random.default_rng(0).random((4, 16, 16), np.float32))
    >>> model = SuperResolution().fit(training, seed=0)
    >>> model.apply(coarse(training.images, 2)).shape, model.draw(2, seed=0).sources[0]
    ((4, 16, 16), (3,))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from misyn.errors import EvaluationError
from misyn.generate.generators.pca import refuse_conditions
from misyn.generate.generators.training import Condition, Drawn, Images, Progress, Training, check_images, digest_of

Rule = NDArray[np.float64]
_MOST_ROWS = 60_000  # coarse pixels the rule is learnt from


@dataclass(frozen=True)
class SuperResolution:
    """Settings: how many times finer, how wide a neighbourhood is looked at, how strongly the rule is held small."""

    factor: int = 2
    reach: int = 2
    ridge: float = 1e-2
    name: str = "super-resolution"
    kind: str = "image-to-image"
    method: str = "other"
    control: bool = False

    def missing(self) -> None:
        """Nothing is missing."""

    def fit(self, training: Training, *, seed: int, progress: Progress | None = None) -> SuperResolutionModel:
        """Learn the rule from training images made coarse; ``seed`` chooses the pixels it is learnt from.

        Raises:
            EvaluationError: sides that are no multiples of the factor.
        """
        small = coarse(training.images, self.factor)
        missed = training.images - enlarged(small, self.factor)
        looked, target = _neighbourhoods(small, self.reach), _fine(missed, self.factor)
        if len(looked) > _MOST_ROWS:
            rows = np.sort(np.random.default_rng(seed).choice(len(looked), _MOST_ROWS, replace=False))
            looked, target = looked[rows], target[rows]
        square = looked.T @ looked
        weight = self.ridge * np.trace(square) / len(square)
        rule: Rule = np.linalg.solve(square + weight * np.eye(len(square)), looked.T @ target)
        if progress is not None:
            progress(1, 1)
        return SuperResolutionModel(self, rule, training.images)


@dataclass(frozen=True, eq=False)
class SuperResolutionModel:
    """The rule, and the images it draws from when nothing else is given."""

    settings: SuperResolution
    rule: Rule
    images: Images

    @property
    def weights(self) -> str:
        """Digest of the rule."""
        return digest_of(self.rule)

    def apply(self, images: Images) -> Images:
        """Make coarse images finer: (N, Y, X[, 3]) in [0, 1] to (N, factor Y, factor X[, 3])."""
        check_images(images, least=1)
        factor = self.settings.factor
        added = _neighbourhoods(images, self.settings.reach) @ self.rule
        fine = enlarged(images, factor) + _unfine(added, images.shape, factor)
        return np.clip(fine, 0, 1).astype(np.float32)

    def draw(self, count: int, *, seed: int, conditions: Sequence[Condition] = ()) -> Drawn:
        """Make ``count`` of the training images coarse and fine again; each names its source (rule 2)."""
        refuse_conditions("super-resolution", conditions)
        picked = np.random.default_rng(seed).integers(len(self.images), size=count)
        small = coarse(self.images[picked], self.settings.factor)
        return Drawn(self.apply(small), sources=tuple((int(index),) for index in picked))


def coarse(images: Images, factor: int) -> Images:
    """Make images coarse: the mean of every ``factor × factor`` pixels.

    Raises:
        EvaluationError: sides that are no multiples of the factor.
    """
    number, height, width = images.shape[:3]
    if height % factor or width % factor:
        raise EvaluationError(
            f"expected sides that are multiples of {factor}, found {height} × {width}. Next: crop them"
        )
    blocks = images.reshape(number, height // factor, factor, width // factor, factor, *images.shape[3:])
    small: Images = blocks.mean(axis=(2, 4)).astype(np.float32)
    return small


def enlarged(images: Images, factor: int) -> Images:
    """Make images larger by linear interpolation between the centres of pixels."""
    zoom = (1, factor, factor, *((1,) * (images.ndim - 3)))
    large: Images = ndimage.zoom(images, zoom, order=1, mode="nearest", grid_mode=True).astype(np.float32)
    return large


def _planes(images: Images) -> Images:
    """Every channel as an image of its own: (N × C, Y, X)."""
    return images if images.ndim == 3 else images.transpose(0, 3, 1, 2).reshape(-1, *images.shape[1:3])


def _neighbourhoods(images: Images, reach: int) -> Rule:
    """What surrounds every pixel, less the pixel itself: (N × C × Y × X, (2 reach + 1)²)."""
    planes = _planes(images).astype(np.float64)
    wide = np.pad(planes, ((0, 0), (reach, reach), (reach, reach)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(wide, (2 * reach + 1,) * 2, axis=(1, 2))
    around: Rule = (windows - planes[..., None, None]).reshape(-1, (2 * reach + 1) ** 2)
    return around


def _fine(images: Images, factor: int) -> Rule:
    """The fine pixels of every coarse one: (N × C × Y × X, factor²)."""
    planes = _planes(images).astype(np.float64)
    number, height, width = planes.shape
    blocks = planes.reshape(number, height // factor, factor, width // factor, factor)
    return blocks.transpose(0, 1, 3, 2, 4).reshape(-1, factor**2)


def _unfine(rows: Rule, shape: tuple[int, ...], factor: int) -> Rule:
    """Put fine pixels back into images; ``shape`` is that of the coarse ones."""
    number, height, width = shape[:3]
    channels = shape[3] if len(shape) == 4 else 1
    blocks = rows.reshape(number * channels, height, width, factor, factor).transpose(0, 1, 3, 2, 4)
    planes = blocks.reshape(number, channels, height * factor, width * factor)
    return planes.transpose(0, 2, 3, 1) if len(shape) == 4 else planes[:, 0]
